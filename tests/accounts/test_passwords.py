"""Passwords: changing one, getting a new one by e-mail, and saying it again."""

from datetime import timedelta

import pytest
from django.core.signing import Signer
from django.utils import timezone

from accounts.models import EmailLink, EmailLinkPurpose, RefreshToken, Session, User
from notifications.models import Event
from tests.conftest import PASSWORD, Api, make_user
from tests.people import (
    CHANGE_PASSWORD,
    LINK_INVALID,
    ME,
    REQUEST_RESET,
    RESET,
    VERIFY_EMAIL,
    codes,
    everything_stored,
    hashes_counted,
    refresh,
    register,
    sign_in,
    token_in,
)

pytestmark = pytest.mark.django_db

NEW = "a wholly different phrase"
WEAK = {
    "empty": "",
    "seven": "short1!",
    "common": "password123",
    "digits": "84629174650",
    "the address": "customer@example.com",
    "the name": "Cleo-Customer",
    "129 characters": "x" * 129,
    "two megabytes": "x" * 2_000_000,
}


def change(api, old=PASSWORD, new=NEW):
    return api(CHANGE_PASSWORD, old=old, new=new)["passwordChange"]


def reset(api, token, password=NEW):
    return api(RESET, token=token, password=password)["passwordReset"]


def is_refused(api, token):
    """Whether the link sets no password and writes nothing."""
    before = state()
    payload = reset(api, token)
    return payload == {"isReset": False, "userErrors": [LINK_INVALID]} and state() == before


def state():
    """What a refusal must leave as it is."""
    return (
        list(User.objects.order_by("pk").values_list("pk", "email", "password")),
        list(Session.objects.order_by("pk").values_list("pk", "ended_at")),
        EmailLink.objects.count(),
        Event.objects.count(),
    )


def is_signed_in(token):
    return Api(token=token).send(ME) == {"data": {"me": {"email": "customer@example.com"}}}


@pytest.fixture
def reset_token(guest, customer, mailed):
    """Asks for a link for the customer, and reads the token in the e-mail."""

    def asked():
        with mailed() as letters:
            payload = guest(REQUEST_RESET, email="Customer@Example.com ")["passwordResetRequest"]
        assert payload == {"isAccepted": True, "userErrors": []}
        (letter,) = letters
        assert letter.to == ["customer@example.com"]
        return token_in(letter)

    return asked


# ── Getting a new one ────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_link_in_the_e_mail_sets_a_new_password(guest, customer, reset_token):
    payload = reset(guest, reset_token())

    assert payload == {"isReset": True, "userErrors": []}
    assert sign_in(guest, password=NEW)["user"] == {"email": "customer@example.com"}
    assert codes(sign_in(guest, password=PASSWORD)) == ["INVALID_CREDENTIALS"]


def test_the_e_mail_leads_to_the_page_in_html_and_in_text(guest, customer, mailed, settings):
    settings.FRONTEND_URL = "https://shop.example.com"

    with mailed() as letters:
        guest(REQUEST_RESET, email="customer@example.com")

    url = f"https://shop.example.com/reset-password#token={token_in(letters[0])}"
    assert url in letters[0].body
    assert f'href="{url}"' in letters[0].alternatives[0].content


def test_a_reset_ends_every_session_is_recorded_and_told(guest, customer, reset_token, mailed):
    here, there = sign_in(guest), sign_in(guest)
    token = reset_token()

    with mailed() as letters:
        reset(guest, token)

    assert [is_signed_in(session["accessToken"]) for session in (here, there)] == [False, False]
    assert [codes(refresh(guest, session["refreshToken"])) for session in (here, there)] == [
        ["REFRESH_TOKEN_INVALID"],
        ["REFRESH_TOKEN_INVALID"],
    ]
    events = Event.objects.filter(subject_id=str(customer.pk)).exclude(type="account.signed_in").order_by("seq")
    assert [event.type for event in events] == ["account.password_reset_requested", "account.password_reset"]
    assert (events[1].actor, events[1].payload) == (customer, {})
    assert events[1].audience == {"users": [str(customer.pk)], "emails": ["customer@example.com"]}
    assert [letter.to for letter in letters] == [["customer@example.com"]]


def test_a_reset_link_holds_for_an_hour(customer, reset_token):
    reset_token()

    left = EmailLink.objects.get().expires_at - timezone.now()

    assert timedelta(minutes=59) < left <= timedelta(hours=1)


def test_a_reset_link_works_once(guest, reset_token):
    token = reset_token()
    reset(guest, token)

    assert is_refused(guest, token)


def test_a_reset_link_puts_an_end_to_those_before_it(guest, reset_token):
    first, second = reset_token(), reset_token()

    reset(guest, second)

    assert is_refused(guest, first)


