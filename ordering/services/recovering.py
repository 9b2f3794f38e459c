"""Taking up payments that stand still: a process was killed, a gateway fell silent, a buyer never came back."""

import logging
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from ordering import events
from ordering.models import ENDED, OPEN_STATES, PAID, Order, OrderStatus, Payment, PaymentState, Refund
from ordering.services import asking, paying, refunding, states

logger = logging.getLogger(__name__)

# A checkout that still runs asks the gateway itself; one this old was killed.
RECOVER_AFTER = timedelta(seconds=60)
RECOVER_BATCH = 200
# So long a checkout waits for a gateway that does not answer, or a buyer who does not do their part.
ANSWER_WITHIN = timedelta(hours=24)
ACTION_WITHIN = timedelta(hours=1)
# So long an order waits for a bank transfer.
TRANSFER_WITHIN = timedelta(days=14)


def settle_open_payments() -> int:
    """Settles what a killed process or a silent gateway left open, ends what waited too long; returns how many orders
    were tried."""
    asked = asking.Round()
    due = _due()
    for order_id, gateway in due:
        settle = partial(paying.settle_payment, order_id=order_id)
        turn = asked.turn(gateway)
        if not asked.is_done(settle, gateway=gateway, about=f"The payment of order {order_id}"):
            Payment.objects.filter(order_id=order_id).update(updated_at=turn)
        try:
            end_if_late(order_id)
        except Exception:  # one that cannot be ended must not hold up the others
            logger.exception("The order %s waited too long, and cannot be ended.", order_id)
    return len(due)


def _due() -> list[tuple[UUID, str]]:
    """(order id, gateway) of what a step is due for, oldest first, and of orders that ended with money to give back."""
    stale = Payment.objects.filter(updated_at__lt=timezone.now() - RECOVER_AFTER)
    a_step = stale.filter(paying.needs_a_step(), state__in=OPEN_STATES)
    waited_for = stale.filter(
        state=PaymentState.AWAITED,
        order__status=OrderStatus.PENDING,
        created_at__lt=timezone.now() - TRANSFER_WITHIN,
    )
    to_give_back = stale.filter(
        order__status__in=ENDED,
        order__payment_status__in=PAID,
        captured_amount__gt=F("refunded_amount"),
    ).exclude(pk__in=Refund.objects.filter(refunding.REFUSED).values("payment"))
    found: dict[UUID, str] = {}
    for open_payments in (a_step, waited_for, to_give_back):
        found |= dict(open_payments.order_by("updated_at").values_list("order_id", "gateway")[:RECOVER_BATCH])
    return list(found.items())


@transaction.atomic
def end_if_late(order_id: UUID) -> None:
    """Ends a checkout that waited too long, or an order whose transfer never came. Their goods are for others again;
    what the gateway turns out to have set aside is released by the next runs."""
    order = Order.objects.select_for_update(of=("self",)).get(pk=order_id)
    payment = Payment.objects.get(order=order)
    waited = timezone.now() - payment.created_at
    if order.status != OrderStatus.PENDING:
        return
    if payment.state == PaymentState.REQUESTED and waited > ANSWER_WITHIN:
        paying.end_checkout(order, "The payment service did not answer.")
    elif payment.state == PaymentState.ACTION_REQUIRED and waited > ACTION_WITHIN:
        paying.end_checkout(order, "The payment was not completed in time.")
    elif payment.state == PaymentState.AWAITED and waited > TRANSFER_WITHIN:
        reason = f"The payment did not arrive within {TRANSFER_WITHIN.days} days."
        states.move(order, OrderStatus.CANCELLED, events.OrderCancelled(number=order.number, reason=reason))
        states.put_back(order)
