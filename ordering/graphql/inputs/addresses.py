"""Addresses, as clients send them."""

import strawberry

from ordering import services


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
