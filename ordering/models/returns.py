"""What buyers send back."""

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from ordering.models.orders import Order, OrderLine
from ordering.models.payments import Refund

if TYPE_CHECKING:
    from accounts.models import User


class ReturnStatus(models.TextChoices):
    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    RECEIVED = "RECEIVED"
    REFUNDED = "REFUNDED"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"


# From each status, the statuses a return may move to. `services.returning` is the only writer.
RETURN_TRANSITIONS: dict[ReturnStatus, frozenset[ReturnStatus]] = {
    ReturnStatus.REQUESTED: frozenset({ReturnStatus.APPROVED, ReturnStatus.REJECTED, ReturnStatus.CANCELLED}),
    ReturnStatus.APPROVED: frozenset({ReturnStatus.RECEIVED, ReturnStatus.CANCELLED}),
    ReturnStatus.REJECTED: frozenset(),
    ReturnStatus.RECEIVED: frozenset({ReturnStatus.REFUNDED, ReturnStatus.CLOSED}),
    ReturnStatus.REFUNDED: frozenset(),
    ReturnStatus.CLOSED: frozenset(),
    ReturnStatus.CANCELLED: frozenset(),
}


class ReturnReason(models.TextChoices):
    DAMAGED = "DAMAGED"
    WRONG_ITEM = "WRONG_ITEM"
    NOT_AS_DESCRIBED = "NOT_AS_DESCRIBED"
    DOES_NOT_FIT = "DOES_NOT_FIT"
    CHANGED_MIND = "CHANGED_MIND"
    OTHER = "OTHER"


class ReturnAction(models.TextChoices):
    """What somebody may want to do with a return."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    CANCEL = "CANCEL"
    RECEIVE = "RECEIVE"
    REFUND = "REFUND"
    CLOSE = "CLOSE"


class ReturnQuerySet(models.QuerySet["Return"]):
    def visible_to(self, user: "User | AnonymousUser", guest_token: str | None = None) -> Self:
        """The returns of the orders this person may see."""
        return self.filter(order__in=Order.objects.visible_to(user, guest_token).values("pk"))


class Return(models.Model):
    """Some of an order's goods on their way back: asked for, decided, received, refunded."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="returns")
    status = models.CharField(max_length=10, choices=ReturnStatus, default=ReturnStatus.REQUESTED, editable=False)
    note = models.CharField(max_length=1000, blank=True, help_text="From the buyer.")
    decision_note = models.CharField(max_length=500, blank=True, help_text="For the buyer.")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    refund = models.OneToOneField(Refund, models.PROTECT, null=True, blank=True, related_name="return_of")

    objects = ReturnQuerySet.as_manager()

    class Meta:
        ordering = ["requested_at", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=ReturnStatus.values), name="return_status_is_known"),
        ]
        indexes = [
            models.Index(fields=["status", "requested_at", "id"], name="return_by_status"),
            models.Index(fields=["requested_at", "id"], name="return_by_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.status}"


class ReturnLine(models.Model):
    """How many of an order line come back, why, and how many of them went back on the shelf."""

    return_of = models.ForeignKey(Return, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.CASCADE, related_name="return_lines")
    quantity = models.PositiveIntegerField()
    reason = models.CharField(max_length=20, choices=ReturnReason)
    restocked = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["return_of", "order_line"], name="return_line_once_per_order_line"),
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="return_line_quantity_positive"),
            models.CheckConstraint(
                condition=models.Q(restocked__lte=models.F("quantity")), name="return_line_not_restocked_beyond"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_line_id}"
