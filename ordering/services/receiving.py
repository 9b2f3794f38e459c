"""Money that comes by itself, a bank transfer or cash at the door: staff note it, or that it will not come."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from accounts.services import checks
from ordering.errors import OrderError, OrderErrorCode
from ordering.gateways import Answer, Outcome
from ordering.models import Order, OrderAction, OrderStatus, Payment, PaymentState
from ordering.services import approving, once, paying, states

if TYPE_CHECKING:
    from accounts.models import User

MAX_REFERENCE = 255


@dataclass(frozen=True)
class Receipt:
    """What came: an amount in the order's currency, and what the bank's statement or the carrier calls it."""

    amount: Decimal
    reference: str = ""


@transaction.atomic
def payment_receive(
    *, order_id: UUID | str, idempotency_key: str | None, receipt: Receipt, actor: "User"
) -> once.Done[Payment]:
    """Notes that the money is there. AMOUNT_INVALID for anything but what the order owes.

    An order that waited for it is confirmed now, or asked an approval for.
    """
    order = states.locked(order_id, actor)
    asked = {"amount": receipt.amount, "reference": receipt.reference}
    claim = once.claim(
        scope=once.of_order(order), key=idempotency_key, operation="payment_receive", asked=asked, actor=actor
    )
    if claim.answer:
        return once.Done(Payment.objects.select_related("order").get(pk=claim.answer), True)
    states.permit(order, OrderAction.RECEIVE_PAYMENT, actor)
    payment = Payment.objects.select_for_update().get(order=order)
    payment.order = order
    _check(payment, receipt)

    payment.reference = receipt.reference.strip()
    paying.note_captured(order, payment, Answer(Outcome.APPROVED))
    payment.save(update_fields=["state", "captured_amount", "reference", "updated_at"])
    order.save(update_fields=["payment_status", "is_payment_awaited"])
    if order.status == OrderStatus.PENDING:
        approving.accept(order, actor=actor)
    claim.keep(payment)
    return once.Done(payment, False)


def expect_nothing(order: Order) -> None:
    """Nobody waits any more for the money of an order whose goods are all back. The order is locked."""
    payment = Payment.objects.select_for_update().get(order=order)
    if payment.state != PaymentState.AWAITED:
        return
    payment.state = PaymentState.VOIDED
    payment.save(update_fields=["state", "updated_at"])
    order.is_payment_awaited = False
    order.save(update_fields=["is_payment_awaited"])


def _check(payment: Payment, receipt: Receipt) -> None:
    if payment.state != PaymentState.AWAITED:
        raise OrderError(OrderErrorCode.ACTION_NOT_ALLOWED, "No payment of it is awaited.", field=["id"])
    if not receipt.amount.is_finite() or receipt.amount != payment.amount:
        raise OrderError(
            OrderErrorCode.AMOUNT_INVALID,
            f"The order owes {payment.money.amount} {payment.currency}. Note the money when all of it is there and no "
            "more; give back what is too much, or cancel the order and give back all.",
            field=["input", "amount"],
        )
    if len(receipt.reference) > MAX_REFERENCE or not checks.is_text(receipt.reference):
        raise OrderError(
            OrderErrorCode.INVALID,
            f"A reference has at most {MAX_REFERENCE} printable characters.",
            field=["input", "reference"],
        )
