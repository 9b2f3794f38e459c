"""Celery entry points: the copy of somebody's data, and the daily clearing away."""

from typing import Any

from celery import shared_task

from accounts.services import privacy
from notifications.models import Event


@shared_task(autoretry_for=(Exception,), retry_backoff=5, max_retries=5)
def make_data_export(*, event_id: str, **_: Any) -> None:
    """Somebody asked for their data."""
    privacy.make_export(export_id=Event.objects.get(pk=event_id).payload["export_id"])


@shared_task
def purge(**_: Any) -> int:
    """Deletes what has expired."""
    return privacy.purge()
