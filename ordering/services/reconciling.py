"""Comparing payments with the books of their gateways.

What only lags behind, because an answer was lost, is settled. What differs is held for a person to look at: nothing is
made to fit by guessing.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from ordering.gateways import Answer, GatewayError, Outcome, Stage, Standing, gateway
from ordering.models import Order, Payment, PaymentState, RefundState
from ordering.services import paying, reviewing

logger = logging.getLogger(__name__)

# So long after it last changed a payment is compared, once a day.
TOUCHED_WITHIN = timedelta(days=7)
COMPARE_AFTER = timedelta(days=1)
# One that changed just now may be about to change again.
LEFT_ALONE = timedelta(minutes=10)
BATCH = 200
MAX_SILENCE = 5

_COMPARED = frozenset(PaymentState) - {PaymentState.REQUESTED, PaymentState.ACTION_REQUIRED, PaymentState.AWAITED}


@dataclass(frozen=True)
class _Verdict:
    """What the books say of a payment: `odd` is why a person should look at it; `is_captured`: its answer was lost."""

    odd: str = ""
    is_captured: bool = False


def reconcile_payments() -> int:
    """Compares the payments that changed lately; returns how many were compared."""
    silent: Counter[str] = Counter()
    done = 0
    for payment_id, order_id, name in _due():
        if silent[name] < MAX_SILENCE:
            done += _is_compared(order_id, name, silent)
        # Compared or not, the others come first the next time.
        Payment.objects.filter(pk=payment_id).update(reconciled_at=timezone.now())
    return done


def _is_compared(order_id: UUID, name: str, silent: Counter[str]) -> bool:
    try:
        reconcile(order_id=order_id)
    except GatewayError:
        silent[name] += 1
        logger.warning("The payment of order %s is not compared: the gateway does not answer.", order_id)
    except Exception:  # one that cannot be compared must not hold up the others
        logger.exception("The payment of order %s cannot be compared.", order_id)
    else:
        return True
    return False


def _due() -> list[tuple[UUID, UUID, str]]:
    now = timezone.now()
    changed = Payment.objects.filter(updated_at__range=(now - TOUCHED_WITHIN, now - LEFT_ALONE)).exclude(reference="")
    stale = Q(reconciled_at=None) | Q(reconciled_at__lt=F("updated_at")) | Q(reconciled_at__lt=now - COMPARE_AFTER)
    return list(changed.filter(stale).order_by("updated_at", "pk").values_list("pk", "order_id", "gateway")[:BATCH])


def reconcile(*, order_id: UUID | str) -> Order:
    """Brings an order's payment to where the gateway's books say it is, or holds it for a person where they differ.

    `GatewayError` when the gateway does not answer. Never call it inside a transaction. Again changes nothing.
    """
    order = paying.settle_payment(order_id=order_id)
    asked = Payment.objects.get(order_id=order_id)
    if asked.state not in _COMPARED or not asked.reference:
        return order
    if not connection.in_atomic_block:  # a gateway may take seconds: meanwhile somebody else can have the connection
        connection.close()
    standing = gateway(asked.gateway).standing(reference=asked.reference)
    if standing is None or not _is_written(asked, standing):
        return order
    return paying.settle_payment(order_id=order_id)


@transaction.atomic
def _is_written(asked: Payment, standing: Standing) -> bool:
    """Writes what follows from the books, unless the payment has changed since they were read; whether it did."""
    order = Order.objects.select_for_update(of=("self",)).get(pk=asked.order_id)
    payment = Payment.objects.select_for_update().get(pk=asked.pk)
    payment.order = order
    if payment.updated_at != asked.updated_at:
        return False
    verdict = _compare(payment, standing)
    if verdict.is_captured:
        was_in_review = payment.state == PaymentState.IN_REVIEW
        paying.note_captured(order, payment, Answer(Outcome.APPROVED, amount=standing.captured))
        if was_in_review:  # and is: now it is known that cancelling it means to give money back
            payment.state = PaymentState.IN_REVIEW
    elif verdict.odd and verdict.odd != payment.review_reason:  # the same again was looked at
        reviewing.hold(order, payment, verdict.odd)
    else:
        return False
    payment.save(update_fields=["state", "captured_amount", "review_reason", "updated_at"])
    order.save(update_fields=["payment_status", "is_payment_awaited"])
    return True


def _compare(payment: Payment, standing: Standing) -> _Verdict:
    if standing.amount != payment.money:
        return _Verdict(f"The payment service has it as {standing.amount}; the order is {payment.money}.")
    if standing.stage is Stage.CAPTURED and not payment.captured_amount:
        return _Verdict(is_captured=True)
    if standing.captured.amount != payment.captured_amount:
        ours = payment.order.money(payment.captured_amount)
        return _Verdict(f"The payment service has collected {standing.captured}; the shop knows of {ours}.")
    if odd := _compare_refunds(payment, standing.refunded.amount):
        return _Verdict(odd)
    return _Verdict(_compare_stages(payment, standing.stage))


def _compare_refunds(payment: Payment, theirs: Decimal) -> str:
    """What is still being asked for may be in the books already, or not."""
    pending = payment.refunds.filter(state=RefundState.REQUESTED)
    least = payment.refunded_amount - sum((refund.amount for refund in pending), Decimal(0))
    if least <= theirs <= payment.refunded_amount:
        return ""
    given, known = payment.order.money(theirs), payment.order.money(payment.refunded_amount)
    return f"The payment service has given back {given}; the shop knows of {known}."


def _compare_stages(payment: Payment, stage: Stage) -> str:
    if stage is Stage.ENDED and payment.state == PaymentState.AUTHORIZED:
        return "The payment service has ended it; the shop still counts on it."
    if stage is Stage.AUTHORIZED and payment.state in (PaymentState.VOIDED, PaymentState.DECLINED):
        return "The payment service still sets it aside; for the shop it has ended."
    return ""
