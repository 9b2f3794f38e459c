"""Ending an order: who may, until when, and that stock and money go back once."""

import pytest
from strawberry.relay.utils import to_base64

from catalog.models import StockLevel
from notifications.models import Event, Notification
from ordering.models import Order, OrderStatus, Payment, Promotion
from tests.conftest import Api, gid, make_staff, make_user, make_variant
from tests.shopping import cart_with, checkout, order_of

pytestmark = pytest.mark.django_db

CANCEL = """mutation($id: ID!, $reason: String!, $t: String) { orderCancel(id: $id, reason: $reason, guestToken: $t) {
  order { status } userErrors { code message field } } }"""
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
        (5, "order.refund_requested"),
        (6, "order.refunded"),
        (7, "order.document_issued"),
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
        payload = cancel(api, order)
        assert refusal(payload) == ("ACTION_NOT_ALLOWED", ["id"])
        assert payload["userErrors"][0]["message"] == "What was shipped cannot be cancelled. Request a return instead."
    assert (left(variant), Event.objects.count()) == (7, recorded)


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 501, "a\0b", "\x1b[0m", "a\u202eb"])
def test_a_reason_is_needed(customer, variant, reason):
    order = order_of(Api(customer), (gid(variant), 3))
    recorded = Event.objects.count()

    assert refusal(cancel(Api(customer), order, reason=reason)) == ("REQUIRED", ["reason"])
    assert (left(variant), Event.objects.count()) == (7, recorded)
    assert Order.objects.get().status == OrderStatus.CONFIRMED


def test_a_held_order_can_be_cancelled(customer, staff, variant):
    order = order_of(Api(customer), (gid(variant), 3))
    Api(staff)('mutation($id: ID!) { orderHold(id: $id, reason: "Checking") { order { id } } }', id=order["id"])

    assert cancel(Api(staff), order) == DONE
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


# ── By state and by whom ─────────────────────────────────────────────────────────────────────────────────────────────
SHIPPED = "What was shipped cannot be cancelled. Request a return instead."
BUYER_ASKS = "is cancelled by the shop's staff. Ask them, or send it back when it has arrived."
# How an order comes into a status: the token it is paid with, how many are bought, and what is done to it.
WAYS = {
    "PENDING": ("tok_review", 1, []),
    "AWAITING_APPROVAL": ("tok_ok", 30, []),
    "CONFIRMED": ("tok_ok", 1, []),
    "PROCESSING": ("tok_ok", 1, ["orderProcess(id: $id)"]),
    "ON_HOLD": ("tok_ok", 1, ['orderHold(id: $id, reason: "x")']),
    "PARTIALLY_SHIPPED": ("tok_ok", 2, ["orderFulfill(id: $id, input: {lines: [{orderLineId: $line, quantity: 1}]})"]),
    "SHIPPED": ("tok_ok", 1, ["orderFulfill(id: $id)"]),
    "DELIVERED": ("tok_ok", 1, ["orderFulfill(id: $id)", "orderDeliver(id: $id)"]),
    "CANCELLED": ("tok_ok", 1, ['orderCancel(id: $id, reason: "x")']),
}
# What a cancellation leaves of the money.
MONEY = {
    "PENDING": ("VOIDED", "UNPAID"),
    "AWAITING_APPROVAL": ("VOIDED", "UNPAID"),
    "CONFIRMED": ("REFUNDED", "REFUNDED"),
    "PROCESSING": ("REFUNDED", "REFUNDED"),
    "ON_HOLD": ("REFUNDED", "REFUNDED"),
}
BUYERS = {"PENDING", "AWAITING_APPROVAL", "CONFIRMED"}


@pytest.fixture
def coupon(shipping):
    return Promotion.objects.create(name="Five off", code="FIVE", kind="FIXED", amount="5.00", currency="EUR")


def order_in(status, buyer, desk, variant, coupon):
    """An order of the buyer's that used the coupon once, in this status; its payment is settled as far as it goes."""
    token, quantity, steps = WAYS[status]
    cart = cart_with(buyer, (gid(variant), quantity))
    applied = buyer(APPLY, id=cart["id"])["cartCouponApply"]
    assert applied["userErrors"] == []
    payload = checkout(buyer, cart["id"], token=token)
    assert payload["userErrors"] == [], payload
    order = payload["order"] | {"guestToken": payload["guestToken"]}
    for step in steps:
        line = ", $line: ID!" if "$line" in step else ""
        document = f"mutation($id: ID!{line}) {{ {step} {{ userErrors {{ code }} }} }}"
        variables = {"id": order["id"]} | ({"line": order["lines"][0]["id"]} if line else {})
        (answer,) = desk(document, **variables).values()
        assert answer["userErrors"] == [], answer
    assert Order.objects.get().status == status
    return order


APPLY = 'mutation($id: ID!) { cartCouponApply(cartId: $id, code: "FIVE") { userErrors { code } } }'


