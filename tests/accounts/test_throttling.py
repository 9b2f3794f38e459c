"""How often one may try: for each address, for each client, longer and longer, and with the right password too."""

import time

import pytest

from accounts import throttling
from accounts.models import EmailLink, Session, User
from notifications.models import Event
from tests.conftest import PASSWORD, Api, make_user
from tests.people import (
    REGISTER,
    REQUEST_RESET,
    RESEND,
    RESET,
    SIGN_IN,
    VERIFY_EMAIL,
    codes,
    forget_attempts,
    hashes_counted,
    register,
    sign_in,
)

pytestmark = pytest.mark.django_db

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@pytest.fixture
def clock(monkeypatch):
    """Stands still, and is put forward by `clock(seconds)`."""
    now = [time.time()]
    monkeypatch.setattr(time, "time", lambda: now[0])

    def forward(seconds):
        now[0] += seconds

    return forward


def at(address, **headers):
    """A client with this IP address."""
    api = Api()
    api.http.defaults |= {"REMOTE_ADDR": address, **headers}
    return api


def wait_of(api, document, **variables):
    """The seconds a request that is one too many has to wait, or 0. After it nothing was written."""
    before = (User.objects.count(), Session.objects.count(), EmailLink.objects.count(), Event.objects.count())
    response = api.send(document, **variables)
    if "errors" not in response:
        return 0
    (error,) = response["errors"]
    wait = error["extensions"]["retryAfter"]
    assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfter": wait}
    assert error["message"] == f"Too many attempts. Try again in {wait} seconds."
    assert list(response["data"].values()) == [None]
    assert isinstance(wait, int)
    assert wait >= 1
    assert (User.objects.count(), Session.objects.count(), EmailLink.objects.count(), Event.objects.count()) == before
    return wait


def guess(api, email="customer@example.com", password="a guess"):
    return wait_of(api, SIGN_IN, email=email, password=password)


def attempts_until_refused(act, at_most=1000):
    """How many go through before the first that is refused."""
    return next(number for number in range(at_most) if act(number))


# ── Each address ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_five_guesses_a_minute_and_then_one_waits(customer, guest, clock):
    assert [guess(guest) for _ in range(5)] == [0] * 5

    assert guess(guest) == 61
    clock(20)
    assert guess(guest) == 41


def test_the_right_password_has_to_wait_as_well(customer, guest, clock, settings):
    for _ in range(5):
        guess(guest)

    with hashes_counted(settings) as counted:
        assert guess(guest, password=PASSWORD) == 61

    assert counted == [0]
    clock(61)
    assert sign_in(guest)["user"] == {"email": "customer@example.com"}


@pytest.mark.parametrize("email", ["nobody@example.com", "left@example.com", "wait@example.com", "no address", "\x00"])
def test_addresses_without_an_account_are_limited_alike(guest, clock, email):
    make_user("left@example.com", is_active=False)
    register(guest, email="wait@example.com")
    forget_attempts()

    assert [guess(guest, email) for _ in range(6)] == [0, 0, 0, 0, 0, 61]


def test_the_windows_grow(customer, guest, clock):
    """A client of its own each time, so that only the address counts."""
    clients = (at(f"2001:db8:{number:x}::1") for number in range(1, 10_000))
    waits, made = [], 0
    while not waits or waits[-1] < HOUR:
        if wait := guess(next(clients)):
            waits.append(wait)
            clock(wait)
        else:
            made += 1

    # After each five: the rest of a minute, of ten minutes, of an hour; after fifty of a day.
    assert waits == [61, 540, 61, 2939, 61, 540, 61, 2939, 61, 79138]
    assert made == 50


def test_what_one_is_told_to_wait_is_enough(customer, guest, clock):
    for _ in range(30):
        if wait := guess(guest):
            # Not a whole second less: at the edge of a window the library's own clearing may be a moment faster.
            clock(wait - 1.5)
            assert guess(guest) >= 1
            clock(1.5)
            assert guess(guest) == 0


def test_one_address_does_not_hold_up_another(customer, guest):
    make_user("second@example.com")
    for _ in range(6):
        guess(guest)

    assert sign_in(guest, "second@example.com")["user"]


