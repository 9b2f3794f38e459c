"""Celery entry points: one event delivered, one e-mail sent, and the sweep for whatever was left lying."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from notifications import delivery
from notifications.models import Event, Notification

# Younger events are still on their ordinary way.
SWEEP_AFTER = timedelta(seconds=10)
SWEEP_BATCH = 500
# By then a mail server that answers has taken the e-mail, retries included; after a day nobody waits for it.
EMAIL_SWEEP_AFTER = timedelta(minutes=10)
EMAIL_GIVEN_UP_AFTER = timedelta(days=1)


@shared_task
def dispatch(*, event_id: str, **_: Any) -> None:
    """Delivers one event to everybody. May run twice: every step either does nothing again or does no harm."""
    # Locked, so that nobody is written to whom `services.forget_history` has just taken out of it.
    with transaction.atomic(savepoint=False):
        undelivered = Event.objects.select_related("subject_type").select_for_update(of=("self",))
        event = undelivered.filter(pk=event_id, dispatched_at=None).first()
        if event is None:  # delivered before, or forgotten together with its subject
            return
        delivery.fill_inboxes(event)
    delivery.ring(event)
    for reaction in delivery.reactions(event):
        reaction.delay(event_id=event_id, subject_id=event.subject_id)
    if event.audience["emails"]:
        for notification in event.notifications.filter(user=None, emailed_at=None):
            send_email.delay(notification_id=str(notification.pk))
    Event.objects.filter(pk=event_id).update(dispatched_at=timezone.now())


@shared_task(autoretry_for=(OSError,), retry_backoff=5, max_retries=5)
def send_email(*, notification_id: str, **_: Any) -> None:
    """Sends one e-mail, unless it was sent."""
    notification = Notification.objects.select_related("event").filter(pk=notification_id, emailed_at=None).first()
    if notification is not None:  # sent before, or forgotten
        delivery.send_email(notification)


@shared_task
def sweep(**_: Any) -> int:
    """Delivers again what was recorded but never delivered: its process died, or the broker was away."""
    left = Event.objects.filter(dispatched_at=None, occurred_at__lt=timezone.now() - SWEEP_AFTER)
    event_ids = list(left.order_by("occurred_at").values_list("pk", flat=True)[:SWEEP_BATCH])
    for event_id in event_ids:
        dispatch.delay(event_id=str(event_id))
    return len(event_ids)


@shared_task
def sweep_emails(**_: Any) -> int:
    """Sends what was enqueued and lost: its worker died, or the broker forgot. Newest first, so that addresses no
    server takes cannot fill every batch."""
    now = timezone.now()
    unsent = Notification.objects.filter(
        user=None, emailed_at=None, created_at__range=(now - EMAIL_GIVEN_UP_AFTER, now - EMAIL_SWEEP_AFTER)
    )
    notification_ids = list(unsent.order_by("-created_at").values_list("pk", flat=True)[:SWEEP_BATCH])
    for notification_id in notification_ids:
        send_email.delay(notification_id=str(notification_id))
    return len(notification_ids)
