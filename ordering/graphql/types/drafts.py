"""Draft orders, as the API shows them to staff."""

from datetime import datetime

import strawberry
import strawberry_django
from strawberry import auto, relay

from accounts.graphql.types import User
from ordering import models
from ordering.graphql.types.carts import Cart
from schema import kit


@strawberry_django.type(models.Cart)
class DraftOrder(kit.Keyed, relay.Node):
    """An order that the shop's staff prepare for somebody, who does not see it before it is placed."""

    customer: User | None = strawberry_django.field(description="Null where it will be a guest's order.")
    drafted_by: User | None
    email: str = strawberry_django.field(description="Where its e-mails go; the customer's own when it is empty.")
    currency: auto
    note: str = strawberry_django.field(description="From the buyer, for the shop.")
    created_at: auto
    updated_at: auto

    @strawberry_django.field(only=["completed_at"], description="When it was placed; null until then.")
    def completed_at(root: strawberry.Parent[models.Cart]) -> datetime | None:
        return root.completed_at

    @strawberry_django.field(
        description="What is in it and what it costs. Staff change it with the cart mutations and the id of this cart. "
        "For one draft at a time."
    )
    def cart(root: strawberry.Parent[models.Cart], info: kit.Info) -> Cart:
        kit.refuse_in_lists(info, "Ask for `cart` of one draft order at a time, with `draftOrder`.")
        return models.Cart.objects.get(pk=root.pk)
