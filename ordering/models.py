"""Carts, orders and their states, payments, fulfilments."""

import hashlib
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.utils.functional import cached_property
from moneyed import Money

from catalog import money
from catalog.models import ProductVariant
from notifications.models import Event
from ordering.permissions import OrderPermission

if TYPE_CHECKING:
    from accounts.models import User

# Bounds of what one cart may hold, so that no request works on more.
MAX_CART_LINES = 100
MAX_LINE_QUANTITY = 1000


class ShippingMethod(models.Model):
    """A way to send an order, for a flat price."""

    name = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    price_amount = money.column()
    free_above = money.column(null=True, blank=True, help_text="Free when the goods cost at least this much.")
    countries = models.JSONField(
        default=list, blank=True, help_text="ISO 3166 codes it ships to; an empty list means everywhere."
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(price_amount__gte=Decimal(0)), name="shipping_price_not_negative"
            ),
            models.UniqueConstraint(fields=["name", "currency"], name="shipping_name_once_per_currency"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def price(self) -> Money:
        return money.rounded(self.price_amount, self.currency)

    @property
    def free_from(self) -> Money | None:
        return None if self.free_above is None else money.rounded(self.free_above, self.currency)


class CartQuerySet(models.QuerySet["Cart"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """A guest's cart for whoever knows its id; a customer's for that customer alone."""
        return self.filter(models.Q(customer=None) | models.Q(customer_id=user.pk))


class Cart(models.Model):
    """What somebody is about to buy. The id is the key: random, and all a guest needs to come back."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="carts")
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    completed_at = models.DateTimeField(null=True, blank=True, help_text="When it became an order.")

    objects = CartQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.pk)

    @cached_property
    def priced_lines(self) -> list["CartLine"]:
        """The lines with their variants and what those cost in the cart's currency, read once for each cart object."""
        # Not `self.lines`: what the optimizer prefetched lacks the model's methods.
        return list(CartLine.objects.filter(cart=self).select_related("variant").priced_in(self.currency))

    @cached_property
    def unit_prices(self) -> dict[uuid.UUID, Money | None]:
        """What one costs now, by line; None where the variant has no price in the cart's currency any more."""
        return {line.pk: line.variant.price_in(self.currency) for line in self.priced_lines}


class CartLineQuerySet(models.QuerySet["CartLine"]):
    def priced_in(self, currency: str) -> Self:
        """With what the variants cost in this currency. One statement more unless it is the shop's own."""
        return self if currency == settings.SHOP_CURRENCY else self.prefetch_related("variant__prices")


class CartLine(models.Model):
    """So many of one variant in a cart. Its price is the variant's at the moment of reading."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines")
    variant = models.ForeignKey(ProductVariant, models.CASCADE, related_name="+")
    quantity = models.PositiveIntegerField()
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
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.variant_id}"


class OrderStatus(models.TextChoices):
    PENDING = "PENDING"
    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    CONFIRMED = "CONFIRMED"
    PROCESSING = "PROCESSING"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    ON_HOLD = "ON_HOLD"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"


# From each status, the statuses an order may move to. `services.states.move` is the only writer.
TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.AWAITING_APPROVAL, OrderStatus.CONFIRMED, OrderStatus.CANCELLED}),
    OrderStatus.AWAITING_APPROVAL: frozenset({OrderStatus.CONFIRMED, OrderStatus.REJECTED, OrderStatus.CANCELLED}),
    OrderStatus.CONFIRMED: frozenset(
        {
            OrderStatus.PROCESSING,
            OrderStatus.PARTIALLY_SHIPPED,
            OrderStatus.SHIPPED,
            OrderStatus.ON_HOLD,
            OrderStatus.CANCELLED,
        }
    ),
    OrderStatus.PROCESSING: frozenset(
        {OrderStatus.PARTIALLY_SHIPPED, OrderStatus.SHIPPED, OrderStatus.ON_HOLD, OrderStatus.CANCELLED}
    ),
    OrderStatus.PARTIALLY_SHIPPED: frozenset({OrderStatus.SHIPPED}),
    OrderStatus.SHIPPED: frozenset({OrderStatus.DELIVERED}),
    OrderStatus.DELIVERED: frozenset(),
    OrderStatus.ON_HOLD: frozenset({OrderStatus.CONFIRMED, OrderStatus.CANCELLED}),
    OrderStatus.CANCELLED: frozenset(),
    OrderStatus.REJECTED: frozenset(),
}


class OrderAction(models.TextChoices):
    """What somebody may want to do with an order."""

    CONFIRM = "CONFIRM"
    FULFILL = "FULFILL"
    DELIVER = "DELIVER"
    CANCEL = "CANCEL"
    HOLD = "HOLD"
    RELEASE = "RELEASE"


class PaymentStatus(models.TextChoices):
    UNPAID = "UNPAID"
    AUTHORIZED = "AUTHORIZED"
    PAID = "PAID"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"


class OrderQuerySet(models.QuerySet["Order"]):
    def visible_to(self, user: "User | AnonymousUser", guest_token: str | None = None) -> Self:
        """One's own orders; all of them for staff; a guest's for whoever holds its token.

        A checkout whose payment was never decided, or was declined, is not an order to anybody.
        """
        placed = self.filter(placed_at__isnull=False)
        if user.is_staff and user.has_perm(OrderPermission.VIEW_ALL_ORDERS):
            return placed
        mine = models.Q(customer_id=user.pk) if user.pk else models.Q(pk__in=[])
        if guest_token:
            mine |= models.Q(customer=None, guest_key=guest_key_of(guest_token))
        return placed.filter(mine)


def guest_key_of(token: str) -> str:
    """What is stored of a guest's token: enough to find the order, not enough to pose as its holder."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


class Order(models.Model):
    """What somebody bought: a snapshot of names, prices and addresses, and the state it is in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=12, unique=True, editable=False)
    status = models.CharField(max_length=20, choices=OrderStatus, default=OrderStatus.PENDING, editable=False)
    payment_status = models.CharField(
        max_length=20, choices=PaymentStatus, default=PaymentStatus.UNPAID, editable=False
    )
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="orders")
    guest_key = models.CharField(max_length=64, blank=True, editable=False)
    email = models.EmailField()
    currency = models.CharField(max_length=3)
    subtotal_amount = money.column()
    discount_amount = money.column(default=Decimal(0))
    shipping_amount = money.column(default=Decimal(0))
    tax_amount = money.column(default=Decimal(0))
    total_amount = money.column()
    shipping_method = models.CharField(max_length=100)
    shipping_address = models.JSONField()
    billing_address = models.JSONField()
    # The checkout that made it: the same key on the same cart gives the same order.
    cart = models.ForeignKey(Cart, models.SET_NULL, null=True, related_name="orders", editable=False)
    idempotency_key = models.CharField(max_length=128, editable=False)
    request_digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    placed_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When payment was accepted.")

    events = GenericRelation(Event, "subject_id", "subject_type")

    objects = OrderQuerySet.as_manager()

    class Meta:
        permissions = [
            (OrderPermission.VIEW_ALL_ORDERS.split(".")[1], "Can see everybody's orders"),
            (OrderPermission.MANAGE_ORDERS.split(".")[1], "Can confirm, hold, ship, deliver and cancel orders"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=OrderStatus.values), name="order_status_is_known"),
            models.CheckConstraint(
                condition=models.Q(payment_status__in=PaymentStatus.values), name="order_payment_status_is_known"
            ),
            models.CheckConstraint(condition=models.Q(total_amount__gte=Decimal(0)), name="order_total_not_negative"),
            models.UniqueConstraint(fields=["cart", "idempotency_key"], name="order_once_per_cart_and_key"),
            models.UniqueConstraint(
                fields=["customer", "idempotency_key"],
                condition=models.Q(customer__isnull=False),
                name="order_once_per_customer_and_key",
            ),
            models.UniqueConstraint(
                fields=["cart"], condition=models.Q(placed_at__isnull=False), name="order_once_per_cart"
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-placed_at", "id"], name="order_by_customer"),
            models.Index(fields=["-placed_at", "id"], name="order_by_newest"),
            models.Index(fields=["status", "-placed_at", "id"], name="order_by_status"),
            models.Index(fields=["guest_key"], condition=~models.Q(guest_key=""), name="order_by_guest_key"),
        ]

    def __str__(self) -> str:
        return self.number

    def money(self, amount: Decimal) -> Money:
        return money.rounded(amount, self.currency)

    @property
    def total(self) -> Money:
        return self.money(self.total_amount)


class OrderLine(models.Model):
    """So many of one variant in an order, as it was named and priced when it was placed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    variant = models.ForeignKey(ProductVariant, models.SET_NULL, null=True, related_name="+")
    position = models.PositiveIntegerField()
    product_name = models.CharField(max_length=255)
    variant_name = models.CharField(max_length=255)
    sku = models.CharField("SKU", max_length=100)
    quantity = models.PositiveIntegerField()
    quantity_fulfilled = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=3)
    unit_amount = money.column()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="order_line_quantity_positive"),
            models.CheckConstraint(
                condition=models.Q(quantity_fulfilled__lte=models.F("quantity")), name="order_line_not_overfulfilled"
            ),
            models.UniqueConstraint(fields=["order", "position"], name="order_line_position_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"

    @property
    def label(self) -> str:
        """What people call it: the product, and the variant where there is a choice."""
        named = f"{self.product_name} ({self.variant_name})"
        return self.product_name if self.variant_name in ("", self.product_name) else named

    @property
    def unit_price(self) -> Money:
        return money.rounded(self.unit_amount, self.currency)

    @property
    def total_price(self) -> Money:
        return self.unit_price * self.quantity


class PaymentState(models.TextChoices):
    REQUESTED = "REQUESTED"  # written before the gateway is asked; its answer is not known yet
    IN_REVIEW = "IN_REVIEW"  # the gateway wants a person to look at it
    AUTHORIZED = "AUTHORIZED"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    REFUNDED = "REFUNDED"
    DECLINED = "DECLINED"


class Payment(models.Model):
    """What one order owes, and how far the gateway is with it. The id is the key of every call to the gateway."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.OneToOneField(Order, models.CASCADE, related_name="payment")
    gateway = models.CharField(max_length=30)
    token = models.CharField(max_length=255)
    state = models.CharField(max_length=12, choices=PaymentState, default=PaymentState.REQUESTED, editable=False)
    amount = money.column()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=255, blank=True, help_text="The gateway's own name for it.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=PaymentState.values), name="payment_state_is_known")
        ]
        indexes = [models.Index(fields=["state", "created_at"], name="payment_by_state")]

    def __str__(self) -> str:
        return f"{self.order}: {self.state}"

    @property
    def money(self) -> Money:
        return money.rounded(self.amount, self.currency)


class Fulfillment(models.Model):
    """One parcel of an order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="fulfillments")
    carrier = models.CharField(max_length=100, blank=True)
    tracking_number = models.CharField(max_length=100, blank=True)
    tracking_url = models.URLField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"{self.order}: {self.carrier} {self.tracking_number}"


class FulfillmentLine(models.Model):
    """How many of an order line are in a parcel."""

    fulfillment = models.ForeignKey(Fulfillment, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.CASCADE, related_name="fulfillment_lines")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fulfillment", "order_line"], name="fulfillment_line_once_per_order_line"),
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="fulfillment_line_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_line_id}"
