"""Reading draft orders."""

import strawberry
import strawberry_django
from django.db.models import QuerySet
from strawberry import relay

from ordering import models
from ordering.graphql import types
from ordering.permissions import OrderPermission
from schema import kit


@strawberry.type
class Query:
    @strawberry_django.field(
        extensions=kit.needs(OrderPermission.MANAGE_ORDERS), description="One draft order, placed or not."
    )
    def draft_order(self, info: kit.Info, id: relay.GlobalID) -> types.DraftOrder | None:
        return kit.row(_drafts(info), id, types.DraftOrder, info)

    @strawberry_django.connection(
        kit.Connection[types.DraftOrder],
        extensions=kit.needs(OrderPermission.MANAGE_ORDERS),
        description="The draft orders of all staff that are not placed yet, newest first.",
    )
    def draft_orders(self, info: kit.Info) -> QuerySet[models.Cart]:
        return _drafts(info).filter(completed_at=None).order_by("-created_at", "-pk")


def _drafts(info: kit.Info) -> QuerySet[models.Cart]:
    return models.Cart.objects.visible_to(kit.signed_in(info)).filter(drafted_by__isnull=False)
