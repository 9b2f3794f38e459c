"""Reading carts."""

import strawberry
import strawberry_django
from strawberry import relay

from ordering import models
from ordering.graphql import types
from schema import kit


@strawberry.type
class Query:
    @strawberry_django.field(description="A cart by its id, which is all a guest needs to come back to it.")
    def cart(self, info: kit.Info, id: relay.GlobalID) -> types.Cart | None:
        return kit.row(models.Cart.objects.visible_to(kit.viewer(info)), id, types.Cart, info)
