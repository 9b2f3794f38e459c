"""Reading wishlists: one's own, and what somebody shared."""

import strawberry
import strawberry_django
from django.db.models import QuerySet
from strawberry import relay

from catalog import models
from catalog.graphql import types
from schema import kit


@strawberry.type
class Query:
    @strawberry_django.connection(
        kit.Connection[types.Wishlist],
        directives=[kit.SignedIn()],
        description="Your own wishlists, oldest first; 20 at most.",
    )
    def wishlists(self, info: kit.Info) -> QuerySet[models.Wishlist]:
        return models.Wishlist.objects.visible_to(kit.signed_in(info)).order_by("created_at", "pk")

    @strawberry_django.field(
        directives=[kit.SignedIn()],
        description="One of your own wishlists; the error NOT_FOUND for somebody else's, also for a shared one.",
    )
    def wishlist(self, info: kit.Info, id: relay.GlobalID) -> types.Wishlist | None:
        return kit.row(models.Wishlist.objects.visible_to(kit.signed_in(info)), id, types.Wishlist, info)

    @strawberry_django.field(
        description="The wishlist somebody shared with `wishlistShare`, for everybody who has its `shareKey`; the "
        "error NOT_FOUND for a key that opens nothing, or nothing any more."
    )
    def shared_wishlist(self, info: kit.Info, key: str) -> types.SharedWishlist | None:
        return kit.only(models.Wishlist.objects.shared_as(kit.text(key, "Wishlist")), info)
