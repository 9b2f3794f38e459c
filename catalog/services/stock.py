"""What is on the shelf: taken by orders, put back, counted."""

from collections.abc import Collection, Mapping

from django.db import transaction

from catalog import models
from catalog.errors import OutOfStock


@transaction.atomic
def take(*, quantities: Mapping[int, int]) -> None:
    """Takes so many of each variant (id → quantity) off the shelf: all of them, or none and `OutOfStock`.

    Two statements for any number of variants. Their rows stay locked, in id order, until the transaction ends:
    call it last.
    """
    levels = locked(quantities)
    for variant_id, quantity in quantities.items():
        level = levels.get(variant_id)
        if level is None or level.available < quantity:
            raise OutOfStock(variant_id=variant_id, left=level.available if level else 0)
        level.on_hand -= quantity
    models.StockLevel.objects.bulk_update(levels.values(), ["on_hand"])


@transaction.atomic
def put_back(*, quantities: Mapping[int, int]) -> None:
    """Puts so many of each variant (id → quantity) back on the shelf."""
    levels = locked(quantities)
    for variant_id, level in levels.items():
        level.on_hand += quantities[variant_id]
    models.StockLevel.objects.bulk_update(levels.values(), ["on_hand"])


def locked(variant_ids: Collection[int]) -> dict[int, models.StockLevel]:
    """The stock of these variants for update, in id order, by variant."""
    levels = models.StockLevel.objects.select_for_update().filter(pk__in=variant_ids).order_by("pk")
    return {level.pk: level for level in levels}
