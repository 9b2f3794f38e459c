"""What people change about themselves: the name, and the address they sign in with."""

import strawberry

from accounts.graphql import inputs, types
from accounts.services import profile
from schema import kit


@strawberry.type
class AccountUpdatePayload:
    user: types.User | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class EmailChangeRequestPayload:
    email: str | None = strawberry.field(
        default=None, description="Where the link went, whether or not the address has an account already."
    )
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class EmailChangePayload:
    user: types.User | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals], directives=[kit.SignedIn()], description="Changes your name; it may be empty."
    )
    def account_update(self, info: kit.Info, input: inputs.AccountUpdateInput) -> AccountUpdatePayload | None:
        return AccountUpdatePayload(user=profile.update(actor=kit.signed_in(info), full_name=input.full_name))

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Sends a link to the new address; its token, passed to emailChange within 24 hours, makes it the "
        "one you sign in with. The old one stays until then.",
    )
    def email_change_request(self, info: kit.Info, new_email: str, password: str) -> EmailChangeRequestPayload | None:
        viewer = kit.signed_in(info)
        return EmailChangeRequestPayload(
            email=profile.request_email_change(actor=viewer, new_email=new_email, password=password)
        )

    @strawberry.mutation(
        extensions=[types.refusals],
        description="Makes the address the link was sent to the one to sign in with. The token works once, and needs "
        "no sign-in. The old address is told; sessions go on.",
    )
    def email_change(self, token: str) -> EmailChangePayload | None:
        return EmailChangePayload(user=profile.change_email(token=token))
