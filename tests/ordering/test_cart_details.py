"""What a cart says besides its lines: addresses, e-mail, the way to send it, a note; and finding it again."""

import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from strawberry.relay.utils import to_base64

from accounts import postal
from accounts.services import addresses
from catalog.models import Product
from notifications.models import Event
from ordering.models import Cart, Order, ShippingMethod, ShippingZone, TaxRate
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import ADDRESS, CART_CREATE, ERRORS, cart_with, checkout

pytestmark = pytest.mark.django_db

DETAILS = """
  id email note needsShipping
  shippingAddress { fullName line1 line2 city region postalCode country phone } billingAddress { city country }
  shippingMethod { name price { amount } }
  availableShippingMethods { id name }
  shippingTotal { amount } includedTax { amount } total { amount }
  problems { __typename code }
"""
SET_ADDRESSES = f"""
mutation($id: ID!, $input: CartAddressesSetInput!) {{
  cartAddressesSet(cartId: $id, input: $input) {{ cart {{ {DETAILS} }} {ERRORS} }}
}}
"""
SET_METHOD = f"""
mutation($id: ID!, $method: ID) {{
  cartShippingMethodSet(cartId: $id, shippingMethodId: $method) {{ cart {{ {DETAILS} }} {ERRORS} }}
}}
"""
SET_NOTE = f"""
mutation($id: ID!, $note: String!) {{ cartNoteSet(cartId: $id, note: $note) {{ cart {{ {DETAILS} }} {ERRORS} }} }}
"""
CART = f"query($id: ID!) {{ cart(id: $id) {{ {DETAILS} }} }}"
CARTS = "query($first: Int) { carts(first: $first) { totalCount edges { node { %s } } } }"
BERLIN = {**ADDRESS, "line2": "", "region": "", "phone": ""}
PARIS = {**ADDRESS, "city": "Paris", "country": "FR", "postalCode": "75001"}


@pytest.fixture
def inland(shipping):
    zone = ShippingZone.objects.create(name="Germany", countries=["DE"])
    return ShippingMethod.objects.create(name="Inland", currency="EUR", price_amount=Decimal("2.00"), zone=zone)


@pytest.fixture
def abroad(shipping):
    zone = ShippingZone.objects.create(name="France", countries=["FR"])
    return ShippingMethod.objects.create(name="Abroad", currency="EUR", price_amount=Decimal("7.00"), zone=zone)


@pytest.fixture
def cart(guest):
    return cart_with(guest, (gid(make_variant()), 1))


def set_addresses(api, cart, **input):
    return api(SET_ADDRESSES, id=cart["id"], input=input)["cartAddressesSet"]


def set_method(api, cart, method):
    return api(SET_METHOD, id=cart["id"], method=method and gid(method))["cartShippingMethodSet"]


def set_note(api, cart, note):
    return api(SET_NOTE, id=cart["id"], note=note)["cartNoteSet"]


def refusal(payload):
    assert payload["cart"] is None
    (error,) = payload["userErrors"]
    assert error["message"]
    return error["code"], error["field"]


def stored():
    columns = ["pk", "email", "note", "shipping_address", "billing_address", "shipping_method", "updated_at"]
    return list(Cart.objects.order_by("pk").values_list(*columns)), Event.objects.count()


# ── Addresses ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_address_is_kept_in_the_form_of_its_country_and_decides_shipping_and_tax(guest, cart, inland, abroad):
    TaxRate.objects.create(name="VAT", country="DE", percent=Decimal("19"))

    payload = set_addresses(
        guest, cart, shippingAddress={**ADDRESS, "country": "de", "city": "  Berlin "}, email=" buyer@example.com "
    )

    assert payload["userErrors"] == []
    shown = payload["cart"]
    assert shown["shippingAddress"] == BERLIN
    assert (shown["billingAddress"], shown["email"]) == (None, "buyer@example.com")
    assert [method["name"] for method in shown["availableShippingMethods"]] == ["Inland", "Standard"]
    assert (shown["shippingTotal"], shown["total"]) == ({"amount": "2.00"}, {"amount": "22.00"})
    assert shown["includedTax"] == {"amount": "3.51"}
    assert guest(CART, id=cart["id"])["cart"] == shown


