"""Registering, signing in, staying signed in, signing out."""

from datetime import datetime

import strawberry

from accounts import errors, services
from accounts.graphql import inputs, types
from schema import kit

_refusals = kit.refusals(errors.AccountError, types.AccountUserError)


@strawberry.type
class AccountRegisterPayload:
    user: types.User | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class TokenCreatePayload:
    access_token: str | None = strawberry.field(default=None, description="Send it as `Authorization: Bearer <token>`.")
    refresh_token: str | None = strawberry.field(default=None, description="Keep it; tokenRefresh takes it, once.")
    expires_at: datetime | None = strawberry.field(default=None, description="When the access token ends.")
    user: types.User | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class TokenRefreshPayload:
    access_token: str | None = None
    refresh_token: str | None = strawberry.field(default=None, description="Replaces the one that was sent.")
    expires_at: datetime | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class TokenVerifyPayload:
    is_valid: bool
    expires_at: datetime | None = None
    user: types.User | None = None


@strawberry.type
class TokenRevokePayload:
    is_revoked: bool = False
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(extensions=[_refusals], description="Makes an account. Sign in with tokenCreate afterwards.")
    def account_register(self, input: inputs.AccountRegisterInput) -> AccountRegisterPayload | None:
        user = services.register(email=input.email, password=input.password, full_name=input.full_name)
        return AccountRegisterPayload(user=user)

    @strawberry.mutation(
        extensions=[_refusals],
        description="Signs in: an access token of 15 minutes, and a refresh token of 30 days to get the next one with.",
    )
    def token_create(self, email: str, password: str) -> TokenCreatePayload | None:
        session = services.sign_in(email=email, password=password)
        return TokenCreatePayload(
            access_token=session.access_token,
            refresh_token=session.refresh_token,
            expires_at=session.expires_at,
            user=session.user,
        )

    @strawberry.mutation(
        extensions=[_refusals],
        description="A new pair of tokens. Each refresh token works once: one that comes back ends its session.",
    )
    def token_refresh(self, refresh_token: str) -> TokenRefreshPayload | None:
        session = services.refresh(refresh_token=refresh_token)
        return TokenRefreshPayload(
            access_token=session.access_token, refresh_token=session.refresh_token, expires_at=session.expires_at
        )

    @strawberry.mutation(description="Whether an access token is valid now, until when, and whose it is.")
    def token_verify(self, token: str) -> TokenVerifyPayload | None:
        verified = services.verify(access_token=token)
        if verified is None:
            return TokenVerifyPayload(is_valid=False)
        user, expires_at = verified
        return TokenVerifyPayload(is_valid=True, expires_at=expires_at, user=user)

    @strawberry.mutation(
        extensions=[_refusals],
        description="Signs out: the refresh token and all its successors end. Access tokens live on for minutes.",
    )
    def token_revoke(self, refresh_token: str) -> TokenRevokePayload | None:
        return TokenRevokePayload(is_revoked=services.sign_out(refresh_token=refresh_token))
