"""What a worker does with a job, and how it says how far it is."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from tempfile import TemporaryFile
from typing import Any, Protocol
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from catalog import importing, models
from catalog.importing import FileFormat, RowProblem
from catalog.permissions import CatalogPermission
from catalog.services import exporting, job_files, jobs
from catalog.services.importing import ImportPolicy, import_products

# A run is given up before the time limit of its task kills it.
RUN_SECONDS = 3000


class _Superseded(Exception):
    """Another worker took the job up, because this one was silent for too long."""


class _TooLongError(Exception):
    """The run has had its time."""


class _Advance(Protocol):
    total: int
    done: int
    counts: Any


def run(*, job_id: UUID | str) -> None:
    """Does what a job asks for, unless it is finished or another worker's. Again does no harm: what an import has
    written is unchanged then, one that is all or nothing has written nothing, an export is written anew."""
    job = jobs.claim(job_id=job_id)
    if job is None:
        return
    try:
        if not job.owner.is_active or not job.owner.has_perm(CatalogPermission.MANAGE_PRODUCTS):
            _fail(job, "You may no longer keep products.")
        elif job.kind == models.JobKind.IMPORT:
            _import(job)
        else:
            _export(job)
    except _Superseded:
        return
    except importing.UnreadableFileError as error:
        _fail(job, str(error)[:1000])
    except _TooLongError:
        minutes = RUN_SECONDS // 60
        _fail(job, f"This took more than {minutes} minutes. Split the file; what was imported until then stays.")
    except OperationalError:
        # Of two that wait for each other the database ends one: its task tries again, else the sweep sees to it.
        jobs.give_back(job=job)
        raise
    except Exception:
        _fail(job, "Something went wrong on our side. It was logged.")
        raise


# ── An import ────────────────────────────────────────────────────────────────────────────────────────────────────────
def _import(job: models.Job) -> None:
    format = FileFormat(job.options["format"])
    place = "column" if format is FileFormat.SHOPIFY_CSV else "path"
    with job_files.fetched(job.source) as file, job_files.Report(["line", place, "message"], format) as report:

        def note(problem: RowProblem) -> None:
            report.add(problem.line, problem.column, problem.message)

        imported_by = partial(import_products, file=file, name="The file", format=format, report=note, actor=job.owner)

        if job.options["policy"] == ImportPolicy.ATOMIC:
            with transaction.atomic(), _BesideTransaction(job) as progress:
                imported = imported_by(policy=ImportPolicy.ATOMIC, progress=progress)
                if not imported.counts["refused"]:
                    # With the products or not at all.
                    _finish(job, models.JobStatus.DONE, imported)
                    return
            message = "Nothing was imported, because something is wrong: the report says what and where."
            _finish(job, models.JobStatus.FAILED, imported, message=message, report=report.keep(job))
        else:
            imported = imported_by(policy=ImportPolicy.SKIP_BAD, progress=_Progress(job))
            _finish(job, models.JobStatus.DONE, imported, report=report.keep(job))


# ── An export ────────────────────────────────────────────────────────────────────────────────────────────────────────
def _export(job: models.Job) -> None:
    format = FileFormat(job.options["format"])
    with TemporaryFile() as file, job_files.Report(["handle", "message"], format) as report:
        exported = exporting.export_products(
            products=exporting.narrowed(models.Product.objects.kept_by(job.owner), job.options["filters"]),
            format=format,
            file=file,
            report=report.add,
            progress=_Progress(job),
        )
        result = job_files.kept(file, f"jobs/{job.pk}.{job_files.ENDINGS[format]}")
        _finish(job, models.JobStatus.DONE, exported, result=result, report=report.keep(job))


# ── How far it is ────────────────────────────────────────────────────────────────────────────────────────────────────
class _Progress:
    """Writes down how far a job is, in the transaction of what it has done."""

    def __init__(self, job: models.Job):
        self.job = job
        self.until = time.monotonic() + RUN_SECONDS

    def __call__(self, advance: _Advance) -> None:
        if time.monotonic() > self.until:
            raise _TooLongError
        if not self.write(advance):
            raise _Superseded
        transaction.on_commit(lambda: job_files.ring(self.job), robust=True)

    def write(self, advance: _Advance) -> int:
        return _mine(self.job).update(
            total=advance.total, done=advance.done, counts=dict(advance.counts), beat_at=timezone.now()
        )


class _BesideTransaction(_Progress):
    """The same for an import that is one transaction: what it writes nobody sees before the end, so how far it is goes
    by a connection of its own. SQLite has one writer at a time, so there nobody sees it."""

    def __enter__(self) -> "_BesideTransaction":
        self._thread = ThreadPoolExecutor(1)
        return self

    def __exit__(self, *_: Any) -> None:
        self._thread.shutdown()

    def __call__(self, advance: _Advance) -> None:
        if time.monotonic() > self.until:
            raise _TooLongError
        if connection.vendor != "sqlite":
            self._thread.submit(self._write_beside, advance).result()

    def _write_beside(self, advance: _Advance) -> None:
        # Whether the job is still this worker's is asked at the end, in the transaction itself.
        try:
            self.write(advance)
        finally:
            connection.close()
        job_files.ring(self.job)


def _mine(job: models.Job) -> Any:
    return models.Job.objects.filter(pk=job.pk, status=models.JobStatus.RUNNING, started_at=job.started_at)


def _fail(job: models.Job, message: str) -> None:
    with suppress(_Superseded):
        _finish(job, models.JobStatus.FAILED, message=message)


def _finish(
    job: models.Job,
    status: models.JobStatus,
    advance: _Advance | None = None,
    *,
    message: str = "",
    result: str = "",
    report: str = "",
) -> None:
    """Ends the job, if it is still this worker's; otherwise its files go, and so does what the transaction has done."""
    values: dict[str, Any] = {"status": status, "message": message, "result": result, "report": report}
    if advance is not None:
        values |= {"total": advance.total, "done": advance.done, "counts": dict(advance.counts)}
    now = timezone.now()
    with transaction.atomic():
        is_mine = _mine(job).update(**values, source="", beat_at=now, finished_at=now)
        if is_mine:
            transaction.on_commit(lambda: job_files.delete(job.source), robust=True)
            transaction.on_commit(lambda: job_files.ring(job), robust=True)
    if not is_mine:
        job_files.delete(result)
        job_files.delete(report)
        raise _Superseded
