"""What accounts can do: register, sign in, keep a session alive, end it."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import password_validation
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import events, tokens
from accounts.errors import AccountError, AccountErrorCode
from accounts.models import RefreshToken, User, normalize_email
from notifications import outbox

# Longer input is refused before it is hashed or compared: nobody types it, and hashing it costs.
MAX_PASSWORD = 128


@dataclass(frozen=True)
class Session:
    """What a client keeps after signing in."""

    user: User
    access_token: str
    expires_at: datetime
    refresh_token: str


@transaction.atomic
def register(*, email: str, password: str, full_name: str = "") -> User:
    """A new account. Refuses an e-mail address that is invalid or taken, a weak password, an unprintable name."""
    email = normalize_email(email)
    full_name = full_name.strip()
    _check_email(email)
    _check_full_name(full_name)
    _check_password(password, User(email=email, full_name=full_name))

    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, full_name=full_name)
    except IntegrityError:
        raise AccountError(
            AccountErrorCode.EMAIL_TAKEN,
            "An account with this e-mail address exists. Sign in, or use another address.",
            field=["input", "email"],
        ) from None
    outbox.record(events.AccountRegistered(email=user.email, full_name=user.full_name), about=user, actor=user)
    return user


def sign_in(*, email: str, password: str) -> Session:
    """A session for the owner of the password. Wrong address and wrong password are one refusal, equally slow."""
    user = _user_with(normalize_email(email), password)
    if user is None:
        raise AccountError(
            AccountErrorCode.INVALID_CREDENTIALS, "The e-mail address or the password is not right.", field=["email"]
        )
    return _open_session(user, RefreshToken(user=user))


def refresh(*, refresh_token: str) -> Session:
    """The session goes on: a new access token, and a new refresh token in place of the one given.

    A token that was used before is somebody's copy: every token of its family is revoked.
    """
    session = _rotate(refresh_token)
    if session is None:
        raise AccountError(
            AccountErrorCode.REFRESH_TOKEN_INVALID,
            "The refresh token has expired or was used, or the session has ended. Sign in again.",
            field=["refreshToken"],
        )
    return session


@transaction.atomic
def sign_out(*, refresh_token: str) -> bool:
    """Ends the session of the token; False when there is none. An access token lives on until it expires."""
    held = _held(refresh_token)
    return held is not None and _revoke_family(held) > 0


def verify(*, access_token: str) -> tuple[User, datetime] | None:
    """Whose valid access token this is and when it ends; None when it is not valid."""
    try:
        return tokens.user_of(access_token), tokens.expires_at(access_token)
    except tokens.TokenInvalid:
        return None


def viewer_of(*, authorization: str) -> User | AnonymousUser | None:
    """Who an `Authorization: Bearer …` header speaks for: anonymous when empty, None when it is not valid.

    One statement with a valid token, none otherwise.
    """
    if not authorization:
        return AnonymousUser()
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        return tokens.user_of(token.strip())
    except tokens.TokenInvalid:
        return None


@transaction.atomic
def _rotate(refresh_token: str) -> Session | None:
    held = _held(refresh_token)
    if held is None or held.expires_at <= timezone.now() or not held.user.is_active:
        return None
    if held.revoked_at is not None:
        if _revoke_family(held):
            outbox.record(events.RefreshTokenReused(), about=held.user)
        return None

    held.revoked_at = timezone.now()
    held.save(update_fields=["revoked_at"])
    return _open_session(held.user, RefreshToken(user=held.user, family=held.family))


def _held(refresh_token: str) -> RefreshToken | None:
    """The token's row, with its user locked: whatever is done to one session happens after the other, so that no
    successor can be made behind the back of a revocation."""
    digest = tokens.digest(refresh_token)
    owner = User.objects.select_for_update().filter(refresh_tokens__digest=digest).first()
    if owner is None:
        return None
    held = RefreshToken.objects.get(digest=digest)
    held.user = owner
    return held


def _open_session(user: User, held: RefreshToken) -> Session:
    refresh_token = tokens.new_refresh_token()
    held.digest = tokens.digest(refresh_token)
    held.expires_at = tokens.refresh_expires_at()
    held.save()
    access_token, expires_at = tokens.access_token(user)
    return Session(user=user, access_token=access_token, expires_at=expires_at, refresh_token=refresh_token)


def _revoke_family(held: RefreshToken) -> int:
    return RefreshToken.objects.filter(family=held.family, revoked_at=None).update(revoked_at=timezone.now())


def _user_with(email: str, password: str) -> User | None:
    user = User.objects.filter(email=email, is_active=True).first() if is_text(email) else None
    if len(password) > MAX_PASSWORD or user is None:
        make_password(password[:MAX_PASSWORD])  # as slow as comparing, so that timing tells nothing
        return None
    return user if user.check_password(password) else None


def _check_email(email: str) -> None:
    try:
        validate_email(email)
        if len(email) > 254 or email.startswith('"') or not is_text(email):
            raise ValidationError("too long")
    except ValidationError:
        raise AccountError(
            AccountErrorCode.EMAIL_INVALID,
            "This is not an e-mail address. It looks like name@example.com.",
            field=["input", "email"],
        ) from None


def _check_full_name(full_name: str) -> None:
    if len(full_name) > 150 or not is_text(full_name):
        raise AccountError(
            AccountErrorCode.FULL_NAME_INVALID,
            "A name has at most 150 characters, and none of them is a control character.",
            field=["input", "fullName"],
        )


def _check_password(password: str, user: User) -> None:
    try:
        if len(password) > MAX_PASSWORD:
            raise ValidationError(f"This password is too long. It must contain at most {MAX_PASSWORD} characters.")
        password_validation.validate_password(password, user)
    except ValidationError as weak:
        raise AccountError(
            AccountErrorCode.PASSWORD_TOO_WEAK, " ".join(weak.messages), field=["input", "password"]
        ) from None


def is_text(value: str) -> bool:
    """Whether a person may have typed it: no control characters, no half characters."""
    return not any(unicodedata.category(character) in {"Cc", "Cs"} for character in value)
