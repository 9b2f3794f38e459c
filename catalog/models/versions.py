"""Proposals for what a product says of itself."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from catalog.models.products import Product

if TYPE_CHECKING:
    from accounts.models import User


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


# What of a version is written once.
_CHANGING = frozenset({"status", "published_at"})


def _refuse_content(columns: Iterable[str]) -> None:
    if fixed := sorted(set(columns) - _CHANGING):
        raise TypeError(f"Of a version only its status changes, not {', '.join(fixed)}. Make a new version.")


class VersionQuerySet(models.QuerySet["ProductVersion"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Those of the products this person keeps."""
        return self.filter(product__in=Product.objects.kept_by(user).values("pk"))

    def published(self) -> Self:
        """Of each product the one that is its content, if any."""
        return self.filter(status=VersionStatus.APPROVED, published_at__isnull=False)

    def update(self, **values: Any) -> int:
        _refuse_content(values)
        return super().update(**values)


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

    objects = VersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "number"], name="version_number_once_per_product"),
            models.CheckConstraint(condition=models.Q(status__in=VersionStatus.values), name="version_status_is_known"),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            columns = {field.name for field in self._meta.concrete_fields if not field.primary_key}
            _refuse_content(columns if kwargs.get("update_fields") is None else kwargs["update_fields"])
        super().save(**kwargs)

    @property
    def is_published(self) -> bool:
        """Whether it is the one the product's content was last taken from."""
        return self.status == VersionStatus.APPROVED and self.published_at is not None
