"""Reading orders."""

import strawberry
import strawberry_django
from django.db.models import QuerySet
from strawberry import relay

from ordering import filters, models
from ordering.graphql import types
from schema import kit

_ORDERINGS = {"placed_at": "placed_at", "total": "total_amount"}


@strawberry.type
class Query:
    @strawberry_django.field(
        description="One order: one's own, a guest's with its token, any for staff; otherwise the error NOT_FOUND."
    )
    def order(self, info: kit.Info, id: relay.GlobalID, guest_token: str | None = None) -> types.Order | None:
        return kit.row(models.Order.objects.visible_to(kit.viewer(info), guest_token), id, types.Order, info)

    @strawberry_django.connection(
        kit.Connection[types.Order],
        directives=[kit.SignedIn()],
        description="One's own orders, or everybody's for staff; newest first.",
    )
    def orders(
        self,
        info: kit.Info,
        filters: types.OrderFilters | None = None,
        ordering: list[types.OrderOrdering] | None = None,
    ) -> QuerySet[models.Order]:
        found = kit.filtered(_filterset, filters, models.Order.objects.visible_to(kit.signed_in(info)))
        return kit.ordered(found.order_by("-placed_at", "-pk"), ordering, _ORDERINGS)


_filterset = filters.OrderFilterSet
