"""Stock, as those who keep it see it, and who waits for more."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
import strawberry_django
from strawberry import auto, relay
from strawberry.extensions import FieldExtension
from strawberry_django.resolvers import django_resolver

from accounts.graphql.types import User
from accounts.permissions import AccountPermission
from catalog import models
from catalog.graphql.types import seen
from catalog.permissions import CatalogPermission
from schema import kit

if TYPE_CHECKING:
    from catalog.graphql.types.products import ProductVariant

StockMovementReason = strawberry.enum(
    models.MovementReason,
    name="StockMovementReason",
    description="Why what is on hand changed. SOLD, CANCELLED and IMPORTED are written by the shop itself.",
)


@strawberry_django.type(models.StockLevel)
class StockLevel:
    """How many of a variant there are."""

    on_hand: int = strawberry_django.field(description="On the shelf.")
    reserved: int = strawberry_django.field(description="On the shelf, but promised to somebody.")
    low_below: int | None = strawberry_django.field(
        description="The variant runs low when fewer than this are available; null when nobody set it."
    )
    is_low: bool = strawberry_django.field(description="Whether fewer than `lowBelow` are available.")

    @strawberry_django.field(only=["on_hand", "reserved"], description="What can be sold now: `onHand - reserved`.")
    def available(root: strawberry.Parent[models.StockLevel]) -> int:
        return root.available


class _MoverForSome(FieldExtension):
    """Shows who moved it to themselves, to those who keep all stock, and to those who may look at users."""

    @django_resolver
    def resolve(self, next_: Callable[..., Any], source: models.StockMovement, info: kit.Info, **kwargs: Any) -> Any:
        viewer = kit.viewer(info)
        keeps = (CatalogPermission.MANAGE_STOCK, AccountPermission.VIEW_USERS)
        if source.actor_id == viewer.pk or any(viewer.has_perm(permission) for permission in keeps):
            return next_(source, info, **kwargs)
        return None


@strawberry_django.type(models.StockMovement)
class StockMovement(kit.Keyed, relay.Node):
    """One change of what is on hand. Each begins with the number the one before it ended with."""

    reason: StockMovementReason
    note: str = strawberry_django.field(description="What whoever did it wrote; often empty.")
    before: int
    after: int
    created_at: auto
    moved_by: "User | None" = strawberry_django.field(
        field_name="actor",
        extensions=[_MoverForSome()],
        description="Who did it. Null when the shop did, and when it was somebody else and you hold neither "
        "`catalog.manage_stock` nor `accounts.view_user`.",
    )

    @strawberry_django.field(only=["before", "after"], description="`after - before`.")
    def delta(root: strawberry.Parent[models.StockMovement]) -> int:
        return root.delta


@strawberry_django.type(models.StockAlert)
class StockAlert(kit.Keyed, relay.Node):
    """You are written to, once, as soon as a sold-out variant can be bought again."""

    variant: Annotated["ProductVariant", strawberry.lazy("catalog.graphql.types.products")] | None = (
        strawberry_django.field(**seen.VARIANT, description="Null while it is not offered any more.")
    )
    created_at: auto
