"""What the inbox can be narrowed by."""

import django_filters

from notifications.models import Notification


class NotificationFilterSet(django_filters.FilterSet):
    """What the inbox can be narrowed by."""

    is_read = django_filters.BooleanFilter(field_name="read_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Notification
        fields: list[str] = []
