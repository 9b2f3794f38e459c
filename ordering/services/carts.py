"""Carts: making one, and what is in it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import QuerySet

from catalog.models import ProductVariant
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import (
    MAX_CART_LINES,
    MAX_LINE_QUANTITY,
    Cart,
    CartLine,
    OrderStatus,
    Payment,
    PaymentState,
    ShippingMethod,
)
from ordering.services import quoting, reserving, shipping

if TYPE_CHECKING:
    from accounts.models import User


@transaction.atomic
def create_cart(
    *, actor: "User | AnonymousUser", lines: Iterable[tuple[int, int]] = (), currency: str | None = None
) -> Cart:
    """A new cart with lines given as (variant id, quantity); the actor's, or a guest's. Its currency stays."""
    if currency is None:
        currency = settings.SHOP_CURRENCY
    if currency not in settings.SHOP_CURRENCIES:
        raise OrderError(
            OrderErrorCode.CURRENCY_NOT_SUPPORTED,
            f"This shop sells in {', '.join(settings.SHOP_CURRENCIES)}. Choose one of these.",
            field=["input", "currency"],
        )
    cart = Cart.objects.create(customer=None if isinstance(actor, AnonymousUser) else actor, currency=currency)
    wanted = list(lines)
    if wanted:
        _put(cart, wanted, in_cart=[], path=["input", "lines"])
    return cart


@transaction.atomic
def add_lines(*, cart_id: UUID | str, lines: Iterable[tuple[int, int]], actor: "User | AnonymousUser") -> Cart:
    """So many more of each variant, given as (variant id, quantity)."""
    cart = open_cart(cart_id, actor)
    _put(cart, list(lines), in_cart=cart.lines.all(), path=["lines"])
    cart.save(update_fields=["updated_at"])
    return cart


@transaction.atomic
def update_lines(*, cart_id: UUID | str, lines: Iterable[tuple[UUID, int]], actor: "User | AnonymousUser") -> Cart:
    """New quantities of lines, given as (line id, quantity); 0 removes the line. Of one named twice the last counts.

    Whoever sets a quantity, the same included, agrees to the price of now.
    """
    cart = open_cart(cart_id, actor)
    wanted: dict[UUID, int] = {}
    places: dict[UUID, int] = {}
    for place, (line_id, quantity) in enumerate(lines):
        wanted[line_id], places[line_id] = quantity, place
    found = _lines_of(cart, places, name="lineId")
    for line in found:
        line.quantity = wanted[line.pk]
        price = line.variant.price_in(cart.currency)
        line.agreed_amount = None if price is None else price.amount
        if line.quantity:
            _check_quantity(line, path=["lines", str(places[line.pk]), "quantity"])

    reserving.adjusted(found)
    CartLine.objects.filter(pk__in=[line.pk for line in found if not line.quantity]).delete()
    CartLine.objects.bulk_update([line for line in found if line.quantity], ["quantity", "agreed_amount"])
    cart.save(update_fields=["updated_at"])
    return cart


@transaction.atomic
def remove_lines(*, cart_id: UUID | str, line_ids: Iterable[UUID], actor: "User | AnonymousUser") -> Cart:
    """The cart without these lines."""
    cart = open_cart(cart_id, actor)
    found = _lines_of(cart, {line_id: place for place, line_id in enumerate(line_ids)})

    reserving.release_lines(found)
    CartLine.objects.filter(pk__in=[line.pk for line in found]).delete()
    cart.save(update_fields=["updated_at"])
    return cart


def open_cart(cart_id: UUID | str, actor: "User | AnonymousUser") -> Cart:
    """The cart for update, if this person may use it and it is not an order, nor about to become one."""
    cart = locked_cart(cart_id, actor)
    check_open(cart)
    return cart


def check_open(cart: Cart, *, field: str = "cartId") -> None:
    """Refuses a cart that is an order, about to become one, or merged into another. The cart is locked."""
    if cart.completed_at:
        raise OrderError(
            OrderErrorCode.CART_COMPLETED, "This cart was ordered already. Start a new one.", field=[field]
        )
    if cart.is_merged:
        raise OrderError(
            OrderErrorCode.CART_MERGED,
            "What was in this cart is in its customer's cart now. Go on with that one, or start a new one.",
            field=[field],
        )
    if waiting_payments().filter(order__cart=cart).exists():
        raise OrderError(
            OrderErrorCode.CHECKOUT_IN_PROGRESS,
            "A checkout of this cart is waiting for its payment. Try again in a moment.",
            field=[field],
            retryable=True,
        )


def waiting_payments() -> QuerySet[Payment]:
    """Those of checkouts that nobody has decided yet: the gateway does not answer, or the buyer has to do something."""
    waiting = [PaymentState.REQUESTED, PaymentState.ACTION_REQUIRED]
    return Payment.objects.filter(order__status=OrderStatus.PENDING, state__in=waiting)


def locked_cart(cart_id: UUID | str, actor: "User | AnonymousUser") -> Cart:
    """The cart for update, if this person may use it; otherwise NOT_FOUND."""
    cart = Cart.objects.visible_to(actor).select_for_update(of=("self",)).filter(pk=cart_id).first()
    if cart is None:
        raise OrderError(OrderErrorCode.NOT_FOUND, "There is no such cart, or you may not use it.", field=["cartId"])
    return cart


def shipping_methods(*, cart: Cart, country: str | None = None) -> list[ShippingMethod]:
    """The methods on offer for what is in the cart, cheapest first, each with its `quoted` price; with a country,
    those that ship there."""
    quote = quoting.quote(cart)
    if country is None:
        return quote.methods
    return shipping.offered(cart=cart, lines=quote.priced, subtotal=quote.totals.subtotal, country=country)


def only_left(variant: ProductVariant, left: int) -> str:
    """For the buyer: how many there still are."""
    name = f"{variant.product.name} ({variant.name})"
    return f"Only {left} of {name} are left." if left else f"{name} is sold out."


def unpriced(variant: ProductVariant, cart: Cart) -> str:
    """For the buyer: that it is sold, but not in this currency."""
    return f"{variant.sku} is not for sale in {cart.currency}. Remove it, or start a cart in another currency."


def _put(cart: Cart, wanted: list[tuple[int, int]], *, in_cart: Iterable[CartLine], path: list[str]) -> None:
    """So many more of each variant, given as (variant id, quantity), than the lines that are `in_cart`. It is locked.

    `path` is that of the list in the input: a refusal names the line by its place in it.
    """
    quantities = _summed(wanted, path)
    places = {variant_id: str(place) for place, (variant_id, _) in enumerate(wanted)}
    found = ProductVariant.objects.select_related("product__vendor", "stock")
    if cart.currency != settings.SHOP_CURRENCY:
        found = found.prefetch_related("prices")
    variants = found.in_bulk(quantities)
    lines = {line.variant_id: line for line in in_cart}
    for variant_id, quantity in quantities.items():
        variant = variants.get(variant_id)
        place = places[variant_id]
        if variant is None or not quoting.is_buyable(variant):
            raise OrderError(
                OrderErrorCode.VARIANT_UNAVAILABLE, "This variant is not on sale.", field=[*path, place, "variantId"]
            )
        price = variant.price_in(cart.currency)
        if price is None:
            raise OrderError(
                OrderErrorCode.VARIANT_UNAVAILABLE, unpriced(variant, cart), field=[*path, place, "variantId"]
            )
        line = lines.setdefault(variant.pk, CartLine(cart=cart, variant=variant, quantity=0))
        line.variant = variant
        line.quantity += quantity
        line.agreed_amount = price.amount
        _check_quantity(line, path=[*path, place, "quantity"])
    if len(lines) > MAX_CART_LINES:
        raise OrderError(
            OrderErrorCode.CART_FULL, f"A cart holds at most {MAX_CART_LINES} different variants.", field=path
        )

    CartLine.objects.bulk_create(
        [lines[variant_id] for variant_id in quantities],
        update_conflicts=True,
        unique_fields=["cart", "variant"],
        update_fields=["quantity", "agreed_amount"],
    )


def _summed(wanted: list[tuple[int, int]], path: list[str]) -> dict[int, int]:
    if not wanted or len(wanted) > MAX_CART_LINES:
        raise OrderError(OrderErrorCode.REQUIRED, f"Give from 1 to {MAX_CART_LINES} lines.", field=path)
    quantities: dict[int, int] = {}
    for place, (variant_id, quantity) in enumerate(wanted):
        _check_bounds(quantity, [*path, str(place), "quantity"])
        quantities[variant_id] = quantities.get(variant_id, 0) + quantity
    return quantities


def _lines_of(cart: Cart, places: dict[UUID, int], *, name: str = "") -> list[CartLine]:
    """The cart's lines with these ids, whose places in the input are given, and how it calls them there."""
    lines = CartLine.objects.filter(cart=cart).select_related("variant__stock", "variant__product")
    found = {line.pk: line for line in lines.priced_in(cart.currency) if line.pk in places}
    argument = "lines" if name else "lineIds"
    if not places:
        raise OrderError(OrderErrorCode.REQUIRED, "Give at least one line.", field=[argument])
    for line_id, place in places.items():
        if line_id not in found:
            path = [argument, str(place), name] if name else [argument, str(place)]
            raise OrderError(OrderErrorCode.NOT_FOUND, "The cart has no such line.", field=path)
    return list(found.values())


def _check_bounds(quantity: int, path: list[str]) -> None:
    if not 1 <= quantity <= MAX_LINE_QUANTITY:
        raise OrderError(
            OrderErrorCode.QUANTITY_INVALID, f"The quantity must be from 1 to {MAX_LINE_QUANTITY}.", field=path
        )


def _check_quantity(line: CartLine, *, path: list[str]) -> None:
    _check_bounds(line.quantity, path)
    if line.quantity > line.available:
        raise OrderError(OrderErrorCode.OUT_OF_STOCK, only_left(line.variant, line.available), field=path)
