"""Reading the shop in another currency: what is listed, at what price, in which order, and what that costs."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Category, ProductStatus, ProductVariant, VariantPrice, Vendor
from catalog.services import prices
from tests.conftest import Api, gid, make_product
from tests.keeping import make_merchandiser

pytestmark = pytest.mark.django_db

PRODUCTS = """
query($currency: String, $filters: ProductFilters, $ordering: [ProductOrdering!], $first: Int, $after: String,
      $last: Int, $before: String) {
  products(currency: $currency, filters: $filters, ordering: $ordering, first: $first, after: $after, last: $last,
           before: $before) {
    totalCount
    edges { node { name priceRange { min { amount currency } max { amount currency } } } }
    pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
  }
}
"""
PRODUCT = """
query($id: ID!, $currency: String) { product(id: $id, currency: $currency) {
  name priceRange { min { amount currency } max { amount currency } }
  variants { sku price { amount currency } compareAtPrice { amount currency } }
} }
"""
BY_SLUG = "query($slug: String!, $currency: String) { productBySlug(slug: $slug, currency: $currency) { name } }"
# What a storefront shows of a page.
PAGE = """
query($currency: String) { products(first: 20, currency: $currency) { edges { node {
  name slug inStock category { name slug } vendor { name slug } images { url alt }
  priceRange { min { amount currency } max { amount currency } }
  variants { sku price { amount currency } compareAtPrice { amount } options { name value } quantityAvailable }
} } pageInfo { endCursor hasNextPage } } }
"""


@pytest.fixture(autouse=True)
def _sold_in_three(settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD", "JPY"]


def sold_for(*amounts, currency="USD", **fields):
    """A product with a variant for each amount in this currency; None is a variant without a price in it."""
    product = make_product(variants=len(amounts), **fields)
    for variant, amount in zip(product.variants.all(), amounts, strict=True):
        if amount is not None:
            VariantPrice.objects.create(variant=variant, currency=currency, amount=Decimal(amount))
    prices.refresh_ranges([product])
    return product


def listed(api, currency="USD", **variables):
    found = api(PRODUCTS, currency=currency, **variables)["products"]
    names = [edge["node"]["name"] for edge in found["edges"]]
    if not {"first", "last"} & set(variables):
        assert found["totalCount"] == len(names)
    return names


# ── Prices ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_product_is_shown_in_the_currency_asked_for(guest):
    product = sold_for("22.50", "25.00", None, price="20.00")
    cheap, dear, _ = product.variants.all()
    VariantPrice.objects.filter(variant=dear).update(compare_at_amount=Decimal("30.00"))

    assert guest(PRODUCT, id=gid(product), currency="USD")["product"] == {
        "name": product.name,
        "priceRange": {
            "min": {"amount": "22.50", "currency": "USD"},
            "max": {"amount": "25.00", "currency": "USD"},
        },
        "variants": [
            {"sku": cheap.sku, "price": {"amount": "22.50", "currency": "USD"}, "compareAtPrice": None},
            {
                "sku": dear.sku,
                "price": {"amount": "25.00", "currency": "USD"},
                "compareAtPrice": {"amount": "30.00", "currency": "USD"},
            },
        ],
    }


@pytest.mark.parametrize("currency", [None, "EUR"])
def test_without_a_currency_and_with_the_shops_own_it_is_the_same(guest, currency):
    product = sold_for("22.50", None, price="20.00")

    shown = guest(PRODUCT, id=gid(product), currency=currency)["product"]

    assert shown["priceRange"]["max"] == {"amount": "20.00", "currency": "EUR"}
    assert [variant["price"] for variant in shown["variants"]] == [{"amount": "20.00", "currency": "EUR"}] * 2


def test_a_currency_without_decimals_has_none(guest):
    product = sold_for("2500", currency="JPY")

    shown = guest(PRODUCT, id=gid(product), currency="JPY")["product"]

    assert shown["priceRange"]["min"] == shown["variants"][0]["price"] == {"amount": "2500", "currency": "JPY"}


def test_what_has_no_price_in_the_currency_is_left_out_of_lists_and_shown_without_one_by_its_id(guest):
    sold_for("5.00", name="Priced")
    unpriced = sold_for(None, name="Unpriced")
    sold_for("500", currency="JPY", name="Elsewhere")

    assert listed(guest) == ["Priced"]
    assert listed(guest, "JPY") == ["Elsewhere"]
    assert listed(guest, None) == ["Elsewhere", "Unpriced", "Priced"]
    shown = guest(PRODUCT, id=gid(unpriced), currency="USD")["product"]
    assert shown == {"name": "Unpriced", "priceRange": None, "variants": []}
    assert guest(BY_SLUG, slug=unpriced.slug, currency="USD") == {"productBySlug": {"name": "Unpriced"}}


def test_a_variant_that_is_off_is_not_sold_in_any_currency(guest):
    product = sold_for("5.00", "9.00", name="Lamp")
    ProductVariant.objects.filter(product=product, position=0).update(is_active=False)
    prices.refresh_ranges([product])

    shown = guest(PRODUCT, id=gid(product), currency="USD")["product"]

    assert [variant["price"]["amount"] for variant in shown["variants"]] == ["9.00"]
    assert shown["priceRange"]["min"]["amount"] == "9.00"


def test_what_is_not_on_sale_is_not_listed_in_any_currency(guest):
    sold_for("5.00", status=ProductStatus.DRAFT)

    assert listed(guest) == []


def test_the_currencies_of_the_shop_are_known(guest):
    assert guest("{ currencies }") == {"currencies": ["EUR", "USD", "JPY"]}


def test_a_category_and_a_vendor_show_what_is_sold_in_the_currency_of_the_request(guest):
    product = sold_for("5.00", name="Priced")
    sold_for(None, name="Unpriced")
    query = """query($id: ID!) { product(id: $id, currency: "USD") {
      category { products { edges { node { name priceRange { min { currency } } } } } }
      vendor { products { edges { node { name } } } } } }"""

    shown = guest(query, id=gid(product))["product"]

    in_dollars = {"name": "Priced", "priceRange": {"min": {"currency": "USD"}}}
    assert shown["category"]["products"]["edges"] == [{"node": in_dollars}]
    assert shown["vendor"]["products"]["edges"] == [{"node": {"name": "Priced"}}]


# ── What is refused ──────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("currency", ["GBP", "usd", "", "US\0", "U" * 10_000])
def test_a_currency_the_shop_does_not_sell_in_is_refused_by_name(guest, currency):
    product = make_product()

    for query, variables in ((PRODUCTS, {}), (PRODUCT, {"id": gid(product)}), (BY_SLUG, {"slug": product.slug})):
        (error,) = guest.send(query, currency=currency, **variables)["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["message"] == "currency: This shop sells in EUR, USD, JPY."


@pytest.mark.parametrize(
    "query",
    [
        '{ a: products(currency: "USD") { totalCount } b: products(currency: "JPY") { totalCount } }',
        '{ a: products(currency: "USD") { totalCount } b: products { totalCount } }',
        '{ a: products { totalCount } b: products(currency: "USD") { totalCount } }',
        '{ a: products(currency: "EUR") { totalCount } b: products(currency: "USD") { totalCount } }',
    ],
)
def test_a_request_sees_prices_in_one_currency(guest, query):
    response = guest.send(query)

    (error,) = response["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["b"], "BAD_USER_INPUT")
    assert error["message"].startswith("currency: ")


def test_the_same_currency_may_be_named_twice_and_the_next_request_chooses_anew(guest):
    sold_for("5.00", name="Lamp")
    query = 'query { a: products(currency: "USD") { totalCount } b: products(currency: "USD") { totalCount } }'

    assert guest(query) == {"a": {"totalCount": 1}, "b": {"totalCount": 1}}
    assert guest('{ a: products { totalCount } b: products(currency: "EUR") { totalCount } }') == guest(query)


def test_a_cursor_is_of_one_currency(guest):
    for number in range(3):
        product = sold_for(str(number + 1))
        VariantPrice.objects.create(variant=product.variants.get(), currency="JPY", amount=100 * number)
        prices.refresh_ranges([product])
    by_price = {"first": 1, "ordering": [{"price": "ASC"}]}
    cursor = guest(PRODUCTS, currency="USD", **by_price)["products"]["pageInfo"]["endCursor"]

    for currency in ("JPY", "EUR", None):
        assert guest.code(PRODUCTS, currency=currency, after=cursor, **by_price) == "BAD_USER_INPUT"


# ── Filters and orderings ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def shelf(db):
    """Cheap in euros is dear in dollars."""
    sold_for("90.00", price="1.00", name="Pen")
    sold_for("10.00", "50.00", price="50.00", name="Lamp")
    sold_for("20.00", price="90.00", name="Desk")
    sold_for(None, price="20.00", name="Chair")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"minPrice": "50"}, ["Lamp", "Pen"]),
        ({"minPrice": "50.01"}, ["Pen"]),
        ({"maxPrice": "10"}, ["Lamp"]),
        ({"maxPrice": "9.99"}, []),
        ({"minPrice": "15", "maxPrice": "25"}, ["Desk", "Lamp"]),
        ({"minPrice": "91"}, []),
    ],
)
def test_prices_from_and_to_are_in_the_currency_of_the_list(guest, shelf, filters, expected):
    assert sorted(listed(guest, filters=filters)) == expected


def test_the_least_price_is_not_above_the_greatest(guest, shelf):
    filters = {"minPrice": "5", "maxPrice": "4"}

    assert guest.code(PRODUCTS, currency="USD", filters=filters) == "BAD_USER_INPUT"


def test_a_list_is_ordered_by_the_price_in_its_currency(guest, shelf):
    for currency, cheapest_first in (("USD", ["Lamp", "Desk", "Pen"]), ("EUR", ["Pen", "Chair", "Lamp", "Desk"])):
        assert listed(guest, currency, ordering=[{"price": "ASC"}]) == cheapest_first
        assert listed(guest, currency, ordering=[{"price": "DESC"}]) == cheapest_first[::-1]


def test_other_filters_work_in_another_currency(guest, shelf):
    light = Category.objects.create(name="Light", slug="light")
    sold_for("30.00", price="3.00", name="Candle", category=light, is_featured=True, stock=0)

    assert listed(guest, filters={"category": "light", "minPrice": "25"}) == ["Candle"]
    assert listed(guest, filters={"isFeatured": True, "inStock": False}) == ["Candle"]
    assert listed(guest, filters={"vendor": "maker", "search": "lamp"}) == ["Lamp"]


@pytest.mark.parametrize("currency", ["EUR", "USD"])
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize(
    "ordering",
    [
        None,
        [{"price": "ASC"}],
        [{"price": "DESC"}],
        [{"price": "ASC"}, {"name": "ASC"}],
        [{"price": "ASC"}, {"name": "DESC"}],
        [{"name": "DESC"}, {"price": "DESC"}],
        [{"createdAt": "ASC"}],
        [{"bestSelling": "DESC"}, {"price": "ASC"}],
    ],
)
def test_pages_together_hold_every_product_once_and_in_order(guest, currency, ordering, backward):
    for number in range(13):
        # Many cost the same; prices of one currency say nothing of the other's.
        sold_for(f"{number % 3}.50", price=f"{5 - number % 4}.00", name=f"Name {number % 5} of {number}")
    sold_for(None, name="Unpriced")
    wanted = [name for name in listed(guest, currency, ordering=ordering, first=100) if name != "Unpriced"]
    assert len(set(wanted)) == 13
    seen, cursor = [], None

    for _ in range(20):
        size = {"last": 4, "before": cursor} if backward else {"first": 4, "after": cursor}
        page = guest(PRODUCTS, currency=currency, ordering=ordering, **size)["products"]
        names = [edge["node"]["name"] for edge in page["edges"]]
        seen = names + seen if backward else seen + names
        assert page["totalCount"] == 13 + (currency == "EUR")
        cursor = page["pageInfo"]["startCursor" if backward else "endCursor"]
        if not page["pageInfo"]["hasPreviousPage" if backward else "hasNextPage"]:
            break

    assert [name for name in seen if name != "Unpriced"] == wanted


def test_a_page_begins_after_a_product_that_costs_as_much(guest):
    for name in "ABCD":
        sold_for("5.00", name=name)
    query = {"currency": "USD", "ordering": [{"price": "ASC"}], "first": 1}

    seen, cursor = "", None
    for _ in range(4):
        page = guest(PRODUCTS, after=cursor, **query)["products"]
        seen += page["edges"][0]["node"]["name"]
        cursor = page["pageInfo"]["endCursor"]

    assert seen == "ABCD"
    assert guest(PRODUCTS, after=cursor, **query)["products"]["edges"] == []


# ── What one keeps ───────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("currency", "direction", "names"),
    [
        ("EUR", "ASC", ["Pen", "Chair", "Lamp", "Desk", "Bare"]),
        ("EUR", "DESC", ["Desk", "Lamp", "Chair", "Pen", "Bare"]),
        ("USD", "ASC", ["Lamp", "Desk", "Pen", "Chair", "Bare"]),
        ("USD", "DESC", ["Pen", "Desk", "Lamp", "Bare", "Chair"]),
    ],
)
def test_whoever_keeps_products_sees_those_without_a_price_last(shelf, currency, direction, names):
    prices.refresh_ranges([make_product("Bare", variants=0)])
    api = make_merchandiser()
    query = """query($currency: String, $ordering: [ProductOrdering!], $first: Int, $after: String) {
      managedProducts(currency: $currency, ordering: $ordering, first: $first, after: $after) {
        totalCount edges { cursor node { name priceRange { min { currency } } } } pageInfo { endCursor hasNextPage }
      } }"""

    for size in (5, 2, 1):
        seen, cursor, more = [], None, True
        while more:
            variables = {"currency": currency, "ordering": [{"price": direction}], "first": size, "after": cursor}
            page = api(query, **variables)["managedProducts"]
            assert page["totalCount"] == 5
            seen += [edge["node"] for edge in page["edges"]]
            cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert [node["name"] for node in seen] == names
        unpriced = {"EUR": {"Bare"}, "USD": {"Bare", "Chair"}}[currency]
        assert {node["name"] for node in seen if node["priceRange"] is None} == unpriced


def test_the_products_one_keeps_are_narrowed_by_the_price_in_the_currency(shelf):
    query = """{ managedProducts(currency: "USD", filters: { minPrice: "15" }, ordering: [{ name: ASC }]) {
      edges { node { name } } } }"""

    shown = make_merchandiser()(query)["managedProducts"]["edges"]

    assert [edge["node"]["name"] for edge in shown] == ["Desk", "Lamp", "Pen"]


# ── What it costs ────────────────────────────────────────────────────────────────────────────────────────────────────
def statements_of(api, query, **variables):
    with CaptureQueriesContext(connection) as statements:
        edges = api(query, **variables)["products"]["edges"]
    return len(statements), edges


@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_a_page_takes_at_most_six_statements_for_one_product_and_for_twenty(guest, currency):
    counted = []
    for number in range(20):
        fields = {"price": "3.00"}
        fields["vendor"] = Vendor.objects.create(name=f"Vendor {number}", slug=f"vendor-{number}")
        fields["category"] = Category.objects.create(name=f"Shelf {number}", slug=f"shelf-{number}")
        sold_for("5.00", "6.00", "7.00", **fields)
        if number in (0, 19):
            count, edges = statements_of(guest, PAGE, currency=currency)
            assert len(edges) == number + 1
            counted.append(count)

    assert counted[0] == counted[1] <= 6
    node = edges[0]["node"]
    assert len(node["variants"]) == 3
    assert {variant["price"]["currency"] for variant in node["variants"]} == {currency}
    assert node["priceRange"]["max"]["currency"] == currency


def test_the_page_of_somebody_signed_in_takes_two_statements_more(customer, guest):
    for _ in range(3):
        sold_for("5.00")
    api = Api(customer)

    for currency in ("EUR", "USD"):
        counted = [statements_of(who, PAGE, currency=currency)[0] for who in (guest, api)]
        assert counted[1] - counted[0] <= 2
