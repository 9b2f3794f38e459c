"""Fields that are null where the person asking may not see what they lead to: nobody learns of drafts this way."""

from collections.abc import Callable
from typing import Any

from django.db.models import Exists, OuterRef
from strawberry.extensions import FieldExtension
from strawberry.types.field import StrawberryField
from strawberry_django.resolvers import django_resolver

from catalog import models
from schema import kit


class _OnlyIfSeen(FieldExtension):
    """`column` names the key in the row of what has to be seen, `flag` what the query was annotated with, if it was."""

    def __init__(self, flag: str, column: str, seen: Callable[[kit.Info], Any]):
        self.flag = flag
        self.column = column
        self.seen = seen

    def apply(self, field: StrawberryField) -> None:
        # Around all others: what is null has no pages.
        field.extensions = [*(each for each in field.extensions if each is not self), self]

    @django_resolver
    def resolve(self, next_: Callable[..., Any], source: Any, info: kit.Info, **kwargs: Any) -> Any:
        is_seen = getattr(source, self.flag, None)
        if is_seen is None:  # what a mutation hands out was not read for this field
            is_seen = self.seen(info).filter(pk=getattr(source, self.column)).exists()
        return next_(source, info, **kwargs) if is_seen else None


def _products(info: kit.Info) -> Any:
    return models.Product.objects.reachable_by(kit.viewer(info))


def _variants(info: kit.Info) -> Any:
    return models.ProductVariant.objects.filter(is_active=True, product__in=_products(info))


def _stock(info: kit.Info) -> Any:
    return models.StockLevel.objects.visible_to(kit.viewer(info))


def _kept(info: kit.Info) -> Any:
    return models.Product.objects.kept_by(kit.viewer(info))


def _options(flag: str, column: str, seen: Callable[[kit.Info], Any]) -> dict[str, Any]:
    return {
        "extensions": [_OnlyIfSeen(flag, column, seen)],
        "annotate": {flag: lambda info: Exists(seen(info).filter(pk=OuterRef(column)))},
    }


# `product: Product | None = strawberry_django.field(**seen.PRODUCT, description=…)`
PRODUCT = _options("is_product_seen", "product_id", _products)
VARIANT = _options("is_variant_seen", "variant_id", _variants)
# Of a variant itself, and of a product itself.
STOCK = _options("is_stock_seen", "pk", _stock)
KEPT = _options("is_kept", "pk", _kept)
