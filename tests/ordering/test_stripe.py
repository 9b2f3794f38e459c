"""Cards by Stripe, over HTTP against its stand-in: money moves once, and only as far as its order goes."""

import json
import threading
import time
import uuid
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from django.db.models import F
from moneyed import Money

from catalog.models import StockLevel
from notifications.models import Event
from ordering import services, tasks
from ordering.gateways import GatewayError, Outcome, Stage, Standing, gateway
from ordering.gateways.stripe import from_units, in_units
from ordering.models import Order, Payment, WebhookMessage
from ordering.services import matching
from ordering.services.refunding import RefundRequest, refund_create
from tests.conftest import Api, gid, make_variant
from tests.shopping import ADDRESS, ERRORS, ORDER_FIELDS, cart_with, order_of

TOTAL = Money("44.90", "EUR")
NOTHING = Money("0.00", "EUR")
CANCEL = """mutation($id: ID!, $t: String) { orderCancel(id: $id, reason: "Changed my mind", guestToken: $t) {
  order { status paymentStatus } userErrors { code } } }"""
CHECKOUT = f"""mutation($cartId: ID!, $key: String!, $input: CheckoutInput!) {{
  checkoutComplete(cartId: $cartId, idempotencyKey: $key, input: $input) {{
    order {{ {ORDER_FIELDS} }} paymentAction {{ clientSecret url }} {ERRORS}
  }}
}}"""

pytestmark = pytest.mark.django_db


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=10)


@pytest.fixture
def cart(guest, variant):
    return cart_with(guest, (gid(variant), 2))


def by_card(token="pm_card_visa"):
    return {"gateway": "stripe", "token": token}


def pay(api, cart, token="pm_card_visa", key="once"):
    input = {"email": "buyer@example.com", "shippingAddress": ADDRESS, "payment": by_card(token)}
    return api(CHECKOUT, cartId=cart["id"], key=key, input=input)["checkoutComplete"]


def codes(payload):
    return [(error["code"], error["retryable"]) for error in payload["userErrors"]]


def states():
    order = Order.objects.select_related("payment").get()
    return order.status, order.payment_status, order.payment.state


def on_hand(variant):
    return StockLevel.objects.get(pk=variant.pk).on_hand


def log():
    events = Event.objects.filter(type__startswith="order.").order_by("occurred_at", "seq")
    return list(events.values_list("type", flat=True))


# ── A checkout ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_card_is_authorised_for_the_total_and_collected_with_the_confirmation(stripe, guest, cart):
    payload = pay(guest, cart)

    assert (payload["userErrors"], payload["order"]["status"], payload["order"]["paymentStatus"]) == (
        [],
        "CONFIRMED",
        "PAID",
    )
    payment = Payment.objects.get()
    (intent,) = stripe.intents()
    assert (intent["id"], intent["metadata"]) == (payment.reference, {"payment": str(payment.pk)})
    assert (intent["amount"], intent["currency"], intent["capture_method"]) == (4490, "eur", "manual")
    assert (intent["status"], intent["amount_received"]) == ("succeeded", 4490)


def test_a_card_is_only_authorised_while_its_order_waits_for_approval(stripe, guest, cart, policy):
    policy.threshold_amount = 10
    policy.save()

    payload = pay(guest, cart)

    assert (payload["order"]["status"], payload["order"]["paymentStatus"]) == ("AWAITING_APPROVAL", "AUTHORIZED")
    assert [intent["status"] for intent in stripe.intents()] == ["requires_capture"]


def test_a_declined_card_ends_the_checkout_and_gives_the_stock_back(stripe, guest, cart, variant):
    payload = pay(guest, cart, stripe.card("declined"))

    assert codes(payload) == [("PAYMENT_DECLINED", False)]
    assert states() == ("CANCELLED", "FAILED", "DECLINED")
    assert on_hand(variant) == 10
    assert Event.objects.get(type="order.payment_declined").payload["reason"] == "Your card was declined."
    assert codes(pay(guest, cart, key="again")) == []


