"""What clients send about payments and refunds."""

from decimal import Decimal

import strawberry
from strawberry import relay

from ordering import services
from ordering.graphql import types
from schema import kit


@strawberry.input
class PaymentReceiveInput:
    amount: Decimal = strawberry.field(description="What came, in the order's currency: exactly what the order owes.")
    reference: str | None = strawberry.field(
        default=None, description="What the bank's statement or the carrier calls it."
    )


@strawberry.input
class RefundLineInput:
    order_line_id: relay.GlobalID
    quantity: int


@strawberry.input
class RefundCreateInput:
    reason: str = strawberry.field(description="The buyer can read it. At most 500 characters.")
    lines: list[RefundLineInput] | None = strawberry.field(
        default=None,
        description="What was paid for so many units of each line: less their discount, with their tax, without "
        "shipping.",
    )
    amount: Decimal | None = strawberry.field(
        default=None, description="An amount in the order's currency. Without this and `lines`, all that is left."
    )


def receipt_of(input: PaymentReceiveInput) -> services.Receipt:
    """The input as the service takes it."""
    return services.Receipt(amount=input.amount, reference=input.reference or "")


def request_of(input: RefundCreateInput) -> services.RefundRequest:
    """The input as the service takes it."""
    lines = None
    if input.lines is not None:
        lines = tuple((kit.pk(line.order_line_id, types.OrderLine), line.quantity) for line in input.lines)
    return services.RefundRequest(reason=input.reason, amount=input.amount, lines=lines)
