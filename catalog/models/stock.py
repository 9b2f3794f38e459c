"""How many there are of each variant, what moved them, and who waits for more."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from catalog.models.products import Product, ProductVariant
from catalog.permissions import CatalogPermission

if TYPE_CHECKING:
    from accounts.models import User

# The most the column can hold on every database.
MAX_STOCK = 2_147_483_647


class StockQuerySet(models.QuerySet["StockLevel"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """What is on the shelf: for those who keep the product or the stock, or see all products; else nothing."""
        if user.has_perm(CatalogPermission.MANAGE_STOCK) or user.has_perm(CatalogPermission.VIEW_ALL_PRODUCTS):
            return self
        return self.filter(variant__product__in=Product.objects.kept_by(user).values("pk"))


class StockLevel(models.Model):
    """How many of a variant there are. A row of its own, so that a checkout locks this and nothing else."""

    variant = models.OneToOneField(ProductVariant, models.CASCADE, primary_key=True, related_name="stock")
    on_hand = models.PositiveIntegerField(default=0)
    reserved = models.PositiveIntegerField(default=0, help_text="On hand, but promised to somebody.")
    low_below = models.PositiveIntegerField(
        null=True, blank=True, help_text="Whoever keeps the stock is told once when fewer than this are available."
    )
    is_low = models.BooleanField(default=False, editable=False, help_text="It was told already.")

    objects = StockQuerySet.as_manager()

    class Meta:
        permissions = [(CatalogPermission.MANAGE_STOCK.split(".")[1], "Can move stock")]
        constraints = [
            models.CheckConstraint(condition=models.Q(on_hand__gte=0), name="stock_never_below_zero"),
            models.CheckConstraint(
                condition=models.Q(reserved__lte=models.F("on_hand")), name="no_more_reserved_than_there_is"
            ),
        ]
        indexes = [models.Index(fields=["variant"], condition=models.Q(is_low=True), name="stock_that_is_low")]

    def __str__(self) -> str:
        return str(self.variant)

    @property
    def available(self) -> int:
        """How many can be sold now."""
        return self.on_hand - self.reserved


class MovementReason(models.TextChoices):
    RECEIVED = "RECEIVED"
    COUNTED = "COUNTED"
    DAMAGED = "DAMAGED"
    LOST = "LOST"
    RETURNED = "RETURNED"
    CORRECTED = "CORRECTED"
    SOLD = "SOLD"
    CANCELLED = "CANCELLED"
    IMPORTED = "IMPORTED"


class StockMovement(models.Model):
    """One change of what is on hand. Never changed itself: corrections are movements of their own."""

    variant = models.ForeignKey(ProductVariant, models.CASCADE, related_name="movements")
    reason = models.CharField(max_length=10, choices=MovementReason)
    note = models.CharField(max_length=200, blank=True)
    before = models.PositiveIntegerField()
    after = models.PositiveIntegerField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(reason__in=MovementReason.values), name="movement_reason_is_known"
            ),
        ]
        indexes = [models.Index(fields=["variant", "-created_at", "-id"], name="movement_by_variant")]

    def __str__(self) -> str:
        return f"{self.variant_id}: {self.before} → {self.after}"

    @property
    def delta(self) -> int:
        return self.after - self.before


class StockAlert(models.Model):
    """Somebody wants to hear when a sold-out variant is back. It goes once it was sent."""

    variant = models.ForeignKey(ProductVariant, models.CASCADE, related_name="alerts")
    email = models.EmailField(max_length=254)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="stock_alerts"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["variant", "email"], name="stock_alert_once_per_address")]

    def __str__(self) -> str:
        return f"{self.email}: {self.variant_id}"
