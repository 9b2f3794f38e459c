"""Reading accounts."""

import strawberry
import strawberry_django

from accounts.graphql import types
from schema import kit


@strawberry.type
class Query:
    @strawberry_django.field(description="Who the access token belongs to; null without one.")
    def me(self, info: kit.Info) -> types.User | None:
        viewer = kit.viewer(info)
        return None if viewer.is_anonymous else viewer
