"""Sellers' shops within the shop."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from catalog.permissions import CatalogPermission

if TYPE_CHECKING:
    from accounts.models import User


class VendorStatus(models.TextChoices):
    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"


class VendorQuerySet(models.QuerySet["Vendor"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Those that sell; one's own; for those who manage vendors, all."""
        if user.is_staff and user.has_perm(CatalogPermission.MANAGE_VENDORS):
            return self
        return self.filter(models.Q(status=VendorStatus.ACTIVE) | models.Q(pk__in=Vendor.keys_of(user)))

    def kept_by(self, user: "User | AnonymousUser") -> Self:
        """Those this person may change: one's own as a seller, all for those who manage vendors."""
        if user.has_perm(CatalogPermission.MANAGE_VENDORS):
            return self
        if user.has_perm(CatalogPermission.SELL):
            return self.filter(pk__in=Vendor.keys_of(user))
        return self.none()

    def with_slug(self, slug: str) -> Self:
        """The vendor that has this slug, or had it before."""
        former = VendorSlug.objects.filter(slug=slug).values("vendor")
        return self.filter(models.Q(slug=slug) | models.Q(pk__in=former))


class Vendor(models.Model):
    """Who makes or sells a product: a seller's shop, kept by its members."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=100, unique=True)
    description = models.TextField(blank=True, help_text="HTML; sanitised whenever it is written.")
    status = models.CharField(max_length=10, choices=VendorStatus, default=VendorStatus.ACTIVE)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="vendors", help_text="Sellers who keep its products."
    )

    objects = VendorQuerySet.as_manager()

    class Meta:
        permissions = [(CatalogPermission.MANAGE_VENDORS.split(".")[1], "Can keep all vendors")]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=VendorStatus.values), name="vendor_status_is_known"),
        ]
        indexes = [models.Index(fields=["name", "id"], name="vendor_by_name")]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def is_kept_by(user: "User | AnonymousUser", members: Collection["User"]) -> bool:
        """`kept_by` for one vendor, whose members were read already. No statement."""
        return user.has_perm(CatalogPermission.MANAGE_VENDORS) or (
            user in members and user.has_perm(CatalogPermission.SELL)
        )

    @classmethod
    def keys_of(cls, user: "User | AnonymousUser") -> models.QuerySet[models.Model, int]:
        """The keys of the vendors this person is a member of, for a subquery."""
        through = cls.members.through.objects
        return through.filter(user=user.pk).values_list("vendor_id", flat=True)


class VendorSlug(models.Model):
    """A slug that a vendor had before."""

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="former_slugs")
    slug = models.SlugField(max_length=100, unique=True)

    def __str__(self) -> str:
        return self.slug
