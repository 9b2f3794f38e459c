"""Conditions on what a product says of itself in JSON: by PostgreSQL's index, or plainly on other databases."""

import json
import math
from typing import Any

from django.db import connections
from django.db.models import BooleanField, F, Func, Q, QuerySet


def has_attribute(queryset: QuerySet[Any], name: str, value: str) -> Any:
    """Whether the attribute is this text, the number or truth value it spells, or a list with it."""
    if connections[queryset.db].vendor != "postgresql":
        return _PlainAttribute(name, value)
    condition = Q(attributes__contains={name: value})
    for each in [value, *_spelt(value)]:
        condition |= Q(attributes__contains={name: each}) | Q(attributes__contains={name: [each]})
    return condition


def has_tag(queryset: QuerySet[Any], tag: str) -> Any:
    if connections[queryset.db].vendor != "postgresql":
        return _PlainTag(tag)
    return Q(tags__contains=[tag])


def _spelt(value: str) -> list[Any]:
    """The number, or the truth value, that this text is in JSON."""
    try:
        found = json.loads(value, parse_constant=str)
    except (ValueError, RecursionError):
        return []
    # Larger than any, such as 1e999, it is none that JSON can hold.
    return [found] if isinstance(found, bool | int | float) and math.isfinite(found) else []


class _PlainAttribute(Func):
    template = (
        "EXISTS (SELECT 1 FROM json_each({column}) AS pair, json_each(CASE pair.type WHEN 'array' THEN pair.value "
        "WHEN 'true' THEN '[\"true\"]' WHEN 'false' THEN '[\"false\"]' ELSE json_array(pair.value) END) AS item "
        "WHERE pair.key = %s AND CAST(item.value AS TEXT) = %s)"
    )
    column = "attributes"
    output_field = BooleanField()

    def __init__(self, *values: str):
        super().__init__(F(self.column))
        self.values = values

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, params = compiler.compile(self.get_source_expressions()[0])
        return self.template.format(column=column), [*params, *self.values]


class _PlainTag(_PlainAttribute):
    template = "EXISTS (SELECT 1 FROM json_each({column}) AS item WHERE item.value = %s)"
    column = "tags"
