"""Coupons: into carts and out again."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from moneyed import Money

from accounts import throttling
from catalog import money
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import MAX_COUPONS, Cart, Promotion
from ordering.services import carts, quoting
from ordering.services.promoting import Refused
from ordering.services.quoting import Quote

if TYPE_CHECKING:
    from accounts.models import User

# No code is longer.
MAX_CODE = 40


@transaction.atomic
def apply(*, cart_id: UUID | str, code: str, actor: "User | AnonymousUser") -> Cart:
    """The cart with this coupon, which makes it cheaper as long as its conditions hold.

    COUPON_UNKNOWN, COUPON_EXPIRED, COUPON_EXHAUSTED, COUPON_NOT_APPLICABLE, COUPON_ALREADY_APPLIED; CART_FULL beyond
    MAX_COUPONS. RateLimited, which is no OrderError, for a client that tried too many codes that nobody has.
    """
    cart = carts.open_cart(cart_id, actor)
    coupon = _by_code(code)
    taken = set(cart.coupons.values_list("pk", flat=True))
    if coupon.pk in taken:
        raise OrderError(OrderErrorCode.COUPON_ALREADY_APPLIED, f"{coupon} is on the cart already.", field=["code"])
    if len(taken) >= MAX_COUPONS:
        raise OrderError(
            OrderErrorCode.CART_FULL, f"A cart takes at most {MAX_COUPONS} coupons. Remove one first.", field=["code"]
        )

    cart.coupons.add(coupon)
    cart.save(update_fields=["updated_at"])
    # Of a draft the buyer is somebody else than who prepares it.
    customer = None if isinstance(actor, AnonymousUser) or cart.drafted_by_id else actor
    quote = quoting.quote_anew(cart, customer=customer)
    for refused in quote.offers.refused:
        if refused.coupon.pk == coupon.pk:
            raise OrderError(refused.code, refused.reason, field=["code"])
    return cart


@transaction.atomic
def remove(*, cart_id: UUID | str, code: str, actor: "User | AnonymousUser") -> Cart:
    """The cart without this coupon; COUPON_UNKNOWN when it is not on the cart."""
    cart = carts.open_cart(cart_id, actor)
    coupon = next((each for each in cart.coupons.all() if each.code == normalised(code)), None)
    if coupon is None:
        raise OrderError(OrderErrorCode.COUPON_UNKNOWN, "There is no such coupon on this cart.", field=["code"])

    cart.coupons.remove(coupon)
    cart.save(update_fields=["updated_at"])
    quoting.forget_price(cart)
    return cart


def on_cart(quote: Quote, currency: str) -> list[tuple[Promotion, Money, Refused | None]]:
    """The coupons of a cart, what each takes off it, and why one takes nothing. No statement."""
    refused = {each.coupon.pk: each for each in quote.offers.refused}
    nothing = money.rounded(money.ZERO, currency)
    return [
        (coupon, quote.totals.applied.get(coupon.pk, nothing), refused.get(coupon.pk))
        for coupon in quote.offers.coupons
    ]


def normalised(code: str) -> str:
    """A code as it is kept, however it was typed."""
    return code.strip().upper()


def _by_code(code: str) -> Promotion:
    """The coupon with this code. Who guesses is stopped: once too many were unknown, no code is looked up."""
    throttling.COUPON.check()
    wanted = normalised(code)
    can_be_one = len(wanted) <= MAX_CODE and wanted.isascii() and "\0" not in wanted
    coupon = Promotion.objects.coupons().filter(code=wanted).first() if can_be_one else None
    if coupon is None:
        throttling.COUPON.count()
        raise OrderError(OrderErrorCode.COUPON_UNKNOWN, "There is no such coupon. Check its spelling.", field=["code"])
    return coupon
