"""Celery entry points of the catalogue."""

from typing import Any

from celery import shared_task

from catalog.services import privacy, stock_alerts
from notifications.models import Event


# ── Stock ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@shared_task(autoretry_for=(Exception,), retry_backoff=5, max_retries=5)
def answer_stock_alerts(*, event_id: str, **_: Any) -> None:
    """A variant is back: whoever waits for it is told."""
    variant_id = Event.objects.values_list("subject_id", flat=True).get(pk=event_id)
    stock_alerts.answer(variant_id=int(variant_id))


@shared_task
def answer_open_stock_alerts(**_: Any) -> int:
    """The same, for those whom no news reached."""
    return stock_alerts.answer_open()


# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@shared_task(autoretry_for=(Exception,), retry_backoff=5, max_retries=5)
def forget_customer(*, event_id: str, **_: Any) -> None:
    """Somebody erased their account: what only they had use for goes."""
    privacy.forget_customer(user_id=Event.objects.values_list("subject_id", flat=True).get(pk=event_id))


@shared_task
def forget_erased_customers(**_: Any) -> int:
    """The same, for whomever the news did not reach."""
    return privacy.forget_erased_customers()
