"""What clients send to keep promotions."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry import UNSET, relay

from catalog.graphql.types import Category, Product
from ordering.graphql import types
from ordering.graphql.types.promotions import PromotionKind
from ordering.services.promotions import Terms
from schema import kit

_NODES: dict[str, type] = {
    "category_ids": Category,
    "product_ids": Product,
    "customer_group_ids": types.CustomerGroup,
}
# The terms of what has another name in the API.
_TERMS = {"minimum_subtotal": "minimum_amount"}
# Where null says something: there is none from now on. Everywhere else it means the same as leaving it out.
_NULLABLE = {
    *("percent", "amount", "minimum_subtotal", "currency", "buy_quantity", "get_quantity", "starts_at", "ends_at"),
    *("usage_limit", "usage_limit_per_customer"),
}


@strawberry.input
class PromotionTermsInput:
    """What coupons and promotions have in common."""

    percent: Decimal | None = strawberry.field(
        default=UNSET, description="Of PERCENTAGE and BUY_X_GET_Y (100 when absent): above 0, at most 2 decimals."
    )
    amount: Decimal | None = strawberry.field(
        default=UNSET, description="Of FIXED, in `currency`, with at most its decimals."
    )
    minimum_subtotal: Decimal | None = strawberry.field(
        default=UNSET, description="In `currency`: all goods of the cart must cost at least this, before discounts."
    )
    currency: str | None = strawberry.field(
        default=UNSET, description="One of `currencies`: needed with amounts, and for carts in it alone."
    )
    buy_quantity: int | None = strawberry.field(default=UNSET, description="Of BUY_X_GET_Y, from 1 to 1000.")
    get_quantity: int | None = strawberry.field(default=UNSET, description="Of BUY_X_GET_Y, from 1 to 1000.")
    category_ids: list[relay.GlobalID] | None = strawberry.field(
        default=UNSET, description="All of them, at most 200: it is for what stands in them or beneath."
    )
    product_ids: list[relay.GlobalID] | None = strawberry.field(
        default=UNSET, description="All of them, at most 200. Without products and categories it is for everything."
    )
    customer_group_ids: list[relay.GlobalID] | None = strawberry.field(
        default=UNSET, description="All of them, at most 200: it is for their members alone."
    )
    is_first_order_only: bool | None = strawberry.field(default=UNSET, description="False when absent.")
    starts_at: datetime | None = strawberry.field(default=UNSET, description="At once when absent.")
    ends_at: datetime | None = strawberry.field(default=UNSET, description="Never when absent; after `startsAt`.")
    is_active: bool | None = strawberry.field(default=UNSET, description="True when absent.")
    priority: int | None = strawberry.field(
        default=UNSET, description="From 0 to 1000, smaller ones are taken off first; 100 when absent."
    )
    is_exclusive: bool | None = strawberry.field(
        default=UNSET, description="Never together with another one; false when absent."
    )
    usage_limit: int | None = strawberry.field(default=UNSET, description="Orders in all, no fewer than there are.")
    usage_limit_per_customer: int | None = strawberry.field(default=UNSET, description="Orders of one buyer.")


@strawberry.input
class PromotionCreateInput(PromotionTermsInput):
    name: str = strawberry.field(description="At most 100 characters: buyers read it beside the discount.")
    kind: PromotionKind


@strawberry.input
class CouponCreateInput(PromotionCreateInput):
    code: str = strawberry.field(
        description="What buyers type, in any case: 3 to 40 of A to Z, digits, - and _. Kept in capitals."
    )


@strawberry.input(description="What is left out stays as it is; null takes a limit, a moment or an amount away.")
class PromotionUpdateInput(PromotionTermsInput):
    name: str | None = UNSET


@strawberry.input(description="What is left out stays as it is; null takes a limit, a moment or an amount away.")
class CouponUpdateInput(PromotionUpdateInput):
    code: str | None = strawberry.field(default=UNSET, description="The one before is free then.")


def terms_of(input: PromotionCreateInput) -> Terms:
    """What the client said, as the service takes it."""
    return Terms(**changes_of(input))


def changes_of(input: PromotionTermsInput) -> dict[str, Any]:
    """The terms that the client named, and their values."""
    return {
        _TERMS.get(name, name): _value(name, value)
        for name, value in vars(input).items()
        if value is not UNSET and (value is not None or name in _NULLABLE)
    }


def _value(name: str, value: Any) -> Any:
    if name in _NODES:
        return frozenset(kit.pk(each, _NODES[name]) for each in value)
    if name == "currency":
        return value or ""
    return value
