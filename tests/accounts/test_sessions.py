"""Sessions: signing in, staying signed in, signing out, and every token that is not one of ours."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts import tokens
from accounts.models import RefreshToken, Session, User
from notifications.models import Event
from tests.conftest import PASSWORD, Api, make_user
from tests.people import ME, REVOKE, VERIFY, codes, everything_stored, hashes_counted, refresh, sign_in

pytestmark = pytest.mark.django_db

INVALID = {"isValid": False, "expiresAt": None, "user": None}


def claims(user, **changes):
    """What a token of ours says of a new session of this user, with changes; None takes a claim away."""
    now = timezone.now()
    session = Session.objects.create(user=user, last_used_at=now, expires_at=now + timedelta(days=30))
    ours = {
        "sub": str(user.pk),
        "sid": str(session.pk),
        "iss": "nexus",
        "iat": now,
        "exp": now + timedelta(minutes=5),
        "jti": "1",
        **changes,
    }
    return {name: value for name, value in ours.items() if value is not None}


def signed(payload, key=None, algorithm="HS256", **header):
    """Signed by hand, by default as we would; None takes a header away."""
    ours = {"kid": next(iter(tokens.keys())), "typ": "at+jwt", **header}
    ours = {name: value for name, value in ours.items() if value is not None or name == "typ"}
    return jwt.encode(payload, settings.SECRET_KEY if key is None else key, algorithm, headers=ours)


def with_payload(token, payload):
    """The token with another payload under its old signature."""
    head, _, signature = token.split(".")
    return f"{head}.{base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip('=')}.{signature}"


REFRESH_TOKEN_INVALID = {
    "code": "REFRESH_TOKEN_INVALID",
    "message": "The refresh token has expired or was used, or the session has ended. Sign in again.",
    "field": ["refreshToken"],
    "retryable": False,
}


def happened():
    return list(Event.objects.order_by("occurred_at", "seq").values_list("type", flat=True))


def ten_seconds_pass():
    """Since every refresh so far."""
    RefreshToken.objects.exclude(used_at=None).update(used_at=timezone.now() - timedelta(seconds=11))


def is_refused_everywhere(token):
    """Whether this access token opens nothing: an error for `me`, no error but a plain answer for tokenVerify."""
    response = Api(token=token).send(ME)
    verified = Api()(VERIFY, t=token)["tokenVerify"]
    return (
        response["data"] == {"me": None}
        and [error["extensions"] for error in response["errors"]] == [{"code": "UNAUTHENTICATED"}]
        and verified == INVALID
    )


# ── Signing in ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_signing_in_gives_a_pair_of_tokens_that_work(customer, guest):
    before = datetime.now(UTC)

    session = sign_in(guest)

    assert (session["user"], session["userErrors"]) == ({"email": "customer@example.com"}, [])
    ends = parse_datetime(session["expiresAt"])
    assert timedelta(minutes=14, seconds=58) < ends - before < timedelta(minutes=15, seconds=10)
    assert Api(token=session["accessToken"])(ME) == {"me": {"email": "customer@example.com"}}
    assert refresh(guest, session["refreshToken"])["userErrors"] == []


@pytest.mark.parametrize("email", ["CUSTOMER@example.com", "  Customer@Example.Com\t"])
def test_the_address_may_be_written_in_any_case(customer, guest, email):
    assert sign_in(guest, email)["user"] == {"email": "customer@example.com"}


def test_an_access_token_names_the_user_by_id_and_nothing_private(customer, guest):
    payload = jwt.decode(sign_in(guest)["accessToken"], options={"verify_signature": False})

    assert payload.keys() == {"sub", "sid", "iss", "iat", "exp", "jti"}
    assert (payload["sub"], payload["iss"]) == (str(customer.pk), "nexus")
    assert payload["sid"] == str(Session.objects.get().pk)


def test_an_access_token_says_which_key_signed_it_and_that_it_is_one(customer, guest):
    header = jwt.get_unverified_header(sign_in(guest)["accessToken"])

    assert header == {"alg": "HS256", "kid": next(iter(tokens.keys())), "typ": "at+jwt"}
    assert header["kid"] not in settings.SECRET_KEY


def test_signing_in_is_recorded_and_opens_a_session_of_this_device(customer):
    api = Api()
    api.http.defaults |= {"HTTP_USER_AGENT": "curl/8.5.0", "REMOTE_ADDR": "192.0.2.7"}

    sign_in(api)

    session = Session.objects.get()
    assert (session.user, session.user_agent, session.address) == (customer, "curl/8.5.0", "192.0.2.7")
    event = Event.objects.get()
    assert (event.type, event.topic, event.payload, event.actor, event.origin) == (
        "account.signed_in",
        f"user.{customer.pk}",
        {"session_id": str(session.pk)},
        customer,
        "192.0.2.7",
    )
    customer.refresh_from_db()
    assert timezone.now() - customer.last_login < timedelta(seconds=10)


def test_an_unknown_address_and_a_wrong_password_are_the_same_answer(customer, guest):
    unknown = sign_in(guest, "nobody@example.com", PASSWORD)
    wrong = sign_in(guest, "customer@example.com", "not the password")

    assert unknown == wrong
    assert unknown == {
        "accessToken": None,
        "refreshToken": None,
        "expiresAt": None,
        "user": None,
        "userErrors": [
            {
                "code": "INVALID_CREDENTIALS",
                "message": "The e-mail address or the password is not right.",
                "field": ["email"],
                "retryable": False,
            }
        ],
    }
    assert not Session.objects.exists()
    assert not RefreshToken.objects.exists()
    assert not Event.objects.exists()


def test_an_inactive_user_gets_the_same_answer_too(guest):
    make_user("left@example.com", is_active=False)

    assert sign_in(guest, "left@example.com") == sign_in(guest, "nobody@example.com")
    assert not RefreshToken.objects.exists()


def test_an_account_without_a_password_cannot_be_signed_in_to(guest):
    User.objects.create_user("sso@example.com", None)

    for password in ("", "!", PASSWORD, User.objects.get().password):
        assert sign_in(guest, "sso@example.com", password)["userErrors"][0]["code"] == "INVALID_CREDENTIALS"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("", ""),
        ("customer@example.com", ""),
        ("customer@example.com", "\x00"),
        ("customer@example.com", PASSWORD + " "),
        ("customer@example.com", "x" * 2_000_000),
        ("\x00", PASSWORD),
        ("customer@example.com\x00", PASSWORD),
        ("x" * 1_000_000, PASSWORD),
        ("' OR 1=1 --", PASSWORD),
        ("%", PASSWORD),
    ],
    ids=range(10),
)
def test_credentials_that_cannot_be_are_wrong_credentials(customer, guest, email, password):
    payload = sign_in(guest, email, password)

    assert [error["code"] for error in payload["userErrors"]] == ["INVALID_CREDENTIALS"]
    assert not RefreshToken.objects.exists()


def test_signing_in_takes_at_most_eight_statements(customer, guest):
    with CaptureQueriesContext(connection) as statements:
        sign_in(guest)

    assert len(statements) <= 8


def test_signing_in_takes_one_password_hash(customer, guest, settings):
    with hashes_counted(settings) as counted:
        sign_in(guest)

    assert counted == [1]


def test_a_password_that_was_hashed_when_that_was_cheaper_is_hashed_anew(customer, guest, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]

    assert sign_in(guest)["userErrors"] == []

    customer.refresh_from_db()
    assert customer.password.startswith("pbkdf2_sha256$")
    assert sign_in(guest)["userErrors"] == []


def test_each_sign_in_is_a_session_of_its_own(customer, guest):
    first, second = sign_in(guest), sign_in(guest)

    assert RefreshToken.objects.values("session").distinct().count() == 2
    assert guest(REVOKE, t=first["refreshToken"])["tokenRevoke"]["isRevoked"] is True
    assert refresh(guest, second["refreshToken"])["userErrors"] == []


def test_the_database_keeps_no_token_only_digests(customer, guest):
    session = sign_in(guest)
    session = session | {"second": refresh(guest, session["refreshToken"])["refreshToken"]}

    kept = everything_stored()
    for secret in (session["accessToken"], session["refreshToken"], session["second"], PASSWORD):
        assert secret not in kept
    assert [len(digest) for digest in RefreshToken.objects.values_list("digest", flat=True)] == [64, 64]


# ── Access tokens ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_me_is_null_without_a_token(guest):
    assert guest(ME) == {"me": None}


def test_me_is_read_in_one_statement(customer):
    api = Api(customer)

    with CaptureQueriesContext(connection) as statements:
        assert api(ME) == {"me": {"email": "customer@example.com"}}

    assert len(statements) == 1


def test_a_token_costs_a_query_one_statement(customer):
    counted = []

    for api in (Api(), Api(customer)):
        api("{ products { totalCount edges { node { id } } } }")
        with CaptureQueriesContext(connection) as statements:
            api("{ me { email } products { totalCount edges { node { id } } } }")
        counted.append(len(statements))

    assert counted[1] == counted[0] + 1


def test_me_with_roles_is_read_in_two_statements(customer):
    customer.groups.add(*(Group.objects.create(name=name) for name in ("Sellers", "Approvers", "Buyers")))
    api = Api(customer)

    with CaptureQueriesContext(connection) as statements:
        assert api("{ me { email roles } }")["me"]["roles"] == ["Approvers", "Buyers", "Sellers"]

    assert len(statements) == 2


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER  {}"])
def test_the_scheme_may_be_written_in_any_case(customer, header):
    api = Api(customer)

    response = api.http.post(
        "/graphql", {"query": ME}, content_type="application/json", headers={"Authorization": header.format(api.token)}
    )

    assert response.json() == {"data": {"me": {"email": "customer@example.com"}}}


@pytest.mark.parametrize("header", ["{}", "JWT {}", "Token {}", "Basic {}", "Bearer", "Bearer ", "Bearer {} {}", "ü"])
def test_a_header_that_is_no_bearer_token_is_refused(customer, header):
    api = Api(customer)

    response = api.http.post(
        "/graphql",
        {"query": ME},
        content_type="application/json",
        headers={"Authorization": header.format(api.token, api.token)},
    )

    assert response.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


def test_a_token_is_read_from_the_header_and_from_nowhere_else(customer):
    api = Api()
    token = Api(customer).token
    api.http.cookies["JWT"] = token

    response = api.http.post(f"/graphql?token={token}", {"query": ME}, content_type="application/json")

    assert response.json() == {"data": {"me": None}}


def test_the_admins_session_cookie_is_nobody_here(customer):
    api = Api()
    api.http.force_login(customer)

    assert api(ME) == {"me": None}


def test_a_token_of_somebody_elses_session_is_refused(customer, staff):
    assert is_refused_everywhere(signed(claims(customer, sid=claims(staff)["sid"])))


def test_the_token_of_a_session_that_was_deleted_is_refused(customer):
    token = Api(customer).token

    Session.objects.all().delete()

    assert is_refused_everywhere(token)


def test_a_token_like_ours_made_by_hand_is_accepted(customer):
    assert Api(token=signed(claims(customer)))(ME) == {"me": {"email": "customer@example.com"}}


def test_an_expired_access_token_is_refused(customer):
    assert is_refused_everywhere(signed(claims(customer, exp=timezone.now() - timedelta(seconds=1))))


@pytest.mark.parametrize("key", ["another key that is as long as ours is, more or less", "x" * 64])
def test_a_token_signed_with_another_key_is_refused(customer, key):
    assert is_refused_everywhere(signed(claims(customer), key=key))


@pytest.mark.parametrize(
    "header",
    [{"kid": None}, {"kid": ""}, {"kid": "another"}, {"typ": None}, {"typ": "JWT"}, {"typ": "dpop+jwt"}],
    ids=["no kid", "an empty kid", "another kid", "no type", "a plain JWT", "of another kind"],
)
def test_a_token_that_is_marked_as_something_else_is_refused(customer, header):
    assert is_refused_everywhere(signed(claims(customer), **header))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a_token_of_another_algorithm_is_refused(customer, algorithm):
    assert is_refused_everywhere(signed(claims(customer), key=settings.SECRET_KEY * 2, algorithm=algorithm))


def test_a_token_that_says_it_needs_no_signature_is_refused(customer):
    unsigned = signed(claims(customer), key="", algorithm="none")

    assert is_refused_everywhere(unsigned)
    assert is_refused_everywhere(unsigned.rstrip("."))
    assert is_refused_everywhere(unsigned + Api(customer).token.split(".")[2])


def test_a_token_whose_payload_was_exchanged_is_refused(customer, staff):
    token = Api(customer).token
    payload = jwt.decode(token, options={"verify_signature": False})

    assert is_refused_everywhere(with_payload(token, payload | {"sub": str(staff.pk)}))
    assert is_refused_everywhere(with_payload(token, payload | {"exp": payload["exp"] + 1}))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody else"},
        {"iss": None},
        {"exp": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "1"},
        {"sub": "customer@example.com"},
        {"sub": "00000000-0000-4000-8000-000000000000"},
        {"sid": None},
        {"sid": ""},
        {"sid": "1"},
        {"sid": "00000000-0000-4000-8000-000000000000"},
        {"jti": None},
        {"nbf": datetime(2999, 1, 1, tzinfo=UTC)},
        {"iat": datetime(2999, 1, 1, tzinfo=UTC)},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_a_token_that_says_something_else_than_ours_is_refused(customer, changes):
    assert is_refused_everywhere(signed(claims(customer, **changes)))


@pytest.mark.parametrize("token", ["x", ".", "..", "a.b.c", "null", "e30.e30.e30", "x" * 5000], ids=range(7))
def test_garbage_is_no_token(db, token):
    assert is_refused_everywhere(token)


def segment(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "",
        " ",
        "\x00",
        "ü.ü.ü",
        "x" * 1_000_000,
        f"{segment('[' * 100_000)}.e30.e30",
        f"{segment('{')}.e30.e30",
        f"{segment('[]')}.e30.e30",
        f"{segment(json.dumps({'alg': 'HS256', 'typ': 'at+jwt', 'kid': ['a']}))}.e30.e30",
        f"{segment(json.dumps({'alg': None, 'typ': ['at+jwt'], 'kid': {}}))}.e30.e30",
    ],
    ids=range(10),
)
def test_garbage_that_fits_no_header_is_not_valid_either(db, guest, token):
    assert guest(VERIFY, t=token)["tokenVerify"] == INVALID


def test_the_token_of_a_deleted_user_is_refused(customer):
    token = Api(customer).token

    customer.delete()

    assert is_refused_everywhere(token)


def test_the_token_of_a_user_who_was_made_inactive_is_refused(customer):
    token = Api(customer).token

    User.objects.filter(pk=customer.pk).update(is_active=False)

    assert is_refused_everywhere(token)


def test_a_refresh_token_is_no_access_token(customer, guest):
    assert is_refused_everywhere(sign_in(guest)["refreshToken"])


def test_an_access_token_is_no_refresh_token(customer, guest):
    payload = refresh(guest, sign_in(guest)["accessToken"])

    assert [error["code"] for error in payload["userErrors"]] == ["REFRESH_TOKEN_INVALID"]
    assert RefreshToken.objects.count() == 1


def test_a_bad_token_costs_no_statement(customer, django_assert_num_queries):
    api = Api(token=signed(claims(customer), key="another key that is as long as ours is, more or less"))

    with django_assert_num_queries(0):
        assert api.code(ME) == "UNAUTHENTICATED"


def test_with_a_stale_header_one_can_still_sign_in_refresh_verify_and_sign_out(customer):
    stale = Api(token=signed(claims(customer, exp=timezone.now() - timedelta(days=1))))
    assert stale.code(ME) == "UNAUTHENTICATED"

    session = sign_in(stale)
    renewed = refresh(stale, session["refreshToken"])

    assert (session["userErrors"], renewed["userErrors"]) == ([], [])
    assert stale(VERIFY, t=renewed["accessToken"])["tokenVerify"]["isValid"] is True
    assert stale(REVOKE, t=renewed["refreshToken"])["tokenRevoke"]["isRevoked"] is True


def test_a_valid_token_is_verified_with_its_owner_and_its_end(customer, guest):
    session = sign_in(guest)

    assert guest(VERIFY, t=session["accessToken"])["tokenVerify"] == {
        "isValid": True,
        "expiresAt": session["expiresAt"],
        "user": {"email": "customer@example.com"},
    }


# ── Refreshing ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_refreshing_gives_a_new_pair_in_the_same_session(customer, guest):
    session = sign_in(guest)

    renewed = refresh(guest, session["refreshToken"])

    assert renewed["userErrors"] == []
    assert renewed["refreshToken"] != session["refreshToken"]
    assert renewed["accessToken"] != session["accessToken"]
    assert Api(token=renewed["accessToken"])(ME) == {"me": {"email": "customer@example.com"}}
    old, new = RefreshToken.objects.order_by("pk")
    assert old.session == new.session == Session.objects.get()
    assert old.used_at is not None
    assert new.used_at is None


def test_the_access_token_of_before_is_good_until_it_expires(customer, guest):
    session = sign_in(guest)

    refresh(guest, session["refreshToken"])

    assert Api(token=session["accessToken"])(ME) == {"me": {"email": "customer@example.com"}}


def test_a_session_goes_on_for_as_long_as_it_is_refreshed(customer, guest):
    token = sign_in(guest)["refreshToken"]

    for _ in range(5):
        payload = refresh(guest, token)
        assert payload["userErrors"] == []
        token = payload["refreshToken"]

    assert RefreshToken.objects.filter(used_at=None).count() == 1
    assert happened() == ["account.signed_in"]


def test_refreshing_notes_when_and_from_where_and_lives_thirty_days_more(customer, guest):
    token = sign_in(guest)["refreshToken"]
    yesterday = timezone.now() - timedelta(days=1)
    Session.objects.update(last_used_at=yesterday, expires_at=yesterday + timedelta(days=30))
    guest.http.defaults |= {"HTTP_USER_AGENT": "curl/8.5.0", "REMOTE_ADDR": "192.0.2.7"}

    refresh(guest, token)

    session = Session.objects.get()
    assert (session.user_agent, session.address) == ("curl/8.5.0", "192.0.2.7")
    assert timezone.now() - session.last_used_at < timedelta(minutes=1)
    assert session.expires_at - timezone.now() > timedelta(days=29, hours=23)


def test_a_retry_within_ten_seconds_gets_the_same_successor(customer, guest):
    lost = sign_in(guest)["refreshToken"]
    first = refresh(guest, lost)
    RefreshToken.objects.exclude(used_at=None).update(used_at=timezone.now() - timedelta(seconds=9))

    again = refresh(guest, lost)

    assert again["userErrors"] == []
    assert again["refreshToken"] == first["refreshToken"]
    assert Api(token=again["accessToken"])(ME) == {"me": {"email": "customer@example.com"}}
    assert RefreshToken.objects.count() == 2
    assert happened() == ["account.signed_in"]
    assert refresh(guest, again["refreshToken"])["userErrors"] == []


def test_the_successor_cannot_be_derived_without_the_shops_key(customer, guest, settings):
    session = sign_in(guest)
    first = refresh(guest, session["refreshToken"])["refreshToken"]

    settings.SECRET_KEY = "the key of another shop"

    assert tokens.successor_of(session["refreshToken"]) != first


def test_no_retry_is_one_once_the_successor_was_used(customer, guest):
    session = sign_in(guest)
    renewed = refresh(guest, session["refreshToken"])
    refresh(guest, renewed["refreshToken"])

    again = refresh(guest, session["refreshToken"])

    assert codes(again) == ["REFRESH_TOKEN_INVALID"]
    assert happened() == ["account.signed_in", "account.refresh_token_reused"]


def test_a_used_refresh_token_ends_its_session_at_once_and_is_recorded(customer, guest, mailed):
    stolen = sign_in(guest)
    elsewhere = sign_in(guest)
    renewed = refresh(guest, stolen["refreshToken"])
    ten_seconds_pass()

    with mailed() as letters:
        again = refresh(guest, stolen["refreshToken"])

    assert again["accessToken"] is None
    assert again["refreshToken"] is None
    assert again["userErrors"] == [REFRESH_TOKEN_INVALID]
    event = Event.objects.exclude(type="account.signed_in").get()
    assert (event.type, event.topic, event.payload) == ("account.refresh_token_reused", f"user.{customer.pk}", {})
    assert (event.actor, event.origin) == (None, "127.0.0.1")
    assert event.audience == {"users": [str(customer.pk)], "emails": ["customer@example.com"]}
    assert [letter.to for letter in letters] == [["customer@example.com"]]
    assert codes(refresh(guest, renewed["refreshToken"])) == ["REFRESH_TOKEN_INVALID"]
    assert is_refused_everywhere(stolen["accessToken"])
    assert is_refused_everywhere(renewed["accessToken"])
    assert Api(token=elsewhere["accessToken"])(ME) == {"me": {"email": "customer@example.com"}}
    assert refresh(guest, elsewhere["refreshToken"])["userErrors"] == []


def test_a_session_that_has_ended_is_not_reported_again(customer, guest):
    session = sign_in(guest)
    refresh(guest, session["refreshToken"])
    ten_seconds_pass()
    for _ in range(3):
        refresh(guest, session["refreshToken"])

    assert happened() == ["account.signed_in", "account.refresh_token_reused"]


def test_an_expired_refresh_token_is_refused_and_is_no_alarm(customer, guest):
    token = sign_in(guest)["refreshToken"]
    RefreshToken.objects.update(expires_at=timezone.now())

    assert refresh(guest, token)["userErrors"] == [REFRESH_TOKEN_INVALID]
    assert RefreshToken.objects.get().used_at is None
    assert happened() == ["account.signed_in"]


def test_a_refresh_token_lives_for_thirty_days(customer, guest):
    sign_in(guest)

    left = RefreshToken.objects.get().expires_at - timezone.now()

    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)


def test_an_inactive_user_cannot_refresh(customer, guest):
    token = sign_in(guest)["refreshToken"]
    User.objects.filter(pk=customer.pk).update(is_active=False)

    assert codes(refresh(guest, token)) == ["REFRESH_TOKEN_INVALID"]
    assert RefreshToken.objects.get().used_at is None


def test_the_refresh_token_of_a_deleted_user_is_refused(customer, guest):
    token = sign_in(guest)["refreshToken"]

    customer.delete()

    assert codes(refresh(guest, token)) == ["REFRESH_TOKEN_INVALID"]
    assert guest(REVOKE, t=token)["tokenRevoke"] == {"isRevoked": False, "userErrors": []}


@pytest.mark.parametrize("token", ["", "x", "\x00", "ü", "x" * 1_000_000], ids=range(5))
def test_garbage_is_no_refresh_token(db, guest, token):
    assert codes(refresh(guest, token)) == ["REFRESH_TOKEN_INVALID"]
    assert guest(REVOKE, t=token)["tokenRevoke"] == {"isRevoked": False, "userErrors": []}
    assert not Event.objects.exists()


def test_without_a_refresh_token_nothing_is_refreshed(db, guest):
    payload = guest("mutation { tokenRefresh { accessToken userErrors { code } } }")["tokenRefresh"]

    assert payload == {"accessToken": None, "userErrors": [{"code": "REFRESH_TOKEN_INVALID"}]}


def test_the_digest_is_no_refresh_token(customer, guest):
    sign_in(guest)

    assert codes(refresh(guest, RefreshToken.objects.get().digest)) == ["REFRESH_TOKEN_INVALID"]


# ── Signing out ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_signing_out_ends_the_session_once(customer, guest):
    session = sign_in(guest)

    assert guest(REVOKE, t=session["refreshToken"])["tokenRevoke"] == {"isRevoked": True, "userErrors": []}
    assert guest(REVOKE, t=session["refreshToken"])["tokenRevoke"] == {"isRevoked": False, "userErrors": []}
    assert codes(refresh(guest, session["refreshToken"])) == ["REFRESH_TOKEN_INVALID"]
    event = Event.objects.exclude(type="account.signed_in").get()
    assert (event.type, event.payload, event.actor) == (
        "account.signed_out",
        {"session_id": str(Session.objects.get().pk)},
        customer,
    )


def test_using_a_token_after_signing_out_is_no_alarm(customer, guest):
    session = sign_in(guest)
    guest(REVOKE, t=session["refreshToken"])

    refresh(guest, session["refreshToken"])

    assert happened() == ["account.signed_in", "account.signed_out"]


def test_signing_out_with_an_older_token_ends_its_successors_too(customer, guest):
    session = sign_in(guest)
    renewed = refresh(guest, session["refreshToken"])

    assert guest(REVOKE, t=session["refreshToken"])["tokenRevoke"]["isRevoked"] is True
    assert codes(refresh(guest, renewed["refreshToken"])) == ["REFRESH_TOKEN_INVALID"]


def test_signing_out_ends_the_access_tokens_at_once_and_no_other_session(customer, guest):
    session, elsewhere = sign_in(guest), sign_in(guest)
    renewed = refresh(guest, session["refreshToken"])

    guest(REVOKE, t=renewed["refreshToken"])

    assert is_refused_everywhere(session["accessToken"])
    assert is_refused_everywhere(renewed["accessToken"])
    assert Api(token=elsewhere["accessToken"])(ME) == {"me": {"email": "customer@example.com"}}
