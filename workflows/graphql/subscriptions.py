"""Approvals, live."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

import strawberry

from notifications import live
from notifications.models import topic_of
from schema import kit
from workflows import models
from workflows.graphql import types

# More than this between two bells is an outage; the client reads the list anew after one.
PAGE = 50


@strawberry.type
class Subscription:
    @strawberry.subscription(
        directives=[kit.SignedIn()], description="Each new request to a group you belong to, from now on."
    )
    async def approval_request_added(self, info: kit.Info) -> AsyncGenerator[types.ApprovalRequest, None]:
        viewer = await kit.subscriber(info)
        async with aclosing(live.newest(topic_of("user", viewer.pk), partial(_of_my_groups, info))) as added:
            async for request in added:
                yield request


def _of_my_groups(info: kit.Info) -> list[models.ApprovalRequest]:
    mine = models.ApprovalRequest.objects.filter(group__user=kit.signed_in_still(info).pk)
    return list(mine.select_related("order", "group", "requested_by").order_by("-requested_at", "pk")[:PAGE])
