"""Payments: whatever the gateway does, money moves once, and what stands still is taken up again."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from moneyed import Money

from catalog.models import StockLevel
from notifications.models import Event
from ordering import services, tasks
from ordering.gateways import GatewayError, Outcome, Stage, Standing, gateway
from ordering.models import Cart, Order, Payment, PaymentState, PaymentStatus
from ordering.services import asking, recovering
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
    monkeypatch.setattr(recovering, "RECOVER_BATCH", 1)
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


@pytest.mark.parametrize("fault", ["silent", "lost"])
def test_money_set_aside_that_could_not_be_released_is_released_later_and_once(
    bank, guest, variant, policy, django_capture_on_commit_callbacks, fault
):
    policy.threshold_amount = 10  # one that waits for approval is authorised and not collected
    policy.save()
    order = order_of(guest, (gid(variant), 2), payment=BANK)
    getattr(bank, fault).add("void")

    cancelled(guest, order, django_capture_on_commit_callbacks)
    assert states() == ("CANCELLED", "AUTHORIZED", "AUTHORIZED")
    with pytest.raises(GatewayError):
        services.settle_payment(order_id=Order.objects.get().pk)
    getattr(bank, fault).clear()
    an_hour_passes()
    assert tasks.settle_open_payments() == 1

    assert states() == ("CANCELLED", "UNPAID", "VOIDED")
    assert bank.movements().count("void") == 1
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10


def test_releasing_money_is_never_declined_for_good(bank, guest, variant, policy, django_capture_on_commit_callbacks):
    policy.threshold_amount = 10
    policy.save()
    order = order_of(guest, (gid(variant), 2), payment=BANK)
    bank.outcomes["void"] = Outcome.DECLINED
    cancelled(guest, order, django_capture_on_commit_callbacks)
    assert states() == ("CANCELLED", "AUTHORIZED", "AUTHORIZED")

    bank.outcomes.clear()
    an_hour_passes()
    tasks.settle_open_payments()

    assert states() == ("CANCELLED", "UNPAID", "VOIDED")


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


def test_what_costs_nothing_is_paid_without_asking_anybody(bank, guest, cart):
    bank.silent.add("authorize")
    assert no_answer(pay(guest, cart))
    Payment.objects.update(amount=0)
    Order.objects.update(subtotal_amount=0, shipping_amount=0, total_amount=0)
    asked = list(bank.asked)

    order = services.settle_payment(order_id=Order.objects.get().pk)

    assert (order.status, order.payment_status) == ("CONFIRMED", "PAID")
    assert bank.asked == asked


# ── What the buyer has to do first ───────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def unfinished(bank, guest, cart):
    """The payload of a checkout that the buyer's bank wants to see confirmed."""
    bank.outcomes["authorize"] = Outcome.ACTION_REQUIRED
    bank.standings["bank-1"] = _standing(Stage.OPEN)
    return pay(guest, cart)


def _standing(stage, amount="44.90", currency="EUR", captured="0.00", refunded="0.00"):
    return Standing(stage, *(Money(value, currency) for value in (amount, captured, refunded)))


def test_a_checkout_waits_for_what_the_buyer_has_to_do(bank, unfinished, guest, variant):
    assert unfinished["order"] is None
    assert states() == ("PENDING", "UNPAID", "ACTION_REQUIRED")
    assert Payment.objects.get().action == {"client_secret": "secret-1"}
    assert (Order.objects.get().placed_at, log()) == (None, [])
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 8


def test_once_the_buyer_has_done_it_the_same_key_brings_the_order(bank, unfinished, guest, cart):
    bank.standings["bank-1"] = _standing(Stage.AUTHORIZED)

    payload = pay(guest, cart)

    assert (payload["userErrors"], payload["order"]["paymentStatus"]) == ([], "PAID")
    assert states() == ("CONFIRMED", "PAID", "CAPTURED")
    assert Payment.objects.get().action == {}
    assert bank.movements() == ["authorize", "capture"]


