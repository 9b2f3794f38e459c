"""What workflows can do: hold an order for approval, decide, withdraw; tell and forget what is held on a person."""

import logging
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from notifications import outbox
from notifications import services as notifications
from notifications.outbox import EventData
from ordering import services as ordering
from ordering.models import Order, OrderStatus
from workflows import events, policies
from workflows.errors import WorkflowError, WorkflowErrorCode
from workflows.models import TRANSITIONS, ApprovalDecision, ApprovalRequest, ApprovalStatus

logger = logging.getLogger(__name__)

MAX_COMMENT = 2000
MOOT_BATCH = 200
# So many requests are read, or written, at once.
BATCH = 200


@transaction.atomic(savepoint=False)
def hold_for_approval(*, order: Order) -> bool:
    """Whether the order must wait; then the requests are there, in the same transaction. The order is locked.

    Named by `settings.ORDER_APPROVAL_GATE`: ordering asks it before an order goes ahead.
    """
    matches = policies.matching(order)
    for match in matches:
        request = ApprovalRequest.objects.create(
            order=order,
            policy=match.policy,
            group_id=match.policy.group_id,
            summary=match.reason,
            requested_by_id=order.customer_id,
        )
        opened = events.ApprovalRequested(number=order.number, summary=match.reason)
        outbox.record(opened, about=request, users=_members(request))
    return bool(matches)


@transaction.atomic
def approve(*, request_id: UUID | str, actor: User, comment: str = "") -> ApprovalRequest:
    """One member says yes. The order goes ahead when no other request of it is undecided."""
    request = _to_decide(request_id, actor)
    comment = _checked(comment, field="comment")

    granted = events.ApprovalGranted(number=request.order.number, comment=comment)
    _decide(request, ApprovalStatus.APPROVED, granted, actor, comment)
    if not request.order.approval_requests.filter(status=ApprovalStatus.PENDING).exists():
        ordering.approve(order_id=request.order_id, actor=actor)
    return request


@transaction.atomic
def reject(*, request_id: UUID | str, actor: User, reason: str) -> ApprovalRequest:
    """One member says no: the order ends, and with it every other request of it."""
    request = _to_decide(request_id, actor)
    reason = _checked(reason, field="reason")
    if not reason:
        raise WorkflowError(WorkflowErrorCode.REQUIRED, "Say why, so that the buyer knows.", field=["reason"])

    refused = events.ApprovalRefused(number=request.order.number, reason=reason)
    _decide(request, ApprovalStatus.REJECTED, refused, actor, reason)
    _withdraw(request.order)
    ordering.reject(order_id=request.order_id, reason=reason, actor=actor)
    return request


@transaction.atomic
def withdraw(*, order_id: UUID | str) -> None:
    """The order ended without a decision: its undecided requests are moot. Again changes nothing."""
    _withdraw(Order.objects.select_for_update(of=("self",)).get(pk=order_id))


def withdraw_moot() -> int:
    """Withdraws what is still asked about orders that have ended: the news of it was lost. Returns how many orders."""
    moot = Order.objects.filter(
        approval_requests__status=ApprovalStatus.PENDING, status__in=(OrderStatus.CANCELLED, OrderStatus.REJECTED)
    )
    order_ids = list(moot.distinct().values_list("pk", flat=True)[:MOOT_BATCH])
    for order_id in order_ids:
        withdraw(order_id=order_id)
    return len(order_ids)


def personal_data(*, user: User) -> dict[str, Any]:
    """What somebody's orders had to wait for, and what somebody decided about others'. Named by
    `settings.PERSONAL_DATA`. What others said of a request is for those who decide."""
    asked = ApprovalRequest.objects.filter(requested_by=user).select_related("group").order_by("requested_at", "pk")
    decided = ApprovalDecision.objects.filter(decided_by=user).select_related("request").order_by("decided_at", "pk")
    return {
        "requests": [
            {
                "summary": request.summary,
                "status": request.status,
                "asked_of": request.group.name,
                "requested_at": request.requested_at,
            }
            for request in asked.iterator(BATCH)
        ],
        "decisions": [
            {
                "about": decision.request.summary,
                "status": decision.status,
                "comment": decision.comment,
                "decided_at": decision.decided_at,
            }
            for decision in decided.iterator(BATCH)
        ],
    }


