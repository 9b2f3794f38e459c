"""Totals add up, whatever the lines and the currency."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moneyed import Money

from catalog import money
from ordering import pricing

CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD"])


@st.composite
def baskets(draw):
    currency = draw(CURRENCIES)
    amounts = st.decimals(min_value=0, max_value=10**6, places=money.exponent(currency)).map(
        lambda amount: money.rounded(amount, currency)
    )
    lines = draw(st.lists(st.tuples(amounts, st.integers(min_value=1, max_value=1000)), max_size=20))
    return lines, draw(amounts)


@given(baskets())
def test_subtotal_less_discount_plus_shipping_and_tax_is_the_total(basket):
    lines, shipping = basket

    totals = pricing.totals(lines, shipping=shipping)

    assert totals.subtotal - totals.discount + totals.shipping + totals.tax == totals.total
    assert totals.subtotal.amount == sum(price.amount * quantity for price, quantity in lines)
    assert totals.shipping == shipping


@given(baskets())
def test_totals_have_exactly_the_currencys_decimals(basket):
    lines, shipping = basket

    totals = pricing.totals(lines, shipping=shipping)

    for amount in vars(totals).values():
        assert amount.currency == shipping.currency
        assert str(amount.amount) == str(money.rounded(amount.amount, amount.currency.code).amount)
        assert amount.amount >= 0


def test_nothing_costs_nothing():
    free = Money(Decimal(0), "EUR")

    assert pricing.totals([], shipping=free) == pricing.Totals(
        subtotal=free, discount=free, shipping=free, tax=free, total=free
    )


def test_an_ordinary_basket():
    lines = [(Money("19.99", "EUR"), 3), (Money("0.01", "EUR"), 1)]

    totals = pricing.totals(lines, shipping=Money("4.90", "EUR"))

    assert totals.subtotal == Money("59.98", "EUR")
    assert totals.total == Money("64.88", "EUR")


@pytest.mark.parametrize(
    ("free_above", "subtotal", "price"),
    [(None, "1000", "4.90"), ("100", "99.99", "4.90"), ("100", "100", "0"), ("100", "100.01", "0"), ("0", "0", "0")],
)
def test_shipping_is_free_from_a_subtotal_on(free_above, subtotal, price):
    threshold = None if free_above is None else Money(free_above, "EUR")

    charged = pricing.shipping_price(Money("4.90", "EUR"), threshold, Money(subtotal, "EUR"))

    assert charged == Money(price, "EUR")


def test_currencies_are_never_mixed():
    with pytest.raises(TypeError):
        pricing.totals([(Money(1, "USD"), 1)], shipping=Money(1, "EUR"))
