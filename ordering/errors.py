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


class OrderError(ValidationError):
    """A refusal: `code` for the program, `message` for the person, `field` for the form."""

    def __init__(self, code: OrderErrorCode, message: str, *, field: list[str] | None = None, retryable: bool = False):
        super().__init__(message, code)
        self.field = field
        self.retryable = retryable
