"""Products as a file: what `catalog.importing` reads again without changing anything.

JSON Lines has everything. Shopify's CSV has what Shopify has a column for: no attributes, no publication date, no
prices in other currencies, no names of variants and no inactive variants; those stay as they are when it is read
again, and are counted. A product that a format cannot tell is left out, and the reason is given.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Protocol

from django.conf import settings
from django.db.models import Prefetch, QuerySet

from catalog import models
from catalog.exporting import jsonlines, shopify
from catalog.exporting.shopify import guarded
from catalog.importing import FileFormat

__all__ = ["CHUNK", "LeftOut", "guarded", "written"]

# So many products are in memory at a time.
CHUNK = 250


class _Writer(Protocol):
    """Writes products down in one format."""

    def head(self) -> str: ...

    def complaint(self, product: models.Product) -> str: ...

    def untold(self, product: models.Product) -> list[str]: ...

    def lines(self, product: models.Product, path: list[str]) -> str: ...


LeftOut = Callable[[models.Product, str], None]


def written(
    products: QuerySet[models.Product], *, format: FileFormat, left_out: LeftOut, untold: Counter[str]
) -> Iterator[tuple[str, int]]:
    """The file, piece by piece, each with the number of products that were gone through for it. In order of keys.
    `untold` counts of how many products something, like "Attributes", is not in the file."""
    writer: _Writer = shopify.Writer() if format is FileFormat.SHOPIFY_CSV else jsonlines.Writer()
    paths = _Paths()
    yield writer.head(), 0
    for chunk in _chunks(products):
        pieces = []
        for product in chunk:
            complaint = _complaint(product) or writer.complaint(product)
            if complaint:
                left_out(product, complaint)
            else:
                untold.update(writer.untold(product))
                pieces.append(writer.lines(product, paths.to(product.category)))
        yield "".join(pieces), len(chunk)


def _complaint(product: models.Product) -> str:
    if any(variant.currency != settings.SHOP_CURRENCY for variant in product.variants.all()):
        return f"A variant has no price in {settings.SHOP_CURRENCY}, the shop's own currency."
    return ""


def _chunks(products: QuerySet[models.Product]) -> Iterator[list[models.Product]]:
    """By key, so that no database has to keep a list of what is still to come."""
    listed = set(settings.SHOP_CURRENCIES) - {settings.SHOP_CURRENCY}
    prices = models.VariantPrice.objects.filter(currency__in=listed).order_by("currency")
    whole = (
        products.order_by("pk")
        .select_related("vendor", "category")
        .prefetch_related(
            "images",
            "variants__stock",
            "variants__image",
            Prefetch("variants__prices", prices),
        )
    )
    last = 0
    while chunk := list(whole.filter(pk__gt=last)[:CHUNK]):
        yield chunk
        last = chunk[-1].pk


class _Paths:
    """The ways to categories, each looked up once."""

    def __init__(self) -> None:
        self._known: dict[int, list[str]] = {}

    def to(self, category: models.Category | None) -> list[str]:
        """The names from the top of the tree; empty for no category."""
        if category is None:
            return []
        if category.pk not in self._known:
            self._known[category.pk] = [each.name for each in (*category.ancestors, category)]
        return self._known[category.pk]
