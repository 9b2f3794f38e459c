"""Sessions in cookies: what the browser is handed, whose pages may use it, and how it ends."""

import json

import pytest
from channels.db import database_sync_to_async
from django.test import Client

from accounts.graphql import cookies
from accounts.models import RefreshToken, Session
from accounts.services import sessions
from config.asgi import application
from notifications.models import Event
from tests.conftest import PASSWORD, Api, Socket, gid, make_user, make_variant, token_of
from tests.shopping import order_of

pytestmark = pytest.mark.django_db

OURS = "https://testserver"
OTHER = "https://www.example.com"
SIGN_IN = """
mutation($email: String! = "customer@example.com", $password: String!) {
  tokenCreate(email: $email, password: $password, transport: COOKIE) {
    accessToken refreshToken expiresAt user { email } userErrors { code }
  }
}
"""
REFRESH = "mutation { tokenRefresh { accessToken refreshToken expiresAt userErrors { code } } }"
SIGN_OUT = "mutation { tokenRevoke { isRevoked userErrors { code } } }"
REVOKE_ALL = "mutation { tokensRevokeAll { revokedCount } }"
CHANGE_PASSWORD = """
mutation($old: String!, $new: String!) {
  passwordChange(oldPassword: $old, newPassword: $new, transport: COOKIE) {
    accessToken refreshToken expiresAt userErrors { code }
  }
}
"""
ME = "{ me { email } }"
STATUS = "subscription($id: ID!) { orderStatusChanged(id: $id) { status } }"
STRONG = "a quite unlikely password"

# Whatever a page that is not ours says of itself; None is a request without the header.
STRANGERS = [None, "", "null", OTHER, "http://testserver", "https://testserver:444", "https://testserver.example.com"]
STRANGER_IDS = ["none", "empty", "null", "other site", "without tls", "other port", "longer name"]


class Browser:
    """A browser on a page of `origin`: keeps the cookies it is given, and sends them."""

    def __init__(self):
        self.http = Client()
        self.given = {}

    def send(self, query, *, origin=OURS, token=None, **variables):
        headers = {"Origin": origin} if origin is not None else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        response = self.http.post(
            "/graphql",
            {"query": query, "variables": variables},
            content_type="application/json",
            headers=headers,
            secure=True,
        )
        self.given = response.cookies
        return json.loads(response.content)

    def __call__(self, query, **kwargs):
        """The payload of the one field of a request without an error."""
        response = self.send(query, **kwargs)
        assert "errors" not in response, response["errors"]
        (payload,) = response["data"].values()
        return payload

    def code(self, query, **kwargs):
        return self.send(query, **kwargs)["errors"][0]["extensions"]["code"]

    def held(self, name):
        return self.http.cookies[name].value

    @property
    def is_empty(self):
        return not any(morsel.value for morsel in self.http.cookies.values())


@pytest.fixture
def browser(customer):
    return Browser()


@pytest.fixture
def signed_in(browser):
    assert browser(SIGN_IN, password=PASSWORD)["userErrors"] == []
    return browser


def kinds():
    return list(Event.objects.order_by("occurred_at").values_list("type", flat=True))


# ── What the browser is handed ───────────────────────────────────────────────────────────────────────────────────────
def test_the_answer_holds_no_token(browser):
    payload = browser(SIGN_IN, password=PASSWORD)

    assert (payload["accessToken"], payload["refreshToken"]) == (None, None)
    assert payload["user"] == {"email": "customer@example.com"}
    assert payload["expiresAt"]


def test_each_cookie_is_for_this_host_over_tls_and_for_no_script(browser):
    browser(SIGN_IN, password=PASSWORD)

    assert set(browser.given) == {"__Host-nexus-access", "__Host-nexus-refresh"}
    for morsel in browser.given.values():
        assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Lax")
        assert (morsel["path"], morsel["domain"]) == ("/", "")


def test_a_cookie_ends_with_its_token(browser):
    browser(SIGN_IN, password=PASSWORD)

    access, refresh = (browser.given[name]["max-age"] for name in (cookies.ACCESS, cookies.REFRESH))
    assert 14 * 60 < access <= 15 * 60
    assert 29 * 86_400 < refresh <= 30 * 86_400


