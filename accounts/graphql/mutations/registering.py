"""Registering, proving an e-mail address, and getting a new password through it."""

import strawberry

from accounts.graphql import inputs, types
from accounts.services import passwords, registering


@strawberry.type
class AccountRegisterPayload:
    email: str | None = strawberry.field(
        default=None, description="Where the link went, whether or not the address has an account already."
    )
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class AccountVerifyEmailPayload:
    user: types.User | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class AccountVerificationResendPayload:
    is_accepted: bool = strawberry.field(default=False, description="True for every address: it tells nothing.")
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class PasswordResetRequestPayload:
    is_accepted: bool = strawberry.field(default=False, description="True for every address: it tells nothing.")
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class PasswordResetPayload:
    is_reset: bool = strawberry.field(default=False, description="Every session has ended: sign in with the new one.")
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        description="""Sends a link to the address; its token, passed to accountVerifyEmail, makes the account.

The answer is the same when the address has an account: its owner is told by e-mail.""",
    )
    def account_register(self, input: inputs.AccountRegisterInput) -> AccountRegisterPayload | None:
        return AccountRegisterPayload(
            email=registering.register(email=input.email, password=input.password, full_name=input.full_name)
        )

    @strawberry.mutation(
        extensions=[types.refusals],
        description="""Makes the account of a registration. The token is in the e-mail and works once, for 24 hours.

PASSWORD_REQUIRED when there is more than one registration with the address: ask for the password and send it along.""",
    )
    def account_verify_email(self, token: str, password: str | None = None) -> AccountVerifyEmailPayload | None:
        return AccountVerifyEmailPayload(user=registering.verify_email(token=token, password=password))

    @strawberry.mutation(
        extensions=[types.refusals], description="Sends the link of the last registration of this address again."
    )
    def account_verification_resend(self, email: str) -> AccountVerificationResendPayload | None:
        registering.resend_verification(email=email)
        return AccountVerificationResendPayload(is_accepted=True)

    @strawberry.mutation(
        extensions=[types.refusals],
        description="Sends a link to set a new password, valid for an hour, to an address that has an account.",
    )
    def password_reset_request(self, email: str) -> PasswordResetRequestPayload | None:
        passwords.request_reset(email=email)
        return PasswordResetRequestPayload(is_accepted=True)

    @strawberry.mutation(
        extensions=[types.refusals],
        description="Sets a new password with the token of the e-mailed link, which works once. Ends every session.",
    )
    def password_reset(self, token: str, password: str) -> PasswordResetPayload | None:
        passwords.reset(token=token, new_password=password)
        return PasswordResetPayload(is_reset=True)
