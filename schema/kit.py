"""The GraphQL vocabulary every app uses: nodes, connections, money, errors, permissions, filters, mutations."""

import inspect
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NewType, Self, TypeVar
from urllib.parse import urljoin

import django_filters
import strawberry
from channels.db import database_sync_to_async
from django import forms
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import F, Func, Model, OrderBy, QuerySet, TextField, Value
from django.db.models.expressions import Col
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, IsNull, LessThan, LessThanOrEqual
from django.db.models.sql.constants import LOUTER
from django.http import HttpRequest
from graphql import GraphQLError
from moneyed import Money as MoneyAmount
from strawberry import UNSET, relay
from strawberry.extensions import FieldExtension
from strawberry.relay.types import NodeType
from strawberry.schema_directive import Location
from strawberry.types import get_object_definition
from strawberry.types.field import StrawberryField
from strawberry.utils.await_maybe import AwaitableOrValue
from strawberry.utils.str_converters import to_camel_case
from strawberry_django.fields.field import StrawberryDjangoField
from strawberry_django.optimizer import is_optimized_by_prefetching, optimize
from strawberry_django.relay import DjangoCursorConnection, DjangoCursorEdge
from strawberry_django.relay.cursor_connection import (
    OrderedCollectionCursor,
    annotate_ordering_fields,
    build_tuple_compare,
)
from strawberry_django.utils.typing import get_django_definition

if TYPE_CHECKING:
    from accounts.models import User

DEFAULT_PAGE = 20
MAX_PAGE = 100


# ── Errors of the whole request ──────────────────────────────────────────────────────────────────────────────────────
class ErrorCode(Enum):
    """`extensions.code` of a top-level error."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    NOT_FOUND = "NOT_FOUND"
    RATE_LIMITED = "RATE_LIMITED"
    QUERY_TOO_EXPENSIVE = "QUERY_TOO_EXPENSIVE"
    INTERNAL = "INTERNAL"


class ApiError(GraphQLError):
    """An error with a code, whose sentence may be shown to the client as it is."""

    def __init__(self, code: ErrorCode, message: str):
        super().__init__(message, extensions={"code": code.value})


def not_found(what: str) -> ApiError:
    """What is not there, and what is somebody else's: the answer is the same."""
    return ApiError(ErrorCode.NOT_FOUND, f"There is no such {what}, or you may not see it.")


# ── Who asks ─────────────────────────────────────────────────────────────────────────────────────────────────────────
class Context:
    """What every resolver may know of the request.

    `authenticate` gives the user, or an anonymous one without a token, or None for a token that is not valid.
    """

    def __init__(self, request: Any, authenticate: Callable[[], "User | AnonymousUser | None"], response: Any = None):
        self.request = request
        self.response = response
        self.currency: str = settings.SHOP_CURRENCY
        self._is_currency_chosen = False
        self._spent: Counter[str] = Counter()
        self._authenticate = authenticate

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
Row = TypeVar("Row", bound=Model)


def viewer(info: Info) -> "User | AnonymousUser":
    """The user whose token came with the request, or an anonymous one."""
    return info.context.viewer


def signed_in(info: Info) -> "User":
    """The user whose token came with the request; anonymous is refused."""
    return info.context.signed_in()


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

    def resolve(self, next_: Callable[..., Any], source: Any, info: Info, **kwargs: Any) -> Any:
        if not signed_in(info).has_perm(self.permission):
            raise ApiError(ErrorCode.FORBIDDEN, "You do not have the permission this needs.")
        return next_(source, info, **kwargs)


def needs(permission: str) -> list[FieldExtension]:
    """`extensions=kit.needs(...)`: refuses loudly those without the permission, and says so in the schema."""
    return [_NeedsPermission(permission)]


# ── Values ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@strawberry.type
class Money:
    """An amount in a currency. `amount` is a decimal string with the currency's own number of decimals: "12.50"."""

    amount: Decimal
    currency: str = strawberry.field(description='ISO 4217, for example "EUR".')

    @classmethod
    def of(cls, money: MoneyAmount) -> Self:
        return cls(amount=money.amount, currency=money.currency.code)


Upload = NewType("Upload", UploadedFile)  # type: ignore[type-arg]


def _uploaded(value: Any) -> Upload:
    if not isinstance(value, UploadedFile):
        raise GraphQLError("A file comes in a multipart request, and null stands for it in the variables.")
    return Upload(value)


def _written_out(node: Any, variables: Any = None) -> Upload:
    return _uploaded(None)


