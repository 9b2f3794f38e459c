"""One's own address book."""

import strawberry
from strawberry import relay

from accounts import postal
from accounts.graphql import inputs, types
from accounts.services import addresses
from schema import kit

AddressUse = strawberry.enum(addresses.AddressUse, description="What an address can be the default for.")


@strawberry.type
class AddressCreatePayload:
    address: types.Address | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class AddressUpdatePayload:
    address: types.Address | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class AddressDeletePayload:
    address: types.Address | None = strawberry.field(default=None, description="As it was.")
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class AddressSetDefaultPayload:
    address: types.Address | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="""Adds an address to your address book, which has room for 20. The first one becomes the default.

It is checked for its country and comes back as it is kept: postal code in capitals, region by its code or official
name, telephone number in E.164. A region or postal code is left out where the country's addresses have none.
ADDRESS_INVALID and PHONE_INVALID name the field and say what is expected.""",
    )
    def address_create(self, info: kit.Info, input: inputs.AddressInput) -> AddressCreatePayload | None:
        return AddressCreatePayload(
            address=addresses.create(actor=kit.signed_in(info), address=postal.Address(**vars(input)))
        )

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Changes parts of one of your addresses. The whole is checked for its country again, so a new "
        "country may need another region and postal code with it.",
    )
    def address_update(
        self, info: kit.Info, id: relay.GlobalID, input: inputs.AddressUpdateInput
    ) -> AddressUpdatePayload | None:
        viewer = kit.signed_in(info)
        changes = {part: value for part, value in vars(input).items() if isinstance(value, str)}
        return AddressUpdatePayload(
            address=addresses.update(actor=viewer, address_id=kit.pk(id, types.Address), changes=changes)
        )

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Removes one of your addresses. If it was a default, the oldest of the others becomes it. Orders "
        "keep the addresses they were placed with.",
    )
    def address_delete(self, info: kit.Info, id: relay.GlobalID) -> AddressDeletePayload | None:
        viewer = kit.signed_in(info)
        return AddressDeletePayload(address=addresses.delete(actor=viewer, address_id=kit.pk(id, types.Address)))

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Makes one of your addresses the default for shipping or for billing, in place of the one before.",
    )
    def address_set_default(
        self, info: kit.Info, id: relay.GlobalID, use: AddressUse
    ) -> AddressSetDefaultPayload | None:
        viewer = kit.signed_in(info)
        return AddressSetDefaultPayload(
            address=addresses.set_default(actor=viewer, address_id=kit.pk(id, types.Address), use=use)
        )
