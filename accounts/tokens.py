"""Access and refresh tokens. The only module that knows django-graphql-jwt.

Of that library the framework-neutral parts are used: encoding, decoding and its settings (`settings.GRAPHQL_JWT`
names the three functions below). Its refresh tokens are not: they are stored in clear and their reuse goes unnoticed.
"""

import hashlib
import secrets
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from graphql_jwt.exceptions import JSONWebTokenError
from graphql_jwt.settings import jwt_settings
from graphql_jwt.shortcuts import get_token
from graphql_jwt.utils import get_payload, get_user_by_payload

from accounts.models import User


class TokenInvalid(Exception):
    """An access token that is expired, forged, malformed, or of a user who may not sign in."""


def claims_for(user: User, context: object = None) -> dict[str, Any]:
    """What an access token says: whose it is (by id, which never changes), since when and until when."""
    now = timezone.now()
    return {
        "sub": str(user.pk),
        "iss": jwt_settings.JWT_ISSUER,
        "iat": int(now.timestamp()),
        "exp": int((now + jwt_settings.JWT_EXPIRATION_DELTA).timestamp()),
        "jti": secrets.token_urlsafe(12),
    }


def subject_of(payload: dict[str, Any]) -> str | None:
    """The user id in a decoded access token."""
    return payload.get("sub")


def user_by_subject(subject: str) -> User | None:
    """The user an access token names, if there still is one."""
    try:
        return User.objects.filter(pk=subject).first()
    except (ValueError, TypeError, ValidationError):
        return None


def access_token(user: User) -> tuple[str, datetime]:
    """A signed access token and the moment it expires."""
    token = get_token(user)
    return token, expires_at(token)


def expires_at(token: str) -> datetime:
    """When a valid access token ends; otherwise `TokenInvalid`."""
    return datetime.fromtimestamp(_decoded(token)["exp"], UTC)


def user_of(token: str) -> User:
    """The active user of a valid access token; otherwise `TokenInvalid`. One statement."""
    payload = _decoded(token)
    try:
        user = get_user_by_payload(payload)
    except JSONWebTokenError as error:
        raise TokenInvalid from error
    if user is None:
        raise TokenInvalid
    return user


def _decoded(token: str) -> dict[str, Any]:
    try:
        payload = get_payload(token)
    except (JSONWebTokenError, ValueError, TypeError) as error:
        raise TokenInvalid from error
    if "exp" not in payload:
        raise TokenInvalid
    return payload


def new_refresh_token() -> str:
    """An opaque random token; the database keeps its digest only."""
    return secrets.token_urlsafe(32)


def digest(refresh_token: str) -> str:
    """What is stored of a refresh token. It is random, so a plain hash is enough."""
    return hashlib.sha256(refresh_token.encode(errors="replace")).hexdigest()


def refresh_expires_at() -> datetime:
    """When a refresh token made now ends."""
    return timezone.now() + jwt_settings.JWT_REFRESH_EXPIRATION_DELTA
