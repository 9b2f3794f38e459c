"""Many buyers at the same moment: nothing is sold twice, nothing is ordered twice, nobody waits for ever."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from strawberry.relay.utils import from_base64

from tests.shopping import cart_with, checkout

pytestmark = pytest.mark.services

BUYERS = 50
# So many of them are sure to be held by the same lock; the others queue for a connection behind them.
HELD = 20
STOCK = "SELECT on_hand FROM catalog_stocklevel WHERE variant_id = %s"
ADD = """
mutation($cart: ID!, $lines: [CartLineInput!]!) { cartLinesAdd(cartId: $cart, lines: $lines) { userErrors { code } } }
"""
CANCEL = """
mutation($id: ID!, $token: String) {
  orderCancel(id: $id, reason: "changed my mind", guestToken: $token) { order { status } userErrors { code } }
}
"""
ADJUST = """
mutation($id: ID!, $delta: Int!) {
  variantStockAdjust(id: $id, delta: $delta, reason: CORRECTED) { userErrors { code } }
}
"""
MOVEMENTS = "SELECT before, after FROM catalog_stockmovement WHERE variant_id = %s ORDER BY id"


def test_fifty_buyers_of_ten_pieces_make_ten_orders(stack):
    variant, key = _variant(stack, stock=10)
    buyers = _guests(stack, BUYERS)
    carts = [cart_with(buyer, (variant, 1))["id"] for buyer in buyers]

    with ThreadPoolExecutor(BUYERS) as pool:
        with stack.database.held(f"{STOCK} FOR UPDATE", key, until_waiting=HELD):
            buying = [pool.submit(checkout, buyer, cart) for buyer, cart in zip(buyers, carts, strict=True)]
        payloads = [one.result() for one in buying]

    refused = Counter(error["code"] for payload in payloads for error in payload["userErrors"])
    ordered = {payload["order"]["number"] for payload in payloads if payload["order"]}
    assert (len(ordered), refused) == (10, {"OUT_OF_STOCK": 40})
    assert stack.database.value(STOCK, key) == 0
    sold = "SELECT sum(quantity), count(DISTINCT order_id) FROM ordering_orderline WHERE variant_id = %s"
    assert stack.database.rows(sold, key) == [(10, 10)]
    assert stack.unexpected_errors() == []


def test_fifty_calls_with_one_key_make_one_order(stack):
    variant, key = _variant(stack, stock=100)
    callers = _guests(stack, BUYERS)
    cart = cart_with(callers[0], (variant, 2))

    with ThreadPoolExecutor(BUYERS) as pool:
        lock = "SELECT id FROM ordering_cart WHERE id = %s FOR UPDATE"
        with stack.database.held(lock, from_base64(cart["id"])[1], until_waiting=HELD):
            calling = [pool.submit(checkout, caller, cart["id"], key="one-and-the-same") for caller in callers]
        payloads = [one.result() for one in calling]

    assert [payload["userErrors"] for payload in payloads] == [[]] * BUYERS
    (number,) = {payload["order"]["number"] for payload in payloads}
    assert len({payload["guestToken"] for payload in payloads}) == 1
    assert stack.events(number) == [(1, "order.placed"), (2, "order.confirmed"), (3, "order.paid")]
    payments = "SELECT state FROM ordering_payment JOIN ordering_order o ON o.id = order_id WHERE cart_id = %s"
    assert stack.database.rows(payments, from_base64(cart["id"])[1]) == [("CAPTURED",)]
    assert stack.database.value(STOCK, key) == 98
    stack.wait_until_dispatched()
    assert len(stack.emails_about(number)) == 1
    assert stack.unexpected_errors() == []


def test_carts_with_the_same_variants_in_opposite_order_do_not_block_each_other(stack):
    variants = [_variant(stack, stock=100, position=position) for position in range(10, 15)]
    buyers = _guests(stack, 2)
    there = _filled_one_by_one(buyers[0], [variant for variant, _ in variants])
    back = _filled_one_by_one(buyers[1], [variant for variant, _ in reversed(variants)])
    middle = variants[len(variants) // 2][1]

    with ThreadPoolExecutor(2) as pool:
        # Were stock locked in the order of the lines, each would now come to hold what the other one needs.
        with stack.database.held(f"{STOCK} FOR UPDATE", middle, until_waiting=2):
            buying = [pool.submit(checkout, buyer, cart) for buyer, cart in zip(buyers, (there, back), strict=True)]
        payloads = [one.result() for one in buying]

    assert [payload["userErrors"] for payload in payloads] == [[], []]
    assert [stack.database.value(STOCK, key) for _, key in variants] == [98] * len(variants)
    assert stack.unexpected_errors() == []


def test_buying_and_cancelling_at_once_leaves_the_stock_as_it_was(stack):
    variants = [_variant(stack, stock=100, position=position) for position in range(30, 40)]
    rounds = range(16)

    def buy_and_cancel(number: int) -> str:
        buyer = stack.guest(web=number % 2)
        lines = [(variant, 1) for variant, _ in variants]
        payload = checkout(buyer, cart_with(buyer, *lines)["id"])
        assert payload["userErrors"] == []
        cancelled = buyer(CANCEL, id=payload["order"]["id"], token=payload["guestToken"])["orderCancel"]
        assert cancelled == {"order": {"status": "CANCELLED"}, "userErrors": []}
        return payload["order"]["number"]

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(buy_and_cancel, rounds))

    assert [stack.database.value(STOCK, key) for _, key in variants] == [100] * len(variants)
    stack.wait_until_dispatched()
    for number in numbers:
        stack.wait_for_event(number, "order.refunded")
        story = stack.history(number)
        assert [seq for seq, _ in story] == list(range(1, len(story) + 1))
    assert stack.unexpected_errors() == []


def test_twenty_corrections_at_once_in_two_processes_sum_exactly(stack):
    variant, key = _variant(stack, stock=100, position=50)
    stack.database.rows("DELETE FROM catalog_stockmovement WHERE variant_id = %s", key)
    keepers = [stack.person("admin", web=number % 2) for number in range(HELD)]
    for keeper in keepers:
        keeper.http.get("/healthz")
    deltas = [number if number % 2 else -number for number in range(1, HELD + 1)]

    with ThreadPoolExecutor(HELD) as pool:
        with stack.database.held(f"{STOCK} FOR UPDATE", key, until_waiting=HELD):
            moving = [
                pool.submit(keeper, ADJUST, id=variant, delta=n) for keeper, n in zip(keepers, deltas, strict=True)
            ]
        payloads = [one.result()["variantStockAdjust"] for one in moving]

    assert payloads == [{"userErrors": []}] * HELD
    assert stack.database.value(STOCK, key) == 100 + sum(deltas)
    chain = stack.database.rows(MOVEMENTS, key)
    assert sorted(after - before for before, after in chain) == sorted(deltas)
    assert [before for before, _ in chain] == [100, *(after for _, after in chain[:-1])]
    assert stack.unexpected_errors() == []


def _guests(stack, count):
    """Buyers without an account, divided between the web processes, connected already."""
    guests = [stack.guest(web=number % 2) for number in range(count)]
    for guest in guests:
        guest.http.get("/healthz")
    return guests


def _filled_one_by_one(buyer, variants):
    """The id of a cart whose lines are in this order."""
    cart = cart_with(buyer, (variants[0], 1))["id"]
    for variant in variants[1:]:
        added = buyer(ADD, cart=cart, lines=[{"variantId": variant, "quantity": 1}])
        assert added["cartLinesAdd"] == {"userErrors": []}
    return cart


def _variant(stack, *, stock, position=1):
    """A variant's global id and its key."""
    variant = stack.variant(stock=stock, position=position)
    return variant, int(from_base64(variant)[1])
