"""What happens to orders. Every payload is safe to show to the buyer, but for what `FOR_STAFF` names."""

from dataclasses import dataclass

# What of the payloads is free text, or leads to a door: it goes when the customer is erased.
PERSONAL = frozenset({"reason", "decision_note", "tracking_number", "tracking_url"})
# What of a payload the shop's staff alone read: a payment service writes to the shop, not to its buyers.
FOR_STAFF = {"order.refund_failed": frozenset({"reason"})}


# What the buyer, guest or not, also gets by e-mail.
EMAILED = frozenset(
    {
        *("order.placed", "order.shipped", "order.downloads_ready", "order.delivered", "order.refunded"),
        *("order.return_approved", "order.return_rejected", "order.return_received", "order.return_closed"),
    }
)


# What brought an event about, where its payload has neither a reason nor a cause.
CAUSES = {
    "order.placed": "checkout",
    "order.payment_in_review": "payment",
    "order.payment_accepted": "review",
    "order.payment_declined": "payment",
    "order.payment_released": "payment",
    "order.awaiting_approval": "approval",
    "order.rejected": "approval",
    "order.processing_started": "fulfilment",
    "order.paid": "payment",
    "order.refund_requested": "refund",
    "order.refunded": "refund",
    "order.refund_failed": "refund",
    "order.shipped": "fulfilment",
    "order.delivered": "fulfilment",
}


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
    """`cause` is "payment", "review" (a person accepted the payment) or "approval"."""

    type = "order.confirmed"
    number: str
    cause: str = "payment"


@dataclass(frozen=True)
class OrderProcessingStarted:
    """The shop works on it: its buyer cannot cancel it any more."""

    type = "order.processing_started"
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
class OrderTrackingChanged:
    """What the carrier said of a parcel later on."""

    type = "order.tracking_changed"
    number: str
    carrier: str
    tracking_number: str
    tracking_url: str


@dataclass(frozen=True)
class OrderDownloadsReady:
    """Lines were delivered as files, each to be had so many times within so many days. `is_complete`: nothing more is
    to come."""

    type = "order.downloads_ready"
    number: str
    is_complete: bool
    files: list[str]
    times: int
    days: int


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


@dataclass(frozen=True)
class LeftLine:
    quantity: int
    name: str


@dataclass(frozen=True)
class CartAbandoned:
    """Somebody left something in a cart. `more`: so many lines are not named. `url` leads to it."""

    type = "cart.abandoned"
    lines: list[LeftLine]
    more: int
    url: str


@dataclass(frozen=True)
class OrderReturnRequested:
    """So many units are to come back."""

    type = "order.return_requested"
    number: str
    return_id: str
    quantity: int


@dataclass(frozen=True)
class OrderReturnApproved:
    type = "order.return_approved"
    number: str
    return_id: str
    decision_note: str


@dataclass(frozen=True)
class OrderReturnRejected:
    type = "order.return_rejected"
    number: str
    return_id: str
    reason: str


@dataclass(frozen=True)
class OrderReturnCancelled:
    type = "order.return_cancelled"
    number: str
    return_id: str


@dataclass(frozen=True)
class OrderReturnReceived:
    """The goods are back; so many units went back on the shelf."""

    type = "order.return_received"
    number: str
    return_id: str
    quantity: int
    restocked: int


@dataclass(frozen=True)
class OrderReturnClosed:
    """The goods are back, and nothing is given back for them."""

    type = "order.return_closed"
    number: str
    return_id: str
    reason: str


@dataclass(frozen=True)
class OrderReturnRefunded:
    """What is given back for it is in the event order.refunded, once the payment service did."""

    type = "order.return_refunded"
    number: str
    return_id: str
    refund_id: str


@dataclass(frozen=True)
class ProductFileAdded:
    """Buyers of a variant get a file from now on."""

    type = "product.file_added"
    sku: str
    name: str


@dataclass(frozen=True)
class ProductFileRemoved:
    """Buyers of a variant do not get a file any more; those who bought it before keep it."""

    type = "product.file_removed"
    sku: str
    name: str


@dataclass(frozen=True)
class PromotionCreated:
    """A coupon where there is a code, else a rule that applies by itself."""

    type = "promotion.created"
    name: str
    code: str | None


@dataclass(frozen=True)
class PromotionUpdated:
    type = "promotion.updated"
    name: str
    code: str | None
    fields: list[str]


@dataclass(frozen=True)
class PromotionDeactivated:
    type = "promotion.deactivated"
    name: str
    code: str | None


@dataclass(frozen=True)
class CustomerGroupCreated:
    type = "customer_group.created"
    name: str


@dataclass(frozen=True)
class CustomerGroupChanged:
    """So many came and went."""

    type = "customer_group.changed"
    name: str
    added: int
    removed: int
