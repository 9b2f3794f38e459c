"""How much of each product was sold, as whoever sells it counts: what "best selling" goes by."""

from collections.abc import Mapping

from django.db import transaction

from catalog import models

# So many products are locked at once.
BATCH = 500


def set_units_sold(*, counts: Mapping[int, int]) -> int:
    """Writes how many units of each product (id → units) were sold; what is not named sold none.

    Only what differs is written, each batch in a transaction of its own, so again changes nothing. Returns how many
    products that were.
    """
    known = dict(models.Product.objects.filter(units_sold__gt=0).values_list("pk", "units_sold"))
    changed = [pk for pk in sorted(known.keys() | counts.keys()) if known.get(pk, 0) != counts.get(pk, 0)]
    return sum(_set(changed[start : start + BATCH], counts) for start in range(0, len(changed), BATCH))


@transaction.atomic
def _set(product_ids: list[int], counts: Mapping[int, int]) -> int:
    """In id order, and without those that were deleted meanwhile."""
    locked = models.Product.objects.select_for_update(no_key=True).filter(pk__in=product_ids)
    products = list(locked.order_by("pk").only("pk"))
    for product in products:
        product.units_sold = counts.get(product.pk, 0)
    models.Product.objects.bulk_update(products, ["units_sold"])
    return len(products)
