"""What the list of approval requests can be narrowed by. Two of the filters depend on who asks: `request.user`."""

import django_filters
from django.db.models import QuerySet

from workflows.models import ApprovalRequest, ApprovalStatus


class ApprovalRequestFilterSet(django_filters.FilterSet):
    """What the list of approval requests can be narrowed by. Several together mean: all of them."""

    status = django_filters.ChoiceFilter(choices=ApprovalStatus.choices)
    waiting_for_me = django_filters.BooleanFilter(
        method="waiting", help_text="true: those you can decide now; false: the others."
    )
    requested_by_me = django_filters.BooleanFilter(method="requested", help_text="true: your own; false: the others.")

    class Meta:
        model = ApprovalRequest
        fields: list[str] = []

    def waiting(self, queryset: QuerySet[ApprovalRequest], name: str, value: bool) -> QuerySet[ApprovalRequest]:
        waiting = ApprovalRequest.objects.waiting_for(self.request.user).values("pk")
        return queryset.filter(pk__in=waiting) if value else queryset.exclude(pk__in=waiting)

    def requested(self, queryset: QuerySet[ApprovalRequest], name: str, value: bool) -> QuerySet[ApprovalRequest]:
        mine = ApprovalRequest.objects.filter(requested_by=self.request.user.pk).values("pk")
        return queryset.filter(pk__in=mine) if value else queryset.exclude(pk__in=mine)
