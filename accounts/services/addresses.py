"""The address book: what somebody may have sent to, and billed to."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from enum import StrEnum
from uuid import UUID

from django.db import transaction

from accounts import events, postal
from accounts.errors import AccountError, AccountErrorCode
from accounts.models import MAX_ADDRESSES, Address, User
from accounts.services import checks
from notifications import outbox

# The field of a part, and how many characters may be written there. What may be a country is known exactly.
_LONGEST = {
    "full_name": ("fullName", 150),
    "line1": ("line1", 200),
    "line2": ("line2", 200),
    "city": ("city", 100),
    "region": ("region", 100),
    "postal_code": ("postalCode", 20),
    "phone": ("phone", 40),
}


class AddressUse(StrEnum):
    SHIPPING = "SHIPPING"
    BILLING = "BILLING"

    @property
    def flag(self) -> str:
        """The column that marks the default for this use."""
        return f"is_default_{self.lower()}"


@transaction.atomic
def create(*, actor: User, address: postal.Address) -> Address:
    """Adds an entry to one's own address book. The first becomes the default for everything.

    ADDRESS_INVALID and PHONE_INVALID name the part; TOO_MANY_ADDRESSES when the book is full.
    """
    user = _locked(actor)
    valid = checked(address)
    count = user.addresses.count()
    if count >= MAX_ADDRESSES:
        raise AccountError(
            AccountErrorCode.TOO_MANY_ADDRESSES,
            f"An address book has room for {MAX_ADDRESSES} addresses. Delete one that is not needed any more.",
        )
    is_first = count == 0
    entry = Address.objects.create(
        user=user, **asdict(valid), is_default_shipping=is_first, is_default_billing=is_first
    )
    outbox.record(events.AddressCreated(address_id=str(entry.pk)), about=user, actor=actor)
    return entry


@transaction.atomic
def update(*, actor: User, address_id: UUID, changes: Mapping[str, str]) -> Address:
    """Changes parts of one's own entry, by their names; what they make of the whole is checked like a new one."""
    user = _locked(actor)
    entry = _own(user, address_id)
    before = postal.Address(**{part.name: getattr(entry, part.name) for part in fields(postal.Address)})
    after = checked(replace(before, **changes))
    if after != before:
        for part, value in asdict(after).items():
            setattr(entry, part, value)
        entry.save(update_fields=asdict(after))
        outbox.record(events.AddressUpdated(address_id=str(entry.pk)), about=user, actor=actor)
    return entry


@transaction.atomic
def delete(*, actor: User, address_id: UUID) -> Address:
    """Removes one's own entry and returns it as it was. Of a default, the oldest remaining one takes the place."""
    user = _locked(actor)
    entry = _own(user, address_id)
    user.addresses.filter(pk=entry.pk).delete()
    flags = [use.flag for use in AddressUse if getattr(entry, use.flag)]
    oldest = user.addresses.order_by("created_at", "id").first() if flags else None
    if oldest is not None:
        user.addresses.filter(pk=oldest.pk).update(**dict.fromkeys(flags, True))
    outbox.record(events.AddressDeleted(address_id=str(entry.pk)), about=user, actor=actor)
    return entry


@transaction.atomic
def set_default(*, actor: User, address_id: UUID, use: AddressUse) -> Address:
    """Makes one's own entry the default for a use, in place of the one before; again changes nothing."""
    user = _locked(actor)
    entry = _own(user, address_id)
    if not getattr(entry, use.flag):
        user.addresses.filter(**{use.flag: True}).update(**{use.flag: False})
        setattr(entry, use.flag, True)
        entry.save(update_fields=[use.flag])
        outbox.record(events.AddressUpdated(address_id=str(entry.pk)), about=user, actor=actor)
    return entry


def _locked(actor: User) -> User:
    """The owner, so that two changes of one book happen one after the other. Not of an account that ended meanwhile:
    nothing personal may come to an erased one."""
    user = User.objects.select_for_update().get(pk=actor.pk)
    if not user.is_active:
        raise AccountError(AccountErrorCode.NOT_FOUND, "Your account has just ended; it has no address book any more.")
    return user


def _own(user: User, address_id: UUID) -> Address:
    entry = user.addresses.filter(pk=address_id).first()
    if entry is None:
        raise AccountError(AccountErrorCode.NOT_FOUND, "Your address book has no such address.", field=["id"])
    return entry


def checked(address: postal.Address) -> postal.Address:
    """The address in the form of its country; refused naming the part that is wrong, or is too long to keep."""
    for part, (field, most) in _LONGEST.items():
        value = getattr(address, part)
        if len(value) > most or not checks.is_text(value):
            code = AccountErrorCode.PHONE_INVALID if part == "phone" else AccountErrorCode.ADDRESS_INVALID
            raise AccountError(
                code, f"This has at most {most} characters, and none is a control character.", field=["input", field]
            )
    return postal.normalised(address)
