"""Bringing each payment to where its order's status wants it.

`settle_payment` looks at both, asks the gateway for the one next step outside any transaction, writes the answer
under the order's lock, and looks again. Whoever calls it, however often and at the same moment, the effect is the
same: the gateway knows each step by its key, and an answer that somebody else has written already is passed over.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from moneyed import Money

from ordering import events
from ordering.gateways import Answer, Gateway, GatewayError, Outcome, Stage, gateway, lend_connection
from ordering.models import ENDED, Cart, Order, OrderStatus, Payment, PaymentState, PaymentStatus
from ordering.services import approving, refunding, reviewing, states

logger = logging.getLogger(__name__)


def settle_payment(*, order_id: UUID | str) -> Order:
    """Takes the payment as far as it goes now; returns the order. `GatewayError` when the gateway does not answer.

    Never call it inside a transaction: the gateway's answer must survive whatever happens next.
    """
    payment = Payment.objects.select_related("order").get(order_id=order_id)
    while step := _next_step(payment):
        lend_connection()
        asked, answer = payment.state, step.ask(gateway(payment.gateway), payment)
        payment = _write(step, payment, answer)
        if payment.state == asked:  # the buyer has not done their part yet
            break
    return _give_back(payment)


def _give_back(payment: Payment) -> Order:
    """What was captured of an order that ended, and what else is to go back."""
    if payment.order.status in ENDED and payment.refundable.amount:
        refunding.refund_the_rest(order_id=payment.order_id)
    elif not payment.refunded_amount:
        return payment.order
    refunding.settle_refunds(order_id=payment.order_id)
    return Order.objects.get(pk=payment.order_id)


@dataclass(frozen=True)
class _Step:
    """What is due when the payment is in one of these states and its order in one of these statuses."""

    states: frozenset[PaymentState]
    statuses: frozenset[OrderStatus]
    ask: Callable[[Gateway, Payment], Answer]
    write: Callable[[Order, Payment, Answer], None]


def _next_step(payment: Payment) -> _Step | None:
    if payment.captured_amount:  # from here on money only goes back
        return None
    due = (step for step in _STEPS if payment.state in step.states and payment.order.status in step.statuses)
    return next(due, None)


def needs_a_step() -> Q:
    """The payments that a step is due for."""
    due = Q()
    for step in _STEPS:
        due |= Q(state__in=step.states, order__status__in=step.statuses)
    return due & Q(captured_amount=0)


_WRITTEN = ["state", "reference", "action", "captured_amount", "review_reason", "updated_at"]
_WRITTEN_OF_ORDER = ["payment_status", "placed_at", "is_payment_awaited", "is_due_on_delivery"]


@transaction.atomic
def _write(step: _Step, asked: Payment, answer: Answer) -> Payment:
    # A step that leaves the state it was asked for is written once, and settling ends.
    if asked.order.cart_id and not asked.order.placed_at:  # it may be ordered now; carts are locked before orders
        Cart.objects.select_for_update(of=("self",)).filter(pk=asked.order.cart_id).first()
    # One statement, which locks the order first and then its payment.
    both = Order.objects.select_related("payment").select_for_update(of=("self", "payment"))
    order = both.get(payment=asked.pk)
    payment = order.payment
    if payment.state == asked.state:
        step.write(order, payment, answer)
        payment.save(update_fields=_WRITTEN)
        order.save(update_fields=_WRITTEN_OF_ORDER)
    return payment


def _authorize(gateway: Gateway, payment: Payment) -> Answer:
    if not payment.amount:  # there is nothing to ask for
        return Answer(Outcome.APPROVED)
    return gateway.authorize(key=f"{payment.pk}:authorize", token=payment.token, amount=payment.money)


def _look_again(gateway: Gateway, payment: Payment) -> Answer:
    """Whether the buyer has done what was to do: the gateway's books know, or the gateway when it is asked anew."""
    standing = gateway.standing(reference=payment.reference) if payment.reference else None
    if standing is None:
        return _authorize(gateway, payment)
    if standing.stage is Stage.OPEN:
        return Answer(Outcome.ACTION_REQUIRED, payment.reference, action=payment.action)
    if standing.stage is Stage.ENDED:
        return Answer(Outcome.DECLINED, payment.reference, "The payment was not completed.")
    return Answer(Outcome.APPROVED, payment.reference, amount=standing.amount)


def _write_authorized(order: Order, payment: Payment, answer: Answer) -> None:
    if order.status != OrderStatus.PENDING:  # given up in this very moment
        _write_learnt(order, payment, answer)
        return
    payment.reference = answer.reference or payment.reference
    payment.action = dict(answer.action)
    if answer.outcome is Outcome.DECLINED:
        payment.state = PaymentState.DECLINED
        end_checkout(order, answer.reason)
    elif answer.outcome is Outcome.ACTION_REQUIRED:
        payment.state = PaymentState.ACTION_REQUIRED
    elif not _place(order):
        payment.state = PaymentState.AUTHORIZED
        end_checkout(order, "The cart was ordered in another checkout.")
    elif odd := _is_odd(payment, answer):
        reviewing.hold(order, payment, odd)
    elif answer.outcome is Outcome.AWAITED and payment.amount:
        _await(order, payment, answer)
    else:
        payment.state = PaymentState.AUTHORIZED
        order.payment_status = PaymentStatus.AUTHORIZED
        approving.accept(order)


def _is_odd(payment: Payment, answer: Answer) -> str:
    """Why a person should look at what the gateway says, or an empty text."""
    if answer.outcome is Outcome.IN_REVIEW:
        return answer.reason or "The payment service wants somebody to look at it."
    if answer.amount is not None and answer.amount != payment.money:
        return f"The payment service has it as {said(answer.amount)}; the order is {said(payment.money)}."
    return ""