@pytest.mark.parametrize("who", ["customer", "guest", "staff", "stranger"])
@pytest.mark.parametrize("status", WAYS)
def test_who_may_cancel_when_and_what_becomes_of_stock_coupon_and_money(
    status, who, customer, staff, policy, coupon, shipping, django_capture_on_commit_callbacks
):
    variant = make_variant(price="20.00", stock=100)
    desk, buyer = Api(staff), Api() if who == "guest" else Api(customer)
    with django_capture_on_commit_callbacks(execute=True):
        order = order_in(status, buyer, desk, variant, coupon)
    actor = {"staff": desk, "stranger": Api(make_user())}.get(who, buyer)
    before = (left(variant), Payment.objects.get().state, Promotion.objects.get().times_used, Event.objects.count())

    with django_capture_on_commit_callbacks(execute=True):
        payload = cancel(actor, order, token=order["guestToken"] if who == "guest" else None)

    coupon.refresh_from_db()
    payment = Payment.objects.get()
    if status in MONEY and (who == "staff" or (who in ("customer", "guest") and status in BUYERS)):
        assert payload == DONE
        assert (left(variant), coupon.times_used, coupon.uses.count()) == (100, 0, 0)
        assert (payment.state, Order.objects.get().payment_status) == MONEY[status]
        return
    after = (left(variant), payment.state, coupon.times_used, Event.objects.count())
    assert (after, Order.objects.get().status) == (before, status)
    code, _ = refusal(payload)
    message = payload["userErrors"][0]["message"]
    if who == "stranger":
        assert code == "NOT_FOUND"
    elif status in MONEY:
        assert (code, message.endswith(BUYER_ASKS)) == ("ACTION_NOT_ALLOWED", True)
    elif status == "CANCELLED":
        assert (code, message) == ("ACTION_NOT_ALLOWED", "An order that is cancelled cannot be cancelled.")
    else:
        assert (code, message) == ("ACTION_NOT_ALLOWED", SHIPPED)


# ── By key ───────────────────────────────────────────────────────────────────────────────────────────────────────────
KEYED = {
    "orderCancel": ("CONFIRMED", ', reason: "x"', "CANCELLED"),
    "orderHold": ("CONFIRMED", ', reason: "x"', "ON_HOLD"),
    "orderProcess": ("CONFIRMED", "", "PROCESSING"),
    "orderRelease": ("ON_HOLD", "", "CONFIRMED"),
    "orderConfirm": ("PENDING", "", "CONFIRMED"),
    "orderDeliver": ("SHIPPED", "", "DELIVERED"),
}


@pytest.mark.parametrize("mutation", KEYED)
def test_the_same_key_moves_once_and_gives_the_first_answer(mutation, customer, staff, variant, coupon):
    before, arguments, after = KEYED[mutation]
    desk = Api(staff)
    order = order_in(before, Api(customer), desk, variant, coupon)
    document = f"""mutation($id: ID!, $key: String) {{ {mutation}(id: $id{arguments}, idempotencyKey: $key) {{
      order {{ status }} userErrors {{ code field }} }} }}"""

    first = desk.send(document, id=order["id"], key="once")
    recorded = Event.objects.count()
    again = desk.send(document, id=order["id"], key="once")

    assert first["data"][mutation] == again["data"][mutation] == {"order": {"status": after}, "userErrors": []}
    replayed = [response["extensions"]["idempotency"]["replayed"] for response in (first, again)]
    assert replayed == [False, True]
    assert Event.objects.count() == recorded
    assert refusal(desk(document, id=order["id"], key=" ")[mutation]) == ("REQUIRED", ["idempotencyKey"])


def test_a_key_is_for_one_thing(customer, staff, variant):
    order = order_of(Api(customer), (gid(variant), 1))
    hold = """mutation($id: ID!, $reason: String!) { orderHold(id: $id, reason: $reason, idempotencyKey: "once") {
      order { status } userErrors { code field } } }"""
    conflict = ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    assert Api(staff)(hold, id=order["id"], reason="Checking")["orderHold"]["userErrors"] == []
    recorded = Event.objects.count()

    assert refusal(Api(staff)(hold, id=order["id"], reason="Something else")["orderHold"]) == conflict
    release = """mutation($id: ID!) { orderRelease(id: $id, idempotencyKey: "once") {
      order { status } userErrors { code field } } }"""
    assert refusal(Api(staff)(release, id=order["id"])["orderRelease"]) == conflict
    assert (
        refusal(Api(make_staff("other@example.com"))(hold, id=order["id"], reason="Checking")["orderHold"]) == conflict
    )
    assert (Order.objects.get().status, Event.objects.count()) == ("ON_HOLD", recorded)


def test_what_was_refused_leaves_its_key_free(customer, staff, variant):
    order = order_of(Api(customer), (gid(variant), 1))
    hold = """mutation($id: ID!, $reason: String!) { orderHold(id: $id, reason: $reason, idempotencyKey: "once") {
      order { status } userErrors { code field } } }"""

    assert refusal(Api(staff)(hold, id=order["id"], reason=" ")["orderHold"]) == ("REQUIRED", ["reason"])

    assert Api(staff)(hold, id=order["id"], reason="Checking")["orderHold"]["order"] == {"status": "ON_HOLD"}
