"""Comparing with the gateway's books: what lags is settled, what differs is held for a person."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from moneyed import Money

from notifications.models import Event
from ordering import tasks
from ordering.gateways import Stage, Standing
from ordering.models import Order, Payment, Refund
from ordering.services import reconciling
from tests.conftest import Api, gid, make_variant
from tests.shopping import order_of

pytestmark = pytest.mark.django_db

BANK = {"token": "card", "gateway": "bank"}
ACCEPT = """mutation($id: ID!) { paymentAccept(orderId: $id, idempotencyKey: "1") {
  payment { state } userErrors { code } } }"""
HOLD = 'mutation($id: ID!) { orderHold(id: $id, reason: "Checking") { userErrors { code } } }'
CANCEL = 'mutation($id: ID!) { orderCancel(id: $id, reason: "No") { userErrors { code } } }'


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=10)


@pytest.fixture
def order(bank, guest, variant):
    """An order of 44.90 that the bank has collected."""
    return order_of(guest, (gid(variant), 2), payment=BANK)


def books(bank, stage=Stage.CAPTURED, amount="44.90", currency="EUR", captured="44.90", refunded="0.00"):
    bank.standings["bank-1"] = Standing(stage, *(Money(value, currency) for value in (amount, captured, refunded)))


def states():
    order = Order.objects.select_related("payment").get()
    return order.status, order.payment_status, order.payment.state


def an_hour_passes():
    Payment.objects.update(updated_at=F("updated_at") - timedelta(hours=1))


def reconciled():
    an_hour_passes()
    return tasks.reconcile_payments()


def log():
    return list(Event.objects.order_by("occurred_at", "seq").values_list("type", flat=True))


def test_what_agrees_is_left_as_it_is_and_compared_once_a_day(bank, order):
    before = log()
    assert tasks.reconcile_payments() == 0, "one that changed just now is left alone"

    assert reconciled() == 1

    assert (states(), log()) == (("CONFIRMED", "PAID", "CAPTURED"), before)
    assert tasks.reconcile_payments() == 0
    Payment.objects.update(reconciled_at=F("reconciled_at") - timedelta(hours=25))
    assert tasks.reconcile_payments() == 1
    Payment.objects.update(
        reconciled_at=F("reconciled_at") - timedelta(days=9), updated_at=F("updated_at") - timedelta(days=9)
    )
    assert tasks.reconcile_payments() == 0


@pytest.mark.parametrize(
    "differs",
    [{"amount": "40.00"}, {"currency": "USD"}, {"captured": "40.00"}, {"captured": "0.00", "stage": Stage.AUTHORIZED}],
)
def test_what_differs_is_held_for_a_person_and_the_order_with_it(bank, order, staff, differs):
    books(bank, **differs)

    reconciled()

    assert states() == ("ON_HOLD", "PAID", "IN_REVIEW")
    assert Payment.objects.get().review_reason.startswith("The payment service has")
    assert log().count("order.payment_in_review") == 1
    reconciled()
    assert log().count("order.payment_in_review") == 1, "it is told once"
    assert Api(staff)(ACCEPT, id=order["id"])["paymentAccept"]["userErrors"] == []
    Payment.objects.update(reconciled_at=None)
    reconciled()
    assert states() == ("ON_HOLD", "PAID", "CAPTURED"), "what a person has looked at is not held again"


def test_an_authorisation_that_ended_at_the_gateway_is_held(bank, guest, variant, policy):
    policy.threshold_amount = 10
    policy.save()
    order_of(guest, (gid(variant), 2), payment=BANK)
    assert states() == ("AWAITING_APPROVAL", "AUTHORIZED", "AUTHORIZED")
    books(bank, stage=Stage.ENDED, captured="0.00")

    reconciled()

    assert states() == ("AWAITING_APPROVAL", "AUTHORIZED", "IN_REVIEW")


def test_an_answer_that_was_lost_is_found_in_the_books(bank, guest, staff, variant):
    bank.lost.add("capture")
    order = order_of(guest, (gid(variant), 2), payment=BANK)
    assert Api(staff)(HOLD, id=order["id"])["orderHold"]["userErrors"] == []
    assert states() == ("ON_HOLD", "AUTHORIZED", "AUTHORIZED")

    assert reconciled() == 1

    assert states() == ("ON_HOLD", "PAID", "CAPTURED")
    assert log().count("order.paid") == 1
    assert bank.movements() == ["authorize", "capture"]


def test_what_was_given_back_at_the_gateway_is_known_afterwards(bank, order):
    books(bank, refunded="10.00")

    reconciled()

    payment = Payment.objects.get()
    assert (str(payment.refunded.amount), str(payment.refundable.amount)) == ("10.00", "34.90")
    assert states() == ("CONFIRMED", "PARTIALLY_REFUNDED", "CAPTURED")
    assert Refund.objects.get().state == "DONE"
    assert Event.objects.get(type="order.refunded").payload["amount"] == "10.00"
    reconciled()
    assert Refund.objects.count() == 1


def test_a_refund_that_is_being_asked_for_is_not_taken_for_another(
    bank, order, staff, django_capture_on_commit_callbacks
):
    bank.lost.add("refund")
    with django_capture_on_commit_callbacks(execute=True):
        Api(staff)(CANCEL, id=order["id"])
    assert states() == ("CANCELLED", "PAID", "CAPTURED")
    bank.lost.clear()

    reconciled()

    assert states() == ("CANCELLED", "REFUNDED", "REFUNDED")
    assert (Refund.objects.count(), bank.moved("refund")) == (1, ["44.90"])


def test_a_gateway_without_books_has_nothing_to_compare(guest, variant):
    order_of(guest, (gid(variant), 1))

    assert reconciled() == 1

    assert states() == ("CONFIRMED", "PAID", "CAPTURED")


def test_a_silent_gateway_is_asked_again_the_next_day(bank, order):
    bank.silent.add("standing")
    assert reconciled() == 0
    assert states() == ("CONFIRMED", "PAID", "CAPTURED")

    bank.silent.clear()
    Payment.objects.update(reconciled_at=F("reconciled_at") - timedelta(hours=25))

    assert tasks.reconcile_payments() == 1


def test_one_payment_that_cannot_be_compared_does_not_hold_up_the_others(bank, guest, variant, monkeypatch):
    monkeypatch.setattr(reconciling, "BATCH", 1)
    for _ in range(2):
        order_of(guest, (gid(variant), 1), payment=BANK)
    Payment.objects.filter(pk=Payment.objects.order_by("created_at").first().pk).update(gateway="gone")
    an_hour_passes()

    assert [tasks.reconcile_payments() for _ in range(3)] == [0, 1, 0]


def test_payments_to_compare_are_found_by_their_index(bank, order):
    if connection.vendor != "postgresql":
        pytest.skip("plans are read on PostgreSQL")
    with CaptureQueriesContext(connection) as statements:
        tasks.reconcile_payments()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statements[0]['sql']}")
        assert "payment_by_change" in "\n".join(row[0] for row in cursor.fetchall())
