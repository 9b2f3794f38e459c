"""Orders, live, over the WebSocket a browser would use: nothing missing, nothing twice, nothing to strangers."""

import asyncio
import contextlib

import pytest
from channels.db import database_sync_to_async
from strawberry.relay.utils import to_base64

from accounts.models import User
from config.asgi import application
from tests.conftest import Api, Socket, gid, make_user, make_variant, socket
from tests.shopping import order_of

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = """subscription($id: ID!, $after: Int! = 0, $t: String) {
  orderEvents(orderId: $id, after: $after, guestToken: $t) { seq type message } }"""
STATUS = """subscription($id: ID!, $t: String) {
  orderStatusChanged(id: $id, guestToken: $t) { number status paymentStatus } }"""
HOLD = 'mutation($id: ID!) { orderHold(id: $id, reason: "Checking") { userErrors { code } } }'
RELEASE = "mutation($id: ID!) { orderRelease(id: $id) { userErrors { code } } }"
FULFIL = "mutation($id: ID!) { orderFulfill(id: $id) { userErrors { code } } }"
PLACED = [(1, "order.placed"), (2, "order.confirmed"), (3, "order.paid"), (4, "order.document_issued")]
# Long enough for an event that is on its way, and what a silence costs the run.
SILENCE = 0.4


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=10)


@pytest.fixture
def order(customer, variant):
    return order_of(Api(customer), (gid(variant), 1))


@pytest.fixture
def desk(staff):
    """Does something as staff, from another thread, as a web process would."""

    @database_sync_to_async
    def act(document, order):
        (payload,) = Api(staff)(document, id=order["id"]).values()
        assert payload["userErrors"] == []

    return act


async def take(results, number):
    return [await anext(results) for _ in range(number)]


def told(results):
    assert all(result.errors is None for result in results), [result.errors for result in results]
    return [(event["seq"], event["type"]) for event in (result.data["orderEvents"] for result in results)]


async def code_of(results):
    """The code of the error that ends a subscription."""
    (last,) = [result async for result in results]
    assert not any((last.data or {}).values())
    return last.errors[0].extensions["code"]


async def is_silent(client, results):
    """Nothing comes; the subscription is given up with it."""
    coming = asyncio.ensure_future(anext(results))
    await asyncio.sleep(SILENCE)
    silent = not coming.done()
    coming.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await coming
    return silent


# ── orderEvents ──────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_the_log_is_told_from_the_beginning_and_goes_on_live(order, customer, desk):
    async with socket(customer) as client:
        events = client.subscribe(EVENTS, {"id": order["id"]})
        assert told(await take(events, 4)) == PLACED

        await desk(HOLD, order)
        await desk(RELEASE, order)
        await desk(FULFIL, order)

        assert told(await take(events, 3)) == [(5, "order.held"), (6, "order.released"), (7, "order.shipped")]


async def test_who_comes_back_with_a_cursor_misses_nothing_and_hears_nothing_twice(order, customer, desk):
    async with socket(customer) as client:
        assert told(await take(client.subscribe(EVENTS, {"id": order["id"]}), 4)) == PLACED
    await desk(HOLD, order)

    async with socket(customer) as client:
        events = client.subscribe(EVENTS, {"id": order["id"], "after": 4})
        assert told(await take(events, 1)) == [(5, "order.held")]
        await desk(RELEASE, order)
        assert told(await take(events, 1)) == [(6, "order.released")]


@pytest.mark.parametrize(("after", "expected"), [(-5, PLACED), (0, PLACED), (2, PLACED[2:])])
async def test_any_number_is_a_cursor(order, customer, after, expected):
    async with socket(customer) as client:
        events = client.subscribe(EVENTS, {"id": order["id"], "after": after})

        assert told(await take(events, len(expected))) == expected


async def test_a_cursor_at_the_end_waits(order, customer):
    async with socket(customer) as client:
        assert await is_silent(client, client.subscribe(EVENTS, {"id": order["id"], "after": 4}))


async def test_a_cursor_that_is_no_integer_is_the_clients_mistake(order, customer):
    async with socket(customer) as client:
        assert await code_of(client.subscribe(EVENTS, {"id": order["id"], "after": 2**31})) == "BAD_USER_INPUT"


async def test_a_lost_bell_costs_delay_and_no_event(order, customer, desk, settings):
    settings.LIVE_POLL_SECONDS = 0.5
    async with socket(customer) as client:
        events = client.subscribe(EVENTS, {"id": order["id"]})
        assert told(await take(events, 4)) == PLACED

        settings.CHANNEL_LAYERS = {}  # nobody rings
        await desk(HOLD, order)

        assert told(await take(events, 1)) == [(5, "order.held")]


