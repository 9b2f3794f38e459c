"""Checkout under fire: many at one moment, and killed at every step. Nothing is oversold, charged twice or lost."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from strawberry.relay.utils import from_base64

from tests.services.stack import wait_until
from tests.shopping import ADDRESS, CHECKOUT, cart_with, checkout, start

pytestmark = pytest.mark.services

BUYERS = 50
# So many of them are sure to be held by the same lock; the others queue for a connection behind them.
HELD = 20
SLOW = {"token": "tok_ok", "gateway": "slow"}
LEVEL = "SELECT on_hand, reserved FROM catalog_stocklevel WHERE variant_id = %s"
LOCK_STOCK = f"{LEVEL} FOR UPDATE"
LOCK_CART = "SELECT id FROM ordering_cart WHERE id = %s FOR UPDATE"
ORDERS = """
SELECT o.status, o.payment_status, o.placed_at IS NOT NULL, p.state FROM ordering_order o
JOIN ordering_payment p ON p.order_id = o.id WHERE cart_id = %s ORDER BY o.created_at
"""
USES = """
SELECT times_used, (SELECT count(*) FROM ordering_promotionuse WHERE promotion_id = p.id) FROM ordering_promotion p
WHERE code = %s
"""
COUPON_CREATE = """
mutation($input: CouponCreateInput!) { couponCreate(input: $input) { promotion { code } userErrors { message } } }
"""
COUPON_APPLY = """
mutation($cart: ID!, $code: String!) { cartCouponApply(cartId: $cart, code: $code) { userErrors { message } } }
"""
PAID = ("CONFIRMED", "PAID", True, "CAPTURED")


@pytest.fixture(scope="module")
def running_stack(own_redis, ledger, start_stack):
    with start_stack(
        "checkout",
        broker=own_redis.url,
        redis_url=own_redis.url,
        DJANGO_SETTINGS_MODULE="tests.services.stack_settings",
        GATEWAY_LEDGER=str(ledger.path),
    ) as stack:
        yield stack


@pytest.fixture
def stack(running_stack, ledger):
    """What a test has killed lives again afterwards."""
    ledger.clear()
    yield running_stack
    ledger.clear()
    running_stack.revive()


# ── At once ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_of_fifty_buyers_with_and_without_a_reservation_ten_get_the_ten(stack):
    variant, key = variant_of(stack, stock=10)
    buyers = guests(stack)
    carts = [cart_with(buyer, (variant, 1))["id"] for buyer in buyers]

    def buy(number):
        buyer, cart = buyers[number], carts[number]
        if number % 2:
            started = start(buyer, cart)
            if started["cart"] is None:
                return started
        return checkout(buyer, cart)

    payloads = all_at_once(stack, buy, LOCK_STOCK, key)

    ordered = {payload["order"]["number"] for payload in payloads if payload.get("order")}
    assert (len(ordered), refusals(payloads)) == (10, {"OUT_OF_STOCK": 40})
    assert stack.database.rows(LEVEL, key) == [(0, 0)]
    sold = "SELECT sum(quantity), count(DISTINCT order_id) FROM ordering_orderline WHERE variant_id = %s"
    assert stack.database.rows(sold, key) == [(10, 10)]
    assert stack.unexpected_errors() == []


def test_what_was_held_too_long_is_sold_once_whoever_comes(stack):
    variant, key = variant_of(stack, stock=10, position=1)
    buyers = guests(stack)
    carts = [cart_with(buyer, (variant, 1))["id"] for buyer in buyers]

    started = all_at_once(stack, lambda number: start(buyers[number], carts[number]), LOCK_STOCK, key)

    assert refusals(started) == {"OUT_OF_STOCK": 40}
    assert stack.database.rows(LEVEL, key) == [(10, 10)]
    # Those who held it, those who did not, and the task, all at the moment when time is over.
    stack.database.rows("UPDATE ordering_cartline SET reserved_until = now() WHERE reserved > 0")
    payloads = all_at_once(stack, lambda number: checkout(buyers[number], carts[number]), LOCK_STOCK, key)
    assert refusals(payloads) == {"OUT_OF_STOCK": 40}
    assert stack.database.rows(LEVEL, key) == [(0, 0)]
    held = "SELECT count(*) FROM ordering_cartline WHERE reserved > 0"
    assert stack.database.value(held) == 0
    assert stack.unexpected_errors() == []


def test_fifty_calls_with_one_key_make_one_order_one_charge_and_forty_nine_replays(stack, ledger):
    variant, key = variant_of(stack, stock=100, position=2)
    callers = guests(stack)
    cart = cart_with(callers[0], (variant, 2))["id"]
    start(callers[0], cart)
    input = {"email": "buyer@example.com", "shippingAddress": ADDRESS, "payment": SLOW}

    def call(number):
        return callers[number].send(CHECKOUT, cartId=cart, key="one-and-the-same", input=input)

    responses = all_at_once(stack, call, LOCK_CART, from_base64(cart)[1])

    payloads = [response["data"]["checkoutComplete"] for response in responses]
    assert [payload["userErrors"] for payload in payloads] == [[]] * BUYERS
    assert len({payload["order"]["id"] for payload in payloads}) == 1
    replayed = [response["extensions"]["idempotency"]["replayed"] for response in responses]
    assert Counter(replayed) == {False: 1, True: 49}
    assert (len(set(ledger.calls("authorize"))), len(set(ledger.calls("capture")))) == (1, 1)
    assert orders_of(stack, cart) == [PAID]
    assert stack.database.rows(LEVEL, key) == [(98, 0)]
    assert stack.unexpected_errors() == []


def test_a_coupon_with_five_uses_is_used_by_five_of_fifty(stack):
    variant, key = variant_of(stack, stock=100, position=3)
    code = coupon(stack, "FIVE", usageLimit=5)
    buyers = guests(stack)
    carts = [cart_with(buyer, (variant, 1))["id"] for buyer in buyers]
    for buyer, cart in zip(buyers, carts, strict=True):
        assert buyer(COUPON_APPLY, cart=cart, code=code)["cartCouponApply"] == {"userErrors": []}

    def buy(number):
        return checkout(buyers[number], carts[number], email=f"buyer{number}@example.com")

    lock = "SELECT id FROM ordering_promotion WHERE code = %s FOR UPDATE"
    payloads = all_at_once(stack, buy, lock, code)

    assert refusals(payloads) == {"COUPON_EXHAUSTED": 45}
    assert stack.database.rows(USES, code) == [(5, 5)]
    assert stack.database.rows(LEVEL, key) == [(95, 0)]
    assert stack.unexpected_errors() == []


# ── Killed ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_killed_before_the_commit_nothing_has_happened(stack, ledger):
    buyer, cart, key, code = half_way(stack, position=10)

    with ThreadPoolExecutor(1) as pool, psycopg.connect(stack.database.url) as other:
        other.execute(LOCK_STOCK, (key,))
        buying = pool.submit(checkout, buyer, cart, payment=SLOW)
        wait_until(stack.database.waiting, "the checkout waits for the stock")
        stack.webs[0].kill()
        with pytest.raises(httpx.TransportError):
            buying.result()

    wait_until(lambda: not stack.database.waiting(), "its transaction is gone")
    assert orders_of(stack, cart) == []
    assert ledger.calls("authorize") == []
    assert stack.database.rows(LEVEL, key) == [(10, 2)]  # what the cart holds, it still holds
    assert stack.database.rows(USES, code) == [(0, 0)]
    assert checkout(stack.guest(web=1), cart, payment=SLOW)["userErrors"] == []
    assert stack.database.rows(LEVEL, key) == [(8, 0)]
    assert stack.database.rows(USES, code) == [(1, 1)]


@pytest.mark.parametrize("moment", ["before authorize", "after authorize", "before capture", "after capture"])
def test_killed_at_any_step_the_order_is_brought_to_its_end_and_charged_once(stack, ledger, moment):
    buyer, cart, key, code = half_way(stack, position=11)
    before = stack.database.rows(LEVEL, key)

    killed_at(stack, ledger, moment, buyer, cart)
    recover(stack, cart)

    assert orders_of(stack, cart) == [PAID]
    assert (len(set(ledger.calls("authorize"))), len(set(ledger.calls("capture")))) == (1, 1)
    assert (before, stack.database.rows(LEVEL, key)) == ([(10, 2)], [(8, 0)])
    assert stack.database.rows(USES, code) == [(1, 1)]
    number = stack.database.value("SELECT number FROM ordering_order WHERE cart_id = %s", from_base64(cart)[1])
    stack.wait_until_dispatched()
    assert [type_ for _, type_ in stack.events(number)][:3] == ["order.placed", "order.confirmed", "order.paid"]
    # The buyer comes back with the same key and learns the same.
    payload = checkout(stack.guest(web=1), cart, key=f"killed {moment}", payment=SLOW)
    assert (payload["order"]["number"], payload["userErrors"]) == (number, [])


@pytest.mark.parametrize("moment", ["before authorize", "after authorize"])
def test_killed_over_a_card_that_is_declined_nothing_is_taken(stack, ledger, moment):
    buyer, cart, key, code = half_way(stack, position=12)

    killed_at(stack, ledger, moment, buyer, cart, token="tok_declined")
    recover(stack, cart)

    assert orders_of(stack, cart) == [("CANCELLED", "FAILED", False, "DECLINED")]
    assert ledger.calls("capture") == []
    assert stack.database.rows(LEVEL, key) == [(10, 0)]
    assert stack.database.rows(USES, code) == [(0, 0)]
    assert checkout(stack.guest(web=1), cart, payment=SLOW)["userErrors"] == []


def test_killed_with_the_answer_in_its_hands_it_is_asked_for_again(stack, ledger):
    buyer, cart, key, code = half_way(stack, position=13)

    ledger.hold()
    with ThreadPoolExecutor(1) as pool, psycopg.connect(stack.database.url) as other:
        buying = pool.submit(checkout, buyer, cart, payment=SLOW)
        wait_until(lambda: ledger.calls("authorize"), "the gateway is asked")
        other.execute("SELECT id FROM ordering_order WHERE cart_id = %s FOR UPDATE", (from_base64(cart)[1],))
        ledger.answer()
        wait_until(stack.database.waiting, "the answer waits to be written")
        stack.webs[0].kill()
        with pytest.raises(httpx.TransportError):
            buying.result()
    recover(stack, cart)

    assert orders_of(stack, cart) == [PAID]
    assert (len(set(ledger.calls("authorize"))), len(set(ledger.calls("capture")))) == (1, 1)
    assert stack.database.rows(LEVEL, key) == [(8, 0)]
    assert stack.database.rows(USES, code) == [(1, 1)]


# ── What they share ──────────────────────────────────────────────────────────────────────────────────────────────────
def all_at_once(stack, work, lock, key):
    """What `work(number)` gives for each of fifty, who are let go at the same moment."""
    with ThreadPoolExecutor(BUYERS) as pool:
        with stack.database.held(lock, key, until_waiting=HELD):
            working = [pool.submit(work, number) for number in range(BUYERS)]
        return [one.result() for one in working]


def half_way(stack, *, position):
    """A guest on web0, their cart with a coupon and two of a variant held back, the variant's key, the coupon."""
    variant, key = variant_of(stack, stock=10, position=position)
    code = coupon(stack, f"CODE-{uuid.uuid4().hex[:8]}")
    buyer = stack.guest(web=0)
    cart = cart_with(buyer, (variant, 2))["id"]
    assert buyer(COUPON_APPLY, cart=cart, code=code)["cartCouponApply"] == {"userErrors": []}
    assert start(buyer, cart)["userErrors"] == []
    return buyer, cart, key, code


