"""The list of one's sessions: what it shows, ending one of them, ending all."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from strawberry.relay.utils import to_base64

from accounts.models import Session
from notifications.models import Event
from tests.conftest import Api, gid, make_user
from tests.people import ME, REVOKE_ALL, REVOKE_SESSION, codes, refresh, sign_in

pytestmark = pytest.mark.django_db

SESSIONS = """{ me { sessions { totalCount edges { node {
  id device address createdAt lastUsedAt expiresAt isCurrent
} } } } }"""
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


def signed_in(user_agent="", address="192.0.2.1", email="customer@example.com"):
    """Somebody's client on a device of this kind, whose tokens are in `session`."""
    api = Api()
    api.http.defaults |= {"HTTP_USER_AGENT": user_agent, "REMOTE_ADDR": address}
    api.session = sign_in(api, email)
    api.token = api.session["accessToken"]
    return api


def listed(api):
    return [edge["node"] for edge in api(SESSIONS)["me"]["sessions"]["edges"]]


def is_in(api):
    return "errors" not in api.send(ME)


def ended():
    return list(Session.objects.order_by("created_at").values_list("ended_at", flat=True))


# ── What it shows ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_session_shows_device_address_times_and_whether_it_is_this_one(customer):
    signed_in(FIREFOX, "192.0.2.1")
    phone = signed_in(SAFARI, "2001:db8::7")

    first, second = listed(phone)

    assert (first["device"], first["address"], first["isCurrent"]) == ("Mobile Safari on iOS", "2001:db8::7", True)
    assert (second["device"], second["address"], second["isCurrent"]) == ("Firefox on Linux", "192.0.2.1", False)
    created, used, expires = (parse_datetime(first[name]) for name in ("createdAt", "lastUsedAt", "expiresAt"))
    assert timezone.now() - created < timedelta(minutes=1)
    assert abs(used - created) < timedelta(seconds=5)
    assert timedelta(days=29, hours=23) < expires - created <= timedelta(days=30, seconds=5)


def test_the_session_used_last_comes_first(customer):
    desk, phone = signed_in(FIREFOX), signed_in(SAFARI)
    Session.objects.update(last_used_at=timezone.now() - timedelta(hours=1))

    renewed = refresh(desk, desk.session["refreshToken"])

    assert [session["device"] for session in listed(phone)] == ["Firefox on Linux", "Mobile Safari on iOS"]
    used = [parse_datetime(session["lastUsedAt"]) for session in listed(Api(token=renewed["accessToken"]))]
    assert used[0] - used[1] > timedelta(minutes=59)


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("", "Unknown device"),
        ("MyShopApp/1.0", "MyShopApp/1.0"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("x" * 5000, "x" * 300),
        ("curl/8.5.0", "curl"),
    ],
    ids=range(5),
)
def test_every_device_has_a_name(customer, user_agent, device):
    (session,) = listed(signed_in(user_agent))

    assert session["device"] == device


def test_sessions_that_have_ended_or_expired_are_not_listed(customer):
    signed_in("left"), signed_in("expired")
    Session.objects.filter(user_agent="left").update(ended_at=timezone.now())
    Session.objects.filter(user_agent="expired").update(expires_at=timezone.now())

    here = signed_in("here")

    assert [session["device"] for session in listed(here)] == ["here"]
    assert here(SESSIONS)["me"]["sessions"]["totalCount"] == 1


def test_nobody_sees_anybody_elses_sessions(customer):
    make_user("other@example.com")
    signed_in("theirs", email="other@example.com")

    assert [session["device"] for session in listed(signed_in("mine"))] == ["mine"]


def test_the_sessions_take_the_same_statements_for_one_and_for_ten(customer):
    here, counted = signed_in("here"), []
    listed(here)

    for others in (0, 9):
        for number in range(others):
            signed_in(f"there {number}", f"198.51.100.{number}")
        with CaptureQueriesContext(connection) as statements:
            assert len(listed(here)) == others + 1
        counted.append(len(statements))

    assert counted == [3, 3]


