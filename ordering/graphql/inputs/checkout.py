"""What clients send to check out."""

from decimal import Decimal

import strawberry
from strawberry import relay

from ordering import services
from ordering.graphql import types
from ordering.graphql.inputs.addresses import PostalAddressInput, address_of
from schema import kit


@strawberry.input
class PaymentInput:
    token: str = strawberry.field(
        description='What the gateway made of the card. The sandbox knows "tok_ok", "tok_declined" and "tok_review".'
    )
    gateway: str = "sandbox"


@strawberry.input
class CheckoutInput:
    payment: PaymentInput
    shipping_address: PostalAddressInput | None = strawberry.field(
        default=None, description="The cart's when absent; needed in one of them if anything travels."
    )
    billing_address: PostalAddressInput | None = strawberry.field(
        default=None, description="The cart's when absent, or else the shipping address."
    )
    expected_total: Decimal | None = strawberry.field(
        default=None,
        description="The total the buyer was shown: any other is refused with PRICE_CHANGED. Without it checkout is "
        "refused when a price has changed since its line was last put in or changed.",
    )
    email: str | None = strawberry.field(
        default=None, description="Where the confirmation goes. The cart's, or the account's, when absent."
    )
    shipping_method_id: relay.GlobalID | None = strawberry.field(
        default=None, description="The cart's when absent, or else the cheapest that ships there."
    )


def request_of(input: CheckoutInput) -> services.CheckoutRequest:
    """The input as the service takes it."""
    method = input.shipping_method_id
    return services.CheckoutRequest(
        shipping_address=address_of(input.shipping_address),
        billing_address=address_of(input.billing_address),
        expected_total=input.expected_total,
        email=input.email,
        shipping_method_id=kit.pk(method, types.ShippingMethod) if method else None,
        gateway=input.payment.gateway,
        payment_token=input.payment.token,
    )
