"""What people can do with their inbox."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from notifications.models import Notification

if TYPE_CHECKING:
    from accounts.models import User


def mark_read(*, actor: "User", notification_ids: Iterable[UUID] | None = None) -> int:
    """Marks these of one's own, or all; others' are passed over. Returns how many were unread. One statement."""
    unread = Notification.objects.filter(user=actor, read_at=None)
    if notification_ids is not None:
        unread = unread.filter(pk__in=notification_ids)
    return unread.update(read_at=timezone.now())
