"""One place prices a cart: its page and its checkout say the same, to the cent, however much is in it."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from moneyed import Money

from catalog.models import ProductVariant, VariantPrice
from ordering import services
from ordering.models import Cart, Order, Promotion, ShippingMethod, ShippingTier, TaxRate
from ordering.services import quoting
from tests.conftest import gid, make_variant
from tests.shopping import ADDRESS, CART_CREATE, cart_with, checkout

pytestmark = pytest.mark.django_db(transaction=True)

SEEN = """
  subtotal { amount } discountTotal { amount } shippingTotal { amount } taxTotal { amount } includedTax { amount }
  total { amount currency } priceBreakdown { kind label reason amount { amount currency } code }
"""
CART = f"query($id: ID!) {{ cart(id: $id) {{ {SEEN} lines {{ id totalPrice {{ amount }} }} }} }}"
ORDER = f"query($id: ID!, $guest: String) {{ order(id: $id, guestToken: $guest) {{ {SEEN} }} }}"
PREPARE = """
mutation($id: ID!, $input: CartAddressesSetInput!) { cartAddressesSet(cartId: $id, input: $input) {
  userErrors { code }
} }
"""


@pytest.fixture
def terms(shipping):
    """Two rates, two promotions, and a parcel that costs more when it is heavy."""
    for tax_class, percent in (("standard", 19), ("reduced", 7)):
        TaxRate.objects.create(country="DE", tax_class=tax_class, percent=Decimal(percent))
    Promotion.objects.create(name="Autumn", kind="PERCENTAGE", percent=Decimal("12.5"))
    Promotion.objects.create(name="Voucher", kind="FIXED", amount=Decimal(5), currency="EUR")
    ShippingTier.objects.create(method=shipping, from_weight_grams=1000, price_amount=Decimal("7.90"))


def prepared(api, *lines):
    """The id of a cart that goes to Berlin."""
    cart = cart_with(api, *((gid(variant), quantity) for variant, quantity in lines))
    answer = api(PREPARE, id=cart["id"], input={"shippingAddress": ADDRESS})
    assert answer["cartAddressesSet"]["userErrors"] == []
    return cart["id"]


def in_units(amount):
    return int(Decimal(amount["amount"]).scaleb(2))


def shelf():
    """Things of odd prices, two classes and some weight."""
    found = [make_variant(price=price, tax_class=of) for price, of in (("19.99", "standard"), ("3.33", "reduced"))]
    ProductVariant.objects.update(weight_grams=400)
    return found


@pytest.mark.parametrize("prices_include_tax", [True, False])
def test_the_cart_says_what_checkout_charges_and_the_order_keeps_how_it_came_to_be(
    guest, terms, settings, prices_include_tax
):
    settings.PRICES_INCLUDE_TAX = prices_include_tax
    lamp, book = shelf()
    cart_id = prepared(guest, (lamp, 3), (book, 7))
    cart = guest(CART, id=cart_id)["cart"]

    payload = checkout(guest, cart_id, expectedTotal=cart["total"]["amount"])

    assert payload["userErrors"] == []
    order = guest(ORDER, id=payload["order"]["id"], guest=payload["guestToken"])["order"]
    assert order == {name: value for name, value in cart.items() if name != "lines"}
    steps = [step for step in order["priceBreakdown"] if step["kind"] != "INCLUDED_TAX"]
    assert sum(in_units(step["amount"]) for step in steps) == in_units(order["total"])
    stored = Order.objects.get()
    lines = list(stored.lines.all())
    assert sum(line.discount_amount for line in lines) + stored.shipping_discount_amount == stored.discount_amount
    assert sum(line.tax_amount for line in lines) + stored.shipping_tax_amount == (
        stored.included_tax_amount + stored.tax_amount
    )
    assert sum(line.paid.amount for line in lines) == (
        stored.total_amount - stored.shipping_amount - (0 if prices_include_tax else stored.shipping_tax_amount)
    )


def test_the_steps_of_a_whole_receipt(guest, terms):
    lamp, book = shelf()

    cart = guest(CART, id=prepared(guest, (lamp, 3), (book, 7)))["cart"]

    assert [
        (step["kind"], step["label"], step["reason"], step["amount"]["amount"]) for step in cart["priceBreakdown"]
    ] == [
        ("GOODS", "Goods", "10 items", "83.28"),
        ("DISCOUNT", "Autumn", "12.5 % off", "-10.41"),
        ("DISCOUNT", "Voucher", "5.00 EUR off", "-5.00"),
        ("SHIPPING", "Standard", "The method's price for this cart", "7.90"),
        ("INCLUDED_TAX", "VAT", "19 % contained in 56.77 EUR", "9.06"),
        ("INCLUDED_TAX", "VAT", "7 % contained in 19.00 EUR", "1.24"),
    ]
    assert cart["total"] == {"amount": "75.77", "currency": "EUR"}


def test_what_cannot_be_bought_now_is_not_in_the_totals(guest, shipping):
    lamp, gone = make_variant(price="20.00"), make_variant(price="7.00")
    cart_id = prepared(guest, (lamp, 1), (gone, 2))
    ProductVariant.objects.filter(pk=gone.pk).update(is_active=False)

    cart = guest(CART, id=cart_id)["cart"]

    assert (len(cart["lines"]), cart["subtotal"]["amount"], cart["total"]["amount"]) == (2, "20.00", "24.90")


@pytest.mark.parametrize(("currency", "price", "total"), [("JPY", "999", "899"), ("KWD", "9.999", "8.999")])
def test_every_amount_has_its_currencys_decimals(guest, settings, currency, price, total):
    settings.SHOP_CURRENCIES = ["EUR", currency]
    Promotion.objects.create(name="Autumn", kind="PERCENTAGE", percent=Decimal(10))
    ShippingMethod.objects.create(name="Free", currency=currency, price_amount=0)
    lamp = make_variant()
    VariantPrice.objects.create(variant=lamp, currency=currency, amount=Decimal(price))
    input = {"currency": currency, "lines": [{"variantId": gid(lamp), "quantity": 1}]}
    cart_id = guest(CART_CREATE, input=input)["cartCreate"]["cart"]["id"]

    cart = guest(CART, id=cart_id)["cart"]

    assert cart["total"] == {"amount": total, "currency": currency}
    decimals = {len(step["amount"]["amount"].partition(".")[2]) for step in cart["priceBreakdown"]}
    assert decimals == {len(price.partition(".")[2])}


def test_a_cart_object_is_priced_once_until_it_changes(guest, terms):
    lamp, _ = shelf()
    prepared(guest, (lamp, 1))
    cart = Cart.objects.get()
    first = quoting.quote(cart)

    with CaptureQueriesContext(connection) as statements:
        assert quoting.quote(cart) is first
    assert len(statements) == 0

    line = cart.lines.get()
    changed = services.update_lines(cart_id=cart.pk, lines=[(line.pk, 2)], actor=AnonymousUser())
    assert quoting.quote(changed).totals.subtotal == Money("39.98", "EUR")


def test_a_cart_of_thirty_lines_costs_as_many_statements_as_one_of_one(guest, terms):
    def asked(count):
        cart_id = prepared(guest, *((make_variant(price="3.33"), 1) for _ in range(count)))
        with CaptureQueriesContext(connection) as statements:
            guest(CART, id=cart_id)
        return len(statements)

    asked(1)  # reads the shop's terms
    one = asked(1)

    assert asked(30) == one <= 8
