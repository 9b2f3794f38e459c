"""The addresses of carts and orders: in the same form as those of the address book."""

from dataclasses import asdict

from accounts.errors import AccountError
from accounts.postal import Address
from accounts.services import addresses
from ordering.errors import OrderError, OrderErrorCode


def checked(address: Address, *, path: list[str]) -> dict[str, str]:
    """The address in the form of its country, part by part, as it is stored. ADDRESS_INVALID names the part."""
    try:
        return asdict(addresses.checked(address))
    except AccountError as refused:
        part = (refused.field or ["input"])[1:]
        raise OrderError(OrderErrorCode.ADDRESS_INVALID, str(refused.message), field=[*path, *part]) from None
