"""Ending an order: who may, until when, and that stock and money go back once."""

import pytest
from strawberry.relay.utils import to_base64

from catalog.models import StockLevel
from notifications.models import Event, Notification
from ordering.models import Order, OrderStatus
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import cart_with, checkout, order_of

pytestmark = pytest.mark.django_db

CANCEL = """mutation($id: ID!, $reason: String!, $t: String) { orderCancel(id: $id, reason: $reason, guestToken: $t) {
  order { status } userErrors { code field } } }"""
FULFIL = """mutation($id: ID!, $input: OrderFulfillInput) { orderFulfill(id: $id, input: $input) {
  order { status } userErrors { code } } }"""
DONE = {"order": {"status": "CANCELLED"}, "userErrors": []}


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=10)


def cancel(api, order, reason="Changed my mind", token=None):
    return api(CANCEL, id=order["id"], reason=reason, t=token)["orderCancel"]


def refusal(payload):
    assert payload["order"] is None
    (error,) = payload["userErrors"]
    return error["code"], error["field"]


def left(variant):
    return StockLevel.objects.get(pk=variant.pk).on_hand


def test_a_buyer_cancels_and_stock_and_money_go_back(customer, variant, django_capture_on_commit_callbacks):
    order = order_of(Api(customer), (gid(variant), 3))
    assert left(variant) == 7

    with django_capture_on_commit_callbacks(execute=True):
        payload = cancel(Api(customer), order, reason="  Changed my mind  ")

    assert payload == DONE
    assert left(variant) == 10
    cancelled = Order.objects.get()
    assert (cancelled.status, cancelled.payment_status) == ("CANCELLED", "REFUNDED")
    assert [(event.seq, event.type) for event in cancelled.events.order_by("seq")][3:] == [
        (4, "order.cancelled"),
        (5, "order.refunded"),
    ]
    assert cancelled.events.get(type="order.cancelled").payload["reason"] == "Changed my mind"
    told = Notification.objects.filter(user=customer).order_by("event__seq")
    assert [notification.event.type for notification in told] == ["order.cancelled", "order.refunded"]


def test_a_guest_cancels_with_the_token(guest, variant):
    order = order_of(guest, (gid(variant), 3))

    assert cancel(guest, order, token=order["guestToken"]) == DONE
    assert left(variant) == 10


def test_staff_cancel_any_order_and_are_named_in_its_history(guest, staff, variant):
    order = order_of(guest, (gid(variant), 3))

    assert cancel(Api(staff), order, reason="Sold out") == DONE
    assert Event.objects.get(type="order.cancelled").actor == staff


def test_nobody_cancels_an_order_of_somebody_else(guest, customer, variant):
    mine, guests = order_of(Api(customer), (gid(variant), 1)), order_of(guest, (gid(variant), 1))
    stranger = Api(make_user())
    recorded = Event.objects.count()

    missing = ("NOT_FOUND", ["id"])
    assert refusal(cancel(stranger, mine)) == missing
    assert refusal(cancel(guest, mine, token=guests["guestToken"])) == missing
    assert refusal(cancel(stranger, guests)) == missing
    assert refusal(cancel(guest, guests, token="nonsense")) == missing
    assert refusal(cancel(guest, {"id": to_base64("Order", "00000000-0000-4000-8000-000000000000")})) == missing
    assert set(Order.objects.values_list("status", flat=True)) == {"CONFIRMED"}
    assert (left(variant), Event.objects.count()) == (8, recorded)


def test_an_order_is_cancelled_once(customer, variant):
    order = order_of(Api(customer), (gid(variant), 3))
    assert cancel(Api(customer), order) == DONE
    recorded = Event.objects.count()

    assert refusal(cancel(Api(customer), order)) == ("ACTION_NOT_ALLOWED", ["id"])
    assert (left(variant), Event.objects.count()) == (10, recorded)


@pytest.mark.parametrize("quantity", [1, 3])
def test_what_has_left_the_house_is_not_cancelled(customer, staff, variant, quantity):
    order = order_of(Api(customer), (gid(variant), 3))
    lines = [{"orderLineId": order["lines"][0]["id"], "quantity": quantity}]
    assert Api(staff)(FULFIL, id=order["id"], input={"lines": lines})["orderFulfill"]["userErrors"] == []
    recorded = Event.objects.count()

    for api in (Api(customer), Api(staff)):
        assert refusal(cancel(api, order)) == ("ACTION_NOT_ALLOWED", ["id"])
    assert (left(variant), Event.objects.count()) == (7, recorded)


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 501, "a\0b"])
def test_a_reason_is_needed(customer, variant, reason):
    order = order_of(Api(customer), (gid(variant), 3))
    recorded = Event.objects.count()

    assert refusal(cancel(Api(customer), order, reason=reason)) == ("REQUIRED", ["reason"])
    assert (left(variant), Event.objects.count()) == (7, recorded)
    assert Order.objects.get().status == OrderStatus.CONFIRMED


def test_a_held_order_can_be_cancelled(customer, staff, variant):
    order = order_of(Api(customer), (gid(variant), 3))
    Api(staff)('mutation($id: ID!) { orderHold(id: $id, reason: "Checking") { order { id } } }', id=order["id"])

    assert cancel(Api(customer), order) == DONE
    assert left(variant) == 10


def test_stock_of_a_variant_that_was_deleted_is_returned_to_nobody(customer, variant):
    other = make_variant(stock=5)
    order = order_of(Api(customer), (gid(variant), 3), (gid(other), 2))
    variant.delete()

    assert cancel(Api(customer), order) == DONE
    assert left(other) == 5


def test_a_cancelled_order_still_answers_its_key(customer, variant):
    api = Api(customer)
    cart = cart_with(api, (gid(variant), 1))
    order = checkout(api, cart["id"], key="once")["order"]
    cancel(api, order)

    again = checkout(api, cart["id"], key="once")

    assert again["userErrors"] == []
    assert (again["order"]["number"], again["order"]["status"]) == (order["number"], "CANCELLED")
    assert left(variant) == 10
