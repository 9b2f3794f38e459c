"""One's own wishlists."""

import strawberry
from strawberry import relay

from catalog.graphql import types
from catalog.services import wishlists
from schema import kit


@strawberry.type
class WishlistCreatePayload:
    wishlist: types.Wishlist | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class WishlistRenamePayload:
    wishlist: types.Wishlist | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class WishlistDeletePayload:
    wishlist: types.Wishlist | None = strawberry.field(default=None, description="Its name and id, as they were.")
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class WishlistAddPayload:
    wishlist: types.Wishlist | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class WishlistRemovePayload:
    wishlist: types.Wishlist | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class WishlistSharePayload:
    wishlist: types.Wishlist | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class WishlistUnsharePayload:
    wishlist: types.Wishlist | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Makes an empty wishlist of yours, with a name of at most 100 characters that none of your others "
        "has. 20 at most: TOO_MANY after that.",
    )
    def wishlist_create(self, info: kit.Info, name: str) -> WishlistCreatePayload | None:
        return WishlistCreatePayload(wishlist=wishlists.create(actor=kit.signed_in(info), name=name))

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Gives one of your wishlists another name. A link to it stays the same.",
    )
    def wishlist_rename(self, info: kit.Info, id: relay.GlobalID, name: str) -> WishlistRenamePayload | None:
        viewer = kit.signed_in(info)
        return WishlistRenamePayload(
            wishlist=wishlists.rename(actor=viewer, wishlist_id=kit.pk(id, types.Wishlist), name=name)
        )

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Removes one of your wishlists with everything on it. A link to it opens nothing any more.",
    )
    def wishlist_delete(self, info: kit.Info, id: relay.GlobalID) -> WishlistDeletePayload | None:
        viewer = kit.signed_in(info)
        return WishlistDeletePayload(wishlist=wishlists.delete(actor=viewer, wishlist_id=kit.pk(id, types.Wishlist)))

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="""Puts a variant that is on sale on one of your wishlists; again changes nothing.

Without `wishlistId` it goes on the list with the name "Wishlist", which comes to be with the first thing on it:

```graphql
mutation($variantId: ID!) { wishlistAdd(variantId: $variantId) { wishlist { id itemCount } userErrors { message } } }
```

A list has room for 200: TOO_MANY after that.""",
    )
    def wishlist_add(
        self, info: kit.Info, variant_id: relay.GlobalID, wishlist_id: relay.GlobalID | None = None
    ) -> WishlistAddPayload | None:
        viewer = kit.signed_in(info)
        wishlist = wishlists.add(
            actor=viewer,
            variant_id=kit.pk(variant_id, types.ProductVariant),
            wishlist_id=kit.pk(wishlist_id, types.Wishlist) if wishlist_id else None,
        )
        return WishlistAddPayload(wishlist=wishlist)

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description='Takes a variant off one of your wishlists, the one with the name "Wishlist" unless another is '
        "given. What is not on it changes nothing.",
    )
    def wishlist_remove(
        self, info: kit.Info, variant_id: relay.GlobalID, wishlist_id: relay.GlobalID | None = None
    ) -> WishlistRemovePayload | None:
        viewer = kit.signed_in(info)
        wishlist = wishlists.remove(
            actor=viewer,
            variant_id=kit.pk(variant_id, types.ProductVariant),
            wishlist_id=kit.pk(wishlist_id, types.Wishlist) if wishlist_id else None,
        )
        return WishlistRemovePayload(wishlist=wishlist)

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Gives one of your wishlists a `shareKey` nobody can guess: with it everybody can read the list's "
        "name, what is on it and your first name, by `sharedWishlist`. A list that has one keeps it.",
    )
    def wishlist_share(self, info: kit.Info, id: relay.GlobalID) -> WishlistSharePayload | None:
        viewer = kit.signed_in(info)
        return WishlistSharePayload(wishlist=wishlists.share(actor=viewer, wishlist_id=kit.pk(id, types.Wishlist)))

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Takes the `shareKey` away: links with it open nothing any more, also after sharing again.",
    )
    def wishlist_unshare(self, info: kit.Info, id: relay.GlobalID) -> WishlistUnsharePayload | None:
        viewer = kit.signed_in(info)
        return WishlistUnsharePayload(wishlist=wishlists.unshare(actor=viewer, wishlist_id=kit.pk(id, types.Wishlist)))
