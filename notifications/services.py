"""What people can do with their inbox; what is held here on a person, and how it is forgotten."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils import timezone

from notifications.models import Event, Notification

if TYPE_CHECKING:
    from accounts.models import User

# So many rows are read, or written, at once.
BATCH = 500


def mark_read(*, actor: "User", notification_ids: Iterable[UUID] | None = None) -> int:
    """Marks these of one's own, or all; others' are passed over. Returns how many were unread. One statement."""
    unread = Notification.objects.filter(user=actor, read_at=None)
    if notification_ids is not None:
        unread = unread.filter(pk__in=notification_ids)
    return unread.update(read_at=timezone.now())


def personal_data(*, user: "User") -> dict[str, Any]:
    """The inbox of somebody, and what they did, when and from where. Named by `settings.PERSONAL_DATA`."""
    inbox = Notification.objects.filter(user=user).select_related("event").order_by("created_at", "pk")
    acts = Event.objects.filter(actor=user).select_related("subject_type").order_by("occurred_at", "pk")
    return {
        "inbox": [
            {
                "type": notification.event.type,
                "title": notification.event.message,
                "body": notification.event.details,
                "received_at": notification.created_at,
                "read_at": notification.read_at,
            }
            for notification in inbox.iterator(BATCH)
        ],
        "acts": [
            {"type": act.type, "about": act.subject_type.model, "at": act.occurred_at, "from": act.origin}
            for act in acts.defer("payload", "audience").iterator(BATCH)
        ],
    }


def told(*, event: Event, user: "User") -> dict[str, Any]:
    """One line of a history, for the person it is about: no link, no secret, and not where others acted from."""
    return {
        "type": event.type,
        "title": event.message,
        "body": event.details,
        "at": event.occurred_at,
        "from": event.origin_for(user.pk),
        "mailed_to": event.audience.get("emails", []),
    }


@transaction.atomic
def forget_person(*, user: "User") -> None:
    """Empties somebody's inbox, and forgets where everything they did was done from. Again changes nothing."""
    Event.objects.filter(actor=user).exclude(origin="").update(origin="")
    Notification.objects.filter(user=user).delete()


@transaction.atomic
def forget_history(*, model: type[models.Model], keys: Iterable[object], user: "User", texts: Collection[str]) -> None:
    """Takes a person out of what happened to these rows: whom it was mailed to, the named `texts` of the payloads, and
    where it was done from, unless somebody else did it. What happened, and when, stays. Again changes nothing.
    """
    history = Event.objects.filter(
        subject_type=ContentType.objects.get_for_model(model), subject_id__in=[str(key) for key in keys]
    )
    event_ids = list(history.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(event_ids), BATCH):
        batch = event_ids[start : start + BATCH]
        # One that is being delivered is waited for; what came of it is deleted then.
        _forget_in(list(Event.objects.select_for_update().filter(pk__in=batch).order_by("pk")), user, texts)
        Notification.objects.filter(event__in=batch, user=None).delete()


def with_origin(*, model: type[models.Model], keys: Iterable[UUID]) -> set[UUID]:
    """Those of these rows whose history still says where something was done from that nobody signed in did."""
    told: set[UUID] = set()
    names = [str(key) for key in keys]
    for start in range(0, len(names), BATCH):
        history = Event.objects.filter(
            subject_type=ContentType.objects.get_for_model(model), subject_id__in=names[start : start + BATCH]
        )
        told.update(
            UUID(key) for key in history.filter(actor=None).exclude(origin="").values_list("subject_id", flat=True)
        )
    return told


def _forget_in(events: list[Event], user: "User", texts: Collection[str]) -> None:
    for event in events:
        event.payload = {name: "" if name in texts else value for name, value in event.payload.items()}
        event.audience = {**event.audience, "emails": []}
        if event.actor_id in (None, user.pk):
            event.origin = ""
    Event.objects.bulk_update(events, ["payload", "audience", "origin"])
