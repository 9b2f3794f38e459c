"""Where carts and orders are sent, and to whom is written: addresses in the same form as in the address book."""

from dataclasses import asdict

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.errors import AccountError
from accounts.models import MAX_EMAIL, normalize_email
from accounts.postal import Address
from accounts.services import addresses, checks
from ordering.errors import OrderError, OrderErrorCode


def checked(address: Address, *, path: list[str]) -> dict[str, str]:
    """The address in the form of its country, part by part, as it is stored. ADDRESS_INVALID names the part."""
    try:
        return asdict(addresses.checked(address))
    except AccountError as refused:
        part = (refused.field or ["input"])[1:]
        raise OrderError(OrderErrorCode.ADDRESS_INVALID, str(refused.message), field=[*path, *part]) from None


def normalised_email(email: str) -> str:
    """The e-mail address, an international domain as `xn--`, so that one address has one spelling. ValidationError for
    what is none."""
    validate_email(email)
    if len(email) > MAX_EMAIL or email.startswith('"') or not checks.is_text(email):
        raise ValidationError("unusual")
    return email if email.isascii() else normalize_email(email)
