"""Who asks, in which currency, and what they may."""

from collections import Counter
from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import strawberry
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from strawberry.extensions import FieldExtension
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField
from strawberry_django.resolvers import django_resolver

from schema.kit.errors import ApiError, ErrorCode

if TYPE_CHECKING:
    from accounts.models import User


class Context:
    """What every resolver may know of the request.

    `authenticate` gives the user, or an anonymous one without a token, or None for a token that is not valid.
    """

    def __init__(self, request: Any, authenticate: Callable[[], "User | AnonymousUser | None"], response: Any = None):
        self.request = request
        self.response = response
        self.currency: str = settings.SHOP_CURRENCY
        self._is_currency_chosen = False
        self._authenticate = authenticate
        self.begin_answer()

    def begin_answer(self) -> None:
        """Nothing of this answer was counted yet. A subscription gives many answers with one context."""
        # Of the fields of this request that take an idempotencyKey: whether the answer is an earlier one.
        self.replays: dict[str, bool] = {}
        self._spent: Counter[str] = Counter()

    def for_operation(self) -> "Context":
        """One of its own for one of the operations that share a socket."""
        own = copy(self)
        own.begin_answer()
        return own

    @cached_property
    def viewer(self) -> "User | AnonymousUser":
        """Who asks, read once a request."""
        user = self._authenticate()
        if user is None:
            raise ApiError(
                ErrorCode.UNAUTHENTICATED,
                "The access token is not valid or has expired. Get a new one with tokenRefresh or tokenCreate.",
            )
        return user

    def signed_in(self) -> "User":
        """Who asks; anonymous is refused."""
        if isinstance(self.viewer, AnonymousUser):
            raise ApiError(
                ErrorCode.UNAUTHENTICATED,
                "Sign in first: get an access token with tokenCreate and send it as `Authorization: Bearer <token>`.",
            )
        return self.viewer

    def fresh_viewer(self) -> "User | AnonymousUser":
        """Who asks, read again: what a subscription does before each delivery, because rights end."""
        self.forget_viewer()
        return self.viewer

    def forget_viewer(self) -> None:
        """After what ends a session: the next mutation of the same request asks anew who is there."""
        self.__dict__.pop("viewer", None)

    def choose_currency(self, currency: str | None) -> str:
        """The currency in which this request sees prices: the shop's own unless a field names another of the shop's.

        Whoever names none has chosen the shop's own: what it is must not depend on which field is resolved first.
        """
        if currency is None:
            currency = settings.SHOP_CURRENCY
        elif currency not in settings.SHOP_CURRENCIES:
            known = ", ".join(settings.SHOP_CURRENCIES)
            raise ApiError(ErrorCode.BAD_USER_INPUT, f"currency: This shop sells in {known}.")
        if self._is_currency_chosen and currency != self.currency:
            message = (
                "currency: One request sees prices in one currency. Ask for the other one in a request of its own."
            )
            raise ApiError(ErrorCode.BAD_USER_INPUT, message)
        self.currency, self._is_currency_chosen = currency, True
        return currency

    def spend(self, field: str, allowed: int) -> None:
        """Counts a field that is dear: more often than so in one request is QUERY_TOO_EXPENSIVE."""
        self._spent[field] += 1
        if self._spent[field] > allowed:
            message = f"`{field}` may be asked for {allowed} times in one request. Ask for the rest in another one."
            raise ApiError(ErrorCode.QUERY_TOO_EXPENSIVE, message)

    def absolute(self, url: str) -> str:
        """An address of this server that a browser on another host can use."""
        if isinstance(self.request, HttpRequest):
            return self.request.build_absolute_uri(url)
        return urljoin(settings.SHOP_URL, url)


Info = strawberry.Info[Context, None]


def viewer(info: Info) -> "User | AnonymousUser":
    """The user whose token came with the request, or an anonymous one."""
    return info.context.viewer


def signed_in(info: Info) -> "User":
    """The user whose token came with the request; anonymous is refused."""
    return info.context.signed_in()


def note_replay(info: Info, is_replay: bool) -> None:
    """Tells the client, in `extensions.idempotency`, whether this field's answer is one that was given before."""
    info.context.replays[str(info.path.key)] = is_replay


def signed_in_still(info: Info) -> "User":
    """Like `signed_in`, but read anew: what a subscription asks before each delivery."""
    info.context.fresh_viewer()
    return signed_in(info)


subscriber = database_sync_to_async(signed_in_still, thread_sensitive=False)


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="signedIn",
    description="Nothing without an access token: UNAUTHENTICATED.",
)
class SignedIn:
    """`directives=[kit.SignedIn()]` says so in the schema; asking `signed_in` is what refuses."""


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="needs",
    description="The permission the signed-in user must hold.",
)
class Needs:
    permission: str


class _NeedsPermission(FieldExtension):
    def __init__(self, permission: str):
        self.permission = permission

    def apply(self, field: StrawberryField) -> None:
        field.directives = [*field.directives, Needs(permission=self.permission)]

    @django_resolver
    def resolve(self, next_: Callable[..., Any], source: Any, info: Info, **kwargs: Any) -> Any:
        if not signed_in(info).has_perm(self.permission):
            raise ApiError(ErrorCode.FORBIDDEN, "You do not have the permission this needs.")
        return next_(source, info, **kwargs)


def needs(permission: str) -> list[FieldExtension]:
    """`extensions=kit.needs(...)`: refuses loudly those without the permission, and says so in the schema."""
    return [_NeedsPermission(permission)]
