"""Carts: what somebody is about to buy."""

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils import timezone
from moneyed import Money

from catalog import money
from catalog.models import ProductVariant
from ordering.models.promotions import Promotion
from ordering.models.shipping import ShippingMethod
from ordering.permissions import OrderPermission

if TYPE_CHECKING:
    from accounts.models import User

# Bounds of what one cart may hold, so that no request works on more.
MAX_CART_LINES = 100
MAX_LINE_QUANTITY = 1000
MAX_COUPONS = 5
# A cart nobody touched for so long goes.
CART_LIFETIME = timedelta(days=60)


class CartQuerySet(models.QuerySet["Cart"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """A guest's cart for whoever knows its id; a customer's for that customer alone; drafts for staff."""
        own = models.Q(drafted_by=None) & (models.Q(customer=None) | models.Q(customer_id=user.pk))
        if user.is_staff and user.has_perm(OrderPermission.MANAGE_ORDERS):
            own |= models.Q(drafted_by__isnull=False)
        return self.filter(own)

    def open(self) -> Self:
        """Those that can still become an order, without the drafts of staff."""
        merged = models.Q(customer=None, merge_outcomes__isnull=False)
        return self.filter(~merged, completed_at=None, drafted_by=None)


class Cart(models.Model):
    """What somebody is about to buy. The id is the key: random, and all a guest needs to come back."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="carts")
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The member of staff who prepares it: then it is a draft order.",
    )
    currency = models.CharField(max_length=3)
    email = models.EmailField(blank=True)
    note = models.CharField(max_length=1000, blank=True, help_text="From the buyer, for the shop.")
    shipping_address = models.JSONField(null=True, blank=True)
    billing_address = models.JSONField(null=True, blank=True)
    shipping_method = models.ForeignKey(ShippingMethod, models.SET_NULL, null=True, blank=True, related_name="+")
    coupons = models.ManyToManyField(Promotion, related_name="+", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    reminded_at = models.DateTimeField(null=True, blank=True, help_text="When its customer was told of it.")
    completed_at = models.DateTimeField(null=True, blank=True, help_text="When it became an order.")
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    # What the merge made of each line, told again when it is asked for again.
    merge_outcomes = models.JSONField(null=True, blank=True, editable=False)

    objects = CartQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["updated_at"], condition=models.Q(completed_at=None), name="cart_by_age"),
            models.Index(fields=["customer", "-updated_at"], name="cart_by_customer"),
            models.Index(
                fields=["created_at", "id"],
                condition=models.Q(drafted_by__isnull=False, completed_at=None),
                name="cart_drafts",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def expires_at(self) -> datetime:
        return self.updated_at + CART_LIFETIME

    @property
    def is_merged(self) -> bool:
        """Whether what was in it is in another cart now. One that became a customer's as a whole is not."""
        return self.merge_outcomes is not None and self.customer_id is None


class CartLineQuerySet(models.QuerySet["CartLine"]):
    def priced_in(self, currency: str) -> Self:
        """With what the variants cost in this currency. One statement more unless it is the shop's own."""
        return self if currency == settings.SHOP_CURRENCY else self.prefetch_related("variant__prices")

    def reserving(self) -> Self:
        """Those that hold stock back, their time over or not."""
        return self.filter(reserved__gt=0)


class CartLine(models.Model):
    """So many of one variant in a cart. Its price is the variant's at the moment of reading."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines")
    variant = models.ForeignKey(ProductVariant, models.CASCADE, related_name="+")
    quantity = models.PositiveIntegerField()
    agreed_amount = money.column(
        null=True, blank=True, help_text="What one cost when the buyer last put it in or changed it."
    )
    reserved = models.PositiveIntegerField(default=0, help_text="So many are held back on the shelf.")
    reserved_until = models.DateTimeField(null=True, blank=True)
    expiry_told_at = models.DateTimeField(null=True, blank=True, help_text="When it was told that this ends soon.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CartLineQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "variant"], name="cart_line_once_per_variant"),
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1, quantity__lte=MAX_LINE_QUANTITY),
                name="cart_line_quantity_in_bounds",
            ),
            models.CheckConstraint(
                condition=models.Q(reserved=0, reserved_until=None)
                | models.Q(reserved__gte=1, reserved_until__isnull=False),
                name="cart_line_reserves_until_a_moment",
            ),
        ]
        indexes = [
            models.Index(
                fields=["reserved_until"], condition=models.Q(reserved__gt=0), name="cart_line_by_reservation"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.variant_id}"

    @property
    def available(self) -> int:
        """How many of it this line can have: what is free, and what is held back for it."""
        return self.variant.available + self.reserved

    @property
    def held_until(self) -> datetime | None:
        """Until when all of it is held for this cart; None where it is not, or not any more."""
        if self.reserved_until is None or self.reserved < self.quantity or self.reserved_until <= timezone.now():
            return None
        return self.reserved_until

    @property
    def agreed_price(self) -> Money | None:
        """What one cost when the buyer last agreed to it, in the cart's currency."""
        return None if self.agreed_amount is None else money.rounded(self.agreed_amount, self.cart.currency)
