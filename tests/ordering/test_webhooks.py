"""Webhooks: only what the gateway signed comes in, once; nothing in it is believed, and nothing of it gets lost."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import stripe as sdk
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.models import Event
from ordering import tasks
from ordering.models import Order, Payment, PaymentState, WebhookMessage
from ordering.services import webhooks
from tests.conftest import gid, make_variant
from tests.ordering.stripe_server import WEBHOOK_SECRET
from tests.shopping import order_of

pytestmark = pytest.mark.django_db

URL = "/webhooks/stripe"


@pytest.fixture(autouse=True)
def _gateway(stripe):
    """There is a gateway that sends webhooks."""


def an_event(type_="payment_intent.succeeded", *, event_id="evt_1", **about):
    about = {"object": "payment_intent", "id": "pi_elsewhere", "metadata": {}, **about}
    return {"id": event_id, "object": "event", "type": type_, "created": 1_790_000_000, "data": {"object": about}}


def signature(body: str, *, secret=WEBHOOK_SECRET, age=0):
    return sdk.WebhookSignature.generate_signature_header(body, secret, int(time.time()) - age)


def send(event, *, url=URL, signed=None, client=None, **headers):
    """The status of the answer. `event` is sent as JSON unless it is text."""
    body = event if isinstance(event, str) else json.dumps(event)
    headers = {"Stripe-Signature": signature(body) if signed is None else signed, **headers}
    response = (client or Client()).post(url, body, content_type="application/json", headers=headers)
    assert response.content == b""
    return response.status_code


def nothing_was_stored():
    return not WebhookMessage.objects.exists() and not Event.objects.filter(type="webhook.received").exists()


# ── The door ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_signed_message_is_stored_and_handed_to_a_task(stripe):
    event = an_event(amount=4490, currency="eur", client_secret="pi_secret", receipt_email="ada@example.com")

    assert send(event) == 200

    message = WebhookMessage.objects.get()
    assert (message.gateway, message.message_id, message.type) == ("stripe", "evt_1", "payment_intent.succeeded")
    assert (message.processed_at, message.tries, message.outcome) == (None, 0, "")
    (news,) = Event.objects.filter(type="webhook.received")
    assert (news.subject, news.seq, news.message) == (message, 1, "stripe sent payment_intent.succeeded")


def test_what_is_secret_or_personal_in_a_message_is_not_kept():
    send(an_event(amount=4490, currency="eur", client_secret="pi_secret", receipt_email="ada@example.com"))

    assert WebhookMessage.objects.get().body == {
        "id": "pi_elsewhere",
        "object": "payment_intent",
        "amount": 4490,
        "currency": "eur",
        "created": 1_790_000_000,
        "is_disputed": False,
        "reference": "pi_elsewhere",
        "key": "",
    }


def test_a_message_told_again_is_stored_once():
    assert [send(an_event()) for _ in range(3)] == [200, 200, 200]

    assert WebhookMessage.objects.count() == 1
    assert Event.objects.filter(type="webhook.received").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_message_told_by_several_at_once_is_stored_once(db):
    def told_at_once(_):
        try:
            return send(an_event())
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(told_at_once, range(16)))

    assert answers == [200] * 16
    assert WebhookMessage.objects.count() == 1
    assert Event.objects.filter(type="webhook.received").count() == 1


def test_taking_a_message_asks_the_gateway_nothing(stripe, settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"

    assert send(an_event()) == 200

    assert WebhookMessage.objects.get().processed_at is None


BODY = json.dumps(an_event())
BROKEN = {
    "signed with another secret": signature(BODY, secret="whsec_of_somebody"),
    "signed for another message": signature(BODY + " "),
    "signed six minutes ago": signature(BODY, age=360),
    "not signed": "",
    "without a time": "v1=" + "0" * 64,
    "without a signature": f"t={int(time.time())}",
    "with a time that is none": "t=soon,v1=" + "0" * 64,
    "of another scheme": signature(BODY).replace("v1=", "v0="),
    "no header at all": "nonsense",
    "with letters no signature has": f"t={int(time.time())},v1=é",
}


@pytest.mark.parametrize("signed", BROKEN.values(), ids=BROKEN)
def test_a_message_that_is_not_from_the_gateway_is_refused_and_not_stored(signed):
    assert send(BODY, signed=signed) == 400

    assert nothing_was_stored()


def test_a_message_without_the_header_is_refused():
    assert Client().post(URL, BODY, content_type="application/json").status_code == 400

    assert nothing_was_stored()


def test_without_a_secret_in_the_settings_nothing_is_believed(settings):
    settings.STRIPE_WEBHOOK_SECRET = ""

    assert send(BODY, signed=signature(BODY, secret="")) == 400
    assert nothing_was_stored()


@pytest.mark.parametrize(
    "body",
    [
        *["", "{", "null", "[]", "7", '"text"', "{}", '{"type": "charge.refunded"}', '{"id": "evt_1", "type": 7}'],
        '{"id": "evt_1", "type": "charge.refunded", "data": [1]}',
        '{"id": "evt_1", "type": "charge.refunded", "data": {"object": 7}}',
        '{"object": "v2.core.event", "id": "evt_1", "type": "payment_intent.succeeded"}',
        "[" * 5000,
    ],
)
def test_a_signed_message_that_cannot_be_read_is_refused(body):
    assert send(body[:100_000]) == 400

    assert nothing_was_stored()


def test_a_message_that_is_no_text_is_refused():
    response = Client().post(
        URL, b"\xff\xfe", content_type="application/json", headers={"Stripe-Signature": "t=1,v1=0"}
    )

    assert (response.status_code, response.content) == (400, b"")
    assert nothing_was_stored()


def test_a_message_of_no_interest_is_taken_and_not_kept():
    assert send(an_event("customer.created", object="customer", id="cus_1")) == 200

    assert nothing_was_stored()


def test_a_body_beyond_what_messages_have_is_not_read():
    body = json.dumps(an_event(description="x" * 300_000))

    assert send(body) == 413
    assert nothing_was_stored()


def test_a_gateway_the_shop_does_not_have_has_no_door():
    assert send(an_event(), url="/webhooks/paypal") == 404

    assert nothing_was_stored()


def test_a_gateway_that_sends_no_messages_stores_none():
    assert send(an_event(), url="/webhooks/sandbox") == 200

    assert nothing_was_stored()


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_the_door_only_takes_posts(method):
    response = getattr(Client(), method)(URL)

    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_the_door_needs_no_cookie_against_forgery():
    assert send(an_event(), client=Client(enforce_csrf_checks=True)) == 200


# ── The work ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=10)


@pytest.fixture
def payment(guest, variant):
    """Of an order that was authorised and collected by card."""
    order_of(guest, (gid(variant), 2), payment={"gateway": "stripe", "token": "pm_card_visa"})
    payment = Payment.objects.get()
    assert payment.state == PaymentState.CAPTURED
    return payment


def told(payment, type_="payment_intent.succeeded", **about):
    """A stored message about this payment."""
    about = {"id": payment.reference, "metadata": {"payment": str(payment.pk)}, **about}
    assert send(an_event(type_, event_id=f"evt_{WebhookMessage.objects.count()}", **about)) == 200
    return WebhookMessage.objects.order_by("received_at").last()


def applied(message):
    message = webhooks.apply(message_id=message.pk)
    return message.processed_at is not None, message.outcome


def of_the_order():
    order = Order.objects.select_related("payment").get()
    return order.status, order.payment_status, order.payment.state


def log():
    return list(
        Event.objects.filter(type__startswith="order.").order_by("occurred_at", "seq").values_list("type", flat=True)
    )


def test_a_message_that_says_what_is_known_changes_nothing(payment):
    before = (of_the_order(), log())

    assert applied(told(payment)) == (True, "Both agree.")

    assert (of_the_order(), log()) == before


def test_a_message_is_worked_on_after_the_commit(payment, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        message = told(payment)

    message.refresh_from_db()
    assert (message.processed_at is not None, message.outcome) == (True, "Both agree.")


def test_messages_are_not_believed_in_whatever_order_they_come(payment):
    before = (of_the_order(), log())

    outcomes = [
        applied(told(payment, "payment_intent.canceled", status="canceled")),
        applied(told(payment, "charge.refunded", object="charge", id="ch_1", payment_intent=payment.reference)),
        applied(told(payment, "payment_intent.payment_failed", status="requires_payment_method")),
        applied(told(payment, "payment_intent.amount_capturable_updated", amount=1, currency="usd")),
    ]

    assert outcomes == [(True, "Both agree.")] * 4
    assert (of_the_order(), log()) == before


def test_money_given_back_in_the_dashboard_is_recorded_once(payment, stripe):
    stripe.post("/v1/refunds", {"payment_intent": payment.reference, "amount": 1000})
    about = {"object": "charge", "id": "ch_1", "payment_intent": payment.reference, "metadata": {}}

    outcomes = [applied(told(payment, "charge.refunded", **about)) for _ in range(2)]

    assert outcomes == [(True, "10.00 EUR were given back at the gateway."), (True, "Both agree.")]
    assert of_the_order() == ("CONFIRMED", "PARTIALLY_REFUNDED", "CAPTURED")
    payment.refresh_from_db()
    assert [str(refund.money.amount) for refund in payment.refunds.all()] == ["10.00"]
    assert log().count("order.refunded") == 1


def test_money_that_a_bank_sent_back_is_held_for_review(payment, stripe):
    stripe.post("/v1/refunds", {"payment_intent": payment.reference, "amount": 1000})
    applied(told(payment, "charge.refunded"))
    (refund,) = stripe.refunds()
    stripe.post(f"/v1/refunds/{refund['id']}", {"amount": 400})

    outcome = applied(told(payment, "refund.failed", object="refund", payment_intent=payment.reference))

    assert outcome == (True, "Held for review: Only 4.00 EUR arrived of what was given back.")
    assert of_the_order() == ("ON_HOLD", "PARTIALLY_REFUNDED", "IN_REVIEW")


def test_all_given_back_in_the_dashboard_ends_the_payment(payment, stripe):
    stripe.post("/v1/refunds", {"payment_intent": payment.reference})

    applied(told(payment, "charge.refunded"))

    assert of_the_order() == ("CONFIRMED", "REFUNDED", "REFUNDED")


def test_another_amount_at_the_gateway_is_held_for_review(payment, stripe):
    stripe.post(f"/v1/payment_intents/{payment.reference}", {"amount": 4491})

    assert applied(told(payment)) == (
        True,
        "Held for review: The payment service has it as 44.91 EUR; the order is 44.90 EUR.",
    )

    assert of_the_order() == ("ON_HOLD", "PAID", "IN_REVIEW")
    assert applied(told(payment)) == (True, "A person has to look at it.")
    assert log().count("order.held") == 1


def test_another_currency_at_the_gateway_is_held_for_review(payment, stripe):
    stripe.post(f"/v1/payment_intents/{payment.reference}", {"currency": "usd"})

    applied(told(payment))

    assert of_the_order() == ("ON_HOLD", "PAID", "IN_REVIEW")
    payment.refresh_from_db()
    assert payment.review_reason == "The payment service has it as 44.90 USD; the order is 44.90 EUR."


def test_a_disputed_charge_keeps_the_parcel_here(payment):
    dispute = {"object": "dispute", "id": "dp_1", "payment_intent": payment.reference, "metadata": {}}

    outcomes = [applied(told(payment, "charge.dispute.created", **dispute)) for _ in range(2)]

    assert outcomes[0] == (True, "Held for review: The buyer disputes the charge.")
    assert outcomes[1] == (True, "A person was told before: The buyer disputes the charge.")
    assert of_the_order() == ("ON_HOLD", "PAID", "IN_REVIEW")
    assert log().count("order.held") == 1


@pytest.mark.parametrize("key", ["", "of another system", "3f0e6f0e-7c1f-4b6e-9d5e-000000000000", "\0"])
def test_a_payment_nobody_knows_is_noted_and_no_error(key):
    send(an_event(metadata={"payment": key}))

    assert applied(WebhookMessage.objects.get()) == (True, "It is about no payment of this shop.")


def test_a_payment_of_another_gateway_is_none_of_this_one(guest, variant):
    order_of(guest, (gid(variant), 1))

    send(an_event(metadata={"payment": str(Payment.objects.get().pk)}))

    assert applied(WebhookMessage.objects.get()) == (True, "It is about no payment of this shop.")


def test_a_message_while_the_checkout_runs_is_worked_on_later(payment):
    Payment.objects.update(state=PaymentState.REQUESTED, updated_at=timezone.now())

    assert applied(told(payment)) == (False, "The checkout is still running.")
    assert WebhookMessage.objects.get().tries == 1


def test_a_gateway_that_is_silent_is_asked_later_and_not_for_ever(payment, settings, stripe):
    message = told(payment)
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    assert applied(message) == (False, "Stripe gave no answer: APIConnectionError")
    assert tasks.apply_open_webhooks() == 0, "it is not due yet"

    for tried in range(2, webhooks.MAX_TRIES + 1):
        WebhookMessage.objects.update(received_at=F("received_at") - timedelta(days=3))
        assert tasks.apply_open_webhooks() == 1
        message.refresh_from_db()
        assert (message.tries, message.processed_at) == (tried, None)
    WebhookMessage.objects.update(received_at=F("received_at") - timedelta(days=3))
    assert tasks.apply_open_webhooks() == 0, "it was given up"

    settings.STRIPE_API_BASE = stripe.url
    message = webhooks.apply_again(message_id=message.pk)
    assert (message.processed_at is not None, message.outcome) == (True, "Both agree.")


def test_a_silent_gateway_is_not_asked_for_every_message_and_those_left_keep_their_tries(payment, settings):
    for _ in range(7):
        told(payment)
    other = WebhookMessage.objects.create(gateway="sandbox", message_id="1", type="charge.refunded", body={})
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    WebhookMessage.objects.update(received_at=F("received_at") - timedelta(hours=1))

    assert tasks.apply_open_webhooks() == 8

    tries = WebhookMessage.objects.filter(gateway="stripe").order_by("received_at").values_list("tries", flat=True)
    assert list(tries) == [1] * 5 + [0] * 2
    other.refresh_from_db()
    assert (other.tries, other.outcome) == (0, "It is about no payment of this shop.")


def test_one_message_that_cannot_be_worked_on_does_not_hold_up_the_others(payment):
    Payment.objects.update(gateway="gone")
    broken = WebhookMessage.objects.create(
        gateway="gone", message_id="1", type="charge.refunded", body={"reference": payment.reference}
    )
    send(an_event())
    WebhookMessage.objects.update(received_at=F("received_at") - timedelta(hours=1))

    assert tasks.apply_open_webhooks() == 2

    broken.refresh_from_db()
    assert (broken.processed_at, broken.outcome, broken.tries) == (None, "KeyError: 'gone'", 1)
    assert WebhookMessage.objects.get(gateway="stripe").processed_at is not None


def test_messages_that_are_due_are_found_by_their_index(payment):
    if connection.vendor != "postgresql":
        pytest.skip("plans are read on PostgreSQL")
    with CaptureQueriesContext(connection) as statements:
        tasks.apply_open_webhooks()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statements[0]['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "webhook_message_open" in plan
    assert "(tries = 11)" in plan, "what was given up is not read"


def test_what_is_done_or_given_up_goes_after_90_days_with_the_news_of_it(payment):
    done, given_up, still_open, new = (told(payment) for _ in range(4))
    WebhookMessage.objects.exclude(pk=new.pk).update(received_at=timezone.now() - timedelta(days=91))
    WebhookMessage.objects.filter(pk__in=[done.pk, new.pk]).update(processed_at=timezone.now())
    WebhookMessage.objects.filter(pk=given_up.pk).update(tries=webhooks.MAX_TRIES)

    assert [tasks.purge_webhooks(), tasks.purge_webhooks()] == [2, 0]

    assert set(WebhookMessage.objects.all()) == {still_open, new}
    assert {news.subject for news in Event.objects.filter(type="webhook.received")} == {still_open, new}
