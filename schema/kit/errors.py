"""Errors of a whole request, each with a code."""

from enum import Enum

from graphql import GraphQLError


class ErrorCode(Enum):
    """`extensions.code` of a top-level error."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    NOT_FOUND = "NOT_FOUND"
    RATE_LIMITED = "RATE_LIMITED"
    QUERY_TOO_EXPENSIVE = "QUERY_TOO_EXPENSIVE"
    INTERNAL = "INTERNAL"


class ApiError(GraphQLError):
    """An error with a code, whose sentence may be shown to the client as it is."""

    def __init__(self, code: ErrorCode, message: str):
        super().__init__(message, extensions={"code": code.value})


def not_found(what: str) -> ApiError:
    """What is not there, and what is somebody else's: the answer is the same."""
    return ApiError(ErrorCode.NOT_FOUND, f"There is no such {what}, or you may not see it.")
