"""The one writer of an order's status, and the rules of who may do what when."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import F

from catalog.services import stock
from notifications import outbox
from notifications.outbox import EventData
from ordering.errors import OrderError, OrderErrorCode
from ordering.events import EMAILED
from ordering.models import TRANSITIONS, Order, OrderAction, OrderStatus, PaymentStatus
from ordering.permissions import OrderPermission
from ordering.services import promoting

if TYPE_CHECKING:
    from accounts.models import User

_FROM: dict[OrderAction, frozenset[OrderStatus]] = {
    OrderAction.CONFIRM: frozenset({OrderStatus.PENDING}),
    OrderAction.FULFILL: frozenset({OrderStatus.CONFIRMED, OrderStatus.PROCESSING, OrderStatus.PARTIALLY_SHIPPED}),
    OrderAction.DELIVER: frozenset({OrderStatus.SHIPPED}),
    OrderAction.CANCEL: frozenset(status for status, to in TRANSITIONS.items() if OrderStatus.CANCELLED in to),
    OrderAction.HOLD: frozenset(status for status, to in TRANSITIONS.items() if OrderStatus.ON_HOLD in to),
    OrderAction.RELEASE: frozenset({OrderStatus.ON_HOLD}),
    OrderAction.PROCESS: frozenset({OrderStatus.CONFIRMED}),
    OrderAction.RECEIVE_PAYMENT: frozenset(OrderStatus) - {OrderStatus.CANCELLED, OrderStatus.REJECTED},
    OrderAction.REFUND: frozenset(OrderStatus),
    OrderAction.REQUEST_RETURN: frozenset({OrderStatus.PARTIALLY_SHIPPED, OrderStatus.SHIPPED, OrderStatus.DELIVERED}),
    OrderAction.ADD_NOTE: frozenset(OrderStatus),
}
# What the buyer may do; everything else is for staff.
_BUYERS_ACTIONS = frozenset({OrderAction.CANCEL, OrderAction.REQUEST_RETURN})


def why_not(order: Order, action: OrderAction, actor: "User | AnonymousUser") -> str | None:
    """Why this person may not do this with this order now, in a sentence; None when they may.

    The order is one they can see.
    """
    if action not in _BUYERS_ACTIONS and not may_manage(actor):
        return "Only the shop's staff can do this."
    if order.status not in _FROM[action]:
        return f"An order that is {_words(order.status)} cannot be {_PARTICIPLES[action]}."
    if action == OrderAction.RELEASE and order.payment_status == PaymentStatus.FAILED:
        return "Its payment could not be collected. Cancel it."
    if action == OrderAction.FULFILL and order.payment_status != PaymentStatus.PAID:
        return "The order is not paid yet."
    if action == OrderAction.RECEIVE_PAYMENT and order.payment_status != PaymentStatus.UNPAID:
        return "No payment of it is awaited."
    if action == OrderAction.REFUND and order.payment_status not in _REFUNDABLE:
        return "Nothing that was paid is left to give back."
    return None


_REFUNDABLE = frozenset({PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED})


_PARTICIPLES = {
    OrderAction.CONFIRM: "confirmed",
    OrderAction.FULFILL: "shipped",
    OrderAction.DELIVER: "marked as delivered",
    OrderAction.CANCEL: "cancelled",
    OrderAction.HOLD: "put on hold",
    OrderAction.RELEASE: "released",
    OrderAction.PROCESS: "taken into work",
    OrderAction.RECEIVE_PAYMENT: "paid",
    OrderAction.REFUND: "refunded",
    OrderAction.REQUEST_RETURN: "sent back",
    OrderAction.ADD_NOTE: "commented on",
}


def _words(status: str) -> str:
    return OrderStatus(status).label.lower()


def may_manage(actor: "User | AnonymousUser") -> bool:
    """Whether this person works with everybody's orders."""
    return actor.is_staff and actor.has_perm(OrderPermission.MANAGE_ORDERS)


def locked(order_id: UUID | str, actor: "User | AnonymousUser", guest_token: str | None = None) -> Order:
    """The order for update, if this person may see it; otherwise NOT_FOUND."""
    order = Order.objects.visible_to(actor, guest_token).select_for_update(of=("self",)).filter(pk=order_id).first()
    if order is None:
        raise OrderError(OrderErrorCode.NOT_FOUND, "There is no such order, or you may not see it.", field=["id"])
    return order


def permit(order: Order, action: OrderAction, actor: "User | AnonymousUser") -> None:
    """Refuses with ACTION_NOT_ALLOWED and the reason."""
    if reason := why_not(order, action, actor):
        raise OrderError(OrderErrorCode.ACTION_NOT_ALLOWED, reason, field=["id"])


def move(
    order: Order,
    status: OrderStatus,
    event: EventData,
    *,
    actor: "User | AnonymousUser | None" = None,
    tell_buyer: bool = True,
) -> None:
    """Writes the new status and the event of it. The order is locked. A move the table lacks is refused."""
    if status not in TRANSITIONS[OrderStatus(order.status)]:
        raise OrderError(
            OrderErrorCode.ACTION_NOT_ALLOWED,
            f"An order that is {_words(order.status)} cannot become {_words(status)}.",
            field=["id"],
        )
    order.status = status
    order.save(update_fields=["status"])
    tell(order, event, actor=actor, tell_buyer=tell_buyer)


def tell(
    order: Order,
    event: EventData,
    *,
    actor: "User | AnonymousUser | None" = None,
    tell_buyer: bool = True,
) -> None:
    """Records the event; the buyer finds it in the inbox, and what is `EMAILED` in the mail as well."""
    outbox.record(
        event,
        about=order,
        actor=None if actor is None or actor.is_anonymous else actor,
        users=[order.customer_id] if tell_buyer and order.customer_id else [],
        emails=[order.email] if order.email and event.type in EMAILED else [],
    )


def put_back(order: Order) -> None:
    """The order ended: its coupons can be used again, and what nobody shipped returns to the shelf."""
    promoting.give_back(order=order)
    open_lines = order.lines.filter(variant__isnull=False, quantity_fulfilled__lt=F("quantity"))
    stock.put_back(
        quantities={line.variant_id: line.quantity - line.quantity_fulfilled for line in open_lines if line.variant_id}
    )