def test_what_is_left_out_stays_and_null_empties(guest, cart, shipping):
    set_addresses(guest, cart, shippingAddress=ADDRESS, billingAddress=PARIS, email="buyer@example.com")

    kept = set_addresses(guest, cart, email="other@example.com")["cart"]
    emptied = set_addresses(guest, cart, billingAddress=None, email=None)["cart"]

    assert (kept["shippingAddress"]["city"], kept["billingAddress"], kept["email"]) == (
        "Berlin",
        {"city": "Paris", "country": "FR"},
        "other@example.com",
    )
    assert (emptied["shippingAddress"], emptied["billingAddress"], emptied["email"]) == (BERLIN, None, "")


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        ({"country": "XX"}, "country"),
        ({"postalCode": "1"}, "postalCode"),
        ({"line1": " "}, "line1"),
        ({"fullName": "x" * 151}, "fullName"),
        ({"city": "a\0b"}, "city"),
        ({"phone": "123"}, "phone"),
    ],
)
def test_a_wrong_address_is_refused_by_its_part(guest, cart, wrong, part):
    before = stored()

    for name in ("shippingAddress", "billingAddress"):
        payload = set_addresses(guest, cart, email="buyer@example.com", **{name: {**ADDRESS, **wrong}})
        assert refusal(payload) == ("ADDRESS_INVALID", ["input", name, part])
    assert stored() == before


def test_an_international_domain_is_kept_in_its_one_spelling(guest, cart):
    assert set_addresses(guest, cart, email="ada@exämple.com")["cart"]["email"] == "ada@xn--exmple-cua.com"


@pytest.mark.parametrize("email", ["nobody", "a@b", "a@example.com\n", "x" * 250 + "@example.com", "\0@example.com"])
def test_what_is_no_email_address_is_refused(guest, cart, email):
    before = stored()

    if email.strip() != "a@example.com":
        assert refusal(set_addresses(guest, cart, email=email)) == ("INVALID", ["input", "email"])
        assert stored() == before
    else:
        assert set_addresses(guest, cart, email=email)["cart"]["email"] == "a@example.com"


def test_a_customer_takes_an_address_from_the_book(customer):
    entry = addresses.create(
        actor=customer,
        address=postal.Address(
            full_name="Ada Lovelace", line1="12 High Street", city="Berlin", country="DE", postal_code="10115"
        ),
    )
    api = Api(customer)
    cart = cart_with(api, (gid(make_variant()), 1))

    payload = set_addresses(api, cart, shippingAddressId=gid(entry), billingAddressId=gid(entry))

    assert payload["userErrors"] == []
    assert payload["cart"]["shippingAddress"] == BERLIN
    assert payload["cart"]["billingAddress"] == {"city": "Berlin", "country": "DE"}


def test_null_for_an_entry_of_the_book_is_as_if_it_was_left_out(guest, cart):
    before = set_addresses(guest, cart, shippingAddress=ADDRESS, billingAddress=ADDRESS)

    assert set_addresses(guest, cart, shippingAddressId=None, billingAddressId=None) == before


def test_another_persons_book_is_not_there(customer, guest):
    stranger = make_user()
    entry = addresses.create(
        actor=stranger,
        address=postal.Address(full_name="Bob", line1="1 Low Street", city="Berlin", country="DE", postal_code="10115"),
    )
    cart = cart_with(guest, (gid(make_variant()), 1))
    before = stored()

    for api in (guest, Api(customer)):
        for name in ("shippingAddressId", "billingAddressId"):
            assert refusal(set_addresses(api, cart, **{name: gid(entry)})) == ("NOT_FOUND", ["input", name])
    assert stored() == before


def test_an_address_and_an_entry_of_the_book_at_once_is_refused(guest, cart):
    both = {"shippingAddress": ADDRESS, "shippingAddressId": to_base64("Address", uuid.uuid4())}

    assert refusal(set_addresses(guest, cart, **both)) == ("INVALID", ["input", "shippingAddressId"])


