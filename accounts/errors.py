"""What accounts refuse, in codes a client can act on."""

from enum import StrEnum

from django.core.exceptions import ValidationError


class AccountErrorCode(StrEnum):
    EMAIL_INVALID = "EMAIL_INVALID"
    EMAIL_TAKEN = "EMAIL_TAKEN"
    FULL_NAME_INVALID = "FULL_NAME_INVALID"
    PASSWORD_TOO_WEAK = "PASSWORD_TOO_WEAK"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    REFRESH_TOKEN_INVALID = "REFRESH_TOKEN_INVALID"


class AccountError(ValidationError):
    """A refusal: `code` for the program, `message` for the person, `field` for the form."""

    def __init__(
        self, code: AccountErrorCode, message: str, *, field: list[str] | None = None, retryable: bool = False
    ):
        super().__init__(message, code)
        self.field = field
        self.retryable = retryable
