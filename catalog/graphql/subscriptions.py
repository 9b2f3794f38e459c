"""Imports and exports, live: the job is read anew, as the person who follows, whenever its bell rings."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

import strawberry
from channels.db import database_sync_to_async
from strawberry import relay

from catalog import models
from catalog.graphql import types
from catalog.services import jobs
from notifications import live
from notifications.models import topic_of
from schema import kit


@strawberry.type
class Subscription:
    @strawberry.subscription(
        directives=[kit.SignedIn()],
        description="""One of your jobs as it is now, then again whenever it is further; completes once it is DONE or
FAILED. After a lost connection subscribe again: the first answer is how far it is.

```graphql
subscription { jobProgress(id: "…") { status done total counts { created refused } message reportUrl } }
```""",
    )
    async def job_progress(self, info: kit.Info, id: relay.GlobalID) -> AsyncGenerator[types.Job, None]:
        key = kit.pk(id, types.Job)
        shown = None
        async with aclosing(live.follow(topic_of("job", key))) as bells:
            async for _ in bells:
                job = await _job(info, key)
                state = (job.status, job.total, job.done, job.counts)
                if state != shown:
                    shown = state
                    yield job
                if job.is_finished:
                    return


def _read_job(info: kit.Info, key: UUID) -> models.Job:
    job = jobs.owned(actor=kit.signed_in_still(info)).filter(pk=key).first()
    if job is None:
        raise kit.not_found("Job")
    return job


_job = database_sync_to_async(_read_job, thread_sensitive=False)
