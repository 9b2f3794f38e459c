"""What the shop's people note of an order among themselves."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from accounts.services import checks
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import OrderAction, OrderNote
from ordering.services import once, states

if TYPE_CHECKING:
    from accounts.models import User

MAX_NOTE = 2000
# They are read all together.
MAX_NOTES = 200


@transaction.atomic
def add_note(
    *, order_id: UUID | str, note: str, actor: "User", idempotency_key: str | None = None
) -> once.Done[OrderNote]:
    """Adds a note of 1 to 2000 characters. The buyer never sees it, and is told nothing. REQUIRED, INVALID."""
    order = states.locked(order_id, actor)
    claim = once.claim(
        scope=once.of_order(order), key=idempotency_key, operation="order_note_add", asked=note, actor=actor
    )
    if claim.answer:
        return once.Done(OrderNote.objects.select_related("order").get(pk=claim.answer), is_replay=True)
    states.permit(order, OrderAction.ADD_NOTE, actor)
    note = note.strip()
    if not note or len(note) > MAX_NOTE or not checks.is_prose(note):
        raise OrderError(
            OrderErrorCode.REQUIRED, f"Write a note of at most {MAX_NOTE} printable characters.", field=["note"]
        )
    if order.notes.count() >= MAX_NOTES:
        raise OrderError(OrderErrorCode.INVALID, f"An order has room for {MAX_NOTES} notes.", field=["note"])

    added = OrderNote.objects.create(order=order, author=actor, text=note)
    claim.keep(added)
    return once.Done(added, is_replay=False)
