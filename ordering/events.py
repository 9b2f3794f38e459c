"""What happens to orders. Every payload is safe to show to the buyer."""

from dataclasses import dataclass

# What of the payloads is free text, or leads to a door: it goes when the customer is erased.
PERSONAL = frozenset({"reason", "tracking_number", "tracking_url"})


# What the buyer, guest or not, also gets by e-mail.
EMAILED = frozenset({"order.placed", "order.shipped", "order.delivered", "order.refunded"})


@dataclass(frozen=True)
class PlacedLine:
    quantity: int
    name: str
    total: str


@dataclass(frozen=True)
class OrderPlaced:
    """Amounts are decimals as text, all in `currency`."""

    type = "order.placed"
    number: str
    lines: list[PlacedLine]
    discount: str
    shipping: str
    tax: str
    total: str
    currency: str


@dataclass(frozen=True)
class OrderPaymentDeclined:
    """The checkout ended here: nobody but the admin ever sees this order."""

    type = "order.payment_declined"
    number: str
    reason: str


@dataclass(frozen=True)
class OrderPaymentInReview:
    type = "order.payment_in_review"
    number: str


@dataclass(frozen=True)
class OrderAwaitingApproval:
    type = "order.awaiting_approval"
    number: str


@dataclass(frozen=True)
class OrderConfirmed:
    type = "order.confirmed"
    number: str


@dataclass(frozen=True)
class OrderRejected:
    type = "order.rejected"
    number: str
    reason: str


@dataclass(frozen=True)
class OrderPaid:
    type = "order.paid"
    number: str
    total: str
    currency: str


@dataclass(frozen=True)
class OrderPaymentReleased:
    """An authorisation was given back before any money moved."""

    type = "order.payment_released"
    number: str


@dataclass(frozen=True)
class OrderPaymentAccepted:
    """A person looked at the payment that was in review: it stands."""

    type = "order.payment_accepted"
    number: str


@dataclass(frozen=True)
class OrderRefundRequested:
    """Money is to go back to the buyer: the payment service is asked until it answers."""

    type = "order.refund_requested"
    number: str
    refund_id: str
    amount: str
    currency: str
    reason: str


@dataclass(frozen=True)
class OrderRefunded:
    """So much went back to the buyer: all that was paid, or a part."""

    type = "order.refunded"
    number: str
    refund_id: str
    amount: str
    currency: str
    reason: str


@dataclass(frozen=True)
class OrderRefundFailed:
    """The payment service refused for good: the money is still the shop's, and can be given back in another way."""

    type = "order.refund_failed"
    number: str
    refund_id: str
    amount: str
    currency: str
    reason: str


@dataclass(frozen=True)
class OrderShipped:
    """A parcel left. `is_complete`: nothing more is to come."""

    type = "order.shipped"
    number: str
    is_complete: bool
    carrier: str
    tracking_number: str
    tracking_url: str


@dataclass(frozen=True)
class OrderDelivered:
    type = "order.delivered"
    number: str


@dataclass(frozen=True)
class OrderHeld:
    type = "order.held"
    number: str
    reason: str


@dataclass(frozen=True)
class OrderReleased:
    type = "order.released"
    number: str


@dataclass(frozen=True)
class OrderCancelled:
    type = "order.cancelled"
    number: str
    reason: str


@dataclass(frozen=True)
class CartReservationExpiring:
    """What the cart holds back on the shelf goes back at `until`, a moment in ISO 8601."""

    type = "cart.reservation_expiring"
    until: str


@dataclass(frozen=True)
class CartReservationExpired:
    """Of so many lines nothing is held back any more; what is left of them can still be bought."""

    type = "cart.reservation_expired"
    line_count: int


@dataclass(frozen=True)
class OrderDocumentIssued:
    """An invoice or a credit note got its number."""

    type = "order.document_issued"
    number: str
    kind: str
    document_number: str


@dataclass(frozen=True)
class WebhookReceived:
    """A gateway told something by itself; a task works on it."""

    type = "webhook.received"
    gateway: str
    message_type: str
