"""Reading approval requests."""

import strawberry
import strawberry_django
from django.db.models import QuerySet

from schema import kit
from workflows import filters, models
from workflows.graphql import types


@strawberry.type
class Query:
    @strawberry_django.connection(
        kit.Connection[types.ApprovalRequest],
        directives=[kit.SignedIn()],
        description="Those of the groups you belong to, and those of your own orders; newest first.",
    )
    def approval_requests(
        self, info: kit.Info, filters: types.ApprovalRequestFilters | None = None
    ) -> QuerySet[models.ApprovalRequest]:
        viewer = kit.signed_in(info)
        seen = models.ApprovalRequest.objects.visible_to(viewer).order_by("-requested_at", "pk")
        return kit.filtered(_filterset, filters, seen, viewer=viewer)


_filterset = filters.ApprovalRequestFilterSet
