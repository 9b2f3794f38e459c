"""Prices in several currencies: setting them, what is refused, and the ranges that follow."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import PriceRange, Product, ProductStatus, ProductVariant, VariantPrice
from catalog.services import prices
from tests.conftest import Api, gid, make_product, make_user
from tests.keeping import (
    PRICES_SET,
    VARIANT_MOVES,
    done,
    events,
    make_merchandiser,
    make_seller,
    make_vendor,
    refusal,
    rows,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sold_in_four(settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD", "JPY", "KWD"]


@pytest.fixture
def maker(db):
    return make_vendor("Maker")


@pytest.fixture
def seller(maker):
    return make_seller(maker)


@pytest.fixture
def product(maker):
    return make_product(vendor=maker, variants=2)


@pytest.fixture
def variant(product):
    return product.variants.first()


def put(api, variant, *wanted):
    """`wanted` are (currency, amount) or (currency, amount, compare-at amount)."""
    names = ("currency", "amount", "compareAtAmount")
    given = [dict(zip(names, each, strict=False)) for each in wanted]
    return api(PRICES_SET, id=gid(variant), prices=given)["variantPricesSet"]


def listed(payload):
    return [
        (price["price"]["amount"], price["price"]["currency"], (price["compareAtPrice"] or {}).get("amount"))
        for price in done(payload)["prices"]
    ]


def ranges(product):
    """(lowest, highest) by currency."""
    product.refresh_from_db()
    found = {currency: product.price_range_in(currency) for currency in ("EUR", "USD", "JPY", "KWD")}
    return {currency: tuple(str(end.amount) for end in ends) for currency, ends in found.items() if ends}


# ── Setting them ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_prices_are_set_in_several_currencies_at_once(seller, product, variant):
    payload = put(seller, variant, ("JPY", "2500"), ("USD", "21.99", "25"), ("EUR", "19.5"))

    assert listed(payload) == [
        ("19.50", "EUR", None),
        ("21.99", "USD", "25.00"),
        ("2500", "JPY", None),
    ]
    assert payload["variant"]["price"] == {"amount": "19.50", "currency": "EUR"}
    fields = ["prices.JPY", "prices.USD", "prices.EUR"]
    assert events() == [("variant.updated", {"variant_id": variant.pk, "sku": variant.sku, "fields": fields})]
    assert set(VariantPrice.objects.values_list("variant", "currency", "amount", "compare_at_amount")) == {
        (variant.pk, "USD", Decimal("21.99"), Decimal("25")),
        (variant.pk, "JPY", Decimal("2500"), None),
    }


def test_a_price_is_replaced_and_the_others_stay(seller, variant):
    done(put(seller, variant, ("USD", "21.99", "25.00"), ("KWD", "6.125")))

    assert listed(put(seller, variant, ("USD", "18.00"))) == [
        ("20.00", "EUR", None),
        ("18.00", "USD", None),
        ("6.125", "KWD", None),
    ]
    assert VariantPrice.objects.count() == 2


def test_without_an_amount_a_price_is_taken_off_its_list(seller, product, variant):
    done(put(seller, variant, ("USD", "21.99"), ("KWD", "6.125")))

    assert listed(put(seller, variant, ("USD", None))) == [("20.00", "EUR", None), ("6.125", "KWD", None)]
    assert ranges(product) == {"EUR": ("20.00", "20.00"), "KWD": ("6.125", "6.125")}


@pytest.mark.parametrize(
    ("currency", "amount", "kept"),
    [
        ("EUR", "0", "0.00"),
        ("EUR", "-0", "0.00"),
        ("USD", "-0.00", "0.00"),
        ("USD", "12.500", "12.50"),
        ("USD", 12.5, "12.50"),
        ("USD", "1000000000", "1000000000.00"),
        ("USD", "1e3", "1000.00"),
        ("JPY", "2500.0", "2500"),
        ("KWD", "0.001", "0.001"),
    ],
)
def test_what_is_an_amount_of_the_currency_is_kept_as_it_is(seller, variant, currency, amount, kept):
    assert (kept, currency, None) in listed(put(seller, variant, (currency, amount)))


@pytest.mark.parametrize(
    ("currency", "amount"),
    [
        ("EUR", "9.999"),
        ("USD", "0.001"),
        ("USD", "-0.01"),
        ("USD", "-1"),
        ("USD", "NaN"),
        ("USD", "sNaN"),
        ("USD", "Infinity"),
        ("USD", "-Infinity"),
        ("USD", "1000000000.01"),
        ("USD", "1e10"),
        ("USD", "1e999999"),
        ("USD", "1e-999999"),
        ("USD", "9" * 400),
        ("USD", "0." + "0" * 400 + "1"),
        ("JPY", "0.5"),
        ("KWD", "0.0001"),
    ],
)
def test_what_is_no_amount_of_the_currency_is_refused_not_rounded(seller, variant, currency, amount):
    before = rows()

    assert refusal(put(seller, variant, (currency, amount))) == ("PRICE_INVALID", ["prices", "0", "amount"])
    assert refusal(put(seller, variant, (currency, "1", amount))) == (
        "PRICE_INVALID",
        ["prices", "0", "compareAtAmount"],
    )
    assert rows() == before


@pytest.mark.parametrize("amount", ["", "1,50", "five", "1.5 EUR", "0x10"])
def test_what_is_no_number_is_none_to_the_schema(seller, variant, amount):
    assert seller.code(PRICES_SET, id=gid(variant), prices=[{"currency": "USD", "amount": amount}]) == "BAD_USER_INPUT"


@pytest.mark.parametrize("compare_at", ["9.99", "10", "10.00", "0"])
def test_what_it_cost_before_is_more_than_it_costs(seller, variant, compare_at):
    before = rows()

    payload = put(seller, variant, ("KWD", "1"), ("USD", "10.00", compare_at))

    assert refusal(payload) == ("PRICE_INVALID", ["prices", "1", "compareAtAmount"])
    assert rows() == before


@pytest.mark.parametrize("currency", ["GBP", "usd", "", "US\0", "€", "U" * 1000])
def test_a_currency_the_shop_does_not_sell_in_is_refused(seller, variant, currency):
    before = rows()

    payload = put(seller, variant, ("USD", "1.00"), (currency, "1.00"))

    assert refusal(payload) == ("CURRENCY_NOT_SUPPORTED", ["prices", "1", "currency"])
    assert "EUR, USD, JPY, KWD" in payload["userErrors"][0]["message"]
    assert rows() == before


def test_a_currency_is_named_once(seller, variant):
    before = rows()

    assert refusal(put(seller, variant, ("USD", "1"), ("USD", "2"))) == ("INVALID", ["prices", "1", "currency"])
    assert refusal(put(seller, variant, *[("USD", "1")] * 5)) == ("TOO_MANY", ["prices"])
    assert refusal(put(seller, variant)) == ("REQUIRED", ["prices"])
    assert rows() == before


def test_the_shops_own_price_is_always_there(seller, variant):
    before = rows()

    assert refusal(put(seller, variant, ("USD", "5"), ("EUR", None))) == ("REQUIRED", ["prices", "1", "amount"])
    assert rows() == before


def test_what_is_the_same_already_writes_nothing(seller, variant):
    done(put(seller, variant, ("USD", "5.00", "6.00")))
    before = rows()

    done(put(seller, variant, ("USD", "5", "6"), ("EUR", "20.0"), ("JPY", None)))

    assert rows() == before


# ── What follows ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_ranges_of_a_product_follow_its_active_variants(seller, product):
    first, second = product.variants.all()

    done(put(seller, first, ("EUR", "10.00"), ("USD", "12.00")))
    done(put(seller, second, ("EUR", "30.00"), ("USD", "35.00"), ("JPY", "5000")))
    assert ranges(product) == {"EUR": ("10.00", "30.00"), "USD": ("12.00", "35.00"), "JPY": ("5000", "5000")}

    seller(VARIANT_MOVES["variantDeactivate"], id=gid(second))
    assert ranges(product) == {"EUR": ("10.00", "10.00"), "USD": ("12.00", "12.00")}

    seller(VARIANT_MOVES["variantDeactivate"], id=gid(first))
    assert ranges(product) == {}
    assert not PriceRange.objects.exists()

    seller(VARIANT_MOVES["variantActivate"], id=gid(second))
    assert ranges(product) == {"EUR": ("30.00", "30.00"), "USD": ("35.00", "35.00"), "JPY": ("5000", "5000")}


def test_the_ranges_of_many_products_take_few_statements(product, django_assert_max_num_queries):
    products = [product, *(make_product(variants=3) for _ in range(9))]
    for variant in ProductVariant.objects.all():
        VariantPrice.objects.create(variant=variant, currency="USD", amount=variant.pk)
    PriceRange.objects.create(product=product, currency="JPY", lowest=1, highest=2)

    with django_assert_max_num_queries(5):
        prices.refresh_ranges(products)

    assert PriceRange.objects.filter(currency="USD").count() == 10
    assert not PriceRange.objects.filter(currency="JPY").exists()


def test_a_price_told_in_a_currency_that_was_the_shops_own_counts_no_more(settings, seller, product, variant):
    settings.SHOP_CURRENCY = "USD"

    assert listed(put(seller, variant, ("USD", "8.00"))) == [("8.00", "USD", None)]

    product.refresh_from_db()
    variant.refresh_from_db()
    assert (variant.currency, product.currency) == ("USD", "USD")
    assert [str(end.amount) for end in product.price_range] == ["8.00", "8.00"]


# ── Who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("roles", [(), ("Seller",), ("Support",)])
def test_somebody_elses_variant_and_one_that_is_not_there_are_the_same_refusal(variant, roles):
    api = Api(make_user(roles=roles, is_staff=True))
    before = rows()

    theirs = put(api, variant, ("USD", "1.00"))
    unknown = put(api, ProductVariant(pk=987_654), ("USD", "1.00"))

    assert theirs == unknown
    assert refusal(theirs) == ("NOT_FOUND", ["id"])
    assert rows() == before


def test_guests_are_asked_to_sign_in(guest, variant):
    before = rows()

    assert guest.code(PRICES_SET, id=gid(variant), prices=[{"currency": "USD", "amount": "1"}]) == "UNAUTHENTICATED"
    assert rows() == before


def test_a_merchandiser_prices_everything(variant):
    assert ("1.00", "USD", None) in listed(put(make_merchandiser(), variant, ("USD", "1.00")))


def test_nothing_of_an_archived_product_is_priced(seller, variant):
    Product.objects.update(status=ProductStatus.ARCHIVED)
    before = rows()

    assert refusal(put(seller, variant, ("USD", "1.00"))) == ("STATUS_NOT_ALLOWED", ["id"])
    assert rows() == before


# ── Reading all of them ──────────────────────────────────────────────────────────────────────────────────────────────
def test_everybody_sees_what_a_variant_costs_in_each_currency_the_shop_has(settings, guest, seller, product, variant):
    done(put(seller, variant, ("JPY", "2500"), ("USD", "21.99")))
    query = "query($id: ID!) { product(id: $id) { variants { prices { price { amount currency } } } } }"

    def seen():
        shown = guest(query, id=gid(product))["product"]["variants"]
        return [[price["price"]["currency"] for price in variant["prices"]] for variant in shown]

    assert seen() == [["EUR", "USD", "JPY"], ["EUR"]]
    settings.SHOP_CURRENCIES = ["EUR", "JPY"]
    assert seen() == [["EUR", "JPY"], ["EUR"]]


def test_all_prices_take_one_statement_more_for_any_number_of_variants(guest, maker):
    one, many = make_product(vendor=maker), make_product(vendor=maker, variants=30)
    for variant in ProductVariant.objects.all():
        VariantPrice.objects.create(variant=variant, currency="USD", amount=5)
    query = "query($id: ID!) { product(id: $id) { variants { sku %s } } }"
    counted = {}

    for name, field in (
        ("warm", ""),
        ("without", ""),
        ("with", "prices { price { amount } compareAtPrice { amount } }"),
    ):
        for product in (one, many):
            with CaptureQueriesContext(connection) as statements:
                guest(query % field, id=gid(product))
            counted[name, product.pk] = len(statements)

    assert counted["with", one.pk] == counted["with", many.pk] == counted["without", one.pk] + 1
