"""A guest signs in: what was in the guest's cart comes into the customer's, line by line, once."""

import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from strawberry.relay.utils import to_base64

from accounts.services import privacy
from catalog.models import ProductStatus, StockLevel, VariantPrice
from notifications.models import Event
from ordering import tasks
from ordering.models import Cart, CartLine, Promotion, PromotionKind
from tests.conftest import PASSWORD, Api, gid, make_product, make_user, make_variant
from tests.shopping import CART_CREATE, CART_FIELDS, ERRORS, cart_with, checkout

pytestmark = pytest.mark.django_db

MERGE = f"""
mutation($guest: ID!, $own: ID) {{
  cartMerge(guestCartId: $guest, cartId: $own) {{
    cart {{ {CART_FIELDS} note email shippingAddress {{ city }} coupons {{ code }} problems {{ __typename }} }}
    outcomes {{ sku variant {{ id }} outcome quantity }} {ERRORS}
  }}
}}
"""
MERGE_ONLY = """
mutation($guest: ID!) {
  cartMerge(guestCartId: $guest) { outcomes { sku outcome variant { sku } } userErrors { code } }
}
"""
CART = "query($id: ID!) { cart(id: $id) { itemCount note email shippingAddress { city } } }"
CARTS = "{ carts { edges { node { id } } } }"
ADD = f"""
mutation($id: ID!, $lines: [CartLineInput!]!) {{
  cartLinesAdd(cartId: $id, lines: $lines) {{ cart {{ id }} {ERRORS} }}
}}
"""
START = "mutation($id: ID!) { checkoutStart(cartId: $id) { userErrors { code } } }"


@pytest.fixture
def api(customer):
    return Api(customer)


def merge(api, guests, own=None):
    return api(MERGE, guest=guests["id"], own=own and own["id"])["cartMerge"]


def merged(api, guests, own=None):
    payload = merge(api, guests, own)
    assert payload["userErrors"] == []
    return payload


def outcomes(payload):
    return [(each["sku"], each["outcome"], each["quantity"]) for each in payload["outcomes"]]


def contents(cart):
    return {line["variant"]["sku"]: line["quantity"] for line in cart["lines"]}


def refusal(payload):
    assert (payload["cart"], payload["outcomes"]) == (None, [])
    (error,) = payload["userErrors"]
    assert error["message"]
    return error["code"], error["field"]


def stored():
    carts = Cart.objects.order_by("pk").values("pk", "customer", "merged_into", "merge_outcomes", "note", "updated_at")
    lines = CartLine.objects.order_by("pk").values_list("cart", "variant", "quantity", "agreed_amount", "reserved")
    return list(carts), list(lines), Event.objects.count()


# ── One outcome a line ───────────────────────────────────────────────────────────────────────────────────────────────
def test_each_line_says_what_became_of_it(guest, api, shipping):
    added, summed, capped, dearer, gone, sold_out = (make_variant(stock=10) for _ in range(6))
    guests = cart_with(guest, *[(gid(variant), 3) for variant in (added, summed, capped, dearer, gone, sold_out)])
    own = cart_with(api, (gid(summed), 2), (gid(capped), 4))
    StockLevel.objects.filter(pk=capped.pk).update(on_hand=5)
    StockLevel.objects.filter(pk=sold_out.pk).update(on_hand=0)
    type(dearer).objects.filter(pk=dearer.pk).update(price_amount=Decimal("25.00"))
    type(gone.product).objects.filter(pk=gone.product_id).update(status=ProductStatus.ARCHIVED)

    payload = merged(api, guests)

    assert payload["cart"]["id"] == own["id"]
    assert outcomes(payload) == [
        (added.sku, "ADDED", 3),
        (summed.sku, "SUMMED", 5),
        (capped.sku, "CAPPED_BY_STOCK", 5),
        (dearer.sku, "PRICE_CHANGED", 3),
        (gone.sku, "UNAVAILABLE", 0),
        (sold_out.sku, "UNAVAILABLE", 0),
    ]
    assert payload["outcomes"][0]["variant"] == {"id": gid(added)}
    assert contents(payload["cart"]) == {summed.sku: 5, capped.sku: 5, added.sku: 3, dearer.sku: 3}
    assert payload["cart"]["problems"] == [{"__typename": "PriceChanged"}]
    assert guest(CART, id=guests["id"])["cart"]["itemCount"] == 0


