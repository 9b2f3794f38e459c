"""Which orders wait for approval, the requests, and who decided them."""

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group
from django.db import models

from catalog import money
from ordering.models import Order

if TYPE_CHECKING:
    from accounts.models import User


class ApprovalPolicy(models.Model):
    """Orders of more than `threshold_amount` wait for one member of `group`."""

    name = models.CharField(max_length=100, unique=True)
    group = models.ForeignKey(Group, models.PROTECT, related_name="approval_policies")
    currency = models.CharField(max_length=3)
    threshold_amount = money.column(help_text="Orders whose total is more than this wait for approval.")
    is_active = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "approval policies"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(threshold_amount__gte=Decimal(0)), name="approval_threshold_not_negative"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ApprovalStatus(models.TextChoices):
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


# From each status, the statuses a request may move to. `services._move` is the only writer.
TRANSITIONS: dict[ApprovalStatus, frozenset[ApprovalStatus]] = {
    ApprovalStatus.PENDING: frozenset({ApprovalStatus.APPROVED, ApprovalStatus.REJECTED, ApprovalStatus.CANCELLED}),
    ApprovalStatus.APPROVED: frozenset(),
    ApprovalStatus.REJECTED: frozenset(),
    ApprovalStatus.CANCELLED: frozenset(),
}


class ApprovalRequestQuerySet(models.QuerySet["ApprovalRequest"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Those of the groups one belongs to, and those one asked for."""
        if not user.pk:
            return self.none()
        return self.filter(models.Q(group__user=user.pk) | models.Q(requested_by=user.pk)).distinct()

    def waiting_for(self, user: "User | AnonymousUser") -> Self:
        """The undecided ones this person may decide: of their groups, and not their own, also not as a guest."""
        undecided = self.filter(status=ApprovalStatus.PENDING, group__user=user.pk)
        return undecided.exclude(requested_by=user.pk).exclude(
            requested_by=None, order__email__iexact=getattr(user, "email", "")
        )


class ApprovalRequest(models.Model):
    """A question to a group: may this order go ahead?"""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="approval_requests")
    policy = models.ForeignKey(ApprovalPolicy, models.PROTECT, related_name="requests")
    group = models.ForeignKey(Group, models.PROTECT, related_name="approval_requests")
    status = models.CharField(max_length=10, choices=ApprovalStatus, default=ApprovalStatus.PENDING, editable=False)
    summary = models.CharField(max_length=255)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="approval_requests"
    )
    requested_at = models.DateTimeField(auto_now_add=True)

    objects = ApprovalRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=ApprovalStatus.values), name="approval_status_is_known"
            ),
            models.UniqueConstraint(fields=["order", "policy"], name="approval_once_per_order_and_policy"),
        ]
        indexes = [
            models.Index(fields=["group", "status", "-requested_at", "id"], name="approval_by_group"),
            models.Index(fields=["requested_by", "-requested_at", "id"], name="approval_by_requester"),
        ]

    def __str__(self) -> str:
        return self.summary

    @property
    def subject(self) -> Order:
        """What the decision is about."""
        return self.order


class ApprovalDecision(models.Model):
    """What one member of the group decided."""

    request = models.ForeignKey(ApprovalRequest, models.CASCADE, related_name="decisions")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="approval_decisions")
    status = models.CharField(max_length=10, choices=ApprovalStatus)
    comment = models.TextField(blank=True)
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["decided_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["request", "decided_by"], name="approval_decided_once_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.decided_by}: {self.status}"