# ── Ending one ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_one_of_ones_sessions_is_ended_at_once(customer):
    lost, here = signed_in("lost"), signed_in("here")
    (session,) = [session for session in listed(here) if session["device"] == "lost"]

    payload = here(REVOKE_SESSION, id=session["id"])["sessionRevoke"]

    assert payload == {"session": {"id": session["id"]}, "userErrors": []}
    assert (is_in(lost), is_in(here)) == (False, True)
    assert codes(refresh(lost, lost.session["refreshToken"])) == ["REFRESH_TOKEN_INVALID"]
    event = Event.objects.exclude(type="account.signed_in").get()
    assert (event.type, event.topic, event.payload, event.actor, event.origin) == (
        "account.session_revoked",
        f"user.{customer.pk}",
        {"session_id": str(Session.objects.get(user_agent="lost").pk)},
        customer,
        "192.0.2.1",
    )


def test_the_session_at_hand_may_be_ended_too(customer):
    here = signed_in("here")

    assert here(REVOKE_SESSION, id=listed(here)[0]["id"])["sessionRevoke"]["userErrors"] == []
    assert not is_in(here)


def test_ending_a_session_again_changes_nothing(customer):
    lost, here = signed_in("lost"), signed_in("here")
    id = gid(Session.objects.get(user_agent="lost"))
    first = here(REVOKE_SESSION, id=id)
    before, moments = Event.objects.count(), ended()

    assert here(REVOKE_SESSION, id=id) == first
    assert (Event.objects.count(), ended()) == (before, moments)
    assert not is_in(lost)


def test_somebody_elses_session_and_one_that_is_not_there_are_the_same_refusal(customer):
    make_user("other@example.com")
    theirs, here = signed_in("theirs", email="other@example.com"), signed_in("here")
    before = Event.objects.count()

    others = here(REVOKE_SESSION, id=gid(Session.objects.get(user_agent="theirs")))
    unknown = here(REVOKE_SESSION, id=to_base64("Session", "00000000-0000-4000-8000-000000000000"))

    assert others == unknown
    assert others == {
        "sessionRevoke": {
            "session": None,
            "userErrors": [
                {"code": "NOT_FOUND", "message": "You have no such session.", "field": ["id"], "retryable": False}
            ],
        }
    }
    assert (ended(), Event.objects.count()) == ([None, None], before)
    assert is_in(theirs)


def test_an_id_of_something_else_is_refused(customer):
    here = signed_in("here")

    for id in (gid(customer), to_base64("Session", "1"), to_base64("Session", "x"), "x", ""):
        assert here.code(REVOKE_SESSION, id=id) == "BAD_USER_INPUT"
    assert ended() == [None]


def test_nobody_ends_sessions_without_signing_in(customer, guest):
    signed_in("there")
    before = Event.objects.count()

    assert guest.code(REVOKE_SESSION, id=gid(Session.objects.get())) == "UNAUTHENTICATED"
    assert guest.code(REVOKE_ALL) == "UNAUTHENTICATED"
    assert (ended(), Event.objects.count()) == ([None], before)


# ── Ending all ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_all_sessions_are_ended_at_once_this_one_included(customer):
    make_user("other@example.com")
    devices = [signed_in(f"device {number}") for number in range(3)]
    other = signed_in("other", email="other@example.com")

    assert devices[1](REVOKE_ALL) == {"tokensRevokeAll": {"revokedCount": 3}}

    assert [is_in(device) for device in devices] == [False] * 3
    assert [codes(refresh(device, device.session["refreshToken"])) for device in devices] == [
        ["REFRESH_TOKEN_INVALID"]
    ] * 3
    assert is_in(other)
    event = Event.objects.exclude(type="account.signed_in").get()
    assert (event.type, event.payload, event.actor) == ("account.sessions_revoked", {"count": 3}, customer)


def test_only_sessions_that_were_alive_are_counted(customer):
    signed_in("left"), signed_in("expired")
    Session.objects.filter(user_agent="left").update(ended_at=timezone.now())
    Session.objects.filter(user_agent="expired").update(expires_at=timezone.now())

    assert signed_in("here")(REVOKE_ALL) == {"tokensRevokeAll": {"revokedCount": 1}}


def test_who_signed_out_everywhere_may_sign_in_again(customer):
    signed_in("here")(REVOKE_ALL)

    assert is_in(signed_in("here again"))
