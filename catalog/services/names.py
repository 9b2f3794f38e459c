"""What others may read of somebody's name: never all of it, and never an e-mail address."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models import User


def first_name(user: "User") -> str | None:
    """ "Cleo" of Cleo Customer; None of whoever gave no name, or an address for one."""
    words = user.full_name.split()
    return None if not words or "@" in words[0] else words[0]


def short_name(user: "User") -> str | None:
    """ "Cleo C." of Cleo Customer; None of whoever gave no name, or an address for one."""
    first, words = first_name(user), user.full_name.split()
    return f"{first} {words[-1][0].upper()}." if first and len(words) > 1 else first
