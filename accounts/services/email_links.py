"""Links in e-mails: making one, finding it by its token, using it up."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts import links
from accounts.errors import AccountError, AccountErrorCode
from accounts.models import EmailLink, EmailLinkPurpose


def create(purpose: EmailLinkPurpose, email: str, *, lifetime: timedelta, **fields: Any) -> EmailLink:
    """A link; its token comes to be in the e-mail alone, and is kept nowhere."""
    return EmailLink.objects.create(purpose=purpose, email=email, expires_at=timezone.now() + lifetime, **fields)


def find(purpose: EmailLinkPurpose, token: str) -> EmailLink:
    """The link of a token that was signed for this purpose and has neither expired nor been used; else LINK_INVALID.

    A forged token costs no statement.
    """
    key = links.key_in(purpose.value, token)
    unexpired = EmailLink.objects.filter(purpose=purpose, expires_at__gt=timezone.now()).select_related("user")
    link = unexpired.filter(pk=UUID(key)).first() if key else None
    if link is None:
        raise invalid()
    return link


def use(link: EmailLink) -> None:
    """Deletes it; LINK_INVALID for whoever comes second."""
    held = EmailLink.objects.select_for_update().filter(pk=link.pk).first()
    if held is None:
        raise invalid()
    held.delete()


def invalid() -> AccountError:
    """Why a link cannot be used is not told."""
    return AccountError(
        AccountErrorCode.LINK_INVALID, "The link has expired or was used. Ask for a new one.", field=["token"]
    )
