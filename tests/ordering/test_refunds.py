"""Giving money back: by units, by amount, or all that is left; to the cent, once, and never more than was collected."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from notifications.models import Event
from ordering import tasks
from ordering.gateways import Outcome
from ordering.models import Order, OrderLine, Payment, Refund, RefundLine
from ordering.services import asking, refunding
from tests.conftest import Api, gid, make_variant
from tests.shopping import order_of

pytestmark = pytest.mark.django_db

REFUND = """
mutation($id: ID!, $key: String!, $input: RefundCreateInput!) {
  refundCreate(orderId: $id, idempotencyKey: $key, input: $input) {
    refund { id state reason amount { amount currency } lines { quantity amount { amount } orderLine { sku } } }
    order { paymentStatus payment { refunded { amount } refundable { amount } } }
    userErrors { code message field }
  }
}
"""
SHOWN = """
query($id: ID!, $t: String) { order(id: $id, guestToken: $t) {
  paymentStatus
  payment { gateway state amount { amount } captured { amount } refunded { amount } refundable { amount } reviewReason }
  refunds { state reason amount { amount currency } lines { quantity amount { amount } orderLine { sku } } }
} }
"""
CANCEL = 'mutation($id: ID!) { orderCancel(id: $id, reason: "No") { userErrors { code } } }'
BANK = {"token": "card", "gateway": "bank"}
BROKEN = "It arrived broken."


@pytest.fixture
def variant(shipping):
    return make_variant(price="10.00", stock=100)


@pytest.fixture
def order(bank, guest, variant):
    """Three units at 10.00 and 4.90 for shipping, collected by the bank."""
    order = order_of(guest, (gid(variant), 3), payment=BANK)
    assert order["paymentStatus"] == "PAID"
    return order


@pytest.fixture
def give_back(staff, django_capture_on_commit_callbacks):
    """The payload of a refund that staff make, once the bank was asked for it."""

    def give(order, key="1", api=None, **input):
        with django_capture_on_commit_callbacks(execute=True):
            return (api or Api(staff))(REFUND, id=order["id"], key=key, input={"reason": BROKEN, **input})[
                "refundCreate"
            ]

    return give


def units(order, quantity, position=0):
    return [{"orderLineId": order["lines"][position]["id"], "quantity": quantity}]


def refused(payload):
    assert payload["refund"] is None
    (error,) = payload["userErrors"]
    return error["code"], error["field"]


def given_back():
    """(paid back, order's payment status, state of the payment)"""
    payment = Payment.objects.select_related("order").get()
    return str(payment.refunded.amount), payment.order.payment_status, payment.state


def log():
    return list(Event.objects.order_by("occurred_at", "seq").values_list("type", flat=True))


def an_hour_passes():
    Refund.objects.update(updated_at=F("updated_at") - timedelta(hours=1))


def discounted(order, discount):
    """The order's only line, as if a promotion had taken so much off it; and nothing for shipping."""
    OrderLine.objects.update(discount_amount=Decimal(discount))
    total = Decimal(30) - Decimal(discount)
    Payment.objects.update(amount=total, captured_amount=total)


# ── What ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_unit_is_given_back_for_what_was_paid_for_it(bank, order, give_back):
    payload = give_back(order, lines=units(order, 1))

    assert payload["userErrors"] == []
    refund = payload["refund"]
    assert (refund["state"], refund["amount"]) == ("REQUESTED", {"amount": "10.00", "currency": "EUR"})
    sku = order["lines"][0]["sku"]
    assert refund["lines"] == [{"quantity": 1, "amount": {"amount": "10.00"}, "orderLine": {"sku": sku}}]
    assert payload["order"]["payment"] == {"refunded": {"amount": "10.00"}, "refundable": {"amount": "24.90"}}
    assert given_back() == ("10.00", "PARTIALLY_REFUNDED", "CAPTURED")
    assert bank.moved("refund") == ["10.00"]
    assert Refund.objects.get().state == "DONE"


def test_an_amount_is_given_back(bank, order, give_back):
    assert give_back(order, amount="4.90")["refund"]["amount"]["amount"] == "4.90"

    assert given_back() == ("4.90", "PARTIALLY_REFUNDED", "CAPTURED")
    assert bank.moved("refund") == ["4.90"]


def test_all_that_is_left_is_given_back_when_nothing_is_named(bank, order, give_back):
    give_back(order, lines=units(order, 1))

    assert give_back(order, key="2")["refund"]["amount"]["amount"] == "24.90"

    assert given_back() == ("34.90", "REFUNDED", "REFUNDED")
    assert bank.moved("refund") == ["10.00", "24.90"]
    assert refused(give_back(order, key="3")) == ("ACTION_NOT_ALLOWED", ["orderId"])


@pytest.mark.parametrize(
    ("discount", "shares"),
    [
        ("0.01", ["10.00", "10.00", "9.99"]),
        ("0.02", ["10.00", "9.99", "9.99"]),
        ("10.00", ["6.67", "6.67", "6.66"]),
        ("29.99", ["0.01"]),
    ],
)
def test_units_are_given_back_to_the_cent(order, give_back, discount, shares):
    discounted(order, discount)

    given = [give_back(order, key=str(n), lines=units(order, 1))["refund"] for n in range(len(shares))]

    assert [refund["amount"]["amount"] for refund in given] == shares
    assert Payment.objects.get().refundable.amount == 0


@pytest.mark.parametrize(("parts", "amounts"), [([1, 2], ["6.67", "13.33"]), ([2, 1], ["13.34", "6.66"])])
def test_however_the_units_are_divided_they_sum_to_what_was_paid(order, give_back, parts, amounts):
    discounted(order, "10.00")

    given = [give_back(order, key=str(n), lines=units(order, n))["refund"]["amount"]["amount"] for n in parts]

    assert given == amounts


def test_units_for_which_nothing_was_paid_are_not_given_back(order, give_back):
    OrderLine.objects.update(discount_amount=Decimal("29.99"))
    assert give_back(order, lines=units(order, 1))["refund"]["amount"]["amount"] == "0.01"

    assert refused(give_back(order, key="2", lines=units(order, 1))) == ("AMOUNT_INVALID", ["input", "lines"])
    assert RefundLine.objects.count() == 1


def test_where_tax_came_on_top_a_unit_is_given_back_with_its_tax(order, give_back):
    Order.objects.update(prices_include_tax=False)
    OrderLine.objects.update(tax_amount=Decimal("5.70"))

    assert give_back(order, lines=units(order, 1))["refund"]["amount"]["amount"] == "11.90"


def test_several_lines_are_given_back_at_once(bank, guest, shipping, give_back):
    variants = [make_variant(price=price) for price in ("10.00", "7.00")]
    order = order_of(guest, *((gid(variant), 2) for variant in variants), payment=BANK)

    payload = give_back(order, lines=units(order, 2) + units(order, 1, position=1))

    assert payload["refund"]["amount"]["amount"] == "27.00"
    assert sorted(line["amount"]["amount"] for line in payload["refund"]["lines"]) == ["20.00", "7.00"]


def test_the_same_line_twice_counts_together(order, give_back):
    payload = give_back(order, lines=units(order, 1) + units(order, 2))

    assert [line["quantity"] for line in payload["refund"]["lines"]] == [3]
    assert refused(give_back(order, key="2", lines=units(order, 1))) == (
        "QUANTITY_INVALID",
        ["input", "lines", "quantity"],
    )


# ── What not ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"amount": "34.91"}, "REFUND_TOO_LARGE", ["input", "amount"]),
        ({"amount": "1E+9000"}, "REFUND_TOO_LARGE", ["input", "amount"]),
        ({"amount": "0"}, "AMOUNT_INVALID", ["input", "amount"]),
        ({"amount": "-1.00"}, "AMOUNT_INVALID", ["input", "amount"]),
        ({"amount": "1.001"}, "AMOUNT_INVALID", ["input", "amount"]),
        ({"amount": "1E-9000"}, "AMOUNT_INVALID", ["input", "amount"]),
        ({"amount": "NaN"}, "AMOUNT_INVALID", ["input", "amount"]),
        ({"amount": "Infinity"}, "AMOUNT_INVALID", ["input", "amount"]),
        ({"amount": "1.00", "reason": "  "}, "REQUIRED", ["input", "reason"]),
        ({"amount": "1.00", "reason": "x" * 501}, "REQUIRED", ["input", "reason"]),
        ({"amount": "1.00", "reason": "a\0b"}, "REQUIRED", ["input", "reason"]),
        ({"lines": []}, "REQUIRED", ["input", "lines"]),
    ],
)
def test_what_cannot_be_given_back_is_refused(bank, order, give_back, input, code, field):
    before = log()

    assert refused(give_back(order, **input)) == (code, field)

    assert (Refund.objects.count(), given_back(), log()) == (0, ("0.00", "PAID", "CAPTURED"), before)
    assert "refund" not in bank.asked