def test_an_expired_reset_link_is_refused(guest, reset_token):
    token = reset_token()
    EmailLink.objects.update(expires_at=timezone.now())

    assert is_refused(guest, token)


def test_a_tampered_reset_link_is_refused(guest, reset_token):
    key, _, signature = reset_token().partition(":")
    stranger = make_user("stranger@example.com")
    other = EmailLink.objects.create(
        purpose=EmailLinkPurpose.RESET_PASSWORD,
        email=stranger.email,
        user=stranger,
        expires_at=timezone.now() + timedelta(hours=1),
    )

    for tampered in (f"{other.pk}:{signature}", f"{key}:{signature}x", f"{key}:", key, f" {key}:{signature}"):
        assert is_refused(guest, tampered)


def test_a_reset_link_signed_with_another_key_is_refused(guest, reset_token):
    reset_token()
    forged = Signer(key="another key", salt="accounts.reset-password").sign(str(EmailLink.objects.get().pk))

    assert is_refused(guest, forged)


def test_a_reset_link_is_refused_once_the_user_was_deleted(guest, customer, reset_token):
    token = reset_token()
    customer.delete()

    assert is_refused(guest, token)


def test_a_reset_link_is_refused_once_the_user_was_made_inactive(guest, customer, reset_token):
    token = reset_token()
    User.objects.update(is_active=False)

    assert is_refused(guest, token)


def test_a_reset_link_is_refused_once_the_address_is_another(guest, customer, reset_token):
    token = reset_token()
    User.objects.update(email="elsewhere@example.com")

    assert is_refused(guest, token)


def test_a_reset_link_is_refused_once_the_password_was_changed(guest, customer, reset_token):
    token = reset_token()
    assert change(Api(customer), new="changed by its owner")["userErrors"] == []

    assert is_refused(guest, token)


@pytest.mark.parametrize("token", ["", ":", "x", "\x00", "ü:ü", "x" * 1_000_000], ids=range(6))
def test_garbage_is_no_reset_link(guest, customer, token):
    assert is_refused(guest, token)


@pytest.mark.parametrize("password", WEAK.values(), ids=WEAK)
def test_a_weak_new_password_is_refused_and_the_link_is_not_used_up(guest, customer, reset_token, password):
    token = reset_token()
    before = state()

    payload = reset(guest, token, password)

    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [("PASSWORD_TOO_WEAK", ["password"])]
    assert state() == before
    assert reset(guest, token) == {"isReset": True, "userErrors": []}


def test_a_link_of_one_purpose_serves_no_other(guest, customer, reset_token, mailed):
    with mailed() as letters:
        register(guest)
    verify = token_in(letters[0])
    change_email = EmailLink.objects.create(
        purpose=EmailLinkPurpose.CHANGE_EMAIL,
        email="elsewhere@example.com",
        user=customer,
        expires_at=timezone.now() + timedelta(hours=1),
    )
    move = Signer(salt="accounts.change-email").sign(str(change_email.pk))
    again = reset_token()

    assert is_refused(guest, verify)
    assert is_refused(guest, move)
    for token in (again, move):
        before = state()
        assert guest(VERIFY_EMAIL, token=token)["accountVerifyEmail"] == {"user": None, "userErrors": [LINK_INVALID]}
        assert state() == before
    # A signature for the right purpose does not make a row of another one.
    for row, salt in ((change_email, "reset-password"), (change_email, "verify-email")):
        forged = Signer(salt=f"accounts.{salt}").sign(str(row.pk))
        assert is_refused(guest, forged)
        assert codes(guest(VERIFY_EMAIL, token=forged)["accountVerifyEmail"]) == ["LINK_INVALID"]


def test_nothing_is_sent_to_an_address_without_an_account_or_with_an_inactive_one(guest, mailed):
    make_user("left@example.com", is_active=False)

    with mailed() as letters:
        guest(REQUEST_RESET, email="left@example.com")
        guest(REQUEST_RESET, email="nobody@example.com")

    assert letters == []


def test_a_registration_that_waits_gets_no_reset_link(guest, mailed):
    register(guest)

    with mailed() as letters:
        guest(REQUEST_RESET, email="new@example.com")

    assert letters == []


def test_the_token_of_a_reset_link_is_kept_nowhere(guest, customer, reset_token):
    signature = reset_token().partition(":")[2]

    assert signature not in everything_stored()


def test_an_account_that_had_no_password_gets_its_first_one_by_the_link(guest, customer, reset_token):
    customer.set_unusable_password()
    customer.save()

    assert reset(guest, reset_token())["isReset"] is True
    assert sign_in(guest, password=NEW)["user"]


