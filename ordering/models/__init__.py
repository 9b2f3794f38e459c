"""What ordering stores, one module a subject."""

from ordering.models.carts import CART_LIFETIME, MAX_CART_LINES, MAX_COUPONS, MAX_LINE_QUANTITY, Cart, CartLine
from ordering.models.documents import Document, DocumentKind, NumberSeries
from ordering.models.fulfillments import DigitalFile, Download, Fulfillment, FulfillmentLine
from ordering.models.idempotency import IdempotencyKey
from ordering.models.orders import (
    ENDED,
    MAX_NUMBER,
    PAID,
    TO_SHIP,
    TRANSITIONS,
    ActorKind,
    Order,
    OrderAction,
    OrderLine,
    OrderNote,
    OrderStatus,
    PaymentStatus,
    guest_key_of,
    normalised_number,
)
from ordering.models.payments import (
    OPEN_STATES,
    Payment,
    PaymentState,
    Refund,
    RefundLine,
    RefundState,
    WebhookMessage,
)
from ordering.models.promotions import CustomerGroup, Promotion, PromotionKind, PromotionUse
from ordering.models.returns import RETURN_TRANSITIONS, Return, ReturnAction, ReturnLine, ReturnReason, ReturnStatus
from ordering.models.shipping import ShippingMethod, ShippingTier, ShippingZone
from ordering.models.taxes import TaxRate

__all__ = [
    "CART_LIFETIME",
    "ENDED",
    "MAX_CART_LINES",
    "MAX_COUPONS",
    "MAX_LINE_QUANTITY",
    "MAX_NUMBER",
    "OPEN_STATES",
    "PAID",
    "RETURN_TRANSITIONS",
    "TO_SHIP",
    "TRANSITIONS",
    "ActorKind",
    "Cart",
    "CartLine",
    "CustomerGroup",
    "DigitalFile",
    "Document",
    "DocumentKind",
    "Download",
    "Fulfillment",
    "FulfillmentLine",
    "IdempotencyKey",
    "NumberSeries",
    "Order",
    "OrderAction",
    "OrderLine",
    "OrderNote",
    "OrderStatus",
    "Payment",
    "PaymentState",
    "PaymentStatus",
    "Promotion",
    "PromotionKind",
    "PromotionUse",
    "Refund",
    "RefundLine",
    "RefundState",
    "Return",
    "ReturnAction",
    "ReturnLine",
    "ReturnReason",
    "ReturnStatus",
    "ShippingMethod",
    "ShippingTier",
    "ShippingZone",
    "TaxRate",
    "WebhookMessage",
    "guest_key_of",
    "normalised_number",
]
