"""What tax is due where: in the cart, on the order, in the admin, and by another strategy."""

from decimal import Decimal

import pytest
from django.core import checks
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ordering.models import OrderLine, ShippingMethod, TaxRate
from ordering.services import taxes
from tests.conftest import gid, make_variant
from tests.ordering import rates
from tests.shopping import ADDRESS, cart_with, checkout, order_of

pytestmark = pytest.mark.django_db(transaction=True)

AMOUNTS = "subtotal { amount } shippingTotal { amount } taxTotal { amount } includedTax { amount } total { amount }"
STEPS = "priceBreakdown { kind label reason amount { amount } code }"
CART = f"query($id: ID!) {{ cart(id: $id) {{ {AMOUNTS} {STEPS} }} }}"
ORDER = f"""
query($id: ID!, $guest: String) {{ order(id: $id, guestToken: $guest) {{
  pricesIncludeTax {AMOUNTS} {STEPS} lines {{ sku tax {{ amount }} }}
}} }}
"""
ADDRESSES_SET = """
mutation($id: ID!, $input: CartAddressesSetInput!) { cartAddressesSet(cartId: $id, input: $input) {
  userErrors { code message }
} }
"""
OREGON = {**ADDRESS, "country": "US", "region": "OR", "city": "Portland", "postalCode": "97201"}
CALIFORNIA = {**ADDRESS, "country": "US", "region": "CA", "city": "Los Angeles", "postalCode": "90012"}


@pytest.fixture
def germany(db):
    rate("DE", "19")
    rate("DE", "7", tax_class="reduced")


@pytest.fixture
def lamp(shipping):
    return make_variant(price="119.00")


@pytest.fixture
def book(shipping):
    return make_variant(price="10.70", tax_class="reduced")


def rate(country, percent, *, region="", tax_class="standard", name="VAT"):
    return TaxRate.objects.create(
        country=country, region=region, tax_class=tax_class, name=name, percent=Decimal(percent)
    )


def cart_for(api, *lines, address=ADDRESS):
    """The amounts and steps of a cart that goes to this address."""
    cart = cart_with(api, *((gid(variant), quantity) for variant, quantity in lines))
    if address:
        answer = api(ADDRESSES_SET, id=cart["id"], input={"shippingAddress": address})["cartAddressesSet"]
        assert answer["userErrors"] == []
    return cart["id"]


def seen(api, cart_id):
    return told(api(CART, id=cart_id)["cart"])


def told(found):
    """Amounts by their names, and the steps."""
    amounts = {name: value["amount"] for name, value in found.items() if isinstance(value, dict)}
    steps = [
        (step["kind"], step["label"], step["reason"], step["amount"]["amount"]) for step in found["priceBreakdown"]
    ]
    return amounts, steps


# ── Prices that include tax ──────────────────────────────────────────────────────────────────────────────────────────
def test_before_there_is_an_address_no_tax_is_known(guest, lamp, germany):
    amounts, steps = seen(guest, cart_for(guest, (lamp, 1), address=None))

    assert (amounts["taxTotal"], amounts["includedTax"], amounts["total"]) == ("0.00", "0.00", "123.90")
    assert [kind for kind, *_ in steps] == ["GOODS", "SHIPPING"]


def test_a_cart_and_its_order_say_how_much_of_the_total_is_tax(guest, lamp, book, germany):
    cart_id = cart_for(guest, (lamp, 1), (book, 2))
    cart = seen(guest, cart_id)
    payload = checkout(guest, cart_id, expectedTotal="145.30")
    assert payload["userErrors"] == []

    order = guest(ORDER, id=payload["order"]["id"], guest=payload["guestToken"])["order"]

    amounts = {"subtotal": "140.40", "shippingTotal": "4.90", "taxTotal": "0.00", "includedTax": "21.18"}
    steps = [
        ("GOODS", "Goods", "3 items", "140.40"),
        ("SHIPPING", "Standard", "The method's price for this cart", "4.90"),
        ("INCLUDED_TAX", "VAT", "19 % contained in 123.90 EUR", "19.78"),
        ("INCLUDED_TAX", "VAT", "7 % contained in 21.40 EUR", "1.40"),
    ]
    assert cart == told(order) == ({**amounts, "total": "145.30"}, steps)
    assert order["pricesIncludeTax"] is True
    assert [line["tax"]["amount"] for line in order["lines"]] == ["19.00", "1.40"]


