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
