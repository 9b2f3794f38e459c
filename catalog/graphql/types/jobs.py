"""Imports and exports that run in the background."""

from typing import Any

import strawberry
import strawberry_django
from django.urls import reverse
from strawberry import auto, relay

from catalog import importing, models
from catalog.services import importing as imports
from catalog.services import jobs
from schema import kit

JobKind = strawberry.enum(models.JobKind, description="What a job does.")
JobStatus = strawberry.enum(models.JobStatus, description="QUEUED and RUNNING pass; DONE and FAILED stay.")
ImportPolicy = strawberry.enum(
    imports.ImportPolicy,
    description="What to do when something in a file is wrong. ATOMIC: nothing is imported. SKIP_BAD: products without "
    "a fault are imported, the others stay as they were.",
)
ProductFileFormat = strawberry.enum(
    importing.FileFormat,
    name="ProductFileFormat",
    description="SHOPIFY_CSV: the product CSV of Shopify, with what it has a column for. JSON_LINES: a product a line, "
    "as an object, with everything: also attributes, publication dates and prices in other currencies.",
)


@strawberry.type
class JobCounts:
    """What came of the products so far."""

    created: int = 0
    updated: int = 0
    unchanged: int = strawberry.field(default=0, description="Were as the file says already.")
    refused: int = strawberry.field(default=0, description="Left as they were, because something about them is wrong.")
    problems: int = strawberry.field(
        default=0, description="Lines of the report: what is wrong, each in one place, or what an export does not tell."
    )
    exported: int = 0
    skipped: int = strawberry.field(default=0, description="Left out of an export: the report says why.")


@strawberry_django.type(models.Job)
class Job(kit.Keyed, relay.Node):
    """An import or an export of yours. Kept for 30 days."""

    kind: JobKind
    status: JobStatus
    total: int = strawberry_django.field(description="Products there are to go through; grows while a file is read.")
    done: int = strawberry_django.field(description="Products that were gone through, whatever came of them.")
    message: str = strawberry_django.field(description="Why it failed; otherwise empty.")
    created_at: auto
    finished_at: auto

    @strawberry_django.field(only=["counts"])
    def counts(root: strawberry.Parent[models.Job]) -> JobCounts:
        return JobCounts(**root.counts)

    @strawberry_django.field(
        only=["report"],
        description="What is wrong, line by line, or left out, as a file in the format of the job. Whoever has the "
        "address can download it for an hour; ask again for a new one. Null where there is nothing to report.",
    )
    def report_url(root: strawberry.Parent[models.Job], info: kit.Info) -> str | None:
        return _address(root, "report", info) if root.report else None

    @strawberry_django.field(
        only=["result"],
        description="The file of an export, once it is there. Whoever has the address can download it for an hour; "
        "ask again for a new one.",
    )
    def result_url(root: strawberry.Parent[models.Job], info: kit.Info) -> str | None:
        return _address(root, "result", info) if root.result else None


def _address(job: Any, which: str, info: kit.Info) -> str:
    return info.context.absolute(reverse("job-file", args=[jobs.link_token(job=job, which=which)]))
