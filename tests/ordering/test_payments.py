"""Payments: whatever the gateway does, money moves once, and what stands still is taken up again."""

from datetime import timedelta

import pytest
from django.db.models import F

from catalog.models import StockLevel
from notifications.models import Event
from ordering import services, tasks
from ordering.gateways import GatewayError, Outcome, gateway
from ordering.models import Cart, Order, OrderStatus, Payment, PaymentState, PaymentStatus
from ordering.services import paying
from tests.conftest import Api, gid, make_variant
from tests.shopping import cart_with, checkout, order_of

pytestmark = pytest.mark.django_db

CANCEL = """mutation($id: ID!, $t: String) { orderCancel(id: $id, reason: "Changed my mind", guestToken: $t) {
  order { status paymentStatus } userErrors { code } } }"""
RELEASE = "mutation($id: ID!) { orderRelease(id: $id) { order { status } userErrors { code } } }"
BANK = {"token": "card", "gateway": "bank"}


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=10)


@pytest.fixture
def cart(guest, variant):
    return cart_with(guest, (gid(variant), 2))


def pay(api, cart, key="once", **input):
    return checkout(api, cart["id"], key=key, **{"payment": BANK, **input})


def states():
    order = Order.objects.select_related("payment").get()
    return order.status, order.payment_status, order.payment.state


def log():
    return list(Event.objects.order_by("occurred_at", "seq").values_list("type", flat=True))


def an_hour_passes():
    Payment.objects.update(updated_at=F("updated_at") - timedelta(hours=1))


def no_answer(payload):
    (error,) = payload["userErrors"]
    return (payload["order"], error["code"], error["retryable"]) == (None, "GATEWAY_UNAVAILABLE", True)