def test_a_wrong_password_hands_out_nothing(browser):
    payload = browser(SIGN_IN, password="wrong horse battery")

    assert payload["userErrors"] == [{"code": "INVALID_CREDENTIALS"}]
    assert not browser.given
    assert not Session.objects.exists()


def test_without_the_argument_no_cookie_is_set(browser):
    payload = browser(SIGN_IN.replace("transport: COOKIE", "transport: HEADER"), password=PASSWORD)

    assert payload["accessToken"]
    assert not browser.given


# ── Whose pages may use it ───────────────────────────────────────────────────────────────────────────────────────────
def test_a_page_of_this_host_is_signed_in(signed_in):
    assert signed_in(ME) == {"email": "customer@example.com"}


def test_a_page_of_an_origin_allowed_by_name_is_signed_in(signed_in, settings):
    settings.CORS_ALLOWED_ORIGINS = [OTHER]

    assert signed_in(ME, origin=OTHER) == {"email": "customer@example.com"}
    assert signed_in(SIGN_IN, origin=OTHER, password=PASSWORD)["userErrors"] == []
    assert signed_in(REFRESH, origin=OTHER)["userErrors"] == []
    assert signed_in(SIGN_OUT, origin=OTHER)["isRevoked"] is True


@pytest.mark.parametrize("origin", STRANGERS, ids=STRANGER_IDS)
@pytest.mark.parametrize("query", [ME, REFRESH, SIGN_OUT, REVOKE_ALL], ids=["read", "refresh", "sign-out", "revoke"])
def test_no_other_page_reads_or_acts_with_the_cookies(signed_in, origin, query):
    before = (kinds(), list(RefreshToken.objects.values_list("digest", "used_at")))

    code = signed_in.code(query, origin=origin)

    assert code == "FORBIDDEN"
    assert not signed_in.given
    assert (kinds(), list(RefreshToken.objects.values_list("digest", "used_at"))) == before
    assert signed_in(ME) == {"email": "customer@example.com"}


@pytest.mark.parametrize("origin", STRANGERS, ids=STRANGER_IDS)
def test_no_other_page_signs_somebody_in_with_cookies(browser, origin):
    assert browser.code(SIGN_IN, origin=origin, password=PASSWORD) == "FORBIDDEN"

    assert not browser.given
    assert not Session.objects.exists()
    assert kinds() == []


@pytest.mark.parametrize("origin", STRANGERS, ids=STRANGER_IDS)
def test_no_other_page_changes_the_password_with_cookies(signed_in, origin, customer):
    code = signed_in.code(CHANGE_PASSWORD, origin=origin, old=PASSWORD, new=STRONG)

    assert code == "FORBIDDEN"
    customer.refresh_from_db()
    assert customer.check_password(PASSWORD)
    assert "account.password_changed" not in kinds()


def test_allowing_every_origin_allows_none_with_cookies(signed_in, settings):
    settings.ALLOWED_ORIGINS, settings.CORS_ALLOW_ALL_ORIGINS = ["*"], True

    assert signed_in.code(ME, origin=OTHER) == "FORBIDDEN"
    assert signed_in.code(ME, origin="*") == "FORBIDDEN"


def test_a_page_that_is_allowed_by_name_may_read_the_answer_and_others_may_not(settings):
    settings.CORS_ALLOW_ALL_ORIGINS, settings.CORS_ALLOWED_ORIGINS, settings.CORS_ALLOW_CREDENTIALS = (
        False,
        [OTHER],
        True,
    )

    answers = [Client().options("/graphql", headers=_preflight(origin)) for origin in (OTHER, "https://evil.example")]

    assert answers[0]["Access-Control-Allow-Origin"] == OTHER
    assert answers[0]["Access-Control-Allow-Credentials"] == "true"
    assert "Access-Control-Allow-Origin" not in answers[1]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_what_a_form_can_send_is_no_request(signed_in, content_type):
    """Only a script can send JSON, and of another site only after a preflight."""
    body = json.dumps({"query": REVOKE_ALL})

    answer = signed_in.http.post("/graphql", body, content_type=content_type, headers={"Origin": OURS}, secure=True)

    assert answer.status_code == 400
    assert signed_in(ME) == {"email": "customer@example.com"}


