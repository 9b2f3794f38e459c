"""What clients send about returns."""

import strawberry
from strawberry import relay

from ordering.graphql import types
from ordering.services import returning
from schema import kit


@strawberry.input
class ReturnRequestLineInput:
    order_line_id: relay.GlobalID
    quantity: int
    reason: types.ReturnReason


@strawberry.input
class ReturnRequestInput:
    lines: list[ReturnRequestLineInput] = strawberry.field(description="Each line once.")
    note: str | None = strawberry.field(default=None, description="For the shop; at most 1,000 characters.")


@strawberry.input
class ReturnReceiveLineInput:
    return_line_id: relay.GlobalID
    restock: int = strawberry.field(description="How many units of it can be sold again.")


def wanted_in(input: ReturnRequestInput) -> list[returning.Wanted]:
    """What is to come back."""
    return [
        returning.Wanted(
            order_line_id=kit.pk(line.order_line_id, types.OrderLine), quantity=line.quantity, reason=line.reason
        )
        for line in input.lines
    ]


def restock_of(lines: list[ReturnReceiveLineInput] | None) -> list[tuple[int, int]]:
    """(return line id, quantity) of what goes back on the shelf."""
    return [(kit.pk(line.return_line_id, types.ReturnLine), line.restock) for line in lines or []]