# The library's own takes whatever is sent.
UPLOAD = strawberry.scalar(
    name="Upload",
    description="""A file of a multipart request, as apollo-upload-client and others send it: `operations` with null
where the file goes, `map`, which says which file goes where, then the files.

    curl https://shop.example.com/graphql -H "Authorization: Bearer $TOKEN" -F map='{"0": ["variables.files.0"]}' \\
      -F operations='{"query": "mutation($files: [Upload!]!) { … }", "variables": {"files": [null]}}' -F 0=@mug.jpg

Only for those who are signed in. With a session in cookies the request needs the header `GraphQL-Require-Preflight`,
whatever it says.""",
    serialize=str,
    parse_value=_uploaded,
    parse_literal=_written_out,
)


class Keyed:
    """Goes before `relay.Node` in every type: the library would otherwise look the id up in annotations each time."""

    @classmethod
    def resolve_id_attr(cls) -> str:
        return "pk"


def pk(id: relay.GlobalID, node: type) -> Any:
    """The key inside a global id of this type; an id of another type, or one that cannot be, is refused."""
    type_name = get_object_definition(node, strict=True).name
    if id.type_name != type_name:
        raise ApiError(ErrorCode.BAD_USER_INPUT, f"`{id}` is an id of {id.type_name}; this needs one of {type_name}.")
    field = get_django_definition(node, strict=True).model._meta.pk
    try:
        key = field.to_python(id.node_id)
        field.run_validators(key)
    except ValidationError:
        raise ApiError(ErrorCode.BAD_USER_INPUT, f"`{id}` is not an id this server gave out.") from None
    return key


def row(queryset: "QuerySet[Row]", id: relay.GlobalID, node: type, info: Info) -> "Row":
    """The row a client named, out of those it may see; otherwise NOT_FOUND."""
    return only(queryset.filter(pk=pk(id, node)), info)


def only(queryset: "QuerySet[Row]", info: Info) -> "Row":
    """The one row, with what the client asked of it loaded; NOT_FOUND when there is none."""
    found = optimize(queryset, info).first()
    if found is None:
        raise not_found(queryset.model.__name__)
    return found


def text(value: str, what: str) -> str:
    """What somebody looks for, unless no database could hold it: then it is not there."""
    if "\0" in value:  # PostgreSQL cannot even look for it
        raise not_found(what)
    return value


def seen(queryset: "QuerySet[Row]", user: "User | AnonymousUser") -> "QuerySet[Row]":
    """Those of the rows this person may see; for querysets that the optimizer made, which lack the model's methods."""
    return queryset.filter(pk__in=queryset.model.objects.visible_to(user).values("pk"))  # type: ignore[attr-defined]


def narrowed(narrow: Callable[[Any, Info], Any]) -> type[StrawberryDjangoField]:
    """The `field_cls` of a relation of which a client sees a part only: `narrow` takes the rows and the info."""

    class NarrowedField(StrawberryDjangoField):
        def get_queryset(self, queryset: Any, info: Any, **kwargs: Any) -> Any:
            # Narrowed already when it was prefetched; again would mean to read it anew for every row.
            if not is_optimized_by_prefetching(queryset):
                queryset = narrow(queryset, info)
            return super().get_queryset(queryset, info, **kwargs)  # type: ignore[no-untyped-call]

    return NarrowedField


def refuse_in_lists(info: Info, message: str) -> None:
    """QUERY_TOO_EXPENSIVE for a field of the rows of a list, where it would cost statements for each."""
    if any(isinstance(key, int) for key in info.path.as_list()):
        raise ApiError(ErrorCode.QUERY_TOO_EXPENSIVE, message)


# ── Lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@strawberry.type(name="Edge", description="One row of a page, and the cursor that means its place.")
class Edge(DjangoCursorEdge[NodeType]):
    pass


@strawberry.type(name="Connection", description="A page of a list that can grow.")
class Connection(DjangoCursorConnection[NodeType]):
    """Keyset pages: 20 rows unless told, 100 at most, with cursors that hold for one list and one ordering only."""

    edges: list[Edge[NodeType]] = strawberry.field(description="The rows of this page.")  # type: ignore[assignment]

    @classmethod
    def resolve_connection(
        cls,
        nodes: Any,
        *,
        info: Any,
        before: str | None = None,
        after: str | None = None,
        first: int | None = None,
        last: int | None = None,
        **kwargs: Any,
    ) -> AwaitableOrValue[Self]:
        for name, size in (("first", first), ("last", last)):
            if size is not None and not 0 <= size <= MAX_PAGE:
                raise ApiError(ErrorCode.BAD_USER_INPUT, f"`{name}` must be from 0 to {MAX_PAGE}; it was {size}.")
        if first is None and last is None:
            first = DEFAULT_PAGE
        # MAX_PAGE was checked above; the library reads one row more than it is asked for.
        kwargs["max_results"] = MAX_PAGE
        seal = _CursorSeal(nodes, info.context.currency)
        part = _beyond(_beyond(nodes, seal.open(after), is_before=False), seal.open(before), is_before=True)
        page = super().resolve_connection(part, info=info, first=first, last=last, **kwargs)
        if inspect.isawaitable(page):
            return _finished_later(page, seal, nodes)
        return _finished(page, seal, nodes)


