"""Parcels and returns at the same moment: nothing leaves twice, comes back twice or is paid back twice."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from strawberry.relay.utils import from_base64

from tests.shopping import order_of

pytestmark = pytest.mark.services

CALLS = 20
# So many of them are sure to be held by the same lock; the others queue for a connection behind them.
HELD = 8
ORDER = "SELECT id FROM ordering_order WHERE id = %s FOR UPDATE"
ERRORS = "userErrors { code }"
FULFIL = f"""mutation($id: ID!, $key: String, $line: ID!) {{
  orderFulfill(id: $id, idempotencyKey: $key, input: {{ lines: [{{ orderLineId: $line, quantity: 1 }}] }}) {{
    fulfillment {{ id }} {ERRORS} }} }}"""
REQUEST = f"""mutation($id: ID!, $key: String!, $line: ID!, $quantity: Int!, $token: String) {{
  returnRequest(orderId: $id, idempotencyKey: $key, guestToken: $token,
    input: {{ lines: [{{ orderLineId: $line, quantity: $quantity, reason: DAMAGED }}] }}) {{
    return {{ id lines {{ id }} }} {ERRORS} }} }}"""
APPROVE = f"mutation($id: ID!) {{ returnApprove(id: $id) {{ {ERRORS} }} }}"
RECEIVE = f"""mutation($id: ID!, $key: String!, $line: ID!) {{
  returnReceive(id: $id, idempotencyKey: $key, lines: [{{ returnLineId: $line, restock: 2 }}]) {{ {ERRORS} }} }}"""
REFUND = f"mutation($id: ID!, $key: String!) {{ returnRefund(id: $id, idempotencyKey: $key) {{ {ERRORS} }} }}"
STOCK = "SELECT on_hand FROM catalog_stocklevel WHERE variant_id = %s"


@pytest.fixture
def variant(stack):
    return stack.variant(stock=100, position=60)


@pytest.fixture
def order(stack, variant):
    return order_of(stack.guest(), (variant, 10))


@pytest.fixture
def desks(stack):
    """Staff at two web processes, connected already."""
    return _connected(stack.person("staff", web=number % 2) for number in range(CALLS))


def test_twenty_parcels_at_once_send_what_was_ordered_and_no_more(stack, desks, order):
    (line,) = order["lines"]

    payloads = at_once(stack, order, desks, FULFIL, "orderFulfill", key=lambda: None, line=line["id"])

    assert sorted(codes(payloads)) == [""] * 10 + sorted(codes(payloads))[10:]
    assert set(codes(payloads)) == {"", "ACTION_NOT_ALLOWED"}  # the tenth was the last: the order is shipped
    sent = "SELECT sum(quantity) FROM ordering_fulfillmentline WHERE order_line_id = %s"
    assert stack.database.value(sent, from_base64(line["id"])[1]) == 10
    assert stack.unexpected_errors() == []


def test_twenty_calls_with_one_key_are_one_parcel(stack, desks, order):
    (line,) = order["lines"]

    payloads = at_once(stack, order, desks, FULFIL, "orderFulfill", key=lambda: "one", line=line["id"])

    assert codes(payloads) == [""] * CALLS
    assert len({payload["fulfillment"]["id"] for payload in payloads}) == 1
    parcels = "SELECT count(*) FROM ordering_fulfillment WHERE order_id = %s"
    assert stack.database.value(parcels, from_base64(order["id"])[1]) == 1
    assert stack.unexpected_errors() == []


def test_twenty_at_once_bring_back_receive_and_are_paid_once(stack, desks, order, variant):
    (line,) = order["lines"]
    for _ in range(3):
        assert codes([desks[0](FULFIL, id=order["id"], line=line["id"])["orderFulfill"]]) == [""]
    stock = stack.database.value(STOCK, int(from_base64(variant)[1]))

    asking = {"token": order["guestToken"], "line": line["id"], "quantity": 2}
    asked = at_once(stack, order, desks, REQUEST, "returnRequest", **asking)
    (made,) = [payload["return"] for payload in asked if payload["return"]]
    assert codes([desks[0](APPROVE, id=made["id"])["returnApprove"]]) == [""]
    received = at_once(stack, order, desks, RECEIVE, "returnReceive", id=made["id"], line=made["lines"][0]["id"])
    paid = at_once(stack, order, desks, REFUND, "returnRefund", id=made["id"])

    assert sorted(codes(asked)) == ["", *["QUANTITY_INVALID"] * (CALLS - 1)]
    assert sorted(codes(received)) == sorted(codes(paid)) == ["", *["ACTION_NOT_ALLOWED"] * (CALLS - 1)]
    assert stack.database.value(STOCK, int(from_base64(variant)[1])) == stock + 2
    refunds = (
        "SELECT count(*) FROM ordering_refund r JOIN ordering_payment p ON p.id = r.payment_id WHERE order_id = %s"
    )
    assert stack.database.value(refunds, from_base64(order["id"])[1]) == 1
    stack.wait_for_event(order["number"], "order.refunded")
    assert stack.unexpected_errors() == []


def at_once(stack, order, callers, mutation, field, *, key=lambda: str(uuid.uuid4()), **variables):
    """The payloads of the same call by everybody, held at the order's lock until they all are there."""
    variables = {"id": order["id"], **variables}
    with ThreadPoolExecutor(len(callers)) as pool:
        with stack.database.held(ORDER, from_base64(order["id"])[1], until_waiting=HELD):
            calling = [pool.submit(caller, mutation, **variables, key=key()) for caller in callers]
        return [one.result()[field] for one in calling]


def codes(payloads):
    """The code of each refusal; an empty text where there was none."""
    return ["".join(error["code"] for error in payload["userErrors"]) for payload in payloads]


def _connected(people):
    people = list(people)
    for person in people:
        person.http.get("/healthz")
    return people
