"""Goods that are to come back: asked for by the buyer, decided by staff. What becomes of them: `taking_back`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone

from accounts.models import User
from accounts.services import checks
from notifications.outbox import EventData
from ordering import events
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import (
    RETURN_TRANSITIONS,
    FulfillmentLine,
    Order,
    OrderAction,
    OrderLine,
    Return,
    ReturnAction,
    ReturnLine,
    ReturnReason,
    ReturnStatus,
)
from ordering.services import buyers, once, states

MAX_NOTE = 1000
MAX_DECISION_NOTE = 500
# Of one order, those that came to nothing included: a client shows all of them at once.
MAX_RETURNS = 50
_UNDONE = [ReturnStatus.REJECTED, ReturnStatus.CANCELLED]
LEADS_TO = {
    ReturnAction.APPROVE: ReturnStatus.APPROVED,
    ReturnAction.REJECT: ReturnStatus.REJECTED,
    ReturnAction.CANCEL: ReturnStatus.CANCELLED,
    ReturnAction.RECEIVE: ReturnStatus.RECEIVED,
    ReturnAction.REFUND: ReturnStatus.REFUNDED,
    ReturnAction.CLOSE: ReturnStatus.CLOSED,
}


@dataclass(frozen=True)
class Wanted:
    """So many units of an order line are to come back, and why."""

    order_line_id: UUID
    quantity: int
    reason: ReturnReason


# ── Who may do what when ─────────────────────────────────────────────────────────────────────────────────────────────
def allowed_actions(*, return_: Return, actor: User | AnonymousUser) -> list[tuple[ReturnAction, str | None]]:
    """Every action, with the reason why this person may not do it now, or None when they may. No statement."""
    return [(action, why_not(return_, action, actor)) for action in ReturnAction]


def why_not(return_: Return, action: ReturnAction, actor: User | AnonymousUser) -> str | None:
    """Why this person may not do this with this return now, in a sentence. It is one of an order they can see."""
    if not states.may_manage(actor):
        if action != ReturnAction.CANCEL:
            return "Only the shop's staff can do this."
        # Whoever may ask for a return may take back what they asked for.
        if reason := states.why_not(return_.order, OrderAction.REQUEST_RETURN, actor):
            return reason
        if return_.status == ReturnStatus.APPROVED:
            return "It was approved already. Ask the shop's staff."
    if LEADS_TO[action] not in RETURN_TRANSITIONS[ReturnStatus(return_.status)]:
        return f"A return that is {_words(return_.status)} cannot become {_words(LEADS_TO[action])}."
    if action == ReturnAction.REFUND:
        return states.why_not(return_.order, OrderAction.REFUND, actor)
    return None


def _words(status: str) -> str:
    return ReturnStatus(status).label.lower()


# ── Asked for ────────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def request(
    *,
    order_id: UUID | str,
    lines: Iterable[Wanted],
    note: str,
    actor: User | AnonymousUser,
    guest_token: str | None = None,
    idempotency_key: str | None,
) -> once.Done[Return]:
    """Asks to send back units of lines that were shipped within the last `RETURN_DAYS` days and are in no other return.

    NOT_FOUND, QUANTITY_INVALID, REQUIRED, INVALID, ACTION_NOT_ALLOWED.
    """
    buyers.hold(actor, field=["orderId"])
    order = states.locked(order_id, actor, guest_token)
    wanted = list(lines)
    claim = once.claim(
        scope=once.of_order(order),
        key=idempotency_key,
        operation="return_request",
        asked={"lines": [(str(each.order_line_id), each.quantity, each.reason) for each in wanted], "note": note},
        actor=actor,
    )
    if claim.answer:
        return once.Done(Return.objects.select_related("order").get(pk=claim.answer), True)
    states.permit(order, OrderAction.REQUEST_RETURN, actor)
    note = checked_note(note, longest=MAX_NOTE, field=["input", "note"])
    _check_lines(order, wanted)
    if order.returns.count() >= MAX_RETURNS:
        raise OrderError(
            OrderErrorCode.ACTION_NOT_ALLOWED, "Too many returns of it were asked for. Ask the shop.", field=["orderId"]
        )

    made = Return.objects.create(order=order, note=note)
    ReturnLine.objects.bulk_create(
        ReturnLine(return_of=made, order_line_id=each.order_line_id, quantity=each.quantity, reason=each.reason)
        for each in wanted
    )
    asked_for = events.OrderReturnRequested(
        number=order.number, return_id=str(made.pk), quantity=sum(each.quantity for each in wanted)
    )
    states.tell(order, asked_for, actor=actor)
    claim.keep(made)
    return once.Done(made, False)


def _check_lines(order: Order, wanted: list[Wanted]) -> None:
    if not wanted:
        raise OrderError(OrderErrorCode.REQUIRED, "Name at least one line.", field=["input", "lines"])
    lines = {line.pk: line for line in order.lines.filter(pk__in={each.order_line_id for each in wanted})}
    if len({each.order_line_id for each in wanted}) < len(wanted):
        raise OrderError(
            OrderErrorCode.INVALID,
            "Name each line once, with one reason. What has another reason goes into a return of its own.",
            field=["input", "lines"],
        )
    left = returnable(lines.values())
    for each in wanted:
        line = lines.get(each.order_line_id)
        if line is None:
            raise OrderError(
                OrderErrorCode.NOT_FOUND, "The order has no such line.", field=["input", "lines", "orderLineId"]
            )
        if line.is_digital:
            raise OrderError(
                OrderErrorCode.ACTION_NOT_ALLOWED,
                f"{line.sku} was downloaded; it cannot be sent back.",
                field=["input", "lines", "orderLineId"],
            )
        if not 1 <= each.quantity <= left[line.pk]:
            raise OrderError(
                OrderErrorCode.QUANTITY_INVALID,
                f"{left[line.pk]} of {line.sku} can be sent back now: what was shipped within the last "
                f"{settings.RETURN_DAYS} days and is in no other return. The quantity was {each.quantity}.",
                field=["input", "lines", "quantity"],
            )


def returnable(lines: Iterable[OrderLine]) -> dict[UUID, int]:
    """How many units of each line, by its id, can be sent back now. Two statements."""
    keys = [line.pk for line in lines if not line.is_digital]
    since = timezone.now() - timedelta(days=settings.RETURN_DAYS)
    sent = FulfillmentLine.objects.filter(order_line__in=keys).order_by().values_list("order_line")
    coming = ReturnLine.objects.filter(order_line__in=keys).exclude(return_of__status__in=_UNDONE).order_by()
    shipped = {
        key: (total, recent or 0)
        for key, total, recent in sent.annotate(
            total=Sum("quantity"), recent=Sum("quantity", filter=Q(fulfillment__created_at__gte=since))
        )
    }
    returned = dict(coming.values_list("order_line").annotate(Sum("quantity")))
    left = {}
    for line in lines:
        total, recent = shipped.get(line.pk, (0, 0))
        left[line.pk] = max(min(recent, total - returned.get(line.pk, 0)), 0)
    return left


# ── Decided ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def approve(*, return_id: UUID | str, actor: User, note: str = "") -> Return:
    """Tells the buyer to send the goods; `note` may say where to."""
    found = locked(return_id, actor)
    permit(found, ReturnAction.APPROVE, actor)
    note = checked_note(note, longest=MAX_DECISION_NOTE, field=["note"])

    _decide(found, actor, note)
    approved = events.OrderReturnApproved(number=found.order.number, return_id=str(found.pk), decision_note=note)
    move(found, ReturnStatus.APPROVED, approved, actor)
    return found


@transaction.atomic
def reject(*, return_id: UUID | str, actor: User, note: str) -> Return:
    """Tells the buyer to keep the goods, and why."""
    found = locked(return_id, actor)
    permit(found, ReturnAction.REJECT, actor)
    note = checked_reason(note)

    _decide(found, actor, note)
    rejected = events.OrderReturnRejected(number=found.order.number, return_id=str(found.pk), reason=note)
    move(found, ReturnStatus.REJECTED, rejected, actor)
    return found


@transaction.atomic
def cancel(*, return_id: UUID | str, actor: User | AnonymousUser, guest_token: str | None = None) -> Return:
    """The goods stay with the buyer, who changed their mind before it was approved; staff also afterwards."""
    found = locked(return_id, actor, guest_token)
    permit(found, ReturnAction.CANCEL, actor)

    cancelled = events.OrderReturnCancelled(number=found.order.number, return_id=str(found.pk))
    move(found, ReturnStatus.CANCELLED, cancelled, actor)
    return found


def _decide(found: Return, actor: User, note: str) -> None:
    found.decided_at = timezone.now()
    found.decided_by = actor
    found.decision_note = note
    found.save(update_fields=["decided_at", "decided_by", "decision_note"])


def checked_reason(note: str) -> str:
    """The note without surrounding space; refused when there is none, or nobody can read it."""
    note = checked_note(note, longest=MAX_DECISION_NOTE, field=["note"])
    if not note:
        raise OrderError(OrderErrorCode.REQUIRED, "Say why, for the buyer.", field=["note"])
    return note


def checked_note(note: str, *, longest: int, field: list[str]) -> str:
    """The note without surrounding space; refused when nobody can read it."""
    note = note.strip()
    if len(note) > longest or not checks.is_prose(note):
        raise OrderError(OrderErrorCode.INVALID, f"A note has at most {longest} printable characters.", field=field)
    return note


# ── What all of them do ──────────────────────────────────────────────────────────────────────────────────────────────
def locked(return_id: UUID | str, actor: User | AnonymousUser, guest_token: str | None = None) -> Return:
    """The return and its order for update, if this person may see it; otherwise NOT_FOUND."""
    order_id = Return.objects.visible_to(actor, guest_token).filter(pk=return_id).values_list("order_id").first()
    if order_id is None:
        raise OrderError(OrderErrorCode.NOT_FOUND, "There is no such return, or you may not see it.", field=["id"])
    order = states.locked(order_id[0], actor, guest_token)
    found = Return.objects.select_for_update().get(pk=return_id)
    found.order = order
    return found


def permit(found: Return, action: ReturnAction, actor: User | AnonymousUser) -> None:
    """Refuses with ACTION_NOT_ALLOWED what this person may not do with it now."""
    if reason := why_not(found, action, actor):
        raise OrderError(OrderErrorCode.ACTION_NOT_ALLOWED, reason, field=["id"])


def move(found: Return, status: ReturnStatus, event: EventData, actor: User | AnonymousUser) -> None:
    """The one writer of a return's status. It and its order are locked. A move the table lacks is refused."""
    if status not in RETURN_TRANSITIONS[ReturnStatus(found.status)]:
        raise OrderError(
            OrderErrorCode.ACTION_NOT_ALLOWED,
            f"A return that is {_words(found.status)} cannot become {_words(status)}.",
            field=["id"],
        )
    found.status = status
    found.save(update_fields=["status"])
    states.tell(found.order, event, actor=actor)
