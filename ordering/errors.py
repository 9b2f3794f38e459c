"""What ordering refuses, in codes a client can act on."""

from enum import StrEnum

from django.core.exceptions import ValidationError


class OrderErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    REQUIRED = "REQUIRED"
    QUANTITY_INVALID = "QUANTITY_INVALID"
    CURRENCY_NOT_SUPPORTED = "CURRENCY_NOT_SUPPORTED"
    VARIANT_UNAVAILABLE = "VARIANT_UNAVAILABLE"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    CART_EMPTY = "CART_EMPTY"
    CART_FULL = "CART_FULL"
    CART_COMPLETED = "CART_COMPLETED"
    CHECKOUT_IN_PROGRESS = "CHECKOUT_IN_PROGRESS"
    SHIPPING_UNAVAILABLE = "SHIPPING_UNAVAILABLE"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    PAYMENT_DECLINED = "PAYMENT_DECLINED"
    GATEWAY_UNKNOWN = "GATEWAY_UNKNOWN"
    GATEWAY_UNAVAILABLE = "GATEWAY_UNAVAILABLE"
    ACTION_NOT_ALLOWED = "ACTION_NOT_ALLOWED"
    PRICE_CHANGED = "PRICE_CHANGED"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    ADDRESS_INVALID = "ADDRESS_INVALID"
    COUPON_UNKNOWN = "COUPON_UNKNOWN"
    COUPON_EXPIRED = "COUPON_EXPIRED"
    COUPON_EXHAUSTED = "COUPON_EXHAUSTED"
    COUPON_NOT_APPLICABLE = "COUPON_NOT_APPLICABLE"
    COUPON_ALREADY_APPLIED = "COUPON_ALREADY_APPLIED"
    CODE_TAKEN = "CODE_TAKEN"
    CART_MERGED = "CART_MERGED"
    PAYMENT_ACTION_REQUIRED = "PAYMENT_ACTION_REQUIRED"
    AMOUNT_INVALID = "AMOUNT_INVALID"
    REFUND_TOO_LARGE = "REFUND_TOO_LARGE"
    FILE_INVALID = "FILE_INVALID"


class OrderError(ValidationError):
    """A refusal: `code` for the program, `message` for the person, `field` for the form."""

    def __init__(self, code: OrderErrorCode, message: str, *, field: list[str] | None = None, retryable: bool = False):
        super().__init__(message, code)
        self.field = field
        self.retryable = retryable
