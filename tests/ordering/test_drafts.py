"""Draft orders: what staff prepare and place for somebody."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from strawberry.relay.utils import to_base64

from catalog.models import StockLevel
from notifications.models import Event, Notification
from ordering.models import Cart, Order, OrderStatus, Payment
from tests.conftest import Api, gid, make_staff, make_user, make_variant
from tests.shopping import ADDRESS, cart_with

pytestmark = pytest.mark.django_db

NOBODY = to_base64("User", "00000000-0000-4000-8000-000000000000")
DRAFT = """draftOrder { id email note currency completedAt customer { email } draftedBy { email }
  cart { id lines { id quantity } total { amount currency } } }"""
CREATE = f"""mutation($key: String!, $input: DraftOrderCreateInput!) {{
  draftOrderCreate(idempotencyKey: $key, input: $input) {{ {DRAFT} userErrors {{ code field }} }} }}"""
COMPLETE = """mutation($id: ID!, $key: String!, $input: DraftOrderCompleteInput!) {
  draftOrderComplete(id: $id, idempotencyKey: $key, input: $input) {
    order { id number status paymentStatus email customer { email } draftedBy { email } total { amount } note }
    guestToken userErrors { code field } } }"""
DELETE = """mutation($id: ID!) { draftOrderDelete(id: $id) { draftOrder { email } userErrors { code field } } }"""
DRAFTS = "{ draftOrders { totalCount edges { node { id email draftedBy { email } customer { email } } } } }"
ADD = """mutation($id: ID!, $lines: [CartLineInput!]!) { cartLinesAdd(cartId: $id, lines: $lines) {
  cart { id } userErrors { code } } }"""


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=10)


@pytest.fixture
def desk(staff):
    return Api(staff)


def create(api, key="draft", **input):
    return api(CREATE, key=key, input=input)["draftOrderCreate"]


def drafted(api, variant, quantity=2, **input):
    input.setdefault("lines", [{"variantId": gid(variant), "quantity": quantity}])
    payload = create(api, shippingAddress=ADDRESS, **input)
    assert payload["userErrors"] == [], payload
    return payload["draftOrder"]


def complete(api, draft, key="place", token="tok_ok", **input):
    return api(COMPLETE, id=draft["id"], key=key, input={"payment": {"token": token}, **input})["draftOrderComplete"]


def refused(payload):
    (error,) = payload["userErrors"]
    assert [value for name, value in payload.items() if name != "userErrors" and value is not None] == []
    return error["code"], error["field"]


def left(variant):
    return StockLevel.objects.get(pk=variant.pk).on_hand


# ── Preparing ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_staff_draft_an_order_for_a_customer(desk, staff, customer, variant):
    draft = drafted(desk, variant, customerId=gid(customer), note="By the back door")

    assert draft | {"id": None, "cart": None} == {
        "id": None,
        "email": "",
        "note": "By the back door",
        "currency": "EUR",
        "completedAt": None,
        "customer": {"email": customer.email},
        "draftedBy": {"email": staff.email},
        "cart": None,
    }
    assert [line["quantity"] for line in draft["cart"]["lines"]] == [2]
    assert draft["cart"]["total"] == {"amount": "44.90", "currency": "EUR"}
    assert left(variant) == 10


def test_the_same_key_gives_the_same_draft_and_other_input_is_a_conflict(desk, customer, variant):
    first = drafted(desk, variant, customerId=gid(customer))

    again = desk.send(
        CREATE,
        key="draft",
        input={
            "customerId": gid(customer),
            "shippingAddress": ADDRESS,
            "lines": [{"variantId": gid(variant), "quantity": 2}],
        },
    )

    assert again["data"]["draftOrderCreate"]["draftOrder"]["id"] == first["id"]
    assert again["extensions"]["idempotency"] == {"replayed": True, "fields": {"draftOrderCreate": True}}
    assert refused(create(desk, email="ada@example.com")) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    assert Cart.objects.count() == 1


@pytest.mark.parametrize(
    ("input", "expected"),
    [
        ({}, ("REQUIRED", ["input", "customerId"])),
        ({"email": "  "}, ("REQUIRED", ["input", "customerId"])),
        ({"email": "nonsense"}, ("INVALID", ["input", "email"])),
        ({"customerId": NOBODY}, ("NOT_FOUND", ["input", "customerId"])),
        ({"email": "a@example.com", "currency": "XYZ"}, ("CURRENCY_NOT_SUPPORTED", ["input", "currency"])),
        ({"email": "a@example.com", "note": "x" * 1001}, ("INVALID", ["input", "note"])),
        (
            {"email": "a@example.com", "shippingAddress": ADDRESS | {"country": "QQ"}},
            ("ADDRESS_INVALID", ["input", "shippingAddress", "country"]),
        ),
        (
            {"email": "a@example.com", "shippingMethodId": to_base64("ShippingMethod", 10**6)},
            ("SHIPPING_UNAVAILABLE", ["input", "shippingMethodId"]),
        ),
    ],
)
def test_what_cannot_be_drafted_is_refused_and_leaves_nothing(desk, shipping, input, expected):
    assert refused(create(desk, **input)) == expected
    assert Cart.objects.count() == 0


def test_no_order_is_drafted_for_an_account_that_has_ended(desk, customer, variant):
    customer.is_active = False
    customer.save()

    assert refused(create(desk, customerId=gid(customer))) == ("NOT_FOUND", ["input", "customerId"])
    assert Cart.objects.count() == 0


@pytest.mark.parametrize("quantity", [0, -1, 1001])
def test_a_quantity_that_cannot_be_is_refused(desk, variant, quantity):
    lines = [{"variantId": gid(variant), "quantity": quantity}]

    assert refused(create(desk, email="a@example.com", lines=lines)) == (
        "QUANTITY_INVALID",
        ["input", "lines", "0", "quantity"],
    )
    assert Cart.objects.count() == 0


@pytest.mark.parametrize("document", [CREATE, COMPLETE, DELETE, DRAFTS])
def test_drafts_are_for_staff(guest, customer, desk, variant, document):
    draft = drafted(desk, variant, email="ada@example.com")
    inputs = {CREATE: {"email": "a@example.com"}, COMPLETE: {"payment": {"token": "tok_ok"}}}
    variables = {"id": draft["id"], "key": "theirs", "input": inputs.get(document, {})}
    variables = {name: value for name, value in variables.items() if f"${name}" in document}
    recorded = Event.objects.count()

    assert guest.code(document, **variables) == "UNAUTHENTICATED"
    assert Api(customer).code(document, **variables) == "FORBIDDEN"
    assert (Cart.objects.count(), Order.objects.count(), Event.objects.count()) == (1, 0, recorded)


def test_the_permission_without_being_staff_sees_no_draft(desk, variant):
    seller = make_user("seller@example.com")
    seller.user_permissions.add(*Permission.objects.filter(codename__in=["view_all_orders", "manage_orders"]))
    draft = drafted(desk, variant, email="ada@example.com")

    assert Api(seller)(DRAFTS)["draftOrders"]["totalCount"] == 0
    assert refused(complete(Api(seller), draft)) == ("NOT_FOUND", ["id"])
    assert refused(Api(seller)(DELETE, id=draft["id"])["draftOrderDelete"]) == ("NOT_FOUND", ["id"])
    assert Order.objects.count() == 0


# ── Changing ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_all_staff_change_a_draft_with_the_cart_mutations_and_its_buyer_does_not_see_it(desk, guest, customer, variant):
    draft = drafted(desk, variant, customerId=gid(customer))
    cart_id = draft["cart"]["id"]
    lines = [{"variantId": gid(variant), "quantity": 1}]

    assert Api(make_staff("colleague@example.com"))(ADD, id=cart_id, lines=lines)["cartLinesAdd"]["userErrors"] == []
    for api in (Api(customer), guest):
        assert api.code("query($id: ID!) { cart(id: $id) { id } }", id=cart_id) == "NOT_FOUND"
        assert api(ADD, id=cart_id, lines=lines)["cartLinesAdd"]["userErrors"] == [{"code": "NOT_FOUND"}]
    assert Cart.objects.get().lines.get().quantity == 3


def test_the_list_has_what_is_not_placed_yet_newest_first(desk, staff, customer, variant):
    first = drafted(desk, variant, key="1", email="ada@example.com")
    second = drafted(desk, variant, key="2", customerId=gid(customer))
    placed = drafted(desk, variant, key="3", email="done@example.com")
    assert complete(desk, placed)["userErrors"] == []
    cart_with(Api(customer), (gid(variant), 1))

    listed = desk(DRAFTS)["draftOrders"]

    assert listed["totalCount"] == 2
    assert [edge["node"]["id"] for edge in listed["edges"]] == [second["id"], first["id"]]
    document = "query($id: ID!) { draftOrder(id: $id) { completedAt } }"
    assert desk(document, id=placed["id"])["draftOrder"]["completedAt"]
    assert desk.code("{ draftOrders { edges { node { cart { id } } } } }") == "QUERY_TOO_EXPENSIVE"


def test_the_list_costs_the_same_for_one_and_for_five(desk, customer, variant):
    counted = []
    for number in range(5):
        drafted(desk, variant, key=str(number), customerId=gid(customer))
        if number in (0, 4):
            with CaptureQueriesContext(connection) as statements:
                desk(DRAFTS)
            counted.append(len(statements))

    assert counted[0] == counted[1]


# ── Placing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_placed_draft_is_the_customers_order(desk, staff, customer, variant):
    draft = drafted(desk, variant, customerId=gid(customer), note="Ring twice")

    payload = complete(desk, draft, expectedTotal="44.90")

    assert payload["userErrors"] == []
    assert payload["guestToken"] is None
    assert payload["order"] | {"id": None, "number": None} == {
        "id": None,
        "number": None,
        "status": "CONFIRMED",
        "paymentStatus": "PAID",
        "email": customer.email,
        "customer": {"email": customer.email},
        "draftedBy": {"email": staff.email},
        "total": {"amount": "44.90"},
        "note": "Ring twice",
    }
    own = Api(customer)("{ orders { edges { node { number draftedBy { email } } } } }")["orders"]["edges"]
    assert own == [{"node": {"number": payload["order"]["number"], "draftedBy": None}}]
    placed = Event.objects.get(type="order.placed")
    assert (placed.actor, placed.role) == (staff, "STAFF")
    assert Order.objects.get().idempotency_key == "place"
    assert left(variant) == 8


def test_a_draft_without_an_account_is_a_guests_order(desk, guest, variant):
    draft = drafted(desk, variant, email="ada@example.com")

    payload = complete(desk, draft)

    assert (payload["order"]["email"], payload["order"]["customer"]) == ("ada@example.com", None)
    document = "query($id: ID!, $t: String) { order(id: $id, guestToken: $t) { number } }"
    shown = guest(document, id=payload["order"]["id"], t=payload["guestToken"])["order"]
    assert shown == {"number": payload["order"]["number"]}


def test_a_draft_is_placed_once_by_a_key_and_never_twice(desk, customer, variant):
    draft = drafted(desk, variant, customerId=gid(customer))
    first = complete(desk, draft)["order"]

    assert complete(desk, draft)["order"]["number"] == first["number"]
    assert refused(complete(desk, draft, key="other")) == ("CART_COMPLETED", ["cartId"])
    assert refused(desk(DELETE, id=draft["id"])["draftOrderDelete"]) == ("CART_COMPLETED", ["id"])
    assert (Order.objects.count(), Payment.objects.count(), left(variant)) == (1, 1, 8)


@pytest.mark.parametrize(
    ("input", "expected"),
    [
        ({"expectedTotal": "1.00"}, ("PRICE_CHANGED", ["input", "expectedTotal"])),
        ({"token": "tok_declined"}, ("PAYMENT_DECLINED", ["input", "payment", "token"])),
        ({"token": ""}, ("REQUIRED", ["input", "payment", "token"])),
        ({"key": " "}, ("REQUIRED", ["idempotencyKey"])),
    ],
)
def test_what_checkout_refuses_is_refused_of_a_draft(desk, customer, variant, input, expected):
    draft = drafted(desk, variant, customerId=gid(customer))

    assert refused(complete(desk, draft, **input)) == expected
    assert not Order.objects.filter(placed_at__isnull=False).exists()
    assert left(variant) == 10


def test_nothing_is_placed_for_an_account_that_ended_meanwhile(desk, customer, variant):
    draft = drafted(desk, variant, customerId=gid(customer))
    customer.is_active = False
    customer.save()

    assert refused(complete(desk, draft)) == ("NOT_FOUND", ["cartId"])
    assert (Order.objects.count(), left(variant)) == (0, 10)


def test_a_cart_of_a_customer_is_no_draft(desk, customer, variant):
    cart = cart_with(Api(customer), (gid(variant), 1))
    as_draft = {"id": to_base64("DraftOrder", str(Cart.objects.get().pk))}

    assert refused(complete(desk, as_draft)) == ("NOT_FOUND", ["id"])
    assert refused(desk(DELETE, id=as_draft["id"])["draftOrderDelete"]) == ("NOT_FOUND", ["id"])
    assert desk.code(DELETE, id=cart["id"]) == "BAD_USER_INPUT"
    assert (Order.objects.count(), Cart.objects.count()) == (0, 1)


def test_the_customer_cancels_what_was_placed_for_them(desk, customer, variant):
    order = complete(desk, drafted(desk, variant, customerId=gid(customer)))["order"]
    cancel = 'mutation($id: ID!) { orderCancel(id: $id, reason: "No") { order { status } userErrors { code } } }'

    assert Api(customer)(cancel, id=order["id"])["orderCancel"]["order"] == {"status": OrderStatus.CANCELLED}
    assert left(variant) == 10


# ── Removing ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_draft_is_removed_with_what_it_holds_of_the_stock(desk, variant):
    draft = drafted(desk, variant, email="ada@example.com")
    start = "mutation($id: ID!) { checkoutStart(cartId: $id) { userErrors { code } } }"
    assert desk(start, id=draft["cart"]["id"])["checkoutStart"]["userErrors"] == []
    assert StockLevel.objects.get(pk=variant.pk).available == 8

    payload = desk(DELETE, id=draft["id"])["draftOrderDelete"]

    assert payload == {"draftOrder": {"email": "ada@example.com"}, "userErrors": []}
    assert Cart.objects.count() == 0
    assert StockLevel.objects.get(pk=variant.pk).available == 10
    assert Notification.objects.count() == 0