@pytest.mark.parametrize("quantity", [0, -1, 4, 2_000_000_000])
def test_no_more_units_than_there_are_left(order, give_back, quantity):
    assert refused(give_back(order, lines=units(order, quantity))) == (
        "QUANTITY_INVALID",
        ["input", "lines", "quantity"],
    )
    assert Refund.objects.count() == 0


def test_units_after_an_amount_are_given_back_only_as_far_as_there_is_money(order, give_back):
    give_back(order, amount="30.00")

    assert refused(give_back(order, key="2", lines=units(order, 1))) == ("REFUND_TOO_LARGE", ["input", "lines"])


def test_lines_and_an_amount_together_are_refused(order, give_back):
    assert refused(give_back(order, lines=units(order, 1), amount="1.00")) == ("INVALID", ["input", "amount"])


def test_lines_of_another_order_are_refused(order, guest, variant, give_back):
    other = order_of(guest, (gid(variant), 1))

    assert refused(give_back(order, lines=units(other, 1))) == ("NOT_FOUND", ["input", "lines", "orderLineId"])


def test_a_currency_without_decimals_has_none(order, give_back):
    Order.objects.update(currency="JPY")
    Payment.objects.update(currency="JPY", amount=3000, captured_amount=3000)

    assert refused(give_back(order, amount="0.5")) == ("AMOUNT_INVALID", ["input", "amount"])
    assert give_back(order, amount="500")["refund"]["amount"] == {"amount": "500", "currency": "JPY"}


