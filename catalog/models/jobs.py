"""Imports and exports that run in the background."""

import uuid

from django.conf import settings
from django.db import models


class JobKind(models.TextChoices):
    IMPORT = "IMPORT"
    EXPORT = "EXPORT"


class JobStatus(models.TextChoices):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class Job(models.Model):
    """One import or export: what was asked, how far it is, and the files it reads and leaves."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=JobKind)
    status = models.CharField(max_length=10, choices=JobStatus, default=JobStatus.QUEUED)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    options = models.JSONField(default=dict, help_text="Format, policy, filters.")
    # Names in the private storage; nobody guesses them, and no address leads there.
    source = models.CharField(max_length=200, blank=True)
    result = models.CharField(max_length=200, blank=True)
    report = models.CharField(max_length=200, blank=True)
    total = models.PositiveIntegerField(default=0, help_text="Products to go through, once that is known.")
    done = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, help_text="created, updated, unchanged, refused, problems.")
    message = models.CharField(max_length=1000, blank=True, help_text="Why it failed.")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    beat_at = models.DateTimeField(null=True, blank=True, help_text="When its worker was last heard of.")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=JobKind.values), name="job_kind_is_known"),
            models.CheckConstraint(condition=models.Q(status__in=JobStatus.values), name="job_status_is_known"),
        ]
        indexes = [models.Index(fields=["owner", "-created_at", "id"], name="job_by_owner")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_finished(self) -> bool:
        """Whether nothing more comes of it."""
        return self.status in (JobStatus.DONE, JobStatus.FAILED)
