"""Filling a cart: what goes in, what is refused, and what it then costs."""

import uuid
from decimal import Decimal

import pytest
from strawberry.relay.utils import to_base64

from catalog.models import ProductStatus
from notifications.models import Event
from ordering.models import Cart, CartLine, ShippingMethod, ShippingZone
from tests.conftest import Api, gid, make_product, make_variant
from tests.shopping import CART_CREATE, CART_FIELDS, ERRORS, cart_with, checkout

ADD = f"""
mutation($cartId: ID!, $lines: [CartLineInput!]!) {{
  cartLinesAdd(cartId: $cartId, lines: $lines) {{ cart {{ {CART_FIELDS} }} {ERRORS} }}
}}
"""
UPDATE = f"""
mutation($cartId: ID!, $lines: [CartLineUpdateInput!]!) {{
  cartLinesUpdate(cartId: $cartId, lines: $lines) {{ cart {{ {CART_FIELDS} }} {ERRORS} }}
}}
"""
REMOVE = f"""
mutation($cartId: ID!, $ids: [ID!]!) {{
  cartLinesRemove(cartId: $cartId, lineIds: $ids) {{ cart {{ {CART_FIELDS} }} {ERRORS} }}
}}
"""
CART = f"query($id: ID!) {{ cart(id: $id) {{ {CART_FIELDS} }} }}"

pytestmark = pytest.mark.django_db


def add(api, cart_id, *lines):
    given = [{"variantId": id, "quantity": quantity} for id, quantity in lines]
    return api(ADD, cartId=cart_id, lines=given)["cartLinesAdd"]


def update(api, cart_id, *lines):
    given = [{"lineId": id, "quantity": quantity} for id, quantity in lines]
    return api(UPDATE, cartId=cart_id, lines=given)["cartLinesUpdate"]


def remove(api, cart_id, *ids):
    return api(REMOVE, cartId=cart_id, ids=list(ids))["cartLinesRemove"]


def contents(cart):
    return {line["variant"]["id"]: line["quantity"] for line in cart["lines"]}


def refusal(payload):
    assert payload["cart"] is None
    (error,) = payload["userErrors"]
    assert error["message"]
    return error["code"], error["field"]


def in_tables():
    return list(CartLine.objects.order_by("pk").values_list("cart", "variant", "quantity")), Event.objects.count()


# ── Filling ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_new_cart_is_empty_and_costs_nothing(guest, shipping):
    payload = guest(CART_CREATE)["cartCreate"]

    assert payload["userErrors"] == []
    nothing = {"amount": "0.00"}
    assert payload["cart"] | {"id": None} == {
        "id": None,
        "itemCount": 0,
        "lines": [],
        "subtotal": nothing,
        "discountTotal": nothing,
        "shippingTotal": nothing,
        "taxTotal": nothing,
        "total": nothing | {"currency": "EUR"},
    }


def test_a_cart_is_priced_with_the_cheapest_shipping(guest, shipping):
    ShippingMethod.objects.create(name="Express", currency="EUR", price_amount=Decimal("12.90"))
    lamp, desk = make_variant(price="19.99"), make_variant(price="300.00")

    cart = cart_with(guest, (gid(lamp), 3), (gid(desk), 1))

    assert cart["itemCount"] == 4
    assert [
        (line["quantity"], line["unitPrice"]["amount"], line["totalPrice"]["amount"]) for line in cart["lines"]
    ] == [
        (3, "19.99", "59.97"),
        (1, "300.00", "300.00"),
    ]
    totals = ("subtotal", "discountTotal", "shippingTotal", "taxTotal", "total")
    assert [cart[name]["amount"] for name in totals] == ["359.97", "0.00", "4.90", "0.00", "364.87"]


def test_shipping_is_free_from_the_methods_threshold_on(guest, shipping):
    ShippingMethod.objects.filter(pk=shipping.pk).update(free_above=Decimal("40.00"))
    variant = make_variant(price="20.00")

    assert cart_with(guest, (gid(variant), 1))["shippingTotal"] == {"amount": "4.90"}
    assert cart_with(guest, (gid(variant), 2))["shippingTotal"] == {"amount": "0.00"}


def test_the_same_variant_named_twice_is_one_line(guest):
    variant = gid(make_variant())

    cart = cart_with(guest, (variant, 2), (variant, 3))

    assert contents(cart) == {variant: 5}