async def _finished_later(page: Any, seal: "_CursorSeal", nodes: Any) -> Any:
    return _finished(await page, seal, nodes)


def _finished(page: Any, seal: "_CursorSeal", nodes: Any) -> Any:
    page.total_count_qs = nodes  # of the whole list, not of what is beyond a cursor
    return seal.seal_page(page)


class _Row(Func):
    """(a, b), which databases compare with (c, d) from the left, by one look into an index of both columns."""

    template = "(%(expressions)s)"
    output_field = TextField()


def _beyond(nodes: "QuerySet[Any]", cursor: str | None, *, is_before: bool) -> "QuerySet[Any]":
    """The rows after the cursor, or before it, in the order of the list.

    Where all terms have one direction and no nulls, rows are compared as a whole. The alternatives that the library
    writes, a > 1 OR (a = 1 AND b > 2), read an index from its beginning: each page would cost all pages before it.
    """
    if cursor is None:
        return nodes
    annotated, terms, order = annotate_ordering_fields(nodes)
    values = OrderedCollectionCursor.from_cursor(cursor, terms).field_values
    descending = {term.descending for term in order}
    is_row = len(descending) == 1 and all(_never_null(annotated.query, term.expression) for term in order)
    if not is_row:
        return annotated.filter(build_tuple_compare(terms, values, is_before))
    is_less = is_before != descending.pop()
    compare, begin = (LessThan, LessThanOrEqual) if is_less else (GreaterThan, GreaterThanOrEqual)
    given = [
        Value(value, term.expression.output_field)  # type: ignore[union-attr]
        for value, term in zip(values, order, strict=True)
    ]
    if len({term.expression.alias for term in order}) > 1:  # type: ignore[union-attr]
        # No index has the columns of two tables: that of the first column begins in the right place at least.
        annotated = annotated.filter(begin(F(terms[0].attname), given[0]))
    return annotated.filter(compare(_Row(*(F(term.attname) for term in terms)), _Row(*given)))


def _never_null(query: Any, expression: Any) -> bool:
    """Whether a column of the query has a value in every row, by its definition or by a filter."""
    if not isinstance(expression, Col):
        return False
    if expression.target.null:
        conditions = query.where.children
        return any(isinstance(each, IsNull) and not each.rhs and each.lhs == expression for each in conditions)
    return query.alias_map[expression.alias].join_type != LOUTER


