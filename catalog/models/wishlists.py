"""What people would like to have."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from catalog.models.products import ProductVariant

if TYPE_CHECKING:
    from accounts.models import User


class WishlistQuerySet(models.QuerySet["Wishlist"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """One's own."""
        return self.filter(owner_id=user.pk) if user.pk else self.none()

    def shared_as(self, key: str) -> Self:
        """The one this key opens, as long as its owner is there."""
        return self.filter(share_key=key, owner__is_active=True)


class Wishlist(models.Model):
    """A named list of one person's. Whoever has `share_key` may read it."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="wishlists")
    name = models.CharField(max_length=100)
    share_key = models.CharField(max_length=64, unique=True, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WishlistQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="wishlist_name_once_per_owner")]
        indexes = [models.Index(fields=["owner", "created_at", "id"], name="wishlist_by_owner")]

    def __str__(self) -> str:
        return self.name


class WishlistItem(models.Model):
    """A variant on a wishlist."""

    wishlist = models.ForeignKey(Wishlist, models.CASCADE, related_name="items")
    variant = models.ForeignKey(ProductVariant, models.CASCADE, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-added_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["wishlist", "variant"], name="wishlist_item_once_per_variant")]

    def __str__(self) -> str:
        return f"{self.wishlist_id}: {self.variant_id}"
