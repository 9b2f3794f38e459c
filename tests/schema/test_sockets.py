"""The end of a socket: when its session ends it is closed with 4401, for whatever reason and whoever ended it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import connection, transaction

from accounts.events import AccountUpdated
from accounts.models import User
from accounts.services import passwords, sessions, staff
from accounts.tokens import decode, session_in
from notifications import outbox
from tests.conftest import PASSWORD, make_user, socket

pytestmark = pytest.mark.django_db(transaction=True)

# Long enough for a bell and one look at the table, on a machine that is busy.
SOON = 5
NEVER = 0.4
ENDED = {"type": "websocket.close", "code": 4401, "reason": "The session has ended."}


@pytest.fixture(autouse=True)
def _no_poll_comes_to_help(settings):
    settings.LIVE_POLL_SECONDS = 60.0


@pytest.fixture
def boss(db):
    return User.objects.create_superuser("boss@example.com", PASSWORD)


@pytest.fixture
def session(customer):
    return sessions.open_session(customer)


def of(tokens):
    """The socket of a session."""
    return socket(Authorization=f"Bearer {tokens.access_token}")


def in_a_thread(act):
    """As another process would: with a connection of its own, while the event loop goes on."""

    def run(**arguments):
        def work():
            try:
                return act(**arguments)
            finally:
                connection.close()

        return asyncio.get_running_loop().run_in_executor(_threads, work)

    return run


_threads = ThreadPoolExecutor(1)


async def closed(client):
    return await client.receive_output(timeout=SOON)


async def is_open(client):
    """Nothing is said to it, and it answers."""
    assert await client.receive_nothing(NEVER)
    await client.send_json_to({"type": "ping"})
    return await client.receive_json_from() == {"type": "pong"}


def sign_out(*, tokens, **_):
    sessions.sign_out(refresh_token=tokens.refresh_token)


def reuse(*, tokens, **_):
    """Its refresh token is used, its successor as well, and then it comes back."""
    successor = sessions.refresh(refresh_token=tokens.refresh_token)
    sessions.refresh(refresh_token=successor.refresh_token)
    with pytest.raises(sessions.AccountError):
        sessions.refresh(refresh_token=tokens.refresh_token)


def revoke_one(*, tokens, user, **_):
    _, session_id = session_in(decode(tokens.access_token))
    sessions.revoke_session(actor=user, session_id=UUID(session_id))


def revoke_all(*, user, **_):
    sessions.revoke_all(actor=user)


def change_password(*, user, **_):
    passwords.change(actor=user, old_password=PASSWORD, new_password="a quite unlikely password")


def deactivate(*, user, boss, **_):
    staff.deactivate(actor=boss, user_id=user.pk, reason="Fraud.")


@pytest.mark.parametrize(
    "end", [sign_out, reuse, revoke_one, revoke_all, change_password, deactivate], ids=lambda end: end.__name__
)
async def test_a_socket_is_closed_when_its_session_ends(customer, boss, session, end):
    async with of(session) as client:
        await in_a_thread(end)(tokens=session, user=customer, boss=boss)

        assert await closed(client) == ENDED


async def test_every_socket_of_the_session_is_closed_and_no_other(customer, session):
    elsewhere = await in_a_thread(sessions.open_session)(user=customer)
    async with of(session) as one, of(session) as two, of(elsewhere) as third, socket() as guest:
        await in_a_thread(revoke_one)(tokens=session, user=customer)

        assert [await closed(one), await closed(two)] == [ENDED, ENDED]
        assert await is_open(third)
        assert await is_open(guest)


async def test_somebody_elses_end_closes_nothing(session):
    other = await database_sync_to_async(make_user)()
    async with of(session) as client:
        await in_a_thread(revoke_all)(user=other)

        assert await is_open(client)


async def test_a_socket_outlives_news_of_its_owner_and_a_refresh(customer, session):
    @transaction.atomic
    def news():
        outbox.record(AccountUpdated(fields=["full_name"]), about=customer, users=[customer.pk])

    async with of(session) as client:
        await in_a_thread(news)()
        await in_a_thread(sessions.refresh)(refresh_token=session.refresh_token)

        assert await is_open(client)


async def test_a_session_that_ends_before_the_socket_listens_is_noticed(customer, session):
    client = of(session)
    await client.connect()
    revoked = asyncio.ensure_future(in_a_thread(revoke_all)(user=customer))
    await client.send_json_to({"type": "connection_init", "payload": client.connection_params})

    outcome = await client.receive_output(timeout=SOON)
    if outcome["type"] == "websocket.send":  # it was let in first
        outcome = await closed(client)

    assert outcome["type"] == "websocket.close"
    assert outcome["code"] in (4401, 4403)
    await revoked


async def test_a_lost_bell_costs_at_most_a_poll(customer, session, settings):
    settings.LIVE_POLL_SECONDS = 0.3
    async with of(session) as client:
        settings.CHANNEL_LAYERS = {}  # nobody rings
        await in_a_thread(revoke_all)(user=customer)

        assert await asyncio.wait_for(closed(client), 10 * settings.LIVE_POLL_SECONDS) == ENDED


async def test_a_database_that_fails_for_a_while_closes_nothing_and_hides_nothing(customer, session, settings, caplog):
    settings.LIVE_POLL_SECONDS = 0.1
    async with of(session) as client:
        await in_a_thread(_rename)(table="accounts_session", to="accounts_session_away")
        try:
            assert await is_open(client)
            assert "the database does not answer" in caplog.text
        finally:
            await in_a_thread(_rename)(table="accounts_session_away", to="accounts_session")
        await in_a_thread(revoke_all)(user=customer)

        assert await closed(client) == ENDED


async def test_a_socket_that_goes_leaves_nobody_who_watches(customer, session):
    topic = f"user.{customer.pk}"
    async with of(session) as client:
        assert await is_open(client)
        assert topic in get_channel_layer().groups

    async with asyncio.timeout(SOON):
        while topic in get_channel_layer().groups:
            await asyncio.sleep(0.01)


def _rename(*, table, to):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {connection.ops.quote_name(table)} RENAME TO {connection.ops.quote_name(to)}")
