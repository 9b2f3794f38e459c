"""What orders hold on a person: until when they are needed, and what is left of them when the person is gone."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from strawberry.relay.utils import from_base64

from accounts.models import User
from notifications.models import Event
from ordering import services, tasks
from ordering.gateways import GatewayError
from ordering.models import (
    Cart,
    CustomerGroup,
    IdempotencyKey,
    Order,
    OrderStatus,
    PaymentState,
    Promotion,
    PromotionUse,
)
from ordering.services import coupons, drafting, privacy
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


def test_what_was_delivered_is_open_until_its_cash_is_noted_and_money_that_goes_back_until_it_went(
    customer, staff, variant, bank
):
    cash = bought(customer, variant, payment={"gateway": "manual", "token": "cash_on_delivery"})
    services.fulfill(order_id=cash.pk, actor=staff)
    services.deliver(order_id=cash.pk, actor=staff)
    seen = [privacy.has_open_orders(user=customer)]
    receipt = services.Receipt(amount=cash.total_amount)
    services.payment_receive(order_id=cash.pk, idempotency_key="1", receipt=receipt, actor=staff)
    seen.append(privacy.has_open_orders(user=customer))

    paid = bought(customer, variant, payment={"gateway": "bank", "token": "card"})
    services.settle_payment(order_id=paid.pk)
    services.cancel(order_id=paid.pk, reason="No", actor=customer)
    bank.silent.add("refund")
    with pytest.raises(GatewayError):
        services.settle_payment(order_id=paid.pk)
    seen.append(privacy.has_open_orders(user=customer))
    bank.silent.clear()
    services.settle_payment(order_id=paid.pk)
    seen.append(privacy.has_open_orders(user=customer))

    assert seen == [True, False, True, False]


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


# ── What the news did not reach ──────────────────────────────────────────────────────────────────────────────────────
def test_whom_the_news_of_an_erasure_did_not_reach_is_forgotten_later(customer, variant):
    order = bought(customer, variant)
    cart_with(Api(customer), (gid(variant), 1))
    with_an_open_cart = make_user()
    cart_with(Api(with_an_open_cart), (gid(variant), 1))
    by_a_guests_cart = make_user()
    guests = cart_with(Api(), (gid(variant), 1))
    checkout(Api(by_a_guests_cart), guests["id"])
    kept = bought(make_user("stays@example.com"), variant, email="stays@example.com")
    assert tasks.forget_erased_customers() == 0
    for user in (customer, with_an_open_cart, by_a_guests_cart):
        erased(user)

    assert tasks.forget_erased_customers() == 3

    order.refresh_from_db()
    kept.refresh_from_db()
    assert (order.email, order.shipping_address["full_name"]) == ("", "")
    assert kept.email == "stays@example.com"
    assert list(Cart.objects.values_list("orders", flat=True)) == [kept.pk]
    assert tasks.forget_erased_customers() == 0


def test_one_that_cannot_be_forgotten_does_not_hold_up_the_others(customer, variant, caplog):
    broken, order = bought(make_user(), variant), bought(customer, variant)
    Order.objects.filter(pk=broken.pk).update(shipping_address=[])
    erased(broken.customer)
    erased(customer)

    assert [tasks.forget_erased_customers(), tasks.forget_erased_customers()] == [2, 1]

    order.refresh_from_db()
    assert order.email == ""
    assert str(broken.customer_id) in caplog.text


def test_looking_for_them_costs_one_statement_whoever_was_erased(variant, django_assert_num_queries):
    for _ in range(3):
        user = make_user()
        bought(user, variant)
        erased(user)
    tasks.forget_erased_customers()

    with django_assert_num_queries(1):
        assert tasks.forget_erased_customers() == 0


def test_they_are_looked_for_every_ten_minutes(settings):
    (beat,) = [
        each for each in settings.CELERY_BEAT_SCHEDULE.values() if each["task"] == tasks.forget_erased_customers.name
    ]
    assert beat["schedule"] == timedelta(minutes=10)


# ── Promotions ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_somebody_saved_is_told_and_then_nobodys(customer, variant):
    coupon = Promotion.objects.create(name="Ten off", kind="PERCENTAGE", percent=10, code="SAVE10", usage_limit=1)
    group = CustomerGroup.objects.create(name="Wholesale")
    group.members.add(customer)
    cart = cart_with(Api(customer), (gid(variant), 1))
    coupons.apply(cart_id=from_base64(cart["id"])[1], code="SAVE10", actor=customer)
    checkout(Api(customer), cart["id"])

    told = privacy.personal_data(user=customer)
    erased(customer)
    privacy.forget_customer(user_id=customer.pk)

    assert told["customer_groups"] == ["Wholesale"]
    assert told["carts"][0]["coupons"] == ["SAVE10"]
    assert told["orders"][0]["promotions"] == [{"name": "Ten off", "code": "SAVE10", "amount": Decimal("2.000")}]
    use = PromotionUse.objects.get()
    assert (use.promotion, use.customer, use.email_key, use.amount) == (coupon, None, "", Decimal("2.000"))
    assert group.members.count() == 0
    coupon.refresh_from_db()
    assert coupon.times_used == 1


# ── What was written ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_was_written_of_and_by_somebody_is_told_and_then_blank(customer, staff, variant):
    cart = cart_with(Api(customer), (gid(variant), 1))
    services.set_note(cart_id=from_base64(cart["id"])[1], note="Ring at Cleo's", actor=customer)
    checkout(Api(customer), cart["id"])
    order = Order.objects.get()
    services.add_note(order_id=order.pk, note="Cleo rang", actor=staff)
    services.refund_create(
        order_id=order.pk,
        idempotency_key="k",
        request=services.RefundRequest(reason="For Cleo", amount=Decimal("1.00")),
        actor=staff,
    )

    (told,) = privacy.personal_data(user=customer)["orders"]
    erased(customer)
    privacy.forget_customer(user_id=customer.pk)

    assert told["note"] == "Ring at Cleo's"
    assert [note["text"] for note in told["notes"]] == ["Cleo rang"]
    assert [refund["reason"] for refund in told["refunds"]] == ["For Cleo"]
    assert told["price_breakdown"] == order.price_breakdown
    order.refresh_from_db()
    refund = order.payment.refunds.get()
    assert (order.note, order.notes.get().text, refund.reason) == ("", "", "")
    assert (order.payment.action, refund.amount) == ({}, Decimal("1.000"))
    assert "Cleo" not in str([event.payload for event in order.events.all()])


def test_keys_that_the_buyer_chose_go_and_those_that_staff_may_repeat_stay(customer, staff, variant):
    order = bought(customer, variant)
    services.settle_payment(order_id=order.pk)
    request = services.RefundRequest(reason="Late", amount=Decimal(1))
    services.refund_create(order_id=order.pk, idempotency_key="staff", request=request, actor=staff)
    services.cancel(order_id=order.pk, reason="No", actor=customer, idempotency_key="Ada, 12 High Street")
    assert IdempotencyKey.objects.count() == 2
    erased(customer)

    privacy.forget_customer(user_id=customer.pk)

    assert [kept.key for kept in IdempotencyKey.objects.all()] == ["staff"]
    again = services.refund_create(order_id=order.pk, idempotency_key="staff", request=request, actor=staff)
    assert again.is_replay


def test_drafts_for_somebody_go_with_them(customer, staff, variant):
    request = drafting.DraftRequest(customer_id=customer.pk, lines=[(variant.pk, 1)], note="For Cleo")
    drafting.create_draft(request=request, idempotency_key="k", actor=staff)
    kept = drafting.DraftRequest(email="ada@example.com")
    drafting.create_draft(request=kept, idempotency_key="l", actor=staff)
    erased(customer)

    privacy.forget_customer(user_id=customer.pk)

    assert list(Cart.objects.values_list("email", flat=True)) == ["ada@example.com"]
