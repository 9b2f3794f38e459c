"""Whether somebody bought a product here: what makes a review one of a verified purchase."""

from typing import TYPE_CHECKING

from ordering.models import Order, OrderStatus

if TYPE_CHECKING:
    from accounts.models import User

_UNDONE = [OrderStatus.CANCELLED, OrderStatus.REJECTED]


def has_bought(*, user: "User", product_id: int) -> bool:
    """Whether a placed order of theirs, neither cancelled nor rejected, has a variant of the product.

    Named by `settings.PURCHASE_CHECK`.
    """
    placed = Order.objects.filter(customer=user, placed_at__isnull=False).exclude(status__in=_UNDONE)
    return placed.filter(lines__variant__product=product_id).exists()
