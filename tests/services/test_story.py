"""The main story between processes: two web processes, a worker, and people who follow over WebSockets."""

import json
import time
from datetime import timedelta

import jwt
import pytest
import websockets
from django.utils import timezone

from tests.shopping import cart_with, checkout, order_of

pytestmark = pytest.mark.services

ORDER_EVENTS = """
subscription($id: ID!, $after: Int! = 0, $token: String) {
  orderEvents(orderId: $id, after: $after, guestToken: $token) { seq type message }
}
"""
APPROVALS = "subscription { approvalRequestAdded { id summary subject { id } } }"
INBOX = "subscription { notificationReceived { type subject { id } } }"
APPROVE = """
mutation($id: ID!) { approvalRequestApprove(id: $id) { approvalRequest { status } userErrors { code } } }
"""
SHIP = """
mutation($id: ID!) { orderFulfill(id: $id, input: {carrier: "DHL"}) { order { status } userErrors { code message } } }
"""
DELIVER = "mutation($id: ID!) { orderDeliver(id: $id) { order { status } userErrors { code } } }"
STORY = [
    (1, "order.placed"),
    (2, "order.awaiting_approval"),
    (3, "order.confirmed"),
    (4, "order.paid"),
    (6, "order.shipped"),
    (7, "order.delivered"),
]


async def test_the_whole_way_of_a_large_order_is_seen_live_by_everybody_it_concerns(stack):
    buyer, approver, staff = stack.person("customer"), stack.person("approver", web=1), stack.person("staff")
    products = buyer(
        """{ products(first: 5, ordering: [{price: DESC}]) {
               edges { node { name variants { id price { amount } quantityAvailable } } } } }"""
    )["products"]["edges"]
    assert len(products) == 5
    variant = stack.variant(price="300.00")

    async with (
        stack.follow(APPROVALS, web=0, who=approver) as approvals,
        stack.follow(INBOX, web=1, who=buyer) as inbox,
    ):
        cart = cart_with(buyer, (variant, 2))
        payload = checkout(buyer, cart["id"], email=None)
        order = payload["order"]
        assert (order["status"], order["paymentStatus"]) == ("AWAITING_APPROVAL", "AUTHORIZED")
        request = await approvals.next()
        assert request["subject"]["id"] == order["id"]

        async with stack.follow(ORDER_EVENTS, web=1, who=buyer, id=order["id"]) as followed:
            assert [(event["seq"], event["type"]) for event in await followed.take(2)] == STORY[:2]
            approved = approver(APPROVE, id=request["id"])["approvalRequestApprove"]
            assert approved == {"approvalRequest": {"status": "APPROVED"}, "userErrors": []}
            # The worker collects the money, and writes the invoice.
            assert [(event["seq"], event["type"]) for event in await followed.take(2)] == STORY[2:4]
            assert (await followed.next())["type"] == "order.document_issued"
            assert staff(SHIP, id=order["id"])["orderFulfill"]["order"] == {"status": "SHIPPED"}
            assert (await followed.next())["type"] == "order.shipped"
            assert staff(DELIVER, id=order["id"])["orderDeliver"]["order"] == {"status": "DELIVERED"}
            assert (await followed.next())["type"] == "order.delivered"
            assert followed.is_silent()

        told = await inbox.take(5)

    assert stack.events(order["number"]) == STORY
    assert {news["subject"]["id"] for news in told} == {order["id"]}
    # Two workers deliver side by side: the inbox may turn round what happened in the same moment.
    assert sorted(news["type"] for news in told) == [
        "order.awaiting_approval",
        "order.confirmed",
        "order.delivered",
        "order.placed",
        "order.shipped",
    ]
    stack.wait_until_dispatched()
    emails = stack.emails_about(order["number"])
    assert len(emails) == 3  # of what was placed, shipped and delivered
    assert all("To: customer@example.com" in email for email in emails)
    assert stack.unexpected_errors() == []


async def test_an_event_made_in_one_web_process_is_in_the_other_ones_browsers_at_once(stack):
    order = order_of(stack.guest(web=0), (stack.variant(), 1))
    staff = stack.person("staff", web=0)

    async with stack.follow(ORDER_EVENTS, web=1, id=order["id"], token=order["guestToken"]) as followed:
        await followed.take(4)
        for mutation in ('orderHold(id: $id, reason: "check")', "orderRelease(id: $id)") * 3:
            staff(f"mutation($id: ID!) {{ {mutation} {{ userErrors {{ code }} }} }}", id=order["id"])
            # By its bell: this stack polls once a minute.
            await followed.next(within=10)


async def test_what_nobody_may_see_is_refused_and_not_streamed(stack):
    order = order_of(stack.person("customer"), (stack.variant(), 1))

    async with websockets.connect(stack.socket_address(1), subprotocols=["graphql-transport-ws"]) as browser:
        await _sent(browser, {"type": "connection_init", "payload": _authorization(stack.person("second").token)})
        subscribe = {"query": ORDER_EVENTS, "variables": {"id": order["id"]}}
        answer = await _sent(browser, {"id": "1", "type": "subscribe", "payload": subscribe})

    errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
    assert [error["extensions"]["code"] for error in errors] == ["NOT_FOUND"]


async def test_a_socket_is_closed_with_4401_when_its_token_expires(stack):
    token = _token(stack, seconds=3)

    async with websockets.connect(stack.socket_address(0), subprotocols=["graphql-transport-ws"]) as browser:
        answer = await _sent(browser, {"type": "connection_init", "payload": _authorization(token)})
        assert answer["type"] == "connection_ack"
        subscribed = time.monotonic()
        await browser.wait_closed()

    assert browser.close_code == 4401
    assert time.monotonic() - subscribed < 5


@pytest.mark.parametrize("flaw", ["forged", "expired", "garbage"])
async def test_a_socket_with_a_bad_token_is_closed_with_4403(stack, flaw):
    token = {
        "forged": _token(stack, seconds=60, key="somebody-elses-key-that-is-long-enough-to-sign"),
        "expired": _token(stack, seconds=-5),
        "garbage": "garbage",
    }[flaw]

    async with websockets.connect(stack.socket_address(0), subprotocols=["graphql-transport-ws"]) as browser:
        await browser.send(json.dumps({"type": "connection_init", "payload": _authorization(token)}))
        await browser.wait_closed()

    assert browser.close_code == 4403


def _authorization(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def _sent(browser, message: dict) -> dict:
    """The answer to a message."""
    await browser.send(json.dumps(message))
    return json.loads(await browser.recv())


def _token(stack, *, seconds: int, key: str | None = None) -> str:
    """An access token of the customer as the shop makes them, but for its age."""
    token = stack.person("customer").token
    claims = jwt.decode(token, options={"verify_signature": False})
    claims["exp"] = int((timezone.now() + timedelta(seconds=seconds)).timestamp())
    return jwt.encode(claims, key or stack.secret_key, algorithm="HS256", headers=jwt.get_unverified_header(token))
