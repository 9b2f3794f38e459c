"""What clients send about draft orders."""

from decimal import Decimal

import strawberry
from strawberry import relay

from accounts.graphql.types import User
from ordering.graphql import types
from ordering.graphql.inputs.addresses import PostalAddressInput, address_of
from ordering.graphql.inputs.carts import CartLineInput, lines_of
from ordering.graphql.inputs.checkout import PaymentInput
from ordering.services.drafting import DraftRequest
from schema import kit


@strawberry.input
class DraftOrderCreateInput:
    """For whom, which must be said, and what, which can be said later with the cart mutations."""

    customer_id: relay.GlobalID | None = strawberry.field(
        default=None, description="The account it is for; without one it becomes a guest's order."
    )
    email: str | None = strawberry.field(
        default=None, description="Where its e-mails go. The account's when absent; needed without an account."
    )
    currency: str | None = strawberry.field(default=None, description="The shop's own when absent.")
    lines: list[CartLineInput] | None = None
    shipping_address: PostalAddressInput | None = None
    billing_address: PostalAddressInput | None = None
    shipping_method_id: relay.GlobalID | None = strawberry.field(default=None, description="The cheapest when absent.")
    note: str | None = strawberry.field(default=None, description="What the buyer wants the shop to know.")


@strawberry.input
class DraftOrderCompleteInput:
    payment: PaymentInput
    expected_total: Decimal | None = strawberry.field(
        default=None, description="The total that was agreed on: any other is refused with PRICE_CHANGED."
    )


def request_of(input: DraftOrderCreateInput) -> DraftRequest:
    """The input as the service takes it."""
    method = input.shipping_method_id
    return DraftRequest(
        customer_id=kit.pk(input.customer_id, User) if input.customer_id else None,
        email=input.email or "",
        currency=input.currency,
        lines=lines_of(input.lines),
        shipping_address=address_of(input.shipping_address),
        billing_address=address_of(input.billing_address),
        shipping_method_id=kit.pk(method, types.ShippingMethod) if method else None,
        note=input.note or "",
    )
