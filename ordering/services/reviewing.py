"""Payments that a person has to look at: held back when the gateway says something odd, accepted when it is explained.

Whoever does not accept one cancels its order: then the money goes back.
"""

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from ordering import events
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import Order, OrderStatus, Payment, PaymentState, PaymentStatus
from ordering.services import approving, once, states

if TYPE_CHECKING:
    from accounts.models import User

MAX_REASON = 255
# What is about to be shipped, and can still be stopped.
GOING_AHEAD = frozenset({OrderStatus.CONFIRMED, OrderStatus.PROCESSING})


def hold(order: Order, payment: Payment, reason: str) -> None:
    """Nothing happens to the payment until a person accepts it, and to the order neither where that can be helped.

    Both are locked; the caller saves the payment.
    """
    payment.state = PaymentState.IN_REVIEW
    payment.review_reason = reason[:MAX_REASON]
    is_new = order.status == OrderStatus.PENDING
    states.tell(order, events.OrderPaymentInReview(number=order.number), tell_buyer=is_new)
    if order.status in GOING_AHEAD:
        held = events.OrderHeld(number=order.number, reason="The payment is being reviewed.")
        states.move(order, OrderStatus.ON_HOLD, held)


def accept(order: Order, *, actor: "User") -> Payment:
    """The payment stands as it is. The order is locked. ACTION_NOT_ALLOWED where none is in review.

    The reason is kept: what a person has looked at is not held for the same reason again.
    """
    payment = Payment.objects.select_for_update().get(order=order)
    payment.order = order
    if payment.state != PaymentState.IN_REVIEW:
        raise OrderError(OrderErrorCode.ACTION_NOT_ALLOWED, "No payment of it is in review.", field=["id"])
    if payment.captured_amount:
        payment.state = PaymentState.CAPTURED if payment.refundable.amount else PaymentState.REFUNDED
    else:
        payment.state = PaymentState.AUTHORIZED
        order.payment_status = PaymentStatus.AUTHORIZED
        order.save(update_fields=["payment_status"])
    payment.save(update_fields=["state", "updated_at"])
    states.tell(order, events.OrderPaymentAccepted(number=order.number), actor=actor, tell_buyer=False)
    return payment


@transaction.atomic
def payment_accept(*, order_id: UUID | str, idempotency_key: str | None, actor: "User") -> once.Done[Payment]:
    """Ends the review: the payment stands. An order that waited for it goes on; one on hold waits for its release."""
    order = states.locked(order_id, actor)
    claim = once.claim(
        scope=once.of_order(order), key=idempotency_key, operation="payment_accept", asked=None, actor=actor
    )
    if claim.answer:
        return once.Done(Payment.objects.select_related("order").get(pk=claim.answer), True)
    if not states.may_manage(actor):
        raise OrderError(OrderErrorCode.ACTION_NOT_ALLOWED, "Only the shop's staff can do this.", field=["id"])

    payment = accept(order, actor=actor)
    if order.status == OrderStatus.PENDING:
        approving.accept(order, cause="review", actor=actor)
    claim.keep(payment)
    return once.Done(payment, False)


def is_in_review(order: Order) -> bool:
    """Whether a person has to look at the order's payment first."""
    return Payment.objects.filter(order=order, state=PaymentState.IN_REVIEW).exists()


def check_accepted(order: Order) -> None:
    """ACTION_NOT_ALLOWED while the payment is in review."""
    if is_in_review(order):
        raise OrderError(
            OrderErrorCode.ACTION_NOT_ALLOWED,
            "Its payment is in review. Accept that with paymentAccept, or cancel the order.",
            field=["id"],
        )