def test_an_order_keeps_the_rates_it_was_placed_with(guest, lamp, book, germany):
    order = order_of(guest, (gid(lamp), 1), (gid(book), 1))
    TaxRate.objects.update(percent=Decimal(50), name="New tax")

    lines = OrderLine.objects.order_by("position").values_list("tax_name", "tax_percent", "tax_amount")
    again = guest(ORDER, id=order["id"], guest=order["guestToken"])["order"]

    assert list(lines) == [("VAT", Decimal(19), Decimal(19)), ("VAT", Decimal(7), Decimal("0.7"))]
    assert again["includedTax"] == {"amount": "20.48"}
    assert OrderLine.objects.first().order.shipping_tax_percent == Decimal(19)


# ── Tax on top ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_where_prices_are_without_tax_it_comes_on_top_of_cart_and_order(guest, lamp, settings):
    settings.PRICES_INCLUDE_TAX = False
    rate("US", "9.75", region="CA", name="Sales tax")
    cart_id = cart_for(guest, (lamp, 2), address=CALIFORNIA)
    cart = seen(guest, cart_id)
    payload = checkout(guest, cart_id, shippingAddress=CALIFORNIA, expectedTotal="266.58")
    assert payload["userErrors"] == []

    order = guest(ORDER, id=payload["order"]["id"], guest=payload["guestToken"])["order"]

    amounts = {"subtotal": "238.00", "shippingTotal": "4.90", "taxTotal": "23.68", "includedTax": "0.00"}
    steps = [
        ("GOODS", "Goods", "2 items", "238.00"),
        ("SHIPPING", "Standard", "The method's price for this cart", "4.90"),
        ("TAX", "Sales tax", "9.75 % on 242.90 EUR", "23.68"),
    ]
    assert cart == told(order) == ({**amounts, "total": "266.58"}, steps)
    assert (order["pricesIncludeTax"], order["lines"][0]["tax"]["amount"]) == (False, "23.20")


# ── Which rate ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_regions_own_rate_goes_before_its_countrys(db):
    rate("US", "1")
    rate("US", "2", tax_class="reduced")
    rate("US", "7.25", region="CA", name="California")
    rate("DE", "19")

    def percents(country, region, *classes):
        found = taxes.table_rates(country=country, region=region, tax_classes=classes)
        return {name: (rate.name, str(rate.percent.normalize())) for name, rate in found.items()}

    assert percents("US", "CA", "standard", "reduced", "zero") == {
        "standard": ("California", "7.25"),
        "reduced": ("VAT", "2"),
    }
    assert percents("US", "OR", "standard") == {"standard": ("VAT", "1")}
    assert percents("FR", "", "standard") == {}


def test_what_a_place_does_not_tax_is_not_taxed(guest, lamp):
    rate("US", "9.75", region="CA")

    amounts, steps = seen(guest, cart_for(guest, (lamp, 1), address=OREGON))

    assert amounts["includedTax"] == "0.00"
    assert [kind for kind, *_ in steps] == ["GOODS", "SHIPPING"]


def test_where_nothing_travels_the_billing_address_decides(guest, germany):
    album = make_variant(price="11.90", is_digital=True)
    cart_id = cart_for(guest, (album, 1), address=None)
    guest(ADDRESSES_SET, id=cart_id, input={"billingAddress": ADDRESS})

    amounts, _ = seen(guest, cart_id)

    assert (amounts["shippingTotal"], amounts["includedTax"]) == ("0.00", "1.90")


