"""What lists can be narrowed by, made of FilterSets."""

import inspect
from datetime import datetime
from decimal import Decimal
from enum import Enum
from types import SimpleNamespace
from typing import Any

import django_filters
import strawberry
from django import forms
from django.db.models import QuerySet
from strawberry import UNSET
from strawberry.utils.str_converters import to_camel_case

from schema.kit.errors import ApiError, ErrorCode

_FILTER_TYPES: list[tuple[type[forms.Field], type]] = [
    (forms.DecimalField, Decimal),
    (forms.NullBooleanField, bool),
    (forms.DateTimeField, datetime),
    (forms.CharField, str),
]


def filter_input(filterset: type[django_filters.FilterSet], name: str, types: dict[str, Any] | None = None) -> Any:
    """A GraphQL input made of a FilterSet, which stays the one definition of what a list can be narrowed by.

    `types` names the GraphQL type of what is no plain value: an enum, a list, an input of its own. A filter's
    `help_text` becomes its description.
    """
    namespace: dict[str, Any] = {"__annotations__": {}}
    for field_name, declared in filterset.base_filters.items():
        kind = (types or {}).get(field_name) or next(
            graphql for form, graphql in _FILTER_TYPES if isinstance(declared.field, form)
        )
        namespace["__annotations__"][field_name] = kind | None
        namespace[field_name] = strawberry.field(default=UNSET, description=declared.extra.get("help_text"))
    return strawberry.input(type(name, (), namespace), name=name, description=inspect.getdoc(filterset))


def filtered(
    filterset: type[django_filters.FilterSet],
    filters: Any,
    queryset: "QuerySet[Any]",
    viewer: Any = None,
    currency: str | None = None,
) -> "QuerySet[Any]":
    """The rows the FilterSet leaves; a value it cannot read is BAD_USER_INPUT naming the field.

    Filters that depend on who asks, or in which currency, find it as `self.request.user` and `self.request.currency`.
    """
    if not filters:
        return queryset
    data = {
        name: value.value if isinstance(value, Enum) else value
        for name, value in vars(filters).items()
        if value is not UNSET and value is not None
    }
    narrowed = filterset(data, queryset=queryset, request=SimpleNamespace(user=viewer, currency=currency))
    if not narrowed.is_valid():
        field_name, messages = next(iter(narrowed.form.errors.items()))
        raise ApiError(ErrorCode.BAD_USER_INPUT, f"filters.{to_camel_case(field_name)}: {messages[0]}")
    return narrowed.qs
