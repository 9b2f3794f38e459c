"""The beginning of checkout: what is in the cart is held back for its buyer for a while."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from catalog.errors import OutOfStock
from catalog.models import ProductVariant
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import Cart
from ordering.services import carts, orderable, quoting, reserving

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


def start_checkout(*, cart_id: UUID, actor: "User | AnonymousUser") -> Cart:
    """The cart with the stock of every line held back for it, for 15 minutes from the first call on.

    Called again it holds what was added since, until the same moment; once that has passed the 15 minutes begin anew.
    Refused: what cannot be ordered as it is, and OUT_OF_STOCK where there is too little, and then nothing is held.
    """
    try:
        return reserving.or_once_more(lambda: _start(cart_id, actor), cart_id=cart_id)
    except OutOfStock as short:
        raise out_of_stock(short) from None


@transaction.atomic
def _start(cart_id: UUID, actor: "User | AnonymousUser") -> Cart:
    cart = carts.open_cart(cart_id, actor)
    quote = quoting.quote(cart)
    orderable.check_lines(cart, quote)
    reserving.reserve(lines=quote.priced)
    return cart


def out_of_stock(short: OutOfStock) -> OrderError:
    """For the buyer: of what there is too little."""
    variant = ProductVariant.objects.select_related("product").get(pk=short.variant_id)
    return OrderError(
        OrderErrorCode.OUT_OF_STOCK,
        f"{carts.only_left(variant, short.left)} Change the quantity or remove it from the cart.",
        field=["cartId"],
    )
