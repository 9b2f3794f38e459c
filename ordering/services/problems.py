"""What keeps a cart from being checked out as it is, before anybody tries."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from moneyed import Money

from catalog import money
from ordering.errors import OrderErrorCode
from ordering.models import Cart, CartLine, ShippingMethod
from ordering.services import carts, promoting, quoting
from ordering.services.quoting import Quote


@dataclass(frozen=True)
class Problem:
    """`message` is for the buyer; `line` where it is about one; `code` what checkout would refuse it with."""

    code: OrderErrorCode
    message: str
    line: CartLine | None = None


@dataclass(frozen=True, kw_only=True)
class LineProblem(Problem):
    """One of a line."""

    line: CartLine


@dataclass(frozen=True, kw_only=True)
class VariantUnavailable(LineProblem):
    """The shop does not sell it any more."""


@dataclass(frozen=True, kw_only=True)
class NoPriceInCurrency(LineProblem):
    """It is sold, but in other currencies."""


@dataclass(frozen=True, kw_only=True)
class OnlySomeLeft(LineProblem):
    """Fewer than are wanted: `available` may be 0."""

    available: int


@dataclass(frozen=True, kw_only=True)
class PriceChanged(LineProblem):
    """One costs something else than when the buyer last put it in or changed it."""

    before: Money
    now: Money


@dataclass(frozen=True, kw_only=True)
class BelowMinimum(Problem):
    """The goods are worth too little to be ordered."""

    minimum: Money
    missing: Money


@dataclass(frozen=True, kw_only=True)
class ShippingUnavailable(Problem):
    """Nothing can send it, or not to that address."""


@dataclass(frozen=True, kw_only=True)
class ShippingMethodUnavailable(Problem):
    """The chosen method cannot send it, others can."""

    method: ShippingMethod


@dataclass(frozen=True, kw_only=True)
class CouponRefused(Problem):
    """A coupon of the cart takes nothing off."""

    coupon: str


def of_cart(cart: Cart) -> list[Problem]:
    """All there are now, those of lines first. No statement more than the quote takes, and one where the chosen method
    is not on offer. None of a cart that is empty, or was ordered."""
    if cart.completed_at:
        return []
    quote = quoting.quote(cart)
    if not quote.lines:
        return []
    return [*_of_lines(cart, quote), *_of_whole(cart, quote)]


def minimum_missing(cart: Cart, quote: Quote) -> Money | None:
    """How much more the goods must be worth, before discounts; None where they are worth enough."""
    missing = _minimum(cart.currency) - quote.totals.subtotal
    return missing if missing.amount > 0 else None


def below_minimum(missing: Money) -> str:
    """For the buyer: how much more to put in."""
    least = _minimum(missing.currency.code)
    return (
        f"Orders are for goods worth at least {least.amount} {least.currency}: "
        f"{missing.amount} {missing.currency} are missing."
    )


def _minimum(currency: str) -> Money:
    return money.rounded(settings.MINIMUM_ORDER_AMOUNTS.get(currency, money.ZERO), currency)


def _of_lines(cart: Cart, quote: Quote) -> Iterator[Problem]:
    for line in quote.lines:
        now, agreed = quote.unit_prices[line.pk], line.agreed_price
        if not quoting.is_buyable(line.variant):
            yield VariantUnavailable(
                code=OrderErrorCode.VARIANT_UNAVAILABLE,
                message=f"{line.variant.product.name} ({line.variant.name}) is not on sale any more.",
                line=line,
            )
            continue
        if now is None:
            yield NoPriceInCurrency(
                code=OrderErrorCode.VARIANT_UNAVAILABLE, message=carts.unpriced(line.variant, cart), line=line
            )
            continue
        if line.quantity > line.available:
            yield OnlySomeLeft(
                code=OrderErrorCode.OUT_OF_STOCK,
                message=carts.only_left(line.variant, line.available),
                line=line,
                available=line.available,
            )
        if agreed not in (None, now):
            yield PriceChanged(
                code=OrderErrorCode.PRICE_CHANGED,
                message=f"{line.variant.product.name} ({line.variant.name}) costs {now.amount} {cart.currency} now, "
                f"not {agreed.amount}.",
                line=line,
                before=agreed,
                now=now,
            )


def _of_whole(cart: Cart, quote: Quote) -> Iterator[Problem]:
    if missing := minimum_missing(cart, quote):
        yield BelowMinimum(
            code=OrderErrorCode.BELOW_MINIMUM,
            message=below_minimum(missing),
            minimum=_minimum(missing.currency.code),
            missing=missing,
        )
    if quote.needs_shipping and not quote.methods:
        where = " to this address" if cart.shipping_address else ""
        yield ShippingUnavailable(
            code=OrderErrorCode.SHIPPING_UNAVAILABLE,
            message=f"The shop does not ship orders like this in {cart.currency}{where}.",
        )
    elif _wanted_in_vain(cart, quote) and cart.shipping_method:
        yield ShippingMethodUnavailable(
            code=OrderErrorCode.SHIPPING_UNAVAILABLE,
            message=f"{cart.shipping_method.name} cannot send this there. Choose another method.",
            method=cart.shipping_method,
        )
    for refused in quote.offers.refused:
        yield _coupon(refused)


def _wanted_in_vain(cart: Cart, quote: Quote) -> bool:
    """Whether a method was chosen that is not on offer."""
    wanted = cart.shipping_method_id
    return quote.needs_shipping and wanted is not None and wanted not in {method.pk for method in quote.methods}


def _coupon(refused: promoting.Refused) -> CouponRefused:
    return CouponRefused(code=refused.code, message=refused.reason, coupon=refused.coupon.code or "")
