"""The one writer of an order's status, and the rules of who may do what when."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import F

from accounts.services import checks
from catalog.services import stock
from notifications import outbox
from notifications.outbox import EventData
from ordering.errors import OrderError, OrderErrorCode
from ordering.events import EMAILED
from ordering.models import ENDED, PAID, TO_SHIP, TRANSITIONS, ActorKind, Order, OrderAction, OrderStatus, PaymentStatus
from ordering.permissions import OrderPermission
from ordering.services import promoting

if TYPE_CHECKING:
    from accounts.models import User

MAX_REASON = 500
_SENT = frozenset({OrderStatus.PARTIALLY_SHIPPED, OrderStatus.SHIPPED, OrderStatus.DELIVERED})
_EVERY = frozenset(OrderStatus)
_FROM: dict[OrderAction, frozenset[OrderStatus]] = {
    OrderAction.CONFIRM: frozenset({OrderStatus.PENDING}),
    OrderAction.FULFILL: frozenset(TO_SHIP),
    OrderAction.DELIVER: frozenset({OrderStatus.SHIPPED}),
    OrderAction.CANCEL: frozenset(status for status, to in TRANSITIONS.items() if OrderStatus.CANCELLED in to),
    OrderAction.HOLD: frozenset(status for status, to in TRANSITIONS.items() if OrderStatus.ON_HOLD in to),
    OrderAction.RELEASE: frozenset({OrderStatus.ON_HOLD}),
    OrderAction.PROCESS: frozenset({OrderStatus.CONFIRMED}),
    OrderAction.RECEIVE_PAYMENT: _EVERY - ENDED,
    # Also of one that ended: what the gateway refused to give back is given back in another way.
    OrderAction.REFUND: _EVERY,
    OrderAction.REQUEST_RETURN: _SENT,
    OrderAction.ADD_NOTE: _EVERY,
}
# What the buyer may do; everything else is for staff.
_BUYERS_ACTIONS = frozenset({OrderAction.CANCEL, OrderAction.REQUEST_RETURN})
# Once the shop works on it, the buyer asks the shop.
_BUYER_CANCELS_FROM = frozenset({OrderStatus.PENDING, OrderStatus.AWAITING_APPROVAL, OrderStatus.CONFIRMED})


def why_not(order: Order, action: OrderAction, actor: "User | AnonymousUser") -> str | None:
    """Why this person may not do this with this order now, in a sentence; None when they may. No statement.

    The order is one they can see.
    """
    return _why_not_they(order, action, actor) or _why_not_now(order, action) or _why_not_paid(order, action)


def _why_not_they(order: Order, action: OrderAction, actor: "User | AnonymousUser") -> str | None:
    if may_manage(actor):
        return None
    if action not in _BUYERS_ACTIONS or not _is_buyer(order, actor):
        return "Only the shop's staff can do this."
    if action == OrderAction.CANCEL and order.status in _FROM[action] - _BUYER_CANCELS_FROM:
        return (
            f"An order that is {_words(order.status)} is cancelled by the shop's staff. Ask them, or send it back when "
            "it has arrived."
        )
    return None


def _why_not_now(order: Order, action: OrderAction) -> str | None:
    if order.status in _FROM[action]:
        return None
    if action == OrderAction.CANCEL and order.status in _SENT:
        return "What was shipped cannot be cancelled. Request a return instead."
    if action == OrderAction.REQUEST_RETURN and order.status in _FROM[OrderAction.CANCEL]:
        return "Nothing of it was shipped yet. It can be sent back once it was."
    return f"An order that is {_words(order.status)} cannot be {_PARTICIPLES[action]}."


def _why_not_paid(order: Order, action: OrderAction) -> str | None:
    """What the money says of it."""
    is_paid = order.payment_status in PAID
    if action == OrderAction.CONFIRM and order.is_payment_awaited:
        return "Its payment is awaited. It is confirmed once the money is noted."
    if action == OrderAction.RELEASE and order.payment_status == PaymentStatus.FAILED:
        return "Its payment could not be collected. Cancel it."
    if action == OrderAction.FULFILL and not (is_paid or order.is_due_on_delivery):
        refunded = order.payment_status == PaymentStatus.REFUNDED
        return "All that was paid was given back." if refunded else "The order is not paid yet."
    if action == OrderAction.RECEIVE_PAYMENT and not _awaits_payment(order):
        return "No payment of it is awaited."
    if action == OrderAction.REFUND and not is_paid:
        return "Nothing that was paid is left to give back."
    return None


def _awaits_payment(order: Order) -> bool:
    return order.is_payment_awaited and order.payment_status == PaymentStatus.UNPAID


def _is_buyer(order: Order, actor: "User | AnonymousUser") -> bool:
    """Of a guest's order, whoever was let in by its token: anybody but those who may look at all orders."""
    if order.customer_id:
        return order.customer_id == actor.pk
    return not (actor.is_staff and actor.has_perm(OrderPermission.VIEW_ALL_ORDERS))


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