def cancelled(api, order, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        payload = api(CANCEL, id=order["id"], t=order["guestToken"])["orderCancel"]
    assert payload["userErrors"] == []


def test_an_order_is_authorised_and_collected_for_its_total(bank, guest, cart):
    payload = pay(guest, cart)

    assert payload["order"]["paymentStatus"] == "PAID"
    assert [(verb, str(amount.amount), amount.currency.code) for verb, amount in bank.books.values()] == [
        ("authorize", "44.90", "EUR"),
        ("capture", "44.90", "EUR"),
    ]
    assert states() == ("CONFIRMED", "PAID", "CAPTURED")
    assert Payment.objects.get().reference == "bank-1"


@pytest.mark.parametrize("fault", ["silent", "lost"])
def test_no_answer_to_the_authorisation_can_be_retried_with_the_same_key(bank, guest, cart, variant, fault):
    getattr(bank, fault).add("authorize")
    assert no_answer(pay(guest, cart))
    assert states() == ("PENDING", "UNPAID", "REQUESTED")
    assert (StockLevel.objects.get(pk=variant.pk).on_hand, log()) == (8, [])
    assert no_answer(pay(guest, cart))

    getattr(bank, fault).clear()
    payload = pay(guest, cart)

    assert (payload["userErrors"], payload["order"]["paymentStatus"]) == ([], "PAID")
    assert bank.movements() == ["authorize", "capture"]
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 8
    assert log() == ["order.placed", "order.confirmed", "order.paid"]


@pytest.mark.parametrize("fault", ["silent", "lost"])
def test_no_answer_to_the_capture_leaves_an_order_that_the_same_key_brings_on(bank, guest, cart, fault):
    getattr(bank, fault).add("capture")
    placed = pay(guest, cart)
    assert (placed["userErrors"], placed["order"]["paymentStatus"]) == ([], "AUTHORIZED")
    assert states() == ("CONFIRMED", "AUTHORIZED", "AUTHORIZED")

    getattr(bank, fault).clear()
    payload = pay(guest, cart)

    assert (payload["userErrors"], payload["order"]["paymentStatus"]) == ([], "PAID")
    assert bank.movements() == ["authorize", "capture"]
    assert log() == ["order.placed", "order.confirmed", "order.paid"]


def test_an_undecided_checkout_is_nobodys_order_and_blocks_its_cart_for_other_keys(bank, customer, staff, variant):
    bank.silent.add("authorize")
    api = Api(customer)
    cart = cart_with(api, (gid(variant), 2))
    assert no_answer(pay(api, cart))

    other = pay(api, cart, key="another")

    assert [(error["code"], error["retryable"]) for error in other["userErrors"]] == [("CHECKOUT_IN_PROGRESS", True)]
    for everybody in (api, Api(staff)):
        assert everybody("{ orders { totalCount } }") == {"orders": {"totalCount": 0}}
    assert Order.objects.count() == 1


def test_the_sweep_completes_a_checkout_whose_process_died(bank, guest, cart):
    bank.silent.add("authorize")
    assert no_answer(pay(guest, cart))
    bank.silent.clear()

    assert tasks.settle_open_payments() == 0, "a checkout that may still run is left alone"
    an_hour_passes()
    assert tasks.settle_open_payments() == 1

    assert states() == ("CONFIRMED", "PAID", "CAPTURED")
    assert bank.movements() == ["authorize", "capture"]
    assert Cart.objects.get().completed_at is not None
    an_hour_passes()
    assert tasks.settle_open_payments() == 0
    assert pay(guest, cart)["order"]["paymentStatus"] == "PAID"
    assert bank.movements() == ["authorize", "capture"]


def test_the_sweep_collects_what_the_gateway_did_not_answer(bank, guest, cart):
    bank.silent.add("capture")
    assert pay(guest, cart)["order"]["paymentStatus"] == "AUTHORIZED"
    an_hour_passes()
    assert tasks.settle_open_payments() == 1
    assert states() == ("CONFIRMED", "AUTHORIZED", "AUTHORIZED")

    bank.silent.clear()
    an_hour_passes()
    assert tasks.settle_open_payments() == 1

    assert states() == ("CONFIRMED", "PAID", "CAPTURED")
    assert bank.movements() == ["authorize", "capture"]


def test_one_payment_that_cannot_be_settled_does_not_hold_up_the_others(bank, guest, variant, settings):
    bank.silent.add("authorize")
    first, second = (cart_with(guest, (gid(variant), 1)) for _ in range(2))
    assert no_answer(pay(guest, first, key="first"))
    assert no_answer(pay(guest, second, key="second"))
    Payment.objects.filter(order__idempotency_key="first").update(gateway="gone")
    bank.silent.clear()
    an_hour_passes()

    tasks.settle_open_payments()

    assert Payment.objects.get(gateway="bank").state == PaymentState.CAPTURED


def test_payments_that_cannot_be_settled_do_not_fill_every_batch(bank, guest, variant, monkeypatch):
    monkeypatch.setattr(paying, "RECOVER_BATCH", 1)
    bank.silent.add("authorize")
    first, second = (cart_with(guest, (gid(variant), 1)) for _ in range(2))
    assert no_answer(pay(guest, first, key="first"))
    Payment.objects.update(gateway="gone")
    assert no_answer(pay(guest, second, key="second"))
    bank.silent.clear()
    an_hour_passes()

    assert [tasks.settle_open_payments() for _ in range(2)] == [1, 1]

    assert Payment.objects.get(gateway="bank").state == PaymentState.CAPTURED


def test_a_declined_authorisation_gives_the_stock_back(bank, guest, cart, variant):
    bank.outcomes["authorize"] = Outcome.DECLINED

    payload = pay(guest, cart)

    assert [error["code"] for error in payload["userErrors"]] == ["PAYMENT_DECLINED"]
    assert states() == ("CANCELLED", "FAILED", "DECLINED")
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10
    assert bank.movements() == ["authorize"]
    assert log() == ["order.payment_declined"]


def test_a_declined_capture_puts_the_order_on_hold(bank, guest, staff, cart, variant):
    bank.outcomes["capture"] = Outcome.DECLINED

    payload = pay(guest, cart)

    assert payload["userErrors"] == []
    assert (payload["order"]["status"], payload["order"]["paymentStatus"]) == ("ON_HOLD", "FAILED")
    assert states() == ("ON_HOLD", "FAILED", "DECLINED")
    assert Event.objects.get(type="order.held").payload["reason"] == "Insufficient funds."
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 8
    assert Api(staff)(RELEASE, id=payload["order"]["id"])["orderRelease"]["order"] is None
    assert states() == ("ON_HOLD", "FAILED", "DECLINED")


def test_cancelling_a_paid_order_gives_the_money_back_once(bank, guest, variant, django_capture_on_commit_callbacks):
    order = order_of(guest, (gid(variant), 2), payment=BANK)

    cancelled(guest, order, django_capture_on_commit_callbacks)
    services.settle_payment(order_id=Order.objects.get().pk)

    assert states() == ("CANCELLED", "REFUNDED", "REFUNDED")
    assert bank.movements() == ["authorize", "capture", "refund"]
    assert [str(amount.amount) for _, amount in bank.books.values()] == ["44.90", "44.90", "44.90"]
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10
    assert log().count("order.refunded") == 1


@pytest.mark.parametrize(("verb", "state"), [("refund", "REFUNDED"), ("void", "VOIDED")])
@pytest.mark.parametrize("fault", ["silent", "lost"])
def test_money_that_could_not_be_given_back_is_given_back_later_and_once(
    bank, guest, variant, policy, django_capture_on_commit_callbacks, verb, state, fault
):
    # One that waits for approval is authorised and not collected.
    policy.threshold_amount = 10 if verb == "void" else 1000
    policy.save()
    order = order_of(guest, (gid(variant), 2), payment=BANK)
    getattr(bank, fault).add(verb)

    cancelled(guest, order, django_capture_on_commit_callbacks)
    assert Order.objects.get().status == OrderStatus.CANCELLED
    assert Payment.objects.get().state in (PaymentState.AUTHORIZED, PaymentState.CAPTURED)
    with pytest.raises(GatewayError):
        services.settle_payment(order_id=Order.objects.get().pk)
    getattr(bank, fault).clear()
    an_hour_passes()
    assert tasks.settle_open_payments() == 1

    assert Payment.objects.get().state == state
    assert bank.movements().count(verb) == 1
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10


def test_giving_money_back_is_never_declined_for_good(bank, guest, variant, django_capture_on_commit_callbacks):
    order = order_of(guest, (gid(variant), 2), payment=BANK)
    bank.outcomes["refund"] = Outcome.DECLINED
    cancelled(guest, order, django_capture_on_commit_callbacks)
    assert states() == ("CANCELLED", "PAID", "CAPTURED")

    bank.outcomes.clear()
    an_hour_passes()
    tasks.settle_open_payments()

    assert states() == ("CANCELLED", "REFUNDED", "REFUNDED")


def test_a_payment_in_review_is_released_when_its_order_is_cancelled(
    bank, guest, variant, django_capture_on_commit_callbacks
):
    bank.outcomes["authorize"] = Outcome.IN_REVIEW
    order = order_of(guest, (gid(variant), 2), payment=BANK)
    assert states() == ("PENDING", "UNPAID", "IN_REVIEW")

    cancelled(guest, order, django_capture_on_commit_callbacks)

    assert states() == ("CANCELLED", "UNPAID", "VOIDED")
    assert bank.movements() == ["authorize", "void"]
    assert log()[-1] == "order.payment_released"


# ── What others do while the gateway thinks ──────────────────────────────────────────────────────────────────────────
@pytest.fixture
def by_staff(staff):
    """Does something with the only order, as staff."""

    def act(mutation):
        document = f"mutation($id: ID!) {{ {mutation} {{ userErrors {{ code }} }} }}"
        (payload,) = Api(staff)(document, id=gid(Order.objects.get())).values()
        assert payload["userErrors"] == []

    return act


ORDER_CANCEL = 'orderCancel(id: $id, reason: "No")'
ORDER_HOLD = 'orderHold(id: $id, reason: "Checking")'


def test_an_order_cancelled_while_it_is_collected_is_refunded_once(bank, guest, cart, by_staff):
    bank.meanwhile["capture"] = lambda: by_staff(ORDER_CANCEL)

    payload = pay(guest, cart)

    assert payload["userErrors"] == []
    assert states() == ("CANCELLED", "REFUNDED", "REFUNDED")
    assert bank.movements() == ["authorize", "capture", "refund"]


def test_a_capture_declined_while_the_order_is_cancelled_leaves_it_cancelled(bank, guest, cart, variant, by_staff):
    bank.outcomes["capture"] = Outcome.DECLINED
    bank.meanwhile["capture"] = lambda: by_staff(ORDER_CANCEL)

    payload = pay(guest, cart)

    assert payload["userErrors"] == []
    assert states() == ("CANCELLED", "FAILED", "DECLINED")
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10
    assert "order.held" not in log()


def test_a_capture_declined_while_the_order_is_held_leaves_it_held(bank, guest, cart, by_staff):
    bank.outcomes["capture"] = Outcome.DECLINED
    bank.meanwhile["capture"] = lambda: by_staff(ORDER_HOLD)

    payload = pay(guest, cart)

    assert payload["userErrors"] == []
    assert states() == ("ON_HOLD", "FAILED", "DECLINED")
    assert log().count("order.held") == 1


def test_two_who_settle_at_the_same_moment_collect_once(bank, guest, cart):
    bank.meanwhile["capture"] = lambda: services.settle_payment(order_id=Order.objects.get().pk)

    payload = pay(guest, cart)

    assert payload["order"]["paymentStatus"] == "PAID"
    assert bank.asked == ["authorize", "capture", "capture"]
    assert bank.movements() == ["authorize", "capture"]
    assert log().count("order.paid") == 1


def test_an_order_held_before_it_was_collected_is_collected_at_its_release(
    bank, guest, cart, by_staff, django_capture_on_commit_callbacks
):
    bank.silent.add("capture")
    assert pay(guest, cart)["order"]["paymentStatus"] == "AUTHORIZED"
    by_staff(ORDER_HOLD)
    bank.silent.clear()
    an_hour_passes()
    assert tasks.settle_open_payments() == 0, "what is held is not collected"

    with django_capture_on_commit_callbacks(execute=True):
        by_staff("orderRelease(id: $id)")

    assert states() == ("CONFIRMED", "PAID", "CAPTURED")


def test_settling_a_settled_payment_asks_nobody(bank, guest, cart):
    pay(guest, cart)
    asked, before = list(bank.asked), (states(), log())

    order = services.settle_payment(order_id=Order.objects.get().pk)

    assert order.payment_status == PaymentStatus.PAID
    assert bank.asked == asked
    assert (states(), log()) == before


def test_a_gateway_nobody_has_is_no_gateway():
    with pytest.raises(KeyError):
        gateway("nobody")
