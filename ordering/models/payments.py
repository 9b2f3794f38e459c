"""What orders owe, what was paid and given back, and what gateways say of it."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from moneyed import Money

from catalog import money
from ordering.models.orders import Order, OrderLine


class PaymentState(models.TextChoices):
    REQUESTED = "REQUESTED"  # written before the gateway is asked; its answer is not known yet
    ACTION_REQUIRED = "ACTION_REQUIRED"  # the buyer must do something first, such as 3-D Secure
    AWAITED = "AWAITED"  # nobody collects it: a bank transfer, cash on delivery
    IN_REVIEW = "IN_REVIEW"  # a person has to look at it
    AUTHORIZED = "AUTHORIZED"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    REFUNDED = "REFUNDED"  # all that was captured was given back
    DECLINED = "DECLINED"


# Where something is still to happen, or may be.
OPEN_STATES = [
    PaymentState.REQUESTED,
    PaymentState.ACTION_REQUIRED,
    PaymentState.AWAITED,
    PaymentState.IN_REVIEW,
    PaymentState.AUTHORIZED,
]


class Payment(models.Model):
    """What one order owes, and how far the gateway is with it. The id is the key of every call to the gateway."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.OneToOneField(Order, models.CASCADE, related_name="payment")
    gateway = models.CharField(max_length=30)
    token = models.CharField(max_length=255)
    state = models.CharField(max_length=15, choices=PaymentState, default=PaymentState.REQUESTED, editable=False)
    amount = money.column()
    captured_amount = money.column(default=Decimal(0))
    refunded_amount = money.column(default=Decimal(0))
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=255, blank=True, help_text="The gateway's own name for it.")
    review_reason = models.CharField(max_length=255, blank=True, help_text="Why a person has to look at it.")
    # What the buyer's browser needs to go on: {"client_secret": …, "url": …}. Empty when nothing is to do.
    action = models.JSONField(default=dict, blank=True)
    reconciled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=PaymentState.values), name="payment_state_is_known"),
            models.CheckConstraint(
                condition=models.Q(refunded_amount__gte=Decimal(0))
                & models.Q(refunded_amount__lte=models.F("captured_amount")),
                name="payment_not_refunded_beyond_what_was_captured",
            ),
            models.CheckConstraint(
                condition=models.Q(captured_amount__lte=models.F("amount")),
                name="payment_not_captured_beyond_its_amount",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "created_at"], name="payment_by_state"),
            models.Index(fields=["gateway", "reference"], name="payment_by_reference"),
            models.Index(fields=["updated_at"], condition=models.Q(state__in=OPEN_STATES), name="payment_open"),
            models.Index(fields=["updated_at", "id"], name="payment_by_change"),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.state}"

    @property
    def money(self) -> Money:
        return money.rounded(self.amount, self.currency)

    @property
    def captured(self) -> Money:
        return money.rounded(self.captured_amount, self.currency)

    @property
    def refunded(self) -> Money:
        """What was given back, or is being given back."""
        return money.rounded(self.refunded_amount, self.currency)

    @property
    def refundable(self) -> Money:
        """What was captured and not given back."""
        return money.rounded(self.captured_amount - self.refunded_amount, self.currency)


class RefundState(models.TextChoices):
    REQUESTED = "REQUESTED"  # written before the gateway is asked
    DONE = "DONE"
    FAILED = "FAILED"


class Refund(models.Model):
    """Money that goes back to the buyer. The id is the key of the call to the gateway.

    `Payment.refunded_amount` counts it from the moment it is requested, so that no two together give back too much.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    state = models.CharField(max_length=10, choices=RefundState, default=RefundState.REQUESTED, editable=False)
    amount = money.column()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=500)
    reference = models.CharField(max_length=255, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=RefundState.values), name="refund_state_is_known"),
            models.CheckConstraint(condition=models.Q(amount__gt=Decimal(0)), name="refund_amount_positive"),
        ]
        indexes = [
            models.Index(fields=["updated_at"], condition=models.Q(state=RefundState.REQUESTED), name="refund_open"),
        ]

    def __str__(self) -> str:
        return f"{self.money}: {self.state}"

    @property
    def money(self) -> Money:
        return self.rounded(self.amount)

    def rounded(self, amount: Decimal) -> Money:
        return money.rounded(amount, self.currency)


class RefundLine(models.Model):
    """How many of an order line a refund is for."""

    refund = models.ForeignKey(Refund, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.CASCADE, related_name="refund_lines")
    quantity = models.PositiveIntegerField()
    amount = money.column()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund", "order_line"], name="refund_line_once_per_order_line"),
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="refund_line_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_line_id}"


class WebhookMessage(models.Model):
    """What a gateway told by itself, as it came; worked on by a task, in any order, once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    gateway = models.CharField(max_length=30)
    message_id = models.CharField(max_length=255, help_text="The gateway's own name for it.")
    type = models.CharField(max_length=100)
    body = models.JSONField()
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often it could not be worked on.")
    outcome = models.CharField(max_length=255, blank=True, help_text="What was done about it.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "message_id"], name="webhook_message_once")]
        indexes = [
            # By tries first: what was given up is passed over unread.
            models.Index(
                fields=["tries", "received_at"], condition=models.Q(processed_at=None), name="webhook_message_open"
            ),
            models.Index(fields=["received_at", "id"], name="webhook_message_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.type}"
