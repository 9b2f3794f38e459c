"""Products as a file, for whoever keeps them."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, BinaryIO

from django.db.models import QuerySet

from catalog import exporting, filters, models
from catalog.errors import CatalogError, CatalogErrorCode
from catalog.importing import FileFormat


@dataclass
class Exported:
    """How far an export is, and what came of it. `counts`: exported, skipped, problems."""

    total: int = 0
    done: int = 0
    counts: Counter[str] = field(default_factory=Counter)


def export_products(
    *,
    products: QuerySet[models.Product],
    format: FileFormat,
    file: BinaryIO,
    report: Callable[[str, str], None],
    progress: Callable[[Exported], None] = lambda _: None,
) -> Exported:
    """Writes the products into the file, a few at a time. What the format cannot tell goes to `report`: each product
    that is left out, by its handle, and at last what the others have that is not in the file, without one."""
    exported = Exported(total=products.count())
    untold: Counter[str] = Counter()

    def skip(product: models.Product, reason: str) -> None:
        exported.counts["skipped"] += 1
        report(product.slug, reason)

    for text, count in exporting.written(products, format=format, left_out=skip, untold=untold):
        file.write(text.encode())
        exported.done += count
        exported.counts["exported"] = exported.done - exported.counts["skipped"]
        progress(exported)
    for what, count in sorted(untold.items()):
        counted = f"{count} product" if count == 1 else f"{count} products"
        report("", f"{what} of {counted} are not in the file: Shopify's CSV has no place for them. JSON Lines has.")
    exported.counts["problems"] = exported.counts["skipped"] + len(untold)
    return exported


def narrowed(products: QuerySet[models.Product], filtered_by: Mapping[str, Any]) -> QuerySet[models.Product]:
    """Those the filters of `managedProducts` leave; INVALID for a value they cannot read. All values are plain:
    attributes are [{"name": "material", "value": "oak"}]."""
    data = dict(filtered_by)
    if attributes := data.get("attributes"):
        data["attributes"] = [SimpleNamespace(**each) for each in attributes]
    found = filters.ManagedProductFilterSet(data, queryset=products)
    if not found.is_valid():
        name, messages = next(iter(found.form.errors.items()))
        raise CatalogError(CatalogErrorCode.INVALID, f"{name}: {messages[0]}", field=["filters", name])
    return found.qs
