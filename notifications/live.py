"""Following a topic: one channel a process, a bell a follower.

The bell only says that something may have happened. A follower reads the table each time it rings, once when it
begins, and every `LIVE_POLL_SECONDS` in any case: a message lost on the way costs delay, never data.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db.models import Model

logger = logging.getLogger(__name__)

# Membership of a group ends silently after a day in some channel layers.
REJOIN_SECONDS = 3600

Row = TypeVar("Row", bound=Model)


async def follow(topic: str) -> AsyncGenerator[None, None]:
    """Yields at once, then whenever the topic may have news. Read what is new each time; leave by `break`."""
    hub = _hub_of_this_loop()
    bell = asyncio.Event()
    await hub.join(topic, bell)
    try:
        while True:
            bell.clear()
            yield
            with contextlib.suppress(TimeoutError):
                # Spread out, so that followers who began together do not all poll at the same moment.
                await asyncio.wait_for(bell.wait(), settings.LIVE_POLL_SECONDS * random.uniform(0.8, 1.2))
    finally:
        await hub.leave(topic, bell)


class Hub:
    """The followers of one event loop, and the one channel through which they are rung."""

    def __init__(self) -> None:
        self._bells: dict[str, set[asyncio.Event]] = {}
        self._lock = asyncio.Lock()
        self._channel = ""
        self._receiver: asyncio.Task[None] | None = None
        self._retries: set[asyncio.Task[None]] = set()

    async def join(self, topic: str, bell: asyncio.Event) -> None:
        async with self._lock:
            first = topic not in self._bells
            self._bells.setdefault(topic, set()).add(bell)
            if self._receiver is None:
                await self._open()
                self._receiver = asyncio.create_task(self._receive())
            elif first:
                await self._join_group(topic)

    async def leave(self, topic: str, bell: asyncio.Event) -> None:
        async with self._lock:
            bells = self._bells[topic]
            bells.discard(bell)
            if not bells:
                del self._bells[topic]
                with contextlib.suppress(Exception):  # a group nobody listens to costs nothing
                    await get_channel_layer().group_discard(topic, self._channel)

    async def _receive(self) -> None:
        while True:
            try:
                if not self._channel:
                    raise ConnectionError("There is no channel to receive from yet.")
                message = await asyncio.wait_for(get_channel_layer().receive(self._channel), REJOIN_SECONDS)
                self._ring(message["topic"])
                continue
            except TimeoutError:
                pass
            except Exception:
                logger.warning("The channel layer does not answer; followers poll until it does.", exc_info=True)
                await asyncio.sleep(1)
            async with self._lock:
                await self._open()
            for topic in list(self._bells):
                self._ring(topic)

    async def _open(self) -> None:
        self._channel = ""
        with contextlib.suppress(Exception):  # the receiver sees that there is none, and comes back a second later
            self._channel = await get_channel_layer().new_channel()
            for topic in self._bells:
                await self._join_group(topic)

    async def _join_group(self, topic: str) -> None:
        try:
            await get_channel_layer().group_add(topic, self._channel)
        except Exception:
            logger.warning("Followers of %s poll until the channel layer answers.", topic, exc_info=True)
            asyncio.get_running_loop().call_later(1, self._retry_join, topic)

    def _retry_join(self, topic: str) -> None:
        if topic in self._bells:
            self._retries.add(retry := asyncio.create_task(self._join_group(topic)))
            retry.add_done_callback(self._retries.discard)

    def _ring(self, topic: str) -> None:
        for bell in self._bells.get(topic, ()):
            bell.set()


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def _hub_of_this_loop() -> Hub:
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


async def newest(topic: str, read: Callable[[], list[Row]]) -> AsyncGenerator[Row, None]:
    """Each row that appears in a list while somebody follows it, oldest first. `read` gives the newest rows.

    Rows are told apart by key, not by time or number: a row whose transaction commits late is not skipped.
    """
    fetch = database_sync_to_async(read, thread_sensitive=False)
    async with contextlib.aclosing(follow(topic)) as bells:
        seen: set[object] | None = None
        async for _ in bells:
            rows = await fetch()
            for row in reversed(rows):
                if seen is not None and row.pk not in seen:
                    yield row
            # What has left the page cannot come back as new, so the set stays as small as a page.
            seen = {row.pk for row in rows}
