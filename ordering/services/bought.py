"""Whether somebody bought a product here: what makes a review one of a verified purchase."""

from typing import TYPE_CHECKING

from ordering.models import ENDED, Order, PaymentStatus

if TYPE_CHECKING:
    from accounts.models import User

_UNPAID = [PaymentStatus.UNPAID, PaymentStatus.FAILED]


def has_bought(*, user: "User", product_id: int) -> bool:
    """Whether a placed order of theirs, neither cancelled nor rejected, has a variant of the product. One that
    waits for its money is nothing bought yet: anybody can place it.

    Named by `settings.PURCHASE_CHECK`.
    """
    placed = Order.objects.filter(customer=user, placed_at__isnull=False).exclude(status__in=ENDED)
    placed = placed.exclude(payment_status__in=_UNPAID)
    return placed.filter(lines__variant__product=product_id).exists()
