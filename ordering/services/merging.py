"""What a guest put into a cart becomes the customer's when they sign in, once, line by line."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from catalog.models import ProductVariant
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import MAX_CART_LINES, MAX_LINE_QUANTITY, Cart, CartLine
from ordering.services import buyers, carts, quoting, reserving
from ordering.services.quoting import Contents

if TYPE_CHECKING:
    from accounts.models import User

_DETAILS = ["email", "note", "shipping_address", "billing_address", "shipping_method_id"]
_EMPTY: dict[str, Any] = {
    "email": "",
    "note": "",
    "shipping_address": None,
    "billing_address": None,
    "shipping_method_id": None,
}


class MergeOutcome(StrEnum):
    """What became of a line of the guest's cart."""

    ADDED = "ADDED"
    SUMMED = "SUMMED"
    CAPPED_BY_STOCK = "CAPPED_BY_STOCK"
    PRICE_CHANGED = "PRICE_CHANGED"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True)
class LineOutcome:
    """Of one line: the cart has `quantity` of the variant now. The variant may have been deleted since."""

    variant_id: int
    sku: str
    outcome: MergeOutcome
    quantity: int


@dataclass(frozen=True)
class Merged:
    """The customer's cart, and what became of each line of the guest's, in its order."""

    cart: Cart
    outcomes: list[LineOutcome]

    def variants(self) -> dict[int, ProductVariant]:
        """Those of the outcomes that there still are, by id. One statement."""
        found = ProductVariant.objects.select_related("product", "stock")
        return found.in_bulk([each.variant_id for each in self.outcomes])


@transaction.atomic
def merge(*, guest_cart_id: UUID | str, actor: "User", cart_id: UUID | str | None = None) -> Merged:
    """Moves what is in a guest's cart into the customer's newest open cart of its currency, or into the one named.
    Without any, the guest's cart becomes the customer's own.

    Again changes nothing and gives the same outcomes. What the customer's cart does not have, coupons, note, addresses
    and way to send it, comes along. Nothing of what is in the customer's cart ever becomes less.
    """
    # Two carts of two devices merge one after the other.
    buyers.hold(actor, field=["guestCartId"])
    guest, target = _locked(guest_cart_id, cart_id, actor)
    if guest.merge_outcomes is not None:
        return _told_again(guest, actor)
    if guest.customer_id:
        return Merged(guest, [])
    carts.check_open(guest, field="guestCartId")
    if target is None:
        outcomes = _adopt(guest, actor)
    else:
        carts.check_open(target)
        _check_currency(guest, target)
        outcomes = _move_lines(guest, target)
        _move_details(guest, target)
        guest.merged_into = target

    guest.merge_outcomes = [
        {"variant": each.variant_id, "sku": each.sku, "outcome": each.outcome, "quantity": each.quantity}
        for each in outcomes
    ]
    guest.save()
    return Merged(target or guest, outcomes)


