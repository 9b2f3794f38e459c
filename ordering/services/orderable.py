"""What stands in the way of a cart that is to be ordered, the first reason first."""

from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from moneyed import Money

from accounts.services import checks
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import Cart
from ordering.services import addresses, carts, problems, quoting
from ordering.services.quoting import Quote

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

MAX_TOKEN = 255
# What the columns of an order can hold.
MAX_TOTAL = 10**11


def check(cart: Cart, quote: Quote, *, expected_total: Decimal | None) -> None:
    """Refuses what cannot be ordered as it is."""
    check_lines(cart, quote)
    _check_minimum(cart, quote)
    _check_shipping(cart, quote)
    _check_coupons(cart, quote, expected_total)
    _check_price(cart, quote, expected_total)
    if quote.totals.total.amount >= MAX_TOTAL:
        raise OrderError(
            OrderErrorCode.INVALID, "This order is larger than the shop can take at once. Split it.", field=["cartId"]
        )


def check_lines(cart: Cart, quote: Quote) -> None:
    """Refuses an empty cart, and what is not sold or has no price in its currency."""
    if not quote.lines:
        raise OrderError(OrderErrorCode.CART_EMPTY, "The cart is empty. Add something first.", field=["cartId"])
    for line in quote.lines:
        if not quoting.is_buyable(line.variant):
            raise OrderError(
                OrderErrorCode.VARIANT_UNAVAILABLE,
                f"{line.variant.sku} is not on sale any more. Remove it from the cart.",
                field=["cartId"],
            )
        if quote.unit_prices[line.pk] is None:
            raise OrderError(OrderErrorCode.VARIANT_UNAVAILABLE, carts.unpriced(line.variant, cart), field=["cartId"])


def _check_minimum(cart: Cart, quote: Quote) -> None:
    if missing := problems.minimum_missing(cart, quote):
        raise OrderError(OrderErrorCode.BELOW_MINIMUM, problems.below_minimum(missing), field=["cartId"])


def _check_shipping(cart: Cart, quote: Quote) -> None:
    if not quote.needs_shipping:
        if not (cart.shipping_address or cart.billing_address):
            raise OrderError(
                OrderErrorCode.REQUIRED, "Give the address for the invoice.", field=["input", "billingAddress"]
            )
        return
    if not cart.shipping_address:
        raise OrderError(
            OrderErrorCode.REQUIRED,
            "Give the address to send it to, here or with cartAddressesSet.",
            field=["input", "shippingAddress"],
        )
    wanted = cart.shipping_method_id
    if quote.method is None or wanted not in (None, quote.method.pk):
        raise OrderError(
            OrderErrorCode.SHIPPING_UNAVAILABLE,
            f"{'This method' if wanted else 'The shop'} does not ship orders like this in {cart.currency} to that "
            "country.",
            field=["input", "shippingMethodId"] if wanted else ["input", "shippingAddress", "country"],
        )


def _check_coupons(cart: Cart, quote: Quote, expected_total: Decimal | None) -> None:
    """Nobody pays more than they were shown because a coupon ended meanwhile, unless they agree to the new total."""
    total = quote.totals.total
    if quote.offers.refused and not _is_agreed(expected_total, total):
        first = quote.offers.refused[0]
        raise OrderError(
            first.code,
            f"{first.reason} Without it the total is {total.amount} {cart.currency}: send that as expectedTotal, or "
            "remove the coupon.",
            field=["input", "expectedTotal"],
        )


def _check_price(cart: Cart, quote: Quote, expected_total: Decimal | None) -> None:
    """The buyer pays what they agreed to: the total they name or, naming none, the prices they saw last, with their
    coupons."""
    total = quote.totals.total
    if expected_total is not None:
        if not _is_agreed(expected_total, total):
            raise OrderError(
                OrderErrorCode.PRICE_CHANGED,
                f"The total is {total.amount} {cart.currency} now, not {expected_total}. Show the cart again.",
                field=["input", "expectedTotal"],
            )
        return
    if quote.before is not None:
        raise OrderError(
            OrderErrorCode.PRICE_CHANGED,
            f"The shop's terms changed at this very moment: the total is {total.amount} {cart.currency} now, not "
            f"{quote.before.amount}. Show the cart again and send its total as expectedTotal.",
            field=["input", "expectedTotal"],
        )
    for line in quote.priced:
        now = quote.unit_prices[line.pk]
        if now is not None and line.agreed_price not in (None, now):
            raise OrderError(
                OrderErrorCode.PRICE_CHANGED,
                f"{line.variant.sku} costs {now.amount} {cart.currency} now. Show the cart again and send its total "
                "as expectedTotal.",
                field=["input", "expectedTotal"],
            )


def _is_agreed(expected_total: Decimal | None, total: Money) -> bool:
    # What is no number at all cannot even be compared.
    return expected_total is not None and expected_total.is_finite() and expected_total == total.amount


def checked_email(cart: Cart, given: str | None, actor: "User | AnonymousUser") -> str:
    """Where the confirmation goes: as given, the cart's, or the account's."""
    try:
        return addresses.normalised_email((given or "").strip() or cart.email or getattr(actor, "email", ""))
    except ValidationError:
        raise OrderError(
            OrderErrorCode.REQUIRED,
            "Give the e-mail address the confirmation goes to, such as name@example.com.",
            field=["input", "email"],
        ) from None


def check_payment(*, gateway: str, token: str) -> None:
    """Refuses a gateway that the shop does not have, and what cannot be the token of any."""
    if gateway not in settings.PAYMENT_GATEWAYS:
        known = ", ".join(settings.PAYMENT_GATEWAYS) or "none"
        raise OrderError(
            OrderErrorCode.GATEWAY_UNKNOWN,
            f"There is no such payment gateway here; the shop has: {known}.",
            field=["input", "payment", "gateway"],
        )
    if not 1 <= len(token) <= MAX_TOKEN or not checks.is_text(token):
        raise OrderError(
            OrderErrorCode.REQUIRED,
            "Give the payment token that the gateway made for this buyer.",
            field=["input", "payment", "token"],
        )
