"""Access and refresh tokens. The only module that knows django-graphql-jwt.

Of that library the framework-neutral parts are used: the way from a token to its user, and its settings
(`settings.GRAPHQL_JWT` names the functions below). Its refresh tokens are not: they are stored in clear and their
reuse goes unnoticed.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.crypto import salted_hmac
from graphql_jwt.exceptions import JSONWebTokenError
from graphql_jwt.settings import jwt_settings
from graphql_jwt.shortcuts import get_token
from graphql_jwt.utils import get_payload, get_user_by_payload

from accounts.models import Session, User

# RFC 9068: no JWT of another kind is taken for an access token.
TYPE = "at+jwt"
CLAIMS = ["sub", "sid", "iss", "iat", "exp", "jti"]


class TokenInvalid(Exception):
    """An access token that is expired, forged, malformed, or of a session that has ended."""


# ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Key:
    """What signs access tokens. `id` is the token's `kid`; each key is accepted with its own algorithm only."""

    id: str
    algorithm: str
    signing: Any
    verifying: Any


@lru_cache(maxsize=8)
def _read_keys(texts: tuple[str, ...]) -> dict[str, Key]:
    keys = [_read_key(text) for text in texts]
    if not keys:
        raise ImproperlyConfigured("JWT_KEYS is empty: nothing could sign access tokens.")
    return {key.id: key for key in keys}


def _read_key(text: str) -> Key:
    algorithm, _, material = text.partition(":")
    if algorithm == "HS256" and len(material) >= 32:
        secret = material.encode()
        return Key(hmac.digest(secret, b"kid", "sha256").hex()[:12], algorithm, secret, secret)
    if algorithm == "EdDSA":
        try:
            private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(material, validate=True))
        except ValueError:
            raise ImproperlyConfigured("JWT_KEYS: an EdDSA key is 32 random bytes in base64.") from None
        public = private.public_key()
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return Key(hashlib.sha256(raw).hexdigest()[:12], algorithm, private, public)
    raise ImproperlyConfigured(
        "JWT_KEYS: a key is `HS256:<at least 32 characters>` or `EdDSA:<base64 of 32 bytes>`. "
        "Where it is not set, SECRET_KEY is the key and needs as many characters."
    )


def keys() -> dict[str, Key]:
    """The keys of `settings.JWT_KEYS` by id, newest first; ImproperlyConfigured when one cannot be read."""
    return _read_keys(tuple(settings.JWT_KEYS))


# ── Access tokens ────────────────────────────────────────────────────────────────────────────────────────────────────
def claims_for(user: User, context: object = None) -> dict[str, Any]:
    """What an access token says: whose it is and of which session (by id), since when and until when."""
    now = timezone.now()
    return {
        "sub": str(user.pk),
        "sid": str(user.session_id),
        "iss": jwt_settings.JWT_ISSUER,
        "iat": int(now.timestamp()),
        "exp": int((now + jwt_settings.JWT_EXPIRATION_DELTA).timestamp()),
        "jti": secrets.token_urlsafe(12),
    }


def encode(payload: dict[str, Any], context: object = None) -> str:
    """Signed with the newest key."""
    key = next(iter(keys().values()))
    return jwt.encode(payload, key.signing, key.algorithm, headers={"kid": key.id, "typ": TYPE})


def decode(token: str, context: object = None) -> dict[str, Any]:
    """The claims of a token that one of our keys signed and that has not expired; otherwise a `jwt` error."""
    header = jwt.get_unverified_header(token)
    key = keys().get(header.get("kid", ""))
    if key is None or header.get("typ") != TYPE:
        raise jwt.InvalidTokenError("Not signed by a key of ours, or not an access token.")
    return jwt.decode(
        token, key.verifying, algorithms=[key.algorithm], issuer=jwt_settings.JWT_ISSUER, options={"require": CLAIMS}
    )


def session_in(payload: dict[str, Any]) -> tuple[str, str]:
    """The ids of the user and of the session in decoded claims."""
    return payload["sub"], payload["sid"]


def user_of_session(ids: tuple[str, str]) -> User | None:
    """The active user whose session this is, if it has not ended. One statement."""
    try:
        user_id, session_id = map(UUID, ids)
    except (ValueError, TypeError, AttributeError):
        return None
    user = User.objects.filter(pk=user_id, sessions__pk=session_id, sessions__ended_at=None).first()
    if user is not None:
        user.session_id = session_id
    return user


def access_token(user: User, session: Session) -> tuple[str, datetime]:
    """A signed access token of the session and the moment it expires."""
    user.session_id = session.pk
    token = get_token(user)
    return token, expires_at(token)


def expires_at(token: str) -> datetime:
    """When a valid access token ends; otherwise `TokenInvalid`."""
    return datetime.fromtimestamp(_decoded(token)["exp"], UTC)


def user_of(token: str) -> User:
    """The active user of a valid access token; otherwise `TokenInvalid`. One statement."""
    try:
        user = get_user_by_payload(_decoded(token))
    except JSONWebTokenError as error:
        raise TokenInvalid from error
    if user is None:
        raise TokenInvalid
    return user


def _decoded(token: str) -> dict[str, Any]:
    try:
        return get_payload(token)
    except (JSONWebTokenError, ValueError, TypeError) as error:
        raise TokenInvalid from error


# ── Refresh tokens ───────────────────────────────────────────────────────────────────────────────────────────────────
def new_refresh_token() -> str:
    """An opaque random token; the database keeps its digest only."""
    return secrets.token_urlsafe(32)


def successor_of(refresh_token: str) -> str:
    """What replaces a refresh token once it is used: always the same, and nothing that can be told without our key."""
    derived = salted_hmac("accounts.tokens.successor", refresh_token.encode(), algorithm="sha256").digest()
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()


def digest(refresh_token: str) -> str:
    """What is stored of a refresh token. It is random, so a plain hash is enough."""
    return hashlib.sha256(refresh_token.encode(errors="replace")).hexdigest()


def refresh_expires_at() -> datetime:
    """When a refresh token made now ends."""
    return timezone.now() + jwt_settings.JWT_REFRESH_EXPIRATION_DELTA
