"""Processes die in the worst moment: nothing is lost, nothing happens twice, and the shop goes on."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.shopping import cart_with, checkout, order_of

pytestmark = pytest.mark.services

POLL_SECONDS = 10
SLOW = {"token": "tok_ok", "gateway": "slow"}
ORDER_EVENTS = """
subscription($id: ID!, $after: Int! = 0, $token: String) {
  orderEvents(orderId: $id, after: $after, guestToken: $token) { seq type }
}
"""
HOLD = 'mutation($id: ID!) { orderHold(id: $id, reason: "check") { userErrors { code } } }'
RELEASE = "mutation($id: ID!) { orderRelease(id: $id) { userErrors { code } } }"
PENDING_APPROVALS = "{ approvalRequests(filters: {waitingForMe: true}) { edges { node { id subject { id } } } } }"
APPROVE = "mutation($id: ID!) { approvalRequestApprove(id: $id) { userErrors { code } } }"
PAID = [(1, "order.placed"), (2, "order.confirmed"), (3, "order.paid")]


@pytest.fixture(scope="module")
def running_stack(own_redis, ledger, start_stack):
    with start_stack(
        "kills",
        broker=own_redis.url,
        redis_url=own_redis.url,
        DJANGO_SETTINGS_MODULE="tests.services.stack_settings",
        GATEWAY_LEDGER=str(ledger.path),
        LIVE_POLL_SECONDS=str(POLL_SECONDS),
    ) as stack:
        yield stack


@pytest.fixture
def stack(running_stack, own_redis, ledger):
    """What a test has killed lives again afterwards."""
    ledger.clear()
    yield running_stack
    ledger.answer()
    if own_redis.has_ended:
        own_redis.start()
    running_stack.revive()


# ── The worker ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_was_ordered_while_the_worker_was_dead_is_delivered_once(stack):
    stack.worker.kill()
    order = order_of(stack.person("customer"), (stack.variant(), 1))
    assert (order["status"], order["paymentStatus"]) == ("CONFIRMED", "PAID")
    assert _told(stack, order) == []

    stack.restart_worker()
    stack.wait_until_dispatched()

    assert stack.events(order["number"]) == PAID
    assert _told(stack, order) == [
        ("order.placed", "", "customer@example.com"),
        ("order.placed", "buyer@example.com", None),
    ]
    assert len(stack.emails_about(order["number"])) == 1


def test_the_sweep_delivers_what_the_broker_forgot(stack, own_redis):
    stack.worker.kill()
    order = order_of(stack.person("customer"), (stack.variant(), 1))
    own_redis.forget()

    stack.restart_worker()
    stack.wait_until_dispatched()

    assert stack.events(order["number"]) == PAID
    assert len(_told(stack, order)) == 2
    assert len(stack.emails_about(order["number"])) == 1


def test_a_worker_killed_while_it_collects_money_collects_it_once(stack, ledger):
    buyer, approver = stack.person("customer"), stack.person("approver")
    order = order_of(buyer, (stack.variant(price="300.00"), 2), payment=SLOW)
    assert order["status"] == "AWAITING_APPROVAL"
    requests = approver(PENDING_APPROVALS)["approvalRequests"]["edges"]
    (request,) = (edge["node"]["id"] for edge in requests if edge["node"]["subject"]["id"] == order["id"])

    ledger.hold()
    assert approver(APPROVE, id=request)["approvalRequestApprove"] == {"userErrors": []}
    _wait_for(lambda: ledger.calls("capture"))
    stack.worker.kill()
    ledger.answer()
    stack.restart_worker()
    _let_time_pass(stack)
    story = stack.wait_for_event(order["number"], "order.paid")

    assert story == [
        (1, "order.placed"),
        (2, "order.awaiting_approval"),
        (3, "order.confirmed"),
        (4, "order.paid"),
    ]
    assert len(set(ledger.calls("capture"))) == 1
    assert _payment(stack, order["number"]) == [("CONFIRMED", "PAID", "CAPTURED")]


# ── A web process ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_checkout_whose_process_was_killed_is_brought_to_an_end(stack, ledger):
    variant = stack.variant(stock=10)
    cart = _killed_at_the_gateway(stack, ledger, variant, key="killed-and-forgotten")

    _let_time_pass(stack)
    number = _number_of(stack, "killed-and-forgotten")
    story = stack.wait_for_event(number, "order.paid")

    assert story == PAID
    assert _payment(stack, number) == [("CONFIRMED", "PAID", "CAPTURED")]
    assert (len(set(ledger.calls("authorize"))), len(set(ledger.calls("capture")))) == (1, 1)
    stack.wait_until_dispatched()
    assert len(stack.emails_about(number)) == 1
    # The buyer comes back and learns the same.
    payload = checkout(stack.guest(web=1), cart, key="killed-and-forgotten", payment=SLOW)
    assert (payload["order"]["number"], payload["userErrors"]) == (number, [])


def test_a_buyer_whose_web_process_was_killed_gets_the_order_from_the_other_one(stack, ledger):
    variant = stack.variant(stock=10)
    cart = _killed_at_the_gateway(stack, ledger, variant, key="killed-and-repeated")

    payload = checkout(stack.guest(web=1), cart, key="killed-and-repeated", payment=SLOW)

    assert payload["userErrors"] == []
    number = payload["order"]["number"]
    assert number == _number_of(stack, "killed-and-repeated")
    assert stack.wait_for_event(number, "order.paid") == PAID
    assert (len(set(ledger.calls("authorize"))), len(set(ledger.calls("capture")))) == (1, 1)
    on_hand = "SELECT on_hand FROM catalog_stocklevel ORDER BY variant_id LIMIT 1"
    assert stack.database.value(on_hand) == 9


def test_another_checkout_of_the_cart_waits_until_the_first_one_is_decided(stack, ledger):
    variant = stack.variant(stock=10)
    cart = _killed_at_the_gateway(stack, ledger, variant, key="killed-first")

    payload = checkout(stack.guest(web=1), cart, key="a-new-attempt", payment=SLOW)

    assert payload["order"] is None
    assert [(error["code"], error["retryable"]) for error in payload["userErrors"]] == [("CHECKOUT_IN_PROGRESS", True)]
    _let_time_pass(stack)
    stack.wait_for_event(_number_of(stack, "killed-first"), "order.paid")
    payload = checkout(stack.guest(web=1), cart, key="a-new-attempt", payment=SLOW)
    assert [error["code"] for error in payload["userErrors"]] == ["CART_COMPLETED"]


# ── Redis ────────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_without_redis_the_shop_sells_and_followers_learn_later(stack, own_redis):
    order = order_of(stack.guest(), (stack.variant(), 1))
    staff = stack.person("staff")
    stack.wait_for_invoice(order["number"])

    async with stack.follow(ORDER_EVENTS, web=1, id=order["id"], token=order["guestToken"]) as early:
        await early.take(4)
        own_redis.kill()

        sold = order_of(stack.guest(), (stack.variant(), 1))
        assert (sold["status"], sold["paymentStatus"]) == ("CONFIRMED", "PAID")
        asked = time.monotonic()
        assert staff(HOLD, id=order["id"])["orderHold"] == {"userErrors": []}
        assert time.monotonic() - asked < POLL_SECONDS / 2
        assert (await early.next(within=2 * POLL_SECONDS))["type"] == "order.held"
        # Somebody who comes now sees what there is, and waits with the others.
        async with stack.follow(ORDER_EVENTS, web=0, id=order["id"], token=order["guestToken"]) as late:
            assert [event["seq"] for event in await late.take(5)] == [1, 2, 3, 4, 5]

            own_redis.start()
            await asyncio.to_thread(stack.wait_until_dispatched, 60)
            waits = {"early": [], "late": []}
            for mutation in (RELEASE, HOLD) * 4:
                staff(mutation, id=order["id"])
                answered = time.monotonic()
                await early.next(within=2 * POLL_SECONDS)
                waits["early"].append(time.monotonic() - answered)
                await late.next(within=2 * POLL_SECONDS)
                waits["late"].append(time.monotonic() - answered)

    # They were rung: whoever only polls waits about POLL_SECONDS, counted from the event before.
    rung = {name: sorted(seconds)[4] < POLL_SECONDS / 2 for name, seconds in waits.items()}
    assert rung == {"early": True, "late": True}, waits
    assert [seq for seq, _ in stack.history(order["number"])] == list(range(1, 14))
    assert len(stack.emails_about(sold["number"])) == 1
    assert stack.unexpected_errors() == []


async def test_who_comes_first_while_redis_is_down_is_rung_after_its_return(stack, own_redis):
    order = order_of(stack.guest(), (stack.variant(), 1))
    staff = stack.person("staff")
    stack.wait_for_invoice(order["number"])
    stack.restart_web(1)
    own_redis.kill()

    async with stack.follow(ORDER_EVENTS, web=1, id=order["id"], token=order["guestToken"]) as followed:
        await followed.take(4)
        # Long enough for the process to have tried more than once.
        await asyncio.sleep(3)
        own_redis.start()
        await asyncio.to_thread(stack.wait_until_dispatched, 60)
        waits = []
        for mutation in (HOLD, RELEASE) * 3:
            staff(mutation, id=order["id"])
            answered = time.monotonic()
            await followed.next(within=2 * POLL_SECONDS)
            waits.append(time.monotonic() - answered)

    assert sorted(waits)[3] < POLL_SECONDS / 2, waits


# ── The socket ───────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_reconnected_follower_misses_nothing_and_sees_nothing_twice(stack):
    order = order_of(stack.guest(), (stack.variant(), 1))
    staff = stack.person("staff")
    stack.wait_for_invoice(order["number"])
    seen = []

    async with stack.follow(ORDER_EVENTS, web=1, id=order["id"], token=order["guestToken"]) as followed:
        seen += await followed.take(4)
    for mutation in (HOLD, RELEASE, HOLD):
        staff(mutation, id=order["id"])
    reconnected = {"id": order["id"], "token": order["guestToken"], "after": seen[-1]["seq"]}
    async with stack.follow(ORDER_EVENTS, web=0, **reconnected) as followed:
        seen += await followed.take(3)
        staff(RELEASE, id=order["id"])
        seen.append(await followed.next())
        assert followed.is_silent()

    assert [(event["seq"], event["type"]) for event in seen] == stack.history(order["number"])
    assert [event["seq"] for event in seen] == [1, 2, 3, 4, 5, 6, 7, 8]


def _killed_at_the_gateway(stack, ledger, variant, *, key):
    """The id of a cart whose web process was killed when the gateway had said yes and nobody had heard it."""
    buyer = stack.guest(web=0)
    cart = cart_with(buyer, (variant, 1))["id"]
    ledger.hold()
    with ThreadPoolExecutor(1) as pool:
        buying = pool.submit(checkout, buyer, cart, key=key, payment=SLOW)
        _wait_for(lambda: ledger.calls("authorize"))
        stack.webs[0].kill()
        with pytest.raises(httpx.TransportError):
            buying.result()
    ledger.answer()
    assert stack.events(_number_of(stack, key)) == []
    return cart


def _wait_for(check):
    end = time.monotonic() + 20
    while not check():
        assert time.monotonic() < end
        time.sleep(0.02)


def _let_time_pass(stack):
    """Payments look as old as those are that recovery takes up."""
    stack.database.rows("UPDATE ordering_payment SET updated_at = updated_at - interval '2 minutes'")


def _number_of(stack, key):
    return stack.database.value("SELECT number FROM ordering_order WHERE idempotency_key = %s", key)


def _payment(stack, number):
    return stack.database.rows(
        "SELECT status, payment_status, state FROM ordering_order o JOIN ordering_payment p ON p.order_id = o.id"
        " WHERE number = %s",
        number,
    )


def _told(stack, order):
    """(type of event, address, account) of everybody who was told of the order."""
    return stack.database.rows(
        """SELECT e.type, n.email, u.email FROM notifications_notification n
           JOIN notifications_event e ON e.id = n.event_id LEFT JOIN accounts_user u ON u.id = n.user_id
           WHERE e.subject_id = (SELECT id::text FROM ordering_order WHERE number = %s) ORDER BY n.email""",
        order["number"],
    )