def test_nothing_of_the_customers_becomes_less(guest, api):
    variant = make_variant(stock=10)
    guests, own = cart_with(guest, (gid(variant), 2)), cart_with(api, (gid(variant), 5))
    StockLevel.objects.update(on_hand=3)

    payload = merged(api, guests, own)

    assert outcomes(payload) == [(variant.sku, "CAPPED_BY_STOCK", 5)]
    assert contents(payload["cart"]) == {variant.sku: 5}


def test_a_line_holds_a_thousand_at_most(guest, api):
    variant = make_variant(stock=5000)
    guests, own = cart_with(guest, (gid(variant), 600)), cart_with(api, (gid(variant), 600))

    payload = merged(api, guests, own)

    assert outcomes(payload) == [(variant.sku, "CAPPED_BY_STOCK", 1000)]


def test_a_price_that_either_of_them_did_not_see_is_told(guest, api, shipping):
    variant = make_variant(price="20.00")
    guests = cart_with(guest, (gid(variant), 1))
    type(variant).objects.update(price_amount=Decimal("25.00"))
    cart_with(api, (gid(variant), 1))

    payload = merged(api, guests)

    assert outcomes(payload) == [(variant.sku, "PRICE_CHANGED", 2)]
    assert payload["cart"]["problems"] == [{"__typename": "PriceChanged"}]


# ── Into which cart ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_customer_without_a_cart_gets_the_guests(guest, api, customer):
    kept, short, gone = (make_variant(stock=5) for _ in range(3))
    guests = cart_with(guest, (gid(kept), 2), (gid(short), 4), (gid(gone), 1))
    StockLevel.objects.filter(pk=short.pk).update(on_hand=3)
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)

    payload = merged(api, guests)

    assert payload["cart"]["id"] == guests["id"]
    assert outcomes(payload) == [
        (kept.sku, "ADDED", 2),
        (short.sku, "CAPPED_BY_STOCK", 3),
        (gone.sku, "UNAVAILABLE", 0),
    ]
    assert contents(payload["cart"]) == {kept.sku: 2, short.sku: 3}
    assert Cart.objects.get().customer == customer
    assert guest.code(CART, id=guests["id"]) == "NOT_FOUND"
    assert add(api, guests, kept)["userErrors"] == []


def test_the_newest_open_cart_of_the_same_currency_is_taken(guest, api, settings, shipping):
    settings.SHOP_CURRENCIES = ["EUR", "USD"]
    variant = make_variant()
    VariantPrice.objects.create(variant=variant, currency="USD", amount=Decimal(5))
    older, newer, ordered = (cart_with(api, (gid(make_variant()), 1)) for _ in range(3))
    assert checkout(api, ordered["id"])["userErrors"] == []
    in_dollars = api(CART_CREATE, input={"currency": "USD"})["cartCreate"]["cart"]
    guests = cart_with(guest, (gid(variant), 1))

    assert merged(api, guests)["cart"]["id"] == newer["id"]

    dollars = {"currency": "USD", "lines": [{"variantId": gid(variant), "quantity": 2}]}
    other = guest(CART_CREATE, input=dollars)["cartCreate"]["cart"]
    assert merged(api, other)["cart"]["id"] == in_dollars["id"]
    third = cart_with(guest, (gid(variant), 1))
    assert merged(api, third, older)["cart"]["id"] == older["id"]