# ── Changing it ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_password_is_changed_by_who_knows_it(guest, customer):
    payload = change(Api(customer))

    assert payload["userErrors"] == []
    assert sign_in(guest, password=NEW)["user"] == {"email": "customer@example.com"}
    assert codes(sign_in(guest, password=PASSWORD)) == ["INVALID_CREDENTIALS"]


def test_changing_the_password_ends_every_session_but_the_new_one(guest, customer):
    here, there = sign_in(guest), sign_in(guest)

    changed = change(Api(token=here["accessToken"]))

    assert [is_signed_in(session["accessToken"]) for session in (here, there, changed)] == [False, False, True]
    assert codes(refresh(guest, here["refreshToken"])) == ["REFRESH_TOKEN_INVALID"]
    assert codes(refresh(guest, there["refreshToken"])) == ["REFRESH_TOKEN_INVALID"]
    assert codes(refresh(guest, changed["refreshToken"])) == []


def test_a_changed_password_is_recorded_and_told(guest, customer, mailed):
    api = Api(customer)

    with mailed() as letters:
        change(api)

    event = Event.objects.get()
    assert (event.type, event.topic, event.payload, event.actor, event.origin) == (
        "account.password_changed",
        f"user.{customer.pk}",
        {},
        customer,
        "127.0.0.1",
    )
    assert [letter.to for letter in letters] == [["customer@example.com"]]
    assert NEW not in letters[0].body + letters[0].alternatives[0].content
    assert NEW not in everything_stored()


@pytest.mark.parametrize(
    "old", ["", "not the password", PASSWORD + " ", PASSWORD.upper(), "\x00", "x" * 2_000_000], ids=range(6)
)
def test_a_wrong_old_password_is_refused(customer, old):
    api = Api(customer)
    before = state()

    payload = change(api, old=old)

    assert payload == {
        "accessToken": None,
        "refreshToken": None,
        "expiresAt": None,
        "userErrors": [
            {
                "code": "PASSWORD_WRONG",
                "message": "This is not your password.",
                "field": ["oldPassword"],
                "retryable": False,
            }
        ],
    }
    assert state() == before
    assert api(ME)["me"]


@pytest.mark.parametrize("new", WEAK.values(), ids=WEAK)
def test_a_weak_new_password_is_refused(customer, new):
    api = Api(customer)
    before = state()

    payload = change(api, new=new)

    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
        ("PASSWORD_TOO_WEAK", ["newPassword"])
    ]
    assert state() == before


def test_the_hash_of_a_password_is_not_the_password(customer):
    before = state()

    assert codes(change(Api(customer), old=customer.password)) == ["PASSWORD_WRONG"]
    assert state()[0] == before[0]


def test_nobody_changes_a_password_without_signing_in(guest, customer):
    before = state()

    assert guest.code(CHANGE_PASSWORD, old=PASSWORD, new=NEW) == "UNAUTHENTICATED"
    assert state() == before


def test_a_password_that_was_changed_meanwhile_is_a_wrong_one(customer):
    first, second = Api(customer), Api(customer)
    assert change(first)["userErrors"] == []

    assert second.code(CHANGE_PASSWORD, old=PASSWORD, new=NEW) == "UNAUTHENTICATED"


def test_an_account_without_a_password_has_none_to_change(customer):
    customer.set_unusable_password()
    customer.save()

    for old in ("", "!", customer.password):
        assert codes(change(Api(customer), old=old)) == ["PASSWORD_WRONG"]


def test_a_password_that_is_wrong_costs_one_hash_and_a_change_two(customer, settings):
    api = Api(customer)

    with hashes_counted(settings) as wrong:
        change(api, old="not the password")
    with hashes_counted(settings) as right:
        change(api)

    assert (wrong, right) == ([1], [2])


@pytest.mark.parametrize("how", ["changed", "reset"])
def test_a_new_password_ends_the_links_somebody_may_have_asked_for_with_the_old_one(guest, customer, reset_token, how):
    """Whoever stole a password may have asked to move the account to an address of their own."""
    EmailLink.objects.create(
        purpose=EmailLinkPurpose.CHANGE_EMAIL,
        email="thief@example.com",
        user=customer,
        expires_at=timezone.now() + timedelta(hours=1),
    )

    if how == "changed":
        change(Api(customer))
    else:
        reset(guest, reset_token())

    assert not EmailLink.objects.exists()


def test_guessing_the_old_password_is_limited(customer):
    api = Api(customer)
    for _ in range(5):
        assert codes(change(api, old="a guess")) == ["PASSWORD_WRONG"]
    before = state()

    (error,) = api.send(CHANGE_PASSWORD, old=PASSWORD, new=NEW)["errors"]

    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert 1 <= error["extensions"]["retryAfter"] <= 60
    assert state() == before
    assert RefreshToken.objects.count() == 1