def test_adding_what_is_in_the_cart_already_adds_up(guest):
    one, other = gid(make_variant()), gid(make_variant())
    cart = cart_with(guest, (one, 2))

    payload = add(guest, cart["id"], (one, 3), (other, 1))

    assert payload["userErrors"] == []
    assert contents(payload["cart"]) == {one: 5, other: 1}
    assert payload["cart"]["lines"][0]["id"] == cart["lines"][0]["id"]
    assert guest(CART, id=cart["id"])["cart"] == payload["cart"]


def test_quantities_are_set_and_none_removes_the_line(guest):
    one, other = gid(make_variant()), gid(make_variant())
    cart = cart_with(guest, (one, 2), (other, 2))
    lines = {line["variant"]["id"]: line["id"] for line in cart["lines"]}

    payload = update(guest, cart["id"], (lines[one], 7), (lines[other], 0))

    assert payload["userErrors"] == []
    assert contents(payload["cart"]) == {one: 7}


def test_lines_are_removed(guest):
    one, other = gid(make_variant()), gid(make_variant())
    cart = cart_with(guest, (one, 2), (other, 2))

    payload = remove(guest, cart["id"], cart["lines"][0]["id"])

    assert contents(payload["cart"]) == {other: 2}
    assert guest(CART, id=cart["id"])["cart"] == payload["cart"]


def test_a_cart_shows_todays_prices(guest, shipping):
    variant = make_variant(price="20.00")
    cart = cart_with(guest, (gid(variant), 2))

    type(variant).objects.filter(pk=variant.pk).update(price_amount=Decimal("25.00"))

    assert guest(CART, id=cart["id"])["cart"]["total"] == {"amount": "54.90", "currency": "EUR"}


def test_the_methods_that_ship_to_a_country(guest, shipping):
    german = ShippingZone.objects.create(name="Germany", countries=["DE"])
    ShippingMethod.objects.create(
        name="Inland", currency="EUR", price_amount=Decimal("2.00"), zone=german, free_above=Decimal("0")
    )
    ShippingMethod.objects.create(name="Retired", currency="EUR", price_amount=Decimal("1.00"), is_active=False)
    ShippingMethod.objects.create(name="Overseas", currency="USD", price_amount=Decimal("1.00"))
    cart = cart_with(guest, (gid(make_variant()), 1))
    query = """query($id: ID!, $country: String) { cart(id: $id) {
      availableShippingMethods(country: $country) { name price { amount } freeFrom { amount } } } }"""
    inland = {"name": "Inland", "price": {"amount": "0.00"}, "freeFrom": {"amount": "0.00"}}
    standard = {"name": "Standard", "price": {"amount": "4.90"}, "freeFrom": None}

    def offered(country=None):
        return guest(query, id=cart["id"], country=country)["cart"]["availableShippingMethods"]

    assert offered() == [inland, standard]
    assert offered("DE") == [inland, standard]
    assert offered("FR") == [standard]


def test_an_empty_cart_is_not_sent(guest, shipping):
    cart = guest(CART_CREATE)["cartCreate"]["cart"]
    query = "query($id: ID!) { cart(id: $id) { needsShipping availableShippingMethods { name } } }"

    assert guest(query, id=cart["id"])["cart"] == {"needsShipping": False, "availableShippingMethods": []}


# ── Whose ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_guests_cart_is_for_whoever_knows_its_id(guest, customer):
    cart = cart_with(guest, (gid(make_variant()), 1))

    assert Api()(CART, id=cart["id"])["cart"] == cart
    assert Api(customer)(CART, id=cart["id"])["cart"] == cart


def test_a_customers_cart_is_for_that_customer_alone(guest, customer, staff):
    variant = gid(make_variant())
    cart = cart_with(Api(customer), (variant, 1))
    before = in_tables()

    assert Api(customer)(CART, id=cart["id"])["cart"] == cart
    for stranger in (guest, Api(staff)):
        assert stranger.code(CART, id=cart["id"]) == "NOT_FOUND"
        assert refusal(add(stranger, cart["id"], (variant, 1))) == ("NOT_FOUND", ["cartId"])
        assert refusal(update(stranger, cart["id"], (cart["lines"][0]["id"], 5))) == ("NOT_FOUND", ["cartId"])
        assert refusal(remove(stranger, cart["id"], cart["lines"][0]["id"])) == ("NOT_FOUND", ["cartId"])
    assert in_tables() == before