class _CursorSeal:
    """Signs the cursors of one list in one ordering, so that another list's cursor is refused, not misread."""

    def __init__(self, nodes: "QuerySet[Any]", currency: str):
        ordering = nodes.query.order_by or nodes.model._meta.ordering
        terms = [str(term) for term in ordering]
        self._signer = signing.Signer(salt=f"cursor:{nodes.model._meta.label}:{currency}:{terms}")

    def open(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        try:
            return self._signer.unsign(signing.b64_decode(cursor.encode()).decode())
        except (ValueError, signing.BadSignature):
            raise ApiError(
                ErrorCode.BAD_USER_INPUT,
                "The cursor is not one of this list in this ordering. Start again without `after` and `before`.",
            ) from None

    def seal(self, cursor: str) -> str:
        return signing.b64_encode(self._signer.sign(cursor).encode()).decode()

    def seal_page(self, page: Any) -> Any:
        for edge in page.edges:
            edge.cursor = self.seal(edge.cursor)
        if page.edges:
            page.page_info.start_cursor = page.edges[0].cursor
            page.page_info.end_cursor = page.edges[-1].cursor
        return page


@strawberry.enum
class Ordering(Enum):
    ASC = "ASC"
    DESC = "DESC"


def ordered(queryset: "QuerySet[Any]", ordering: Iterable[Any] | None, columns: dict[str, str]) -> "QuerySet[Any]":
    """The rows by the given oneOf inputs, each of which names one key of `columns`; else as they are ordered.

    The id always comes last, so that the order is total and a cursor means one place; in the direction of the term
    before it, so that one index serves both.
    """
    terms: list[Any] = []
    descending = False
    for choice in ordering or []:
        name, direction = next((n, d) for n, d in vars(choice).items() if d is not UNSET and d is not None)
        descending = direction is Ordering.DESC
        terms.append(_term(queryset, columns[name], descending=descending))
    return queryset.order_by(*terms, "-pk" if descending else "pk") if terms else queryset


def _term(queryset: "QuerySet[Any]", column: str, *, descending: bool) -> Any:
    # Databases disagree on where rows without a value come; cursors need to know: last.
    query = queryset.query.chain()
    if _never_null(query, F(column).resolve_expression(query)):
        return f"-{column}" if descending else column
    return OrderBy(F(column), descending=descending, nulls_last=True)


# ── Filters ──────────────────────────────────────────────────────────────────────────────────────────────────────────
_FILTER_TYPES: list[tuple[type[forms.Field], type]] = [
    (forms.DecimalField, Decimal),
    (forms.NullBooleanField, bool),
    (forms.DateTimeField, datetime),
    (forms.CharField, str),
]


def filter_input(filterset: type[django_filters.FilterSet], name: str, types: dict[str, Any] | None = None) -> Any:
    """A GraphQL input made of a FilterSet, which stays the one definition of what a list can be narrowed by.

    `types` names the GraphQL type of what is no plain value: an enum, a list, an input of its own. A filter's
    `help_text` becomes its description.
    """
    namespace: dict[str, Any] = {"__annotations__": {}}
    for field_name, declared in filterset.base_filters.items():
        kind = (types or {}).get(field_name) or next(
            graphql for form, graphql in _FILTER_TYPES if isinstance(declared.field, form)
        )
        namespace["__annotations__"][field_name] = kind | None
        namespace[field_name] = strawberry.field(default=UNSET, description=declared.extra.get("help_text"))
    return strawberry.input(type(name, (), namespace), name=name, description=inspect.getdoc(filterset))


def filtered(
    filterset: type[django_filters.FilterSet],
    filters: Any,
    queryset: "QuerySet[Any]",
    viewer: Any = None,
    currency: str | None = None,
) -> "QuerySet[Any]":
    """The rows the FilterSet leaves; a value it cannot read is BAD_USER_INPUT naming the field.

    Filters that depend on who asks, or in which currency, find it as `self.request.user` and `self.request.currency`.
    """
    if not filters:
        return queryset
    data = {
        name: value.value if isinstance(value, Enum) else value
        for name, value in vars(filters).items()
        if value is not UNSET and value is not None
    }
    for name, value in data.items():
        if isinstance(value, datetime) and not _is_storable(value):
            raise ApiError(ErrorCode.BAD_USER_INPUT, f"filters.{to_camel_case(name)}: There is no such moment.")
    narrowed = filterset(data, queryset=queryset, request=SimpleNamespace(user=viewer, currency=currency))
    if not narrowed.is_valid():
        field_name, messages = next(iter(narrowed.form.errors.items()))
        raise ApiError(ErrorCode.BAD_USER_INPUT, f"filters.{to_camel_case(field_name)}: {messages[0]}")
    return narrowed.qs


def _is_storable(moment: datetime) -> bool:
    """Databases keep UTC, in which a moment at either end of the calendar may not exist."""
    try:
        moment.astimezone(UTC)
    except (OverflowError, ValueError):  # the latter for one without a time zone
        return False
    return True


# ── Mutations ────────────────────────────────────────────────────────────────────────────────────────────────────────
@strawberry.interface
class UserError:
    """A refusal a client can act on: `code` for the program, `message` for the person, `field` for the form."""

    message: str
    field: list[str] | None = strawberry.field(description='Where in the input, for example ["input", "email"].')
    retryable: bool = strawberry.field(description="Whether the same request may succeed a moment later.")


class refusals(FieldExtension):  # noqa: N801
    """`extensions=[kit.refusals(OrderError, OrderUserError)]`: a refusal becomes the payload's `userErrors`."""

    def __init__(self, refusal: type[ValidationError], user_error: type):
        self.refusal = refusal
        self.user_error = user_error

    def resolve(self, next_: Callable[..., Any], source: Any, info: Info, **kwargs: Any) -> Any:
        try:
            return next_(source, info, **kwargs)
        except self.refusal as refused:
            error: Any = refused
            user_error = self.user_error(
                code=error.code, message=error.message, field=error.field, retryable=error.retryable
            )
            return info.return_type.of_type(user_errors=[user_error])  # type: ignore[union-attr]
