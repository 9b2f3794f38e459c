"""Proposals for what a product says of itself."""

from django.conf import settings
from django.db import models

from catalog.models.products import Product


class VersionStatus(models.TextChoices):
    DRAFT = "DRAFT"
    TRIAL = "TRIAL"
    APPROVED = "APPROVED"
    OBSOLETE = "OBSOLETE"


# From each status, those a version may move to. `services.versions` is the only writer.
VERSION_TRANSITIONS: dict[VersionStatus, frozenset[VersionStatus]] = {
    VersionStatus.DRAFT: frozenset({VersionStatus.TRIAL, VersionStatus.APPROVED, VersionStatus.OBSOLETE}),
    VersionStatus.TRIAL: frozenset({VersionStatus.APPROVED, VersionStatus.OBSOLETE}),
    VersionStatus.APPROVED: frozenset({VersionStatus.OBSOLETE}),
    VersionStatus.OBSOLETE: frozenset(),
}


class ProductVersion(models.Model):
    """A numbered proposal for a product's content. Its content never changes; only its status does.

    `prices` is [{"variant": id, "currency": "EUR", "amount": "12.50", "compare_at": null}, …].
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=VersionStatus, default=VersionStatus.DRAFT)
    note = models.CharField(max_length=500, blank=True, help_text="Why this is proposed.")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    seo_title = models.CharField(max_length=255, blank=True)
    seo_description = models.TextField(blank=True)
    prices = models.JSONField(default=list, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "number"], name="version_number_once_per_product"),
            models.CheckConstraint(condition=models.Q(status__in=VersionStatus.values), name="version_status_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} v{self.number}"