def killed_at(stack, ledger, moment, buyer, cart, token="tok_ok"):
    ledger.kill(moment)
    with pytest.raises(httpx.TransportError):
        checkout(buyer, cart, key=f"killed {moment}", payment={"token": token, "gateway": "slow"})
    wait_until(lambda: stack.webs[0].has_ended, "the process is dead")


def recover(stack, cart):
    """Lets the recovery task see to it, as if a while had passed."""
    stack.database.rows("UPDATE ordering_payment SET updated_at = updated_at - interval '2 minutes'")

    def is_decided():
        return all(status != "PENDING" and state in ("CAPTURED", "DECLINED") for status, _, _, state in found())

    def found():
        return orders_of(stack, cart)

    wait_until(lambda: found() and is_decided(), "the order is decided", 90)


def orders_of(stack, cart):
    return stack.database.rows(ORDERS, from_base64(cart)[1])


def coupon(stack, code, **terms):
    """The code of a new coupon: a tenth off."""
    input = {"code": code, "name": code, "kind": "PERCENTAGE", "percent": "10", **terms}
    payload = stack.person("admin", web=1)(COUPON_CREATE, input=input)["couponCreate"]
    assert payload["userErrors"] == []
    return payload["promotion"]["code"]


def refusals(payloads):
    return Counter(error["code"] for payload in payloads for error in payload["userErrors"])


def guests(stack):
    """Buyers without an account, divided between the web processes, connected already."""
    found = [stack.guest(web=number % 2) for number in range(BUYERS)]
    for guest in found:
        guest.http.get("/healthz")
    return found


def variant_of(stack, *, stock, position=0):
    """A variant's global id and its key."""
    variant = stack.variant(stock=stock, position=position)
    return variant, int(from_base64(variant)[1])
