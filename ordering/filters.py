"""What the order list can be narrowed by, for the API and the admin alike."""

import django_filters
from django.db.models import QuerySet

from ordering.models import Order, OrderStatus, PaymentStatus


class OrderFilterSet(django_filters.FilterSet):
    """What the order list can be narrowed by. Several together mean: all of them."""

    status = django_filters.ChoiceFilter(choices=OrderStatus.choices)
    payment_status = django_filters.ChoiceFilter(choices=PaymentStatus.choices)
    number = django_filters.CharFilter(method="numbered", max_length=12, help_text="The whole number of one order.")
    placed_after = django_filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="gte")
    placed_before = django_filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="lt")

    class Meta:
        model = Order
        fields: list[str] = []

    def numbered(self, queryset: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return queryset.filter(number=value.upper())
