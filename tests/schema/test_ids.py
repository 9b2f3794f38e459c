"""Ids: what is no id, an id of something else, an id of nothing, and an id of somebody else's."""

import base64
import uuid

import pytest
from django.contrib.auth.models import Group

from notifications.models import Event, Notification
from ordering.models import Cart, CartLine, Order
from tests.conftest import Api, gid, make_staff, make_user, make_variant
from tests.shopping import ADDRESS, cart_with, checkout, order_of
from workflows.models import ApprovalRequest

pytestmark = pytest.mark.django_db(transaction=True)

CHECKOUT_INPUT = {"email": "a@example.com", "shippingAddress": ADDRESS, "payment": {"token": "tok_ok"}}
CANCEL = 'mutation($id: ID!) { orderCancel(id: $id, reason: "x") { order { id } userErrors { code } } }'


def of_order(name, arguments=""):
    return f"mutation($id: ID!) {{ {name}(id: $id{arguments}) {{ order {{ id }} userErrors {{ code }} }} }}"


def of_request(name, arguments):
    return f"mutation($id: ID!) {{ {name}(id: $id, {arguments}) {{ approvalRequest {{ id }} userErrors {{ code }} }} }}"


def of_cart(name, variables, arguments):
    return f"mutation($id: ID!{variables}) {{ {name}({arguments}) {{ cart {{ id }} userErrors {{ code }} }} }}"


# What takes an id: the request with the id as $id, the type it needs, and the answer to an id of nothing.
TAKERS = {
    "product": ("query($id: ID!) { product(id: $id) { name } }", "Product", "NOT_FOUND"),
    "cart": ("query($id: ID!) { cart(id: $id) { itemCount } }", "Cart", "NOT_FOUND"),
    "order": ("query($id: ID!) { order(id: $id) { number } }", "Order", "NOT_FOUND"),
    "cartCreate": (
        of_cart("cartCreate", "", "input: {lines: [{variantId: $id, quantity: 1}]}"),
        "ProductVariant",
        "VARIANT_UNAVAILABLE",
    ),
    "cartLinesAdd": (
        of_cart("cartLinesAdd", ", $variant: ID!", "cartId: $id, lines: [{variantId: $variant, quantity: 1}]"),
        "Cart",
        "NOT_FOUND",
    ),
    "cartLinesAdd.lines": (
        of_cart("cartLinesAdd", ", $cart: ID!", "cartId: $cart, lines: [{variantId: $id, quantity: 1}]"),
        "ProductVariant",
        "VARIANT_UNAVAILABLE",
    ),
    "cartLinesUpdate": (
        of_cart("cartLinesUpdate", ", $line: ID!", "cartId: $id, lines: [{lineId: $line, quantity: 1}]"),
        "Cart",
        "NOT_FOUND",
    ),
    "cartLinesUpdate.lines": (
        of_cart("cartLinesUpdate", ", $cart: ID!", "cartId: $cart, lines: [{lineId: $id, quantity: 1}]"),
        "CartLine",
        "NOT_FOUND",
    ),
    "cartLinesRemove": (
        of_cart("cartLinesRemove", ", $line: ID!", "cartId: $id, lineIds: [$line]"),
        "Cart",
        "NOT_FOUND",
    ),
    "cartLinesRemove.lineIds": (
        of_cart("cartLinesRemove", ", $cart: ID!", "cartId: $cart, lineIds: [$id]"),
        "CartLine",
        "NOT_FOUND",
    ),
    "checkoutComplete": (
        """mutation($id: ID!, $input: CheckoutInput!) {
             checkoutComplete(cartId: $id, idempotencyKey: "k1", input: $input) {
               order { id } userErrors { code } } }""",
        "Cart",
        "NOT_FOUND",
    ),
    "checkoutComplete.shippingMethodId": (
        """mutation($id: ID!, $cart: ID!, $address: PostalAddressInput!) {
             checkoutComplete(cartId: $cart, idempotencyKey: "k2", input: {
               email: "a@example.com", shippingAddress: $address, payment: {token: "tok_ok"}, shippingMethodId: $id
             }) { order { id } userErrors { code } } }""",
        "ShippingMethod",
        "SHIPPING_UNAVAILABLE",
    ),
    "orderConfirm": (of_order("orderConfirm"), "Order", "NOT_FOUND"),
    "orderFulfill": (of_order("orderFulfill"), "Order", "NOT_FOUND"),
    "orderFulfill.lines": (
        """mutation($id: ID!, $order: ID!) {
             orderFulfill(id: $order, input: {lines: [{orderLineId: $id, quantity: 1}]}) {
               order { id } userErrors { code } } }""",
        "OrderLine",
        "NOT_FOUND",
    ),
    "orderDeliver": (of_order("orderDeliver"), "Order", "NOT_FOUND"),
    "orderHold": (of_order("orderHold", ', reason: "x"'), "Order", "NOT_FOUND"),
    "orderRelease": (of_order("orderRelease"), "Order", "NOT_FOUND"),
    "orderCancel": (CANCEL, "Order", "NOT_FOUND"),
    "approvalRequestApprove": (of_request("approvalRequestApprove", 'comment: "x"'), "ApprovalRequest", "NOT_FOUND"),
    "approvalRequestReject": (of_request("approvalRequestReject", 'reason: "x"'), "ApprovalRequest", "NOT_FOUND"),
    "notificationsMarkRead": (
        "mutation($id: ID!) { notificationsMarkRead(ids: [$id]) { markedCount } }",
        "Notification",
        {"markedCount": 0},
    ),
}
BY_NUMBER = {"Product", "ProductVariant", "ShippingMethod"}
OF_AN_ID = pytest.mark.parametrize("taker", TAKERS)


