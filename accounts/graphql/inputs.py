"""What clients send about people."""

import strawberry


@strawberry.input
class AccountRegisterInput:
    email: str
    password: str = strawberry.field(description="At least 8 characters, not a common one, not only digits.")
    full_name: str = ""
