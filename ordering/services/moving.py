"""Confirming orders, taking them into work, holding, releasing and cancelling them."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from ordering import events
from ordering.models import Order, OrderAction, OrderStatus
from ordering.services import approving, once, reviewing, states

if TYPE_CHECKING:
    from accounts.models import User


def allowed_actions(*, order: Order, actor: "User | AnonymousUser") -> list[tuple[OrderAction, str | None]]:
    """Every action, with the reason why this person may not do it now, or None when they may. No statement."""
    return [(action, states.why_not(order, action, actor)) for action in OrderAction]


@transaction.atomic
def confirm(*, order_id: UUID | str, actor: "User", idempotency_key: str | None = None) -> once.Done[Order]:
    """Accepts an order whose payment was in review. Money is taken after the commit, or after an approval."""
    order = states.locked(order_id, actor)
    claim = _claim(order, "order_confirm", idempotency_key, actor)
    if claim.answer:
        return once.Done(order, is_replay=True)
    states.permit(order, OrderAction.CONFIRM, actor)

    reviewing.accept(order, actor=actor)
    approving.accept(order, cause="review", actor=actor)
    claim.keep(order)
    return once.Done(order, is_replay=False)


@transaction.atomic
def process(*, order_id: UUID | str, actor: "User", idempotency_key: str | None = None) -> once.Done[Order]:
    """Takes a confirmed order into work: from now on its buyer cannot cancel it without the shop."""
    order = states.locked(order_id, actor)
    claim = _claim(order, "order_process", idempotency_key, actor)
    if claim.answer:
        return once.Done(order, is_replay=True)
    states.permit(order, OrderAction.PROCESS, actor)

    begun = events.OrderProcessingStarted(number=order.number)
    states.move(order, OrderStatus.PROCESSING, begun, actor=actor)
    claim.keep(order)
    return once.Done(order, is_replay=False)


@transaction.atomic
def hold(*, order_id: UUID | str, reason: str, actor: "User", idempotency_key: str | None = None) -> once.Done[Order]:
    """Stops an order that is about to be shipped, until it is released."""
    order = states.locked(order_id, actor)
    claim = _claim(order, "order_hold", idempotency_key, actor, reason=reason)
    if claim.answer:
        return once.Done(order, is_replay=True)
    states.permit(order, OrderAction.HOLD, actor)
    reason = states.checked_reason(reason, field=["reason"])

    states.move(order, OrderStatus.ON_HOLD, events.OrderHeld(number=order.number, reason=reason), actor=actor)
    claim.keep(order)
    return once.Done(order, is_replay=False)


@transaction.atomic
def release(*, order_id: UUID | str, actor: "User", idempotency_key: str | None = None) -> once.Done[Order]:
    """Lets an order that was held go on where the hold found it."""
    order = states.locked(order_id, actor)
    claim = _claim(order, "order_release", idempotency_key, actor)
    if claim.answer:
        return once.Done(order, is_replay=True)
    states.permit(order, OrderAction.RELEASE, actor)
    reviewing.check_accepted(order)

    # One that was held before anybody kept where it was goes on from the beginning.
    back = OrderStatus(order.held_from or OrderStatus.CONFIRMED)
    states.move(order, back, events.OrderReleased(number=order.number), actor=actor)
    claim.keep(order)
    return once.Done(order, is_replay=False)


@transaction.atomic
def cancel(
    *,
    order_id: UUID | str,
    reason: str,
    actor: "User | AnonymousUser",
    guest_token: str | None = None,
    idempotency_key: str | None = None,
) -> once.Done[Order]:
    """Ends an order of which nothing was shipped. Stock and coupons go back now, money after the commit."""
    order = states.locked(order_id, actor, guest_token)
    claim = _claim(order, "order_cancel", idempotency_key, actor, reason=reason)
    if claim.answer:
        return once.Done(order, is_replay=True)
    states.permit(order, OrderAction.CANCEL, actor)
    reason = states.checked_reason(reason, field=["reason"])

    states.move(order, OrderStatus.CANCELLED, events.OrderCancelled(number=order.number, reason=reason), actor=actor)
    states.put_back(order)
    claim.keep(order)
    return once.Done(order, is_replay=False)


def _claim(order: Order, operation: str, key: str | None, actor: "User | AnonymousUser", **asked: str) -> once.Claim:
    return once.claim(scope=once.of_order(order), key=key, operation=operation, asked=asked, actor=actor)
