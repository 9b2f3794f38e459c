"""What happens to accounts. None of it holds a secret; who and from where is said by the event itself."""

from dataclasses import dataclass

# What of the payloads is about a person, and goes when they are erased: all that is not an id, a count or a role.
PERSONAL = frozenset({"email", "full_name", "reason"})


# ── Links ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class RegistrationRequested:
    type = "account.registration_requested"
    link_id: str


@dataclass(frozen=True)
class RegistrationRepeated:
    """Somebody registered with an address that has an account. Its owner is told, nobody else."""

    type = "account.registration_repeated"


@dataclass(frozen=True)
class PasswordResetRequested:
    type = "account.password_reset_requested"
    link_id: str


@dataclass(frozen=True)
class EmailChangeRequested:
    type = "account.email_change_requested"


@dataclass(frozen=True)
class EmailChangeLinkSent:
    type = "account.email_change_link_sent"
    link_id: str


@dataclass(frozen=True)
class EmailChangeUnavailable:
    """The new address has an account already. Its reader is told, nobody else."""

    type = "account.email_change_unavailable"


# ── The account ──────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class AccountRegistered:
    type = "account.registered"
    email: str
    full_name: str


@dataclass(frozen=True)
class AccountUpdated:
    """`fields` are the names of what was changed."""

    type = "account.updated"
    fields: list[str]


@dataclass(frozen=True)
class EmailChanged:
    type = "account.email_changed"


@dataclass(frozen=True)
class PasswordChanged:
    type = "account.password_changed"


@dataclass(frozen=True)
class PasswordReset:
    type = "account.password_reset"


@dataclass(frozen=True)
class AddressCreated:
    type = "account.address_created"
    address_id: str


@dataclass(frozen=True)
class AddressUpdated:
    type = "account.address_updated"
    address_id: str


@dataclass(frozen=True)
class AddressDeleted:
    type = "account.address_deleted"
    address_id: str


@dataclass(frozen=True)
class DataExportRequested:
    type = "account.data_export_requested"
    export_id: str


@dataclass(frozen=True)
class DataExportReady:
    type = "account.data_export_ready"
    export_id: str


@dataclass(frozen=True)
class AccountErased:
    type = "account.erased"


# ── Sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class SignedIn:
    type = "account.signed_in"
    session_id: str


@dataclass(frozen=True)
class SignedInToAdmin:
    type = "account.signed_in_to_admin"


@dataclass(frozen=True)
class SignedOut:
    type = "account.signed_out"
    session_id: str


@dataclass(frozen=True)
class SessionRevoked:
    type = "account.session_revoked"
    session_id: str


@dataclass(frozen=True)
class SessionsRevoked:
    type = "account.sessions_revoked"
    count: int


@dataclass(frozen=True)
class RefreshTokenReused:
    """A refresh token came back after its successor was made: somebody has a copy. Its session was ended."""

    type = "account.refresh_token_reused"


# ── What staff do ────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class AccountDeactivated:
    type = "account.deactivated"
    reason: str


@dataclass(frozen=True)
class AccountReactivated:
    type = "account.reactivated"


@dataclass(frozen=True)
class RolesChanged:
    type = "account.roles_changed"
    added: list[str]
    removed: list[str]
