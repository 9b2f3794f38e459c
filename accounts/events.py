"""What happens to accounts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AccountRegistered:
    type = "account.registered"
    email: str
    full_name: str


@dataclass(frozen=True)
class RefreshTokenReused:
    """A refresh token came back after its successor was made: somebody has a copy. Its family was revoked."""

    type = "account.refresh_token_reused"
