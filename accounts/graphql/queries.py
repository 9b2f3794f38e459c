"""Reading accounts."""

import strawberry
import strawberry_django
from django.db.models import QuerySet
from strawberry import relay

from accounts import filters, models
from accounts.graphql import types
from accounts.permissions import AccountPermission
from accounts.services.roles import all_roles, makes_staff, permissions_in
from schema import kit

_ORDERINGS = {name: name for name in ("date_joined", "email", "full_name", "last_login")}


@strawberry.type
class Query:
    @strawberry_django.field(description="Who the access token belongs to; null without one.")
    def me(self, info: kit.Info) -> types.User | None:
        viewer = kit.viewer(info)
        return None if viewer.is_anonymous else viewer

    @strawberry_django.connection(
        kit.Connection[types.User],
        extensions=kit.needs(AccountPermission.VIEW_USERS),
        description="Everybody with an account, newest first; not those who were erased.",
    )
    def users(
        self,
        info: kit.Info,
        filters: types.UserFilters | None = None,
        ordering: list[types.UserOrdering] | None = None,
    ) -> QuerySet[models.User]:
        found = kit.filtered(_filterset, filters, models.User.objects.filter(erased_at=None))
        return kit.ordered(found.order_by("-date_joined", "pk"), ordering, _ORDERINGS)

    @strawberry_django.field(
        extensions=kit.needs(AccountPermission.VIEW_USERS),
        description="One person; the error NOT_FOUND when there is none, or they were erased.",
    )
    def user(self, info: kit.Info, id: relay.GlobalID) -> types.User | None:
        return kit.row(models.User.objects.filter(erased_at=None), id, types.User, info)

    @strawberry.field(
        extensions=kit.needs(AccountPermission.VIEW_USERS),
        description="What userRolesSet can give: the shop's seven roles, then groups of its own.",
    )
    def roles(self) -> list[types.Role]:
        return [
            types.Role(
                name=role.name,
                permissions=sorted(permissions_in(role)),
                is_staff=makes_staff([role.name]),
            )
            for role in all_roles()
        ]


_filterset = filters.UserFilterSet