# ── Header and cookie ────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_header_wins_over_the_cookie(signed_in):
    other = token_of_now(make_user("other@example.com"))

    assert signed_in(ME, token=other) == {"email": "other@example.com"}
    assert signed_in(ME, token=other, origin=OTHER) == {"email": "other@example.com"}


def test_a_header_that_is_not_valid_is_not_replaced_by_the_cookie(signed_in):
    assert signed_in.code(ME, token="nonsense") == "UNAUTHENTICATED"


def test_a_refresh_token_in_the_argument_is_answered_in_the_answer(signed_in):
    token = sessions.sign_in(email="customer@example.com", password=PASSWORD).refresh_token
    document = "mutation($t: String!) { tokenRefresh(refreshToken: $t) { accessToken refreshToken } }"

    payload = signed_in(document, t=token, origin=OTHER)

    assert payload["accessToken"]
    assert payload["refreshToken"]
    assert not signed_in.given


# ── Going on ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_refreshing_replaces_both_cookies_and_hands_out_no_token(signed_in):
    before = [signed_in.held(name) for name in (cookies.ACCESS, cookies.REFRESH)]

    payload = signed_in(REFRESH)

    after = [signed_in.held(name) for name in (cookies.ACCESS, cookies.REFRESH)]
    assert (payload["accessToken"], payload["refreshToken"], payload["userErrors"]) == (None, None, [])
    assert payload["expiresAt"]
    assert not set(before) & set(after)
    assert signed_in(ME) == {"email": "customer@example.com"}
    assert RefreshToken.objects.filter(used_at=None).count() == 1


def test_refreshing_needs_no_access_cookie(signed_in):
    """It goes first: browsers drop it after a quarter of an hour."""
    del signed_in.http.cookies[cookies.ACCESS]
    assert signed_in(ME) is None

    assert signed_in(REFRESH)["userErrors"] == []

    assert signed_in(ME) == {"email": "customer@example.com"}


@pytest.mark.parametrize("token", ["", "nonsense", "ü", "a" * 4000], ids=range(4))
def test_a_refresh_that_fails_takes_the_cookies_back(signed_in, token):
    signed_in.http.cookies[cookies.REFRESH] = token

    assert signed_in(REFRESH)["userErrors"] == [{"code": "REFRESH_TOKEN_INVALID"}]

    assert_taken_back(signed_in)


def test_whoever_is_not_signed_in_refreshes_nothing(browser):
    assert browser(REFRESH)["userErrors"] == [{"code": "REFRESH_TOKEN_INVALID"}]
    assert not Session.objects.exists()


# ── The end ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_signing_out_ends_the_session_and_takes_the_cookies_back(signed_in):
    access = signed_in.held(cookies.ACCESS)

    assert signed_in(SIGN_OUT)["isRevoked"] is True

    assert_taken_back(signed_in)
    assert signed_in(ME) is None
    assert Api(token=access).code(ME) == "UNAUTHENTICATED"
    assert kinds() == ["account.signed_in", "account.signed_out"]


def test_signing_out_twice_changes_nothing(signed_in):
    signed_in(SIGN_OUT)

    assert signed_in(SIGN_OUT) == {"isRevoked": False, "userErrors": []}
    assert kinds() == ["account.signed_in", "account.signed_out"]


def test_signing_out_everywhere_takes_the_cookies_back(signed_in):
    assert signed_in(REVOKE_ALL) == {"revokedCount": 1}

    assert_taken_back(signed_in)
    assert signed_in(ME) is None


def test_signing_out_everywhere_with_a_header_leaves_cookies_alone(customer):
    browser = Browser()

    assert browser(REVOKE_ALL, token=token_of_now(customer)) == {"revokedCount": 1}
    assert not browser.given


def test_changing_the_password_renews_the_cookies_and_ends_the_session(signed_in):
    before = signed_in.held(cookies.ACCESS)

    payload = signed_in(CHANGE_PASSWORD, old=PASSWORD, new=STRONG)

    assert (payload["accessToken"], payload["refreshToken"], payload["userErrors"]) == (None, None, [])
    assert signed_in.held(cookies.ACCESS) != before
    assert signed_in(ME) == {"email": "customer@example.com"}
    assert Api(token=before).code(ME) == "UNAUTHENTICATED"
    assert Session.objects.filter(ended_at=None).count() == 1