def test_the_sweep_finds_that_the_buyer_has_done_it(bank, unfinished):
    an_hour_passes()
    assert tasks.settle_open_payments() == 1
    assert states() == ("PENDING", "UNPAID", "ACTION_REQUIRED")
    bank.standings["bank-1"] = _standing(Stage.AUTHORIZED)
    an_hour_passes()

    tasks.settle_open_payments()

    assert states() == ("CONFIRMED", "PAID", "CAPTURED")


@pytest.mark.django_db(transaction=True)
def test_the_cart_is_locked_before_its_order_as_everywhere(bank, unfinished):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one in at a time anyway.")
    order = Order.objects.get()

    def settled():
        try:
            return services.settle_payment(order_id=order.pk).status
        finally:
            connection.close()

    bank.standings["bank-1"] = _standing(Stage.AUTHORIZED)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():  # as whoever begins another checkout of the cart at this moment
            Cart.objects.select_for_update().get(pk=order.cart_id)
            settling = pool.submit(settled)
            _until_somebody_waits()
            assert Order.objects.select_for_update(nowait=True).get(pk=order.pk) == order

        assert settling.result() == "CONFIRMED"


def _until_somebody_waits():
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    pytest.fail("Nobody waits for a lock.")


def test_a_gateway_without_books_is_asked_anew_whether_the_buyer_has_done_it(bank, unfinished, guest, cart):
    bank.standings["bank-1"] = None
    bank.outcomes.clear()

    assert pay(guest, cart)["order"]["paymentStatus"] == "PAID"
    assert bank.movements() == ["authorize", "capture"]


def test_what_the_buyer_did_not_do_in_time_ends_and_is_released(bank, unfinished, variant):
    Payment.objects.update(created_at=F("created_at") - timedelta(hours=2))
    an_hour_passes()
    assert tasks.settle_open_payments() == 1

    assert states() == ("CANCELLED", "FAILED", "ACTION_REQUIRED")
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10
    an_hour_passes()
    tasks.settle_open_payments()
    assert states() == ("CANCELLED", "FAILED", "VOIDED")
    assert bank.movements() == ["authorize", "void"]
    an_hour_passes()
    assert tasks.settle_open_payments() == 0


def test_what_the_buyer_gave_up_is_declined(bank, unfinished, guest, cart, variant):
    bank.standings["bank-1"] = _standing(Stage.ENDED)

    payload = pay(guest, cart)

    assert [error["code"] for error in payload["userErrors"]] == ["PAYMENT_DECLINED"]
    assert states() == ("CANCELLED", "FAILED", "DECLINED")
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10


def test_of_two_checkouts_of_a_cart_that_both_go_through_one_is_an_order(bank, unfinished, guest, cart, variant):
    first = Order.objects.get()
    # Another one was begun, as a browser does whose page was loaded anew, and went through.
    Order.objects.update(cart=None)
    bank.outcomes.clear()
    assert pay(guest, cart, key="another")["order"]["paymentStatus"] == "PAID"
    Order.objects.filter(pk=first.pk).update(cart_id=Order.objects.exclude(pk=first.pk).get().cart_id)
    bank.standings["bank-1"] = _standing(Stage.AUTHORIZED)

    services.settle_payment(order_id=first.pk)

    first.refresh_from_db()
    assert (first.status, first.placed_at, first.payment.state) == ("CANCELLED", None, "VOIDED")
    assert Order.objects.filter(placed_at__isnull=False).count() == 1
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 8


# ── A gateway that is gone for good ──────────────────────────────────────────────────────────────────────────────────
def a_day_passes():
    Payment.objects.update(created_at=F("created_at") - timedelta(hours=25))
    an_hour_passes()