@pytest.mark.parametrize("token", ["pm_of_nobody", "tok_ok", "pi_1", "pm_"])
def test_a_token_that_is_no_card_is_a_declined_one(stripe, guest, cart, variant, token):
    payload = pay(guest, cart, token)

    assert codes(payload) == [("PAYMENT_DECLINED", False)]
    assert (states(), on_hand(variant), stripe.intents()) == (("CANCELLED", "FAILED", "DECLINED"), 10, [])


def test_the_same_key_charges_once_though_stripe_forgot_it(stripe, guest, cart):
    """localstripe ignores Idempotency-Key, as Stripe does after a day."""
    first, second = pay(guest, cart), pay(guest, cart)

    assert first["order"] == second["order"]
    assert len(stripe.intents()) == 1


def test_a_checkout_that_died_after_the_charge_is_found_again(stripe, guest, cart, settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    assert codes(pay(guest, cart)) == [("GATEWAY_UNAVAILABLE", True)]
    settings.STRIPE_API_BASE = stripe.url
    payment = Payment.objects.get()
    # What the process did that died before it wrote it down.
    gateway("stripe").authorize(key=f"{payment.pk}:authorize", token="pm_card_visa", amount=TOTAL)
    Payment.objects.update(updated_at=F("updated_at") - timedelta(hours=1))

    tasks.settle_open_payments()

    assert states() == ("CONFIRMED", "PAID", "CAPTURED")
    assert [intent["status"] for intent in stripe.intents()] == ["succeeded"]


def test_a_silent_stripe_leaves_an_order_that_the_same_key_brings_on(stripe, guest, cart, settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    assert codes(pay(guest, cart)) == [("GATEWAY_UNAVAILABLE", True)]
    assert states() == ("PENDING", "UNPAID", "REQUESTED")

    settings.STRIPE_API_BASE = stripe.url

    assert pay(guest, cart)["order"]["paymentStatus"] == "PAID"
    assert len(stripe.intents()) == 1


# ── Money that goes back ─────────────────────────────────────────────────────────────────────────────────────────────
def test_cancelling_an_order_that_was_not_collected_releases_the_card(
    stripe, guest, variant, policy, django_capture_on_commit_callbacks
):
    policy.threshold_amount = 10
    policy.save()
    order = order_of(guest, (gid(variant), 2), payment=by_card())

    with django_capture_on_commit_callbacks(execute=True):
        guest(CANCEL, id=order["id"], t=order["guestToken"])

    assert states() == ("CANCELLED", "UNPAID", "VOIDED")
    assert [intent["status"] for intent in stripe.intents()] == ["canceled"]
    assert stripe.refunds() == []


def test_cancelling_a_paid_order_gives_all_of_it_back_once(stripe, guest, variant, django_capture_on_commit_callbacks):
    order = order_of(guest, (gid(variant), 2), payment=by_card())

    with django_capture_on_commit_callbacks(execute=True):
        guest(CANCEL, id=order["id"], t=order["guestToken"])
    services.settle_payment(order_id=Order.objects.get().pk)

    assert states() == ("CANCELLED", "REFUNDED", "REFUNDED")
    assert [refund["amount"] for refund in stripe.refunds()] == [4490]


def test_a_part_is_given_back(stripe, guest, staff, variant, django_capture_on_commit_callbacks):
    order_of(guest, (gid(variant), 2), payment=by_card())
    order = Order.objects.get()

    with django_capture_on_commit_callbacks(execute=True):
        request = RefundRequest(reason="A scratch", amount=Money("5.05", "EUR").amount)
        refund_create(order_id=order.pk, idempotency_key="once", request=request, actor=staff)
    services.settle_payment(order_id=order.pk)

    refund = Payment.objects.get().refunds.get()
    (given,) = stripe.refunds()
    assert (refund.state, refund.reference) == ("DONE", given["id"])
    assert (given["amount"], given["metadata"]) == (505, {"key": str(refund.pk)})
    assert states() == ("CONFIRMED", "PARTIALLY_REFUNDED", "CAPTURED")
    assert matching.match(payment_id=Payment.objects.get().pk) == "Both agree."


# ── 3-D Secure ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_card_that_asks_for_its_owner_becomes_an_order_once_they_answered(stripe, guest, cart, variant):
    """localstripe names no page of a bank of its own; the stand-in gives one, as Stripe does for a `return_url`."""
    token = stripe.card("3ds")
    payload = pay(guest, cart, token)
    assert codes(payload) == [("PAYMENT_ACTION_REQUIRED", True)]
    action, (intent,) = payload["paymentAction"], stripe.intents()
    assert action == {"clientSecret": intent["client_secret"], "url": f"https://bank.example/3ds/{intent['id']}"}
    assert intent["next_action"]["redirect_to_url"]["return_url"] == "http://127.0.0.1:8000"
    assert (states(), log()) == (("PENDING", "UNPAID", "ACTION_REQUIRED"), [])
    assert pay(guest, cart, token)["paymentAction"] == action, "the owner takes their time"

    stripe.authenticate(intent["id"], action["clientSecret"], success=True)
    payload = pay(guest, cart, token)

    assert (payload["userErrors"], payload["order"]["paymentStatus"]) == ([], "PAID")
    assert [intent["status"] for intent in stripe.intents()] == ["succeeded"]
    assert on_hand(variant) == 8


@pytest.mark.parametrize(("kind", "success"), [("3ds", False), ("3ds_declined", True)])
def test_a_card_whose_owner_was_not_believed_ends_the_checkout(stripe, guest, cart, variant, kind, success):
    token = stripe.card(kind)
    action = pay(guest, cart, token)["paymentAction"]
    (intent,) = stripe.intents()

    stripe.authenticate(intent["id"], action["clientSecret"], success=success)

    assert codes(pay(guest, cart, token)) == [("PAYMENT_DECLINED", False)]
    assert (states(), on_hand(variant)) == (("CANCELLED", "FAILED", "DECLINED"), 10)


def test_a_checkout_whose_buyer_went_away_cannot_be_paid_any_more(stripe, guest, cart, variant):
    pay(guest, cart, stripe.card("3ds"))
    a_day_ago = F("created_at") - timedelta(days=1)
    for _ in range(2):
        Payment.objects.update(created_at=a_day_ago, updated_at=a_day_ago)
        tasks.settle_open_payments()

    assert states() == ("CANCELLED", "FAILED", "VOIDED")
    assert [intent["status"] for intent in stripe.intents()] == ["canceled"]
    assert on_hand(variant) == 10


def test_what_a_browser_pays_after_the_checkout_ended_is_released(stripe, guest, cart):
    token = stripe.card("3ds")
    action = pay(guest, cart, token)["paymentAction"]
    (intent,) = stripe.intents()
    stripe.authenticate(intent["id"], action["clientSecret"], success=False)
    pay(guest, cart, token)
    # With the secret it still has, the browser tries another card.
    stripe.post(f"/v1/payment_intents/{intent['id']}", {"payment_method": stripe.card()})
    stripe.post(f"/v1/payment_intents/{intent['id']}/confirm", {"expand": []})
    assert [intent["status"] for intent in stripe.intents()] == ["requires_capture"]

    assert matching.match(payment_id=Payment.objects.get().pk) == "It was released: its order had ended."

    assert [intent["status"] for intent in stripe.intents()] == ["canceled"]
    assert states() == ("CANCELLED", "FAILED", "DECLINED")
    assert matching.match(payment_id=Payment.objects.get().pk) == "Both agree."


# ── Webhooks that Stripe's stand-in sends ────────────────────────────────────────────────────────────────────────────
def soon(is_so):
    """Whether it becomes so while one waits: webhooks come a second after what they tell of."""
    for _ in range(100):
        if is_so():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.django_db(transaction=True)
def test_a_webhook_places_the_order_of_a_buyer_who_never_came_back(stripe, live_server, guest, cart):
    stripe.send_webhooks_to(f"{live_server.url}/webhooks/stripe")
    action = pay(guest, cart, stripe.card("3ds"))["paymentAction"]
    (intent,) = stripe.intents()

    stripe.authenticate(intent["id"], action["clientSecret"], success=True)

    assert soon(lambda: states() == ("CONFIRMED", "PAID", "CAPTURED"))
    # Those of other tests may come late.
    messages = WebhookMessage.objects.filter(body__reference=intent["id"])
    assert soon(lambda: messages.exclude(outcome="").count() == 2)
    assert set(messages.values_list("type", "outcome")) == {
        ("payment_intent.amount_capturable_updated", "Both agree."),
        ("payment_intent.succeeded", "Both agree."),
    }
    assert log()[:3] == ["order.placed", "order.confirmed", "order.paid"]


@pytest.mark.django_db(transaction=True)
def test_a_webhook_ends_the_checkout_of_a_buyer_who_was_not_believed(stripe, live_server, guest, cart, variant):
    stripe.send_webhooks_to(f"{live_server.url}/webhooks/stripe")
    action = pay(guest, cart, stripe.card("3ds"))["paymentAction"]
    (intent,) = stripe.intents()

    stripe.authenticate(intent["id"], action["clientSecret"], success=False)

    assert soon(lambda: states() == ("CANCELLED", "FAILED", "DECLINED"))
    assert on_hand(variant) == 10


# ── The books ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def keeper(stripe):
    return gateway("stripe")


def authorized(keeper, token="pm_card_visa"):
    answer = keeper.authorize(key=f"{uuid.uuid4()}:authorize", token=token, amount=TOTAL)
    assert answer.amount == TOTAL
    return answer.reference


def test_the_books_follow_a_payment(keeper):
    reference = authorized(keeper)
    assert keeper.standing(reference=reference) == Standing(Stage.AUTHORIZED, TOTAL, NOTHING, NOTHING)

    keeper.capture(key="capture", reference=reference, amount=TOTAL)
    assert keeper.standing(reference=reference) == Standing(Stage.CAPTURED, TOTAL, TOTAL, NOTHING)

    keeper.refund(key="refund", reference=reference, amount=Money("4.90", "EUR"))
    assert keeper.standing(reference=reference) == Standing(Stage.CAPTURED, TOTAL, TOTAL, Money("4.90", "EUR"))


def test_the_books_know_what_was_released_waits_for_its_buyer_or_never_was(keeper, stripe):
    released, waiting = authorized(keeper), authorized(keeper, stripe.card("3ds"))
    keeper.void(key="void", reference=released)

    stages = [keeper.standing(reference=reference).stage for reference in (released, waiting)]

    assert stages == [Stage.ENDED, Stage.OPEN]
    assert keeper.standing(reference="pi_of_nobody") is None


def test_every_step_asked_for_again_is_done_once(keeper, stripe):
    """localstripe ignores Idempotency-Key: what keeps these from happening twice is what the books say."""
    first, second = authorized(keeper), authorized(keeper)

    captured = [keeper.capture(key="c", reference=first, amount=TOTAL) for _ in range(2)]
    refunded = [keeper.refund(key="r", reference=first, amount=Money("1.00", "EUR")) for _ in range(2)]
    voided = [keeper.void(key="v", reference=second) for _ in range(2)]

    assert {answer.outcome for answer in captured + refunded + voided} == {Outcome.APPROVED}
    assert refunded[0] == refunded[1]
    assert [refund["amount"] for refund in stripe.refunds()] == [100]
    assert keeper.standing(reference=first).captured == TOTAL


def test_releasing_what_was_collected_meanwhile_gives_the_rest_back(keeper):
    reference = authorized(keeper)
    keeper.capture(key="c", reference=reference, amount=TOTAL)
    keeper.refund(key="r", reference=reference, amount=Money("4.90", "EUR"))

    outcomes = [keeper.void(key="v", reference=reference).outcome for _ in range(2)]

    assert outcomes == [Outcome.APPROVED, Outcome.APPROVED]
    assert keeper.standing(reference=reference).refunded == TOTAL


def test_what_stripe_does_not_know_is_neither_collected_nor_released(keeper):
    with pytest.raises(GatewayError, match="does not know pi_of_nobody"):
        keeper.capture(key="c", reference="pi_of_nobody", amount=TOTAL)
    with pytest.raises(GatewayError, match="does not know pi_of_nobody"):
        keeper.void(key="v", reference="pi_of_nobody")


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("12.34", "EUR", 1234),
        ("0.50", "USD", 50),
        ("500", "JPY", 500),
        ("500", "KRW", 500),
        ("5.120", "KWD", 5120),
        ("5", "ISK", 500),
        ("5", "UGX", 500),
        ("10.45", "HUF", 1045),
        ("800.45", "TWD", 80045),
        ("3.00", "MGA", 3),
    ],
)
def test_amounts_are_counted_as_stripe_counts_them(amount, currency, units):
    assert in_units(Money(amount, currency)) == units
    assert from_units(units, currency.lower()) == Money(amount, currency)


