"""What a cart says besides its lines: where to, how, to whom to write, and a note for the shop."""

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import postal
from accounts.services import checks
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import Cart
from ordering.services import addresses, carts, quoting

if TYPE_CHECKING:
    from accounts.models import User

MAX_NOTE = 1000
_PARTS = [part.name for part in fields(postal.Address)]


@dataclass(frozen=True)
class FromBook:
    """An entry of the actor's own address book, by its id."""

    id: UUID


@dataclass(frozen=True)
class Unchanged:
    """What the cart says of it stays."""


UNCHANGED = Unchanged()
AddressChoice = postal.Address | FromBook | Unchanged | None


@transaction.atomic
def set_addresses(
    *,
    cart_id: UUID | str,
    actor: "User | AnonymousUser",
    shipping_address: AddressChoice = UNCHANGED,
    billing_address: AddressChoice = UNCHANGED,
    email: str | Unchanged | None = UNCHANGED,
) -> Cart:
    """Where the order goes, where the invoice goes, and to whom to write. None empties, what is not given stays.

    ADDRESS_INVALID names the part that is wrong; NOT_FOUND an entry that the actor's address book does not have. A
    chosen shipping method stays, also where it does not ship there: that is one of the cart's problems then.
    """
    cart = carts.open_cart(cart_id, actor)
    if not isinstance(shipping_address, Unchanged):
        cart.shipping_address = _parts(shipping_address, actor, field="shippingAddress")
    if not isinstance(billing_address, Unchanged):
        cart.billing_address = _parts(billing_address, actor, field="billingAddress")
    if not isinstance(email, Unchanged):
        cart.email = checked_email(email or "")

    cart.save(update_fields=["shipping_address", "billing_address", "email", "updated_at"])
    return cart


@transaction.atomic
def set_shipping_method(*, cart_id: UUID | str, method_id: int | None, actor: "User | AnonymousUser") -> Cart:
    """How it is sent; None leaves it to be the cheapest. SHIPPING_UNAVAILABLE for what is not on offer for this cart
    where it goes now."""
    cart = carts.open_cart(cart_id, actor)
    if method_id is not None and method_id not in {method.pk for method in quoting.quote(cart).methods}:
        raise OrderError(
            OrderErrorCode.SHIPPING_UNAVAILABLE,
            "This cart cannot be sent this way. Choose one of its availableShippingMethods.",
            field=["shippingMethodId"],
        )

    cart.shipping_method_id = method_id
    cart.save(update_fields=["shipping_method", "updated_at"])
    quoting.forget_price(cart)
    return cart


@transaction.atomic
def set_note(*, cart_id: UUID | str, note: str, actor: "User | AnonymousUser") -> Cart:
    """What the buyer wants the shop to know, in at most 1000 characters; "" empties it."""
    cart = carts.open_cart(cart_id, actor)
    note = note.strip()
    if len(note) > MAX_NOTE or not checks.is_prose(note):
        raise OrderError(
            OrderErrorCode.INVALID,
            f"A note has at most {MAX_NOTE} characters, and none is a control character.",
            field=["note"],
        )

    cart.note = note
    cart.save(update_fields=["note", "updated_at"])
    return cart


def _parts(
    choice: postal.Address | FromBook | None, actor: "User | AnonymousUser", *, field: str
) -> dict[str, Any] | None:
    """The address as carts keep it."""
    if choice is None:
        return None
    if isinstance(choice, FromBook):
        return asdict(_from_book(choice.id, actor, field=f"{field}Id"))
    return addresses.checked(choice, path=["input", field])


def _from_book(address_id: UUID, actor: "User | AnonymousUser", *, field: str) -> postal.Address:
    entry = None if isinstance(actor, AnonymousUser) else actor.addresses.filter(pk=address_id).first()
    if entry is None:
        raise OrderError(OrderErrorCode.NOT_FOUND, "Your address book has no such address.", field=["input", field])
    return postal.Address(**{part: getattr(entry, part) for part in _PARTS})


def checked_email(email: str) -> str:
    """The address without surrounding space, or nothing; refused when it is none."""
    email = email.strip()
    try:
        return addresses.normalised_email(email) if email else ""
    except ValidationError:
        raise OrderError(
            OrderErrorCode.INVALID,
            "This is not an e-mail address. It looks like name@example.com.",
            field=["input", "email"],
        ) from None
