"""Reading returns."""

import strawberry
import strawberry_django
from django.db.models import QuerySet
from strawberry import relay

from ordering import filters, models
from ordering.graphql import types
from schema import kit


@strawberry.type
class Query:
    @strawberry_django.field(
        name="return",
        description="One return: of one's own order, of a guest's with its token, any for staff; otherwise the error "
        "NOT_FOUND.",
    )
    def return_(self, info: kit.Info, id: relay.GlobalID, guest_token: str | None = None) -> types.Return | None:
        return kit.row(models.Return.objects.visible_to(kit.viewer(info), guest_token), id, types.Return, info)

    @strawberry_django.connection(
        kit.Connection[types.Return],
        directives=[kit.SignedIn()],
        description="The returns of one's own orders, or everybody's for staff; newest first.",
    )
    def returns(self, info: kit.Info, filters: types.ReturnFilters | None = None) -> QuerySet[models.Return]:
        found = kit.filtered(_filterset, filters, models.Return.objects.visible_to(kit.signed_in(info)))
        return found.order_by("-requested_at", "-pk")


_filterset = filters.ReturnFilterSet