def forget_customer(*, user_id: UUID | str) -> None:
    """Takes out of the requests about an erased person's orders what was said in them. That it was asked, and who
    decided what, stays. Again changes nothing."""
    user = User.objects.get(pk=user_id, erased_at__isnull=False)
    requests = ApprovalRequest.objects.filter(order__customer=user).order_by("pk")
    request_ids = list(requests.values_list("pk", flat=True))
    for start in range(0, len(request_ids), BATCH):
        batch = request_ids[start : start + BATCH]
        with transaction.atomic():
            ApprovalDecision.objects.filter(request__in=batch).update(comment="")
            notifications.forget_history(model=ApprovalRequest, keys=batch, user=user, texts=events.PERSONAL)


def forget_erased_customers() -> int:
    """Forgets whom the news of their erasure did not reach here. Returns how many there were."""
    of_erased = ApprovalRequest.objects.filter(order__customer__erased_at__isnull=False)
    customers = dict(of_erased.values_list("pk", "order__customer"))
    said = ApprovalDecision.objects.filter(request__in=of_erased).exclude(comment="")
    left = {*said.values_list("request", flat=True), *notifications.with_origin(model=ApprovalRequest, keys=customers)}
    user_ids = sorted({customers[request_id] for request_id in left})[:BATCH]
    for user_id in user_ids:
        try:
            forget_customer(user_id=user_id)
        except Exception:  # one that cannot be forgotten must not hold up the others
            logger.exception("Approvals of the erased account %s still hold what was personal.", user_id)
    return len(user_ids)


def _to_decide(request_id: UUID | str, actor: User) -> ApprovalRequest:
    """The request for update, out of those this person may decide. Its order is locked first, as everywhere."""
    seen = ApprovalRequest.objects.visible_to(actor).filter(pk=request_id).values_list("order_id", flat=True).first()
    if seen is None:
        raise WorkflowError(
            WorkflowErrorCode.NOT_FOUND, "There is no such approval request, or you may not see it.", field=["id"]
        )
    order = Order.objects.select_for_update(of=("self",)).get(pk=seen)
    request = ApprovalRequest.objects.select_for_update(of=("self",)).get(pk=request_id)
    request.order = order
    if _is_own(request, actor):
        raise WorkflowError(WorkflowErrorCode.OWN_REQUEST, "Nobody decides their own request.", field=["id"])
    if not actor.groups.filter(pk=request.group_id).exists():
        raise WorkflowError(
            WorkflowErrorCode.NOT_FOUND, "There is no such approval request, or you may not see it.", field=["id"]
        )
    if request.status != ApprovalStatus.PENDING or order.status != OrderStatus.AWAITING_APPROVAL:
        raise WorkflowError(
            WorkflowErrorCode.ALREADY_DECIDED, "This was decided already, or the order has ended.", field=["id"]
        )
    return request


def _is_own(request: ApprovalRequest, actor: User) -> bool:
    """Also when it was ordered as a guest, with one's own address."""
    by_guest = request.requested_by_id is None
    return request.requested_by_id == actor.pk or (
        by_guest and request.order.email.casefold() == actor.email.casefold()
    )


def _checked(comment: str, *, field: str) -> str:
    comment = comment.strip()
    if len(comment) > MAX_COMMENT or "\0" in comment:
        raise WorkflowError(
            WorkflowErrorCode.INVALID, f"Write at most {MAX_COMMENT} printable characters.", field=[field]
        )
    return comment


def _decide(request: ApprovalRequest, status: ApprovalStatus, event: EventData, actor: User, comment: str) -> None:
    ApprovalDecision.objects.create(request=request, decided_by=actor, status=status, comment=comment)
    _move(request, status, event, actor)


def _withdraw(order: Order) -> None:
    undecided = ApprovalRequest.objects.select_for_update(of=("self",)).filter(
        order=order, status=ApprovalStatus.PENDING
    )
    for request in undecided.order_by("pk"):
        request.order = order
        _move(request, ApprovalStatus.CANCELLED, events.ApprovalWithdrawn(number=order.number))


def _move(request: ApprovalRequest, status: ApprovalStatus, event: EventData, actor: User | None = None) -> None:
    if status not in TRANSITIONS[ApprovalStatus(request.status)]:
        raise WorkflowError(WorkflowErrorCode.ALREADY_DECIDED, f"The request is {request.status.lower()} already.")
    request.status = status
    request.save(update_fields=["status"])
    outbox.record(event, about=request, actor=actor, users=_members(request))


def _members(request: ApprovalRequest) -> list[object]:
    """Those who may decide it."""
    members = request.group.user_set.filter(is_active=True).order_by("pk").values_list("pk", flat=True)
    return [member for member in members if member != request.requested_by_id]