def test_what_was_not_collected_is_not_given_back(bank, guest, variant, give_back):
    bank.outcomes["authorize"] = Outcome.IN_REVIEW
    order = order_of(guest, (gid(variant), 1), payment=BANK)

    assert refused(give_back(order)) == ("ACTION_NOT_ALLOWED", ["orderId"])


def test_only_staff_give_back(order, customer, give_back):
    sent = {"id": order["id"], "key": "1", "input": {"reason": BROKEN}}

    assert Api().code(REFUND, **sent) == "UNAUTHENTICATED"
    assert Api(customer).code(REFUND, **sent) == "FORBIDDEN"
    assert Refund.objects.count() == 0


def test_the_database_itself_lets_nobody_give_back_more_than_was_collected(order):
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.update(refunded_amount=Decimal("34.91"))


# ── Once ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_same_key_gives_back_once(bank, order, staff, give_back):
    first = give_back(order, amount="10.00")["refund"]

    response = Api(staff).send(REFUND, id=order["id"], key="1", input={"reason": BROKEN, "amount": "10.00"})

    again = response["data"]["refundCreate"]["refund"]
    assert (again["id"], again["state"]) == (first["id"], "DONE")
    assert response["extensions"]["idempotency"] == {"replayed": True, "fields": {"refundCreate": True}}
    assert bank.moved("refund") == ["10.00"]


def test_the_same_key_answers_also_when_nothing_is_left(order, give_back):
    first = give_back(order)["refund"]

    assert give_back(order)["refund"]["id"] == first["id"]


@pytest.mark.parametrize("other", [{"amount": "10.01"}, {"amount": "10.00", "reason": "Another."}, {}])
def test_the_same_key_for_something_else_is_refused(order, give_back, other):
    give_back(order, amount="10.00")

    assert refused(give_back(order, **other)) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    assert Refund.objects.count() == 1


# ── The gateway ──────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("fault", ["silent", "lost"])
def test_what_the_gateway_did_not_answer_is_asked_for_until_it_does_and_done_once(bank, order, give_back, fault):
    getattr(bank, fault).add("refund")
    give_back(order, amount="10.00")
    assert given_back() == ("10.00", "PAID", "CAPTURED")
    assert Refund.objects.get().state == "REQUESTED"
    assert tasks.settle_open_refunds() == 0, "one that is being asked for is left alone"
    an_hour_passes()
    assert tasks.settle_open_refunds() == 1
    assert Refund.objects.get().state == "REQUESTED"

    getattr(bank, fault).clear()
    an_hour_passes()
    assert tasks.settle_open_refunds() == 1

    assert given_back() == ("10.00", "PARTIALLY_REFUNDED", "CAPTURED")
    assert bank.moved("refund") == ["10.00"]
    assert log().count("order.refunded") == 1
    an_hour_passes()
    assert tasks.settle_open_refunds() == 0


def test_refunds_that_cannot_be_settled_do_not_fill_every_batch(bank, guest, variant, give_back, monkeypatch):
    monkeypatch.setattr(refunding, "RECOVER_BATCH", 1)
    bank.silent.add("refund")
    first, second = (order_of(guest, (gid(variant), 1), payment=BANK) for _ in range(2))
    for order in (first, second):
        give_back(order)
    Payment.objects.filter(order__number=first["number"]).update(gateway="gone")
    bank.silent.clear()
    an_hour_passes()
    Refund.objects.filter(payment__gateway="gone").update(updated_at=F("updated_at") - timedelta(hours=1))

    assert [tasks.settle_open_refunds() for _ in range(2)] == [1, 1]

    assert set(Refund.objects.values_list("payment__gateway", "state")) == {("gone", "REQUESTED"), ("bank", "DONE")}


