"""Imports and exports, to be read, with links to what they left."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from catalog.admin.kit import link
from catalog.models import Job, JobStatus
from catalog.services import jobs
from notifications.admin import ReadOnly, RowFilter

STATUS_COLOURS = {
    JobStatus.QUEUED: "warning",
    JobStatus.RUNNING: "info",
    JobStatus.DONE: "success",
    JobStatus.FAILED: "danger",
}


@admin.register(Job)
class JobAdmin(ReadOnly, ModelAdmin):
    list_display = ["created_at", "kind", "status_label", "owner", "progress", "came_to", "finished_at"]
    list_select_related = ["owner"]
    list_filter = ["kind", "status", ("owner", RowFilter)]
    list_filter_submit = True
    search_fields = ["=id", "=owner__email"]
    search_help_text = "A job's id, or its owner's e-mail address."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fieldsets = [
        (None, {"fields": [("kind", "status"), ("owner", "progress"), ("came_to", "files"), "message"]}),
        ("What was asked", {"fields": ["options"]}),
        ("When", {"fields": [("created_at", "started_at"), ("beat_at", "finished_at")]}),
    ]
    readonly_fields = [
        *("kind", "status", "owner", "progress", "came_to", "files", "message"),
        *("options", "created_at", "started_at", "beat_at", "finished_at"),
    ]

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def status_label(self, job: Job) -> tuple[str, str]:
        return job.status, job.get_status_display()

    @display(description="done")
    def progress(self, job: Job) -> str:
        return f"{job.done} of {job.total}" if job.total else str(job.done)

    @display(description="came to")
    def came_to(self, job: Job) -> SafeString | str:
        return format_html_join(", ", "{} {}", ((count, what) for what, count in job.counts.items())) or "–"

    @display
    def files(self, job: Job) -> SafeString | str:
        """Each link is good for an hour, as the API's are."""
        left = [which for which in ("result", "report") if getattr(job, which)]
        return format_html_join(" · ", "{}", ([_link(job, which)] for which in left)) or "–"


def _link(job: Job, which: str) -> SafeString:
    return link(reverse("job-file", args=[jobs.link_token(job=job, which=which)]), which)
