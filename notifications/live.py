"""Following a topic: one channel a process, a bell a follower.

The bell only says that something may have happened. A follower reads the table each time it rings, once when it
begins, and every `LIVE_POLL_SECONDS` in any case: a message lost on the way costs delay, never data.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db.models import Model

logger = logging.getLogger(__name__)

# Membership of a group ends silently after a day in some channel layers.
REJOIN_SECONDS = 3600
# A channel layer that does not answer within this is away.
LAYER_SECONDS = 5
# How long a follower waits for its group before it reads without: it is rung once the group is joined.
JOIN_SECONDS = 1

Row = TypeVar("Row", bound=Model)


async def follow(topic: str) -> AsyncGenerator[None, None]:
    """Yields at once, then whenever the topic may have news. Read what is new each time; leave by `break`."""
    hub = _hub_of_this_loop()
    bell = asyncio.Event()
    joined = hub.join(topic, bell)
    try:
        # The group first, then the table: between the two nothing can happen unheard.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(joined.wait(), JOIN_SECONDS)
        while True:
            bell.clear()
            yield
            with contextlib.suppress(TimeoutError):
                # Spread out, so that followers who began together do not all poll at the same moment.
                await asyncio.wait_for(bell.wait(), settings.LIVE_POLL_SECONDS * random.uniform(0.8, 1.2))
    finally:
        hub.leave(topic, bell)


class Hub:
    """The followers of one event loop, and the one channel through which they are rung.

    Followers only write down what they want; one task talks to the channel layer, so a layer that is slow, frozen or
    away holds up nobody who reads the table.
    """

    def __init__(self) -> None:
        self._bells: dict[str, set[asyncio.Event]] = {}
        self._joined: dict[str, asyncio.Event] = {}
        self._groups: set[str] = set()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def join(self, topic: str, bell: asyncio.Event) -> asyncio.Event:
        """From now on the bell is rung; the event that comes back is set once the topic's group is joined."""
        self._bells.setdefault(topic, set()).add(bell)
        self._changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._serve_for_ever())
        joined = self._joined.setdefault(topic, asyncio.Event())
        if topic in self._groups:  # the last follower has left, the group not yet
            joined.set()
        return joined

    def leave(self, topic: str, bell: asyncio.Event) -> None:
        """The last to leave takes the topic along."""
        self._bells[topic].discard(bell)
        if not self._bells[topic]:
            del self._bells[topic], self._joined[topic]
            self._changed.set()

    async def _serve_for_ever(self) -> None:
        while True:
            try:
                await self._serve()
            except Exception:
                logger.warning("The channel layer does not answer; followers poll until it does.", exc_info=True)
                await asyncio.sleep(1)

    async def _serve(self) -> None:
        """Keeps one channel in the groups that are followed and rings what it receives, for `REJOIN_SECONDS`."""
        layer = get_channel_layer()
        groups = self._groups = set()
        async with asyncio.timeout(LAYER_SECONDS):
            channel = await layer.new_channel()
        # Never cancelled while in use: some layers forget a channel whose receive was cancelled.
        receiving = asyncio.ensure_future(layer.receive(channel))
        changing = asyncio.ensure_future(self._changed.wait())
        until = asyncio.get_running_loop().time() + REJOIN_SECONDS
        try:
            while asyncio.get_running_loop().time() < until:
                self._changed.clear()
                await self._match_groups(layer, channel, groups)
                await asyncio.wait({receiving, changing}, timeout=REJOIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if receiving.done():
                    self._ring(receiving.result()["topic"])
                    receiving = asyncio.ensure_future(layer.receive(channel))
                if changing.done():
                    changing = asyncio.ensure_future(self._changed.wait())
        finally:
            receiving.cancel()
            changing.cancel()
            await self._leave_groups(layer, channel, groups)

    async def _match_groups(self, layer: Any, channel: str, groups: set[str]) -> None:
        for topic in self._bells.keys() - groups:
            async with asyncio.timeout(LAYER_SECONDS):
                await layer.group_add(topic, channel)
            groups.add(topic)
            if topic in self._joined:
                self._joined[topic].set()
                self._ring(topic)  # whatever happened before the group was joined
        for topic in groups - self._bells.keys():
            groups.discard(topic)
            async with asyncio.timeout(LAYER_SECONDS):
                await layer.group_discard(topic, channel)

    async def _leave_groups(self, layer: Any, channel: str, groups: set[str]) -> None:
        for topic in groups:
            try:
                async with asyncio.timeout(LAYER_SECONDS):
                    await layer.group_discard(topic, channel)
            except Exception:  # a layer that is away has forgotten the channel anyway
                return

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
        seen: set[object] = set()
        is_first = True
        async for _ in bells:
            rows = await fetch()
            news = [] if is_first else [row for row in reversed(rows) if row.pk not in seen]
            is_first = False
            seen.update(row.pk for row in rows)
            for row in news:
                yield row
