"""One's own imports and exports."""

import strawberry
import strawberry_django
from django.db.models import QuerySet
from strawberry import relay

from catalog import models
from catalog.graphql import types
from catalog.services import jobs
from schema import kit


@strawberry.type
class Query:
    @strawberry_django.connection(
        kit.Connection[types.Job],
        directives=[kit.SignedIn()],
        description="Your imports and exports of the last 30 days, newest first.",
    )
    def jobs(self, info: kit.Info) -> QuerySet[models.Job]:
        return jobs.owned(actor=kit.signed_in(info))

    @strawberry_django.field(directives=[kit.SignedIn()], description="One of your imports and exports by its id.")
    def job(self, info: kit.Info, id: relay.GlobalID) -> types.Job | None:
        return kit.row(jobs.owned(actor=kit.signed_in(info)), id, types.Job, info)
