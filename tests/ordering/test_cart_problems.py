"""What stands in the way of a cart, told before the buyer tries to check it out; checkout refuses the same."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import ProductStatus, StockLevel, VariantPrice
from ordering.models import Cart, CartLine, Order, Promotion, PromotionKind, ShippingMethod, ShippingZone
from tests.conftest import gid, make_variant
from tests.shopping import ADDRESS, ERRORS, cart_with, checkout

pytestmark = pytest.mark.django_db

PROBLEMS = """
problems {
  __typename code message line { id quantity variant { sku product { name } } }
  ... on OnlySomeLeft { available }
  ... on PriceChanged { from { amount currency } to { amount currency } }
  ... on BelowMinimum { minimum { amount currency } missing { amount currency } }
  ... on ShippingMethodUnavailable { shippingMethod { name } }
  ... on CouponRefused { coupon }
}
"""
CART = f"query($id: ID!) {{ cart(id: $id) {{ {PROBLEMS} }} }}"
UPDATE = f"""
mutation($id: ID!, $lines: [CartLineUpdateInput!]!) {{
  cartLinesUpdate(cartId: $id, lines: $lines) {{ cart {{ {PROBLEMS} }} {ERRORS} }}
}}
"""
START = f"mutation($id: ID!) {{ checkoutStart(cartId: $id) {{ cart {{ {PROBLEMS} }} {ERRORS} }} }}"


def problems(api, cart):
    return api(CART, id=cart["id"])["cart"]["problems"]


def only(api, cart):
    (problem,) = problems(api, cart)
    assert problem["message"]
    return problem


def refused(api, cart, **input):
    payload = checkout(api, cart["id"], **input)
    assert payload["order"] is None
    assert Order.objects.filter(placed_at__isnull=False).count() == 0
    return payload["userErrors"][0]["code"]


def set_quantity(api, cart, quantity):
    lines = [{"lineId": cart["lines"][0]["id"], "quantity": quantity}]
    payload = api(UPDATE, id=cart["id"], lines=lines)["cartLinesUpdate"]
    assert payload["userErrors"] == []
    return payload["cart"]["problems"]


def reprice(variant, amount):
    type(variant).objects.filter(pk=variant.pk).update(price_amount=Decimal(amount))


def test_a_cart_that_can_be_ordered_has_none(guest, shipping):
    cart = cart_with(guest, (gid(make_variant()), 1))

    assert problems(guest, cart) == []
    assert checkout(guest, cart["id"])["userErrors"] == []
    assert problems(guest, cart) == []


def test_an_empty_cart_has_none(guest, settings):
    settings.MINIMUM_ORDER_AMOUNTS = {"EUR": Decimal("10")}
    cart = cart_with(guest, (gid(make_variant()), 1))
    CartLine.objects.all().delete()

    assert problems(guest, cart) == []


# ── Prices ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("now", ["25.00", "15.00"])
def test_a_changed_price_is_told_until_the_buyer_sets_the_line_again(guest, shipping, now):
    variant = make_variant(price="20.00")
    cart = cart_with(guest, (gid(variant), 2))
    reprice(variant, now)

    problem = only(guest, cart)

    assert (problem["__typename"], problem["code"]) == ("PriceChanged", "PRICE_CHANGED")
    assert problem["line"]["id"] == cart["lines"][0]["id"]
    assert problem["line"]["variant"] == {"sku": variant.sku, "product": {"name": variant.product.name}}
    assert (problem["from"], problem["to"]) == (
        {"amount": "20.00", "currency": "EUR"},
        {"amount": now, "currency": "EUR"},
    )
    assert refused(guest, cart) == "PRICE_CHANGED"
    assert set_quantity(guest, cart, 2) == []
    assert checkout(guest, cart["id"])["userErrors"] == []


def test_a_price_that_came_back_is_no_problem(guest, shipping):
    variant = make_variant(price="20.00")
    cart = cart_with(guest, (gid(variant), 2))

    reprice(variant, "25.00")
    reprice(variant, "20.00")

    assert problems(guest, cart) == []


def test_a_checkout_that_names_the_new_total_takes_the_new_price(guest, shipping):
    variant = make_variant(price="20.00")
    cart = cart_with(guest, (gid(variant), 1))
    reprice(variant, "25.00")

    assert refused(guest, cart, expectedTotal="24.90") == "PRICE_CHANGED"
    assert checkout(guest, cart["id"], expectedTotal="29.90")["order"]["total"]["amount"] == "29.90"


def test_what_lost_its_price_in_the_carts_currency_is_told(guest, settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD"]
    ShippingMethod.objects.create(name="By sea", currency="USD", price_amount=Decimal(1))
    variant = make_variant()
    VariantPrice.objects.create(variant=variant, currency="USD", amount=Decimal(5))
    cart = guest(
        'mutation($v: ID!) { cartCreate(input: {currency: "USD", lines: [{variantId: $v, quantity: 1}]}) '
        "{ cart { id } } }",
        v=gid(variant),
    )["cartCreate"]["cart"]

    VariantPrice.objects.all().delete()

    problem = only(guest, cart)
    assert (problem["__typename"], problem["code"]) == ("NoPriceInCurrency", "VARIANT_UNAVAILABLE")
    assert problem["line"]["variant"]["sku"] == variant.sku
    assert refused(guest, cart) == "VARIANT_UNAVAILABLE"


# ── Stock ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("left", [2, 0])
def test_too_little_stock_says_how_much_is_left(guest, shipping, left):
    variant = make_variant(stock=5)
    cart = cart_with(guest, (gid(variant), 3))
    StockLevel.objects.update(on_hand=left)

    problem = only(guest, cart)

    assert (problem["__typename"], problem["code"], problem["available"]) == ("OnlySomeLeft", "OUT_OF_STOCK", left)
    assert refused(guest, cart) == "OUT_OF_STOCK"


def test_what_is_reserved_for_the_cart_is_there_for_it_and_not_for_others(guest, shipping):
    variant = make_variant(stock=3)
    mine, other = (cart_with(guest, (gid(variant), 3)) for _ in range(2))

    assert guest(START, id=mine["id"])["checkoutStart"]["cart"]["problems"] == []

    assert problems(guest, mine) == []
    assert only(guest, other)["available"] == 0
    StockLevel.objects.update(on_hand=4)
    assert only(guest, other)["available"] == 1


def test_a_reserved_line_takes_no_more_than_there_is_besides(guest, shipping):
    variant = make_variant(stock=5)
    cart = cart_with(guest, (gid(variant), 3))
    guest(START, id=cart["id"])

    assert set_quantity(guest, cart, 5) == []
    lines = [{"lineId": cart["lines"][0]["id"], "quantity": 6}]
    payload = guest(UPDATE, id=cart["id"], lines=lines)["cartLinesUpdate"]
    assert (payload["userErrors"][0]["code"], payload["userErrors"][0]["field"]) == (
        "OUT_OF_STOCK",
        ["lines", "0", "quantity"],
    )


@pytest.mark.parametrize("why", ["inactive", "archived", "vendor suspended"])
def test_what_is_not_sold_any_more_is_told_and_nothing_else_of_it(guest, shipping, why):
    variant = make_variant(stock=5)
    cart = cart_with(guest, (gid(variant), 3))
    StockLevel.objects.update(on_hand=0)
    reprice(variant, "25.00")
    match why:
        case "inactive":
            type(variant).objects.update(is_active=False)
        case "archived":
            type(variant.product).objects.update(status=ProductStatus.ARCHIVED)
        case _:
            type(variant.product.vendor).objects.update(status="SUSPENDED")

    problem = only(guest, cart)

    assert (problem["__typename"], problem["code"]) == ("VariantUnavailable", "VARIANT_UNAVAILABLE")
    assert refused(guest, cart) == "VARIANT_UNAVAILABLE"


# ── The whole cart ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_cart_below_the_minimum_says_what_is_missing(guest, shipping, settings):
    settings.MINIMUM_ORDER_AMOUNTS = {"EUR": Decimal("50"), "USD": Decimal("9999")}
    cart = cart_with(guest, (gid(make_variant(price="20.00")), 2))

    problem = only(guest, cart)

    assert (problem["__typename"], problem["code"], problem["line"]) == ("BelowMinimum", "BELOW_MINIMUM", None)
    assert problem["minimum"] == {"amount": "50.00", "currency": "EUR"}
    assert problem["missing"] == {"amount": "10.00", "currency": "EUR"}
    assert refused(guest, cart) == "BELOW_MINIMUM"
    assert set_quantity(guest, cart, 3) == []
    assert checkout(guest, cart["id"])["userErrors"] == []


def test_the_minimum_itself_is_enough_also_with_a_discount(guest, shipping, settings):
    settings.MINIMUM_ORDER_AMOUNTS = {"EUR": Decimal("40")}
    Promotion.objects.create(name="Sale", kind=PromotionKind.PERCENTAGE, percent=Decimal(50))
    cart = cart_with(guest, (gid(make_variant(price="20.00")), 2))

    assert problems(guest, cart) == []
    assert checkout(guest, cart["id"])["userErrors"] == []


def test_an_address_the_shop_does_not_ship_to_is_told(guest, shipping):
    zone = ShippingZone.objects.create(name="France", countries=["FR"])
    ShippingMethod.objects.filter(pk=shipping.pk).update(zone=zone)
    cart = cart_with(guest, (gid(make_variant()), 1))
    assert problems(guest, cart) == []

    Cart.objects.update(shipping_address={**ADDRESS, "line2": "", "region": "", "phone": "", "postal_code": ""})

    problem = only(guest, cart)
    assert (problem["__typename"], problem["code"]) == ("ShippingUnavailable", "SHIPPING_UNAVAILABLE")
    assert refused(guest, cart) == "SHIPPING_UNAVAILABLE"


def test_a_chosen_method_that_is_retired_is_told(guest, shipping):
    ShippingMethod.objects.create(name="Express", currency="EUR", price_amount=Decimal("12.90"))
    cart = cart_with(guest, (gid(make_variant()), 1))
    Cart.objects.update(shipping_method=shipping)
    ShippingMethod.objects.filter(pk=shipping.pk).update(is_active=False)

    problem = only(guest, cart)

    assert (problem["__typename"], problem["shippingMethod"]) == ("ShippingMethodUnavailable", {"name": "Standard"})
    assert refused(guest, cart) == "SHIPPING_UNAVAILABLE"


def test_a_coupon_that_ended_is_told_with_its_code(guest, shipping):
    coupon = Promotion.objects.create(name="Spring", code="SPRING", kind=PromotionKind.PERCENTAGE, percent=Decimal(10))
    cart = cart_with(guest, (gid(make_variant()), 1))
    Cart.objects.get().coupons.add(coupon)
    assert problems(guest, cart) == []

    Promotion.objects.update(ends_at=timezone.now() - timedelta(seconds=1))

    problem = only(guest, cart)
    assert (problem["__typename"], problem["code"], problem["coupon"]) == ("CouponRefused", "COUPON_EXPIRED", "SPRING")
    assert guest("query($id: ID!) { cart(id: $id) { coupons { code } } }", id=cart["id"])["cart"] == {
        "coupons": [{"code": "SPRING"}]
    }


def test_several_problems_are_told_at_once_those_of_lines_first(guest, shipping, settings):
    settings.MINIMUM_ORDER_AMOUNTS = {"EUR": Decimal("1000")}
    dear, scarce = make_variant(), make_variant()
    cart = cart_with(guest, (gid(dear), 2), (gid(scarce), 2))
    reprice(dear, "21.00")
    StockLevel.objects.update(on_hand=1)

    found = [(each["__typename"], each["line"] and each["line"]["id"]) for each in problems(guest, cart)]

    one, other = (line["id"] for line in cart["lines"])
    assert found == [
        ("OnlySomeLeft", one),
        ("PriceChanged", one),
        ("OnlySomeLeft", other),
        ("BelowMinimum", None),
    ]


# ── What it costs to ask ─────────────────────────────────────────────────────────────────────────────────────────────
def test_problems_take_the_same_statements_for_one_line_and_for_ten(guest, shipping):
    carts = [cart_with(guest, *[(gid(make_variant()), 2) for _ in range(count)]) for count in (1, 1, 10)]
    StockLevel.objects.update(on_hand=1)
    counted = []
    for cart in carts:
        with CaptureQueriesContext(connection) as captured:
            found = problems(guest, cart)
        counted.append((len(found), len(captured)))

    assert [found for found, _ in counted] == [1, 1, 10]
    assert counted[1][1] == counted[2][1] <= 9


def test_a_list_is_not_asked_for_inside_itself_through_a_problem(guest, shipping):
    cart = cart_with(guest, (gid(make_variant()), 1))
    query = "query($id: ID!) { cart(id: $id) { problems { line { variant { product { variants { product { variants {"

    assert guest.code(query + "sku } } } } } } } } }", id=cart["id"]) == "QUERY_TOO_EXPENSIVE"
