"""What clients send about carts."""

import strawberry
from strawberry import relay

from catalog.graphql.types import ProductVariant
from schema import kit


@strawberry.input
class CartLineInput:
    variant_id: relay.GlobalID
    quantity: int = strawberry.field(description="From 1 to 1000.")


@strawberry.input
class CartLineUpdateInput:
    line_id: relay.GlobalID
    quantity: int = strawberry.field(description="From 0 to 1000; 0 removes the line.")


@strawberry.input
class CartCreateInput:
    lines: list[CartLineInput] | None = None
    currency: str | None = strawberry.field(
        default=None,
        description="One of `currencies`; the shop's own when absent. What has no price in it cannot be put in.",
    )


def lines_of(lines: list[CartLineInput] | None) -> list[tuple[int, int]]:
    """(variant id, quantity) of each line."""
    return [(kit.pk(line.variant_id, ProductVariant), line.quantity) for line in lines or []]