def said(amount: Money) -> str:
    """The amount in a sentence: 12.34 EUR."""
    return f"{amount.amount} {amount.currency}"


def _await(order: Order, payment: Payment, answer: Answer) -> None:
    """Nobody collects it. What is paid at the door goes ahead; anything else, files alone too, waits for its money."""
    payment.state = PaymentState.AWAITED
    comes_to_the_door = answer.is_due_on_delivery and order.lines.filter(is_digital=False).exists()
    order.is_due_on_delivery = comes_to_the_door
    order.is_payment_awaited = True
    if comes_to_the_door:
        approving.accept(order)


def _place(order: Order) -> bool:
    """It is an order from now on, unless another checkout made one of the same cart meanwhile."""
    now = timezone.now()
    if order.cart_id and not Cart.objects.filter(pk=order.cart_id, completed_at=None).update(completed_at=now):
        return False
    order.placed_at = now
    placed = events.OrderPlaced(
        number=order.number,
        lines=[
            events.PlacedLine(quantity=line.quantity, name=line.label, total=str(line.total_price.amount))
            for line in order.lines.all()
        ],
        discount=str(order.money(order.discount_amount).amount),
        shipping=str(order.money(order.shipping_amount).amount),
        tax=str(order.money(order.tax_amount).amount),
        total=str(order.total.amount),
        currency=order.currency,
    )
    states.tell_placed(order, placed)
    return True


def end_checkout(order: Order, reason: str) -> None:
    """The checkout does not become an order: stock and coupons go back. It is locked, and was never placed."""
    order.payment_status = PaymentStatus.FAILED
    order.save(update_fields=["payment_status"])
    declined = events.OrderPaymentDeclined(number=order.number, reason=reason)
    states.move(order, OrderStatus.CANCELLED, declined, tell_buyer=False)
    states.put_back(order)


def _write_learnt(order: Order, payment: Payment, answer: Answer) -> None:
    """The checkout was given up before the gateway's answer was known. What it set aside is released next."""
    payment.reference = answer.reference or payment.reference
    if answer.outcome is Outcome.DECLINED:
        payment.state = PaymentState.DECLINED
    elif answer.outcome is Outcome.ACTION_REQUIRED:
        payment.state = PaymentState.ACTION_REQUIRED
    else:
        payment.state = PaymentState.AUTHORIZED


def _capture(gateway: Gateway, payment: Payment) -> Answer:
    if not payment.amount:
        return Answer(Outcome.APPROVED)
    return gateway.capture(key=f"{payment.pk}:capture", reference=payment.reference, amount=payment.money)


def _write_captured(order: Order, payment: Payment, answer: Answer) -> None:
    if answer.outcome is Outcome.APPROVED:
        note_captured(order, payment, answer)
        return
    payment.state = PaymentState.DECLINED
    order.payment_status = PaymentStatus.FAILED
    held = events.OrderHeld(number=order.number, reason=answer.reason or "The payment could not be collected.")
    if order.status in reviewing.GOING_AHEAD:  # else somebody held or ended it meanwhile, and it stays so
        states.move(order, OrderStatus.ON_HOLD, held)


def note_captured(order: Order, payment: Payment, answer: Answer) -> None:
    """Writes that the money is there. Order and payment are locked; the caller saves both."""
    payment.state = PaymentState.CAPTURED
    payment.captured_amount = payment.amount
    order.payment_status = PaymentStatus.PAID
    order.is_payment_awaited = False
    paid = events.OrderPaid(number=order.number, total=str(order.total.amount), currency=order.currency)
    states.tell(order, paid, tell_buyer=False)
    if odd := _is_odd(payment, answer):
        if answer.amount is not None and answer.amount.currency == payment.money.currency:
            payment.captured_amount = min(payment.amount, answer.amount.amount)
        reviewing.hold(order, payment, odd)


def _void(gateway: Gateway, payment: Payment) -> Answer:
    """Giving money back is never declined for good: it is asked again until it is done."""
    if not payment.reference:
        return Answer(Outcome.APPROVED)
    answer = gateway.void(key=f"{payment.pk}:void", reference=payment.reference)
    if answer.outcome is not Outcome.APPROVED:
        raise GatewayError(answer.reason)
    return answer


def _write_voided(order: Order, payment: Payment, answer: Answer) -> None:
    was_set_aside = payment.state in (PaymentState.AUTHORIZED, PaymentState.IN_REVIEW)
    payment.state = PaymentState.VOIDED
    payment.action = {}
    order.is_payment_awaited = False
    if order.placed_at:
        order.payment_status = PaymentStatus.UNPAID
    if was_set_aside:
        states.tell(order, events.OrderPaymentReleased(number=order.number), tell_buyer=False)


_PENDING = frozenset({OrderStatus.PENDING})
_NO_LONGER_WANTED = frozenset(
    {PaymentState.AUTHORIZED, PaymentState.IN_REVIEW, PaymentState.ACTION_REQUIRED, PaymentState.AWAITED}
)
_STEPS = (
    _Step(frozenset({PaymentState.REQUESTED}), _PENDING, _authorize, _write_authorized),
    _Step(frozenset({PaymentState.ACTION_REQUIRED}), _PENDING, _look_again, _write_authorized),
    _Step(frozenset({PaymentState.AUTHORIZED}), reviewing.GOING_AHEAD, _capture, _write_captured),
    # A checkout that was given up: no charge without an order.
    _Step(frozenset({PaymentState.REQUESTED}), ENDED, _authorize, _write_learnt),
    _Step(_NO_LONGER_WANTED, ENDED, _void, _write_voided),
)
