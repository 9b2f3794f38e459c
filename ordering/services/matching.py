"""Bringing a payment to what the gateway's books say of it, and holding back what cannot be brought together.

Money may move at the gateway without the shop: somebody captures or refunds in its dashboard, an authorisation expires,
an answer was lost. Whoever calls `match`, however often, finds the same.
"""

from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from ordering import events
from ordering.gateways import Answer, Gateway, GatewayError, Outcome, Stage, Standing, gateway, lend_connection
from ordering.models import ENDED, Order, Payment, PaymentState, Refund, RefundState
from ordering.services import paying, refunding, reviewing, states

MAX_LOOKS = 3
_UNDECIDED = frozenset({PaymentState.REQUESTED, PaymentState.ACTION_REQUIRED, PaymentState.AWAITED})
_OVER = frozenset({PaymentState.DECLINED, PaymentState.VOIDED})
# What a person can still decide about.
_REVIEWABLE = frozenset({PaymentState.AUTHORIZED, PaymentState.CAPTURED, PaymentState.REFUNDED, PaymentState.DECLINED})


def match(*, payment_id: UUID | str) -> str:
    """Compares the payment with the gateway's books and says in a sentence what came of it.

    `GatewayError` when the gateway does not answer. Never call it inside a transaction.
    """
    for _ in range(MAX_LOOKS):
        payment = Payment.objects.select_related("order").get(pk=payment_id)
        if payment.state in _UNDECIDED or not payment.reference:
            return "Nothing is decided yet."
        lend_connection()
        if outcome := _compared(payment, gateway(payment.gateway)):
            return outcome
    raise GatewayError("It changes faster than it can be compared.")


def _compared(payment: Payment, keeper: Gateway) -> str:
    """What came of it, or an empty text where the payment changed meanwhile: then the books were read too early."""
    standing = keeper.standing(reference=payment.reference)
    if standing is None:
        return "The gateway keeps no books of it."
    if payment.state in _OVER and payment.order.status in ENDED and _has_money(standing):
        # Its order ended, and with it the shop's claim: a buyer finished in the browser what was given up here.
        answer = keeper.void(key=f"{payment.pk}:release", reference=payment.reference)
        if answer.outcome is not Outcome.APPROVED:
            raise GatewayError(answer.reason)
        return _note_released(payment)
    return _bring(payment, standing)


def hold(*, payment_id: UUID | str, reason: str) -> str:
    """Has a person look at the payment, for a reason the gateway told; returns what was done in a sentence."""
    with transaction.atomic():
        order, payment = _locked(payment_id)
        return _held(order, payment, reason)


def _has_money(standing: Standing) -> bool:
    return standing.stage is Stage.AUTHORIZED or standing.captured > standing.refunded


def _locked(payment_id: UUID | str) -> tuple[Order, Payment]:
    order = Order.objects.select_for_update(of=("self",)).get(payment__pk=payment_id)
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    payment.order = order
    return order, payment


@transaction.atomic
def _note_released(asked: Payment) -> str:
    order, _ = _locked(asked.pk)
    states.tell(order, events.OrderPaymentReleased(number=order.number), tell_buyer=False)
    return "It was released: its order had ended."


@transaction.atomic
def _bring(asked: Payment, standing: Standing) -> str:
    order, payment = _locked(asked.pk)
    if _figures(payment) != _figures(asked):
        return ""
    if payment.state == PaymentState.IN_REVIEW:
        return "A person has to look at it."
    if order.status in ENDED and payment.state == PaymentState.AUTHORIZED:
        return "Its order ended: it is being released."
    if odd := _odd(payment, standing):
        return _held(order, payment, odd)
    if payment.state == PaymentState.AUTHORIZED and standing.stage is Stage.CAPTURED:
        return _note_captured(order, payment, standing)
    if standing.refunded.amount > payment.refunded_amount:
        return _note_refunded(order, payment, standing.refunded.amount - payment.refunded_amount)
    return "Both agree."


def _figures(payment: Payment) -> tuple[str, Decimal, Decimal]:
    return payment.state, payment.captured_amount, payment.refunded_amount


def _odd(payment: Payment, standing: Standing) -> str:
    """What the shop cannot explain, in a sentence, or an empty text."""
    if standing.amount != payment.money:
        return (
            f"The payment service has it as {paying.said(standing.amount)}; the order is {paying.said(payment.money)}."
        )
    if payment.state == PaymentState.AUTHORIZED:
        return "The payment service has released the authorisation." if standing.stage is Stage.ENDED else ""
    if payment.state in _OVER:
        return "The payment service has money for it." if _has_money(standing) else ""
    if standing.captured.amount != payment.captured_amount:
        return f"The payment service has collected {paying.said(standing.captured)}."
    if standing.refunded.amount < _given_back(payment):  # a bank may send back what it was given
        return f"Only {paying.said(standing.refunded)} arrived of what was given back."
    return ""


def _given_back(payment: Payment) -> Decimal:
    """What the gateway said it had given back."""
    done = payment.refunds.filter(state=RefundState.DONE)
    return done.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


def _held(order: Order, payment: Payment, reason: str) -> str:
    if payment.review_reason == reason[: reviewing.MAX_REASON]:
        return f"A person was told before: {reason}"
    if payment.state == PaymentState.IN_REVIEW:
        return f"A person has to look at it already; and also: {reason}"
    if payment.state not in _REVIEWABLE:
        return f"Nothing can be done about it any more: {reason}"
    reviewing.hold(order, payment, reason)
    payment.save(update_fields=["state", "review_reason", "updated_at"])
    return f"Held for review: {reason}"


def _note_captured(order: Order, payment: Payment, standing: Standing) -> str:
    paying.note_captured(order, payment, Answer(Outcome.APPROVED, amount=standing.captured))
    payment.save(update_fields=["state", "captured_amount", "review_reason", "updated_at"])
    order.save(update_fields=["payment_status", "is_payment_awaited"])
    return f"{paying.said(standing.captured)} were collected at the gateway."


def _note_refunded(order: Order, payment: Payment, more: Decimal) -> str:
    """Money went back that nobody asked for here."""
    made = Refund.objects.create(
        payment=payment,
        state=RefundState.DONE,
        amount=more,
        currency=payment.currency,
        reason="Given back by the payment service.",
        settled_at=timezone.now(),
    )
    payment.refunded_amount += more
    payment.save(update_fields=["refunded_amount", "updated_at"])
    refunding.note_given_back(order, payment)
    refunding.tell_refunded(order, made)
    return f"{paying.said(made.money)} were given back at the gateway."