async def test_two_followers_of_one_order_both_hear_and_one_may_leave(order, customer, staff, desk):
    async with socket(customer) as buyer:
        events = buyer.subscribe(EVENTS, {"id": order["id"], "after": 3})
        async with socket(staff) as clerk:
            others = clerk.subscribe(EVENTS, {"id": order["id"], "after": 3})
            assert told([await anext(source) for source in (events, others)]) == PLACED[3:] * 2  # both follow
            await desk(HOLD, order)
            assert told([await anext(source) for source in (events, others)]) == [(5, "order.held")] * 2

        await desk(RELEASE, order)

        assert told(await take(events, 1)) == [(6, "order.released")]


# ── orderStatusChanged ───────────────────────────────────────────────────────────────────────────────────────────────
async def test_the_status_is_told_now_and_at_every_change(order, customer, desk):
    async with socket(customer) as client:
        changes = client.subscribe(STATUS, {"id": order["id"]})
        states = [(await anext(changes)).data["orderStatusChanged"]]
        for step in (HOLD, RELEASE, FULFIL):
            await desk(step, order)
            states.append((await anext(changes)).data["orderStatusChanged"])

    assert states == [
        {"number": order["number"], "status": status, "paymentStatus": "PAID"}
        for status in ("CONFIRMED", "ON_HOLD", "CONFIRMED", "SHIPPED")
    ]


async def test_a_parcel_that_changes_no_status_is_an_event_and_no_change(customer, staff, shipping):
    @database_sync_to_async
    def place():
        return order_of(Api(customer), (gid(make_variant()), 3))

    @database_sync_to_async
    def send_one(order):
        document = "mutation($id: ID!, $i: OrderFulfillInput) { orderFulfill(id: $id, input: $i) { order { id } } }"
        lines = [{"orderLineId": order["lines"][0]["id"], "quantity": 1}]
        assert Api(staff)(document, id=order["id"], i={"lines": lines})["orderFulfill"]["order"]

    order = await place()
    async with socket(customer) as client:
        changes = client.subscribe(STATUS, {"id": order["id"]})
        assert (await anext(changes)).data["orderStatusChanged"]["status"] == "CONFIRMED"
        await send_one(order)
        assert (await anext(changes)).data["orderStatusChanged"]["status"] == "PARTIALLY_SHIPPED"
        await send_one(order)
        await asyncio.sleep(0.1)
        await send_one(order)

        assert (await anext(changes)).data["orderStatusChanged"]["status"] == "SHIPPED"


async def test_what_staff_write_among_themselves_is_refused_live_as_well(order, customer, staff):
    document = "subscription($id: ID!) { orderStatusChanged(id: $id) { status notes { text } } }"
    results = []
    for user in (customer, staff):
        async with socket(user) as client:
            results.append(await anext(client.subscribe(document, {"id": order["id"]})))
    buyers, staffs = results

    assert [error.extensions["code"] for error in buyers.errors] == ["FORBIDDEN"]
    assert [result.data["orderStatusChanged"]["notes"] for result in results] == [None, []]
    assert staffs.errors is None


async def test_what_is_dear_is_counted_for_each_delivery(order, customer, desk):
    document = """subscription($id: ID!) { orderStatusChanged(id: $id) {
      status lines { variant { product { vendor { products(first: 1) { totalCount } } } } } } }"""
    async with socket(customer) as client:
        changes = client.subscribe(document, {"id": order["id"]})
        results = [await anext(changes)]
        for step in (HOLD, RELEASE) * 16:
            await desk(step, order)
            results.append(await anext(changes))

    assert [result.errors for result in results] == [None] * 33


# ── Whose ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("document", [EVENTS, STATUS])
async def test_strangers_and_unknown_orders_are_not_found(order, document):
    stranger = await database_sync_to_async(make_user)()
    unknown = to_base64("Order", "00000000-0000-4000-8000-000000000000")

    for client_of, id in ((socket(stranger), order["id"]), (socket(), order["id"]), (socket(stranger), unknown)):
        async with client_of as client:
            assert await code_of(client.subscribe(document, {"id": id})) == "NOT_FOUND"


async def test_an_id_that_is_no_orders_id_is_the_clients_mistake(order, customer):
    async with socket(customer) as client:
        assert await code_of(client.subscribe(EVENTS, {"id": to_base64("Cart", "1")})) == "BAD_USER_INPUT"
        assert await code_of(client.subscribe(STATUS, {"id": "nonsense"})) == "BAD_USER_INPUT"


async def test_a_guest_follows_with_the_token_and_not_without(guest, variant, desk):
    order = await database_sync_to_async(order_of)(guest, (gid(variant), 1))

    async with socket() as client:
        events = client.subscribe(EVENTS, {"id": order["id"], "t": order["guestToken"]})
        assert told(await take(events, 4)) == PLACED
        await desk(HOLD, order)
        assert told(await take(events, 1)) == [(5, "order.held")]
    async with socket() as client:
        for token in (None, "", "nonsense"):
            assert await code_of(client.subscribe(EVENTS, {"id": order["id"], "t": token})) == "NOT_FOUND"


async def test_staff_follow_every_order(order, staff):
    async with socket(staff) as client:
        assert told(await take(client.subscribe(EVENTS, {"id": order["id"]}), 4)) == PLACED