def test_a_silent_gateway_is_not_asked_for_every_refund_of_a_run_and_others_are(bank, guest, variant, give_back):
    bank.silent.add("refund")
    orders = [order_of(guest, (gid(variant), 1), payment=BANK) for _ in range(asking.MAX_SILENCE + 2)]
    for order in orders:
        give_back(order)
    Payment.objects.filter(order__number=orders[-1]["number"]).update(gateway="sandbox")
    asked = len(bank.asked)
    an_hour_passes()

    assert tasks.settle_open_refunds() == 7

    assert bank.asked[asked:] == ["refund"] * 5
    assert Refund.objects.filter(payment__gateway="bank", state="REQUESTED").count() == 6
    assert Refund.objects.get(payment__gateway="sandbox").state == "DONE"


def test_a_refund_that_was_not_asked_for_comes_before_those_that_were(bank, guest, variant, give_back, monkeypatch):
    monkeypatch.setattr(asking, "MAX_SILENCE", 1)
    bank.silent.add("refund")
    for _ in range(2):
        give_back(order_of(guest, (gid(variant), 1), payment=BANK))
    bank.silent.clear()
    bank.lost.add("refund")

    done = []
    for _ in range(2):
        an_hour_passes()
        tasks.settle_open_refunds()
        done.append(len(bank.moved("refund")))

    assert done == [1, 2]


def test_what_the_gateway_refuses_for_good_can_be_given_back_again(bank, order, give_back):
    bank.outcomes["refund"] = Outcome.DECLINED
    give_back(order, lines=units(order, 3))

    assert Refund.objects.get().state == "FAILED"
    assert given_back() == ("0.00", "PAID", "CAPTURED")
    failed = Event.objects.get(type="order.refund_failed")
    assert (failed.payload["amount"], failed.payload["reason"]) == ("30.00", "Insufficient funds.")
    assert "order.refunded" not in log()
    bank.outcomes.clear()
    assert give_back(order, key="2", lines=units(order, 3))["refund"]["amount"]["amount"] == "30.00"
    assert given_back() == ("30.00", "PARTIALLY_REFUNDED", "CAPTURED")


def test_a_part_that_failed_leaves_the_others_exact(bank, order, give_back):
    discounted(order, "10.00")
    bank.silent.add("refund")
    give_back(order, key="1", lines=units(order, 1))
    give_back(order, key="2", lines=units(order, 1))
    bank.silent.clear()
    bank.outcomes["refund"] = Outcome.DECLINED
    refunding.settle_refund(refund_id=Refund.objects.first().pk)
    bank.outcomes.clear()
    refunding.settle_refund(refund_id=Refund.objects.last().pk)
    assert list(Refund.objects.values_list("state", flat=True)) == ["FAILED", "DONE"]

    give_back(order, key="3", lines=units(order, 2))

    assert bank.moved("refund") == ["6.67", "13.33"]
    assert given_back() == ("20.00", "REFUNDED", "REFUNDED")


def test_the_buyer_hears_of_it_once_it_is_done(bank, customer, variant, give_back, mailoutbox):
    order = order_of(Api(customer), (gid(variant), 1), payment=BANK)

    give_back(order, amount="1.50")

    told = Event.objects.get(type="order.refunded")
    refund = Refund.objects.get()
    assert told.payload == {
        "number": order["number"],
        "refund_id": str(refund.pk),
        "amount": "1.50",
        "currency": "EUR",
        "reason": BROKEN,
    }
    assert told.message == f"1.50 EUR of order {order['number']} were given back."
    assert [str(user) for user in told.audience["users"]] == [str(customer.pk)]
    assert log().index("order.refund_requested") < log().index("order.refunded")
    (message,) = [message for message in mailoutbox if "were given back" in message.subject]
    assert message.to == ["buyer@example.com"]


