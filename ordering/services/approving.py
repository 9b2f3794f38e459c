"""Whether a paid-for order goes ahead: at once, or after somebody's approval."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils.module_loading import import_string

from ordering import events
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import ActorKind, Order, OrderStatus
from ordering.services import states

if TYPE_CHECKING:
    from accounts.models import User


def accept(order: Order, *, cause: str = "payment", actor: "User | AnonymousUser | None" = None) -> None:
    """The payment stands, by itself or (`cause` "review") because somebody looked at it: the order is confirmed, or
    waits if the gate says so. The order is locked."""
    must_wait = import_string(settings.ORDER_APPROVAL_GATE)
    if must_wait(order=order):
        states.move(
            order, OrderStatus.AWAITING_APPROVAL, events.OrderAwaitingApproval(number=order.number), actor=actor
        )
    else:
        states.move(
            order,
            OrderStatus.CONFIRMED,
            events.OrderConfirmed(number=order.number, cause=cause),
            actor=actor,
            tell_buyer=False,
        )


@transaction.atomic
def approve(*, order_id: UUID | str, actor: "User") -> Order:
    """Lets an order that was waiting for approval go ahead; the caller has checked that this person may decide."""
    order = _waiting(order_id)
    confirmed = events.OrderConfirmed(number=order.number, cause="approval")
    states.move(order, OrderStatus.CONFIRMED, confirmed, actor=actor, role=ActorKind.STAFF)
    return order


@transaction.atomic
def reject(*, order_id: UUID | str, reason: str, actor: "User") -> Order:
    """Ends an order that was waiting for approval. Stock goes back now, the authorisation after the commit."""
    order = _waiting(order_id)
    rejected = events.OrderRejected(number=order.number, reason=reason)
    states.move(order, OrderStatus.REJECTED, rejected, actor=actor, role=ActorKind.STAFF)
    states.put_back(order)
    return order


def _waiting(order_id: UUID | str) -> Order:
    order = Order.objects.select_for_update(of=("self",)).get(pk=order_id)
    if order.status != OrderStatus.AWAITING_APPROVAL:
        raise OrderError(OrderErrorCode.ACTION_NOT_ALLOWED, "The order is not waiting for approval any more.")
    return order