async def test_who_is_deactivated_meanwhile_hears_nothing_more(order, customer, desk):
    async with socket(customer) as client:
        events = client.subscribe(EVENTS, {"id": order["id"]})
        assert told(await take(events, 4)) == PLACED
        await User.objects.filter(pk=customer.pk).aupdate(is_active=False)

        await desk(HOLD, order)

        # Whichever guard is rung first: the subscription's ends with an error, the socket's closes it.
        last = await client.receive_output(5)
        assert last.get("code") == 4401 or "UNAUTHENTICATED" in last["text"]


async def test_staff_who_lose_the_permission_hear_nothing_more(order, staff, desk):
    clerk = await database_sync_to_async(make_user)("clerk@example.com", is_staff=True)
    await clerk.user_permissions.aset([p async for p in staff.user_permissions.all()])
    async with socket(clerk) as client:
        events = client.subscribe(EVENTS, {"id": order["id"]})
        assert told(await take(events, 4)) == PLACED
        await clerk.user_permissions.aclear()

        await desk(HOLD, order)

        assert await code_of(events) == "NOT_FOUND"


# ── The door ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("given", ["Bearer nonsense", "Bearer ", "nonsense", "Bearer a.b.c"])
async def test_a_token_that_is_not_valid_closes_with_4403(given):
    client = socket(Authorization=given)
    await client.connect()

    await client.send_json_to({"type": "connection_init", "payload": {"Authorization": given}})

    assert await client.receive_output() == {"type": "websocket.close", "code": 4403, "reason": "Forbidden"}


@pytest.mark.parametrize(
    "document",
    [
        "{ me { id } }",
        "query { products { totalCount } }",
        'mutation { tokenCreate(email: "a@example.com", password: "x") { accessToken } }',
    ],
)
async def test_queries_and_mutations_are_refused_on_the_socket(customer, order, document):
    async with socket(customer) as client:
        await client.send_json_to({"id": "1", "type": "subscribe", "payload": {"query": document}})

        refused = await client.receive_json_from()

        assert (refused["id"], refused["type"]) == ("1", "error")
        assert refused["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_an_operation_the_document_lacks_is_the_clients_mistake(customer, order):
    payload = {"query": EVENTS, "variables": {"id": order["id"]}, "operationName": "Other"}
    async with socket(customer) as client:
        await client.send_json_to({"id": "1", "type": "subscribe", "payload": payload})
        refused = await client.receive_json_from()

        assert (refused["id"], refused["type"]) == ("1", "error")
        assert refused["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_document_that_is_wrong_says_so_and_the_socket_lives(customer, order):
    async with socket(customer) as client:
        refused = await anext(client.subscribe("subscription { noSuchThing }"))
        assert refused.errors[0].extensions["code"] == "BAD_USER_INPUT"

        assert told(await take(client.subscribe(EVENTS, {"id": order["id"]}), 4)) == PLACED


async def test_two_subscriptions_of_one_socket_are_told_apart(order, customer, guest, variant, desk):
    other = await database_sync_to_async(lambda: order_of(Api(customer), (gid(variant), 1)))()

    async with socket(customer) as client:
        for number, followed in (("1", order), ("2", other)):
            variables = {"id": followed["id"], "after": 3}
            await client.send_json_to(
                {"id": number, "type": "subscribe", "payload": {"query": EVENTS, "variables": variables}}
            )
            assert (await client.receive_json_from())["id"] == number  # it follows
        await desk(HOLD, other)
        message = await client.receive_json_from()

        assert (message["id"], message["payload"]["data"]["orderEvents"]["seq"]) == ("2", 5)
        assert await client.receive_nothing(SILENCE)


async def test_more_sockets_than_the_pool_has_connections_follow_at_once(order, customer, desk):
    deep = """subscription($id: ID!) {
      orderStatusChanged(id: $id) { status customer { email roles } lines { variant { sku } } } }"""
    async with contextlib.AsyncExitStack() as sockets:
        followers = []
        for _ in range(20):
            client = await sockets.enter_async_context(socket(customer))
            followers.append(client.subscribe(deep, {"id": order["id"]}))
        assert [(await anext(follower)).data["orderStatusChanged"]["status"] for follower in followers] == (
            ["CONFIRMED"] * 20
        )

        await desk(HOLD, order)

        assert [(await anext(follower)).data["orderStatusChanged"]["status"] for follower in followers] == (
            ["ON_HOLD"] * 20
        )


@pytest.mark.parametrize(
    "frame",
    ["[]", "null", "{", "[" * 100_000, '{"type": "subscribe", "payload": {"query": 5}}', '{"type": "\\ud800"}'],
    ids=["list", "null", "half", "deep", "no query", "half a character"],
)
async def test_a_frame_that_is_no_message_closes_the_socket(db, frame):
    client = Socket(application, "/graphql", subprotocols=["graphql-transport-ws"])
    await client.connect()

    await client.send_to(text_data=frame)

    closed = await client.receive_output()
    assert (closed["type"], closed["code"]) == ("websocket.close", 4400)
    await client.disconnect()