@pytest.mark.parametrize(("amount", "currency"), [("5.124", "KWD"), ("0.001", "TND"), ("3.20", "MGA"), ("1.5", "ISK")])
def test_an_amount_no_card_can_be_charged_is_not_rounded_but_declined(keeper, stripe, amount, currency):
    answer = keeper.authorize(key="k", token="pm_card_visa", amount=Money(amount, currency))

    assert (answer.outcome, answer.reason) == (
        Outcome.DECLINED,
        "This amount cannot be paid by card. Choose another way to pay.",
    )
    assert stripe.intents() == []


# ── A Stripe that answers as told ────────────────────────────────────────────────────────────────────────────────────
class Scripted(BaseHTTPRequestHandler):
    """`answers`: (status, body, headers) by method and the last part of the path."""

    answers: ClassVar[dict[str, tuple[int, object, dict[str, str]]]] = {}
    asked: ClassVar[list[tuple[str, str, str]]] = []

    def _answer(self):
        name = f"{self.command} {self.path.partition('?')[0].rpartition('/')[2]}"
        self.asked.append((name, self.headers.get("Idempotency-Key", ""), self.headers["Stripe-Version"]))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body, headers = self.answers[name]
        self.send_response(status)
        for header in headers.items():
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, *_):
        """Nobody reads it."""


