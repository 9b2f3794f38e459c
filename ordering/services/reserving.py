"""Stock that is held back for carts on their way through checkout, for a while."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction
from django.db.models import Q, Sum
from django.utils import timezone

from catalog.errors import OutOfStock
from catalog.models import ProductStatus
from catalog.services import stock
from notifications import outbox
from notifications.models import Event
from ordering import events
from ordering.models import Cart, CartLine

logger = logging.getLogger(__name__)

RESERVED_FOR = timedelta(minutes=15)
TOLD_BEFORE = timedelta(minutes=2)
BATCH = 200
_COLUMNS = ["reserved", "reserved_until", "expiry_told_at"]

Result = TypeVar("Result")


# ── Under the lock of the cart ───────────────────────────────────────────────────────────────────────────────────────
def reserve(*, lines: Collection[CartLine]) -> None:
    """Holds back the whole of each line, all or nothing: `OutOfStock`. Their cart is locked; call it last.

    What is held already stays so, and until then; whose time is over begins anew.
    """
    now = timezone.now()
    running = [line for line in lines if line.reserved_until and line.reserved_until > now]
    until = min((line.reserved_until for line in running if line.reserved_until), default=now + RESERVED_FOR)
    told_at = next((line.expiry_told_at for line in running if line.expiry_told_at), None)
    changed = [line for line in lines if (line.reserved, line.reserved_until) != (line.quantity, until)]
    more = {line.variant_id: line.quantity - line.reserved for line in changed if line.quantity > line.reserved}
    if more:
        stock.reserve(quantities=more)
    for line in changed:
        line.reserved, line.reserved_until, line.expiry_told_at = line.quantity, until, told_at
    if changed:
        CartLine.objects.bulk_update(changed, _COLUMNS)


def release_lines(lines: Iterable[CartLine]) -> None:
    """Gives back all that these lines hold. Their carts are locked. Nothing is read or written where none does."""
    _give_back({line: line.reserved for line in lines if line.reserved})


def adjusted(lines: Iterable[CartLine]) -> None:
    """Gives back what these lines hold beyond their new quantities, 0 included. Their carts are locked."""
    _give_back({line: line.reserved - line.quantity for line in lines if line.reserved > line.quantity})


def used_up(lines: Collection[CartLine]) -> None:
    """What these lines held has been taken off the shelf for their order. Their cart is locked."""
    held = [line for line in lines if line.reserved]
    for line in held:
        line.reserved, line.reserved_until, line.expiry_told_at = 0, None, None
    if held:
        CartLine.objects.filter(pk__in=[line.pk for line in held]).update(
            reserved=0, reserved_until=None, expiry_told_at=None
        )


@transaction.atomic
def delete_carts(*, cart_ids: Collection[UUID]) -> None:
    """These carts go, with what happened to them, and what they hold goes back."""
    carts = Cart.objects.select_for_update(of=("self",)).filter(pk__in=cart_ids).order_by("pk")
    keys = [cart.pk for cart in carts]
    # One that is being delivered is waited for: it names an address.
    news = Event.objects.filter(
        subject_type=ContentType.objects.get_for_model(Cart), subject_id__in=[str(key) for key in keys]
    )
    Event.objects.filter(pk__in=list(news.select_for_update().order_by("pk").values_list("pk", flat=True))).delete()
    reserving = CartLine.objects.reserving().filter(cart__in=keys).order_by()
    held = dict(reserving.values_list("variant").annotate(Sum("reserved")))
    # It writes to their orders, and stock is locked last.
    Cart.objects.filter(pk__in=keys).delete()
    if held:
        stock.release(quantities=held)


def _give_back(excess: Mapping[CartLine, int]) -> None:
    if not excess:
        return
    quantities: dict[int, int] = {}
    for line, count in excess.items():
        quantities[line.variant_id] = quantities.get(line.variant_id, 0) + count
        line.reserved -= count
        if not line.reserved:
            line.reserved_until = line.expiry_told_at = None
    stock.release(quantities=quantities)
    CartLine.objects.bulk_update(excess, _COLUMNS)


# ── When time is over ────────────────────────────────────────────────────────────────────────────────────────────────
def or_once_more(work: Callable[[], Result], *, cart_id: UUID) -> Result:
    """What `work` gives. Where stock is short, what is held beyond its time of the same variants is given back first
    and it is tried once more, so that nobody waits for the task. Outside any transaction; `work` has its own."""
    try:
        return work()
    except OutOfStock:
        if not release_expired(variants_of=cart_id):
            raise
        return work()


def release_expired(*, variants_of: UUID | None = None) -> int:
    """Gives back what carts hold beyond their time, or of variants that are not sold any more, each in a transaction
    of its own; returns how many carts. With the id of a cart only those that hold variants which are in it too."""
    due = CartLine.objects.filter(_is_over())
    if variants_of:
        due = due.filter(variant__in=CartLine.objects.filter(cart=variants_of).values("variant"))
    return sum(_each(due, _release))


def tell_expiring() -> int:
    """Says of each cart, once, that what it holds goes back soon; returns how many carts."""
    return sum(_each(CartLine.objects.filter(_ends_soon()), _tell_expiring))


def _each(due: models.QuerySet[CartLine], work: Callable[[UUID], bool]) -> Iterator[bool]:
    # One that nobody can release must not hold up the others.
    for cart_id in list(due.order_by().values_list("cart", flat=True).distinct()[:BATCH]):
        try:
            yield work(cart_id)
        except Exception:
            logger.exception("What cart %s holds could not be looked after.", cart_id)


@transaction.atomic
def _release(cart_id: UUID) -> bool:
    cart = _at_hand(cart_id)
    lines = list(CartLine.objects.filter(_is_over(), cart=cart_id)) if cart else []
    if cart is None or not lines:
        return False
    release_lines(lines)
    outbox.record(events.CartReservationExpired(line_count=len(lines)), about=cart)
    return True


@transaction.atomic
def _tell_expiring(cart_id: UUID) -> bool:
    cart = _at_hand(cart_id)
    lines = list(CartLine.objects.filter(_ends_soon(), cart=cart_id)) if cart else []
    until = min((line.reserved_until for line in lines if line.reserved_until), default=None)
    if cart is None or until is None:
        return False
    CartLine.objects.filter(pk__in=[line.pk for line in lines]).update(expiry_told_at=timezone.now())
    outbox.record(events.CartReservationExpiring(until=until.isoformat()), about=cart)
    return True


def _at_hand(cart_id: UUID) -> Cart | None:
    """The cart for update; None while somebody works on it, who then sees to it, or else the next round does."""
    skips = connection.features.has_select_for_update_skip_locked
    return Cart.objects.select_for_update(of=("self",), skip_locked=skips).filter(pk=cart_id).first()


def _is_over() -> Q:
    return Q(reserved__gt=0) & (
        Q(reserved_until__lte=timezone.now())
        | Q(variant__is_active=False)
        | ~Q(variant__product__status=ProductStatus.ACTIVE)
    )


def _ends_soon() -> Q:
    now = timezone.now()
    return Q(reserved__gt=0, expiry_told_at=None, reserved_until__gt=now, reserved_until__lte=now + TOLD_BEFORE)