def test_shipping_has_a_tax_class_of_its_own(guest, lamp, germany):
    ShippingMethod.objects.update(tax_class="reduced")

    _, steps = seen(guest, cart_for(guest, (lamp, 1)))

    assert [reason for kind, _, reason, _ in steps if kind == "INCLUDED_TAX"] == [
        "19 % contained in 119.00 EUR",
        "7 % contained in 4.90 EUR",
    ]


def test_the_rates_of_a_place_are_read_once_however_many_carts_go_there(guest, lamp, book, germany):
    carts = [cart_for(guest, (lamp, 1)), cart_for(guest, (lamp, 1)), cart_for(guest, (lamp, 1), (book, 1))]
    TaxRate.objects.update(percent=Decimal(8))

    counts = []
    for cart_id in carts:
        with CaptureQueriesContext(connection) as statements:
            seen(guest, cart_id)
        counts.append(sum("ordering_taxrate" in statement["sql"] for statement in statements))

    assert counts == [1, 0, 0]


# ── Another strategy ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_shop_may_have_another_tax_service(guest, lamp, book, germany, settings):
    settings.TAX_STRATEGY = "tests.ordering.rates.by_letter"
    rates.ASKED.clear()

    amounts, steps = seen(guest, cart_for(guest, (lamp, 1), (book, 1), address=CALIFORNIA))

    assert steps[2:] == [("INCLUDED_TAX", "Letter tax", "21 % contained in 134.60 EUR", "23.36")]
    assert amounts["includedTax"] == "23.36"
    assert rates.ASKED[-1] == {"country": "US", "region": "CA", "tax_classes": {"standard", "reduced"}}


@pytest.mark.parametrize("name", ["TAX_STRATEGY", "ORDER_APPROVAL_GATE"])
def test_a_start_without_the_one_who_is_asked_is_refused(name, settings):
    assert checks.run_checks() == []

    setattr(settings, name, "ordering.services.taxes.nobody")

    (complaint,) = checks.run_checks()
    assert complaint.msg == f"There is no ordering.services.taxes.nobody, which {name} names."
    assert complaint.level == checks.ERROR


# ── The admin ────────────────────────────────────────────────────────────────────────────────────────────────────────
ADD_RATE = "admin:ordering_taxrate_add"


def test_staff_keep_the_rates_and_write_places_as_they_like(admin_client):
    sent = {"country": "us", "region": "california", "tax_class": "reduced", "name": "Sales tax", "percent": "7.25"}

    answer = admin_client.post(reverse(ADD_RATE), sent)

    assert answer.status_code == 302
    kept = TaxRate.objects.values_list("country", "region", "tax_class", "name", "percent").get()
    assert kept == ("US", "CA", "reduced", "Sales tax", Decimal("7.25"))
    assert "US, CA" in admin_client.get(reverse("admin:ordering_taxrate_changelist")).text


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"country": "XX"}, "country"),
        ({"country": "D1"}, "country"),
        ({"country": "DE", "region": "Bavaria"}, "region"),
        ({"country": "US", "region": "Narnia"}, "region"),
        ({"tax_class": "luxury"}, "tax_class"),
        ({"percent": "-1"}, "__all__"),
        ({"percent": "100.001"}, "__all__"),
        ({"percent": "7.2555"}, "percent"),
    ],
)
def test_what_is_no_rate_is_refused_by_its_field(admin_client, sent, field):
    sent = {"country": "DE", "region": "", "tax_class": "standard", "name": "VAT", "percent": "19", **sent}

    answer = admin_client.post(reverse(ADD_RATE), sent)

    assert answer.status_code == 200
    assert list(answer.context_data["adminform"].form.errors) == [field]
    assert not TaxRate.objects.exists()


def test_a_place_has_one_rate_for_each_class(admin_client, germany):
    sent = {"country": "DE", "region": "", "tax_class": "standard", "name": "VAT", "percent": "20"}

    assert admin_client.post(reverse(ADD_RATE), sent).status_code == 200
    assert TaxRate.objects.count() == 2
