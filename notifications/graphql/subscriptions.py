"""The inbox, live."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

import strawberry

from notifications import live, models
from notifications.graphql import types
from schema import kit

# More than this between two bells is an outage; the client reads its inbox anew after one.
PAGE = 50


@strawberry.type
class Subscription:
    @strawberry.subscription(directives=[kit.SignedIn()], description="Each new notification of yours, from now on.")
    async def notification_received(self, info: kit.Info) -> AsyncGenerator[types.Notification, None]:
        viewer = await kit.subscriber(info)
        async with aclosing(live.newest(models.topic_of("user", viewer.pk), partial(_inbox, info))) as received:
            async for notification in received:
                yield notification


def _inbox(info: kit.Info) -> list[models.Notification]:
    viewer = kit.signed_in_still(info)
    inbox = models.Notification.objects.filter(user=viewer).select_related("event__subject_type")
    return list(inbox.prefetch_related(models.subjects_visible_to(viewer)).order_by("-created_at", "pk")[:PAGE])
