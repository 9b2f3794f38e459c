"""What a cart or an order costs. Pure: amounts in, totals out; no database, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass

from moneyed import Money

from catalog import money


@dataclass(frozen=True)
class Totals:
    """subtotal − discount + shipping + tax = total, all in one currency."""

    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money


def totals(lines: Iterable[tuple[Money, int]], *, shipping: Money) -> Totals:
    """Adds up lines of (unit price, quantity) and the price of shipping. Prices are final: they include tax."""
    nothing = money.rounded(money.ZERO, shipping.currency.code)
    subtotal = sum((unit_price * quantity for unit_price, quantity in lines), nothing)
    return Totals(subtotal=subtotal, discount=nothing, shipping=shipping, tax=nothing, total=subtotal + shipping)


def shipping_price(price: Money, free_above: Money | None, subtotal: Money) -> Money:
    """The method's price, or nothing once the goods cost enough."""
    if free_above is not None and subtotal >= free_above:
        return money.rounded(money.ZERO, price.currency.code)
    return price
