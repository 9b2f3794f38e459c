"""What the lists of orders, returns and promotions can be narrowed by; the file of orders as well."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.conf import settings
from django.db.models import QuerySet

from accounts.filters import MomentFilter
from accounts.models import normalize_email
from ordering.models import (
    MAX_NUMBER,
    Order,
    OrderStatus,
    PaymentStatus,
    Promotion,
    PromotionKind,
    Return,
    ReturnStatus,
    normalised_number,
)

MAX_SEARCH = 100
MAX_EMAIL = 254


class UserIdField(forms.Field):
    """The global id of a user: an object that has `type_name` and `node_id`."""

    def to_python(self, value: Any) -> UUID | None:
        if value is None:
            return None
        try:
            if value.type_name != "User":
                raise ValueError(value.type_name)
            return UUID(value.node_id)
        except ValueError:
            raise forms.ValidationError("This is not the id of a user.") from None


class UserIdFilter(django_filters.Filter):
    field_class = UserIdField


class OrderFilterForm(forms.Form):
    """Checks what the filters say together."""

    def clean(self) -> dict[str, Any]:
        lowest, highest = self.cleaned_data.get("min_total"), self.cleaned_data.get("max_total")
        if (lowest is not None or highest is not None) and not self.cleaned_data.get("currency"):
            self.add_error("currency", "Name the currency that minTotal and maxTotal are in.")
        if lowest is not None and highest is not None and lowest > highest:
            self.add_error("min_total", "It is above maxTotal, so nothing can match.")
        return self.cleaned_data


class OrderFilterSet(django_filters.FilterSet):
    """What the order list can be narrowed by. Several together mean: all of them."""

    search = django_filters.CharFilter(
        method="searched",
        max_length=MAX_SEARCH,
        help_text="An order's number, a part of the e-mail address or of the name it is sent to, or a whole SKU, in "
        "any case.",
    )
    status = django_filters.MultipleChoiceFilter(choices=OrderStatus.choices, distinct=False, help_text="One of these.")
    payment_status = django_filters.MultipleChoiceFilter(
        choices=PaymentStatus.choices, distinct=False, help_text="One of these."
    )
    number = django_filters.CharFilter(
        method="numbered",
        max_length=MAX_NUMBER,
        help_text="The whole number of one order; case, spaces and hyphens do not matter.",
    )
    customer_id = UserIdFilter(field_name="customer", help_text="Of this account.")
    email = django_filters.CharFilter(
        method="written_to", max_length=MAX_EMAIL, help_text="The whole address its e-mails go to, in any case."
    )
    currency = django_filters.ChoiceFilter(
        choices=lambda: [(code, code) for code in settings.SHOP_CURRENCIES],
        help_text="Needed with `minTotal` and `maxTotal`.",
    )
    min_total = django_filters.NumberFilter(
        field_name="total_amount", lookup_expr="gte", min_value=Decimal(0), max_digits=14, decimal_places=3
    )
    max_total = django_filters.NumberFilter(
        field_name="total_amount", lookup_expr="lte", min_value=Decimal(0), max_digits=14, decimal_places=3
    )
    placed_after = MomentFilter(field_name="placed_at", lookup_expr="gte")
    placed_before = MomentFilter(field_name="placed_at", lookup_expr="lt")

    class Meta:
        model = Order
        form = OrderFilterForm
        fields: list[str] = []

    def searched(self, queryset: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return queryset.filter(pk__in=Order.objects.matching(value))

    def numbered(self, queryset: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return queryset.filter(number=normalised_number(value))

    def written_to(self, queryset: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return queryset.filter(email__iexact=normalize_email(value))


class ReturnFilterSet(django_filters.FilterSet):
    """What the list of returns can be narrowed by."""

    status = django_filters.MultipleChoiceFilter(
        choices=ReturnStatus.choices, distinct=False, help_text="One of these."
    )

    class Meta:
        model = Return
        fields: list[str] = []


class PromotionFilterSet(django_filters.FilterSet):
    """What the promotion list can be narrowed by. Several together mean: all of them."""

    is_active = django_filters.BooleanFilter(help_text="Whether it is switched on, its time being over or not.")
    is_coupon = django_filters.BooleanFilter(
        field_name="code", lookup_expr="isnull", exclude=True, help_text="Those with a code, or those without."
    )
    kind = django_filters.ChoiceFilter(choices=PromotionKind.choices)
    code = django_filters.CharFilter(method="coded", max_length=40, help_text="How the code begins, in any case.")

    class Meta:
        model = Promotion
        fields: list[str] = []

    def coded(self, queryset: QuerySet[Promotion], name: str, value: str) -> QuerySet[Promotion]:
        return queryset.filter(code__startswith=value.strip().upper())
