"""How news reaches people: inbox rows, e-mails, the doorbell of live followers, and tasks of apps above."""

import logging
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.module_loading import import_string

from notifications.models import Event, Notification, topic_of

logger = logging.getLogger(__name__)


def fill_inboxes(event: Event) -> None:
    """One row for each recipient; again changes nothing."""
    # Whose account ended since is passed over, so that the others are told and nothing comes to one that was erased.
    users = get_user_model().objects.filter(pk__in=event.audience.get("users", []), is_active=True)
    recipients = [Notification(event=event, user_id=pk) for pk in users.values_list("pk", flat=True)]
    recipients += [Notification(event=event, email=address) for address in event.audience.get("emails", [])]
    if recipients:
        Notification.objects.bulk_create(recipients, ignore_conflicts=True)


def ring(event: Event) -> None:
    """Tells every process that the subject, and its audience, have news. A lost bell costs delay: followers poll."""
    users = [topic_of("user", user) for user in event.audience.get("users", [])]
    ring_topics(list(dict.fromkeys([event.topic, *users])))  # a user's own news is for them as well


def ring_topics(topics: list[str]) -> None:
    """The same where there is no event, because nobody needs a history of how far something is. After the commit."""
    try:
        async_to_sync(_ring)(topics)
    except Exception:  # a channel layer that is down must not hold up the rest of the delivery
        logger.warning("No bell for %s: the channel layer does not answer.", ", ".join(topics), exc_info=True)


async def _ring(topics: list[str]) -> None:
    layer = get_channel_layer()
    for topic in topics:
        await layer.group_send(topic, {"type": "bell", "topic": topic})


def reactions(event: Event) -> list[Any]:
    """The tasks of `EVENT_REACTIONS` for this type of event."""
    return [import_string(name) for name in settings.EVENT_REACTIONS.get(event.type, [])]


def send_email(notification: Notification) -> None:
    """Sends the event's texts to the address, then notes that it did: a crash between the two sends it twice.

    An e-mail that holds more than may be read in the inbox, such as a link, has a text of its own.
    """
    event = notification.event
    context = {"event": event, "shop_name": shop_name(), "shop_url": settings.SHOP_URL, **event.payload}
    text = render_to_string([f"events/{event.type}.email.txt", f"events/{event.type}.body.txt"], context).strip()
    html = render_to_string(f"events/{event.type}.email.html", context)
    email_of(notification.email, subject=event.message, text=text, html=html).send()
    # Not `save`, which fails when the person was erased meanwhile, and the row with them.
    Notification.objects.filter(pk=notification.pk).update(emailed_at=timezone.now())


def email_of(address: str, *, subject: str, text: str, html: str) -> EmailMultiAlternatives:
    """An e-mail as the shop sends them. Says that a program wrote it, so that no absence note comes back."""
    headers = {"Auto-Submitted": "auto-generated"}
    message = EmailMultiAlternatives(subject=subject, body=text, to=[address], headers=headers)
    message.attach_alternative(html, "text/html")
    return message


def shop_name() -> str:
    """What e-mails are signed with: the name before the sender's address, else the host of the shop."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[0] or urlsplit(settings.SHOP_URL).netloc
