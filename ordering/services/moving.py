"""Confirming, holding, releasing and cancelling orders."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from ordering import events
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import Order, OrderAction, OrderStatus, Payment, PaymentState, PaymentStatus
from ordering.services import approving, states

if TYPE_CHECKING:
    from accounts.models import User

MAX_REASON = 500


def allowed_actions(*, order: Order, actor: "User | AnonymousUser") -> list[tuple[OrderAction, str | None]]:
    """Every action, with the reason why this person may not do it now, or None when they may. No statement."""
    return [(action, states.why_not(order, action, actor)) for action in OrderAction]


@transaction.atomic
def confirm(*, order_id: UUID | str, actor: "User") -> Order:
    """Accepts an order whose payment was in review. Money is taken after the commit, or after an approval."""
    order = states.locked(order_id, actor)
    states.permit(order, OrderAction.CONFIRM, actor)

    Payment.objects.filter(order=order, state=PaymentState.IN_REVIEW).update(state=PaymentState.AUTHORIZED)
    order.payment_status = PaymentStatus.AUTHORIZED
    order.save(update_fields=["payment_status"])
    approving.accept(order, actor=actor)
    return order


@transaction.atomic
def hold(*, order_id: UUID | str, reason: str, actor: "User") -> Order:
    """Stops an order that is about to be shipped, until it is released."""
    order = states.locked(order_id, actor)
    states.permit(order, OrderAction.HOLD, actor)
    reason = checked_reason(reason)

    states.move(order, OrderStatus.ON_HOLD, events.OrderHeld(number=order.number, reason=reason), actor=actor)
    return order


@transaction.atomic
def release(*, order_id: UUID | str, actor: "User") -> Order:
    """Lets an order that was held go on."""
    order = states.locked(order_id, actor)
    states.permit(order, OrderAction.RELEASE, actor)

    states.move(order, OrderStatus.CONFIRMED, events.OrderReleased(number=order.number), actor=actor)
    return order


@transaction.atomic
def cancel(
    *, order_id: UUID | str, reason: str, actor: "User | AnonymousUser", guest_token: str | None = None
) -> Order:
    """Ends an order of which nothing was shipped. Stock goes back now, money after the commit."""
    order = states.locked(order_id, actor, guest_token)
    states.permit(order, OrderAction.CANCEL, actor)
    reason = checked_reason(reason)

    states.move(order, OrderStatus.CANCELLED, events.OrderCancelled(number=order.number, reason=reason), actor=actor)
    states.put_back(order)
    return order


def checked_reason(reason: str) -> str:
    """The reason without surrounding space; refused when empty or longer than anybody reads."""
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON or "\0" in reason:
        raise OrderError(
            OrderErrorCode.REQUIRED, f"Give a reason of at most {MAX_REASON} characters.", field=["reason"]
        )
    return reason
