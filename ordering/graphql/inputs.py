"""What clients send about carts and orders."""

from uuid import UUID

import strawberry
from strawberry import relay

from catalog.graphql.types import ProductVariant
from ordering import services
from ordering.graphql import types
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


@strawberry.input
class PostalAddressInput:
    full_name: str
    line1: str
    city: str
    country: str = strawberry.field(description='ISO 3166 code of two letters, for example "DE".')
    line2: str = ""
    region: str = ""
    postal_code: str = ""
    phone: str = ""


@strawberry.input
class PaymentInput:
    token: str = strawberry.field(
        description='What the gateway made of the card. The sandbox knows "tok_ok", "tok_declined" and "tok_review".'
    )
    gateway: str = "sandbox"


@strawberry.input
class CheckoutInput:
    shipping_address: PostalAddressInput
    payment: PaymentInput
    billing_address: PostalAddressInput | None = strawberry.field(
        default=None, description="The shipping address when absent."
    )
    email: str | None = strawberry.field(
        default=None, description="Where the confirmation goes. Guests must give it; who is signed in may."
    )
    shipping_method_id: relay.GlobalID | None = strawberry.field(
        default=None, description="The cheapest that ships there when absent."
    )


@strawberry.input
class OrderFulfillLineInput:
    order_line_id: relay.GlobalID
    quantity: int


@strawberry.input
class OrderFulfillInput:
    lines: list[OrderFulfillLineInput] | None = strawberry.field(
        default=None, description="Everything that is still open when absent."
    )
    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None


def lines_of(lines: list[CartLineInput] | None) -> list[tuple[int, int]]:
    """(variant id, quantity) of each line."""
    return [(kit.pk(line.variant_id, ProductVariant), line.quantity) for line in lines or []]


def request_of(input: CheckoutInput) -> services.CheckoutRequest:
    """The input as the service takes it."""
    method = input.shipping_method_id
    return services.CheckoutRequest(
        shipping_address=services.Address(**vars(input.shipping_address)),
        billing_address=services.Address(**vars(input.billing_address)) if input.billing_address else None,
        email=input.email,
        shipping_method_id=kit.pk(method, types.ShippingMethod) if method else None,
        gateway=input.payment.gateway,
        payment_token=input.payment.token,
    )


def quantities_of(input: OrderFulfillInput | None) -> list[tuple[UUID, int]] | None:
    """(order line id, quantity) of each line to send; None for all."""
    if input is None or input.lines is None:
        return None
    return [(kit.pk(line.order_line_id, types.OrderLine), line.quantity) for line in input.lines]


def parcel_of(input: OrderFulfillInput | None) -> services.Parcel:
    """What was said of the parcel."""
    if input is None:
        return services.Parcel()
    return services.Parcel(
        carrier=input.carrier or "", tracking_number=input.tracking_number or "", tracking_url=input.tracking_url or ""
    )
