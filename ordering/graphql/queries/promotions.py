"""Reading promotions, for those who keep them."""

import strawberry
import strawberry_django
from django.db.models import QuerySet
from strawberry import relay

from ordering import filters, models
from ordering.graphql import types
from ordering.permissions import OrderPermission
from schema import kit

_for_keepers = kit.needs(OrderPermission.MANAGE_PROMOTIONS)


@strawberry.type
class Query:
    @strawberry_django.connection(
        kit.Connection[types.Promotion],
        extensions=_for_keepers,
        description="""Coupons and promotions that apply by themselves, newest first.

```graphql
{ promotions(filters: { isCoupon: true, isActive: true, code: "SUMMER" }) { edges { node { code timesUsed } } } }
```""",
    )
    def promotions(self, filters: types.PromotionFilters | None = None) -> QuerySet[models.Promotion]:
        found = kit.filtered(_filterset, filters, models.Promotion.objects.all())
        return found.order_by("-created_at", "pk")

    @strawberry_django.field(extensions=_for_keepers, description="One coupon or promotion by its id.")
    def promotion(self, info: kit.Info, id: relay.GlobalID) -> types.Promotion | None:
        return kit.row(models.Promotion.objects.all(), id, types.Promotion, info)

    @strawberry_django.connection(
        kit.Connection[types.CustomerGroup],
        extensions=_for_keepers,
        description="The groups of customers whom promotions can be for, by name.",
    )
    def customer_groups(self) -> QuerySet[models.CustomerGroup]:
        return models.CustomerGroup.objects.order_by("name", "pk")


_filterset = filters.PromotionFilterSet
