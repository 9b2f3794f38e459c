"""The hub: a bell for each follower, a table that is read when it rings, and a poll for the bell that was lost."""

import asyncio
from contextlib import aclosing
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import transaction

from accounts.events import AccountRegistered
from notifications import live, outbox
from notifications.models import Notification
from tests.conftest import make_user

SOON = 2.0
NEVER = 0.15


@pytest.fixture(autouse=True)
def _no_poll_comes_to_help(settings):
    settings.LIVE_POLL_SECONDS = 60.0


@pytest.fixture
def topic():
    return f"order.{uuid4()}"


async def ring(topic):
    await get_channel_layer().group_send(topic, {"type": "bell", "topic": topic})


async def soon(awaitable):
    return await asyncio.wait_for(awaitable, SOON)


async def is_silent(follower):
    """Whether no bell rings for a while. The follower is spent afterwards."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(follower), NEVER)
    return True


# ── Bells ────────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_who_follows_may_read_at_once(topic):
    async with aclosing(live.follow(topic)) as follower:
        await soon(anext(follower))

        assert await is_silent(follower)


async def test_a_bell_rings_for_everybody_who_follows_the_topic(topic):
    async with aclosing(live.follow(topic)) as one, aclosing(live.follow(topic)) as other:
        await soon(asyncio.gather(anext(one), anext(other)))

        await ring(topic)

        await soon(asyncio.gather(anext(one), anext(other)))


async def test_a_bell_rings_for_its_own_topic_only(topic):
    async with aclosing(live.follow(topic)) as one, aclosing(live.follow(f"{topic}0")) as other:
        await soon(asyncio.gather(anext(one), anext(other)))

        await ring(topic)

        await soon(anext(one))
        assert await is_silent(other)


async def test_when_one_of_two_followers_leaves_the_other_is_still_rung(topic):
    async with aclosing(live.follow(topic)) as stays:
        await soon(anext(stays))
        async with aclosing(live.follow(topic)) as leaves:
            await soon(anext(leaves))

        await ring(topic)

        await soon(anext(stays))


async def test_who_comes_back_is_rung_again(topic):
    for _ in range(3):
        async with aclosing(live.follow(topic)) as follower:
            await soon(anext(follower))
            await ring(topic)
            await soon(anext(follower))


async def test_who_comes_back_at_once_does_not_wait_for_the_group(topic):
    async with aclosing(live.follow(topic)) as follower:
        await soon(anext(follower))

    async with asyncio.timeout(live.JOIN_SECONDS / 2):
        for _ in range(3):
            async with aclosing(live.follow(topic)) as follower:
                await anext(follower)


async def test_a_bell_that_rings_while_the_follower_reads_is_not_lost(topic):
    async with aclosing(live.follow(topic)) as follower:
        await soon(anext(follower))
        await ring(topic)
        await asyncio.sleep(0.05)  # reading, while the bell rings

        await soon(anext(follower))


async def test_many_bells_during_one_reading_are_one(topic):
    async with aclosing(live.follow(topic)) as follower:
        await soon(anext(follower))
        for _ in range(50):
            await ring(topic)
        await asyncio.sleep(0.1)

        await soon(anext(follower))
        assert await is_silent(follower)


async def test_without_a_bell_the_table_is_polled(topic, settings):
    settings.LIVE_POLL_SECONDS = 0.05

    async with aclosing(live.follow(topic)) as follower:
        for _ in range(5):
            await soon(anext(follower))


async def test_without_a_channel_layer_the_table_is_polled(topic, settings):
    settings.LIVE_POLL_SECONDS = 0.05
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:1"]},
        }
    }

    async with aclosing(live.follow(topic)) as follower:
        for _ in range(3):
            await soon(anext(follower))


async def test_a_follower_whose_task_is_cancelled_leaves_nothing_behind(topic):
    async def forever():
        async with aclosing(live.follow(topic)) as follower:
            async for _ in follower:
                started.set()

    started = asyncio.Event()
    task = asyncio.create_task(forever())
    await soon(started.wait())

    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    await left(topic)


async def test_a_group_is_left_with_its_last_follower(topic):
    async with aclosing(live.follow(topic)) as one, aclosing(live.follow(topic)) as other:
        await soon(asyncio.gather(anext(one), anext(other)))
        assert len(get_channel_layer().groups[topic]) == 1

    await left(topic)


async def test_a_thousand_followers_share_one_channel(topic):
    followers = [live.follow(topic) for _ in range(1000)]
    await soon(asyncio.gather(*(anext(follower) for follower in followers)))
    assert len(get_channel_layer().groups[topic]) == 1

    await ring(topic)
    await soon(asyncio.gather(*(anext(follower) for follower in followers)))

    await asyncio.gather(*(follower.aclose() for follower in followers))


async def left(topic):
    """The group is empty, at once or as soon as the hub comes to it."""
    async with asyncio.timeout(2):
        while topic in get_channel_layer().groups:
            await asyncio.sleep(0.01)


async def test_a_follower_who_leaves_before_the_group_is_joined_silences_nobody(topic):
    gone = asyncio.create_task(anext(live.follow(topic)))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])

    async with aclosing(live.follow(topic)) as follower:
        await soon(anext(follower))
        await ring(topic)
        await soon(anext(follower))


# ── Rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
NEWS = AccountRegistered(email="a@example.com", full_name="")


@database_sync_to_async
def somebody():
    return make_user()


@database_sync_to_async
def tell(user, times=1):
    """Records news for this person; it is delivered, and the bell rung, at the commit."""
    with transaction.atomic():
        for _ in range(times):
            outbox.record(NEWS, about=user, users=[user.pk])


def inbox_of(user, page=50):
    def read():
        inbox = Notification.objects.filter(user=user).select_related("event")
        return list(inbox.order_by("-created_at", "pk")[:page])

    return read


@pytest.mark.django_db(transaction=True)
async def test_each_new_row_comes_once_and_the_oldest_first():
    user = await somebody()
    async with aclosing(live.newest(f"user.{user.pk}", inbox_of(user))) as rows:
        first = asyncio.create_task(anext(rows))
        await asyncio.sleep(0.1)
        await tell(user, times=3)

        came = [await soon(first), await soon(anext(rows)), await soon(anext(rows))]

        assert [row.event.seq for row in came] == [1, 2, 3]
        assert await is_silent(rows)


@pytest.mark.django_db(transaction=True)
async def test_rows_that_were_there_before_are_not_new():
    user = await somebody()
    await tell(user, times=2)

    async with aclosing(live.newest(f"user.{user.pk}", inbox_of(user))) as rows:
        following = asyncio.create_task(anext(rows))
        await asyncio.sleep(0.1)
        await ring(f"user.{user.pk}")
        await asyncio.sleep(0.1)
        await tell(user)

        assert (await soon(following)).event.seq == 3


@pytest.mark.django_db(transaction=True)
async def test_two_followers_each_get_every_row():
    user = await somebody()
    async with (
        aclosing(live.newest(f"user.{user.pk}", inbox_of(user))) as one,
        aclosing(live.newest(f"user.{user.pk}", inbox_of(user))) as other,
    ):
        following = asyncio.gather(anext(one), anext(other))
        await asyncio.sleep(0.1)
        await tell(user)

        assert [row.event.seq for row in await soon(following)] == [1, 1]


@pytest.mark.django_db(transaction=True)
async def test_a_row_that_comes_while_another_is_handed_over_is_not_lost():
    user = await somebody()
    async with aclosing(live.newest(f"user.{user.pk}", inbox_of(user))) as rows:
        following = asyncio.create_task(anext(rows))
        await asyncio.sleep(0.1)
        await tell(user)
        assert (await soon(following)).event.seq == 1

        await tell(user)  # nobody waits at this moment

        assert (await soon(anext(rows))).event.seq == 2


@pytest.mark.django_db(transaction=True)
async def test_a_row_whose_bell_was_lost_comes_with_the_poll(settings):
    settings.LIVE_POLL_SECONDS = 0.1
    user = await somebody()
    async with aclosing(live.newest(f"nobody.rings.{user.pk}", inbox_of(user))) as rows:
        following = asyncio.create_task(anext(rows))
        await asyncio.sleep(0.05)
        await tell(user)

        assert (await soon(following)).event.seq == 1


@pytest.mark.django_db(transaction=True)
async def test_of_more_rows_than_a_page_the_newest_come_and_none_twice():
    user = await somebody()
    async with aclosing(live.newest(f"user.{user.pk}", inbox_of(user, page=3))) as rows:
        following = asyncio.create_task(anext(rows))
        await asyncio.sleep(0.1)
        await tell(user)
        came = [await soon(following)]
        await tell(user, times=5)
        came += [await soon(anext(rows)) for _ in range(3)]
        await tell(user)
        came.append(await soon(anext(rows)))

        numbers = [row.event.seq for row in came]
        assert len(set(numbers)) == 5
        assert numbers == sorted(numbers)
        assert (numbers[0], numbers[-1]) == (1, 7)
