"""What orders hold on a person: until when they are needed, and what is left of them when the person is gone."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from strawberry.relay.utils import from_base64

from accounts.models import User
from notifications.models import Event
from ordering import services
from ordering.models import Order, OrderStatus, PaymentState
from ordering.services import privacy
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import cart_with, checkout, order_of
from workflows.models import ApprovalRequest
from workflows.services import approve, reject

pytestmark = pytest.mark.django_db


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=1000)


def bought(user, variant, quantity=1, **input):
    return Order.objects.get(pk=from_base64(order_of(Api(user), (gid(variant), quantity), **input)["id"])[1])


def erased(user):
    """As `accounts` leaves somebody; what follows is the orders' part."""
    User.objects.filter(pk=user.pk).update(erased_at=timezone.now(), is_active=False)


def test_an_order_is_open_until_it_arrived_or_ended(customer, staff, variant):
    order = bought(customer, variant)
    seen = [privacy.has_open_orders(user=customer)]

    services.hold(order_id=order.pk, reason="Wait", actor=staff)
    seen.append(privacy.has_open_orders(user=customer))
    services.release(order_id=order.pk, actor=staff)
    seen.append(privacy.has_open_orders(user=customer))
    services.settle_payment(order_id=order.pk)
    services.fulfill(order_id=order.pk, actor=staff)
    seen.append(privacy.has_open_orders(user=customer))
    services.deliver(order_id=order.pk, actor=staff)

    assert seen == [True] * 4
    assert not privacy.has_open_orders(user=customer)


def test_what_waits_for_its_payment_or_an_approval_is_open_and_what_was_declined_is_not(customer, approver, variant):
    checkout(Api(customer), cart_with(Api(customer), (gid(variant), 1))["id"], token="tok_no")
    assert not privacy.has_open_orders(user=customer)

    review = bought(customer, variant, payment={"token": "tok_review"})
    assert privacy.has_open_orders(user=customer)
    services.cancel(order_id=review.pk, reason="No", actor=customer)
    assert not privacy.has_open_orders(user=customer)

    held = bought(customer, variant, 40)
    assert privacy.has_open_orders(user=customer)
    reject(request_id=ApprovalRequest.objects.get(order=held).pk, actor=approver, reason="No")
    assert not privacy.has_open_orders(user=customer)


def test_others_orders_and_guests_keep_nobody_from_going(customer, variant):
    bought(make_user(), variant)
    bought(None, variant, email=customer.email)

    assert not privacy.has_open_orders(user=customer)


def test_what_is_given_back_after_an_erasure_is_still_given_back(customer, variant, bank):
    order = bought(customer, variant, payment={"gateway": "bank", "token": "tok"})
    services.settle_payment(order_id=order.pk)
    bank.silent.add("refund")
    services.cancel(order_id=order.pk, reason="No", actor=customer)
    erased(customer)
    privacy.forget_customer(user_id=customer.pk)

    bank.silent.clear()
    services.settle_payment(order_id=order.pk)

    order.refresh_from_db()
    assert (order.payment.state, order.payment.token) == (PaymentState.REFUNDED, "")
    assert Event.objects.filter(type="order.refunded", subject_id=str(order.pk)).exists()


def statements_of_forgetting(variant, orders):
    user = make_user()
    for _ in range(orders):
        bought(user, variant)
    erased(user)
    with CaptureQueriesContext(connection) as captured:
        privacy.forget_customer(user_id=user.pk)
    return len(captured)


def test_forgetting_costs_the_same_for_one_order_and_for_five(variant):
    statements_of_forgetting(variant, 1)  # content types are read once a process

    one, five = statements_of_forgetting(variant, 1), statements_of_forgetting(variant, 5)

    assert one == five


def test_an_erased_customers_order_is_still_shown_to_the_staff(customer, staff, approver, variant):
    order = bought(customer, variant, 40)
    approve(request_id=ApprovalRequest.objects.get(order=order).pk, actor=approver, comment="For Cleo")
    services.settle_payment(order_id=order.pk)
    services.fulfill(order_id=order.pk, actor=staff)
    services.deliver(order_id=order.pk, actor=staff)
    erased(customer)
    privacy.forget_customer(user_id=customer.pk)

    shown = Api(staff)(
        """query($id: ID!) { order(id: $id) {
             status email total { amount } shippingAddress { fullName line1 city postalCode country phone }
             events { edges { node { message } } } } }""",
        id=gid(order),
    )["order"]

    assert (shown["status"], shown["email"], shown["total"]) == (OrderStatus.DELIVERED, "", {"amount": "804.90"})
    assert shown["shippingAddress"] == {
        "fullName": "",
        "line1": "",
        "city": "",
        "postalCode": "10115",
        "country": "DE",
        "phone": "",
    }
    assert all(edge["node"]["message"] for edge in shown["events"]["edges"])
