"""What follows from the prices of a product's variants."""

from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min, Q

from catalog import models


@transaction.atomic
def refresh(*, product_id: int) -> None:
    """What follows from a product's variants, after they were edited: its price ranges, a row of stock for each."""
    product = models.Product.objects.select_for_update(of=("self",)).get(pk=product_id)
    refresh_ranges([product])
    without = product.variants.filter(stock=None)
    models.StockLevel.objects.bulk_create(models.StockLevel(variant=variant) for variant in without)


def refresh_ranges(products: Collection[models.Product]) -> None:
    """The price ranges of these products, in every currency, from their active variants. The products are locked."""
    keys = [product.pk for product in products]
    active = models.ProductVariant.objects.filter(product__in=keys, is_active=True).order_by()
    own = {
        row["product"]: (row["low"], row["high"])
        for row in active.values("product").annotate(low=Min("price_amount"), high=Max("price_amount"))
    }
    for product in products:
        product.price_min, product.price_max = own.get(product.pk, (None, None))
    models.Product.objects.bulk_update(products, ["price_min", "price_max"])

    foreign = models.VariantPrice.objects.filter(variant__product__in=keys, variant__is_active=True).order_by()
    ranges = [
        models.PriceRange(
            product_id=row["variant__product"], currency=row["currency"], lowest=row["low"], highest=row["high"]
        )
        for row in foreign.exclude(currency=settings.SHOP_CURRENCY)
        .values("variant__product", "currency")
        .annotate(low=Min("amount"), high=Max("amount"))
    ]
    models.PriceRange.objects.bulk_create(
        ranges, update_conflicts=True, unique_fields=["product", "currency"], update_fields=["lowest", "highest"]
    )
    kept = Q(pk__in=[])
    for each in ranges:
        kept |= Q(product=each.product_id, currency=each.currency)
    models.PriceRange.objects.filter(product__in=keys).exclude(kept).delete()
