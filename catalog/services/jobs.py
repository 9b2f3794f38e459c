"""Imports and exports in the background: begun, taken up again when their worker died, cleared away."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import links
from catalog import events, importing, models
from catalog.errors import CatalogError, CatalogErrorCode
from catalog.importing import FileFormat
from catalog.services import access, exporting, job_files
from catalog.services.importing import ImportPolicy
from notifications import outbox

if TYPE_CHECKING:
    from accounts.models import User

# A worker that was not heard of for so long is dead.
SILENCE = timedelta(seconds=60)
# What has not begun by then was lost on the way to a worker, or waits for one that is busy.
WAITS_AT_MOST = timedelta(seconds=60)
# So often a job is taken up; one that has brought three workers down would bring down the next.
ATTEMPTS = 3
KEPT = timedelta(days=30)
BATCH = 100
_UNDER_WAY = (models.JobStatus.QUEUED, models.JobStatus.RUNNING)
_LINK = "job-file"


# ── Begun ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def start_import(*, actor: "User", file: "UploadedFile[Any]", format: FileFormat, policy: ImportPolicy) -> models.Job:
    """Keeps the file and has it imported. FILE_TOO_LARGE, FILE_INVALID for what is no such file at all,
    JOB_IN_PROGRESS while another job of the actor's is under way. After a refusal no file is left."""
    _refuse_second(actor)
    if (file.size or 0) > settings.MAX_IMPORT_BYTES:
        most = settings.MAX_IMPORT_BYTES // 1024 // 1024
        raise CatalogError(
            CatalogErrorCode.FILE_TOO_LARGE, f"The file has more than {most} MB. Split it.", field=["file"]
        )
    try:
        importing.look_at(cast("BinaryIO", file), name="The file", format=format)
    except importing.UnreadableFileError as error:
        raise CatalogError(CatalogErrorCode.FILE_INVALID, str(error), field=["file"]) from error
    file.seek(0)
    # The storage may be far away: no transaction waits for it.
    source = job_files.storage().save(f"jobs/{uuid4()}", cast("File[Any]", file))
    try:
        options = {"format": format.value, "policy": policy.value}
        job = _start(actor, models.JobKind.IMPORT, options, source=source)
    except BaseException:
        job_files.storage().delete(source)
        raise
    return _as_it_is_now(job)


def start_export(*, actor: "User", format: FileFormat, filtered_by: Mapping[str, Any]) -> models.Job:
    """Has the products the actor keeps written into a file. INVALID for filters that cannot be read, JOB_IN_PROGRESS
    while another job of the actor's is under way."""
    exporting.narrowed(models.Product.objects.all(), filtered_by)
    return _as_it_is_now(_start(actor, models.JobKind.EXPORT, {"format": format.value, "filters": dict(filtered_by)}))


@transaction.atomic
def _start(actor: "User", kind: models.JobKind, options: Mapping[str, Any], *, source: str = "") -> models.Job:
    access.person(actor)
    _refuse_second(actor)
    job = models.Job.objects.create(kind=kind, owner=actor, options=dict(options), source=source)
    started = events.JobStarted(job_id=str(job.pk), kind=kind.label.lower())
    outbox.record(started, about=job, actor=actor)
    return job


def _as_it_is_now(job: models.Job) -> models.Job:
    """Where no broker is, the commit has had the job done already."""
    job.refresh_from_db()
    return job


def _refuse_second(actor: "User") -> None:
    if models.Job.objects.filter(owner=actor, status__in=_UNDER_WAY).exists():
        raise CatalogError(
            CatalogErrorCode.JOB_IN_PROGRESS,
            "An import or export of yours is under way. Wait until it is finished, then start the next.",
            retryable=True,
        )


# ── Claimed by a worker ──────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def claim(*, job_id: UUID | str) -> models.Job | None:
    """The job, which is this worker's from now on: `started_at` is what it shows for it. None if it is finished, or
    another worker's that lives. One that was taken up too often is ended."""
    job = models.Job.objects.select_for_update(no_key=True).filter(pk=job_id).first()
    now = timezone.now()
    if job is None or job.status not in _UNDER_WAY:
        return None
    if job.status == models.JobStatus.RUNNING and job.beat_at and job.beat_at > now - SILENCE:
        return None
    job.options["attempts"] = job.options.get("attempts", 0) + 1
    if job.options["attempts"] > ATTEMPTS:
        message = f"Its worker was lost {ATTEMPTS} times. What was imported until then stays; try a smaller file."
        job.status, job.message, job.finished_at = models.JobStatus.FAILED, message, now
    else:
        job.status, job.started_at, job.beat_at = models.JobStatus.RUNNING, now, now
        job.done, job.counts = 0, {}
    job.save()
    transaction.on_commit(partial(job_files.ring, job), robust=True)
    if job.status == models.JobStatus.FAILED:
        transaction.on_commit(partial(job_files.delete, job.source), robust=True)
        return None
    return job


def give_back(*, job: models.Job) -> None:
    """Lets another worker have the job at once, if it is still this one's."""
    mine = models.Job.objects.filter(pk=job.pk, status=models.JobStatus.RUNNING, started_at=job.started_at)
    mine.update(status=models.JobStatus.QUEUED)


def lost() -> list[UUID]:
    """The jobs that wait for nobody: their worker died, or the news of them never reached one."""
    now = timezone.now()
    silent = Q(status=models.JobStatus.RUNNING, beat_at__lt=now - SILENCE)
    forgotten = Q(status=models.JobStatus.QUEUED, created_at__lt=now - WAITS_AT_MOST)
    found = models.Job.objects.filter(silent | forgotten).order_by("created_at")
    return list(found.values_list("pk", flat=True)[:BATCH])


# ── Read ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def owned(*, actor: "User") -> QuerySet[models.Job]:
    """The actor's own, newest first."""
    return models.Job.objects.filter(owner=actor).order_by("-created_at", "-pk")


def link_token(*, job: models.Job, which: str) -> str:
    """What the link to a file of the job carries, "report" or "result", for an hour from now."""
    return links.passing_token(_LINK, f"{job.pk}:{which}")


def file_behind(*, token: str) -> "tuple[File[Any], str] | None":
    """The file of a link, and what to call it; None if there is no such file any more."""
    key = links.key_in_passing(_LINK, token, seconds=links.EXPORT_LINK_SECONDS)
    if key is None:
        return None
    job_id, _, which = key.partition(":")
    job = models.Job.objects.filter(pk=job_id, owner__is_active=True).first()
    name = job and {"report": job.report, "result": job.result}[which]
    if not job or not name:
        return None
    try:
        file = job_files.storage().open(name)
    except FileNotFoundError:
        return None
    ending = job_files.ENDINGS[FileFormat(job.options["format"])]
    what = "products" if which == "result" else "report"
    return file, f"{what}-{job.created_at:%Y-%m-%d}.{ending}"


# ── Cleared away ─────────────────────────────────────────────────────────────────────────────────────────────────────
def purge() -> int:
    """Deletes jobs after a month, with their files; returns how many. Again changes nothing."""
    count = 0
    old = models.Job.objects.filter(created_at__lt=timezone.now() - KEPT).exclude(status__in=_UNDER_WAY)
    while jobs := list(old.order_by("created_at")[:BATCH]):
        for job in jobs:
            # First the files: a row without them can be deleted again, files without a row nobody finds.
            for name in (job.source, job.result, job.report):
                job_files.delete(name)
        models.Job.objects.filter(pk__in=[job.pk for job in jobs]).delete()
        count += len(jobs)
    return count
