"""The colour each status of an order or a payment is shown in."""

from ordering.models import (
    OrderStatus,
    PaymentState,
    PaymentStatus,
    RefundState,
    ReturnStatus,
)

STATUS_COLOURS = {
    OrderStatus.PENDING: "warning",
    OrderStatus.AWAITING_APPROVAL: "warning",
    OrderStatus.CONFIRMED: "info",
    OrderStatus.PROCESSING: "info",
    OrderStatus.PARTIALLY_SHIPPED: "info",
    OrderStatus.SHIPPED: "success",
    OrderStatus.DELIVERED: "success",
    OrderStatus.ON_HOLD: "warning",
    OrderStatus.CANCELLED: "danger",
    OrderStatus.REJECTED: "danger",
}
PAYMENT_COLOURS = {
    PaymentStatus.AUTHORIZED: "info",
    PaymentStatus.PAID: "success",
    PaymentStatus.PARTIALLY_REFUNDED: "warning",
    PaymentStatus.REFUNDED: "warning",
    PaymentStatus.FAILED: "danger",
}
STATE_COLOURS = {
    PaymentState.AWAITED: "warning",
    PaymentState.IN_REVIEW: "warning",
    PaymentState.AUTHORIZED: "info",
    PaymentState.CAPTURED: "success",
    PaymentState.DECLINED: "danger",
}
REFUND_COLOURS = {
    RefundState.REQUESTED: "info",
    RefundState.DONE: "success",
    RefundState.FAILED: "danger",
}
RETURN_COLOURS = {
    ReturnStatus.REQUESTED: "warning",
    ReturnStatus.APPROVED: "info",
    ReturnStatus.REJECTED: "danger",
    ReturnStatus.RECEIVED: "info",
    ReturnStatus.REFUNDED: "success",
    ReturnStatus.CLOSED: "success",
}
