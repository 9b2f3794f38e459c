"""What staff do with people's accounts."""

import strawberry
from strawberry import relay

from accounts.graphql import inputs, types
from accounts.permissions import AccountPermission
from accounts.services import staff
from schema import kit


@strawberry.type
class UserUpdatePayload:
    user: types.User | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class UserDeactivatePayload:
    user: types.User | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class UserReactivatePayload:
    user: types.User | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class UserRolesSetPayload:
    user: types.User | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals, *kit.needs(AccountPermission.MANAGE_USERS)],
        description="""Changes somebody's name, e-mail address or rate tier. The old address is told of a new one.

NOT_PERMITTED when they may do something that you may not: nobody takes over an account with more rights.""",
    )
    def user_update(
        self, info: kit.Info, id: relay.GlobalID, input: inputs.UserUpdateInput
    ) -> UserUpdatePayload | None:
        user = staff.update(
            actor=kit.signed_in(info),
            user_id=kit.pk(id, types.User),
            full_name=input.full_name,
            email=input.email,
            rate_tier=input.rate_tier,
        )
        return UserUpdatePayload(user=user)

    @strawberry.mutation(
        extensions=[types.refusals, *kit.needs(AccountPermission.MANAGE_USERS)],
        description="Shuts somebody out: every session ends at once, and signing in is refused. For others, not "
        "yourself. The reason is kept in the account's history.",
    )
    def user_deactivate(self, info: kit.Info, id: relay.GlobalID, reason: str) -> UserDeactivatePayload | None:
        viewer = kit.signed_in(info)
        return UserDeactivatePayload(user=staff.deactivate(actor=viewer, user_id=kit.pk(id, types.User), reason=reason))

    @strawberry.mutation(
        extensions=[types.refusals, *kit.needs(AccountPermission.MANAGE_USERS)],
        description="Lets somebody sign in again who was deactivated.",
    )
    def user_reactivate(self, info: kit.Info, id: relay.GlobalID) -> UserReactivatePayload | None:
        viewer = kit.signed_in(info)
        return UserReactivatePayload(user=staff.reactivate(actor=viewer, user_id=kit.pk(id, types.User)))

    @strawberry.mutation(
        extensions=[types.refusals, *kit.needs(AccountPermission.SET_ROLES)],
        description="""Makes these somebody's roles, and no others; `roles` lists those there are.

NOT_PERMITTED for a role that may do what you may not; LAST_ADMINISTRATOR rather than leave the shop without one.""",
    )
    def user_roles_set(self, info: kit.Info, id: relay.GlobalID, roles: list[str]) -> UserRolesSetPayload | None:
        viewer = kit.signed_in(info)
        return UserRolesSetPayload(user=staff.set_roles(actor=viewer, user_id=kit.pk(id, types.User), roles=roles))
