"""Reading carts."""

import strawberry
import strawberry_django
from django.db.models import QuerySet
from strawberry import relay

from ordering import models
from ordering.graphql import types
from schema import kit


@strawberry.type
class Query:
    @strawberry_django.field(description="A cart by its id, which is all a guest needs to come back to it.")
    def cart(self, info: kit.Info, id: relay.GlobalID) -> types.Cart | None:
        return kit.row(models.Cart.objects.visible_to(kit.viewer(info)), id, types.Cart, info)

    @strawberry_django.connection(
        kit.Connection[types.Cart],
        directives=[kit.SignedIn()],
        description="""One's own open carts, last touched first: how a customer finds a cart again on another device.

What carts cost is told of at most 10 in one request.""",
    )
    def carts(self, info: kit.Info) -> QuerySet[models.Cart]:
        own = models.Cart.objects.filter(customer=kit.signed_in(info)).open()
        return own.order_by("-updated_at", "pk")