@pytest.fixture
def scripted(stripe, settings):
    Scripted.answers.clear()
    Scripted.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.STRIPE_API_BASE = f"http://127.0.0.1:{server.server_port}"
    yield Scripted
    server.shutdown()
    thread.join()
    server.server_close()


NONE_FOUND = (200, {"object": "search_result", "data": []}, {})


def intent(status):
    received = 4490 if status == "succeeded" else 0
    amounts = {"amount": 4490, "amount_received": received, "currency": "eur"}
    return {"id": "pi_1", "object": "payment_intent", "status": status, "latest_charge": None, **amounts}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, {"message": "Invalid API Key provided: sk_test_localstripe"}),
        (403, {"message": "The key sk_test_localstripe may not do this."}),
        (409, {"message": "Another request with this key is running.", "code": "lock_timeout"}),
        (400, {"message": "Keys are for one request.", "type": "idempotency_error"}),
        (429, {"message": "Too many requests."}),
        (500, {"message": "Something is wrong at Stripe."}),
        (503, {}),
    ],
)
def test_an_answer_that_decides_nothing_is_asked_for_again_and_tells_no_key(scripted, status, error):
    scripted.answers |= {"GET search": NONE_FOUND, "POST payment_intents": (status, {"error": error}, {})}

    with pytest.raises(GatewayError) as silent:
        gateway("stripe").authorize(key="k", token="pm_1", amount=TOTAL)

    assert "sk_test" not in str(silent.value)


