"""Whose password it is: comparing one, at the same cost whatever the answer."""

from django.contrib.auth.hashers import get_hasher, identify_hasher, is_password_usable, make_password
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts import throttling
from accounts.errors import AccountError, AccountErrorCode
from accounts.models import EmailLink, EmailLinkPurpose, User
from accounts.services import checks

# More registrations of one address than the limits let happen in a day.
MAX_WAITING = 30


def owner_of(email: str, password: str) -> User | None:
    """The active user with this address and password. One password hash, whatever the answer.

    Raises EMAIL_UNVERIFIED when it is the password of a registration whose link was not opened yet. Those of taken
    addresses are kept as well, so that this answer does not tell one from the other.
    """
    user = User.objects.filter(email=email, is_active=True).first() if checks.is_text(email) else None
    if user is not None and is_password_usable(user.password):
        hashed = hashed_like(password, user.password)
        if constant_time_compare(hashed, user.password):
            _strengthen(user, password)
            return user
        waiting = _waiting(email)
    else:
        waiting = _waiting(email)
        hashed = hashed_like(password, waiting[0] if waiting else None)
    if any(constant_time_compare(hashed, other) for other in waiting):
        raise AccountError(
            AccountErrorCode.EMAIL_UNVERIFIED,
            "The e-mail address is not verified yet. Open the link that was sent to it; "
            "accountVerificationResend sends another.",
            field=["email"],
        )
    return None


def hashed_for(email: str, password: str) -> str:
    """The hash to keep of a registration's password: with the salt of whatever password the address has already.

    That is what lets `owner_of` compare all of them at the cost of one.
    """
    owners = User.objects.filter(email=email).values_list("password", flat=True)
    known = [hashed for hashed in [*owners, *_waiting(email)] if is_password_usable(hashed)]
    return hashed_like(password, known[0] if known else None)


def hashed_like(password: str, other: str | None) -> str:
    """A hash of the password, comparable with the other one; a fresh one without. What is too long is cut, so that it
    costs no more: it can be nobody's."""
    if len(password) > checks.MAX_PASSWORD:
        password, other = password[: checks.MAX_PASSWORD], None
    if other is None:
        return make_password(password)
    hasher = identify_hasher(other)
    parameters = hasher.decode(other)
    known = {name: parameters[name] for name in ("salt", "iterations") if name in parameters}
    hashed = hasher.encode(password, **known)
    hasher.harden_runtime(password, other)  # one that was made when hashing was cheaper takes as long as a new one
    return hashed


def confirm(user: User, password: str, *, field: list[str]) -> None:
    """Refuses whoever holds the session but does not know its password."""
    throttling.CONFIRM.count(user.email)
    if not constant_time_compare(hashed_like(password, _usable(user.password)), user.password):
        raise AccountError(AccountErrorCode.PASSWORD_WRONG, "This is not your password.", field=field)
    throttling.CONFIRM.forgive(user.email)


def _strengthen(user: User, password: str) -> None:
    """Hashes anew what was hashed when that was cheaper, as Django does when somebody signs in."""
    hasher = identify_hasher(user.password)
    if hasher.algorithm != get_hasher().algorithm or hasher.must_update(user.password):
        hashed = make_password(password)
        User.objects.filter(pk=user.pk, password=user.password).update(password=hashed)
        user.password = hashed


def _usable(hashed: str) -> str | None:
    return hashed if is_password_usable(hashed) else None


def waiting_for(email: str) -> list[EmailLink]:
    """The registrations of an address whose links were not opened, newest first."""
    links = EmailLink.objects.filter(
        email=email, purpose=EmailLinkPurpose.VERIFY_EMAIL, expires_at__gt=timezone.now()
    ).exclude(password="")
    return list(links.order_by("-created_at")[:MAX_WAITING])


def _waiting(email: str) -> list[str]:
    return [link.password for link in waiting_for(email)] if checks.is_text(email) else []
