"""Money goes back from several processes at the same moment: never more than was collected, and once a key."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from strawberry.relay.utils import from_base64

from tests.shopping import order_of

pytestmark = pytest.mark.services

CALLERS = 10
REFUND = """
mutation($id: ID!, $key: String!, $input: RefundCreateInput!) {
  refundCreate(orderId: $id, idempotencyKey: $key, input: $input) {
    refund { id amount { amount } }
    userErrors { code }
  }
}
"""
MONEY = """
SELECT p.captured_amount, p.refunded_amount, p.state, o.payment_status
FROM ordering_payment p JOIN ordering_order o ON o.id = p.order_id WHERE o.id = %s
"""
REFUNDS = """
SELECT r.state, count(*), sum(r.amount) FROM ordering_refund r JOIN ordering_payment p ON p.id = r.payment_id
WHERE p.order_id = %s GROUP BY r.state
"""


def test_refunds_at_the_same_moment_never_exceed_what_was_collected(stack):
    order, key = _order(stack)

    payloads = _all_at_once(stack, order, key, [(str(n), {"amount": "10.00"}) for n in range(CALLERS)])

    refused = Counter(error["code"] for payload in payloads for error in payload["userErrors"])
    # 44.90 were collected.
    assert (sum(payload["refund"] is not None for payload in payloads), refused) == (4, {"REFUND_TOO_LARGE": 6})
    stack.wait_until_dispatched()
    assert stack.database.rows(REFUNDS, key) == [("DONE", 4, Decimal("40.000"))]
    assert stack.database.rows(MONEY, key) == [(Decimal("44.900"), Decimal("40.000"), "CAPTURED", "PARTIALLY_REFUNDED")]
    assert stack.unexpected_errors() == []


def test_one_key_at_the_same_moment_gives_back_once(stack):
    order, key = _order(stack)

    payloads = _all_at_once(stack, order, key, [("one-and-the-same", {})] * CALLERS)

    assert [payload["userErrors"] for payload in payloads] == [[]] * CALLERS
    assert len({payload["refund"]["id"] for payload in payloads}) == 1
    stack.wait_until_dispatched()
    assert stack.database.rows(REFUNDS, key) == [("DONE", 1, Decimal("44.900"))]
    assert stack.database.rows(MONEY, key) == [(Decimal("44.900"), Decimal("44.900"), "REFUNDED", "REFUNDED")]
    assert [type_ for _, type_ in stack.events(order["number"])].count("order.refunded") == 1
    assert stack.unexpected_errors() == []


def test_units_at_the_same_moment_are_given_back_once_each(stack):
    order, key = _order(stack)
    lines = [{"orderLineId": order["lines"][0]["id"], "quantity": 1}]

    payloads = _all_at_once(stack, order, key, [(str(n), {"lines": lines}) for n in range(CALLERS)])

    refused = Counter(error["code"] for payload in payloads for error in payload["userErrors"])
    given = [payload["refund"]["amount"]["amount"] for payload in payloads if payload["refund"]]
    assert (given, refused) == (["20.00", "20.00"], {"QUANTITY_INVALID": 8})


def _order(stack):
    """A paid order of two units at 20.00 and 4.90 for shipping, and its key."""
    order = order_of(stack.guest(), (stack.variant(price="20.00"), 2))
    assert order["paymentStatus"] == "PAID"
    stack.wait_until_dispatched()
    return order, from_base64(order["id"])[1]


def _all_at_once(stack, order, key, asked):
    """The payloads of refunds that both web processes are asked for while the order's row is held."""
    staff = [stack.person("staff", web=number % 2) for number in range(len(asked))]
    for person in staff:
        person.http.get("/healthz")
    with ThreadPoolExecutor(len(asked)) as pool:
        lock = "SELECT id FROM ordering_order WHERE id = %s FOR UPDATE"
        with stack.database.held(lock, key, until_waiting=len(asked)):
            asking = [
                pool.submit(person, REFUND, id=order["id"], key=name, input={"reason": "Broken", **input})
                for person, (name, input) in zip(staff, asked, strict=True)
            ]
        return [one.result()["refundCreate"] for one in asking]
