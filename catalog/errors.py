"""What the catalogue refuses, in codes a client can act on."""

from enum import StrEnum

from django.core.exceptions import ValidationError


class CatalogErrorCode(StrEnum):
    INVALID = "INVALID"
    OUT_OF_STOCK = "OUT_OF_STOCK"


class CatalogError(ValidationError):
    """A refusal: `code` for the program, `message` for the person, `field` for the form."""

    def __init__(
        self, code: CatalogErrorCode, message: str, *, field: list[str] | None = None, retryable: bool = False
    ):
        super().__init__(message, code)
        self.field = field
        self.retryable = retryable


class OutOfStock(CatalogError):
    """Fewer are left than somebody wanted."""

    def __init__(self, *, variant_id: int, left: int):
        super().__init__(CatalogErrorCode.OUT_OF_STOCK, f"Only {left} left.", retryable=False)
        self.variant_id = variant_id
        self.left = left
