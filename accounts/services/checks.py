"""What a person may be called, reached at and protected by: the rules of every form about people."""

import unicodedata

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.errors import AccountError, AccountErrorCode
from accounts.models import MAX_EMAIL, User

# Longer input is refused before it is hashed or compared: nobody types it, and hashing it costs.
MAX_PASSWORD = 128
# Turn text around, so that it reads as something else than it is.
_DIRECTIONS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LAYOUT = str.maketrans("", "", "\n\r\t")


def check_email(email: str, *, field: list[str]) -> None:
    """Refuses what is no normalised e-mail address. ASCII only, so that none looks like another."""
    try:
        validate_email(email)
        if len(email) > MAX_EMAIL or email.startswith('"') or not email.isascii():
            raise ValidationError("unusual")
    except ValidationError:
        raise AccountError(
            AccountErrorCode.EMAIL_INVALID,
            "This is not an e-mail address. It looks like name@example.com.",
            field=field,
        ) from None


def check_full_name(full_name: str, *, field: list[str]) -> None:
    """Refuses a name that is too long or cannot be shown as it was written."""
    if len(full_name) > 150 or not is_text(full_name):
        raise AccountError(
            AccountErrorCode.FULL_NAME_INVALID,
            "A name has at most 150 characters, and none of them is a control character.",
            field=field,
        )


def check_password(password: str, user: User, *, field: list[str]) -> None:
    """Refuses a password that is weak for this person, by Django's validators."""
    try:
        if len(password) > MAX_PASSWORD:
            raise ValidationError(f"This password is too long. It must contain at most {MAX_PASSWORD} characters.")
        password_validation.validate_password(password, user)
    except ValidationError as weak:
        raise AccountError(AccountErrorCode.PASSWORD_TOO_WEAK, " ".join(weak.messages), field=field) from None


def is_text(value: str) -> bool:
    """Whether a person may have typed it: no control characters, no half characters, nothing that turns text around."""
    return not any(character in _DIRECTIONS or unicodedata.category(character) in {"Cc", "Cs"} for character in value)


def is_prose(value: str) -> bool:
    """Whether it is text, which may have line ends and tabs in it."""
    return is_text(value.translate(_LAYOUT))