def test_every_request_that_moves_something_carries_its_key_and_the_version_it_was_written_for(scripted):
    scripted.answers |= {
        "GET search": NONE_FOUND,
        "POST payment_intents": (200, intent("requires_capture"), {}),
        "POST capture": (200, intent("succeeded"), {}),
        "POST cancel": (200, intent("canceled"), {}),
        "GET refunds": (200, {"object": "list", "data": [], "has_more": False, "url": "/v1/refunds"}, {}),
        "POST refunds": (200, {"id": "re_1", "object": "refund", "status": "succeeded"}, {}),
    }
    keeper = gateway("stripe")

    keeper.authorize(key="a", token="pm_1", amount=TOTAL)
    keeper.capture(key="c", reference="pi_1", amount=TOTAL)
    keeper.void(key="v", reference="pi_1")
    keeper.refund(key="r", reference="pi_1", amount=TOTAL)

    assert [(name, key) for name, key, _ in scripted.asked if name.startswith("POST")] == [
        ("POST payment_intents", "a"),
        ("POST capture", "c"),
        ("POST cancel", "v"),
        ("POST refunds", "r"),
    ]
    assert {version for _, _, version in scripted.asked} == {"2026-10-28.endive"}


def test_what_a_known_key_answers_is_looked_at_anew(scripted):
    """Stripe answers a known key with what was true the first time."""
    scripted.answers |= {
        "GET search": NONE_FOUND,
        "POST payment_intents": (200, intent("requires_action"), {"Idempotent-Replayed": "true"}),
        "GET pi_1": (200, intent("requires_capture"), {}),
    }

    answer = gateway("stripe").authorize(key="k", token="pm_1", amount=TOTAL)

    assert (answer.outcome, answer.reference, answer.amount) == (Outcome.APPROVED, "pi_1", TOTAL)


