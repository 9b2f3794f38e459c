"""Keeping sellers' shops."""

import strawberry
from strawberry import relay

from accounts.graphql.types import User
from catalog import models
from catalog.graphql import types
from catalog.permissions import CatalogPermission
from catalog.services import vendors
from schema import kit


@strawberry.input
class VendorCreateInput:
    name: str = strawberry.field(description="At most 200 characters.")
    slug: str | None = strawberry.field(
        default=None, description='For addresses such as "/vendors/oak-and-iron". Made of the name if absent.'
    )
    description: str = strawberry.field(default="", description="HTML. INVALID with scripts in it.")
    status: types.VendorStatus = models.VendorStatus.ACTIVE


@strawberry.input(description="What is left out or null stays as it is.")
class VendorUpdateInput:
    name: str | None = None
    slug: str | None = strawberry.field(default=None, description="The one before leads to the vendor from now on.")
    description: str | None = strawberry.field(default=None, description="HTML. INVALID with scripts in it.")
    status: types.VendorStatus | None = strawberry.field(
        default=None, description="Whether it sells: only for those with `catalog.manage_vendors`."
    )


@strawberry.type
class VendorCreatePayload:
    vendor: types.Vendor | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class VendorUpdatePayload:
    vendor: types.Vendor | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class VendorMembersSetPayload:
    vendor: types.Vendor | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[*kit.needs(CatalogPermission.MANAGE_VENDORS), types.refusals],
        description="Opens a seller's shop. Nobody keeps it yet: see `vendorMembersSet`.",
    )
    def vendor_create(self, info: kit.Info, input: VendorCreateInput) -> VendorCreatePayload | None:
        return VendorCreatePayload(vendor=vendors.create(actor=kit.signed_in(info), **vars(input)))

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="""Changes a vendor: one of your own as a seller, any with `catalog.manage_vendors`.

The products of one that is not ACTIVE are not on sale: they leave lists and cannot be put into carts.""",
    )
    def vendor_update(self, info: kit.Info, id: relay.GlobalID, input: VendorUpdateInput) -> VendorUpdatePayload | None:
        viewer = kit.signed_in(info)
        return VendorUpdatePayload(
            vendor=vendors.update(actor=viewer, vendor_id=kit.pk(id, types.Vendor), **vars(input))
        )

    @strawberry.mutation(
        extensions=[*kit.needs(CatalogPermission.MANAGE_VENDORS), types.refusals],
        description="Makes exactly these people the members of a vendor, 50 at most: those who are not named are "
        "members no longer. Each has an active account and the role Seller; INVALID says who lacks it.",
    )
    def vendor_members_set(
        self, info: kit.Info, id: relay.GlobalID, user_ids: list[relay.GlobalID]
    ) -> VendorMembersSetPayload | None:
        vendor = vendors.set_members(
            actor=kit.signed_in(info),
            vendor_id=kit.pk(id, types.Vendor),
            user_ids=[kit.pk(user_id, User) for user_id in user_ids],
        )
        return VendorMembersSetPayload(vendor=vendor)
