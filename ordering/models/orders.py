"""Orders: what somebody bought, as it was then, and the state it is in."""

import hashlib
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.db.models.functions import Upper
from moneyed import Money

from catalog import money
from catalog.models import ProductVariant
from notifications.models import Event
from ordering.models.carts import Cart
from ordering.permissions import OrderPermission

if TYPE_CHECKING:
    from accounts.models import User


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
    OrderStatus.ON_HOLD: frozenset({OrderStatus.CONFIRMED, OrderStatus.PROCESSING, OrderStatus.CANCELLED}),
    OrderStatus.CANCELLED: frozenset(),
    OrderStatus.REJECTED: frozenset(),
}


# Something of them is still to go out.
TO_SHIP = (OrderStatus.CONFIRMED, OrderStatus.PROCESSING, OrderStatus.PARTIALLY_SHIPPED)
# They came to nothing: whatever was taken or set aside for them goes back.
ENDED = frozenset({OrderStatus.CANCELLED, OrderStatus.REJECTED})


class OrderAction(models.TextChoices):
    """What somebody may want to do with an order."""

    CONFIRM = "CONFIRM"
    FULFILL = "FULFILL"
    DELIVER = "DELIVER"
    CANCEL = "CANCEL"
    HOLD = "HOLD"
    RELEASE = "RELEASE"
    PROCESS = "PROCESS"
    RECEIVE_PAYMENT = "RECEIVE_PAYMENT"
    REFUND = "REFUND"
    REQUEST_RETURN = "REQUEST_RETURN"
    ADD_NOTE = "ADD_NOTE"


class ActorKind(models.TextChoices):
    """As what somebody did something to an order. `Event.role` keeps it."""

    CUSTOMER = "CUSTOMER"
    STAFF = "STAFF"
    SYSTEM = "SYSTEM"


class PaymentStatus(models.TextChoices):
    UNPAID = "UNPAID"
    AUTHORIZED = "AUTHORIZED"
    PAID = "PAID"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"


# The shop has money for it, some of which may have gone back.
PAID = [PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED]


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

    def matching(self, text: str) -> models.QuerySet["Order", Any]:
        """The keys of orders with this number or SKU, or with this in the e-mail address or the name.

        Each way has an index of its own on PostgreSQL, so they are looked up one by one: an OR would read all orders.
        """
        text = text.strip()
        found = self.order_by()
        by_line = OrderLine.objects.filter(sku__iexact=text).order_by()
        return (
            found.filter(number=normalised_number(text))
            .values("pk")
            .union(
                found.filter(email__icontains=text).values("pk"),
                found.filter(shipping_address__full_name__icontains=text).values("pk"),
                by_line.values("order_id"),
            )
        )


# With the spaces and hyphens somebody may put into one.
MAX_NUMBER = 24


def normalised_number(text: str) -> str:
    """An order number as it is kept, however it was read out or typed: in capitals, without spaces and hyphens."""
    return "".join(character for character in text.upper() if character.isalnum())


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
    held_from = models.CharField(
        max_length=20, choices=OrderStatus, blank=True, editable=False, help_text="Where a hold found it."
    )
    is_payment_awaited = models.BooleanField(
        default=False,
        editable=False,
        help_text="Staff note the money when it comes: a bank transfer, cash on delivery.",
    )
    is_due_on_delivery = models.BooleanField(
        default=False, editable=False, help_text="It is shipped before it is paid."
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
    # subtotal − discount + shipping + tax = total. Where prices include tax, `tax` is 0 and `included_tax` says how
    # much of the total is tax. Of the discount, `shipping_discount` was taken off the shipping.
    prices_include_tax = models.BooleanField(default=True)
    included_tax_amount = money.column(default=Decimal(0))
    shipping_discount_amount = money.column(default=Decimal(0))
    shipping_tax_amount = money.column(default=Decimal(0), help_text="Included in its price, or on top of it.")
    shipping_tax_percent = models.DecimalField(max_digits=6, decimal_places=3, default=Decimal(0))
    # [{"kind": …, "label": …, "reason": …, "amount": "1.00"}, …]: how the total came to be.
    price_breakdown = models.JSONField(default=list)
    note = models.CharField(max_length=1000, blank=True, help_text="From the buyer.")
    shipping_method = models.CharField(max_length=100, blank=True)
    shipping_address = models.JSONField()
    billing_address = models.JSONField()
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The member of staff who placed it for the buyer.",
    )
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
            models.Index(fields=["customer", "placed_at", "id"], name="order_by_customer"),
            models.Index(fields=["placed_at", "id"], name="order_by_newest"),
            models.Index(fields=["status", "placed_at", "id"], name="order_by_status"),
            models.Index(fields=["payment_status", "placed_at", "id"], name="order_by_payment_status"),
            models.Index(fields=["total_amount", "id"], name="order_by_total"),
            models.Index(Upper("email"), name="order_by_email"),
            models.Index(fields=["guest_key"], condition=~models.Q(guest_key=""), name="order_by_guest_key"),
            models.Index(
                fields=["id"],
                condition=models.Q(
                    status__in=[OrderStatus.CANCELLED, OrderStatus.REJECTED],
                    payment_status__in=PAID,
                ),
                name="order_to_give_back",
            ),
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
    is_digital = models.BooleanField(default=False)
    currency = models.CharField(max_length=3)
    unit_amount = money.column()
    discount_amount = money.column(default=Decimal(0), help_text="Off the whole line.")
    tax_amount = money.column(default=Decimal(0), help_text="Of the whole line: included in its price, or on top.")
    tax_percent = models.DecimalField(max_digits=6, decimal_places=3, default=Decimal(0))
    tax_name = models.CharField(max_length=50, blank=True)

    class Meta:
        ordering = ["position"]
        indexes = [
            models.Index(Upper("sku"), name="order_line_by_sku"),
            models.Index(
                fields=["variant"],
                condition=models.Q(is_digital=True, quantity_fulfilled__lt=models.F("quantity")),
                name="order_line_digital_open",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="order_line_quantity_positive"),
            models.CheckConstraint(
                condition=models.Q(quantity_fulfilled__lte=models.F("quantity")), name="order_line_not_overfulfilled"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    discount_amount__gte=Decimal(0),
                    tax_amount__gte=Decimal(0),
                    discount_amount__lte=models.F("unit_amount") * models.F("quantity"),
                ),
                name="order_line_never_below_zero",
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

    def money(self, amount: Decimal) -> Money:
        return money.rounded(amount, self.currency)

    @property
    def unit_price(self) -> Money:
        return self.money(self.unit_amount)

    @property
    def paid(self) -> Money:
        """What the whole line cost in the end: less its discount, with tax where that came on top."""
        on_top = Decimal(0) if self.order.prices_include_tax else self.tax_amount
        return self.money(self.unit_amount * self.quantity - self.discount_amount + on_top)

    @property
    def total_price(self) -> Money:
        return self.unit_price * self.quantity


class OrderNote(models.Model):
    """What the shop's people say of an order among themselves."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    text = models.CharField(max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.text[:50]
