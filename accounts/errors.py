"""What accounts refuse, in codes a client can act on."""

from enum import StrEnum

from django.core.exceptions import ValidationError


class AccountErrorCode(StrEnum):
    EMAIL_INVALID = "EMAIL_INVALID"
    EMAIL_TAKEN = "EMAIL_TAKEN"
    EMAIL_UNVERIFIED = "EMAIL_UNVERIFIED"
    FULL_NAME_INVALID = "FULL_NAME_INVALID"
    REASON_INVALID = "REASON_INVALID"
    PASSWORD_TOO_WEAK = "PASSWORD_TOO_WEAK"
    PASSWORD_WRONG = "PASSWORD_WRONG"
    PASSWORD_REQUIRED = "PASSWORD_REQUIRED"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    LINK_INVALID = "LINK_INVALID"
    REFRESH_TOKEN_INVALID = "REFRESH_TOKEN_INVALID"
    NOT_FOUND = "NOT_FOUND"
    ADDRESS_INVALID = "ADDRESS_INVALID"
    PHONE_INVALID = "PHONE_INVALID"
    TOO_MANY_ADDRESSES = "TOO_MANY_ADDRESSES"
    EXPORT_IN_PROGRESS = "EXPORT_IN_PROGRESS"
    ACCOUNT_IN_USE = "ACCOUNT_IN_USE"
    LAST_ADMINISTRATOR = "LAST_ADMINISTRATOR"
    ROLE_UNKNOWN = "ROLE_UNKNOWN"
    NOT_PERMITTED = "NOT_PERMITTED"


class AccountError(ValidationError):
    """A refusal: `code` for the program, `message` for the person, `field` for the form."""

    def __init__(
        self, code: AccountErrorCode, message: str, *, field: list[str] | None = None, retryable: bool = False
    ):
        super().__init__(message, code)
        self.field = field
        self.retryable = retryable


class RateLimited(Exception):
    """Too many attempts; `retry_after` seconds from now there is room for one."""

    def __init__(self, *, retry_after: int):
        super().__init__(f"Too many attempts. Try again in {retry_after} seconds.")
        self.retry_after = retry_after