@pytest.mark.parametrize("spelling", ["CUSTOMER@example.com", " customer@example.com ", "customer@EXAMPLE.COM"])
def test_another_spelling_of_an_address_is_the_same_address(customer, guest, clock, spelling):
    for _ in range(5):
        guess(guest)

    assert guess(guest, spelling) == 61


def test_an_address_is_limited_whoever_asks(customer, clock):
    assert [guess(at(f"192.0.2.{number}")) for number in range(1, 7)] == [0, 0, 0, 0, 0, 61]


def test_a_success_forgives_the_address(customer, guest):
    for _ in range(3):
        for _ in range(4):
            guess(guest)
        assert sign_in(guest)["user"]

    assert [guess(guest) for _ in range(5)] == [0] * 5


def test_a_reset_password_forgives_the_address(customer, guest, mailed, clock):
    for _ in range(5):
        guess(guest)
    with mailed() as letters:
        guest(REQUEST_RESET, email="customer@example.com")
    token = letters[0].body.partition("#token=")[2].split()[0]

    assert guest(RESET, token=token, password="a fine new phrase")["passwordReset"]["isReset"] is True

    assert sign_in(guest, password="a fine new phrase")["user"]


# ── Each client ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_thirty_sign_ins_a_minute_for_a_client_whichever_the_addresses(guest, clock):
    assert attempts_until_refused(lambda number: guess(guest, f"person{number}@example.com")) == 30

    assert guess(guest, "person99@example.com") == 61
    assert guess(at("192.0.2.1"), "person99@example.com") == 0


def test_a_success_does_not_forgive_the_client(customer, guest, clock):
    """Who has one account must not buy guesses at others with it."""
    for number in range(29):
        guess(guest, f"person{number}@example.com")
    assert sign_in(guest)["user"]

    assert guess(guest, "person99@example.com") == 61


def test_a_client_that_is_refused_does_not_use_up_an_addresss_attempts(customer, guest, clock):
    for number in range(30):
        guess(guest, f"person{number}@example.com")
    for _ in range(10):
        assert guess(guest) == 61

    assert sign_in(at("192.0.2.1"))["user"]


def test_the_clients_windows_grow_too(guest, clock):
    made = 0
    while not (wait := guess(guest, f"person{made}@example.com")) or wait <= 61:
        made += wait == 0
        clock(wait)

    assert (made, wait) == (100, 418)


def same_client(*addresses):
    """Whether what these clients do counts together."""
    number = iter(range(100))
    first, *others = [at(address) for address in addresses]
    while not guess(first, f"person{next(number)}@example.com"):
        pass
    return [guess(other, f"person{next(number)}@example.com") > 0 for other in others]


def test_clients_of_ipv6_count_by_the_network_one_subscriber_has(db):
    assert same_client(
        "2001:db8:1:1::1", "2001:db8:1:1:ffff:ffff:ffff:ffff", "2001:DB8:1:1:0:0:0:2", "2001:db8:1:2::1"
    ) == [True, True, False]


def test_clients_of_ipv4_count_one_by_one_however_the_address_is_written(db):
    assert same_client("192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2", "192.0.2.2") == [True, False, False]


def test_what_a_client_claims_of_itself_is_not_believed(db):
    claims = [{"HTTP_X_FORWARDED_FOR": f"198.51.100.{number}"} for number in range(31)]

    waits = [guess(at("192.0.2.1", **claim), f"person{n}@example.com") for n, claim in enumerate(claims)]

    assert [wait > 0 for wait in waits] == [False] * 30 + [True]


