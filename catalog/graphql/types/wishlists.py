"""Wishlists, as the API shows them."""

from typing import Annotated

import strawberry
import strawberry_django
from django.db.models import Count, QuerySet
from strawberry import auto, relay

from catalog import models
from catalog.graphql.types import seen
from catalog.services import names
from schema import kit

ITEMS = "What is on it, added last first; 200 at most. Of one list at a time."


def _items(wishlist: models.Wishlist, info: kit.Info) -> "QuerySet[models.WishlistItem]":
    """Refused for a list of wishlists: it costs statements for each."""
    kit.refuse_in_lists(info, "Ask for `items` of one wishlist at a time. For lists there is `itemCount`.")
    return wishlist.items.order_by("-added_at", "-pk")


@strawberry_django.type(models.WishlistItem)
class WishlistItem(kit.Keyed, relay.Node):
    """A variant on a wishlist."""

    added_at: auto
    variant: Annotated["ProductVariant", strawberry.lazy("catalog.graphql.types.products")] | None = (  # noqa: F821
        strawberry_django.field(**seen.VARIANT, description="Null while it is not on sale.")
    )

    @strawberry_django.field(
        only=["variant_id"], description="For wishlistRemove: what it is the id of may be off sale now."
    )
    def variant_id(root: strawberry.Parent[models.WishlistItem]) -> relay.GlobalID:
        return relay.GlobalID(type_name="ProductVariant", node_id=str(root.variant_id))


@strawberry_django.type(models.Wishlist)
class Wishlist(kit.Keyed, relay.Node):
    """A named list of one's own."""

    name: auto
    created_at: auto
    share_key: str | None = strawberry_django.field(
        description="What `sharedWishlist` opens it with; null while it is not shared. Put it into a link of your own "
        "pages. Whoever has it can read the list: keep it out of logs."
    )

    @strawberry_django.field(annotate={"items_on_it": Count("items")}, description="How many things are on it.")
    def item_count(root: strawberry.Parent[models.Wishlist]) -> int:
        if hasattr(root, "items_on_it"):
            return root.items_on_it
        return root.items.count()

    @strawberry_django.connection(kit.Connection[WishlistItem], only=["id"], description=ITEMS)
    def items(root: strawberry.Parent[models.Wishlist], info: kit.Info) -> QuerySet[models.WishlistItem]:
        return _items(root, info)


@strawberry_django.type(models.Wishlist)
class SharedWishlist:
    """A wishlist as it is shown to whoever has the link to it."""

    name: auto

    @strawberry_django.field(
        select_related=["owner"],
        only=["owner__full_name"],
        description="The first name of whose list it is; null of whoever gave no name.",
    )
    def owner_name(root: strawberry.Parent[models.Wishlist]) -> str | None:
        return names.first_name(root.owner)

    @strawberry_django.connection(kit.Connection[WishlistItem], only=["id"], description=ITEMS)
    def items(root: strawberry.Parent[models.Wishlist], info: kit.Info) -> QuerySet[models.WishlistItem]:
        return _items(root, info)
