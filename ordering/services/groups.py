"""Groups of customers whom promotions can be for. Whoever may keep them is decided at the door."""

from collections.abc import Collection
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.services import checks
from notifications import outbox
from ordering import events
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import CustomerGroup

MAX_NAME = 100
MAX_MEMBERS = 1000


def create(*, actor: User, name: str) -> CustomerGroup:
    """A new group without members; NAME_TAKEN, and REQUIRED for what is no name."""
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not checks.is_text(name):
        raise OrderError(OrderErrorCode.REQUIRED, f"Give a name of one to {MAX_NAME} characters.", field=["name"])
    try:
        with transaction.atomic():
            group = CustomerGroup.objects.create(name=name)
            outbox.record(events.CustomerGroupCreated(name=name), about=group, actor=actor)
    except IntegrityError:
        raise OrderError(
            OrderErrorCode.NAME_TAKEN, f"There is a group “{name}” already. Choose another name.", field=["name"]
        ) from None
    return group


@transaction.atomic
def set_members(*, actor: User, group_id: int, user_ids: Collection[UUID]) -> CustomerGroup:
    """The group with these members and no others, at most MAX_MEMBERS; NOT_FOUND for whom there is not."""
    group = CustomerGroup.objects.select_for_update().filter(pk=group_id).first()
    if group is None:
        raise OrderError(OrderErrorCode.NOT_FOUND, "There is no such group.", field=["id"])
    wanted = set(user_ids)
    if len(wanted) > MAX_MEMBERS:
        message = f"Name at most {MAX_MEMBERS} members here."
        raise OrderError(OrderErrorCode.INVALID, message, field=["userIds"])
    # Locked, so that nobody's account ends while it is put in.
    there = User.objects.select_for_update(no_key=True).filter(pk__in=wanted, erased_at=None).order_by("pk")
    if len(there) != len(wanted):
        message = "At least one of these users does not exist."
        raise OrderError(OrderErrorCode.NOT_FOUND, message, field=["userIds"])

    before = set(group.members.values_list("pk", flat=True))
    if before != wanted:
        group.members.set(there)
        changed = events.CustomerGroupChanged(name=group.name, added=len(wanted - before), removed=len(before - wanted))
        outbox.record(changed, about=group, actor=actor)
    return group