def test_a_checkout_takes_what_the_cart_says(guest, cart, inland, shipping):
    set_addresses(guest, cart, shippingAddress=ADDRESS, email="cart@example.com")
    set_method(guest, cart, shipping)
    set_note(guest, cart, "Ring twice.")

    payload = checkout(guest, cart["id"], shippingAddress=None, email=None)

    assert payload["userErrors"] == []
    order = Order.objects.get()
    assert (order.email, order.note, order.shipping_method) == ("cart@example.com", "Ring twice.", "Standard")
    assert (order.shipping_address["city"], order.total_amount) == ("Berlin", Decimal("24.90"))


# ── The way to send it ───────────────────────────────────────────────────────────────────────────────────────────────
def test_a_method_is_chosen_and_given_up_again(guest, cart, inland, shipping):
    chosen = set_method(guest, cart, shipping)["cart"]
    left = set_method(guest, cart, None)["cart"]

    assert chosen["shippingMethod"] == {"name": "Standard", "price": {"amount": "4.90"}}
    assert (chosen["shippingTotal"], chosen["total"]) == ({"amount": "4.90"}, {"amount": "24.90"})
    assert (left["shippingMethod"], left["shippingTotal"]) == (None, {"amount": "2.00"})


def test_the_chosen_method_costs_what_it_costs_this_cart(guest, shipping):
    ShippingMethod.objects.filter(pk=shipping.pk).update(free_above=Decimal("30"))
    cart = cart_with(guest, (gid(make_variant(price="30.00")), 1))

    assert set_method(guest, cart, shipping)["cart"]["shippingMethod"]["price"] == {"amount": "0.00"}


@pytest.mark.parametrize("why", ["other country", "inactive", "other currency", "unknown", "too heavy", "digital"])
def test_a_method_that_is_not_on_offer_is_refused(guest, cart, abroad, shipping, why):
    set_addresses(guest, cart, shippingAddress=ADDRESS)
    method = shipping
    match why:
        case "other country":
            method = abroad
        case "inactive":
            ShippingMethod.objects.filter(pk=shipping.pk).update(is_active=False)
        case "other currency":
            method = ShippingMethod.objects.create(name="By sea", currency="USD", price_amount=Decimal(1))
        case "unknown":
            method = ShippingMethod(pk=shipping.pk + 1000)
        case "too heavy":
            variant = make_variant()
            type(variant).objects.update(weight_grams=2000)
            ShippingMethod.objects.filter(pk=shipping.pk).update(max_weight_grams=1999)
        case "digital":
            Product.objects.update(is_digital=True)
    before = stored()

    assert refusal(set_method(guest, cart, method)) == ("SHIPPING_UNAVAILABLE", ["shippingMethodId"])
    assert stored() == before


def test_an_id_that_is_no_methods_id_is_the_clients_mistake(guest, cart):
    for id in ("nonsense", cart["id"], to_base64("ShippingMethod", "x")):
        assert guest.code(SET_METHOD, id=cart["id"], method=id) == "BAD_USER_INPUT"


def test_a_method_that_does_not_ship_to_the_new_address_is_a_problem(guest, cart, inland, shipping):
    set_addresses(guest, cart, shippingAddress=ADDRESS)
    set_method(guest, cart, inland)

    moved = set_addresses(guest, cart, shippingAddress=PARIS)["cart"]

    assert moved["shippingMethod"]["name"] == "Inland"
    assert [method["name"] for method in moved["availableShippingMethods"]] == ["Standard"]
    assert moved["problems"] == [{"__typename": "ShippingMethodUnavailable", "code": "SHIPPING_UNAVAILABLE"}]
    assert checkout(guest, cart["id"], shippingAddress=None)["userErrors"][0]["code"] == "SHIPPING_UNAVAILABLE"
    assert Order.objects.count() == 0


