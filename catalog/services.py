"""What the catalogue can do: keep products and their stock."""

from collections.abc import Mapping

from django.db import transaction

from catalog.errors import OutOfStock
from catalog.models import StockLevel


@transaction.atomic
def take_stock(*, quantities: Mapping[int, int]) -> None:
    """Takes so many of each variant (id → quantity) off the shelf: all of them, or none and `OutOfStock`.

    Two statements for any number of variants. Their rows stay locked, in id order, until the transaction ends:
    call it last.
    """
    levels = _locked(quantities)
    for variant_id, quantity in quantities.items():
        level = levels.get(variant_id)
        if level is None or level.on_hand < quantity:
            raise OutOfStock(variant_id=variant_id, left=level.on_hand if level else 0)
        level.on_hand -= quantity
    StockLevel.objects.bulk_update(levels.values(), ["on_hand"])


@transaction.atomic
def return_stock(*, quantities: Mapping[int, int]) -> None:
    """Puts so many of each variant (id → quantity) back on the shelf."""
    levels = _locked(quantities)
    for variant_id, level in levels.items():
        level.on_hand += quantities[variant_id]
    StockLevel.objects.bulk_update(levels.values(), ["on_hand"])


def _locked(quantities: Mapping[int, int]) -> dict[int, StockLevel]:
    locked = StockLevel.objects.select_for_update().filter(pk__in=quantities).order_by("pk")
    return {level.pk: level for level in locked}