def test_a_cart_in_another_currency_cannot_be_named(guest, api, settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD"]
    guests = cart_with(guest, (gid(make_variant()), 1))
    own = api(CART_CREATE, input={"currency": "USD"})["cartCreate"]["cart"]
    before = stored()

    assert refusal(merge(api, guests, own)) == ("CURRENCY_NOT_SUPPORTED", ["cartId"])
    assert stored() == before


def test_what_the_customers_cart_lacks_comes_along(guest, api, shipping):
    coupons = [
        Promotion.objects.create(name=code, code=code, kind=PromotionKind.PERCENTAGE, percent=Decimal(10))
        for code in ("GUEST", "OWN")
    ]
    guests, own = (cart_with(each, (gid(make_variant()), 1)) for each in (guest, api))
    address = {"full_name": "Ada", "line1": "1 Street", "line2": "", "city": "Berlin", "region": "", "phone": ""}
    address |= {"country": "DE", "postal_code": "10115"}
    of_guest, of_customer = Cart.objects.get(customer=None), Cart.objects.get(customer__isnull=False)
    of_guest.coupons.add(coupons[0])
    Cart.objects.filter(pk=of_guest.pk).update(note="Mine", email="guest@example.com", shipping_address=address)
    Cart.objects.filter(pk=of_customer.pk).update(note="Own")

    payload = merged(api, guests)

    assert payload["cart"]["note"] == "Own"
    assert (payload["cart"]["email"], payload["cart"]["shippingAddress"]) == ("guest@example.com", {"city": "Berlin"})
    assert payload["cart"]["coupons"] == [{"code": "GUEST"}]
    assert guest(CART, id=guests["id"])["cart"] == {"itemCount": 0, "note": "", "email": "", "shippingAddress": None}

    second = cart_with(guest, (gid(make_variant()), 1))
    Cart.objects.get(customer=None, merge_outcomes__isnull=True).coupons.add(coupons[1])
    assert merged(api, second, own)["cart"]["coupons"] == [{"code": "GUEST"}]


# ── Once ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("has_cart", [True, False])
def test_merging_again_changes_nothing_and_says_the_same(guest, api, has_cart):
    variant, deleted = make_variant(stock=4), make_variant()
    if has_cart:
        cart_with(api, (gid(variant), 3))
    guests = cart_with(guest, (gid(variant), 3), (gid(deleted), 1))
    first = merged(api, guests)
    before = stored()

    assert merged(api, guests) == first
    assert stored() == before

    deleted.product.delete()
    later = merged(api, guests)
    assert outcomes(later) == outcomes(first)
    assert [each["variant"] and each["variant"]["id"] for each in later["outcomes"]] == [gid(variant), None]


def test_a_guests_cart_is_merged_again_in_vain_after_the_customers_was_ordered(guest, api, shipping):
    variant = make_variant()
    guests, own = cart_with(guest, (gid(variant), 1)), cart_with(api, (gid(variant), 1))
    first = merged(api, guests)
    assert checkout(api, own["id"])["userErrors"] == []
    before = stored()

    assert outcomes(merged(api, guests)) == outcomes(first)
    assert stored() == before


def test_a_cart_that_is_ones_own_already_stays_as_it_is(api):
    own = cart_with(api, (gid(make_variant()), 1))
    cart_with(api, (gid(make_variant()), 1))
    before = stored()

    payload = merged(api, own)

    assert (payload["cart"]["id"], payload["outcomes"]) == (own["id"], [])
    assert stored() == before


def add(api, cart, variant):
    return api(ADD, id=cart["id"], lines=[{"variantId": gid(variant), "quantity": 1}])["cartLinesAdd"]


def test_a_merged_cart_takes_nothing_any_more(guest, api, shipping):
    variant = make_variant()
    guests = cart_with(guest, (gid(variant), 1))
    cart_with(api, (gid(variant), 1))
    merged(api, guests)
    before = stored()

    for person in (guest, api):
        error = add(person, guests, variant)["userErrors"][0]
        assert (error["code"], error["field"]) == ("CART_MERGED", ["cartId"])
    assert checkout(guest, guests["id"])["userErrors"][0]["code"] == "CART_MERGED"
    assert stored() == before
    assert [edge["node"]["id"] for edge in api(CARTS)["carts"]["edges"]] != [guests["id"]]


def test_another_customer_learns_nothing_of_a_merged_cart(guest, api):
    guests = cart_with(guest, (gid(make_variant()), 1))
    cart_with(api, (gid(make_variant()), 1))
    merged(api, guests)
    before = stored()

    assert refusal(merge(Api(make_user()), guests)) == ("CART_MERGED", ["guestCartId"])
    assert stored() == before


# ── What is refused ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_who_is_not_signed_in_merges_nothing(guest):
    guests = cart_with(guest, (gid(make_variant()), 1))
    before = stored()

    assert guest.code(MERGE, guest=guests["id"]) == "UNAUTHENTICATED"
    assert stored() == before


def test_carts_that_are_not_there_or_not_ones_own_are_not_found(guest, api, staff):
    guests, own = cart_with(guest, (gid(make_variant()), 1)), cart_with(api, (gid(make_variant()), 1))
    strangers = cart_with(Api(make_user()), (gid(make_variant()), 1))
    draft = {"id": to_base64("Cart", Cart.objects.create(currency="EUR", drafted_by=staff).pk)}
    unknown = {"id": to_base64("Cart", uuid.uuid4())}
    before = stored()

    for other in (strangers, unknown, draft):
        assert refusal(merge(api, other)) == ("NOT_FOUND", ["guestCartId"])
        assert refusal(merge(api, guests, other)) == ("NOT_FOUND", ["cartId"])
    assert refusal(merge(Api(staff), draft)) == ("NOT_FOUND", ["guestCartId"])
    assert refusal(merge(api, guests, guests)) == ("NOT_FOUND", ["cartId"])
    assert refusal(merge(Api(staff), guests, own)) == ("NOT_FOUND", ["cartId"])
    assert stored() == before


def test_an_ordered_cart_is_neither_merged_nor_merged_into(guest, api, shipping):
    ordered, own = (cart_with(each, (gid(make_variant()), 1)) for each in (guest, api))
    guests = cart_with(guest, (gid(make_variant()), 1))
    assert checkout(guest, ordered["id"])["userErrors"] == []
    assert checkout(api, own["id"])["userErrors"] == []
    before = stored()

    assert refusal(merge(api, ordered)) == ("CART_COMPLETED", ["guestCartId"])
    assert refusal(merge(api, guests, own)) == ("CART_COMPLETED", ["cartId"])
    assert stored() == before


def test_more_variants_than_a_cart_holds_are_not_merged(guest, api):
    ids = [gid(variant) for variant in make_product(variants=101).variants.all()]
    all_but_one, all_of_them = (cart_with(guest, *[(id, 1) for id in ids[first:61]]) for first in (1, 0))
    cart_with(api, *[(id, 1) for id in ids[61:]])

    assert merged(api, all_but_one)["cart"]["itemCount"] == 100
    before = stored()

    assert refusal(merge(api, all_of_them)) == ("CART_FULL", ["guestCartId"])
    assert stored() == before


def test_an_id_that_is_no_carts_id_is_the_clients_mistake(api):
    for id in ("nonsense", to_base64("Order", uuid.uuid4()), to_base64("Cart", "1")):
        assert api.code(MERGE, guest=id) == "BAD_USER_INPUT"


# ── Stock, and forgetting ────────────────────────────────────────────────────────────────────────────────────────────
def test_what_the_guest_held_is_free_for_the_customer(guest, api):
    variant = make_variant(stock=5)
    guests, own = cart_with(guest, (gid(variant), 3)), cart_with(api, (gid(variant), 2))
    guest(START, id=guests["id"])
    api(START, id=own["id"])
    assert StockLevel.objects.get().reserved == 5

    payload = merged(api, guests)

    assert outcomes(payload) == [(variant.sku, "SUMMED", 5)]
    assert StockLevel.objects.get().reserved == 2
    assert api(START, id=own["id"])["checkoutStart"]["userErrors"] == []
    assert StockLevel.objects.get().reserved == 5


def test_what_a_guest_held_stays_held_where_the_cart_becomes_the_customers(guest, api):
    variant = make_variant(stock=5)
    guests = cart_with(guest, (gid(variant), 3))
    guest(START, id=guests["id"])

    merged(api, guests)

    assert (StockLevel.objects.get().reserved, CartLine.objects.get().reserved) == (3, 3)


def test_an_erased_customer_leaves_no_merged_cart(guest, api, customer):
    guests = cart_with(guest, (gid(make_variant()), 1))
    cart_with(api, (gid(make_variant()), 1))
    merged(api, guests)

    privacy.erase(actor=customer, password=PASSWORD)
    tasks.forget_erased_customers()

    assert Cart.objects.count() == 0


def test_merging_takes_the_same_statements_for_one_line_and_for_ten(guest, customer):
    counted = []
    for count in (1, 1, 10):
        api = Api(make_user())
        variants = [gid(make_variant()) for _ in range(count)]
        guests = cart_with(guest, *[(id, 1) for id in variants])
        cart_with(api, *[(id, 1) for id in variants])
        with CaptureQueriesContext(connection) as captured:
            assert api(MERGE_ONLY, guest=guests["id"])["cartMerge"]["userErrors"] == []
        counted.append(len(captured))

    assert counted[1] == counted[2]
