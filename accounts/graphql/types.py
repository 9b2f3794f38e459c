"""People, as the API shows them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import strawberry
import strawberry_django
from django.db.models import QuerySet
from django.urls import reverse
from strawberry import auto, relay
from strawberry.extensions import FieldExtension
from strawberry_django.resolvers import django_resolver
from ua_parser import parse as parse_user_agent

from accounts import errors, filters, models
from accounts.permissions import AccountPermission
from accounts.services import privacy
from accounts.services.roles import PERMISSIONS, permissions_of
from notifications.models import Event, history_of
from schema import kit

AccountErrorCode = strawberry.enum(errors.AccountErrorCode, description="Why an account mutation was refused.")
RateTier = strawberry.enum(models.RateTier, description="How many requests an hour somebody may send.")


@strawberry.type
class AccountUserError(kit.UserError):
    code: AccountErrorCode


# Every account mutation's: `extensions=[types.refusals]`.
refusals = kit.refusals(errors.AccountError, AccountUserError)


@strawberry_django.type(models.Session)
class Session(kit.Keyed, relay.Node):
    """One sign-in on one device."""

    created_at: auto
    last_used_at: datetime = strawberry_django.field(description="When it was opened or last refreshed.")
    expires_at: datetime = strawberry_django.field(description="When it ends unless it is refreshed before.")
    address: str = strawberry_django.field(description="The IP address it was last used from.")

    @strawberry_django.field(only=["user_agent"], description='For people, for example "Firefox on Linux".')
    def device(root: strawberry.Parent[models.Session]) -> str:
        known = parse_user_agent(root.user_agent)
        browser = known.user_agent and known.user_agent.family
        system = known.os and known.os.family
        return " on ".join(name for name in (browser, system) if name) or root.user_agent or "Unknown device"

    @strawberry_django.field(only=["id"], description="Whether it is the one this request came with.")
    def is_current(root: strawberry.Parent[models.Session], info: kit.Info) -> bool:
        return root.pk == getattr(kit.viewer(info), "session_id", None)


@strawberry_django.type(models.Address)
class Address(kit.Keyed, relay.Node):
    """One entry of an address book. Its parts have the names of PostalAddressInput's."""

    full_name: auto
    line1: auto
    line2: auto
    city: auto
    region: str = strawberry_django.field(description="Code or official name; empty where addresses have none.")
    postal_code: auto
    country: str = strawberry_django.field(description="ISO 3166 code of two letters.")
    phone: str = strawberry_django.field(description='E.164, for example "+493012345678"; empty when not given.')
    is_default_shipping: bool = strawberry_django.field(description="To be offered first for shipping.")
    is_default_billing: bool = strawberry_django.field(description="To be offered first for billing.")


class _ActorForSome(FieldExtension):
    """Shows who acted to themselves, and to those who may look at users."""

    @django_resolver
    def resolve(self, next_: Callable[..., Any], source: Event, info: kit.Info, **kwargs: Any) -> Any:
        viewer = kit.signed_in(info)
        if source.actor_id == viewer.pk or viewer.has_perm(AccountPermission.VIEW_USERS):
            return next_(source, info, **kwargs)
        return None


@strawberry_django.type(Event)
class AccountEvent(kit.Keyed, relay.Node):
    """One thing that happened to an account."""

    seq: auto
    type: str = strawberry_django.field(description='What happened, for programs, for example "account.signed_in".')
    occurred_at: auto
    actor: "User | None" = strawberry_django.field(
        extensions=[_ActorForSome()],
        description="Who did it. Null when nobody was signed in, and when it was somebody else and you do not hold "
        "accounts.view_user.",
    )

    @strawberry_django.field(only=["type", "payload"], description="One sentence.")
    def message(root: strawberry.Parent[Event]) -> str:
        return root.message

    @strawberry_django.field(
        only=["type", "payload"],
        description="More about it, in a sentence or two, for example which roles were given or the reason.",
    )
    def details(root: strawberry.Parent[Event]) -> str:
        return root.details

    @strawberry_django.field(
        only=["origin", "actor", "subject_id"],
        description="The IP address it was done from. Empty when the shop did it; on your own account, also when "
        "somebody else did.",
    )
    def origin(root: strawberry.Parent[Event], info: kit.Info) -> str:
        viewer = kit.signed_in(info)
        if root.subject_id != str(viewer.pk) and viewer.has_perm(AccountPermission.VIEW_USERS):
            return root.origin
        return root.origin_for(viewer.pk)


@strawberry_django.type(models.DataExport)
class DataExport(kit.Keyed, relay.Node):
    """A copy of all that is held on a person, as one JSON document."""

    requested_at: auto
    ready_at: datetime | None = strawberry_django.field(description="Null while it is being made.")

    @strawberry_django.field(only=["requested_at"], description="When it is deleted; ask for another then.")
    def expires_at(root: strawberry.Parent[models.DataExport]) -> datetime:
        return root.expires_at

    @strawberry_django.field(
        only=["ready_at"],
        description="Where to download it, once it is ready. Holds for an hour and opens without an access token: "
        "follow it at once, keep it nowhere. Asking again gives a new one.",
    )
    def url(root: strawberry.Parent[models.DataExport], info: kit.Info) -> str | None:
        if root.ready_at is None:
            return None
        return info.context.absolute(reverse("data-export", args=[privacy.link_token(export=root)]))


