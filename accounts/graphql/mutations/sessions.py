"""Signing in, staying signed in, signing out; changing the password, which ends every session but the new one."""

from datetime import datetime
from enum import Enum

import strawberry
from strawberry import relay

from accounts.graphql import cookies, types
from accounts.services import passwords, sessions
from schema import kit


@strawberry.enum(description="Where the tokens of a session are kept.")
class TokenTransport(Enum):
    HEADER = strawberry.enum_value("HEADER", description="In the answer; send `Authorization: Bearer <accessToken>`.")
    COOKIE = strawberry.enum_value(
        "COOKIE",
        description="In HttpOnly cookies no script can read, and not in the answer. For pages of this host or of an "
        "allowed origin; send requests with `credentials: 'include'`.",
    )


_ACCESS = "Send it as `Authorization: Bearer <token>`. Null with cookies."
_REFRESH = "Keep it: tokenRefresh takes it, once. Null with cookies."
_EXPIRES = "When the access token ends; refresh before."


@strawberry.type
class TokenCreatePayload:
    access_token: str | None = strawberry.field(default=None, description=_ACCESS)
    refresh_token: str | None = strawberry.field(default=None, description=_REFRESH)
    expires_at: datetime | None = strawberry.field(default=None, description=_EXPIRES)
    user: types.User | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class TokenRefreshPayload:
    access_token: str | None = strawberry.field(default=None, description=_ACCESS)
    refresh_token: str | None = strawberry.field(default=None, description="Replaces the one that was sent.")
    expires_at: datetime | None = strawberry.field(default=None, description=_EXPIRES)
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
class TokensRevokeAllPayload:
    revoked_count: int = strawberry.field(default=0, description="How many sessions ended, this one included.")


@strawberry.type
class SessionRevokePayload:
    session: types.Session | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class PasswordChangePayload:
    access_token: str | None = strawberry.field(default=None, description=_ACCESS)
    refresh_token: str | None = strawberry.field(default=None, description=_REFRESH)
    expires_at: datetime | None = strawberry.field(default=None, description=_EXPIRES)
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


def _handed_out(info: kit.Info, transport: TokenTransport, tokens: sessions.Tokens) -> dict[str, object]:
    """The payload's part of the tokens; with cookies only the moment they end."""
    if transport is TokenTransport.COOKIE:
        cookies.put(info.context.response, tokens)
        return {"expires_at": tokens.expires_at}
    return {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "expires_at": tokens.expires_at,
    }


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        description="""Signs in: an access token of 15 minutes, and a refresh token of 30 days to get the next one with.

EMAIL_UNVERIFIED is for whoever knows the password of a registration whose link was not opened. Too many attempts are
RATE_LIMITED, with the seconds to wait in `extensions.retryAfter`.""",
    )
    def token_create(
        self, info: kit.Info, email: str, password: str, transport: TokenTransport = TokenTransport.HEADER
    ) -> TokenCreatePayload | None:
        if transport is TokenTransport.COOKIE:
            cookies.refuse_other_sites(info.context.request)
        tokens = sessions.sign_in(email=email, password=password)
        return TokenCreatePayload(user=tokens.user, **_handed_out(info, transport, tokens))

    @strawberry.mutation(
        extensions=[types.refusals],
        description="""A new pair of tokens. Without `refreshToken` the cookie's is used, and the cookies are renewed.

Each refresh token works once. When the answer got lost, the same one gives the same successor for ten seconds; later it
is taken for stolen and ends its session.""",
    )
    def token_refresh(self, info: kit.Info, refresh_token: str | None = None) -> TokenRefreshPayload | None:
        if refresh_token is not None:
            tokens = sessions.refresh(refresh_token=refresh_token)
            return TokenRefreshPayload(**_handed_out(info, TokenTransport.HEADER, tokens))
        try:
            tokens = sessions.refresh(refresh_token=cookies.refresh_token(info.context.request) or "")
        except types.refusals.refusal:
            cookies.clear(info.context.response)
            raise
        return TokenRefreshPayload(**_handed_out(info, TokenTransport.COOKIE, tokens))

    @strawberry.mutation(description="Whether an access token is valid now, until when, and whose it is.")
    def token_verify(self, token: str) -> TokenVerifyPayload | None:
        verified = sessions.verify(access_token=token)
        if verified is None:
            return TokenVerifyPayload(is_valid=False)
        user, expires_at = verified
        return TokenVerifyPayload(is_valid=True, expires_at=expires_at, user=user)

    @strawberry.mutation(
        extensions=[types.refusals],
        description="Signs out: the session ends at once, its access tokens included. Without `refreshToken` the "
        "cookie's, and the cookies go.",
    )
    def token_revoke(self, info: kit.Info, refresh_token: str | None = None) -> TokenRevokePayload | None:
        if refresh_token is None:
            refresh_token = cookies.refresh_token(info.context.request) or ""
            cookies.clear(info.context.response)
        return TokenRevokePayload(is_revoked=sessions.sign_out(refresh_token=refresh_token))

    @strawberry.mutation(
        directives=[kit.SignedIn()],
        description="Signs out everywhere: every session of yours ends at once, this one included.",
    )
    def tokens_revoke_all(self, info: kit.Info) -> TokensRevokeAllPayload | None:
        viewer = kit.signed_in(info)
        count = sessions.revoke_all(actor=viewer)
        if cookies.ACCESS in info.context.request.COOKIES:
            cookies.clear(info.context.response)
        info.context.forget_viewer()
        return TokensRevokeAllPayload(revoked_count=count)

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Signs one device out: `id` is one of `me.sessions`. It ends at once.",
    )
    def session_revoke(self, info: kit.Info, id: relay.GlobalID) -> SessionRevokePayload | None:
        viewer = kit.signed_in(info)
        return SessionRevokePayload(session=sessions.revoke_session(actor=viewer, session_id=kit.pk(id, types.Session)))

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Sets a new password. Every session ends at once; the tokens in the answer are of a new one.",
    )
    def password_change(
        self,
        info: kit.Info,
        old_password: str,
        new_password: str,
        transport: TokenTransport = TokenTransport.HEADER,
    ) -> PasswordChangePayload | None:
        viewer = kit.signed_in(info)
        if transport is TokenTransport.COOKIE:
            cookies.refuse_other_sites(info.context.request)
        tokens = passwords.change(actor=viewer, old_password=old_password, new_password=new_password)
        info.context.forget_viewer()
        return PasswordChangePayload(**_handed_out(info, transport, tokens))