def test_a_cart_of_files_needs_no_shipping(guest, cart, shipping):
    Product.objects.update(is_digital=True)

    shown = guest(CART, id=cart["id"])["cart"]

    assert (shown["needsShipping"], shown["availableShippingMethods"], shown["problems"]) == (False, [], [])


# ── The note ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_note_of_several_lines_is_kept_and_emptied(guest, cart):
    assert set_note(guest, cart, " Ring twice.\nThen wait. ")["cart"]["note"] == "Ring twice.\nThen wait."
    assert set_note(guest, cart, "x" * 1000)["cart"]["note"] == "x" * 1000
    assert set_note(guest, cart, "")["cart"]["note"] == ""


@pytest.mark.parametrize("note", ["x" * 1001, "a\0b", "\u202eabc", "\x1b[0m"])
def test_a_note_that_cannot_be_kept_is_refused(guest, cart, note):
    before = stored()

    assert refusal(set_note(guest, cart, note)) == ("INVALID", ["note"])
    assert stored() == before


# ── Whose, and until when ────────────────────────────────────────────────────────────────────────────────────────────
def test_only_the_customer_says_anything_about_the_customers_cart(guest, customer, staff, shipping):
    cart = cart_with(Api(customer), (gid(make_variant()), 1))
    before = stored()

    for stranger in (guest, Api(staff)):
        assert refusal(set_addresses(stranger, cart, email="a@example.com")) == ("NOT_FOUND", ["cartId"])
        assert refusal(set_method(stranger, cart, shipping)) == ("NOT_FOUND", ["cartId"])
        assert refusal(set_note(stranger, cart, "x")) == ("NOT_FOUND", ["cartId"])
    assert stored() == before


def test_an_ordered_cart_takes_no_details_any_more(guest, cart, shipping):
    assert checkout(guest, cart["id"])["userErrors"] == []
    before = stored()

    completed = ("CART_COMPLETED", ["cartId"])
    assert refusal(set_addresses(guest, cart, email="a@example.com")) == completed
    assert refusal(set_method(guest, cart, shipping)) == completed
    assert refusal(set_note(guest, cart, "x")) == completed
    assert stored() == before


# ── Finding it again ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_customer_finds_the_open_carts_again_last_touched_first(guest, customer, shipping):
    api = Api(customer)
    variant = gid(make_variant())
    first, ordered, second = (cart_with(api, (variant, 1)) for _ in range(3))
    cart_with(guest, (variant, 1))
    cart_with(Api(make_user()), (variant, 1))
    assert checkout(api, ordered["id"])["userErrors"] == []
    set_note(api, first, "touched")

    found = api(CARTS % "id note lines { quantity variant { sku } } total { amount }")["carts"]

    assert [edge["node"]["id"] for edge in found["edges"]] == [first["id"], second["id"]]
    assert found["totalCount"] == 2
    assert found["edges"][0]["node"]["total"] == {"amount": "24.90"}
    assert guest.code(CARTS % "id") == "UNAUTHENTICATED"


def test_a_list_of_carts_takes_the_same_statements_for_one_and_for_ten(customer):
    api = Api(customer)
    variants = [gid(make_variant()) for _ in range(10)]
    query = CARTS % "id currency note updatedAt expiresAt lines { quantity variant { sku } }"
    counted = []
    for count in (1, 1, 9):
        for _ in range(count):
            cart_with(api, *[(variant, 1) for variant in variants[:count]])
        with CaptureQueriesContext(connection) as captured:
            assert api(query)["carts"]["edges"]
        counted.append(len(captured))

    assert counted[1] == counted[2]
    assert counted[2] <= 5


def test_a_request_prices_ten_carts_at_most(customer):
    api = Api(customer)
    for _ in range(11):
        api(CART_CREATE)

    assert len(api(CARTS % "total { amount }", first=10)["carts"]["edges"]) == 10
    assert api.code(CARTS % "total { amount }", first=11) == "QUERY_TOO_EXPENSIVE"
    assert len(api(CARTS % "id", first=11)["carts"]["edges"]) == 11
