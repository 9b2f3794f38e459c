"""Facets: what a list holds, counted for the list's own filters, only when asked for, in few statements."""

from decimal import Decimal

import pytest

from catalog.models import Category, PriceRange, Product, ProductStatus, Vendor
from tests.conftest import Api, gid, make_product, make_user

FACETS = """
query($filters: ProductFilters, $currency: String) {
  products(filters: $filters, currency: $currency, first: 1) {
    facets {
      inStock
      categories { name slug parent count }
      vendors { name slug count }
      priceRanges { min { amount currency } max { amount currency } count }
      attributes { name values { value count } }
      ratings { stars count }
    }
  }
}
"""
PLAIN = "query($filters: ProductFilters) { products(filters: $filters, first: 1) { edges { node { name } } } }"


def facets(api, **variables):
    return api(FACETS, **variables)["products"]["facets"]


def shelf(name, parent=None):
    return Category.objects.create(name=name, slug=name.lower(), parent=parent)


def test_shelves_count_what_is_below_them(guest):
    home = shelf("Home")
    lamps = shelf("Lamps", shelf("Lighting", home))
    make_product(category=home)
    make_product(category=lamps)
    make_product(category=lamps)
    make_product(category=shelf("Garden"))
    make_product(category=None)
    shelf("Empty")

    assert facets(guest)["categories"] == [
        {"name": "Home", "slug": "home", "parent": None, "count": 3},
        {"name": "Lamps", "slug": "lamps", "parent": "lighting", "count": 2},
        {"name": "Lighting", "slug": "lighting", "parent": "home", "count": 2},
        {"name": "Garden", "slug": "garden", "parent": None, "count": 1},
    ]


def test_a_circle_of_shelves_ends(guest):
    one = shelf("One")
    two = shelf("Two", one)
    Category.objects.filter(pk=one.pk).update(parent=two)
    make_product(category=one)

    assert [(each["name"], each["count"]) for each in facets(guest)["categories"]] == [("One", 1), ("Two", 1)]


def test_vendors_by_how_much_they_have_in_the_list(guest):
    for name, count in (("Few", 1), ("Many", 2)):
        for _ in range(count):
            make_product(vendor=Vendor.objects.get_or_create(name=name, slug=name.lower())[0])

    assert facets(guest)["vendors"] == [
        {"name": "Many", "slug": "many", "count": 2},
        {"name": "Few", "slug": "few", "count": 1},
    ]


def ranges(found):
    return [(each["min"]["amount"], each["max"]["amount"], each["count"]) for each in found["priceRanges"]]


def test_five_ranges_of_prices_hold_about_as_many_each(guest):
    for price in range(10, 20):
        make_product(price=f"{price}.50")

    assert ranges(facets(guest)) == [
        ("10.50", "11.50", 2),
        ("12.50", "13.50", 2),
        ("14.50", "15.50", 2),
        ("16.50", "17.50", 2),
        ("18.50", "19.50", 2),
    ]


def test_what_costs_the_same_is_in_one_range(guest):
    for price in ("5.00", "5.00", "5.00", "9.00"):
        make_product(price=price)

    assert ranges(facets(guest)) == [("5.00", "5.00", 3), ("9.00", "9.00", 1)]


def test_prices_are_those_of_the_currency_asked_for(guest, settings):
    settings.SHOP_CURRENCIES = ["EUR", "JPY"]
    product = make_product(price="20.00")
    PriceRange.objects.create(product=product, currency="JPY", lowest=Decimal(3000), highest=Decimal(4000))
    make_product(price="30.00")

    assert facets(guest, currency="JPY")["priceRanges"] == [
        {"min": {"amount": "3000", "currency": "JPY"}, "max": {"amount": "3000", "currency": "JPY"}, "count": 1}
    ]


def test_attributes_by_how_common_they_are(guest):
    make_product(attributes={"material": "oak", "watts": 5, "colour": ["red", "blue"], "nested": {"a": 1}, "no": None})
    make_product(attributes={"material": "oak", "foldable": True})
    make_product(attributes={"material": "ash", "colour": "red"})
    make_product()

    assert facets(guest)["attributes"] == [
        {"name": "colour", "values": [{"value": "red", "count": 2}, {"value": "blue", "count": 1}]},
        {"name": "material", "values": [{"value": "oak", "count": 2}, {"value": "ash", "count": 1}]},
        {"name": "foldable", "values": [{"value": "true", "count": 1}]},
        {"name": "watts", "values": [{"value": "5", "count": 1}]},
    ]