def encoded(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


@pytest.fixture
def api(shipping):
    """Somebody who may do everything, so that nothing but the id is wrong."""
    user = make_staff("everything@example.com")
    user.groups.add(Group.objects.create(name="Everybody"))
    return Api(user)


@pytest.fixture
def others(api):
    """The variables beside $id, each of which is right."""
    variant = make_variant()
    cart = cart_with(api, (gid(variant), 1))
    order = order_of(api, (gid(variant), 1))
    return {
        "variant": gid(variant),
        "cart": cart["id"],
        "line": cart["lines"][0]["id"],
        "order": order["id"],
        "input": CHECKOUT_INPUT,
        "address": ADDRESS,
    }


def answer(api, taker, id, others):
    """The code of the refusal, wherever it stands; else the payload."""
    query, _, _ = TAKERS[taker]
    response = api.send(query, id=id, **{name: value for name, value in others.items() if f"${name}:" in query})
    if "errors" in response:
        (error,) = response["errors"]
        assert error["message"]
        return error["extensions"]["code"]
    (payload,) = response["data"].values()
    return payload["userErrors"][0]["code"] if payload.get("userErrors") else payload


def everything():
    """What a refusal leaves as it is."""
    return (
        list(Cart.objects.order_by("pk").values()),
        list(CartLine.objects.order_by("pk").values()),
        list(Order.objects.order_by("pk").values()),
        list(ApprovalRequest.objects.order_by("pk").values()),
        list(Notification.objects.order_by("pk").values()),
        Event.objects.count(),
    )


# ── Not an id ────────────────────────────────────────────────────────────────────────────────────────────────────────
@OF_AN_ID
def test_what_is_no_id_is_refused(api, others, taker):
    type_name = TAKERS[taker][1]
    before = everything()

    for id in (
        "",
        " ",
        "1",
        "x",
        "=",
        "💥",
        "\x00",
        "x" * 100_000,
        str(uuid.uuid4()),
        type_name,
        f"{type_name}:1",
        encoded(""),
        encoded(":"),
        encoded(type_name),
        encoded(f"{type_name}:"),
        encoded(f":{uuid.uuid4()}"),
        encoded(b"\xff\xfe\xfd"),
        encoded(b"\x00:\x00"),
    ):
        assert answer(api, taker, id, others) == "BAD_USER_INPUT", id[:80]

    assert everything() == before


@OF_AN_ID
def test_a_key_that_this_server_never_gave_out_is_refused(api, others, taker):
    type_name = TAKERS[taker][1]
    before = everything()

    for key in (
        "x",
        "None",
        "null",
        "1.5",
        "1e5",
        "-",
        "\x00",
        "1; DROP TABLE accounts_user",
        "' OR '1'='1",
        "1,2",
        "[1]",
        '{"a": 1}',
        "NaN",
        "inf",
        str(10**30),
        str(-(10**30)),
        str(2**63),
        "9" * 5000,
        "Order:" + str(uuid.uuid4()),
        str(uuid.uuid4()) + "0",
        str(uuid.uuid4())[:-1],
    ):
        assert answer(api, taker, encoded(f"{type_name}:{key}"), others) == "BAD_USER_INPUT", key[:80]

    assert everything() == before


@OF_AN_ID
def test_an_id_of_another_type_is_refused(api, others, taker):
    wanted = TAKERS[taker][1]
    before = everything()
    rows = {
        "Product": "1",
        "ProductVariant": "1",
        "ShippingMethod": "1",
        "Category": "1",
        "User": str(api.user.pk),
        "Cart": str(Cart.objects.first().pk),
        "CartLine": str(CartLine.objects.first().pk),
        "Order": str(Order.objects.get().pk),
        "OrderLine": str(Order.objects.get().lines.get().pk),
        "OrderEvent": str(Event.objects.first().pk),
        "ApprovalRequest": str(uuid.uuid4()),
        "Notification": str(uuid.uuid4()),
        "Query": "1",
        "LogEntry": "1",
        wanted.lower(): "1",
        f"{wanted} ": "1",
    }

    for type_name, key in rows.items():
        if type_name != wanted:
            assert answer(api, taker, encoded(f"{type_name}:{key}"), others) == "BAD_USER_INPUT", type_name

    assert everything() == before


@OF_AN_ID
def test_an_id_of_nothing_finds_nothing(api, others, taker):
    _, type_name, expected = TAKERS[taker]
    before = everything()

    keys = (
        ["0", "987654321", str(2**31), str(2**63 - 1)] if type_name in BY_NUMBER else [str(uuid.uuid4()) for _ in "12"]
    )
    for key in keys:
        assert answer(api, taker, encoded(f"{type_name}:{key}"), others) == expected, key

    assert everything() == before


@OF_AN_ID
@pytest.mark.parametrize("id", [None, 1.5, True, {"a": 1}, ["x"]], ids=str)
def test_a_value_that_is_no_text_is_refused(api, others, taker, id):
    before = everything()

    assert answer(api, taker, id, others) == "BAD_USER_INPUT"
    assert everything() == before


def test_an_id_written_in_another_way_is_still_that_row(guest):
    variant = make_variant(name="Desk")

    assert guest("query($id: ID!) { product(id: $id) { name } }", id=gid(variant.product)) == {
        "product": {"name": "Desk"}
    }


# ── Somebody else's ──────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def theirs(policy, shipping):
    """What belongs to one customer: a cart, an order that waits for approval, its request, a notification."""
    owner = make_user("owner@example.com")
    variant = make_variant(price="300.00")
    cart = cart_with(Api(owner), (gid(variant), 1))
    order = order_of(Api(owner), (gid(variant), 2))
    return {
        "owner": owner,
        "Cart": cart["id"],
        "CartLine": cart["lines"][0]["id"],
        "Order": order["id"],
        "OrderLine": order["lines"][0]["id"],
        "ApprovalRequest": gid(ApprovalRequest.objects.get()),
        "Notification": gid(Notification.objects.filter(user=owner).first()),
    }


@pytest.mark.parametrize("who", ["guest", "customer"])
@pytest.mark.parametrize("taker", [taker for taker, (_, type_name, _) in TAKERS.items() if type_name not in BY_NUMBER])
def test_what_is_somebody_elses_is_as_if_it_were_not_there(theirs, taker, who):
    api = Api(make_user()) if who == "customer" else Api()
    variant = make_variant()
    own = cart_with(api, (gid(variant), 1))
    others = {
        "variant": gid(variant),
        "cart": own["id"],
        "line": own["lines"][0]["id"],
        "order": theirs["Order"],
        "input": CHECKOUT_INPUT,
        "address": ADDRESS,
    }
    type_name = TAKERS[taker][1]
    before = everything()

    there = answer(api, taker, theirs[type_name], others)
    nowhere = answer(api, taker, encoded(f"{type_name}:{uuid.uuid4()}"), others)

    assert there == nowhere
    assert there in ("NOT_FOUND", "UNAUTHENTICATED", "FORBIDDEN", {"markedCount": 0})
    assert everything() == before


def test_the_owner_finds_what_is_his(theirs):
    api = Api(theirs["owner"])

    assert api("query($id: ID!) { cart(id: $id) { itemCount } }", id=theirs["Cart"]) == {"cart": {"itemCount": 1}}
    assert api("query($id: ID!) { order(id: $id) { status } }", id=theirs["Order"]) == {
        "order": {"status": "AWAITING_APPROVAL"}
    }


def test_the_line_of_another_cart_is_not_in_mine(theirs):
    """Not even when both carts are mine."""
    api = Api(theirs["owner"])
    mine = cart_with(api, (gid(make_variant()), 1))
    before = everything()

    others = {"cart": mine["id"]}
    assert answer(api, "cartLinesUpdate.lines", theirs["CartLine"], others) == "NOT_FOUND"
    assert answer(api, "cartLinesRemove.lineIds", theirs["CartLine"], others) == "NOT_FOUND"

    assert everything() == before


def test_the_line_of_another_order_cannot_be_shipped_with_this_one(shipping, staff):
    first = order_of(Api(), (gid(make_variant()), 1))
    second = order_of(Api(), (gid(make_variant()), 1))
    before = everything()

    assert answer(Api(staff), "orderFulfill.lines", second["lines"][0]["id"], {"order": first["id"]}) == "NOT_FOUND"

    assert everything() == before


def test_a_guests_order_opens_with_its_own_token_only(shipping, guest):
    variant = make_variant()
    mine, other = (order_of(guest, (gid(variant), 1)) for _ in range(2))
    query = "query($id: ID!, $t: String) { order(id: $id, guestToken: $t) { number } }"
    before = everything()

    assert guest(query, id=mine["id"], t=mine["guestToken"]) == {"order": {"number": mine["number"]}}
    for token in (None, "", "x", "\x00", other["guestToken"], mine["guestToken"] + " ", mine["guestToken"].swapcase()):
        assert guest.code(query, id=mine["id"], t=token) == "NOT_FOUND"
        assert answer(guest, "orderCancel", mine["id"], {}) == "NOT_FOUND"

    assert everything() == before


def test_a_checkout_that_was_declined_is_not_an_order_to_be_found(shipping, customer):
    api = Api(customer)
    cart = cart_with(api, (gid(make_variant()), 1))

    payload = checkout(api, cart["id"], token="tok_declined")

    assert payload["userErrors"][0]["code"] == "PAYMENT_DECLINED"
    for order in Order.objects.all():
        assert answer(api, "order", gid(order), {}) == "NOT_FOUND"
        assert answer(api, "orderCancel", gid(order), {}) == "NOT_FOUND"
