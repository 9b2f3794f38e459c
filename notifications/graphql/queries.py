"""Reading the inbox."""

import strawberry
import strawberry_django
from django.db.models import QuerySet

from notifications import filters, models
from notifications.graphql import types
from schema import kit


@strawberry.type
class Query:
    @strawberry_django.connection(
        kit.Connection[types.Notification], directives=[kit.SignedIn()], description="Your inbox, newest first."
    )
    def notifications(
        self, info: kit.Info, filters: types.NotificationFilters | None = None
    ) -> QuerySet[models.Notification]:
        inbox = models.Notification.objects.filter(user=kit.signed_in(info)).order_by("-created_at", "pk")
        return kit.filtered(_filterset, filters, inbox)


_filterset = filters.NotificationFilterSet
