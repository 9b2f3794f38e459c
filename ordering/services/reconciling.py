"""Comparing payments with the books of their gateways, day by day: no webhook is needed for what happens there."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from ordering.models import Payment
from ordering.services import asking, matching, paying

# So long after it last changed a payment is compared, once a day.
TOUCHED_WITHIN = timedelta(days=7)
COMPARE_AFTER = timedelta(days=1)
# One that changed just now may be about to change again.
LEFT_ALONE = timedelta(minutes=10)
BATCH = 200


def reconcile_payments() -> int:
    """Settles what only lags behind, holds for a person what differs; returns how many payments were compared."""
    asked = asking.Round()
    done = 0
    for payment_id, order_id, name in _due():
        compare = partial(_compare, payment_id, order_id)
        done += asked.is_done(compare, gateway=name, about=f"The payment of order {order_id}")
        # Compared or not, the others come first; its own turn is tomorrow again.
        Payment.objects.filter(pk=payment_id).update(reconciled_at=timezone.now())
    return done


def _compare(payment_id: UUID, order_id: UUID) -> None:
    paying.settle_payment(order_id=order_id)
    matching.match(payment_id=payment_id)


def _due() -> list[tuple[UUID, UUID, str]]:
    """(payment id, order id, gateway) of those that changed lately and were not compared since, or not today."""
    now = timezone.now()
    changed = Payment.objects.filter(updated_at__range=(now - TOUCHED_WITHIN, now - LEFT_ALONE)).exclude(reference="")
    stale = Q(reconciled_at=None) | Q(reconciled_at__lt=F("updated_at")) | Q(reconciled_at__lt=now - COMPARE_AFTER)
    return list(changed.filter(stale).order_by("updated_at", "pk").values_list("pk", "order_id", "gateway")[:BATCH])
