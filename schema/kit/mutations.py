"""What mutations refuse."""

from collections.abc import Callable
from typing import Any

import strawberry
from django.core.exceptions import ValidationError
from strawberry.extensions import FieldExtension
from strawberry.utils.str_converters import to_camel_case

from schema.kit.context import Info


@strawberry.interface
class UserError:
    """A refusal a client can act on: `code` for the program, `message` for the person, `field` for the form."""

    message: str
    field: list[str] | None = strawberry.field(description='Where in the input, for example ["input", "email"].')
    retryable: bool = strawberry.field(description="Whether the same request may succeed a moment later.")


class refusals(FieldExtension):  # noqa: N801
    """`extensions=[kit.refusals(OrderError, OrderUserError)]`: a refusal becomes the payload's `userErrors`."""

    def __init__(self, refusal: type[ValidationError], user_error: type):
        self.refusal = refusal
        self.user_error = user_error

    def resolve(self, next_: Callable[..., Any], source: Any, info: Info, **kwargs: Any) -> Any:
        try:
            return next_(source, info, **kwargs)
        except self.refusal as refused:
            error: Any = refused
            user_error = self.user_error(
                code=error.code, message=error.message, field=_named(error.field, kwargs), retryable=error.retryable
            )
            return info.return_type.of_type(user_errors=[user_error])  # type: ignore[union-attr]


def _named(field: list[str] | None, arguments: dict[str, Any]) -> list[str] | None:
    """Services say `id` for what they were asked about; mutations of something else call it `orderId`."""
    others = [name for name in arguments if name.endswith("_id")]
    if field == ["id"] and "id" not in arguments and len(others) == 1:
        return [to_camel_case(others[0])]
    return field
