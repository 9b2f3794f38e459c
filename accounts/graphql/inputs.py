"""What clients send about people."""

import strawberry

from accounts.graphql import types


@strawberry.input
class AccountRegisterInput:
    email: str
    password: str = strawberry.field(description="At least 8 characters, not a common one, not only digits.")
    full_name: str = ""


@strawberry.input
class AccountUpdateInput:
    full_name: str = strawberry.field(description="At most 150 characters; may be empty.")


@strawberry.input(description="What is left out or null stays as it is.")
class UserUpdateInput:
    full_name: str | None = None
    email: str | None = strawberry.field(default=None, description="Not one's own: that is emailChangeRequest.")
    rate_tier: types.RateTier | None = None


@strawberry.input(description="A postal address. The same fields as PostalAddressInput, so it can go to a checkout.")
class AddressInput:
    full_name: str = strawberry.field(description="Of whoever lives or works there.")
    line1: str = strawberry.field(description="Street and house number, or the post office box.")
    city: str
    country: str = strawberry.field(description='ISO 3166 code of two letters, for example "DE".')
    line2: str = ""
    region: str = strawberry.field(
        default="", description='State, province, prefecture …, by its code or name: "CA" or "California".'
    )
    postal_code: str = ""
    phone: str = strawberry.field(
        default="", description="With country code, or as it is dialled in the country of the address."
    )


@strawberry.input(description='What is left out or null stays as it is; "" empties a part that may be empty.')
class AddressUpdateInput:
    full_name: str | None = None
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    phone: str | None = None