def test_where_there_is_no_search_the_key_alone_has_to_do(scripted):
    """Stripe has none in India."""
    refused = (400, {"error": {"message": "Search is not available in your country.", "param": None}}, {})
    scripted.answers |= {"GET search": refused, "POST payment_intents": (200, intent("requires_capture"), {})}

    assert gateway("stripe").authorize(key="k", token="pm_1", amount=TOTAL).outcome is Outcome.APPROVED


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"param": "payment_method", "message": "Used before."}, "This card cannot be used any more. Enter it again."),
        (
            {"param": "amount", "code": "amount_too_small", "message": "Amount must be at least €0.50."},
            "This amount cannot be paid by card. Choose another way to pay.",
        ),
    ],
)
def test_what_stripe_will_never_do_is_declined_in_words_for_the_buyer(scripted, error, reason):
    scripted.answers |= {"GET search": NONE_FOUND, "POST payment_intents": (400, {"error": error}, {})}

    answer = gateway("stripe").authorize(key="k", token="pm_1", amount=TOTAL)

    assert (answer.outcome, answer.reason) == (Outcome.DECLINED, reason)


def test_a_payment_that_stripe_still_works_on_is_asked_for_again(scripted):
    scripted.answers |= {"GET search": NONE_FOUND, "POST payment_intents": (200, intent("processing"), {})}

    with pytest.raises(GatewayError, match="not decided yet"):
        gateway("stripe").authorize(key="k", token="pm_1", amount=TOTAL)


