"""Carts and orders in another currency than the shop's own: what goes in, what it costs, and what it costs to ask."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import StockLevel, VariantPrice
from notifications.models import Event
from ordering.models import Cart, CartLine, Order, OrderLine, Payment, ShippingMethod
from tests.conftest import gid, make_variant
from tests.shopping import CART_CREATE, CART_FIELDS, ERRORS, checkout

pytestmark = pytest.mark.django_db

ADD = f"""
mutation($cartId: ID!, $lines: [CartLineInput!]!) {{
  cartLinesAdd(cartId: $cartId, lines: $lines) {{ cart {{ {CART_FIELDS} }} {ERRORS} }}
}}
"""
CART = f"""
query($id: ID!) {{ cart(id: $id) {{
  currency {CART_FIELDS} availableShippingMethods {{ name price {{ amount currency }} }}
}} }}
"""
ORDER = """
query($id: ID!, $guest: String) { order(id: $id, guestToken: $guest) {
  subtotal { amount currency } shippingTotal { amount currency } total { amount currency }
  lines { sku unitPrice { amount currency } totalPrice { amount currency } }
} }
"""


@pytest.fixture(autouse=True)
def _sold_in_three(settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD", "JPY"]


@pytest.fixture
def by_sea(db):
    return ShippingMethod.objects.create(
        name="By sea", currency="USD", price_amount=Decimal("9.90"), free_above=Decimal("100.00")
    )


def sold_for(amount, currency="USD", **fields):
    variant = make_variant(**fields)
    VariantPrice.objects.create(variant=variant, currency=currency, amount=Decimal(amount))
    return variant


def create(api, *lines, currency="USD"):
    given = [{"variantId": gid(variant), "quantity": quantity} for variant, quantity in lines]
    return api(CART_CREATE, input={"lines": given or None, "currency": currency})["cartCreate"]


def cart_in(api, *lines, currency="USD"):
    payload = create(api, *lines, currency=currency)
    assert payload["userErrors"] == []
    return payload["cart"]


def refusal(payload):
    (error,) = payload["userErrors"]
    assert error["retryable"] is False
    return error["code"], error["field"], error["message"]


def written():
    return [model.objects.count() for model in (Cart, CartLine, Order, Payment, Event)]


# ── The cart ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_cart_in_another_currency_has_all_its_amounts_in_it(guest, shipping, by_sea):
    lamp, desk = sold_for("21.99", price="19.99"), sold_for("50.00", price="300.00")

    cart = cart_in(guest, (lamp, 2), (desk, 1))

    money = {"amount": "21.99", "currency": "USD"}
    assert [(line["unitPrice"], line["totalPrice"]["amount"]) for line in cart["lines"]] == [
        (money, "43.98"),
        ({"amount": "50.00", "currency": "USD"}, "50.00"),
    ]
    totals = ("subtotal", "discountTotal", "shippingTotal", "taxTotal")
    assert [cart[name]["amount"] for name in totals] == ["93.98", "0.00", "9.90", "0.00"]
    assert cart["total"] == {"amount": "103.88", "currency": "USD"}
    shown = guest(CART, id=cart["id"])["cart"]
    assert shown["currency"] == "USD"
    assert shown["availableShippingMethods"] == [{"name": "By sea", "price": {"amount": "9.90", "currency": "USD"}}]
    assert {name: shown[name] for name in cart} == cart


def test_a_currency_without_decimals_has_none_in_a_cart(guest):
    cart = cart_in(guest, (sold_for("2500", "JPY"), 3), currency="JPY")

    assert cart["lines"][0]["unitPrice"] == {"amount": "2500", "currency": "JPY"}
    assert (cart["shippingTotal"]["amount"], cart["total"]) == ("0", {"amount": "7500", "currency": "JPY"})


def test_shipping_is_free_from_the_threshold_of_that_currency(guest, by_sea):
    variant = sold_for("50.00", price="1.00")

    assert cart_in(guest, (variant, 1))["shippingTotal"] == {"amount": "9.90"}
    assert cart_in(guest, (variant, 2))["shippingTotal"] == {"amount": "0.00"}


def test_a_cart_without_a_currency_is_in_the_shops_own(guest):
    variant = sold_for("21.99", price="19.99")

    for chosen in (None, "EUR"):
        assert cart_in(guest, (variant, 1), currency=chosen)["total"] == {"amount": "19.99", "currency": "EUR"}


@pytest.mark.parametrize("currency", ["GBP", "usd", "", "XTS", "US\0"])
def test_a_currency_the_shop_does_not_sell_in_is_refused(guest, currency):
    payload = create(guest, (sold_for("5.00"), 1), currency=currency)

    assert refusal(payload) == (
        "CURRENCY_NOT_SUPPORTED",
        ["input", "currency"],
        "This shop sells in EUR, USD, JPY. Choose one of these.",
    )
    assert payload["cart"] is None
    assert written() == [0, 0, 0, 0, 0]


def test_what_has_no_price_in_the_carts_currency_does_not_go_in(guest):
    priced, unpriced = sold_for("5.00"), sold_for("700", "JPY")
    sentence = f"{unpriced.sku} is not for sale in USD. Remove it, or start a cart in another currency."

    assert refusal(create(guest, (priced, 1), (unpriced, 1))) == (
        "VARIANT_UNAVAILABLE",
        ["input", "lines", "1", "variantId"],
        sentence,
    )
    assert written() == [0, 0, 0, 0, 0]

    cart = cart_in(guest, (priced, 1))
    lines = [{"variantId": gid(unpriced), "quantity": 1}]
    payload = guest(ADD, cartId=cart["id"], lines=lines)["cartLinesAdd"]

    assert refusal(payload) == ("VARIANT_UNAVAILABLE", ["lines", "0", "variantId"], sentence)
    assert written() == [1, 1, 0, 0, 0]


def test_what_lost_its_price_is_shown_without_one_and_counts_nothing(guest, by_sea):
    kept, lost = sold_for("10.00"), sold_for("5.00")
    cart = cart_in(guest, (kept, 1), (lost, 2))

    lost.prices.all().delete()

    shown = guest(CART, id=cart["id"])["cart"]
    assert [(line["unitPrice"], line["totalPrice"]) for line in shown["lines"]] == [
        ({"amount": "10.00", "currency": "USD"}, {"amount": "10.00"}),
        (None, None),
    ]
    assert (shown["itemCount"], shown["subtotal"]["amount"], shown["total"]["amount"]) == (3, "10.00", "19.90")


def test_what_is_promised_to_others_is_not_left_for_a_cart(guest):
    variant = sold_for("5.00", stock=5)
    StockLevel.objects.filter(pk=variant.pk).update(reserved=3)

    code, field, message = refusal(create(guest, (variant, 3)))

    assert (code, field) == ("OUT_OF_STOCK", ["input", "lines", "0", "quantity"])
    assert message.startswith("Only 2 of ")
    assert cart_in(guest, (variant, 2))["itemCount"] == 2


# ── The order ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_order_keeps_the_amounts_of_its_currency(guest, shipping, by_sea):
    lamp, desk = sold_for("21.99", price="19.99"), sold_for("50.00", price="300.00")
    cart = cart_in(guest, (lamp, 2), (desk, 1))

    payload = checkout(guest, cart["id"])

    assert payload["userErrors"] == []
    VariantPrice.objects.update(amount=Decimal("1.00"))
    order = guest(ORDER, id=payload["order"]["id"], guest=payload["guestToken"])["order"]
    assert order == {
        "subtotal": {"amount": "93.98", "currency": "USD"},
        "shippingTotal": {"amount": "9.90", "currency": "USD"},
        "total": {"amount": "103.88", "currency": "USD"},
        "lines": [
            {
                "sku": lamp.sku,
                "unitPrice": {"amount": "21.99", "currency": "USD"},
                "totalPrice": {"amount": "43.98", "currency": "USD"},
            },
            {
                "sku": desk.sku,
                "unitPrice": {"amount": "50.00", "currency": "USD"},
                "totalPrice": {"amount": "50.00", "currency": "USD"},
            },
        ],
    }
    assert Payment.objects.values_list("amount", "currency").get() == (Decimal("103.88"), "USD")


def test_an_order_costs_what_the_cart_shows_at_that_moment(guest, by_sea):
    variant = sold_for("10.00")
    cart = cart_in(guest, (variant, 1))

    VariantPrice.objects.update(amount=Decimal("12.00"))

    total = guest(CART, id=cart["id"])["cart"]["total"]
    placed = checkout(guest, cart["id"], expectedTotal=total["amount"])
    assert placed["order"]["total"] == total == {"amount": "21.90", "currency": "USD"}
    assert OrderLine.objects.values_list("unit_amount", "currency").get() == (Decimal("12.00"), "USD")


def test_what_lost_its_price_is_not_checked_out(guest, by_sea):
    kept, lost = sold_for("10.00"), sold_for("5.00")
    cart = cart_in(guest, (kept, 1), (lost, 2))
    lost.prices.all().delete()
    before = written()

    payload = checkout(guest, cart["id"])

    assert refusal(payload) == (
        "VARIANT_UNAVAILABLE",
        ["cartId"],
        f"{lost.sku} is not for sale in USD. Remove it, or start a cart in another currency.",
    )
    assert payload["order"] is None
    assert written() == before
    assert set(StockLevel.objects.values_list("on_hand", flat=True)) == {100}


def test_a_cart_is_not_sent_by_a_method_of_another_currency(guest, shipping):
    cart = cart_in(guest, (sold_for("10.00"), 1))
    before = written()

    assert cart["shippingTotal"] == {"amount": "0.00"}
    assert guest(CART, id=cart["id"])["cart"]["availableShippingMethods"] == []
    for chosen, field in ((None, ["input", "shippingAddress", "country"]), (shipping, ["input", "shippingMethodId"])):
        payload = checkout(guest, cart["id"], shippingMethodId=chosen and gid(chosen))
        assert refusal(payload)[:2] == ("SHIPPING_UNAVAILABLE", field)
    assert written() == before


# ── What it costs to ask ─────────────────────────────────────────────────────────────────────────────────────────────
def statements(act):
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_a_cart_takes_the_same_statements_for_one_line_and_for_ten(guest, shipping, by_sea, currency):
    carts = [cart_in(guest, *[(sold_for("5.00"), 1) for _ in range(n)], currency=currency) for n in (1, 1, 10)]
    query = "query($id: ID!) { cart(id: $id) { lines { quantity unitPrice { amount } totalPrice { amount } } } }"

    for asked, most in ((CART, 6), (query, 3)):
        _, one, ten = (statements(lambda cart=cart, asked=asked: guest(asked, id=cart["id"])) for cart in carts)
        assert one == ten
        assert ten <= most + (currency == "USD")


def test_filling_a_cart_in_another_currency_reads_its_prices_twice_more(guest, shipping, by_sea):
    variants = [sold_for("5.00") for _ in range(10)]
    for currency in ("EUR", "USD"):  # the first request, and the terms of the shop
        cart_in(guest, (variants[0], 1), currency=currency)

    own, one, ten = (
        statements(lambda c=currency, n=count: cart_in(guest, *[(v, 1) for v in variants[:n]], currency=c))
        for currency, count in (("EUR", 10), ("USD", 1), ("USD", 10))
    )

    # Once to check them, once to show them.
    assert one == ten == own + 2


def test_a_checkout_in_another_currency_takes_one_statement_more(guest, shipping, by_sea):
    counted = {}
    for currency, count in (("EUR", 1), ("EUR", 10), ("USD", 1), ("USD", 10)):  # content types are read once a process
        cart = cart_in(guest, *[(sold_for("5.00"), 1) for _ in range(count)], currency=currency)
        counted[currency, count] = statements(lambda cart=cart: checkout(guest, cart["id"]))

    assert counted["USD", 1] == counted["USD", 10] == counted["EUR", 10] + 1
