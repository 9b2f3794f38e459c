"""One guest's cart merged by many at the same moment, on several processes: one effect."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from strawberry.relay.utils import from_base64

from tests.shopping import cart_with

pytestmark = pytest.mark.services

CALLS = 20
MERGE = """
mutation($id: ID!) {
  cartMerge(guestCartId: $id) { cart { id itemCount } outcomes { sku outcome quantity } userErrors { code } }
}
"""
CARTS = "{ carts { totalCount } }"
CART_LOCK = "SELECT id FROM ordering_cart WHERE id = %s FOR UPDATE"
QUANTITIES = "SELECT quantity FROM ordering_cartline WHERE cart_id = %s"


@pytest.mark.parametrize(("who", "has_cart"), [("customer", True), ("second", False)])
def test_twenty_calls_at_once_merge_a_cart_once(stack, who, has_cart):
    variant = stack.variant(stock=100, position=7)
    customers = [stack.person(who, web=number % 2) for number in range(CALLS)]
    before = customers[0](CARTS)["carts"]["totalCount"]
    if has_cart:
        cart_with(customers[0], (variant, 1))
    guests = cart_with(stack.guest(), (variant, 3))

    with ThreadPoolExecutor(CALLS) as pool:
        with stack.database.held(CART_LOCK, from_base64(guests["id"])[1], until_waiting=1):
            merging = [pool.submit(customer, MERGE, id=guests["id"]) for customer in customers]
        payloads = [one.result()["cartMerge"] for one in merging]

    assert payloads == [payloads[0]] * CALLS
    assert payloads[0]["userErrors"] == []
    (outcome,) = payloads[0]["outcomes"]
    assert (outcome["outcome"], outcome["quantity"]) == (("SUMMED", 4) if has_cart else ("ADDED", 3))
    key = from_base64(payloads[0]["cart"]["id"])[1]
    assert stack.database.rows(QUANTITIES, key) == [(outcome["quantity"],)]
    assert customers[0](CARTS)["carts"]["totalCount"] == before + 1
    assert stack.unexpected_errors() == []
