"""What happened (`Event`) and who was told (`Notification`)."""

import uuid
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db import models
from django.template.loader import render_to_string

if TYPE_CHECKING:
    from accounts.models import User


class Event(models.Model):
    """One thing that happened to one subject: at once history, audit trail, outbox and the source of every push.

    Append-only, written by `outbox.record` alone; later `dispatched_at` is written, and what was personal is blanked
    when the person is erased.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    type = models.CharField(max_length=64)
    subject_type = models.ForeignKey(ContentType, models.PROTECT)
    subject_id = models.CharField(max_length=36)
    subject = GenericForeignKey("subject_type", "subject_id")
    seq = models.PositiveIntegerField(help_text="1, 2, 3 … for each subject, without a gap.")
    payload = models.JSONField(default=dict)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    role = models.CharField(
        max_length=20,
        blank=True,
        help_text="As what the actor did it, also one who is not signed in: CUSTOMER, STAFF …",
    )
    origin = models.CharField(max_length=45, blank=True, help_text="The IP address the request came from.")
    # {"users": [id, …], "emails": [address, …]}: chosen by whoever recorded the event.
    audience = models.JSONField(default=dict)
    occurred_at = models.DateTimeField(auto_now_add=True)
    dispatched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "seq"], name="event_seq_is_unique_per_subject"
            ),
            models.CheckConstraint(condition=models.Q(seq__gte=1), name="event_seq_starts_at_one"),
        ]
        indexes = [
            models.Index(fields=["occurred_at"], condition=models.Q(dispatched_at=None), name="event_undispatched"),
            models.Index(fields=["type", "-occurred_at"], name="event_by_type"),
        ]

    def __str__(self) -> str:
        return f"{self.type} #{self.seq}"

    def origin_for(self, person: object) -> str:
        """Where it was done from, as far as the person with this key may know: not where somebody else did it."""
        return self.origin if self.actor_id is None or str(self.actor_id) == str(person) else ""

    @property
    def origin_for_subject(self) -> str:
        """The same for the person it happened to: what e-mails say."""
        return self.origin_for(self.subject_id)

    @property
    def topic(self) -> str:
        """The name under which the subject's followers are rung."""
        return topic_of(self.subject_type.model, self.subject_id)

    @property
    def message(self) -> str:
        """What happened, in one sentence."""
        return self._text("title")

    @property
    def details(self) -> str:
        """What happened, in a paragraph: the body of a notification or an e-mail."""
        return self._text("body")

    def _text(self, part: str) -> str:
        return render_to_string(f"events/{self.type}.{part}.txt", {"event": self, **self.payload}).strip()


def history_of(row: models.Model) -> "models.QuerySet[Event]":
    """Everything that happened to a row, which outlives it."""
    return Event.objects.filter(subject_type=ContentType.objects.get_for_model(row), subject_id=str(row.pk))


def topic_of(model_name: str, pk: object) -> str:
    """`order.<id>`, `user.<id>`: the channel group that is rung when something happens to this row."""
    return f"{model_name}.{pk}"


def subjects_visible_to(user: "User | AnonymousUser") -> "GenericPrefetch[Any]":
    """Loads the subjects of notifications' events, one statement a type, leaving out what `user` may not see."""
    seen = [
        model._default_manager.visible_to(user)
        for model in apps.get_models()
        if hasattr(model._default_manager, "visible_to")
    ]
    return GenericPrefetch("event__subject", seen)


class Notification(models.Model):
    """One event, told to one recipient: a user's inbox row, or an e-mail to an address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event = models.ForeignKey(Event, models.CASCADE, related_name="notifications")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="notifications"
    )
    email = models.EmailField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)
    emailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event", "user"], condition=models.Q(user__isnull=False), name="notification_once_per_user"
            ),
            models.UniqueConstraint(
                fields=["event", "email"], condition=models.Q(user=None), name="notification_once_per_address"
            ),
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, email="") | (models.Q(user=None) & ~models.Q(email="")),
                name="notification_to_a_user_or_an_address",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at", "id"], name="notification_inbox"),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notification_unread"),
            models.Index(
                fields=["created_at"], condition=models.Q(user=None, emailed_at=None), name="notification_unsent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.user or self.email}"
