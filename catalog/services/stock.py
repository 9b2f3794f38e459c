"""What is on the shelf: reserved, taken by orders, put back, received, counted. What moves leaves a movement."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import transaction

from catalog import events
from catalog.errors import CatalogError, CatalogErrorCode, OutOfStock
from catalog.models import (
    MAX_STOCK,
    MovementReason,
    ProductVariant,
    StockAlert,
    StockLevel,
    StockMovement,
    Vendor,
)
from catalog.services import access, content
from notifications import outbox

if TYPE_CHECKING:
    from accounts.models import User

MAX_NOTE = 200


class AdjustmentReason(StrEnum):
    """Why a person changes what is on hand. Sales, cancellations and imports say so themselves."""

    RECEIVED = "RECEIVED"
    COUNTED = "COUNTED"
    DAMAGED = "DAMAGED"
    LOST = "LOST"
    RETURNED = "RETURNED"
    CORRECTED = "CORRECTED"


# ── By orders ────────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def reserve(*, quantities: Mapping[int, int]) -> None:
    """Promises so many more of each variant (id → quantity) to somebody: all of them, or none and `OutOfStock`.

    They stay on the shelf and are not available to others. Statements and locks are those of `take`.
    """
    levels = locked(quantities)
    _check_available(levels, quantities)
    _write(levels.values(), {}, {pk: level.reserved + quantities[pk] for pk, level in levels.items()})


@transaction.atomic
def release(*, quantities: Mapping[int, int]) -> None:
    """Takes back the promise of so many of each variant (id → quantity): they are available again."""
    levels = locked(quantities)
    _write(levels.values(), {}, {pk: max(level.reserved - quantities[pk], 0) for pk, level in levels.items()})


@transaction.atomic
def take(*, quantities: Mapping[int, int], promised: Mapping[int, int] | None = None) -> None:
    """Takes so many of each variant (id → quantity) off the shelf: all of them, or none and `OutOfStock`.

    `promised` were reserved for whoever takes them: they are used up first, and what is left of the promise is over.
    Three statements for any number of variants, and more only where one runs low. Their rows stay locked, in id order,
    until the transaction ends: call it last.
    """
    levels = locked(quantities)
    held = {pk: min((promised or {}).get(pk, 0), level.reserved) for pk, level in levels.items()}
    _check_available(levels, quantities, held)
    _move(
        levels.values(),
        {pk: level.on_hand - quantities[pk] for pk, level in levels.items()},
        reason=MovementReason.SOLD,
        reserved={pk: level.reserved - held[pk] for pk, level in levels.items()},
    )


def _check_available(
    levels: Mapping[int, StockLevel], wanted: Mapping[int, int], held: Mapping[int, int] | None = None
) -> None:
    for variant_id, quantity in wanted.items():
        level = levels.get(variant_id)
        left = level.available + (held or {}).get(variant_id, 0) if level else 0
        if left < quantity:
            raise OutOfStock(variant_id=variant_id, left=left)


@transaction.atomic
def put_back(
    *,
    quantities: Mapping[int, int],
    reason: MovementReason = MovementReason.CANCELLED,
    actor: "User | None" = None,
) -> None:
    """Puts so many of each variant (id → quantity) back on the shelf."""
    levels = locked(quantities)
    after = {pk: min(level.on_hand + quantities[pk], MAX_STOCK) for pk, level in levels.items()}
    _move(levels.values(), after, reason=reason, actor=actor)


# ── By people ────────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def adjust(*, actor: "User", variant_id: int, delta: int, reason: AdjustmentReason, note: str = "") -> ProductVariant:
    """Adds so many to what is on hand, or takes them away. Exact, whatever is sold at the same moment.

    Refuses 0, what goes below nothing or below what is reserved (OUT_OF_STOCK), and more than can be counted.
    """
    variant = access.stocked_variant(variant_id, actor)
    note = _checked_note(note)
    if delta == 0:
        raise CatalogError(CatalogErrorCode.INVALID, "Give how many came or went; 0 changes nothing.", field=["delta"])
    level = held(variant.pk)
    _change(level, level.on_hand + delta, field="delta", reason=reason, note=note, actor=actor)
    variant.stock = level
    return variant


@transaction.atomic
def set_quantity(
    *, actor: "User", variant_id: int, quantity: int, reason: AdjustmentReason, note: str = ""
) -> ProductVariant:
    """Makes what is on hand the number that was counted; the same number changes nothing.

    Refuses less than nothing, less than is reserved (OUT_OF_STOCK), and more than can be counted.
    """
    variant = access.stocked_variant(variant_id, actor)
    note = _checked_note(note)
    level = held(variant.pk)
    _change(level, quantity, field="quantity", reason=reason, note=note, actor=actor)
    variant.stock = level
    return variant


@transaction.atomic
def set_threshold(*, actor: "User", variant_id: int, low_below: int | None) -> ProductVariant:
    """From when on a variant runs low: as soon as fewer are available. None: never."""
    variant = access.stocked_variant(variant_id, actor)
    if low_below is not None and not 1 <= low_below <= MAX_STOCK:
        raise CatalogError(
            CatalogErrorCode.INVALID,
            f"Give a number from 1 to {MAX_STOCK}, or null for no such notice.",
            field=["lowBelow"],
        )
    level = held(variant.pk)
    level.low_below = low_below
    level.is_low = _is_low(level)
    level.save(update_fields=["low_below", "is_low"])
    variant.stock = level
    return variant


def _checked_note(note: str) -> str:
    return content.checked_line(note, field=["note"], longest=MAX_NOTE)


def _change(level: StockLevel, after: int, *, field: str, reason: AdjustmentReason, note: str, actor: "User") -> None:
    if after < level.reserved:
        reserved = f", of which {level.reserved} are reserved" if level.reserved else ""
        raise CatalogError(
            CatalogErrorCode.OUT_OF_STOCK,
            f"{level.on_hand} are on hand{reserved}: at most {level.available} can go.",
            field=[field],
        )
    if after > MAX_STOCK:
        raise CatalogError(
            CatalogErrorCode.INVALID, f"More than {MAX_STOCK} cannot be kept. Give a smaller number.", field=[field]
        )
    _move([level], {level.pk: after}, reason=MovementReason(reason), note=note, actor=actor)


# ── By files ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def set_imported(*, quantities: Mapping[int, int], actor: "User | None" = None) -> None:
    """Makes what is on hand of each variant (id → quantity) what a file says. OUT_OF_STOCK for less than is reserved.

    Their rows stay locked, in id order, until the transaction ends: call it last.
    """
    levels = locked(quantities)
    for level in levels.values():
        if refusal := too_few(level, quantities[level.pk]):
            raise refusal
    _move(levels.values(), quantities, reason=MovementReason.IMPORTED, actor=actor)


@transaction.atomic
def begin_imported(*, quantities: Mapping[int, int], actor: "User | None" = None) -> None:
    """Begins to count variants (id → quantity) that never were. Nobody asked to hear of them, so nobody is told."""
    StockLevel.objects.bulk_create(StockLevel(pk=pk, on_hand=count) for pk, count in quantities.items())
    StockMovement.objects.bulk_create(
        StockMovement(variant_id=pk, reason=MovementReason.IMPORTED, before=0, after=count, actor=actor)
        for pk, count in quantities.items()
        if count
    )


def too_few(level: StockLevel, quantity: int, *, field: list[str] | None = None) -> CatalogError | None:
    """Why so few cannot be on hand; None where they are enough for what is reserved."""
    if quantity >= level.reserved:
        return None
    message = f"{level.reserved} of it are reserved; {quantity} on hand would be too few."
    return CatalogError(CatalogErrorCode.OUT_OF_STOCK, message, field=field)


# ── What all of them do ──────────────────────────────────────────────────────────────────────────────────────────────
def locked(variant_ids: Collection[int]) -> dict[int, StockLevel]:
    """The stock of these variants for update, in id order, by variant."""
    levels = StockLevel.objects.select_for_update().filter(pk__in=variant_ids).order_by("pk")
    return {level.pk: level for level in levels}


def held(variant_id: int) -> StockLevel:
    """The stock of a variant for update; made where it has none yet."""
    if level := locked([variant_id]).get(variant_id):
        return level
    StockLevel.objects.bulk_create([StockLevel(pk=variant_id)], ignore_conflicts=True)
    return locked([variant_id])[variant_id]


def name_of(variant: ProductVariant) -> str:
    """What people call it, in one line."""
    return " ".join(f"{variant.product.name} ({variant.name})".split())


def _move(
    levels: Collection[StockLevel],
    after: Mapping[int, int],
    *,
    reason: MovementReason,
    reserved: Mapping[int, int] | None = None,
    note: str = "",
    actor: "User | None" = None,
) -> None:
    """Makes what is on hand so many of each, and what of it is reserved, with a movement for what came or went."""
    moved = [level for level in levels if level.on_hand != after[level.pk]]
    movements = [
        StockMovement(
            variant_id=level.pk, reason=reason, note=note, before=level.on_hand, after=after[level.pk], actor=actor
        )
        for level in moved
    ]
    _write(levels, after, reserved or {}, actor)
    StockMovement.objects.bulk_create(movements)


def _write(
    levels: Collection[StockLevel], on_hand: Mapping[int, int], reserved: Mapping[int, int], actor: "User | None" = None
) -> None:
    """The numbers as they are from now on, and the news for those who have to know.

    The rows are locked, which numbers the events about their variants too: nothing else is recorded about a variant.
    """
    changed, low, back = [], [], []
    columns = set()
    for level in levels:
        was, was_available, was_low = (level.on_hand, level.reserved), level.available, level.is_low
        level.on_hand = on_hand.get(level.pk, level.on_hand)
        level.reserved = reserved.get(level.pk, level.reserved)
        if (level.on_hand, level.reserved) == was:
            continue
        level.is_low = _is_low(level)
        now = (level.on_hand, level.reserved, level.is_low)
        names = ("on_hand", "reserved", "is_low")
        columns |= {name for name, old, new in zip(names, (*was, was_low), now, strict=True) if old != new}
        changed.append(level)
        if level.is_low and not was_low:
            low.append(level)
        if level.available > 0 >= was_available:
            back.append(level)
    if changed:
        StockLevel.objects.bulk_update(changed, columns)
    if low:
        _tell_low(low, actor)
    if back:
        _tell_back(back, actor)


def _is_low(level: StockLevel) -> bool:
    return level.low_below is not None and level.available < level.low_below


def _tell_low(levels: list[StockLevel], actor: "User | None") -> None:
    """The members of each vendor find it in their inbox; staff have a list of what is low."""
    variants = _variants(level.pk for level in levels)
    members: dict[int, list[object]] = {}
    vendor_ids = {variant.product.vendor_id for variant in variants.values()}
    for vendor_id, user_id in Vendor.members.through.objects.filter(vendor__in=vendor_ids).values_list(
        "vendor_id", "user_id"
    ):
        members.setdefault(vendor_id, []).append(user_id)
    for level in levels:
        variant = variants[level.pk]
        low = events.StockLow(
            name=name_of(variant), sku=variant.sku, available=level.available, low_below=level.low_below or 0
        )
        outbox.record(low, about=variant, actor=actor, users=members.get(variant.product.vendor_id, []))


def _tell_back(levels: list[StockLevel], actor: "User | None") -> None:
    """Only where somebody waits: nobody else is interested."""
    waited_for = StockAlert.objects.filter(variant__in=[level.pk for level in levels]).values_list("variant", flat=True)
    variants = _variants(waited_for.distinct())
    for variant_id in sorted(variants):
        variant = variants[variant_id]
        outbox.record(events.BackInStock(name=name_of(variant), sku=variant.sku), about=variant, actor=actor)


def _variants(variant_ids: Iterable[int]) -> dict[int, ProductVariant]:
    return ProductVariant.objects.select_related("product").in_bulk(list(variant_ids))
