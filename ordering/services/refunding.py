"""Giving money back: what is asked for is counted at once, and the gateway is asked after the commit until it answers.

A refund is one row. `Payment.refunded_amount` counts it from the moment it is requested until it fails for good, so no
two together give back more than was captured, whoever asks and whenever.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone
from moneyed import Money

from catalog import money
from ordering import events
from ordering.errors import OrderError, OrderErrorCode
from ordering.gateways import Answer, GatewayError, Outcome, gateway, lend_connection
from ordering.models import (
    ENDED,
    Order,
    OrderAction,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentState,
    PaymentStatus,
    Refund,
    RefundLine,
    RefundState,
)
from ordering.services import asking, once, states

if TYPE_CHECKING:
    from accounts.models import User

# One that is being asked for now is left to whoever asks; one this old was given up.
RECOVER_AFTER = timedelta(seconds=60)
RECOVER_BATCH = 200
# A refund that was made by itself and failed: nobody tries that again but a person.
REFUSED = Q(state=RefundState.FAILED, created_by=None)


@dataclass(frozen=True)
class RefundRequest:
    """What is to go back: so many units of lines, given as (order line id, quantity), or an amount in the order's
    currency, or all that is left when neither is given. `reason` may be shown to the buyer."""

    reason: str
    amount: Decimal | None = None
    lines: tuple[tuple[UUID, int], ...] | None = None


@transaction.atomic
def refund_create(
    *, order_id: UUID | str, idempotency_key: str | None, request: RefundRequest, actor: "User"
) -> once.Done[Refund]:
    """Gives money back to the buyer. AMOUNT_INVALID, QUANTITY_INVALID, REFUND_TOO_LARGE, ACTION_NOT_ALLOWED."""
    order = states.locked(order_id, actor)
    asked = {"reason": request.reason, "amount": request.amount, "lines": request.lines}
    claim = once.claim(
        scope=once.of_order(order), key=idempotency_key, operation="refund_create", asked=asked, actor=actor
    )
    if claim.answer:
        return once.Done(Refund.objects.select_related("payment__order").get(pk=claim.answer), True)
    states.permit(order, OrderAction.REFUND, actor)

    made = refund(order, amount=request.amount, lines=request.lines, reason=request.reason, actor=actor)
    claim.keep(made)
    return once.Done(made, False)


def refund(
    order: Order,
    *,
    reason: str,
    amount: Decimal | None = None,
    lines: Iterable[tuple[UUID, int]] | None = None,
    actor: "User | AnonymousUser | None" = None,
) -> Refund:
    """A refund of so many units of lines, or of an amount, or of all that is left. The order is locked.

    It is written and counted now; the gateway is asked after the commit. Refused as `refund_create` is.
    """
    payment = Payment.objects.select_for_update().get(order=order)
    payment.order = order
    _check_open(payment)
    reason = states.checked_reason(reason, field=["input", "reason"])
    if amount is not None and lines is not None:
        raise OrderError(OrderErrorCode.INVALID, "Give lines or an amount, not both.", field=["input", "amount"])
    parts = [] if lines is None else _parts_of(order, lines)
    if lines is not None:
        amount = sum((part.amount for part in parts), Decimal(0))
    given = payment.refundable.amount if amount is None else amount
    _check_amount(given, payment, path=["input", "amount"] if lines is None else ["input", "lines"])

    made = Refund.objects.create(
        payment=payment,
        amount=given,
        currency=payment.currency,
        reason=reason,
        created_by=None if actor is None or actor.is_anonymous else actor,
    )
    for part in parts:
        part.refund = made
    RefundLine.objects.bulk_create(parts)
    payment.refunded_amount += given
    payment.save(update_fields=["refunded_amount", "updated_at"])
    states.tell(order, _told(events.OrderRefundRequested, order, made), actor=actor, tell_buyer=False)
    return made


@transaction.atomic
def refund_the_rest(*, order_id: UUID | str) -> None:
    """The order ended: all that is left of its money is to go back. Again changes nothing, and what the gateway
    refused once is left to a person."""
    order = Order.objects.select_for_update(of=("self",)).get(pk=order_id)
    payment = Payment.objects.select_for_update().get(order=order)
    if order.status not in ENDED or not payment.refundable.amount:
        return
    if payment.refunds.filter(REFUSED).exists():
        return
    if payment.state == PaymentState.IN_REVIEW:
        payment.state = PaymentState.CAPTURED
        payment.save(update_fields=["state", "updated_at"])
    refund(order, reason=f"The order was {OrderStatus(order.status).label.lower()}.")


def _check_open(payment: Payment) -> None:
    if payment.state == PaymentState.IN_REVIEW:
        raise OrderError(
            OrderErrorCode.ACTION_NOT_ALLOWED,
            "The payment is in review. Accept it first, then give money back.",
            field=["id"],
        )
    if payment.state != PaymentState.CAPTURED or payment.refundable.amount <= 0:
        raise OrderError(OrderErrorCode.ACTION_NOT_ALLOWED, "Nothing that was paid is left to give back.", field=["id"])


def _check_amount(amount: Decimal, payment: Payment, *, path: list[str]) -> None:
    if not amount.is_finite() or amount <= 0:
        raise OrderError(OrderErrorCode.AMOUNT_INVALID, "Give an amount above 0.", field=path)
    left = payment.refundable
    if amount > left.amount:
        raise OrderError(
            OrderErrorCode.REFUND_TOO_LARGE,
            f"Of what was paid {left.amount} {payment.currency} are left to give back. Ask for no more than that.",
            field=path,
        )
    if amount != money.rounded(amount, payment.currency).amount:
        decimals = money.exponent(payment.currency)
        raise OrderError(
            OrderErrorCode.AMOUNT_INVALID,
            f"Amounts in {payment.currency} have at most {decimals} decimals.",
            field=path,
        )


# ── Units of lines ───────────────────────────────────────────────────────────────────────────────────────────────────
def _parts_of(order: Order, wanted: Iterable[tuple[UUID, int]]) -> list[RefundLine]:
    """A row for each line, not saved, with what was paid for so many more of its units."""
    asked: Counter[UUID] = Counter()
    for line_id, quantity in wanted:
        if quantity < 1:
            raise OrderError(
                OrderErrorCode.QUANTITY_INVALID, "Give a quantity of 1 or more.", field=["input", "lines", "quantity"]
            )
        asked[line_id] += quantity
    if not asked:
        raise OrderError(
            OrderErrorCode.REQUIRED,
            "Name at least one line, or leave `lines` out to give back all that is left.",
            field=["input", "lines"],
        )
    lines = {line.pk: line for line in order.lines.filter(pk__in=asked).order_by("pk")}
    if len(lines) < len(asked):
        raise OrderError(
            OrderErrorCode.NOT_FOUND, "The order has no such line.", field=["input", "lines", "orderLineId"]
        )
    given = _given_back(lines)
    return [_part(line, asked[pk], *given.get(pk, (0, Decimal(0)))) for pk, line in lines.items()]


def _given_back(line_ids: Iterable[UUID]) -> dict[UUID, tuple[int, Decimal]]:
    """Of each line: how many units went back already or are about to, and what was paid for them."""
    counted = RefundLine.objects.filter(order_line__in=list(line_ids)).exclude(refund__state=RefundState.FAILED)
    sums = counted.values_list("order_line").annotate(units=Sum("quantity"), paid=Sum("amount"))
    return {line_id: (units, paid) for line_id, units, paid in sums.order_by("order_line")}


def _part(line: OrderLine, quantity: int, units_given: int, amount_given: Decimal) -> RefundLine:
    left = line.quantity - units_given
    if quantity > left:
        raise OrderError(
            OrderErrorCode.QUANTITY_INVALID,
            f"{left} of {line.sku} are left to give back; the quantity was {quantity}.",
            field=["input", "lines", "quantity"],
        )
    return RefundLine(
        order_line=line, quantity=quantity, amount=paid_for(line, units_given + quantity).amount - amount_given
    )


def paid_for(line: OrderLine, units: int) -> Money:
    """What the first so many units of a line cost: shares of what was paid for all, which add up to it exactly."""
    shares = money.spread(money.in_minor_units(line.paid), [1] * line.quantity)
    return money.from_minor_units(sum(shares[:units]), line.currency)


# ── The gateway ──────────────────────────────────────────────────────────────────────────────────────────────────────
def settle_refunds(*, order_id: UUID | str) -> None:
    """Has the gateway give back what was asked for; `GatewayError` when it does not answer.

    Never call it inside a transaction. Whoever calls it, however often: the gateway knows each refund by its id.
    """
    for open_refund in Refund.objects.filter(payment__order_id=order_id, state=RefundState.REQUESTED):
        settle_refund(refund_id=open_refund.pk)


def settle_refund(*, refund_id: UUID | str) -> Refund:
    """The same for one refund; one that was decided is passed over."""
    asked = Refund.objects.select_related("payment").get(pk=refund_id)
    if asked.state != RefundState.REQUESTED:
        return asked
    lend_connection()
    payment = asked.payment
    answer = gateway(payment.gateway).refund(key=f"{asked.pk}", reference=payment.reference, amount=asked.money)
    if answer.outcome not in (Outcome.APPROVED, Outcome.DECLINED):
        raise GatewayError(answer.reason)
    return _write(asked, answer)


@transaction.atomic
def _write(asked: Refund, answer: Answer) -> Refund:
    order = Order.objects.select_for_update(of=("self",)).get(payment=asked.payment_id)
    payment = Payment.objects.select_for_update().get(pk=asked.payment_id)
    row = Refund.objects.select_for_update(of=("self",)).get(pk=asked.pk)
    row.payment, payment.order = payment, order
    if row.state != RefundState.REQUESTED:
        return row
    row.settled_at = timezone.now()
    if answer.outcome is Outcome.DECLINED:
        _fail(order, payment, row, answer.reason)
    else:
        _finish(order, payment, row, answer.reference)
    return row


def _finish(order: Order, payment: Payment, row: Refund, reference: str) -> None:
    row.state, row.reference = RefundState.DONE, reference
    row.save(update_fields=["state", "reference", "settled_at", "updated_at"])
    note_given_back(order, payment)
    tell_refunded(order, row)


def tell_refunded(order: Order, row: Refund) -> None:
    """Records that so much went back. The order is locked."""
    states.tell(order, _told(events.OrderRefunded, order, row))


def _fail(order: Order, payment: Payment, row: Refund, reason: str) -> None:
    row.state = RefundState.FAILED
    row.save(update_fields=["state", "settled_at", "updated_at"])
    payment.refunded_amount -= row.amount
    payment.save(update_fields=["refunded_amount", "updated_at"])
    failed = events.OrderRefundFailed(
        number=order.number,
        refund_id=str(row.pk),
        amount=str(row.money.amount),
        currency=row.currency,
        reason=reason or "The payment service refused it.",
    )
    states.tell(order, failed, tell_buyer=False)


def note_given_back(order: Order, payment: Payment) -> None:
    """Writes how much of the money went back for good. Order and payment are locked."""
    done = payment.refunds.filter(state=RefundState.DONE).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    if not done:
        return
    is_all = done >= payment.captured_amount
    order.payment_status = PaymentStatus.REFUNDED if is_all else PaymentStatus.PARTIALLY_REFUNDED
    order.save(update_fields=["payment_status"])
    if is_all and payment.state == PaymentState.CAPTURED:
        payment.state = PaymentState.REFUNDED
    payment.save(update_fields=["state", "updated_at"])


def _told(
    event: type[events.OrderRefunded | events.OrderRefundRequested], order: Order, row: Refund
) -> events.OrderRefunded | events.OrderRefundRequested:
    return event(
        number=order.number,
        refund_id=str(row.pk),
        amount=str(row.money.amount),
        currency=row.currency,
        reason=row.reason,
    )


def settle_open_refunds() -> int:
    """Settles what a killed process or a silent gateway left open; returns how many were due."""
    stale = Refund.objects.filter(state=RefundState.REQUESTED, updated_at__lt=timezone.now() - RECOVER_AFTER)
    due = list(stale.order_by("updated_at").values_list("pk", "payment__gateway")[:RECOVER_BATCH])
    asked = asking.Round()
    for refund_id, name in due:
        settle = partial(settle_refund, refund_id=refund_id)
        turn = asked.turn(name)
        if not asked.is_done(settle, gateway=name, about=f"The refund {refund_id}"):
            Refund.objects.filter(pk=refund_id).update(updated_at=turn)
    return len(due)
