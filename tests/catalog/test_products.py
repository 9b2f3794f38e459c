"""Browsing: what is shown to whom, every filter and ordering, how prices look, and what a page costs."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from moneyed import Money

from catalog import money
from catalog.models import Category, Product, ProductStatus, ProductVariant, StockLevel, Vendor
from tests.conftest import Api, gid, make_product, make_user

NAMES = """
query($filters: ProductFilters, $ordering: [ProductOrdering!]) {
  products(filters: $filters, ordering: $ordering) { totalCount edges { node { name } } }
}
"""
PAGE = """
query($first: Int) {
  products(first: $first) {
    edges { node {
      name inStock category { name } images { url alt }
      priceRange { min { amount currency } max { amount currency } }
      variants { sku price { amount currency } quantityAvailable options { name value } }
    } }
    pageInfo { endCursor hasNextPage }
  }
}
"""
BY_ID = "query($id: ID!) { product(id: $id) { name } }"
BY_SLUG = "query($slug: String!) { productBySlug(slug: $slug) { name } }"


def names(api, filters=None, ordering=None):
    found = api(NAMES, filters=filters, ordering=ordering)["products"]
    listed = [edge["node"]["name"] for edge in found["edges"]]
    assert found["totalCount"] == len(listed)
    return listed


def category(name, parent=None):
    return Category.objects.create(name=name, slug=name.lower(), parent=parent)


def permitted(**fields):
    user = make_user(**fields)
    user.user_permissions.add(Permission.objects.get(codename="view_all_products"))
    return Api(user)


@pytest.fixture
def keeper(db):
    """Staff who may see every product."""
    return permitted(is_staff=True)


# ── What is shown to whom ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("status", [ProductStatus.DRAFT, ProductStatus.ARCHIVED])
def test_what_is_not_on_sale_is_hidden_from_customers(guest, customer, status):
    make_product("On sale")
    hidden = make_product("Hidden", status=status)

    for api in (guest, Api(customer)):
        assert names(api) == ["On sale"]
        assert api.code(BY_ID, id=gid(hidden)) == "NOT_FOUND"
        assert api.code(BY_SLUG, slug=hidden.slug) == "NOT_FOUND"
        assert api.code("query($id: ID!) { product(id: $id) { id } }", id=gid(hidden)) == "NOT_FOUND"


@pytest.mark.parametrize("status", [ProductStatus.DRAFT, ProductStatus.ARCHIVED])
def test_what_is_not_on_sale_is_shown_to_those_permitted(keeper, status):
    make_product("On sale")
    hidden = make_product("Hidden", status=status)

    assert names(keeper) == ["Hidden", "On sale"]
    assert keeper(BY_ID, id=gid(hidden)) == {"product": {"name": "Hidden"}}
    assert keeper(BY_SLUG, slug=hidden.slug) == {"productBySlug": {"name": "Hidden"}}


def test_staff_without_the_permission_and_others_with_it_see_what_is_on_sale(db):
    hidden = make_product("Hidden", status=ProductStatus.DRAFT)

    for api in (Api(make_user(is_staff=True)), permitted()):
        assert names(api) == []
        assert api.code(BY_ID, id=gid(hidden)) == "NOT_FOUND"


def test_a_product_is_found_by_its_id_and_by_its_slug(guest):
    product = make_product("Desk lamp")

    assert guest(BY_ID, id=gid(product)) == {"product": {"name": "Desk lamp"}}
    assert guest(BY_SLUG, slug=product.slug) == {"productBySlug": {"name": "Desk lamp"}}


def test_an_unknown_product_is_not_found_and_another_types_id_is_refused(guest):
    product = make_product()

    assert guest.code(BY_ID, id=gid(Product(pk=product.pk + 1))) == "NOT_FOUND"
    assert guest.code(BY_SLUG, slug="no-such-product") == "NOT_FOUND"
    assert guest.code(BY_ID, id=gid(product.vendor)) == "BAD_USER_INPUT"
    assert guest.code(BY_ID, id="nonsense") == "BAD_USER_INPUT"


def test_inactive_variants_are_shown_to_nobody(guest, keeper):
    product = make_product(variants=3)
    ProductVariant.objects.filter(product=product, position=1).update(is_active=False)
    query = "query($id: ID!) { product(id: $id) { variants { name } } }"

    for api in (guest, keeper):
        assert api(query, id=gid(product))["product"]["variants"] == [{"name": "Variant 0"}, {"name": "Variant 2"}]


def test_a_product_shows_all_it_has(guest):
    product = make_product(
        "Desk lamp",
        price="20.00",
        stock=7,
        description="<p>Bright.</p>",
        tags=["light"],
        attributes={"watts": 5},
        is_featured=True,
    )
    query = """query($slug: String!) { productBySlug(slug: $slug) {
      name slug description tags attributes isFeatured inStock
      category { name slug parent { name } } vendor { name slug } images { url alt }
      priceRange { min { amount currency } max { amount currency } }
      variants { sku name price { amount } compareAtPrice { amount } quantityAvailable options { name value } }
    } }"""

    shown = guest(query, slug=product.slug)["productBySlug"]

    variant = product.variants.get()
    assert shown == {
        "name": "Desk lamp",
        "slug": product.slug,
        "description": "<p>Bright.</p>",
        "tags": ["light"],
        "attributes": {"watts": 5},
        "isFeatured": True,
        "inStock": True,
        "category": {"name": "Things", "slug": "things", "parent": None},
        "vendor": {"name": "Maker", "slug": "maker"},
        "images": [{"url": product.images.get().source_url, "alt": "Desk lamp"}],
        "priceRange": {
            "min": {"amount": "20.00", "currency": "EUR"},
            "max": {"amount": "20.00", "currency": "EUR"},
        },
        "variants": [
            {
                "sku": variant.sku,
                "name": "Variant 0",
                "price": {"amount": "20.00"},
                "compareAtPrice": None,
                "quantityAvailable": 7,
                "options": [{"name": "Size", "value": "0"}],
            }
        ],
    }


def test_a_product_without_variants_or_category_is_shown_without_a_price(guest):
    product = make_product(variants=0, category=None)
    Product.objects.filter(pk=product.pk).update(price_min=None, price_max=None)
    query = """query($id: ID!) { product(id: $id) {
      category { name } priceRange { min { amount } } variants { id } inStock } }"""

    shown = guest(query, id=gid(product))["product"]

    assert shown == {"category": None, "priceRange": None, "variants": [], "inStock": False}


def test_categories_are_listed_by_name_with_their_parents(guest):
    category("Tables", parent=category("Furniture"))
    category("Art")

    listed = guest("{ categories { totalCount edges { node { name slug parent { name } } } } }")["categories"]

    assert listed == {
        "totalCount": 3,
        "edges": [
            {"node": {"name": "Art", "slug": "art", "parent": None}},
            {"node": {"name": "Furniture", "slug": "furniture", "parent": None}},
            {"node": {"name": "Tables", "slug": "tables", "parent": {"name": "Furniture"}}},
        ],
    }


# ── Filters ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_category_holds_the_products_of_all_its_descendants(guest):
    home = category("Home")
    lighting = category("Lighting", parent=home)
    lamps = category("Lamps", parent=lighting)
    make_product("Sofa", category=home)
    make_product("Candle", category=lighting)
    make_product("Lamp", category=lamps)
    make_product("Elsewhere", category=category("Garden"))

    assert names(guest, {"category": "home"}) == ["Lamp", "Candle", "Sofa"]
    assert names(guest, {"category": "lighting"}) == ["Lamp", "Candle"]
    assert names(guest, {"category": "lamps"}) == ["Lamp"]
    assert names(guest, {"category": "no-such-shelf"}) == []


def test_a_circle_of_categories_ends(guest):
    one = category("One")
    two = category("Two", parent=one)
    Category.objects.filter(pk=one.pk).update(parent=two)
    make_product("In one", category=one)
    make_product("In two", category=two)

    assert names(guest, {"category": "one"}) == ["In two", "In one"]


def test_products_of_one_vendor(guest):
    make_product("Ours", vendor=Vendor.objects.create(name="Ours", slug="ours"))
    make_product("Theirs")

    assert names(guest, {"vendor": "ours"}) == ["Ours"]
    assert names(guest, {"vendor": "nobody"}) == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"minPrice": "20.00"}, ["Wide", "Dear", "Middle"]),
        ({"minPrice": "20.01"}, ["Wide", "Dear"]),
        ({"maxPrice": "20.00"}, ["Wide", "Middle", "Cheap"]),
        ({"maxPrice": "19.99"}, ["Wide", "Cheap"]),
        ({"minPrice": "15", "maxPrice": "25"}, ["Wide", "Middle"]),
        ({"minPrice": "0", "maxPrice": "0"}, []),
    ],
)
def test_prices_from_and_to(guest, filters, expected):
    for name, price in (("Cheap", "10.00"), ("Middle", "20.00"), ("Dear", "30.00")):
        make_product(name, price=price)
    wide = make_product("Wide", price="10.00")
    Product.objects.filter(pk=wide.pk).update(price_max=Decimal("30.00"))

    assert names(guest, filters) == expected


def test_in_stock_counts_active_variants_only(guest):
    make_product("Plenty", stock=1)
    make_product("Gone", stock=0)
    retired = make_product("Retired", stock=5)
    retired.variants.update(is_active=False)
    StockLevel.objects.filter(variant__product=make_product("Never counted")).delete()
    query = "{ products { edges { node { name inStock } } } }"

    assert names(guest, {"inStock": True}) == ["Plenty"]
    assert names(guest, {"inStock": False}) == ["Never counted", "Retired", "Gone"]
    assert {edge["node"]["name"]: edge["node"]["inStock"] for edge in guest(query)["products"]["edges"]} == {
        "Plenty": True,
        "Gone": False,
        "Retired": False,
        "Never counted": False,
    }


def test_featured_and_others(guest):
    make_product("Featured", is_featured=True)
    make_product("Other")

    assert names(guest, {"isFeatured": True}) == ["Featured"]
    assert names(guest, {"isFeatured": False}) == ["Other"]


def test_created_after_includes_the_moment_and_before_does_not(guest):
    for day in (1, 2, 3):
        product = make_product(f"Day {day}")
        Product.objects.filter(pk=product.pk).update(created_at=datetime(2026, 1, day, tzinfo=UTC))

    assert names(guest, {"createdAfter": "2026-01-02T00:00:00Z"}) == ["Day 3", "Day 2"]
    assert names(guest, {"createdBefore": "2026-01-02T00:00:00Z"}) == ["Day 1"]
    assert names(guest, {"createdAfter": "2026-01-02T01:00:00+01:00", "createdBefore": "2026-01-03T00:00:00Z"}) == [
        "Day 2"
    ]


def test_several_filters_mean_all_of_them(guest):
    make_product("Right", price="10.00", is_featured=True)
    make_product("Too dear", price="30.00", is_featured=True)
    make_product("Not featured", price="10.00")

    assert names(guest, {"maxPrice": "20", "isFeatured": True, "vendor": "maker"}) == ["Right"]


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        ({"minPrice": "-1"}, "minPrice"),
        ({"maxPrice": "-0.01"}, "maxPrice"),
        ({"minPrice": "NaN"}, "minPrice"),
        ({"minPrice": "Infinity"}, "minPrice"),
        ({"search": "x" * 201}, "search"),
        ({"createdAfter": "yesterday"}, "createdAfter"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_filter_that_cannot_be_read_is_the_clients_mistake(guest, db, filters, named):
    response = guest.send(NAMES, filters=filters)

    error = response["errors"][0]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert named in error["message"]


@pytest.mark.parametrize("filters", [{"search": "\ud800"}, {"category": "\ud800"}, {"vendor": "\ud800"}])
def test_half_a_character_in_a_filter_is_the_clients_mistake(guest, db, filters):
    assert guest.code(NAMES, filters=filters) == "BAD_USER_INPUT"


def test_a_slug_no_product_can_have_is_not_found(guest, db):
    assert guest.code(BY_SLUG, slug="no such / slug") == "NOT_FOUND"
    assert guest.code(BY_SLUG, slug="a\0b") == "NOT_FOUND"


def test_half_a_character_in_a_slug_is_the_clients_mistake(guest, db):
    assert guest.code(BY_SLUG, slug="\ud800") == "BAD_USER_INPUT"


# ── Orderings ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        (None, ["Beta", "Alpha", "Gamma"]),
        ([], ["Beta", "Alpha", "Gamma"]),
        ([{"price": "ASC"}], ["Gamma", "Alpha", "Beta"]),
        ([{"price": "DESC"}], ["Beta", "Alpha", "Gamma"]),
        ([{"name": "ASC"}], ["Alpha", "Beta", "Gamma"]),
        ([{"name": "DESC"}], ["Gamma", "Beta", "Alpha"]),
        ([{"createdAt": "ASC"}], ["Gamma", "Alpha", "Beta"]),
        ([{"createdAt": "DESC"}], ["Beta", "Alpha", "Gamma"]),
        ([{"price": "DESC"}, {"name": "DESC"}], ["Beta", "Alpha", "Gamma"]),
    ],
)
def test_every_ordering(guest, db, ordering, expected):
    make_product("Gamma", price="10.00")
    make_product("Alpha", price="20.00")
    make_product("Beta", price="20.00")

    assert names(guest, None, ordering) == expected


@pytest.mark.parametrize("ordering", [[{}], [{"price": "ASC", "name": "ASC"}], [{"price": None}], [{"stock": "ASC"}]])
def test_an_ordering_names_exactly_one_thing(guest, db, ordering):
    assert guest.code(NAMES, ordering=ordering) == "BAD_USER_INPUT"


def test_an_ordering_has_no_more_terms_than_there_are(guest, db):
    assert guest.code(NAMES, ordering=[{"price": "ASC"}] * 10_000) == "BAD_USER_INPUT"


@pytest.mark.parametrize("ordering", [[], [{"price": "ASC"}], [{"price": "DESC"}], [{"name": "ASC"}]])
def test_pages_together_hold_every_product_once(guest, db, ordering):
    for number in range(7):
        make_product(f"Product {number}", price="20.00" if number % 2 else "10.00")
    query = """query($after: String, $ordering: [ProductOrdering!]) {
      products(first: 3, after: $after, ordering: $ordering) {
        edges { node { name } } pageInfo { endCursor hasNextPage } } }"""

    paged, after, more = [], None, True
    while more:
        page = guest(query, after=after, ordering=ordering)["products"]
        paged += [edge["node"]["name"] for edge in page["edges"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert paged == names(guest, None, ordering)


def test_what_has_no_price_is_not_listed(guest):
    make_product("Priced")
    make_product("Priceless")
    Product.objects.filter(name="Priceless").update(price_min=None, price_max=None)

    assert names(guest) == ["Priced"]


# ── Money ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("currency", "decimals"), [("JPY", 0), ("EUR", 2), ("USD", 2), ("KWD", 3)])
def test_a_currency_has_its_own_number_of_decimals(currency, decimals):
    assert money.exponent(currency) == decimals


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("20", "EUR", "20.00"),
        ("20.005", "EUR", "20.01"),
        ("20.004", "EUR", "20.00"),
        ("-0.005", "EUR", "-0.01"),
        ("1999.5", "JPY", "2000"),
        ("1999.4", "JPY", "1999"),
        ("0.5", "KWD", "0.500"),
        ("0.0005", "KWD", "0.001"),
    ],
)
def test_amounts_are_rounded_to_the_currency_halves_away_from_zero(amount, currency, shown):
    assert str(money.rounded(Decimal(amount), currency).amount) == shown


@given(
    amount=st.decimals(min_value=-(10**10), max_value=10**10, places=5),
    currency=st.sampled_from(["JPY", "EUR", "KWD"]),
)
def test_rounding_moves_an_amount_by_half_a_unit_at_most_and_only_once(amount, currency):
    once = money.rounded(amount, currency)

    assert abs(once.amount - amount) <= Decimal(1).scaleb(-money.exponent(currency)) / 2
    assert money.rounded(once.amount, currency) == once


def test_a_currency_is_known_or_not():
    assert money.is_currency("EUR")
    assert not money.is_currency("EURO")
    assert not money.is_currency("")


@pytest.mark.parametrize(
    ("currency", "stored", "shown"), [("EUR", "20", "20.00"), ("JPY", "2000", "2000"), ("KWD", "20.5", "20.500")]
)
def test_a_price_leaves_the_api_with_the_currencys_decimals(guest, db, settings, currency, stored, shown):
    settings.SHOP_CURRENCY = currency
    product = make_product()
    product.variants.update(currency=currency, price_amount=Decimal(stored), compare_at_amount=Decimal(stored))
    query = """query($id: ID!) { product(id: $id) {
      variants { price { amount currency } compareAtPrice { amount currency } } } }"""

    variant = guest(query, id=gid(product))["product"]["variants"][0]

    assert variant["price"] == {"amount": shown, "currency": currency}
    assert variant["compareAtPrice"] == {"amount": shown, "currency": currency}


def test_a_price_before_the_reduction_is_shown_even_when_it_was_nothing(guest, db):
    product = make_product()
    product.variants.update(compare_at_amount=Decimal(0))

    shown = guest("query($id: ID!) { product(id: $id) { variants { compareAtPrice { amount } } } }", id=gid(product))

    assert shown["product"]["variants"] == [{"compareAtPrice": {"amount": "0.00"}}]


def test_moneyed_and_the_table_agree(db):
    variant = make_product(price="20.00").variants.get()
    variant.refresh_from_db()

    assert variant.price == Money("20.00", "EUR")
    assert str(variant.price.amount) == "20.00"


# ── What it costs ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_page_costs_the_same_few_statements_for_one_product_and_for_twenty(guest, db):
    for _ in range(20):
        make_product(variants=3, category=category(f"Shelf {Category.objects.count()}"))
    guest(PAGE, first=1)  # parses and validates the document

    counts = []
    for first in (1, 20):
        with CaptureQueriesContext(connection) as statements:
            assert len(guest(PAGE, first=first)["products"]["edges"]) == first
        counts.append(len(statements))

    assert counts[0] == counts[1]
    assert counts[1] <= 6