def test_a_cookie_of_a_session_that_was_ended_elsewhere_is_refused_and_then_taken_back(signed_in, customer):
    sessions.revoke_all(actor=customer)

    assert signed_in.code(ME) == "UNAUTHENTICATED"
    assert signed_in(REFRESH)["userErrors"] == [{"code": "REFRESH_TOKEN_INVALID"}]
    assert_taken_back(signed_in)
    assert signed_in(ME) is None


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "ü", "Bearer x"], ids=range(4))
def test_a_cookie_that_is_no_token_of_ours_is_refused(browser, token):
    browser.http.cookies[cookies.ACCESS] = token

    assert browser.code(ME) == "UNAUTHENTICATED"


# ── WebSockets ───────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def order(customer, shipping):
    return order_of(Api(customer), (gid(make_variant()), 1))


def handshake(token, *, origin, host="testserver", **params):
    """A browser's socket that carries the access cookie."""
    headers = [(b"host", host.encode()), (b"cookie", f"a=1; {cookies.ACCESS}={token}".encode())]
    headers += [(b"origin", origin.encode())] if origin is not None else []
    return Socket(application, "/graphql", headers=headers, connection_params=params)


async def first(client, order):
    return await anext(client.subscribe(STATUS, {"id": order["id"]}))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("origin", [OURS, "http://testserver"], ids=["tls", "without tls"])
async def test_a_socket_of_a_page_of_this_host_is_signed_in(customer, order, origin):
    async with handshake(token_of(customer), origin=origin) as client:
        assert (await first(client, order)).data == {"orderStatusChanged": {"status": "CONFIRMED"}}


@pytest.mark.django_db(transaction=True)
async def test_a_socket_of_a_page_that_is_allowed_by_name_is_signed_in(customer, order, settings):
    settings.CORS_ALLOWED_ORIGINS = [OTHER]

    async with handshake(token_of(customer), origin=OTHER) as client:
        assert (await first(client, order)).data == {"orderStatusChanged": {"status": "CONFIRMED"}}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "origin",
    [None, "null", OTHER, "https://testserver:444", "https://testserver.example.com", "https://"],
    ids=["none", "null", "other site", "other port", "longer name", "no name"],
)
async def test_a_socket_of_another_page_is_a_guests(customer, order, origin):
    async with handshake(token_of(customer), origin=origin) as client:
        refused = await first(client, order)

        assert refused.data in (None, {"orderStatusChanged": None})
        assert refused.errors[0].extensions["code"] == "NOT_FOUND"


@pytest.mark.django_db(transaction=True)
async def test_where_http_is_sent_to_https_no_page_without_tls_is_ours(customer, order, settings):
    settings.SECURE_SSL_REDIRECT = True

    async with handshake(token_of(customer), origin="http://testserver") as client:
        assert (await first(client, order)).errors[0].extensions["code"] == "NOT_FOUND"
    async with handshake(token_of(customer), origin=OURS) as client:
        assert (await first(client, order)).data == {"orderStatusChanged": {"status": "CONFIRMED"}}


@pytest.mark.django_db(transaction=True)
async def test_on_a_socket_the_connection_params_win_over_the_cookie(customer, staff, order):
    bearer = f"Bearer {token_of(staff)}"

    async with handshake("nonsense", origin=OURS, Authorization=bearer) as client:
        assert (await first(client, order)).data == {"orderStatusChanged": {"status": "CONFIRMED"}}


@pytest.mark.django_db(transaction=True)
async def test_a_socket_with_the_cookie_of_an_ended_session_is_closed_with_4403(customer, order):
    token = token_of(customer)
    await database_sync_to_async(sessions.revoke_all)(actor=customer)
    client = handshake(token, origin=OURS)
    await client.connect()

    await client.send_json_to({"type": "connection_init"})

    assert await client.receive_output() == {"type": "websocket.close", "code": 4403, "reason": "Forbidden"}


def assert_taken_back(browser):
    """The browser was told to drop both, in a way it obeys for this prefix."""
    assert set(browser.given) == {cookies.ACCESS, cookies.REFRESH}
    for morsel in browser.given.values():
        assert (morsel.value, morsel["max-age"], morsel["path"], morsel["secure"]) == ("", 0, "/", True)
    assert browser.is_empty


def token_of_now(user):
    return sessions.open_session(user).access_token


def _preflight(origin):
    return {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
