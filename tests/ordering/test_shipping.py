"""Where the shop ships to, how, and what that costs: zones, weights, subtotals, and the pages of the admin."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import ProductVariant, VariantPrice
from ordering.models import ShippingMethod, ShippingTier, ShippingZone
from tests.conftest import gid, make_user, make_variant
from tests.shopping import CART_CREATE, cart_with

pytestmark = pytest.mark.django_db(transaction=True)

METHODS = """
query($id: ID!, $country: String) { cart(id: $id) {
  shippingTotal { amount } availableShippingMethods(country: $country) { id name price { amount currency } }
} }
"""
ROOT = {"tiers-TOTAL_FORMS": "0", "tiers-INITIAL_FORMS": "0"}


@pytest.fixture
def lamp(db):
    return heavy(2_000, price="20.00")


def heavy(grams, **fields):
    variant = make_variant(**fields)
    ProductVariant.objects.filter(pk=variant.pk).update(weight_grams=grams)
    return variant


def zone(name, *countries):
    return ShippingZone.objects.create(name=name, countries=list(countries))


def method(name, price, **fields):
    return ShippingMethod.objects.create(name=name, currency="EUR", price_amount=Decimal(price), **fields)


def tier(method, price, *, grams=0, subtotal="0"):
    return ShippingTier.objects.create(
        method=method,
        from_weight_grams=grams,
        from_subtotal_amount=Decimal(subtotal),
        price_amount=Decimal(price),
    )


def offered(api, *lines, country=None):
    """Names and prices of what a cart can be sent with, in the order they are shown."""
    cart = cart_with(api, *((gid(variant), quantity) for variant, quantity in lines))
    found = api(METHODS, id=cart["id"], country=country)["cart"]["availableShippingMethods"]
    return [(each["name"], each["price"]["amount"]) for each in found]


# ── Zones ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_country_is_sent_to_on_the_terms_of_its_zones(guest, lamp):
    method("Home", "3.90", zone=zone("Germany", "DE"))
    method("Neighbours", "8.90", zone=zone("Europe", "AT", "FR", "DE"))
    method("World", "29.90", zone=zone("Rest of the world"))
    method("Pigeon", "50.00")

    assert offered(guest, (lamp, 1), country="DE") == [("Home", "3.90"), ("Neighbours", "8.90"), ("Pigeon", "50.00")]
    assert offered(guest, (lamp, 1), country="AT") == [("Neighbours", "8.90"), ("Pigeon", "50.00")]
    assert offered(guest, (lamp, 1), country="JP") == [("World", "29.90"), ("Pigeon", "50.00")]
    assert offered(guest, (lamp, 1), country="jp") == [("World", "29.90"), ("Pigeon", "50.00")]
    assert [name for name, _ in offered(guest, (lamp, 1))] == ["Home", "Neighbours", "World", "Pigeon"]


def test_a_country_that_a_zone_names_is_not_the_rest_of_the_world_even_if_nothing_is_sent_there(guest, lamp):
    method("Home", "3.90", zone=zone("Germany", "DE"), is_active=False)
    method("World", "29.90", zone=zone("Rest of the world"))

    assert offered(guest, (lamp, 1), country="DE") == []
    assert offered(guest, (lamp, 1), country="AT") == [("World", "29.90")]


@pytest.mark.parametrize("country", ["XX", "", "Germany", "D\0"])
def test_what_is_no_country_gets_at_most_what_is_for_everywhere(guest, lamp, country):
    method("Home", "3.90", zone=zone("Germany", "DE"))
    method("Pigeon", "50.00")

    found = offered(guest, (lamp, 1), country=country)

    assert ("Pigeon", "50.00") in found


def test_a_method_is_offered_in_its_own_currency_only(guest, lamp, settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD"]
    VariantPrice.objects.create(variant=lamp, currency="USD", amount=22)
    method("Home", "3.90")
    ShippingMethod.objects.create(name="By sea", currency="USD", price_amount=9)

    input = {"currency": "USD", "lines": [{"variantId": gid(lamp), "quantity": 1}]}
    cart = guest(CART_CREATE, input=input)["cartCreate"]["cart"]

    (found,) = guest(METHODS, id=cart["id"])["cart"]["availableShippingMethods"]
    assert (found["name"], found["price"]) == ("By sea", {"amount": "9.00", "currency": "USD"})


# ── What it costs ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_price_is_that_of_the_tier_the_cart_reaches(guest, lamp):
    parcel = method("Parcel", "4.90", max_weight_grams=30_000, free_above=Decimal("400.00"))
    tier(parcel, "9.90", grams=5_000)
    tier(parcel, "7.90", grams=5_000, subtotal="100.00")

    assert offered(guest, (lamp, 2)) == [("Parcel", "4.90")]
    assert offered(guest, (lamp, 3)) == [("Parcel", "9.90")]
    assert offered(guest, (lamp, 5)) == [("Parcel", "7.90")]
    assert offered(guest, (lamp, 15)) == [("Parcel", "7.90")]
    assert offered(guest, (lamp, 16)) == [], "32 kg are too heavy"
    assert offered(guest, (heavy(1, price="400.00"), 1)) == [("Parcel", "0.00")]


def test_methods_stand_in_the_order_of_their_prices_for_this_cart(guest, lamp):
    method("Flat", "6.00")
    by_weight = method("By weight", "1.00")
    tier(by_weight, "12.00", grams=4_000)

    assert offered(guest, (lamp, 1)) == [("By weight", "1.00"), ("Flat", "6.00")]
    assert offered(guest, (lamp, 2)) == [("Flat", "6.00"), ("By weight", "12.00")]


def test_until_a_method_is_chosen_the_cheapest_is_counted(guest, lamp):
    method("Dear", "9.90")
    method("Cheap", "2.90")

    assert cart_with(guest, (gid(lamp), 1))["shippingTotal"] == {"amount": "2.90"}


def test_what_is_not_a_parcel_weighs_nothing_and_needs_no_method(guest, lamp, shipping):
    album = heavy(9_000_000, is_digital=True)
    ShippingMethod.objects.update(max_weight_grams=2_000)

    assert offered(guest, (album, 1)) == []
    assert offered(guest, (lamp, 1), (album, 1)) == [("Standard", "4.90")]
    assert cart_with(guest, (gid(album), 1))["shippingTotal"] == {"amount": "0.00"}


def test_an_empty_cart_is_sent_nowhere(guest, shipping):
    assert offered(guest) == []


# ── What it costs to ask ─────────────────────────────────────────────────────────────────────────────────────────────
def test_asking_costs_as_many_statements_for_many_methods_and_lines_as_for_one(guest):
    def asked(*variants):
        cart = cart_with(guest, *((gid(variant), 1) for variant in variants))
        with CaptureQueriesContext(connection) as statements:
            guest(METHODS, id=cart["id"], country="FR")
        return len(statements)

    tier(method("First", "5.00", zone=zone("Rest of the world")), "4.00", grams=1)
    one = asked(make_variant())
    for number in range(8):
        tier(method(f"Method {number}", "5.00", zone=zone(f"Zone {number}", "FR", "DE")), "4.00", grams=number)

    assert asked(*(make_variant() for _ in range(6))) == one
    assert one <= 13


# ── The admin ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_staff_keep_zones_methods_and_their_tiers(admin_client):
    admin_client.post(reverse("admin:ordering_shippingzone_add"), {"name": "Alps", "countries": "at, ch ,AT"})
    alps = ShippingZone.objects.get()

    answer = admin_client.post(
        reverse("admin:ordering_shippingmethod_add"),
        {
            "name": "Sledge",
            "zone": alps.pk,
            "price_amount": "4.90",
            "currency": "eur",
            "is_active": "on",
            "free_above": "100",
            "max_weight_grams": "2000",
            "tax_class": "reduced",
            "tiers-TOTAL_FORMS": "1",
            "tiers-INITIAL_FORMS": "0",
            "tiers-0-from_weight_grams": "1000",
            "tiers-0-from_subtotal_amount": "0",
            "tiers-0-price_amount": "5.90",
        },
    )

    assert answer.status_code == 302
    assert alps.countries == ["AT", "CH"]
    sledge = ShippingMethod.objects.get()
    assert (sledge.zone, sledge.currency, sledge.tax_class) == (alps, "EUR", "reduced")
    assert sledge.tiers.values_list("from_weight_grams", "price_amount").get() == (1000, Decimal("5.90"))


@pytest.mark.parametrize("role", ["Support", "Supply chain"])
def test_who_works_with_orders_reads_a_method_with_its_tiers(client, role):
    client.force_login(make_user(roles=(role,), is_staff=True))
    sledge = method("Sledge", "4.90")
    tier(sledge, "5.90", grams=1000)

    page = client.get(reverse("admin:ordering_shippingmethod_change", args=[sledge.pk]))

    (tiers,) = page.context_data["inline_admin_formsets"]
    assert [form.original.price_amount for form in tiers if form.original] == [Decimal("5.90")]


@pytest.mark.parametrize("countries", ["XX", "DEU", "DE; FR", "Ä1"])
def test_a_zone_is_of_countries_that_there_are(admin_client, countries):
    answer = admin_client.post(
        reverse("admin:ordering_shippingzone_add"), {"name": "Somewhere", "countries": countries}
    )

    assert list(answer.context_data["adminform"].form.errors) == ["countries"]
    assert not ShippingZone.objects.exists()


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        ({"price_amount": "4.999"}, ["price_amount"]),
        ({"price_amount": "-1"}, ["price_amount"]),
        ({"price_amount": "4.5", "currency": "JPY"}, ["price_amount"]),
        ({"free_above": "0.001"}, ["free_above"]),
        ({"currency": "EURO"}, ["currency"]),
        ({"currency": "XYZ"}, ["currency"]),
        ({"tax_class": "luxury"}, ["tax_class"]),
    ],
)
def test_what_is_no_method_is_refused_by_its_field(admin_client, sent, fields):
    sent = {"name": "Post", "price_amount": "4.90", "currency": "EUR", "tax_class": "standard", **ROOT, **sent}

    answer = admin_client.post(reverse("admin:ordering_shippingmethod_add"), sent)

    assert list(answer.context_data["adminform"].form.errors) == fields
    assert not ShippingMethod.objects.exists()


def test_a_tier_has_no_more_decimals_than_the_currency_of_its_method(admin_client):
    answer = admin_client.post(
        reverse("admin:ordering_shippingmethod_add"),
        {
            "name": "Post",
            "price_amount": "490",
            "currency": "JPY",
            "tax_class": "standard",
            "tiers-TOTAL_FORMS": "1",
            "tiers-INITIAL_FORMS": "0",
            "tiers-0-from_weight_grams": "1000",
            "tiers-0-from_subtotal_amount": "0",
            "tiers-0-price_amount": "5.90",
        },
    )

    (formset,) = answer.context_data["inline_admin_formsets"]
    assert formset.formset.errors == [{"price_amount": ["JPY has 0 decimals. Round it."]}]
    assert not ShippingMethod.objects.exists()
