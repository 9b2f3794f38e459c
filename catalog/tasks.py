"""Celery entry points of the catalogue."""

from typing import Any

from celery import shared_task
from django.db import OperationalError

from catalog.services import images, job_runs, jobs, privacy, stock_alerts
from notifications.models import Event


# ── Stock ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@shared_task(autoretry_for=(Exception,), retry_backoff=5, max_retries=5)
def answer_stock_alerts(*, subject_id: str, **_: Any) -> None:
    """A variant is back: whoever waits for it is told."""
    stock_alerts.answer(variant_id=int(subject_id))


@shared_task
def answer_open_stock_alerts(**_: Any) -> int:
    """The same, for those whom no news reached."""
    return stock_alerts.answer_open()


# ── Pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@shared_task(autoretry_for=(Exception,), retry_backoff=5, max_retries=5)
def make_thumbnails(*, event_id: str, **_: Any) -> None:
    """Pictures were added: their thumbnails are made."""
    for image_id in Event.objects.get(pk=event_id).payload["image_ids"]:
        images.make_thumbnails(image_id=image_id)


@shared_task
def make_missing_thumbnails(**_: Any) -> int:
    """The same, for some of those that still have none."""
    return images.make_missing_thumbnails(most=100)


# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@shared_task(autoretry_for=(Exception,), retry_backoff=5, max_retries=5)
def forget_customer(*, subject_id: str, **_: Any) -> None:
    """Somebody erased their account: what only they had use for goes."""
    privacy.forget_customer(user_id=subject_id)


@shared_task
def forget_erased_customers(**_: Any) -> int:
    """The same, for whomever the news did not reach."""
    return privacy.forget_erased_customers()


# ── Imports and exports ──────────────────────────────────────────────────────────────────────────────────────────────
# Longer than a run takes, and shorter than the hour after which Redis gives a task to another worker.
_LONG: dict[str, Any] = {
    "time_limit": job_runs.RUN_SECONDS + 300,
    "autoretry_for": (OperationalError,),
    "retry_backoff": 5,
    "max_retries": jobs.ATTEMPTS,
}


@shared_task(**_LONG)
def begin_job(*, event_id: str, **_: Any) -> None:
    """Somebody asked for an import or an export."""
    job_runs.run(job_id=Event.objects.get(pk=event_id).payload["job_id"])


@shared_task(**_LONG)
def resume_job(*, job_id: str, **_: Any) -> None:
    """The same for one that was lost."""
    job_runs.run(job_id=job_id)


@shared_task
def sweep_jobs(**_: Any) -> int:
    """Has those taken up again whose worker died, or whom no worker heard of."""
    job_ids = jobs.lost()
    for job_id in job_ids:
        resume_job.delay(job_id=str(job_id))
    return len(job_ids)


@shared_task
def purge_jobs(**_: Any) -> int:
    """Deletes old jobs and their files."""
    return jobs.purge()
