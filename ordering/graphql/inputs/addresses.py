"""Addresses, as clients send them."""

import strawberry
from strawberry import relay

from accounts.graphql.types import Address
from ordering import services
from ordering.errors import OrderError, OrderErrorCode
from ordering.services import cart_details
from schema import kit


@strawberry.input
class PostalAddressInput:
    full_name: str
    line1: str
    city: str
    country: str = strawberry.field(description='ISO 3166 code of two letters, for example "DE".')
    line2: str | None = None
    region: str | None = None
    postal_code: str | None = None
    phone: str | None = None


def address_of(input: PostalAddressInput | None) -> services.Address | None:
    """The address as services take it; what is null is empty."""
    if input is None:
        return None
    return services.Address(**{part: value or "" for part, value in vars(input).items()})


@strawberry.input
class CartAddressesSetInput:
    """What is left out stays as it is; null empties it."""

    shipping_address: PostalAddressInput | None = strawberry.field(
        default=strawberry.UNSET, description="Where it is sent."
    )
    billing_address: PostalAddressInput | None = strawberry.field(
        default=strawberry.UNSET, description="Where the invoice goes, unless that is the shipping address."
    )
    shipping_address_id: relay.GlobalID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Instead of `shippingAddress`: one of your address book, when signed in. Null is as if left out.",
    )
    billing_address_id: relay.GlobalID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Instead of `billingAddress`: one of your address book, when signed in. Null is as if left out.",
    )
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="Where the confirmation goes. A customer's own when it is empty."
    )


def choice_of(
    address: PostalAddressInput | None, entry: relay.GlobalID | None, *, field: str
) -> cart_details.AddressChoice:
    """What was chosen of an address and an entry of the address book, of which at most one may be given."""
    if address and entry:
        raise OrderError(
            OrderErrorCode.INVALID,
            "Give either the address or the id of one in the address book.",
            field=["input", field],
        )
    if entry:
        return cart_details.FromBook(kit.pk(entry, Address))
    return address_of(address) if address or address is None else cart_details.UNCHANGED
