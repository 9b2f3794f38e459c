"""Promotions: coupons, automatic rules, whom and what they are for, and how often each was used."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from moneyed import Money

from catalog import money
from catalog.models import Category, Product
from ordering.permissions import OrderPermission


class CustomerGroup(models.Model):
    """Customers whom a promotion can be for, such as "Wholesale"."""

    name = models.CharField(max_length=100, unique=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="customer_groups", blank=True)

    def __str__(self) -> str:
        return self.name


class PromotionKind(models.TextChoices):
    PERCENTAGE = "PERCENTAGE"
    FIXED = "FIXED"
    FREE_SHIPPING = "FREE_SHIPPING"
    BUY_X_GET_Y = "BUY_X_GET_Y"


class PromotionQuerySet(models.QuerySet["Promotion"]):
    def unended(self) -> Self:
        """Active, and their time not over; it may not have begun."""
        return self.filter(models.Q(ends_at=None) | models.Q(ends_at__gt=timezone.now()), is_active=True)

    def coupons(self) -> Self:
        """Those a buyer names by their code."""
        return self.filter(code__isnull=False)

    def automatic(self) -> Self:
        """Those that apply by themselves."""
        return self.filter(code=None)


class Promotion(models.Model):
    """What makes a cart cheaper: a coupon when it has a code, else a rule that applies by itself.

    Without categories and products it is for everything. Amounts are in `currency`; a promotion with amounts is for
    carts in that currency only.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, help_text="What the buyer reads in the breakdown.")
    code = models.CharField(
        max_length=40, unique=True, null=True, blank=True, help_text="In capitals; empty for a rule that needs none."
    )
    kind = models.CharField(max_length=15, choices=PromotionKind)
    percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Of a percentage; of buy X get Y how much off the Y are.",
    )
    amount = money.column(null=True, blank=True, help_text="Of a fixed discount, off everything it is for together.")
    minimum_amount = money.column(null=True, blank=True, help_text="The goods must cost at least this much.")
    currency = models.CharField(max_length=3, blank=True)
    buy_quantity = models.PositiveIntegerField(null=True, blank=True)
    get_quantity = models.PositiveIntegerField(null=True, blank=True)
    categories = models.ManyToManyField(Category, related_name="+", blank=True, help_text="With all beneath them.")
    products = models.ManyToManyField(Product, related_name="+", blank=True)
    customer_groups = models.ManyToManyField(CustomerGroup, related_name="promotions", blank=True)
    is_first_order_only = models.BooleanField(default=False)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    priority = models.PositiveSmallIntegerField(default=100, help_text="Smaller ones are taken off first.")
    is_exclusive = models.BooleanField(default=False, help_text="Never together with another promotion.")
    usage_limit = models.PositiveIntegerField(null=True, blank=True, help_text="Orders in all.")
    usage_limit_per_customer = models.PositiveIntegerField(null=True, blank=True)
    times_used = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        ordering = ["priority", "created_at", "id"]
        permissions = [(OrderPermission.MANAGE_PROMOTIONS.split(".")[1], "Can keep coupons and promotions")]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=PromotionKind.values), name="promotion_kind_is_known"),
            models.CheckConstraint(
                condition=models.Q(percent=None) | models.Q(percent__gt=Decimal(0), percent__lte=Decimal(100)),
                name="promotion_percent_in_bounds",
            ),
            models.CheckConstraint(
                condition=models.Q(amount=None) | models.Q(amount__gt=Decimal(0)), name="promotion_amount_positive"
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="PERCENTAGE") | models.Q(percent__isnull=False),
                name="promotion_percentage_has_a_percent",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="FIXED") | models.Q(amount__isnull=False), name="promotion_fixed_has_an_amount"
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="BUY_X_GET_Y")
                # A comparison with null would not fail.
                | models.Q(
                    buy_quantity__isnull=False,
                    get_quantity__isnull=False,
                    buy_quantity__gte=1,
                    get_quantity__gte=1,
                    percent__isnull=False,
                ),
                name="promotion_buy_x_get_y_has_quantities",
            ),
            models.CheckConstraint(
                condition=models.Q(amount=None, minimum_amount=None) | ~models.Q(currency=""),
                name="promotion_amounts_have_a_currency",
            ),
            models.CheckConstraint(
                condition=models.Q(usage_limit=None) | models.Q(times_used__lte=models.F("usage_limit")),
                name="promotion_not_used_beyond_its_limit",
            ),
            models.CheckConstraint(
                condition=models.Q(starts_at=None)
                | models.Q(ends_at=None)
                | models.Q(ends_at__gt=models.F("starts_at")),
                name="promotion_ends_after_it_starts",
            ),
            models.CheckConstraint(condition=~models.Q(code=""), name="promotion_code_is_not_empty"),
        ]
        indexes = [
            models.Index(
                fields=["priority"], condition=models.Q(code=None, is_active=True), name="promotion_automatic"
            ),
            models.Index(fields=["-created_at", "id"], name="promotion_by_newest"),
        ]

    def __str__(self) -> str:
        return self.code or self.name

    @property
    def is_counted(self) -> bool:
        """Whether it may have become unavailable to somebody by an order that was made a moment ago."""
        limits = (self.usage_limit, self.usage_limit_per_customer)
        return self.is_first_order_only or any(limit is not None for limit in limits)

    def is_running(self, now: datetime) -> bool:
        """Active, and within its time."""
        has_begun = self.starts_at is None or self.starts_at <= now
        return self.is_active and has_begun and (self.ends_at is None or self.ends_at > now)

    def money(self, amount: Decimal) -> Money:
        return money.rounded(amount, self.currency)


class PromotionUse(models.Model):
    """One order that a promotion made cheaper. It goes when the order ends, so that the use is free again."""

    promotion = models.ForeignKey(Promotion, models.PROTECT, related_name="uses")
    order = models.ForeignKey("ordering.Order", models.CASCADE, related_name="promotion_uses")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    email_key = models.CharField(
        max_length=64, blank=True, help_text="A digest of the buyer's address: guests are customers, too."
    )
    amount = money.column()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promotion", "order"], name="promotion_used_once_per_order"),
        ]
        indexes = [
            models.Index(fields=["promotion", "customer"], name="promotion_use_by_customer"),
            models.Index(fields=["promotion", "email_key"], name="promotion_use_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id}: {self.order_id}"