@pytest.mark.parametrize("fault", ["silent", "lost"])
def test_a_checkout_that_is_never_answered_ends_after_a_day(bank, guest, cart, variant, fault):
    getattr(bank, fault).add("authorize")
    assert no_answer(pay(guest, cart))

    a_day_passes()
    assert tasks.settle_open_payments() == 1

    assert states() == ("CANCELLED", "FAILED", "REQUESTED")
    assert Order.objects.get().placed_at is None
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10
    assert log() == ["order.payment_declined"]


def test_what_such_a_gateway_turns_out_to_have_set_aside_is_released(bank, guest, cart):
    bank.lost.add("authorize")
    assert no_answer(pay(guest, cart))
    a_day_passes()
    tasks.settle_open_payments()
    assert states() == ("CANCELLED", "FAILED", "REQUESTED")

    bank.lost.clear()
    an_hour_passes()
    tasks.settle_open_payments()

    assert states() == ("CANCELLED", "FAILED", "VOIDED")
    assert bank.movements() == ["authorize", "void"]
    assert [payload["code"] for payload in pay(guest, cart)["userErrors"]] == ["PAYMENT_DECLINED"]


def test_a_gateway_the_shop_no_longer_has_does_not_keep_a_checkout_open_for_ever(bank, guest, cart, variant):
    bank.silent.add("authorize")
    assert no_answer(pay(guest, cart))
    Payment.objects.update(gateway="gone")

    a_day_passes()
    tasks.settle_open_payments()

    assert states() == ("CANCELLED", "FAILED", "REQUESTED")
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10


def test_an_answer_that_comes_when_the_checkout_was_just_given_up_makes_no_order(bank, guest, cart, variant):
    def given_up():
        Payment.objects.update(created_at=F("created_at") - timedelta(hours=25))
        recovering.end_if_late(Order.objects.get().pk)

    bank.meanwhile["authorize"] = given_up

    payload = pay(guest, cart)

    assert [error["code"] for error in payload["userErrors"]] == ["PAYMENT_DECLINED"]
    assert states() == ("CANCELLED", "FAILED", "VOIDED")
    assert bank.movements() == ["authorize", "void"]
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10


def test_a_silent_gateway_is_not_asked_for_every_payment_of_a_run_and_others_are(bank, guest, variant, monkeypatch):
    monkeypatch.setattr(asking, "MAX_SILENCE", 2)
    bank.silent.add("authorize")
    for number in range(5):
        assert no_answer(pay(guest, cart_with(guest, (gid(variant), 1)), key=str(number)))
    last = Payment.objects.order_by("created_at").last()
    Payment.objects.filter(pk=last.pk).update(gateway="sandbox", token="tok_ok")
    asked = len(bank.asked)
    an_hour_passes()

    assert tasks.settle_open_payments() == 5

    assert len(bank.asked) == asked + 2
    assert list(Payment.objects.exclude(state="REQUESTED").values_list("pk", "state")) == [(last.pk, "CAPTURED")]


# ── What is odd ──────────────────────────────────────────────────────────────────────────────────────────────────────
ACCEPT = """mutation($id: ID!, $key: String!) { paymentAccept(orderId: $id, idempotencyKey: $key) {
  payment { state reviewReason } order { status paymentStatus } userErrors { code message field } } }"""


@pytest.mark.parametrize("says", [Money("44.80", "EUR"), Money("44.90", "USD")])
def test_another_amount_or_currency_than_was_asked_for_is_held_for_review(bank, guest, staff, cart, says):
    bank.amounts["authorize"] = says

    payload = pay(guest, cart)

    assert (payload["order"]["status"], payload["order"]["paymentStatus"]) == ("PENDING", "UNPAID")
    assert states() == ("PENDING", "UNPAID", "IN_REVIEW")
    assert bank.movements() == ["authorize"], "nothing is collected"
    said = f"{says.amount} {says.currency}"
    assert Payment.objects.get().review_reason == f"The payment service has it as {said}; the order is 44.90 EUR."
    assert log() == ["order.placed", "order.payment_in_review"]


