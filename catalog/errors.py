"""What the catalogue refuses, in codes a client can act on."""

from enum import StrEnum

from django.core.exceptions import ValidationError


class CatalogErrorCode(StrEnum):
    INVALID = "INVALID"
    REQUIRED = "REQUIRED"
    NOT_FOUND = "NOT_FOUND"
    TOO_MANY = "TOO_MANY"
    NAME_TAKEN = "NAME_TAKEN"
    SLUG_TAKEN = "SLUG_TAKEN"
    SKU_TAKEN = "SKU_TAKEN"
    OPTIONS_TAKEN = "OPTIONS_TAKEN"
    PRICE_INVALID = "PRICE_INVALID"
    CURRENCY_NOT_SUPPORTED = "CURRENCY_NOT_SUPPORTED"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    IN_STOCK = "IN_STOCK"
    LINK_INVALID = "LINK_INVALID"
    CATEGORY_CYCLE = "CATEGORY_CYCLE"
    CATEGORY_NOT_EMPTY = "CATEGORY_NOT_EMPTY"
    STATUS_NOT_ALLOWED = "STATUS_NOT_ALLOWED"
    FILE_INVALID = "FILE_INVALID"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    JOB_IN_PROGRESS = "JOB_IN_PROGRESS"
    REVIEW_EXISTS = "REVIEW_EXISTS"
    OWN_PRODUCT = "OWN_PRODUCT"
    OWN_REVIEW = "OWN_REVIEW"


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


def not_found(what: str, *, field: list[str] | None = None) -> CatalogError:
    """What is not there, and what is somebody else's: the answer is the same."""
    return CatalogError(CatalogErrorCode.NOT_FOUND, f"There is no such {what}, or you may not change it.", field=field)
