"""Many buyers of one coupon at the same moment: it is used as often as it may be, and no more."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from strawberry.relay.utils import from_base64, to_base64

from tests.shopping import cart_with, checkout

pytestmark = pytest.mark.services

BUYERS = 50
# So many of them are sure to be held by the same lock; the others queue for a connection behind them.
HELD = 20
COUPON = "SELECT times_used FROM ordering_promotion WHERE id = %s"
CREATE = """
mutation($input: CouponCreateInput!) { couponCreate(input: $input) { promotion { id } userErrors { code message } } }
"""
PROMOTION_CREATE = """
mutation($input: PromotionCreateInput!) { promotionCreate(input: $input) { promotion { id } userErrors { code } } }
"""
PROMOTION_DEACTIVATE = "mutation($id: ID!) { promotionDeactivate(id: $id) { userErrors { code } } }"
APPLY = """
mutation($cart: ID!, $code: String!) { cartCouponApply(cartId: $cart, code: $code) { userErrors { code } } }
"""
CANCEL = """
mutation($id: ID!, $token: String) { orderCancel(id: $id, reason: "No", guestToken: $token) { userErrors { code } } }
"""
USES = """
SELECT count(*), count(DISTINCT order_id), sum(o.discount_amount) FROM ordering_promotionuse
JOIN ordering_order o ON o.id = order_id WHERE promotion_id = %s
"""


def test_fifty_buyers_of_a_coupon_with_five_uses_make_five_orders_with_it(stack):
    variant = stack.variant(position=60)
    key = _coupon(stack, "FIVE-USES", usageLimit=5)
    buyers = _guests(stack, BUYERS)
    carts = [_cart(buyer, variant, "FIVE-USES") for buyer in buyers]

    payloads = _at_once(stack, key, [(buyer, cart, {}) for buyer, cart in zip(buyers, carts, strict=True)])

    refused = Counter(error["code"] for payload in payloads for error in payload["userErrors"])
    totals = Counter(payload["order"]["total"]["amount"] for payload in payloads if payload["order"])
    assert refused == {"COUPON_EXHAUSTED": 45}
    assert len(totals) == 1
    assert sum(totals.values()) == 5
    assert stack.database.value(COUPON, key) == 5
    assert stack.database.rows(USES, key) == [(5, 5, 50)]
    assert stack.unexpected_errors() == []


def test_a_customer_in_several_processes_uses_a_coupon_once(stack):
    variant = stack.variant(position=61)
    key = _coupon(stack, "ONCE-EACH", usageLimitPerCustomer=1)
    guests = _guests(stack, 10)
    members = [stack.person("customer", web=number % 2) for number in range(10)]
    tries = [(each, _cart(each, variant, "ONCE-EACH"), {"email": "Customer@example.com"}) for each in guests + members]

    payloads = _at_once(stack, key, tries)

    refused = Counter(error["code"] for payload in payloads for error in payload["userErrors"])
    assert refused == {"COUPON_EXHAUSTED": len(tries) - 1}
    assert stack.database.value(COUPON, key) == 1
    assert stack.unexpected_errors() == []


def test_of_one_buyers_orders_at_the_same_moment_one_is_the_first_whatever_coupon_it_has(stack):
    variant = stack.variant(position=62)
    codes = ["FIRST-A", "FIRST-B"]
    keys = [_coupon(stack, code, isFirstOrderOnly=True) for code in codes]
    guests = _guests(stack, HELD)
    tries = [
        (guest, _cart(guest, variant, codes[number // 2 % 2]), {"email": "brand-new@example.com"})
        for number, guest in enumerate(guests)
    ]

    payloads = _at_once(stack, keys[0], tries, until_waiting=2)

    refused = Counter(error["code"] for payload in payloads for error in payload["userErrors"])
    assert refused == {"COUPON_NOT_APPLICABLE": HELD - 1}
    assert sum(stack.database.value(COUPON, key) for key in keys) == 1
    assert stack.unexpected_errors() == []


def test_using_and_giving_back_two_coupons_at_once_blocks_nobody_and_counts_right(stack):
    variant = stack.variant(position=63)
    keys = [_coupon(stack, code, usageLimit=1000) for code in ("ROUND-A", "ROUND-B")]

    def buy_and_cancel(number: int) -> None:
        buyer = stack.guest(web=number % 2)
        codes = ["ROUND-A", "ROUND-B"] if number % 4 < 2 else ["ROUND-B", "ROUND-A"]
        payload = checkout(buyer, _cart(buyer, variant, *codes), email=f"round{number}@example.com")
        assert payload["userErrors"] == []
        if number % 4:
            cancelled = buyer(CANCEL, id=payload["order"]["id"], token=payload["guestToken"])["orderCancel"]
            assert cancelled == {"userErrors": []}

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(buy_and_cancel, range(24)))

    assert [stack.database.value(COUPON, key) for key in keys] == [6, 6]
    assert [stack.database.rows(USES, key)[0][:2] for key in keys] == [(6, 6), (6, 6)]
    assert stack.unexpected_errors() == []


def test_the_last_uses_of_a_promotion_without_a_code_are_not_sold_twice_nor_charged_in_silence(stack):
    variant = stack.variant(position=64)
    key = _made(stack, PROMOTION_CREATE, usageLimit=3)
    try:
        buyers = _guests(stack, HELD)
        carts = [_cart(buyer, variant) for buyer in buyers]

        payloads = _at_once(stack, key, [(buyer, cart, {}) for buyer, cart in zip(buyers, carts, strict=True)])

        refused = Counter(error["code"] for payload in payloads for error in payload["userErrors"])
        discounts = stack.database.rows(USES, key)
        assert refused == {"PRICE_CHANGED": HELD - 3}
        assert discounts == [(3, 3, 30)]
        assert stack.database.value(COUPON, key) == 3
        assert stack.unexpected_errors() == []
    finally:
        stack.person("admin")(PROMOTION_DEACTIVATE, id=_global(key))


def _at_once(stack, key, tries, until_waiting=None):
    """What checkouts give that all find the promotion before any of them has used it."""
    waiting = min(HELD, len(tries)) if until_waiting is None else until_waiting
    with ThreadPoolExecutor(len(tries)) as pool:
        with stack.database.held(f"{COUPON} FOR UPDATE", key, until_waiting=waiting):
            buying = [
                pool.submit(checkout, buyer, cart, email=input.get("email", f"buyer{number}@example.com"))
                for number, (buyer, cart, input) in enumerate(tries)
            ]
        return [one.result() for one in buying]


def _cart(buyer, variant, *codes):
    """The id of a cart with one of the variant and these coupons."""
    cart = cart_with(buyer, (variant, 1))["id"]
    for code in codes:
        applied = buyer(APPLY, cart=cart, code=code)["cartCouponApply"]
        assert applied == {"userErrors": []}
    return cart


def _coupon(stack, code, **terms):
    """The key of a new coupon, 10 off."""
    return _made(stack, CREATE, code=code, **terms)


def _made(stack, request, **terms):
    input = {"name": "Ten off", "kind": "FIXED", "amount": "10", "currency": "EUR", **terms}
    (payload,) = stack.person("admin")(request, input=input).values()
    assert payload["userErrors"] == [], payload
    return from_base64(payload["promotion"]["id"])[1]


def _global(key):
    return to_base64("Promotion", key)


def _guests(stack, count):
    """Buyers without an account, divided between the web processes, connected already."""
    guests = [stack.guest(web=number % 2) for number in range(count)]
    for guest in guests:
        guest.http.get("/healthz")
    return guests