def test_a_person_confirms_what_was_held(bank, guest, staff, cart, django_capture_on_commit_callbacks):
    bank.amounts["authorize"] = Money("44.80", "EUR")
    order = pay(guest, cart)["order"]

    with django_capture_on_commit_callbacks(execute=True):
        payload = Api(staff)(ACCEPT, id=order["id"], key="1")["paymentAccept"]

    assert payload["userErrors"] == []
    assert (payload["payment"]["state"], payload["order"]["status"]) == ("AUTHORIZED", "CONFIRMED")
    assert states() == ("CONFIRMED", "PAID", "CAPTURED")
    again = Api(staff)(ACCEPT, id=order["id"], key="1")["paymentAccept"]
    assert (again["payment"]["state"], again["userErrors"]) == ("CAPTURED", [])
    other = Api(staff)(ACCEPT, id=order["id"], key="2")["paymentAccept"]
    assert [error["code"] for error in other["userErrors"]] == ["ACTION_NOT_ALLOWED"]


def test_or_cancels_it(bank, guest, cart, by_staff, django_capture_on_commit_callbacks):
    bank.amounts["authorize"] = Money("44.80", "EUR")
    pay(guest, cart)

    with django_capture_on_commit_callbacks(execute=True):
        by_staff(ORDER_CANCEL)

    assert states() == ("CANCELLED", "UNPAID", "VOIDED")


def test_an_order_that_was_collected_for_less_is_put_on_hold(
    bank, guest, staff, cart, by_staff, django_capture_on_commit_callbacks
):
    bank.amounts["capture"] = Money("40.00", "EUR")

    payload = pay(guest, cart)

    assert (payload["order"]["status"], payload["order"]["paymentStatus"]) == ("ON_HOLD", "PAID")
    payment = Payment.objects.get()
    assert (payment.state, str(payment.captured_amount)) == ("IN_REVIEW", "40.000")
    refused = Api(staff)(RELEASE, id=payload["order"]["id"])["orderRelease"]
    assert [error["code"] for error in refused["userErrors"]] == ["ACTION_NOT_ALLOWED"]
    with django_capture_on_commit_callbacks(execute=True):
        assert Api(staff)(ACCEPT, id=payload["order"]["id"], key="1")["paymentAccept"]["userErrors"] == []
        by_staff("orderRelease(id: $id)")
    assert states() == ("CONFIRMED", "PAID", "CAPTURED")


def test_cancelling_what_was_collected_for_less_gives_back_what_was_collected(
    bank, guest, cart, by_staff, django_capture_on_commit_callbacks
):
    bank.amounts["capture"] = Money("40.00", "EUR")
    pay(guest, cart)

    with django_capture_on_commit_callbacks(execute=True):
        by_staff(ORDER_CANCEL)

    assert states() == ("CANCELLED", "REFUNDED", "REFUNDED")
    assert bank.moved("refund") == ["40.00"]


def test_only_staff_accept_a_payment(bank, guest, customer, cart):
    bank.outcomes["authorize"] = Outcome.IN_REVIEW
    order = pay(guest, cart)["order"]

    assert Api().code(ACCEPT, id=order["id"], key="1") == "UNAUTHENTICATED"
    assert Api(customer).code(ACCEPT, id=order["id"], key="1") == "FORBIDDEN"
    assert states() == ("PENDING", "UNPAID", "IN_REVIEW")


def test_open_payments_are_found_by_their_index(bank, guest, cart):
    pay(guest, cart)
    with CaptureQueriesContext(connection) as statements:
        assert tasks.settle_open_payments() == 0
    assert len(statements) == 3
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            plans = []
            for statement in statements:
                cursor.execute(f"EXPLAIN {statement['sql']}")
                plans.append("\n".join(row[0] for row in cursor.fetchall()))
        assert "payment_open" in plans[0]
        assert "order_to_give_back" in plans[2]


def test_a_gateway_nobody_has_is_no_gateway():
    with pytest.raises(KeyError):
        gateway("nobody")