def test_an_intent_that_was_made_and_not_confirmed_is_confirmed(scripted):
    scripted.answers |= {
        "GET search": (200, {"object": "search_result", "data": [intent("requires_confirmation")]}, {}),
        "GET pi_1": (200, intent("requires_confirmation"), {}),
        "POST confirm": (200, intent("requires_capture"), {}),
    }

    assert gateway("stripe").authorize(key="k", token="pm_1", amount=TOTAL).outcome is Outcome.APPROVED


def test_a_refund_the_card_does_not_take_is_declined(scripted):
    scripted.answers |= {
        "GET refunds": (200, {"object": "list", "data": [], "has_more": False, "url": "/v1/refunds"}, {}),
        "POST refunds": (200, {"id": "re_1", "object": "refund", "status": "failed"}, {}),
    }

    answer = gateway("stripe").refund(key="r", reference="pi_1", amount=TOTAL)

    assert (answer.outcome, answer.reason) == (Outcome.DECLINED, "The card does not take the money back.")


def test_releasing_what_was_collected_gives_it_back_under_a_key_of_its_own(scripted):
    """Stripe takes a key for one kind of request only."""
    scripted.answers |= {
        "POST cancel": (400, {"error": {"code": "payment_intent_unexpected_state"}}, {}),
        "GET pi_1": (200, intent("succeeded"), {}),
        "GET refunds": (200, {"object": "list", "data": [], "has_more": False, "url": "/v1/refunds"}, {}),
        "POST refunds": (200, {"id": "re_1", "object": "refund", "status": "succeeded"}, {}),
    }

    answer = gateway("stripe").void(key="v", reference="pi_1")

    assert answer.outcome is Outcome.APPROVED
    assert [key for name, key, _ in scripted.asked if name.startswith("POST")] == ["v", "v:refund"]


def test_what_was_collected_is_said_also_when_it_was_before(scripted):
    scripted.answers |= {
        "POST capture": (400, {"error": {"code": "payment_intent_unexpected_state"}}, {}),
        "GET pi_1": (200, intent("succeeded") | {"amount_received": 4000}, {}),
    }

    answer = gateway("stripe").capture(key="c", reference="pi_1", amount=TOTAL)

    assert (answer.outcome, answer.amount) == (Outcome.APPROVED, Money("40.00", "EUR"))


def test_an_authorisation_that_expired_is_not_collected(scripted):
    """localstripe would collect it."""
    scripted.answers |= {
        "POST capture": (400, {"error": {"code": "payment_intent_unexpected_state"}}, {}),
        "GET pi_1": (200, intent("canceled"), {}),
    }

    answer = gateway("stripe").capture(key="c", reference="pi_1", amount=TOTAL)

    assert (answer.outcome, answer.reason) == (Outcome.DECLINED, "The authorisation has expired.")


def test_more_than_is_left_is_not_given_back(scripted):
    """localstripe would give it."""
    message = "Refund amount is greater than unrefunded amount on charge."
    scripted.answers |= {
        "GET refunds": (200, {"object": "list", "data": [], "has_more": False, "url": "/v1/refunds"}, {}),
        "POST refunds": (400, {"error": {"message": message}}, {}),
    }

    answer = gateway("stripe").refund(key="r", reference="pi_1", amount=TOTAL)

    assert (answer.outcome, answer.reason) == (Outcome.DECLINED, message)


def test_an_intent_for_another_amount_is_held_for_review(scripted, guest, cart):
    odd = intent("requires_capture") | {"amount": 4491}
    scripted.answers |= {"GET search": NONE_FOUND, "POST payment_intents": (200, odd, {})}

    pay(guest, cart)

    assert states() == ("PENDING", "UNPAID", "IN_REVIEW")
    assert "44.9" in Payment.objects.get().review_reason


def test_the_staff_see_no_card_of_a_buyer(stripe, guest, cart, staff):
    order = pay(guest, cart)["order"]

    found = Api(staff)("query($id: ID!) { order(id: $id) { number } }", id=order["id"])

    assert "pm_card_visa" not in json.dumps(found)
