"""What a variant costs in every currency."""

from typing import Self

import strawberry
from django.conf import settings

from catalog import models
from schema import kit


@strawberry.type
class VariantPrice:
    """What one of a variant costs in one currency. Amounts are in the currency they name."""

    price: kit.Money
    compare_at_price: kit.Money | None = strawberry.field(description="What one cost before.")

    @classmethod
    def all_of(cls, variant: models.ProductVariant) -> list[Self]:
        """In the shop's order of currencies. One statement; none with `prices` prefetched."""
        found: dict[str, models.ProductVariant | models.VariantPrice] = {}
        if variant.currency == settings.SHOP_CURRENCY:
            found[variant.currency] = variant
        for price in variant.prices.all():
            found.setdefault(price.currency, price)
        return [cls._of(found[currency]) for currency in settings.SHOP_CURRENCIES if currency in found]

    @classmethod
    def _of(cls, priced: models.ProductVariant | models.VariantPrice) -> Self:
        before = priced.compare_at_price
        return cls(price=kit.Money.of(priced.price), compare_at_price=before and kit.Money.of(before))