def _private(root: models.User, info: kit.Info) -> models.User:
    """Somebody's own affairs: for themselves, and for those who may look at users."""
    viewer = kit.signed_in(info)
    if viewer.pk != root.pk and not viewer.has_perm(AccountPermission.VIEW_USERS):
        raise kit.ApiError(kit.ErrorCode.FORBIDDEN, "You do not have the permission this needs.")
    return root


def _one_at_a_time(info: kit.Info) -> None:
    """Refuses what costs statements for each person when it is asked for a list of people."""
    if any(isinstance(key, int) for key in info.path.as_list()):
        raise kit.ApiError(kit.ErrorCode.QUERY_TOO_EXPENSIVE, f"Ask for `{info.field_name}` of one user at a time.")


@strawberry_django.type(models.User)
class User(kit.Keyed, relay.Node):
    """Somebody with an account."""

    email: auto
    full_name: auto
    is_staff: auto
    is_active: auto
    rate_tier: RateTier
    date_joined: auto

    @strawberry_django.field(
        prefetch_related=["groups"], description='Names of the roles this person has, for example ["Support"].'
    )
    def roles(root: strawberry.Parent[models.User]) -> list[str]:
        return sorted(group.name for group in root.groups.all())

    @strawberry_django.field(
        only=["is_active", "is_superuser"],
        prefetch_related=["groups", *PERMISSIONS],
        description="What this person may do, in the words of @needs; empty when deactivated. "
        "Of others: for those with accounts.view_user.",
    )
    def permissions(root: strawberry.Parent[models.User], info: kit.Info) -> list[str]:
        return sorted(permissions_of(root)) if _private(root, info).is_active else []

    @strawberry_django.field(
        only=["last_login"],
        description="When this person last signed in with the password. Of others: for those with accounts.view_user.",
    )
    def last_login(root: strawberry.Parent[models.User], info: kit.Info) -> datetime | None:
        return _private(root, info).last_login

    @strawberry_django.field(
        only=["rate_tier"],
        description="How many requests this person may send in an hour. Of others: for those with accounts.view_user.",
    )
    def requests_per_hour(root: strawberry.Parent[models.User], info: kit.Info) -> int:
        return _private(root, info).requests_per_hour

    @strawberry_django.field(
        prefetch_related=["addresses"],
        description="Your address book, oldest first; 20 at most. Of others: for those with accounts.view_user.",
    )
    def addresses(root: strawberry.Parent[models.User], info: kit.Info) -> list[Address]:
        return list(_private(root, info).addresses.all())

    @strawberry_django.connection(
        kit.Connection[Session],
        description="Where you are signed in, last used first. Of others: for those with accounts.view_user, and of "
        "one user at a time.",
    )
    def sessions(root: strawberry.Parent[models.User], info: kit.Info) -> QuerySet[models.Session]:
        _one_at_a_time(info)
        return _private(root, info).sessions.open().order_by("-last_used_at", "id")

    @strawberry_django.connection(
        kit.Connection[AccountEvent],
        description="What happened to your account, newest first. Of others: for those with accounts.view_user, and of "
        "one user at a time.",
    )
    def events(root: strawberry.Parent[models.User], info: kit.Info) -> QuerySet[Event]:
        _one_at_a_time(info)
        return history_of(_private(root, info)).order_by("-seq")

    @strawberry_django.field(
        only=["id"],
        description="The last copy of your data that accountDataExport had made, for a week. Nobody sees another's.",
    )
    def data_export(root: strawberry.Parent[models.User], info: kit.Info) -> DataExport | None:
        _one_at_a_time(info)
        if kit.signed_in(info).pk != root.pk:
            raise kit.ApiError(kit.ErrorCode.FORBIDDEN, "A copy of somebody's data is for themselves alone.")
        return privacy.newest_export(user=root)


@strawberry.type(description="What userRolesSet can give: one of the shop's seven roles, or a group of its own.")
class Role:
    name: str
    permissions: list[str] = strawberry.field(description="What it lets one do, in the words of @needs.")
    is_staff: bool = strawberry.field(description="Whether whoever has it may open the admin.")


UserFilters = kit.filter_input(filters.UserFilterSet, "UserFilters")


@strawberry.input(one_of=True, description="Exactly one of these.")
class UserOrdering:
    date_joined: kit.Ordering | None = strawberry.UNSET
    email: kit.Ordering | None = strawberry.UNSET
    full_name: kit.Ordering | None = strawberry.UNSET
    last_login: kit.Ordering | None = strawberry.field(
        default=strawberry.UNSET, description="Who never signed in comes last, either way."
    )
