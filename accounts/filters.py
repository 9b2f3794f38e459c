"""What the list of users can be narrowed by, and a moment to narrow any list by."""

from datetime import UTC, datetime

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django_filters.fields import IsoDateTimeField

from accounts.models import User


class MomentField(IsoDateTimeField):
    """Databases keep UTC, in which a moment at either end of the calendar may not exist."""

    def validate(self, value: datetime | None) -> None:
        super().validate(value)
        try:
            _ = value and value.astimezone(UTC)
        except OverflowError:
            raise ValidationError("There is no such moment.") from None


class MomentFilter(django_filters.IsoDateTimeFilter):
    field_class = MomentField


class UserFilterSet(django_filters.FilterSet):
    """What the list of users can be narrowed by. Several together mean: all of them."""

    search = django_filters.CharFilter(
        method="searched", max_length=100, help_text="A part of the e-mail address or of the name, in any case."
    )
    role = django_filters.CharFilter(
        field_name="groups__name", max_length=150, help_text='The whole name of a role, for example "Support".'
    )
    is_active = django_filters.BooleanFilter()
    is_staff = django_filters.BooleanFilter()
    joined_after = MomentFilter(field_name="date_joined", lookup_expr="gte")
    joined_before = MomentFilter(field_name="date_joined", lookup_expr="lt")

    class Meta:
        model = User
        fields: list[str] = []

    def searched(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        return queryset.filter(Q(email__icontains=value) | Q(full_name__icontains=value))
