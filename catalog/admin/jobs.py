"""Imports and exports, to be read. Their files are handed to their owners alone."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from catalog.models import Job, JobStatus
from notifications.admin import ReadOnly, RowFilter

STATUS_COLOURS = {
    JobStatus.QUEUED: "warning",
    JobStatus.RUNNING: "info",
    JobStatus.DONE: "success",
    JobStatus.FAILED: "danger",
}


@admin.register(Job)
class JobAdmin(ReadOnly, ModelAdmin):
    list_display = ["created_at", "kind_label", "status_label", "owner", "progress", "came_to", "finished_at"]
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
        (None, {"fields": [("kind_label", "status_label", "owner"), ("progress", "came_to"), "message"]}),
        ("What was asked", {"fields": ["options"]}),
        ("When", {"fields": [("created_at", "started_at"), ("beat_at", "finished_at")]}),
    ]
    readonly_fields = [
        *("kind_label", "status_label", "owner", "progress", "came_to", "message"),
        *("options", "created_at", "started_at", "beat_at", "finished_at"),
    ]

    @display(description="job", ordering="kind")
    def kind_label(self, job: Job) -> str:
        return job.get_kind_display()

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def status_label(self, job: Job) -> tuple[str, str]:
        return job.status, job.get_status_display()

    @display(description="done")
    def progress(self, job: Job) -> str:
        return f"{job.done} of {job.total}" if job.total else str(job.done)

    @display(description="came to")
    def came_to(self, job: Job) -> SafeString | str:
        return format_html_join(", ", "{} {}", ((count, what) for what, count in job.counts.items())) or "–"
