"""Links in e-mails: making one, finding it by its token, using it up."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.utils import timezone

from accounts import links
from accounts.errors import AccountError, AccountErrorCode
from accounts.models import EmailLink, EmailLinkPurpose
from notifications.models import Event


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
    if not delete(EmailLink.objects.filter(pk=link.pk)):
        raise invalid()


def delete(links: QuerySet[EmailLink]) -> int:
    """Deletes them with all that is known of them; returns how many there were. Their events are locked first: one
    that is being delivered is waited for, so that nothing comes to be that names a link which is gone."""
    held = list(links.select_for_update(of=("self",)).order_by("pk"))
    about = Event.objects.filter(
        subject_type=ContentType.objects.get_for_model(EmailLink), subject_id__in=[str(link.pk) for link in held]
    )
    list(about.select_for_update().order_by("pk").values_list("pk"))
    EmailLink.objects.filter(pk__in=[link.pk for link in held]).delete()
    return len(held)


def invalid() -> AccountError:
    """Why a link cannot be used is not told."""
    return AccountError(
        AccountErrorCode.LINK_INVALID, "The link has expired or was used. Ask for a new one.", field=["token"]
    )
