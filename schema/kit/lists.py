"""Lists in pages, with cursors that mean a place, and the order they are in."""

import inspect
from collections.abc import Iterable
from enum import Enum
from typing import Any, Self

import strawberry
from django.core import signing
from django.db.models import F, Func, OrderBy, QuerySet, TextField, Value
from django.db.models.expressions import Col
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, IsNull, LessThan, LessThanOrEqual
from django.db.models.sql.constants import LOUTER
from strawberry import UNSET
from strawberry.relay.types import NodeType
from strawberry.utils.await_maybe import AwaitableOrValue
from strawberry_django.relay import DjangoCursorConnection, DjangoCursorEdge
from strawberry_django.relay.cursor_connection import (
    OrderedCollectionCursor,
    annotate_ordering_fields,
    build_tuple_compare,
)

from schema.kit.errors import ApiError, ErrorCode

DEFAULT_PAGE = 20
MAX_PAGE = 100


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
    choices = list(ordering or [])
    if len(choices) > len(columns):
        raise ApiError(ErrorCode.BAD_USER_INPUT, f"ordering: This list has {len(columns)} terms to be ordered by.")
    terms: list[Any] = []
    descending = False
    for choice in choices:
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