def checked_reason(reason: str, *, field: list[str]) -> str:
    """The reason without surrounding space; refused when empty, longer than anybody reads or not printable."""
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON or not checks.is_prose(reason):
        raise OrderError(
            OrderErrorCode.REQUIRED, f"Give a reason of at most {MAX_REASON} printable characters.", field=field
        )
    return reason


def move(
    order: Order,
    status: OrderStatus,
    event: EventData,
    *,
    actor: "User | AnonymousUser | None" = None,
    role: ActorKind | None = None,
    tell_buyer: bool = True,
) -> None:
    """Writes the new status and the event of it. The order is locked. A move the table lacks is refused."""
    if status not in TRANSITIONS[OrderStatus(order.status)]:
        raise OrderError(
            OrderErrorCode.ACTION_NOT_ALLOWED,
            f"An order that is {_words(order.status)} cannot become {_words(status)}.",
            field=["id"],
        )
    order.held_from = order.status if status == OrderStatus.ON_HOLD else ""
    order.status = status
    order.save(update_fields=["status", "held_from"])
    tell(order, event, actor=actor, role=role, tell_buyer=tell_buyer)


def tell(
    order: Order,
    event: EventData,
    *,
    actor: "User | AnonymousUser | None" = None,
    role: ActorKind | None = None,
    tell_buyer: bool = True,
) -> None:
    """Records the event; the buyer finds it in the inbox, and what is `EMAILED` in the mail as well.

    `actor` is None for what happens by itself, anonymous for a guest; `role` where it is not plain from that.
    """
    _record(
        order,
        event,
        actor_id=None if actor is None else actor.pk,
        role=role or _role_of(order, actor),
        tell_buyer=tell_buyer,
    )


def tell_placed(order: Order, event: EventData) -> None:
    """Records what the buyer did by checking out, or a member of staff for them."""
    _record(
        order,
        event,
        actor_id=order.drafted_by_id or order.customer_id,
        role=ActorKind.STAFF if order.drafted_by_id else ActorKind.CUSTOMER,
        tell_buyer=True,
    )


def _record(order: Order, event: EventData, *, actor_id: UUID | None, role: ActorKind, tell_buyer: bool) -> None:
    outbox.record(
        event,
        about=order,
        actor_id=actor_id,
        role=role,
        users=[order.customer_id] if tell_buyer and order.customer_id else [],
        emails=[order.email] if tell_buyer and order.email and event.type in EMAILED else [],
    )


def _role_of(order: Order, actor: "User | AnonymousUser | None") -> ActorKind:
    if actor is None:
        return ActorKind.SYSTEM
    is_buyer = actor.is_anonymous or actor.pk == order.customer_id
    # Whoever is signed in and holds a guest's token is the guest.
    return ActorKind.CUSTOMER if is_buyer or not (order.customer_id or actor.is_staff) else ActorKind.STAFF


def put_back(order: Order) -> None:
    """The order ended: its coupons can be used again, and what nobody shipped returns to the shelf."""
    promoting.give_back(order=order)
    open_lines = order.lines.filter(variant__isnull=False, quantity_fulfilled__lt=F("quantity"))
    stock.put_back(
        quantities={line.variant_id: line.quantity - line.quantity_fulfilled for line in open_lines if line.variant_id}
    )