def _locked(guest_cart_id: UUID | str, cart_id: UUID | str | None, actor: "User") -> tuple[Cart, Cart | None]:
    """The guest's cart and the customer's, for update, in the order of their keys."""
    own = Cart.objects.filter(customer=actor, drafted_by=None)
    guest = Cart.objects.visible_to(actor).filter(pk=guest_cart_id, drafted_by=None).first()
    if guest is None:
        raise _not_found("guestCartId")
    if cart_id is not None:
        target = own.filter(pk=cart_id).exclude(pk=guest.pk).first()
        if target is None and guest.merge_outcomes is None:
            raise _not_found("cartId")
    else:
        others = own.open().filter(currency=guest.currency).exclude(pk=guest.pk)
        target = others.order_by("-updated_at", "pk").first()
    keys = [cart.pk for cart in (guest, target) if cart]
    locked = {cart.pk: cart for cart in Cart.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk")}
    # One of them may have gone while it was waited for.
    if guest.pk not in locked:
        raise _not_found("guestCartId")
    if cart_id is not None and target and target.pk not in locked:
        raise _not_found("cartId")
    return locked[guest.pk], locked.get(target.pk) if target else None


def _told_again(guest: Cart, actor: "User") -> Merged:
    """What the first call answered. Of a cart that went to another customer nothing is told."""
    cart = guest.merged_into if guest.is_merged else guest
    if cart is None or cart.customer_id != actor.pk:
        raise OrderError(
            OrderErrorCode.CART_MERGED, "What was in this cart is in its customer's cart now.", field=["guestCartId"]
        )
    return Merged(
        cart,
        [
            LineOutcome(each["variant"], each["sku"], MergeOutcome(each["outcome"]), each["quantity"])
            for each in guest.merge_outcomes or []
        ],
    )


def _check_currency(guest: Cart, target: Cart) -> None:
    if guest.currency != target.currency:
        raise OrderError(
            OrderErrorCode.CURRENCY_NOT_SUPPORTED,
            f"The guest's cart is in {guest.currency}, this one in {target.currency}. Name one in {guest.currency}, "
            "or none.",
            field=["cartId"],
        )


# ── Lines ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _adopt(guest: Cart, actor: "User") -> list[LineOutcome]:
    """The guest's cart becomes the customer's, with what of it can be had."""
    guest.customer = actor
    found = quoting.contents(guest)
    lines = found.lines
    outcomes = []
    for line in lines:
        outcome, line.quantity = _moved(line, None, found)
        outcomes.append(LineOutcome(line.variant_id, line.variant.sku, outcome, line.quantity))
    reserving.adjusted(lines)
    CartLine.objects.filter(pk__in=[line.pk for line in lines if not line.quantity]).delete()
    CartLine.objects.bulk_update([line for line in lines if line.quantity], ["quantity"])
    quoting.forget(guest)
    return outcomes


def _move_lines(guest: Cart, target: Cart) -> list[LineOutcome]:
    found, own = quoting.contents(guest), {line.variant_id: line for line in quoting.contents(target).lines}
    outcomes, changed = [], []
    for line in found.lines:
        mine = own.get(line.variant_id)
        outcome, quantity = _moved(line, mine, found)
        outcomes.append(LineOutcome(line.variant_id, line.variant.sku, outcome, quantity))
        if quantity > (mine.quantity if mine else 0):
            merged = mine or CartLine(cart=target, variant=line.variant, agreed_amount=line.agreed_amount)
            if mine and mine.agreed_price == found.unit_prices[line.pk]:
                mine.agreed_amount = line.agreed_amount
            merged.quantity = quantity
            changed.append(merged)
            own[line.variant_id] = merged
    if len(own) > MAX_CART_LINES:
        raise OrderError(
            OrderErrorCode.CART_FULL,
            f"Both carts together have more than {MAX_CART_LINES} different variants. Take some out first.",
            field=["guestCartId"],
        )
    reserving.release_lines(found.lines)
    CartLine.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["cart", "variant"],
        update_fields=["quantity", "agreed_amount"],
    )
    CartLine.objects.filter(cart=guest).delete()
    quoting.forget(guest)
    quoting.forget(target)
    return outcomes


def _moved(line: CartLine, mine: CartLine | None, found: Contents) -> tuple[MergeOutcome, int]:
    """What becomes of a line of the guest's, and how many of it the customer has then."""
    already, held = (mine.quantity, mine.reserved) if mine else (0, 0)
    wanted = line.quantity + already
    most = min(line.available + held, MAX_LINE_QUANTITY)
    now = found.unit_prices[line.pk]
    if now is None or not quoting.is_buyable(line.variant) or not most:
        return MergeOutcome.UNAVAILABLE, already
    quantity = max(already, min(wanted, most))
    if wanted > most:
        return MergeOutcome.CAPPED_BY_STOCK, quantity
    if line.agreed_price not in (None, now):
        return MergeOutcome.PRICE_CHANGED, quantity
    return (MergeOutcome.SUMMED if mine else MergeOutcome.ADDED), quantity


# ── The rest ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _move_details(guest: Cart, target: Cart) -> None:
    """What the customer's cart lacks comes from the guest's, which keeps nothing personal."""
    for name in _DETAILS:
        if not getattr(target, name):
            setattr(target, name, getattr(guest, name))
        setattr(guest, name, _EMPTY[name])
    if not target.coupons.exists():
        target.coupons.set(guest.coupons.all())
    guest.coupons.clear()
    target.save()


def _not_found(field: str) -> OrderError:
    return OrderError(OrderErrorCode.NOT_FOUND, "There is no such cart, or you may not use it.", field=[field])
