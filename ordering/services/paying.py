"""Bringing each payment to where its order's status wants it.

`settle_payment` looks at both, asks the gateway for the one next step outside any transaction, writes the answer
under the order's lock, and looks again. Whoever calls it, however often and at the same moment, the effect is the
same: the gateway knows each step by its key, and an answer that somebody else has written already is passed over.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from ordering import events
from ordering.gateways import Answer, Gateway, GatewayError, Outcome, gateway
from ordering.models import Cart, Order, OrderStatus, Payment, PaymentState, PaymentStatus
from ordering.services import approving, states

logger = logging.getLogger(__name__)

# A checkout that still runs asks the gateway itself; one this old was killed.
RECOVER_AFTER = timedelta(seconds=60)
RECOVER_BATCH = 200


def settle_payment(*, order_id: UUID | str) -> Order:
    """Takes the payment as far as it goes now; returns the order. `GatewayError` when the gateway does not answer.

    Never call it inside a transaction: the gateway's answer must survive whatever happens next.
    """
    payment = Payment.objects.select_related("order").get(order_id=order_id)
    while step := _next_step(payment):
        _lend_connection()
        answer = step.ask(gateway(payment.gateway), payment)
        payment = _write(step, payment, answer)
    return payment.order


def _lend_connection() -> None:
    """A gateway may take seconds: meanwhile somebody else can have this thread's place in the pool."""
    if not connection.in_atomic_block:
        connection.close()


def settle_open_payments() -> int:
    """Settles what a killed process or a silent gateway left open; returns how many orders were tried."""
    open_payments = Payment.objects.filter(_needs_a_step(), updated_at__lt=timezone.now() - RECOVER_AFTER)
    order_ids = list(open_payments.order_by("updated_at").values_list("order_id", flat=True)[:RECOVER_BATCH])
    for order_id in order_ids:
        try:
            settle_payment(order_id=order_id)
        except GatewayError:
            logger.warning("The payment of order %s is still open: the gateway does not answer.", order_id)
        except Exception:  # one that nobody can settle must not hold up the others
            logger.exception("The payment of order %s is still open.", order_id)
        else:
            continue
        # Tried now: the others come first the next time.
        Payment.objects.filter(order_id=order_id).update(updated_at=timezone.now())
    return len(order_ids)


@dataclass(frozen=True)
class _Step:
    """What is due when the payment is in one of these states and its order in one of these statuses."""

    states: frozenset[PaymentState]
    statuses: frozenset[OrderStatus]
    ask: Callable[[Gateway, Payment], Answer]
    write: Callable[[Order, Payment, Answer], None]


def _next_step(payment: Payment) -> _Step | None:
    due = (step for step in _STEPS if payment.state in step.states and payment.order.status in step.statuses)
    return next(due, None)


def _needs_a_step() -> Q:
    due = Q()
    for step in _STEPS:
        due |= Q(state__in=step.states, order__status__in=step.statuses)
    return due


@transaction.atomic
def _write(step: _Step, asked: Payment, answer: Answer) -> Payment:
    # Every step leaves the state it was asked for, so an answer is written once and settling ends.
    order = Order.objects.select_for_update(of=("self",)).get(pk=asked.order_id)
    payment = Payment.objects.select_for_update().get(pk=asked.pk)
    payment.order = order
    if payment.state == asked.state:
        step.write(order, payment, answer)
        payment.save(update_fields=["state", "reference", "updated_at"])
        order.save(update_fields=["payment_status", "placed_at"])
    return payment


def _authorize(gateway: Gateway, payment: Payment) -> Answer:
    return gateway.authorize(key=f"{payment.pk}:authorize", token=payment.token, amount=payment.money)