def test_each_value_of_an_attribute_finds_as_many_as_it_counts(guest):
    make_product(attributes={"watts": 5, "colour": ["red"], "foldable": True, "weight": 2.5})
    make_product(attributes={"watts": "5", "colour": "red", "foldable": False})
    count = "query($filters: ProductFilters) { products(filters: $filters) { totalCount } }"

    for attribute in facets(guest)["attributes"]:
        for value in attribute["values"]:
            pair = {"name": attribute["name"], "value": value["value"]}
            assert guest(count, filters={"attributes": [pair]})["products"]["totalCount"] == value["count"], pair


def test_ten_names_with_twenty_values_at_most(guest):
    for number in range(25):
        make_product(attributes={f"name {number % 12}": f"value {number}", "serial": str(number)})

    found = facets(guest)["attributes"]

    assert len(found) == 10
    assert found[0]["name"] == "serial"
    assert len(found[0]["values"]) == 20


def test_stars_and_stock(guest):
    for stars in ("4.80", "4.00", "2.50", "0"):
        Product.objects.filter(pk=make_product(stock=1 if stars > "3" else 0).pk).update(rating_average=Decimal(stars))

    found = facets(guest)

    assert found["ratings"] == [
        {"stars": 4, "count": 2},
        {"stars": 3, "count": 2},
        {"stars": 2, "count": 3},
        {"stars": 1, "count": 3},
    ]
    assert found["inStock"] == 2


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 3),
        ({"search": "lamp"}, 2),
        ({"search": "lamp", "maxPrice": "15"}, 1),
        ({"attributes": [{"name": "material", "value": "oak"}]}, 1),
        ({"tags": ["sale"]}, 1),
        ({"inStock": False}, 0),
        ({"category": "no-such-shelf"}, 0),
    ],
)
def test_what_the_filters_leave_is_counted(guest, filters, count):
    make_product("Lamp A", price="10.00", attributes={"material": "oak"})
    make_product("Lamp B", price="20.00", tags=["sale"])
    make_product("Chair")
    make_product("Hidden lamp", status=ProductStatus.DRAFT)

    found = facets(guest, filters=filters)

    assert sum(each["count"] for each in found["vendors"]) == count
    assert sum(each["count"] for each in found["priceRanges"]) == count
    assert found["inStock"] == count


def test_lists_of_a_category_of_a_vendor_and_of_ones_own_have_facets_too(guest):
    seller = make_user(roles=("Seller",))
    product = make_product(status=ProductStatus.DRAFT)
    product.vendor.members.add(seller)
    make_product(price="5.00")
    query = """query($category: ID!, $vendor: ID!) {
      category(id: $category) { products { facets { inStock } } }
      vendor(id: $vendor) { products { facets { inStock } } }
    }"""

    shown = guest(query, category=gid(product.category), vendor=gid(product.vendor))
    kept = Api(seller)("{ managedProducts { facets { inStock priceRanges { count } } } }")

    assert shown == {
        "category": {"products": {"facets": {"inStock": 1}}},
        "vendor": {"products": {"facets": {"inStock": 1}}},
    }
    assert kept == {"managedProducts": {"facets": {"inStock": 2, "priceRanges": [{"count": 1}, {"count": 1}]}}}


def test_facets_of_many_lists_in_one_request_are_too_expensive(guest):
    for number in range(4):
        make_product(category=shelf(f"Shelf {number}"))
    query = "{ categories { edges { node { products { facets { inStock } } } } } }"

    response = guest.send(query)

    assert response["errors"][0]["extensions"]["code"] == "QUERY_TOO_EXPENSIVE"


@pytest.mark.parametrize("count", [1, 20])
def test_they_cost_five_statements_at_most_and_none_unless_asked_for(guest, django_assert_num_queries, count):
    for number in range(count):
        category = Category.objects.create(name=f"Shelf {number}", slug=f"shelf-{number}")
        vendor = Vendor.objects.create(name=f"Vendor {number}", slug=f"vendor-{number}")
        make_product(category=category, vendor=vendor, attributes={"number": number})

    with django_assert_num_queries(1):
        guest(PLAIN)
    with django_assert_num_queries(5):  # without rows, as no edges are asked for
        guest(FACETS)
