"""Signing in, staying signed in, signing out: one device or all."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from accounts import events, throttling, tokens
from accounts.errors import AccountError, AccountErrorCode
from accounts.models import RefreshToken, Session, User, normalize_email
from accounts.services import credentials
from notifications import origin, outbox

# An answer that was lost on the way may be asked for again within this.
RETRY_WITHIN = timedelta(seconds=10)


@dataclass(frozen=True)
class Tokens:
    """What a client keeps after signing in."""

    user: User
    access_token: str
    expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime


def sign_in(*, email: str, password: str) -> Tokens:
    """A session for the owner of the password. Wrong address and wrong password are one refusal, equally slow.

    EMAIL_UNVERIFIED is for whoever knows the password of a registration whose link was not opened yet.
    """
    email = normalize_email(email)
    throttling.SIGN_IN.count(email)
    user = credentials.owner_of(email, password)
    opened = _opened_with_password(user) if user else None
    if opened is None:
        raise AccountError(
            AccountErrorCode.INVALID_CREDENTIALS, "The e-mail address or the password is not right.", field=["email"]
        )
    throttling.SIGN_IN.forgive(email)
    throttling.remember_client(email)
    return opened


def sign_in_to_admin(*, email: str, password: str) -> User | None:
    """The member of staff with this password, for a session of the admin's own; None for everybody else.

    Counted and recorded like every sign-in.
    """
    email = normalize_email(email)
    throttling.SIGN_IN.count(email)
    try:
        user = credentials.owner_of(email, password)
    except AccountError:
        user = None
    if user is None or not user.is_staff or not _recorded(user):
        return None
    throttling.SIGN_IN.forgive(email)
    throttling.remember_client(email)
    return user


def refresh(*, refresh_token: str) -> Tokens:
    """The session goes on: a new access token, and a new refresh token in place of the one given.

    The same token again within ten seconds gets the same successor: its answer was lost. Later it is somebody's copy,
    and the session ends, for the thief and for the owner.
    """
    renewed = _rotate(refresh_token)
    if renewed is None:
        raise AccountError(
            AccountErrorCode.REFRESH_TOKEN_INVALID,
            "The refresh token has expired or was used, or the session has ended. Sign in again.",
            field=["refreshToken"],
        )
    return renewed


@transaction.atomic
def sign_out(*, refresh_token: str) -> bool:
    """Ends the session of the token at once, access tokens included; False when there is none."""
    held = _held(refresh_token)
    if held is None or not end(held.session):
        return False
    user = held.session.user
    outbox.record(events.SignedOut(session_id=str(held.session_id)), about=user, actor=user)
    return True


@transaction.atomic
def revoke_session(*, actor: User, session_id: UUID) -> Session:
    """Ends one of one's own sessions; again changes nothing."""
    user = User.objects.select_for_update().get(pk=actor.pk)
    session = Session.objects.filter(user=user, pk=session_id).first()
    if session is None:
        raise AccountError(AccountErrorCode.NOT_FOUND, "You have no such session.", field=["id"])
    if end(session):
        outbox.record(events.SessionRevoked(session_id=str(session.pk)), about=user, actor=actor)
    return session


@transaction.atomic
def revoke_all(*, actor: User) -> int:
    """Ends every session of one's own, the one at hand included. Returns how many were open."""
    user = User.objects.select_for_update().get(pk=actor.pk)
    count = end_all(user)
    outbox.record(events.SessionsRevoked(count=count), about=user, actor=actor)
    return count


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


def open_session(user: User) -> Tokens:
    """A new session of somebody whose row is locked."""
    now = timezone.now()
    session = Session.objects.create(
        user=user,
        user_agent=origin.current().user_agent,
        address=origin.current().address,
        last_used_at=now,
        expires_at=tokens.refresh_expires_at(),
    )
    refresh_token = tokens.new_refresh_token()
    _keep(session, refresh_token)
    return _handed_out(session, refresh_token)


def end_all(user: User) -> int:
    """Ends every session of somebody whose row is locked; returns how many were open. Sockets close when the event
    that is recorded rings."""
    now = timezone.now()
    count = Session.objects.filter(user=user).open().count()
    Session.objects.filter(user=user, ended_at=None).update(ended_at=now)
    user.sessions_ended_at = now  # what those of the admin look at
    user.save(update_fields=["sessions_ended_at"])
    return count


def end(session: Session) -> bool:
    """Ends one session of somebody whose row is locked; False when it had ended already."""
    return Session.objects.filter(pk=session.pk, ended_at=None).update(ended_at=timezone.now()) > 0


@transaction.atomic
def _recorded(user: User) -> bool:
    if not User.objects.filter(pk=user.pk, password=user.password, is_active=True, is_staff=True).update(
        last_login=timezone.now()
    ):
        return False
    outbox.record(events.SignedInToAdmin(), about=user, actor=user)
    return True


@transaction.atomic
def _opened_with_password(user: User) -> Tokens | None:
    now = timezone.now()
    # Locks the row, and finds out whether the password that was compared is still the account's.
    if not User.objects.filter(pk=user.pk, password=user.password, is_active=True).update(last_login=now):
        return None
    user.last_login = now
    opened = open_session(user)
    outbox.record(events.SignedIn(session_id=str(user.session_id)), about=user, actor=user)
    return opened


@transaction.atomic
def _rotate(refresh_token: str) -> Tokens | None:
    held = _held(refresh_token)
    now = timezone.now()
    if held is None or held.expires_at <= now or held.session.ended_at or not held.session.user.is_active:
        return None
    successor = tokens.successor_of(refresh_token)
    if held.used_at is None:
        held.used_at = now
        held.save(update_fields=["used_at"])
        _keep(held.session, successor)
        _note_use(held.session, now)
    elif not _is_retry(held, successor, now):
        end(held.session)
        user = held.session.user
        outbox.record(events.RefreshTokenReused(), about=user, users=[user.pk], emails=[user.email])
        return None
    return _handed_out(held.session, successor)


def _held(refresh_token: str) -> RefreshToken | None:
    """The token's row, with its user locked: whatever is done to one session happens after the other, so that no
    successor can be made behind the back of a revocation."""
    digest = tokens.digest(refresh_token)
    owner = User.objects.select_for_update(of=("self",)).filter(sessions__refresh_tokens__digest=digest).first()
    if owner is None:
        return None
    held = RefreshToken.objects.select_related("session").get(digest=digest)
    held.session.user = owner
    return held


def _is_retry(held: RefreshToken, successor: str, now: datetime) -> bool:
    """Whether the answer may have been lost: a moment ago, and nobody has used the successor."""
    if held.used_at is None or now - held.used_at > RETRY_WITHIN:
        return False
    unused = RefreshToken.objects.filter(session=held.session, used_at=None)
    return unused.filter(digest=tokens.digest(successor)).exists()


def _keep(session: Session, refresh_token: str) -> None:
    RefreshToken.objects.create(
        session=session, digest=tokens.digest(refresh_token), expires_at=tokens.refresh_expires_at()
    )


def _note_use(session: Session, now: datetime) -> None:
    session.last_used_at = now
    session.expires_at = tokens.refresh_expires_at()
    session.address = origin.current().address
    session.user_agent = origin.current().user_agent
    session.save(update_fields=["last_used_at", "expires_at", "address", "user_agent"])


def _handed_out(session: Session, refresh_token: str) -> Tokens:
    access_token, expires_at = tokens.access_token(session.user, session)
    return Tokens(
        user=session.user,
        access_token=access_token,
        expires_at=expires_at,
        refresh_token=refresh_token,
        refresh_expires_at=session.expires_at,
    )