def _write_authorized(order: Order, payment: Payment, answer: Answer) -> None:
    if answer.outcome is Outcome.DECLINED:
        payment.state = PaymentState.DECLINED
        order.payment_status = PaymentStatus.FAILED
        declined = events.OrderPaymentDeclined(number=order.number, reason=answer.reason)
        states.move(order, OrderStatus.CANCELLED, declined, tell_buyer=False)
        states.put_back(order)
        return
    payment.reference = answer.reference
    _place(order)
    if answer.outcome is Outcome.IN_REVIEW:
        payment.state = PaymentState.IN_REVIEW
        states.tell(order, events.OrderPaymentInReview(number=order.number))
    else:
        payment.state = PaymentState.AUTHORIZED
        order.payment_status = PaymentStatus.AUTHORIZED
        approving.accept(order)


def _place(order: Order) -> None:
    order.placed_at = timezone.now()
    Cart.objects.filter(orders=order).update(completed_at=order.placed_at)
    placed = events.OrderPlaced(
        number=order.number,
        lines=[
            events.PlacedLine(quantity=line.quantity, name=line.label, total=str(line.total_price.amount))
            for line in order.lines.all()
        ],
        shipping=str(order.money(order.shipping_amount).amount),
        total=str(order.total.amount),
        currency=order.currency,
    )
    states.tell(order, placed, email=True)


def _capture(gateway: Gateway, payment: Payment) -> Answer:
    return gateway.capture(key=f"{payment.pk}:capture", reference=payment.reference, amount=payment.money)


def _write_captured(order: Order, payment: Payment, answer: Answer) -> None:
    if answer.outcome is not Outcome.APPROVED:
        payment.state = PaymentState.DECLINED
        order.payment_status = PaymentStatus.FAILED
        held = events.OrderHeld(number=order.number, reason=answer.reason or "The payment could not be collected.")
        if order.status in _GOING_AHEAD:  # else somebody held or ended it meanwhile, and it stays so
            states.move(order, OrderStatus.ON_HOLD, held)
        return
    payment.state = PaymentState.CAPTURED
    order.payment_status = PaymentStatus.PAID
    paid = events.OrderPaid(number=order.number, total=str(order.total.amount), currency=order.currency)
    states.tell(order, paid, tell_buyer=False)


def _void(gateway: Gateway, payment: Payment) -> Answer:
    return _approved(gateway.void(key=f"{payment.pk}:void", reference=payment.reference))


def _write_voided(order: Order, payment: Payment, answer: Answer) -> None:
    payment.state = PaymentState.VOIDED
    order.payment_status = PaymentStatus.UNPAID
    states.tell(order, events.OrderPaymentReleased(number=order.number), tell_buyer=False)


def _refund(gateway: Gateway, payment: Payment) -> Answer:
    return _approved(gateway.refund(key=f"{payment.pk}:refund", reference=payment.reference, amount=payment.money))


def _write_refunded(order: Order, payment: Payment, answer: Answer) -> None:
    payment.state = PaymentState.REFUNDED
    order.payment_status = PaymentStatus.REFUNDED
    refunded = events.OrderRefunded(number=order.number, total=str(order.total.amount), currency=order.currency)
    states.tell(order, refunded)


def _approved(answer: Answer) -> Answer:
    """Giving money back is never declined for good: it is asked again until it is done."""
    if answer.outcome is not Outcome.APPROVED:
        raise GatewayError(answer.reason)
    return answer


_GOING_AHEAD = frozenset({OrderStatus.CONFIRMED, OrderStatus.PROCESSING})
_ENDED = frozenset({OrderStatus.CANCELLED, OrderStatus.REJECTED})
_STEPS = (
    _Step(frozenset({PaymentState.REQUESTED}), frozenset({OrderStatus.PENDING}), _authorize, _write_authorized),
    _Step(frozenset({PaymentState.AUTHORIZED}), _GOING_AHEAD, _capture, _write_captured),
    _Step(frozenset({PaymentState.AUTHORIZED, PaymentState.IN_REVIEW}), _ENDED, _void, _write_voided),
    _Step(frozenset({PaymentState.CAPTURED}), _ENDED, _refund, _write_refunded),
)
