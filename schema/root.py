"""The schema: every app's queries, mutations and subscriptions, the limits of a request, and how errors leave."""

import inspect
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import strawberry
from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.db import close_old_connections
from graphql import GraphQLError
from strawberry.extensions import (
    AddValidationRules,
    MaxTokensLimiter,
    ParserCache,
    SchemaExtension,
    ValidationCache,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.tools import merge_types
from strawberry.types.graphql import OperationType
from strawberry_django.optimizer import DjangoOptimizerExtension

import accounts.graphql.mutations
import accounts.graphql.queries
import catalog.graphql.mutations
import catalog.graphql.queries
import catalog.graphql.subscriptions
import notifications.graphql.mutations
import notifications.graphql.queries
import notifications.graphql.subscriptions
import ordering.graphql.mutations
import ordering.graphql.queries
import ordering.graphql.subscriptions
import ordering.graphql.types
import workflows.graphql.mutations
import workflows.graphql.queries
import workflows.graphql.subscriptions
from accounts.errors import RateLimited
from schema import kit
from schema.limits import Limits

logger = logging.getLogger(__name__)

MAX_TOKENS = 3000


class StreamedResults(SchemaExtension):
    """Gives every error of a subscription's result a code, and the database connection it was read with back. What is
    dear is counted anew for the next one."""

    async def on_stream_result(self, result: Any) -> AsyncIterator[None]:
        _code(result)
        self.execution_context.context.begin_answer()
        # The socket's thread lives as long as the socket: a connection kept in it would be missing from the pool.
        await sync_to_async(close_old_connections)()
        yield


class Replays(SchemaExtension):
    """`extensions.idempotency`: whether an answer is one that the same key was given before, in all and by field."""

    def get_results(self) -> dict[str, Any]:
        replays = getattr(self.execution_context.context, "replays", {})
        if not replays:
            return {}
        return {"idempotency": {"replayed": any(replays.values()), "fields": replays}}


class LenientParserCache(ParserCache):
    """Leaves a document that does not parse to the schema, which answers it; the library's would break off here."""

    def on_parse(self) -> Iterator[None]:
        with suppress(GraphQLError, RecursionError):
            self.execution_context.graphql_document = self.cached_parse_document(
                self.execution_context.query, **self.execution_context.parse_options
            )
        yield


def _code(result: Any) -> None:
    if getattr(result, "errors", None):
        result.errors = [coded(error) for error in result.errors]


def coded(error: GraphQLError) -> GraphQLError:
    """The error as a client may see it: with a code, and without the inside of a bug."""
    if error.extensions and "code" in error.extensions:
        return error
    if isinstance(error.original_error, PermissionDenied):
        return _recoded(error, kit.ErrorCode.FORBIDDEN, "You do not have the permission this needs.")
    if isinstance(error.original_error, RateLimited):
        wait = {"retryAfter": error.original_error.retry_after}
        return _recoded(error, kit.ErrorCode.RATE_LIMITED, str(error.original_error), wait)
    if error.path is None and isinstance(error.original_error, RecursionError):
        return _recoded(error, kit.ErrorCode.BAD_USER_INPUT, "The document is nested too deeply.")
    if isinstance(error.original_error, InvalidOperationTypeError):
        reason = "A WebSocket carries subscriptions only. Send queries and mutations by HTTP POST."
        return _recoded(error, kit.ErrorCode.BAD_USER_INPUT, reason)
    if isinstance(error.original_error, CannotGetOperationTypeError):
        return _recoded(error, kit.ErrorCode.BAD_USER_INPUT, error.original_error.as_http_error_reason())
    if isinstance(error.original_error, strawberry.relay.types.GlobalIDValueError):
        return _recoded(error, kit.ErrorCode.BAD_USER_INPUT, _which_id(error))
    if error.path is None and isinstance(error.original_error, ValueError):
        return _recoded(error, kit.ErrorCode.BAD_USER_INPUT, "A value in the document cannot be read.")
    if _is_the_clients(error):
        return _recoded(error, kit.ErrorCode.BAD_USER_INPUT, error.message)
    logger.error("Unexpected error at %s", error.path, exc_info=error.original_error)
    return _recoded(error, kit.ErrorCode.INTERNAL, "Something went wrong on our side. It was logged.")


def _is_the_clients(error: GraphQLError) -> bool:
    """A document that does not parse or validate, a variable or an argument that cannot be read."""
    return error.original_error is None or isinstance(error.original_error, GraphQLError)


def _which_id(error: GraphQLError) -> str:
    where = f"`{error.path[0]}`" if error.path else "The request"
    return f"{where} was given an id that this server never gave out. Ids come from `id` fields; send them unchanged."


def _recoded(
    error: GraphQLError, code: kit.ErrorCode, message: str, more: dict[str, Any] | None = None
) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": code.value, **(more or {})},
    )