def test_an_unknown_cart_is_not_found(guest):
    unknown = to_base64("Cart", uuid.uuid4())

    assert guest.code(CART, id=unknown) == "NOT_FOUND"
    assert refusal(add(guest, unknown, (gid(make_variant()), 1))) == ("NOT_FOUND", ["cartId"])


@pytest.mark.parametrize(
    "id", ["", "nonsense", to_base64("Cart", "1"), to_base64("Order", uuid.UUID(int=1)), "\0", "é"]
)
def test_an_id_that_is_no_carts_id_is_the_clients_mistake(guest, id):
    variant = gid(make_variant())

    assert guest.code(CART, id=id) == "BAD_USER_INPUT"
    assert guest.code(ADD, cartId=id, lines=[{"variantId": variant, "quantity": 1}]) == "BAD_USER_INPUT"


def test_of_a_line_that_is_named_twice_the_last_quantity_counts(guest):
    variant = gid(make_variant(stock=10))
    cart = cart_with(guest, (variant, 1))
    line = cart["lines"][0]["id"]

    assert contents(update(guest, cart["id"], (line, 2), (line, 3))["cart"]) == {variant: 3}
    short = update(guest, cart["id"], (line, 2), (line, 11))
    assert refusal(short) == ("OUT_OF_STOCK", ["lines", "1", "quantity"])


def test_a_line_of_another_cart_is_not_found(guest):
    variant = gid(make_variant())
    mine, other = cart_with(guest, (variant, 1)), cart_with(guest, (variant, 1))
    before = in_tables()

    own, strange = mine["lines"][0]["id"], other["lines"][0]["id"]
    assert refusal(update(guest, mine["id"], (own, 5), (strange, 5))) == ("NOT_FOUND", ["lines", "1", "lineId"])
    assert refusal(remove(guest, mine["id"], own, strange)) == ("NOT_FOUND", ["lineIds", "1"])
    assert refusal(remove(guest, mine["id"])) == ("REQUIRED", ["lineIds"])
    assert refusal(update(guest, mine["id"])) == ("REQUIRED", ["lines"])
    assert in_tables() == before


def test_a_cart_that_was_ordered_takes_nothing_any_more(guest, shipping):
    variant = gid(make_variant())
    cart = cart_with(guest, (variant, 1))
    assert checkout(guest, cart["id"])["userErrors"] == []
    before = in_tables()

    completed = ("CART_COMPLETED", ["cartId"])
    assert refusal(add(guest, cart["id"], (variant, 1))) == completed
    assert refusal(update(guest, cart["id"], (cart["lines"][0]["id"], 5))) == completed
    assert refusal(remove(guest, cart["id"], cart["lines"][0]["id"])) == completed
    assert in_tables() == before


# ── What is refused ──────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("quantity", [0, -1, 1001, 1_000_000, 10**9, 2**31 - 1, -(2**31)])
def test_a_quantity_out_of_bounds_is_refused(guest, quantity):
    variant = gid(make_variant(stock=10_000_000))
    cart = cart_with(guest, (variant, 1))
    before = in_tables()

    assert refusal(add(guest, cart["id"], (variant, quantity))) == ("QUANTITY_INVALID", ["lines", "0", "quantity"])
    created = guest(CART_CREATE, input={"lines": [{"variantId": variant, "quantity": quantity}]})["cartCreate"]
    assert refusal(created) == ("QUANTITY_INVALID", ["input", "lines", "0", "quantity"])
    if quantity:
        changed = update(guest, cart["id"], (cart["lines"][0]["id"], quantity))
        assert refusal(changed) == ("QUANTITY_INVALID", ["lines", "0", "quantity"])
    assert in_tables() == before
    assert Cart.objects.count() == 1


@pytest.mark.parametrize("quantity", [2**31, -(2**31) - 1, 1.5, "1", None, True])
def test_a_quantity_that_is_no_integer_is_the_clients_mistake(guest, quantity):
    variant = gid(make_variant())
    cart = cart_with(guest, (variant, 1))
    before = in_tables()

    line = {"variantId": variant, "quantity": quantity}
    assert guest.code(ADD, cartId=cart["id"], lines=[line]) == "BAD_USER_INPUT"
    assert in_tables() == before


def test_an_absent_quantity_is_the_clients_mistake(guest):
    cart = cart_with(guest, (gid(make_variant()), 1))

    assert guest.code(ADD, cartId=cart["id"], lines=[{"variantId": gid(make_variant())}]) == "BAD_USER_INPUT"


