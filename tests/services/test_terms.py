"""What the shop offers, kept in two processes: a change is in the next answer of both, and no checkout misses it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from strawberry.relay.utils import from_base64

from tests.services.stack import wait_until
from tests.shopping import cart_with, checkout

pytestmark = pytest.mark.services

CREATE = """
mutation($input: PromotionCreateInput!) {
  promotionCreate(input: $input) { promotion { id } userErrors { code message } } }
"""
DEACTIVATE = "mutation($id: ID!) { promotionDeactivate(id: $id) { userErrors { code } } }"
DISCOUNT = "query($id: ID!) { cart(id: $id) { discountTotal { amount } } }"
CATEGORY_CREATE = """
mutation($input: CategoryCreateInput!) { categoryCreate(input: $input) { category { id } userErrors { code message } } }
"""
CATEGORY_DELETE = "mutation($id: ID!) { categoryDelete(id: $id) { userErrors { code } } }"
TERMS = {"name": "Ten off", "kind": "FIXED", "amount": "10", "currency": "EUR"}
BUYERS = 8


@pytest.fixture
def promotion(stack):
    """The id of one that takes 10 off every cart."""
    made = stack.person("admin")(CREATE, input=TERMS)["promotionCreate"]
    assert made["userErrors"] == []
    yield made["promotion"]["id"]
    stack.person("admin")(DEACTIVATE, id=made["promotion"]["id"])


def test_what_one_process_changes_the_other_answers_with_at_once(stack, promotion):
    buyers = [stack.guest(web=number) for number in (0, 1)]
    cart = cart_with(buyers[0], (stack.variant(position=70), 1))["id"]

    def discounts():
        return [buyer(DISCOUNT, id=cart)["cart"]["discountTotal"]["amount"] for buyer in buyers]

    seen = [discounts()]
    for amount in ("4", "6"):
        changed = "UPDATE ordering_promotion SET amount = %s WHERE id = %s"
        stack.database.rows(changed, amount, from_base64(promotion)[1])
        seen.append(discounts())
    stack.person("admin", web=1)(DEACTIVATE, id=promotion)
    seen.append(discounts())

    assert seen == [["10.00"] * 2, ["4.00"] * 2, ["6.00"] * 2, ["0.00"] * 2]


def test_a_promotion_that_is_stopped_while_buyers_check_out_is_given_to_none_of_them(stack, promotion):
    variant = stack.variant(position=71)
    buyers = [stack.guest(web=number % 2) for number in range(BUYERS)]
    carts = [cart_with(buyer, (variant, 1))["id"] for buyer in buyers]

    with ThreadPoolExecutor(BUYERS) as pool:
        stopped = "UPDATE ordering_promotion SET is_active = false WHERE id = %s"
        with stack.database.held(stopped, from_base64(promotion)[1], until_waiting=BUYERS):
            buying = [
                pool.submit(checkout, buyer, cart, email=f"late{number}@example.com")
                for number, (buyer, cart) in enumerate(zip(buyers, carts, strict=True))
            ]
        payloads = [one.result() for one in buying]

    assert Counter(error["code"] for payload in payloads for error in payload["userErrors"]) == {
        "PRICE_CHANGED": BUYERS
    }
    assert stack.unexpected_errors() == []


def test_a_category_goes_while_a_promotion_for_it_is_made_and_neither_waits_for_ever(stack):
    admin, other = stack.person("admin"), stack.person("admin", web=1)
    category = admin(CATEGORY_CREATE, input={"name": "Short-lived"})["categoryCreate"]["category"]["id"]

    with ThreadPoolExecutor(2) as pool:
        with stack.database.held("UPDATE ordering_terms SET version = version", until_waiting=2):
            making = pool.submit(other, CREATE, input=TERMS | {"categoryIds": [category]})
            wait_until(stack.database.waiting, "the promotion waits")
            deleting = pool.submit(admin, CATEGORY_DELETE, id=category)
        made, deleted = making.result()["promotionCreate"], deleting.result()["categoryDelete"]

    assert (made["userErrors"], deleted["userErrors"]) == ([], [])
    assert stack.unexpected_errors() == []
    admin(DEACTIVATE, id=made["promotion"]["id"])
