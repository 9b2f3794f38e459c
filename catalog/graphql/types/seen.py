"""Relations that are null where the person asking may not see what they lead to: nobody learns of drafts this way."""

from collections.abc import Callable
from typing import Any

from django.db.models import Exists, OuterRef
from strawberry.extensions import FieldExtension
from strawberry_django.resolvers import django_resolver

from catalog import models
from schema import kit


class _OnlyIfSeen(FieldExtension):
    """`column` names the relation's key in the row, `flag` what the query was annotated with, if it was."""

    def __init__(self, flag: str, column: str, seen: Callable[[kit.Info], Any]):
        self.flag = flag
        self.column = column
        self.seen = seen

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


def _options(flag: str, relation: str, seen: Callable[[kit.Info], Any]) -> dict[str, Any]:
    column = f"{relation}_id"
    return {
        "extensions": [_OnlyIfSeen(flag, column, seen)],
        "annotate": {flag: lambda info: Exists(seen(info).filter(pk=OuterRef(column)))},
    }


# `product: Product | None = strawberry_django.field(**seen.PRODUCT, description=…)`
PRODUCT = _options("is_product_seen", "product", _products)
VARIANT = _options("is_variant_seen", "variant", _variants)
