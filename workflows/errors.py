"""What workflows refuse, in codes a client can act on."""

from enum import StrEnum

from django.core.exceptions import ValidationError


class WorkflowErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    REQUIRED = "REQUIRED"
    OWN_REQUEST = "OWN_REQUEST"
    ALREADY_DECIDED = "ALREADY_DECIDED"


class WorkflowError(ValidationError):
    """A refusal: `code` for the program, `message` for the person, `field` for the form."""

    def __init__(
        self, code: WorkflowErrorCode, message: str, *, field: list[str] | None = None, retryable: bool = False
    ):
        super().__init__(message, code)
        self.field = field
        self.retryable = retryable