def test_more_than_a_line_holds_in_two_steps_is_refused(guest):
    variant = gid(make_variant(stock=5000))
    cart = cart_with(guest, (variant, 600))

    assert refusal(add(guest, cart["id"], (variant, 401))) == ("QUANTITY_INVALID", ["lines", "0", "quantity"])
    assert add(guest, cart["id"], (variant, 400))["cart"]["itemCount"] == 1000


def test_more_than_the_stock_is_refused_also_in_two_steps(guest):
    variant = gid(make_variant(stock=5))
    cart = cart_with(guest, (variant, 3))
    before = in_tables()

    assert refusal(add(guest, cart["id"], (variant, 3))) == ("OUT_OF_STOCK", ["lines", "0", "quantity"])
    again = add(guest, cart["id"], (variant, 1), (variant, 2))
    assert refusal(again) == ("OUT_OF_STOCK", ["lines", "1", "quantity"])
    changed = update(guest, cart["id"], (cart["lines"][0]["id"], 6))
    assert refusal(changed) == ("OUT_OF_STOCK", ["lines", "0", "quantity"])
    assert in_tables() == before
    assert add(guest, cart["id"], (variant, 2))["cart"]["itemCount"] == 5


@pytest.mark.parametrize("why", ["unknown", "inactive", "draft", "archived"])
def test_what_is_not_on_sale_does_not_go_into_a_cart(guest, why):
    status = {"draft": ProductStatus.DRAFT, "archived": ProductStatus.ARCHIVED}.get(why, ProductStatus.ACTIVE)
    variant = make_product(status=status).variants.get()
    if why == "inactive":
        type(variant).objects.filter(pk=variant.pk).update(is_active=False)
    id = to_base64("ProductVariant", variant.pk + 1000) if why == "unknown" else gid(variant)
    good = gid(make_variant())
    cart = cart_with(guest, (good, 1))
    before = in_tables()

    payload = add(guest, cart["id"], (good, 1), (id, 1))
    assert refusal(payload) == ("VARIANT_UNAVAILABLE", ["lines", "1", "variantId"])
    assert in_tables() == before


def test_an_id_that_is_no_variants_id_is_the_clients_mistake(guest):
    product = make_product()
    cart = cart_with(guest, (gid(product.variants.get()), 1))

    for id in (gid(product), "nonsense", to_base64("ProductVariant", "x"), to_base64("ProductVariant", 2**63)):
        assert guest.code(ADD, cartId=cart["id"], lines=[{"variantId": id, "quantity": 1}]) == "BAD_USER_INPUT", id


def test_a_cart_holds_a_hundred_lines_and_not_one_more(guest):
    product = make_product(variants=101)
    ids = [gid(variant) for variant in product.variants.all()]

    created = guest(CART_CREATE, input={"lines": [{"variantId": id, "quantity": 1} for id in ids]})["cartCreate"]
    assert refusal(created) == ("REQUIRED", ["input", "lines"])
    cart = cart_with(guest, *[(id, 1) for id in ids[:100]])
    before = in_tables()

    assert cart["itemCount"] == 100
    assert refusal(add(guest, cart["id"], (ids[100], 1))) == ("CART_FULL", ["lines"])
    assert in_tables() == before


def test_adding_no_lines_is_refused(guest):
    cart = cart_with(guest, (gid(make_variant()), 1))

    assert refusal(add(guest, cart["id"])) == ("REQUIRED", ["lines"])


@pytest.mark.parametrize("currency", ["USD", "eur", "", "\0"])
def test_another_currency_than_the_shops_is_refused(guest, currency):
    payload = guest(CART_CREATE, input={"currency": currency})["cartCreate"]

    assert refusal(payload) == ("CURRENCY_NOT_SUPPORTED", ["input", "currency"])
    assert Cart.objects.count() == 0


def test_a_cart_whose_checkout_waits_for_the_gateway_cannot_be_changed(guest, shipping, bank):
    variant = make_variant()
    cart = cart_with(guest, (gid(variant), 1))
    bank.silent.add("authorize")
    payment = {"gateway": "bank", "token": "card"}
    assert checkout(guest, cart["id"], payment=payment)["userErrors"][0]["code"] == "GATEWAY_UNAVAILABLE"
    before = Event.objects.count()

    payload = add(guest, cart["id"], (gid(variant), 1))

    assert [(error["code"], error["retryable"]) for error in payload["userErrors"]] == [("CHECKOUT_IN_PROGRESS", True)]
    assert CartLine.objects.get().quantity == 1
    assert Event.objects.count() == before
