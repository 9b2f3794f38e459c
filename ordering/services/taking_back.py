"""Goods that have come back: received, put on the shelf, paid back or not."""

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from catalog.models import MovementReason
from catalog.services import stock
from ordering import events
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import Order, Return, ReturnAction, ReturnLine, ReturnStatus
from ordering.services import once, receiving, refunding, returning

_BACK = [ReturnStatus.RECEIVED, ReturnStatus.REFUNDED, ReturnStatus.CLOSED]


@transaction.atomic
def receive(
    *,
    return_id: UUID | str,
    actor: User,
    restock: Iterable[tuple[int, int]] = (),
    idempotency_key: str | None,
) -> once.Done[Return]:
    """Notes that the goods are back; so many units of lines, given as (return line id, quantity), can be sold again.

    NOT_FOUND, QUANTITY_INVALID for more than came back, VARIANT_UNAVAILABLE for what the shop does not keep any more,
    ACTION_NOT_ALLOWED.
    """
    found = returning.locked(return_id, actor)
    wanted = list(restock)
    claim = _claim(found, idempotency_key, "return_receive", {"restock": wanted}, actor)
    if claim.answer:
        return once.Done(found, True)
    returning.permit(found, ReturnAction.RECEIVE, actor)
    lines = {line.pk: line for line in found.lines.select_related("order_line").order_by("pk")}
    counts = _counted(lines, wanted)

    for key, count in counts.items():
        lines[key].restocked = count
    ReturnLine.objects.bulk_update([lines[key] for key in counts], ["restocked"])
    found.received_at = timezone.now()
    found.save(update_fields=["received_at"])
    received = events.OrderReturnReceived(
        number=found.order.number,
        return_id=str(found.pk),
        quantity=sum(line.quantity for line in lines.values()),
        restocked=sum(counts.values()),
    )
    returning.move(found, ReturnStatus.RECEIVED, received, actor)
    claim.keep(found)
    _put_back((lines[key] for key in counts), actor)
    return once.Done(found, False)


def _counted(lines: dict[int, ReturnLine], wanted: list[tuple[int, int]]) -> dict[int, int]:
    """How many units of each line go back on the shelf; lines of which none does are left out."""
    counts: dict[int, int] = {}
    for key, count in wanted:
        line = lines.get(key)
        if line is None:
            raise OrderError(OrderErrorCode.NOT_FOUND, "The return has no such line.", field=["lines", "returnLineId"])
        if count < 0 or counts.get(key, 0) + count > line.quantity:
            raise OrderError(
                OrderErrorCode.QUANTITY_INVALID,
                f"{line.quantity} of {line.order_line.sku} came back; {count} cannot be put on the shelf.",
                field=["lines", "restock"],
            )
        if count and line.order_line.variant_id is None:
            raise OrderError(
                OrderErrorCode.VARIANT_UNAVAILABLE,
                f"The shop does not keep {line.order_line.sku} any more. Receive it without putting it on the shelf.",
                field=["lines", "restock"],
            )
        counts[key] = counts.get(key, 0) + count
    return {key: count for key, count in counts.items() if count}


def _put_back(lines: Iterable[ReturnLine], actor: User) -> None:
    quantities: dict[int, int] = {}
    for line in lines:
        if variant_id := line.order_line.variant_id:
            quantities[variant_id] = quantities.get(variant_id, 0) + line.restocked
    if quantities:
        stock.put_back(quantities=quantities, reason=MovementReason.RETURNED, actor=actor)


@transaction.atomic
def refund(
    *, return_id: UUID | str, actor: User, amount: Decimal | None = None, idempotency_key: str | None
) -> once.Done[Return]:
    """Pays back what was paid for the goods that came back, or an amount in the order's currency.

    The payment service is asked after the commit. AMOUNT_INVALID, QUANTITY_INVALID for units that were paid back
    already, REFUND_TOO_LARGE, ACTION_NOT_ALLOWED.
    """
    found = returning.locked(return_id, actor)
    claim = _claim(found, idempotency_key, "return_refund", {"amount": amount}, actor)
    if claim.answer:
        return once.Done(found, True)
    returning.permit(found, ReturnAction.REFUND, actor)
    lines = [(line.order_line_id, line.quantity) for line in found.lines.all()] if amount is None else None

    found.refund = refunding.refund(found.order, amount=amount, lines=lines, reason="Goods sent back", actor=actor)
    found.save(update_fields=["refund"])
    refunded = events.OrderReturnRefunded(
        number=found.order.number, return_id=str(found.pk), refund_id=str(found.refund.pk)
    )
    returning.move(found, ReturnStatus.REFUNDED, refunded, actor)
    claim.keep(found)
    return once.Done(found, False)


@transaction.atomic
def close(*, return_id: UUID | str, actor: User, note: str) -> Return:
    """Ends a return without money: the goods were never paid for, or came back in no state to be. The buyer reads why.

    `returning.request` takes no more units of these goods: they are back.
    """
    found = returning.locked(return_id, actor)
    returning.permit(found, ReturnAction.CLOSE, actor)
    found.decision_note = returning.checked_reason(note)
    found.save(update_fields=["decision_note"])
    closed = events.OrderReturnClosed(number=found.order.number, return_id=str(found.pk), reason=found.decision_note)
    returning.move(found, ReturnStatus.CLOSED, closed, actor)
    if found.order.is_payment_awaited and _is_all_back(found.order):
        receiving.expect_nothing(found.order)
    return found


def _is_all_back(order: Order) -> bool:
    back = ReturnLine.objects.filter(return_of__order=order, return_of__status__in=_BACK).aggregate(Sum("quantity"))
    bought = order.lines.aggregate(Sum("quantity"))
    return back["quantity__sum"] == bought["quantity__sum"]


def _claim(found: Return, key: str | None, operation: str, asked: dict[str, object], actor: User) -> once.Claim:
    asked = {"return": str(found.pk), **asked}
    return once.claim(scope=once.of_order(found.order), key=key, operation=operation, asked=asked, actor=actor)
