"""Keeping the inbox."""

import strawberry
from strawberry import relay

from notifications import services
from notifications.graphql import types
from schema import kit

MAX_IDS = 100


@strawberry.type
class NotificationsMarkReadPayload:
    marked_count: int = strawberry.field(default=0, description="How many were unread before.")


@strawberry.type
class Mutation:
    @strawberry.mutation(
        directives=[kit.SignedIn()], description="Marks these as read, at most 100; all of yours when `ids` is absent."
    )
    def notifications_mark_read(
        self, info: kit.Info, ids: list[relay.GlobalID] | None = None
    ) -> NotificationsMarkReadPayload | None:
        if ids is not None and len(ids) > MAX_IDS:
            raise kit.ApiError(kit.ErrorCode.BAD_USER_INPUT, f"`ids` takes at most {MAX_IDS}; leave it out for all.")
        keys = None if ids is None else [kit.pk(id, types.Notification) for id in ids]
        return NotificationsMarkReadPayload(
            marked_count=services.mark_read(actor=kit.signed_in(info), notification_ids=keys)
        )
