"""How many products of a list stand on each shelf, come from each vendor, cost how much, are of what kind.

Five statements at most: each reads the list once, and what several facets need is counted together.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet

from catalog import models

MAX_CATEGORIES = 50
MAX_VENDORS = 50
PRICE_RANGES = 5
MAX_ATTRIBUTES = 10
MAX_VALUES = 20
MAX_STARS = 5

_COUNTS = f"""
WITH found(category, vendor, price, rating) AS ({{found}})
SELECT 'category', category, CAST(NULL AS numeric), CAST(NULL AS numeric), COUNT(*) FROM found
    WHERE category IS NOT NULL GROUP BY category
UNION ALL SELECT 'vendor', vendor, NULL, NULL, COUNT(*) FROM found GROUP BY vendor
UNION ALL SELECT 'rating', FLOOR(rating), NULL, NULL, COUNT(*) FROM found WHERE rating > 0 GROUP BY FLOOR(rating)
UNION ALL SELECT 'price', bucket, MIN(price), MAX(price), SUM(number) FROM (
    SELECT price, number,
        FLOOR((SUM(number) OVER (ORDER BY price) - number) * {PRICE_RANGES} / SUM(number) OVER ()) AS bucket
    FROM (SELECT price, COUNT(*) AS number FROM found WHERE price IS NOT NULL GROUP BY price) AS prices
) AS priced GROUP BY bucket
"""  # noqa: S608
# Values are counted as they are stored; lists come apart afterwards, when there are few of them. What stands in a list
# twice counts once: a product is one product.
_VALUES = {
    "postgresql": """
        SELECT name, value, SUM(number) AS number FROM (
            SELECT DISTINCT name, stored, number, item.value AS value FROM (
                SELECT pair.key AS name, pair.value AS stored, COUNT(*) AS number FROM found,
                    jsonb_each(CASE jsonb_typeof(attributes) WHEN 'object' THEN attributes ELSE '{{}}' END) AS pair
                GROUP BY pair.key, pair.value
            ) AS pairs, jsonb_array_elements_text(
                CASE jsonb_typeof(stored) WHEN 'array' THEN stored ELSE jsonb_build_array(stored) END
            ) AS item
            WHERE jsonb_typeof(stored) <> 'object' AND item.value IS NOT NULL
        ) AS items GROUP BY name, value
    """,
    "sqlite": """
        SELECT name, value, SUM(number) AS number FROM (
            SELECT DISTINCT name, stored, number, CAST(item.value AS TEXT) AS value FROM (
                SELECT pair.key AS name, COUNT(*) AS number, CASE pair.type WHEN 'array' THEN pair.value
                    WHEN 'true' THEN '["true"]' WHEN 'false' THEN '["false"]' ELSE json_array(pair.value) END AS stored
                FROM found, json_each(attributes) AS pair WHERE pair.type NOT IN ('object', 'null')
                GROUP BY name, stored
            ) AS pairs, json_each(stored) AS item
        ) AS items GROUP BY name, value
    """,
}
_ATTRIBUTES = f"""
WITH found(attributes) AS ({{found}}),
counted AS ({{values}}),
ranked AS (
    SELECT name, value, number, SUM(number) OVER (PARTITION BY name) AS total,
        ROW_NUMBER() OVER (PARTITION BY name ORDER BY number DESC, value) AS place FROM counted
),
placed AS (SELECT ranked.*, DENSE_RANK() OVER (ORDER BY total DESC, name) AS name_place FROM ranked)
SELECT name, value, number FROM placed WHERE place <= {MAX_VALUES} AND name_place <= {MAX_ATTRIBUTES}
ORDER BY name_place, place
"""  # noqa: S608


@dataclass(frozen=True)
class CategoryCount:
    name: str
    slug: str
    parent: str | None
    count: int


@dataclass(frozen=True)
class VendorCount:
    name: str
    slug: str
    count: int


@dataclass(frozen=True)
class PriceCount:
    """How many have their cheapest variant from `lowest` to `highest`, both included."""

    lowest: Decimal
    highest: Decimal
    count: int


@dataclass(frozen=True)
class ValueCount:
    value: str
    count: int


@dataclass(frozen=True)
class AttributeCount:
    name: str
    values: list[ValueCount]


@dataclass(frozen=True)
class RatingCount:
    """How many have so many stars or more."""

    stars: int
    count: int


class Facets:
    """Of the products of a queryset, which was narrowed by all filters; each is counted when it is asked for."""

    def __init__(self, products: "QuerySet[models.Product]", currency: str):
        self._products = products.order_by()
        self.currency = currency
        self._price = models.price_columns(currency)[0]

    @cached_property
    def categories(self) -> list[CategoryCount]:
        """Shelves with what stands on them and below them, the fullest first."""
        own = {key: count for key, _, _, count in self._counts("category")}
        if not own:
            return []
        rows = models.Category.objects.values_list("pk", "parent", "name", "slug")
        shelves = {key: (parent, name, slug) for key, parent, name, slug in rows}
        total: Counter[int] = Counter()
        for key, count in own.items():
            above: set[int] = set()
            shelf: int | None = key
            while shelf in shelves and shelf not in above:  # a circle ends
                above.add(shelf)
                total[shelf] += count
                shelf = shelves[shelf][0]
        found = sorted(total, key=lambda key: (-total[key], shelves[key][1], key))[:MAX_CATEGORIES]
        return [
            CategoryCount(name, slug, shelves[parent][2] if parent in shelves else None, total[key])
            for key in found
            for parent, name, slug in [shelves[key]]
        ]

    @cached_property
    def vendors(self) -> list[VendorCount]:
        """The fullest first."""
        counts = sorted(((count, key) for key, _, _, count in self._counts("vendor")), reverse=True)[:MAX_VENDORS]
        rows = models.Vendor.objects.in_bulk([key for _, key in counts]) if counts else {}
        found = [VendorCount(rows[key].name, rows[key].slug, count) for count, key in counts if key in rows]
        return sorted(found, key=lambda each: (-each.count, each.name))

    @cached_property
    def price_ranges(self) -> list[PriceCount]:
        """Five that hold about as many each, the cheapest first; fewer where many cost the same."""
        return [PriceCount(low, high, count) for _, low, high, count in sorted(self._counts("price"))]

    @cached_property
    def ratings(self) -> list[RatingCount]:
        """From four stars and more down to one and more."""
        own = {stars: count for stars, _, _, count in self._counts("rating")}
        return [
            RatingCount(stars, sum(own.get(more, 0) for more in range(stars, MAX_STARS + 1)))
            for stars in range(MAX_STARS - 1, 0, -1)
        ]

    @cached_property
    def attributes(self) -> list[AttributeCount]:
        """The commonest names, each with its commonest values."""
        found: dict[str, list[ValueCount]] = {}
        vendor = connections[self._products.db].vendor
        for name, value, count in self._rows(_ATTRIBUTES, ["attributes"], values=_VALUES[vendor]):
            found.setdefault(name, []).append(ValueCount(value, int(count)))
        return [AttributeCount(name, values) for name, values in found.items()]

    @cached_property
    def in_stock(self) -> int:
        """How many can be bought now."""
        available = models.ProductVariant.objects.available().values("product")
        return self._products.filter(pk__in=available).count()

    def _counts(self, facet: str) -> list[tuple[int, Decimal, Decimal, int]]:
        return [
            (int(key), _exact(low), _exact(high), int(count))
            for kind, key, low, high, count in self._all
            if kind == facet
        ]

    @cached_property
    def _all(self) -> Sequence[tuple[Any, ...]]:
        return self._rows(_COUNTS, ["category_id", "vendor_id", self._price, "rating_average"])

    def _rows(self, statement: str, columns: list[str], **parts: str) -> Sequence[tuple[Any, ...]]:
        using = self._products.db
        try:
            found, params = self._products.values_list(*columns).query.get_compiler(using).as_sql()
        except EmptyResultSet:
            return []
        with connections[using].cursor() as cursor:
            cursor.execute(
                statement.format(found=found, **{name: part.format() for name, part in parts.items()}), params
            )
            return cursor.fetchall()


def _exact(amount: Any) -> Decimal:
    """SQLite hands back what it computes as a float, at most three decimals of which are meant."""
    return Decimal(0) if amount is None else Decimal(str(amount)).quantize(Decimal("0.001"))
