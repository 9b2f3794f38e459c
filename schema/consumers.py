"""The WebSocket door: subscriptions over graphql-transport-ws at /graphql, with the token in connectionParams."""

import asyncio
import contextlib
import json
import logging
from datetime import timedelta
from typing import Any

from channels.db import database_sync_to_async
from django.db import DatabaseError, InterfaceError
from django.utils import timezone
from strawberry.channels import GraphQLWSConsumer
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UNSET

from accounts.graphql import cookies
from accounts.services import sessions
from notifications import live
from notifications.models import topic_of
from schema import kit
from schema.root import schema

logger = logging.getLogger(__name__)

CLOSE_MALFORMED = 4400
CLOSE_EXPIRED = 4401
MAX_SUBSCRIPTIONS = 50


_verify = database_sync_to_async(sessions.verify, thread_sensitive=False)


class SocketContext(kit.Context):
    """Who asks is in the connectionParams: `{ "Authorization": "Bearer <token>" }`; else in a browser's cookies."""

    def __init__(self, request: Any):
        super().__init__(request, lambda: sessions.viewer_of(authorization=self.authorization))
        self.connection_params: dict[str, Any] = {}

    @property
    def authorization(self) -> str:
        given = {name.lower(): value for name, value in self.connection_params.items()}.get("authorization")
        if isinstance(given, str) and given:
            return given
        headers = self.request.scope["headers"]
        return cookies.socket_authorization(
            {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        )


class SubscriptionConsumer(GraphQLWSConsumer[kit.Context, None]):
    """Refuses a bad token with 4403; closes with 4401 when a good one expires, or its session ends."""

    # None of its own: the hub has one channel for the whole process.
    channel_layer_alias = "none"
    _expiry: asyncio.TimerHandle | None = None
    _watch: asyncio.Task[None] | None = None

    async def get_context(self, request: Any, response: Any) -> kit.Context:
        return SocketContext(request)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Only JSON objects reach the library: anything else would end its reader and leave the socket open."""
        if self.run_task is None or self.run_task.done() or not _is_message(text_data):
            await self.close(code=CLOSE_MALFORMED, reason="A message must be a JSON object of graphql-transport-ws.")
        else:
            await super().receive(text_data, bytes_data)

    async def on_ws_connect(self, context: kit.Context) -> Any:
        authorization = context.authorization  # type: ignore[attr-defined]
        if not authorization:
            return UNSET
        token = authorization.partition(" ")[2]
        verified = await _verify(access_token=token)
        if verified is None:
            raise ConnectionRejectionError
        user, expires_at = verified
        seconds = (expires_at - timezone.now()).total_seconds()
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(max(seconds, 0), self._expire)
        self._watch = loop.create_task(self._close_when_revoked(topic_of("user", user.pk), token))
        return UNSET

    def _expire(self) -> None:
        self._closing = asyncio.create_task(self.close(code=CLOSE_EXPIRED, reason="The access token has expired."))

    async def _close_when_revoked(self, topic: str, token: str) -> None:
        """Looks whenever something happened to the user, and every `LIVE_POLL_SECONDS` in any case."""
        async with contextlib.aclosing(live.follow(topic)) as bells:
            async for _ in bells:
                try:
                    has_ended = await _verify(access_token=token) is None
                except (DatabaseError, InterfaceError):  # looked up again with the next bell or poll
                    logger.warning("Whether a socket's session has ended is not known: the database does not answer.")
                    continue
                if has_ended:
                    await self.close(code=CLOSE_EXPIRED, reason="The session has ended.")
                    return

    async def disconnect(self, code: int) -> None:
        if self._expiry:
            self._expiry.cancel()
        if self._watch:
            self._watch.cancel()
        await super().disconnect(code)


def _is_message(text: str | None) -> bool:
    try:
        message = json.loads(text or "")
        json.dumps(message, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    if not isinstance(message, dict):
        return False
    return message.get("type") != "subscribe" or _is_subscription(message.get("id"), message.get("payload"))


def _is_subscription(id: Any, payload: Any) -> bool:
    return (
        isinstance(id, str)
        and isinstance(payload, dict)
        and isinstance(payload.get("query"), str)
        and isinstance(payload.get("variables"), dict | None)
    )


consumer = SubscriptionConsumer.as_asgi(
    schema=schema,
    subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
    connection_init_wait_timeout=timedelta(seconds=10),
    max_subscriptions_per_connection=MAX_SUBSCRIPTIONS,
)
