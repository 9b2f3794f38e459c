"""Sessions between processes: one token presented to both at once, limits that hold for both, sockets that close."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import websockets

from tests.people import CHANGE_PASSWORD, ME, REFRESH, SIGN_IN, codes
from tests.services.stack import PASSWORD

pytestmark = pytest.mark.services

THIEVES = 20
USER = """
INSERT INTO accounts_user (id, email, password, full_name, is_staff, is_superuser, is_active, rate_tier, date_joined)
SELECT %s, %s, password, '', false, false, true, 'STANDARD', now() FROM accounts_user
WHERE email = 'customer@example.com'
"""
LIVE = """
SELECT count(*) FROM accounts_refreshtoken t JOIN accounts_session s ON s.id = t.session_id
WHERE s.user_id = %s AND t.used_at IS NULL AND s.ended_at IS NULL
"""
EVENTS = "SELECT type FROM notifications_event WHERE subject_id = %s AND type <> 'account.signed_in' ORDER BY seq"
LOCK = "SELECT id FROM accounts_user WHERE id = %s FOR UPDATE"


@pytest.fixture
def person(stack):
    """(id, address) of an account of the test's own, with the demo's password."""
    key = uuid4()
    email = f"{key}@example.com"
    stack.database.rows(USER, key, email)
    return key, email


def signed_in(stack, email, web=0):
    payload = stack.guest(web)(SIGN_IN, email=email, password=PASSWORD)["tokenCreate"]
    assert codes(payload) == []
    return payload


def presented(stack, user_id, token, times):
    """The answers to one refresh token presented so many times at the same moment, half of them to each process."""
    clients = [stack.guest(web=number % 2) for number in range(times)]
    for client in clients:
        client.http.get("/healthz")
    with ThreadPoolExecutor(times) as pool:
        with stack.database.held(LOCK, user_id, until_waiting=times):
            asking = [pool.submit(client, REFRESH, t=token) for client in clients]
        return [one.result()["tokenRefresh"] for one in asking]


def test_two_processes_that_refresh_one_token_at_once_give_the_same_successor(stack, person):
    key, email = person
    session = signed_in(stack, email)

    first, second = presented(stack, key, session["refreshToken"], 2)

    assert (codes(first), codes(second)) == ([], [])
    assert first["refreshToken"] == second["refreshToken"] != session["refreshToken"]
    assert stack.database.value(LIVE, key) == 1
    assert stack.database.rows(EVENTS, str(key)) == []
    for web, payload in enumerate((first, second)):
        viewer = stack.guest(web)
        viewer.http.headers["Authorization"] = f"Bearer {payload['accessToken']}"
        assert viewer(ME) == {"me": {"email": email}}
    assert codes(stack.guest(1)(REFRESH, t=first["refreshToken"])["tokenRefresh"]) == []
    assert stack.unexpected_errors() == []


def test_many_that_present_a_stolen_token_at_once_end_the_session_and_are_reported_once(stack, person):
    key, email = person
    old = signed_in(stack, email)["refreshToken"]
    newest = stack.guest(1)(REFRESH, t=old)["tokenRefresh"]["refreshToken"]
    stack.database.rows(
        """UPDATE accounts_refreshtoken SET used_at = used_at - interval '11 seconds'
           WHERE session_id IN (SELECT id FROM accounts_session WHERE user_id = %s)""",
        key,
    )

    answers = presented(stack, key, old, THIEVES)

    assert [codes(answer) for answer in answers] == [["REFRESH_TOKEN_INVALID"]] * THIEVES
    assert stack.database.value(LIVE, key) == 0
    assert stack.database.rows(EVENTS, str(key)) == [("account.refresh_token_reused",)]
    assert codes(stack.guest()(REFRESH, t=newest)["tokenRefresh"]) == ["REFRESH_TOKEN_INVALID"]
    assert stack.unexpected_errors() == []


def test_a_thief_and_the_owner_at_the_same_moment_leave_no_token(stack, person):
    """The old token and the newest one at once: whichever comes first, the session is over."""
    key, email = person
    old = signed_in(stack, email)["refreshToken"]
    newest = stack.guest(1)(REFRESH, t=old)["tokenRefresh"]["refreshToken"]
    stack.database.rows(
        """UPDATE accounts_refreshtoken SET used_at = used_at - interval '11 seconds'
           WHERE session_id IN (SELECT id FROM accounts_session WHERE user_id = %s)""",
        key,
    )
    thief, owner = stack.guest(0), stack.guest(1)

    with ThreadPoolExecutor(2) as pool:
        with stack.database.held(LOCK, key, until_waiting=2):
            asking = [pool.submit(thief, REFRESH, t=old), pool.submit(owner, REFRESH, t=newest)]
        stolen, _ = [one.result()["tokenRefresh"] for one in asking]

    assert codes(stolen) == ["REFRESH_TOKEN_INVALID"]
    assert stack.database.value(LIVE, key) == 0
    assert stack.database.rows(EVENTS, str(key)) == [("account.refresh_token_reused",)]


def test_sign_in_limits_hold_across_the_processes(stack, person):
    """Half of them to each process, all at once: five are answered, wrong as they are, and the others wait."""
    _, email = person
    guesses = [stack.guest(web=number % 2) for number in range(12)]

    with ThreadPoolExecutor(len(guesses)) as pool:
        answers = list(pool.map(lambda api: api.send(SIGN_IN, email=email, password="a guess"), guesses))

    answered = [codes(answer["data"]["tokenCreate"]) for answer in answers if "errors" not in answer]
    limited = [error["extensions"] for answer in answers for error in answer.get("errors", [])]
    assert answered == [["INVALID_CREDENTIALS"]] * 5
    assert [extensions["code"] for extensions in limited] == ["RATE_LIMITED"] * 7
    assert all(1 <= extensions["retryAfter"] <= 61 for extensions in limited)


async def test_a_socket_on_one_process_closes_when_the_password_changes_through_the_other(stack, person):
    _, email = person
    session = signed_in(stack, email)
    owner = stack.guest(1)
    owner.http.headers["Authorization"] = f"Bearer {session['accessToken']}"

    async with websockets.connect(stack.socket_address(0), subprotocols=["graphql-transport-ws"]) as browser:
        connect = {"type": "connection_init", "payload": {"Authorization": f"Bearer {session['accessToken']}"}}
        await browser.send(json.dumps(connect))
        assert json.loads(await browser.recv())["type"] == "connection_ack"
        changed = owner(CHANGE_PASSWORD, old=PASSWORD, new="a wholly different phrase")["passwordChange"]
        assert codes(changed) == []
        at = time.monotonic()
        await browser.wait_closed()

    assert browser.close_code == 4401
    # By its bell: this stack polls once a minute.
    assert time.monotonic() - at < 10
