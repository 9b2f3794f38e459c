"""Names that complete what somebody has begun to type."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.contrib.postgres.lookups import TrigramWordSimilar
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Upper

from catalog import models
from catalog.models import searching

# Of the names suggested, so many at most are shelves, and so many vendors, while there are products as well.
SHELVES = 3
VENDORS = 2


class SuggestionKind(Enum):
    PRODUCT = "PRODUCT"
    CATEGORY = "CATEGORY"
    VENDOR = "VENDOR"


@dataclass(frozen=True)
class Suggestion:
    kind: SuggestionKind
    name: str
    slug: str


def suggestions(*, prefix: str, first: int) -> list[Suggestion]:
    """Of what is on sale: names that begin so, then those with a word that does or is spelt much like it."""
    asked = " ".join(prefix.split())
    if not searching.words(asked) or not first:
        return []
    shelves = _alike(models.Category.objects.all(), asked)[: min(SHELVES, first)]
    vendors = _alike(models.Vendor.objects.filter(status=models.VendorStatus.ACTIVE), asked)[: min(VENDORS, first)]
    found = [
        *(Suggestion(SuggestionKind.CATEGORY, name, slug) for name, slug in shelves),
        *(Suggestion(SuggestionKind.VENDOR, name, slug) for name, slug in vendors),
    ]
    products = [Suggestion(SuggestionKind.PRODUCT, name, slug) for name, slug in _products(asked, first)]
    return [*found, *products][:first]


def _products(asked: str, first: int) -> list[tuple[str, str]]:
    on_sale = models.Product.objects.on_sale()
    # By the expression that the index of beginnings has: any column's index would be read from one end to the other.
    begun = on_sale.filter(name__istartswith=asked).order_by(Upper("name"), "pk")
    found = dict(begun.values_list("slug", "name")[:first])
    if len(found) < first:
        alike = on_sale.matching(asked).order_by(F("relevance").desc(), "pk")
        found |= dict(alike.values_list("slug", "name")[:first])
    return [(name, slug) for slug, name in found.items()][:first]


def _alike(rows: QuerySet[Any], asked: str) -> Any:
    condition = Q(name__istartswith=asked)
    if searching.has_vectors(rows):
        condition |= Q(TrigramWordSimilar(F("name"), Value(asked)))
    else:
        condition |= Q(name__icontains=f" {asked}")
    return rows.filter(condition).order_by("name", "pk").values_list("name", "slug")