# ── Orders that end ──────────────────────────────────────────────────────────────────────────────────────────────────
def cancelled(staff, order, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert Api(staff)(CANCEL, id=order["id"])["orderCancel"]["userErrors"] == []


def test_cancelling_gives_back_what_is_left(bank, order, staff, give_back, django_capture_on_commit_callbacks):
    give_back(order, amount="4.90")

    cancelled(staff, order, django_capture_on_commit_callbacks)

    assert given_back() == ("34.90", "REFUNDED", "REFUNDED")
    assert bank.moved("refund") == ["4.90", "30.00"]
    assert Refund.objects.last().reason == "The order was cancelled."
    assert log().count("order.refunded") == 2


@pytest.mark.parametrize("fault", ["silent", "lost"])
def test_what_a_cancelled_order_cost_is_given_back_later_and_once(
    bank, order, staff, django_capture_on_commit_callbacks, fault
):
    getattr(bank, fault).add("refund")
    cancelled(staff, order, django_capture_on_commit_callbacks)
    assert given_back() == ("34.90", "PAID", "CAPTURED")

    getattr(bank, fault).clear()
    an_hour_passes()
    assert tasks.settle_open_refunds() == 1

    assert given_back() == ("34.90", "REFUNDED", "REFUNDED")
    assert bank.moved("refund") == ["34.90"]


def test_the_sweep_gives_back_what_the_news_of_an_ended_order_did_not(bank, order, staff):
    assert Api(staff)(CANCEL, id=order["id"])["orderCancel"]["userErrors"] == []  # and its news is lost
    Payment.objects.update(updated_at=F("updated_at") - timedelta(hours=1))

    assert tasks.settle_open_payments() == 1

    assert given_back() == ("34.90", "REFUNDED", "REFUNDED")


def test_what_the_gateway_refused_to_give_back_is_left_to_a_person(
    bank, order, staff, give_back, django_capture_on_commit_callbacks
):
    bank.outcomes["refund"] = Outcome.DECLINED
    cancelled(staff, order, django_capture_on_commit_callbacks)
    assert given_back() == ("0.00", "PAID", "CAPTURED")
    Payment.objects.update(updated_at=F("updated_at") - timedelta(hours=1))
    assert tasks.settle_open_payments() == 0

    bank.outcomes.clear()
    assert give_back(order)["refund"]["amount"]["amount"] == "34.90"

    assert given_back() == ("34.90", "REFUNDED", "REFUNDED")
    assert bank.moved("refund") == ["34.90"]


def test_what_failed_and_was_given_back_since_does_not_keep_the_rest(
    bank, order, staff, give_back, django_capture_on_commit_callbacks
):
    bank.outcomes["refund"] = Outcome.DECLINED
    give_back(order, amount="4.90")
    bank.outcomes.clear()
    give_back(order, key="2", amount="4.90")

    cancelled(staff, order, django_capture_on_commit_callbacks)

    assert given_back() == ("34.90", "REFUNDED", "REFUNDED")
    assert bank.moved("refund") == ["4.90", "30.00"]


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_buyer_sees_what_was_given_back(order, guest, give_back):
    give_back(order, lines=units(order, 2))

    shown = guest(SHOWN, id=order["id"], t=order["guestToken"])["order"]

    assert shown["payment"] == {
        "gateway": "bank",
        "state": "CAPTURED",
        "amount": {"amount": "34.90"},
        "captured": {"amount": "34.90"},
        "refunded": {"amount": "20.00"},
        "refundable": {"amount": "14.90"},
        "reviewReason": None,
    }
    sku = order["lines"][0]["sku"]
    assert shown["refunds"] == [
        {
            "state": "DONE",
            "reason": BROKEN,
            "amount": {"amount": "20.00", "currency": "EUR"},
            "lines": [{"quantity": 2, "amount": {"amount": "20.00"}, "orderLine": {"sku": sku}}],
        }
    ]


def test_why_a_payment_is_in_review_is_for_staff(bank, guest, staff, variant):
    bank.outcomes["authorize"] = Outcome.IN_REVIEW
    order = order_of(guest, (gid(variant), 1), payment=BANK)

    seen = [
        api(SHOWN, id=order["id"], t=order["guestToken"])["order"]["payment"]["reviewReason"]
        for api in (guest, Api(staff))
    ]

    assert seen == [None, "Insufficient funds."]


def test_payments_and_refunds_of_a_list_cost_the_same_for_one_order_and_for_many(
    bank, guest, staff, variant, give_back
):
    query = """{ orders { edges { node { payment { state refundable { amount } }
      refunds { state amount { amount } lines { quantity amount { amount } orderLine { sku } } } } } } }"""
    api = Api(staff)
    statements = []

    def counted():
        with CaptureQueriesContext(connection) as captured:
            api(query)
        return len(captured)

    for _ in range(3):
        order = order_of(guest, (gid(variant), 2), payment=BANK)
        give_back(order, key="1", lines=units(order, 1))
        give_back(order, key="2", amount="1.00")
        statements.append(counted())

    assert len(set(statements)) == 1, statements