class Schema(strawberry.Schema):
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for kind in self.schema_converter.type_map.values():
            shown: Any = kind.implementation
            shown.description = shown.description or _docstring(kind.definition)

    def execute_sync(self, query: str | None, *args: Any, **kwargs: Any) -> Any:
        """One operation over HTTP: a query or a mutation. Every error has a code, also of what does not parse."""
        kwargs["allowed_operation_types"] = {OperationType.QUERY, OperationType.MUTATION} & set(
            kwargs.get("allowed_operation_types") or OperationType
        )
        result = super().execute_sync(query, *args, **kwargs)
        _code(result)
        return result

    async def stream(self, query: str | None, **options: Any) -> Any:  # type: ignore[override]
        """One operation over a WebSocket: subscriptions only, each with a context of its own."""
        options["context_value"] = options["context_value"].for_operation()
        options["allowed_operation_types"] = {OperationType.SUBSCRIPTION}
        return await super().stream(query, **options)


def _docstring(definition: object) -> str | None:
    """What a type's class says of itself, which the library leaves out; not what a dataclass says for those silent."""
    origin = getattr(definition, "origin", None)
    text: str | None = vars(origin).get("__doc__") if origin else None
    return inspect.cleandoc(text) if origin and text and not text.startswith(f"{origin.__name__}(") else None


def _merged(name: str, parts: tuple[type, ...]) -> type:
    """The parts as one type; two apps that use one field name are a mistake, which the library only warns of."""
    names = [field.name for part in parts for field in part.__strawberry_definition__.fields]  # type: ignore[attr-defined]
    if twice := {field for field in names if names.count(field) > 1}:
        raise TypeError(f"Defined twice in {name}: {', '.join(sorted(twice))}")
    return merge_types(name, parts)


Query = _merged(
    "Query",
    (
        accounts.graphql.queries.Query,
        catalog.graphql.queries.Query,
        ordering.graphql.queries.Query,
        workflows.graphql.queries.Query,
        notifications.graphql.queries.Query,
    ),
)
Mutation = _merged(
    "Mutation",
    (
        accounts.graphql.mutations.Mutation,
        catalog.graphql.mutations.Mutation,
        ordering.graphql.mutations.Mutation,
        workflows.graphql.mutations.Mutation,
        notifications.graphql.mutations.Mutation,
    ),
)
Subscription = _merged(
    "Subscription",
    (
        catalog.graphql.subscriptions.Subscription,
        ordering.graphql.subscriptions.Subscription,
        workflows.graphql.subscriptions.Subscription,
        notifications.graphql.subscriptions.Subscription,
    ),
)

schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    # Kinds of something that are found through it alone.
    types=ordering.graphql.types.CART_PROBLEMS,
    config=StrawberryConfig(relay_max_results=kit.MAX_PAGE, scalar_map={kit.Upload: kit.UPLOAD}),
    extensions=[
        StreamedResults,
        Replays,
        lambda: AddValidationRules([Limits]),
        lambda: MaxTokensLimiter(max_token_count=MAX_TOKENS),
        LenientParserCache,
        ValidationCache,
        DjangoOptimizerExtension,
    ],
)