def test_behind_a_proxy_its_own_entry_is_believed_and_no_other(settings, db):
    settings.BEHIND_PROXY = True

    def waits(forwarded):
        forget_attempts()
        clients = [at("10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded.format(number)) for number in range(31)]
        return [guess(client, f"person{number}@example.com") > 0 for number, client in enumerate(clients)]

    assert waits("198.51.100.{0}") == [False] * 31
    assert waits("203.0.113.9, 198.51.100.{0}") == [False] * 31
    assert waits("198.51.100.{0}, 203.0.113.9") == [False] * 30 + [True]
    assert waits("198.51.100.{0},203.0.113.9") == [False] * 30 + [True]


@pytest.mark.parametrize("address", ["", "unix:", "x" * 10_000, "1.2.3", "é"], ids=range(5))
def test_a_client_without_an_address_is_counted_too(db, address):
    assert attempts_until_refused(lambda number: guess(at(address), f"person{number}@example.com")) == 30


# ── What else is limited ─────────────────────────────────────────────────────────────────────────────────────────────
def registering(api, email):
    return wait_of(api, REGISTER, input={"email": email, "password": PASSWORD})


def test_an_address_is_registered_three_times_a_minute(guest, clock):
    assert [registering(guest, "new@example.com") for _ in range(4)] == [0, 0, 0, 61]
    assert registering(guest, "other@example.com") == 0


def test_registrations_of_a_taken_address_are_limited_alike(customer, guest, clock):
    assert [registering(guest, "customer@example.com") for _ in range(4)] == [0, 0, 0, 61]


def test_a_client_registers_ten_times_a_minute(guest, clock):
    assert attempts_until_refused(lambda number: registering(guest, f"person{number}@example.com")) == 10


def test_a_form_that_is_refused_is_no_registration(guest):
    for _ in range(20):
        payload = guest(REGISTER, input={"email": "new@example.com", "password": "short"})["accountRegister"]
        assert codes(payload) == ["PASSWORD_TOO_WEAK"]

    assert register(guest)["userErrors"] == []


@pytest.mark.parametrize("document", [RESEND, REQUEST_RESET], ids=["resend", "reset"])
@pytest.mark.parametrize("email", ["customer@example.com", "nobody@example.com"])
def test_an_address_is_sent_two_links_a_minute(customer, guest, clock, document, email):
    assert [wait_of(guest, document, email=email) for _ in range(3)] == [0, 0, 61]


def test_links_of_both_kinds_count_together(customer, guest, clock):
    assert wait_of(guest, RESEND, email="customer@example.com") == 0
    assert wait_of(guest, REQUEST_RESET, email="customer@example.com") == 0

    assert wait_of(guest, RESEND, email="customer@example.com") == 61


@pytest.mark.parametrize("document", [RESEND, REQUEST_RESET], ids=["resend", "reset"])
def test_a_client_has_ten_links_sent_a_minute(guest, clock, document):
    def ask(number):
        return wait_of(guest, document, email=f"person{number}@example.com")

    assert attempts_until_refused(ask) == 10


def test_one_address_gets_no_more_than_ten_links_a_day(customer, clock):
    sent = 0
    for number in range(200):
        sent += wait_of(at(f"2001:db8:{number:x}::1"), REQUEST_RESET, email="customer@example.com") == 0
        clock(DAY / 201)

    assert sent == 10


@pytest.mark.parametrize(
    ("document", "variables"), [(VERIFY_EMAIL, {}), (RESET, {"password": PASSWORD})], ids=["verify", "reset"]
)
def test_a_client_opens_thirty_links_a_minute(guest, clock, document, variables):
    assert attempts_until_refused(lambda number: wait_of(guest, document, token=f"x{number}", **variables)) == 30


def test_refreshing_is_not_limited(customer, guest):
    token = sign_in(guest)["refreshToken"]

    for _ in range(100):
        payload = guest("mutation($t: String!) { tokenRefresh(refreshToken: $t) { refreshToken } }", t=token)
        token = payload["tokenRefresh"]["refreshToken"]

    assert token


def test_what_is_counted_does_not_tell_the_address(customer, guest):
    guess(guest)

    assert throttling._local_limiter().storage.events
    assert "customer" not in " ".join(throttling._local_limiter().storage.events)


def test_whoever_has_signed_in_before_is_not_locked_out_by_strangers(customer, guest, clock):
    """The owner's client is known; what strangers do from elsewhere fills other windows."""
    assert sign_in(at("192.0.2.1"))["user"]
    while not guess(at("198.51.100.7")):
        pass

    assert guess(at("203.0.113.9"), password=PASSWORD) >= 1
    assert sign_in(at("192.0.2.1"))["user"] == {"email": "customer@example.com"}


def test_a_known_client_is_limited_as_well(customer, guest, clock):
    assert sign_in(at("192.0.2.1"))["user"]

    assert [guess(at("192.0.2.1")) for _ in range(6)] == [0, 0, 0, 0, 0, 61]
