"""One's own profile: the name, and the e-mail address, which changes by a link to the new one."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts import links
from accounts.models import EmailLink, EmailLinkPurpose, User
from accounts.services import passwords, sessions
from notifications.models import Event
from tests.conftest import PASSWORD, Api, make_user
from tests.people import ERRORS, LINK_INVALID, codes, everything_stored, hashes_counted, sign_in, token_in

pytestmark = pytest.mark.django_db

UPDATE = f"mutation($name: String!) {{ accountUpdate(input: {{fullName: $name}}) {{ user {{ fullName }} {ERRORS} }} }}"
REQUEST = f"""
mutation($email: String!, $password: String!) {{
  emailChangeRequest(newEmail: $email, password: $password) {{ email {ERRORS} }}
}}
"""
CHANGE = f"mutation($token: String!) {{ emailChange(token: $token) {{ user {{ email }} {ERRORS} }} }}"


# ── The name ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_name_is_changed_and_recorded_once(customer):
    api = Api(customer)

    payloads = [api(UPDATE, name=name)["accountUpdate"] for name in (" Cleo Ångström ", "Cleo Ångström")]

    assert payloads == [{"user": {"fullName": "Cleo Ångström"}, "userErrors": []}] * 2
    assert _history(customer) == [("account.updated", {"fields": ["full_name"]}, customer)]


def test_a_name_may_be_taken_away(customer):
    payload = Api(customer)(UPDATE, name="  ")["accountUpdate"]

    assert payload == {"user": {"fullName": ""}, "userErrors": []}


@pytest.mark.parametrize(
    "name",
    ["x" * 151, "Cleo\nCustomer", "Cleo\x00", "Cleo\u202e", "\u2066Cleo", "Cleo\x7f"],
    ids=["long", "line", "nul", "override", "isolate", "delete"],
)
def test_a_name_that_cannot_be_shown_as_it_is_written_is_refused(name, customer):
    payload = Api(customer)(UPDATE, name=name)["accountUpdate"]

    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
        ("FULL_NAME_INVALID", ["input", "fullName"])
    ]
    assert User.objects.get(pk=customer.pk).full_name == "Cleo Customer"
    assert _history(customer) == []


def test_without_signing_in_there_is_no_profile(guest):
    assert guest.code(UPDATE, name="Nobody") == "UNAUTHENTICATED"
    assert guest.code(REQUEST, email="new@example.com", password="x") == "UNAUTHENTICATED"
    assert not Event.objects.exists()


# ── The address ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_address_changes_when_the_link_to_the_new_one_is_opened(customer, guest, mailed):
    api = Api(customer)

    letter = _requested(api, mailed, "Cleo@New.Example")
    assert sign_in(guest)["userErrors"] == [], "the old one stays until then"
    with mailed() as letters:
        payload = guest(CHANGE, token=token_in(letter))["emailChange"]

    assert letter.to == ["cleo@new.example"]
    assert payload == {"user": {"email": "cleo@new.example"}, "userErrors": []}
    assert [letter.to for letter in letters] == [["customer@example.com"]]
    assert api("{ me { email } }")["me"] == {"email": "cleo@new.example"}, "sessions go on"
    assert codes(sign_in(guest)) == ["INVALID_CREDENTIALS"]
    assert codes(sign_in(guest, email="cleo@new.example")) == []
    assert [type_ for type_, _, _ in _history(customer)] == [
        "account.email_change_requested",
        "account.signed_in",
        "account.email_changed",
        "account.signed_in",
    ]


def test_a_link_works_once(customer, guest, mailed):
    token = token_in(_requested(Api(customer), mailed, "new@example.com"))
    assert codes(guest(CHANGE, token=token)["emailChange"]) == []

    payload = guest(CHANGE, token=token)["emailChange"]

    assert payload == {"user": None, "userErrors": [LINK_INVALID]}
    assert [type_ for type_, _, _ in _history(customer)] == ["account.email_change_requested", "account.email_changed"]


def test_a_link_that_expired_changes_nothing(customer, guest, mailed):
    token = token_in(_requested(Api(customer), mailed, "new@example.com"))
    EmailLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    payload = guest(CHANGE, token=token)["emailChange"]

    assert payload == {"user": None, "userErrors": [LINK_INVALID]}
    assert User.objects.get(pk=customer.pk).email == "customer@example.com"


def test_links_of_other_kinds_and_forged_ones_change_nothing(customer, guest, mailed):
    token = token_in(_requested(Api(customer), mailed, "new@example.com"))
    link = EmailLink.objects.get()
    with mailed() as letters:
        passwords.request_reset(email=customer.email)
    others = [
        token_in(letters[0]),
        links.token(EmailLinkPurpose.RESET_PASSWORD.value, link.pk),
        str(link.pk),
        token[:-1] + ("a" if token[-1] != "a" else "b"),
        "",
        "x" * 10_000,
    ]

    answers = [guest(CHANGE, token=other)["emailChange"] for other in others]

    assert answers == [{"user": None, "userErrors": [LINK_INVALID]}] * len(others)
    assert User.objects.get(pk=customer.pk).email == "customer@example.com"


def test_the_newest_change_makes_older_links_useless(customer, guest, mailed):
    api = Api(customer)
    first, second = (token_in(_requested(api, mailed, f"{name}@example.com")) for name in ("first", "second"))
    assert codes(guest(CHANGE, token=second)["emailChange"]) == []

    payload = guest(CHANGE, token=first)["emailChange"]

    assert codes(payload) == ["LINK_INVALID"]
    assert User.objects.get(pk=customer.pk).email == "second@example.com"


def test_an_address_that_was_taken_meanwhile_stays_its_owners(customer, guest, mailed):
    token = token_in(_requested(Api(customer), mailed, "new@example.com"))
    owner = make_user("new@example.com")

    payload = guest(CHANGE, token=token)["emailChange"]

    assert payload == {"user": None, "userErrors": [LINK_INVALID]}
    assert User.objects.get(email="new@example.com") == owner
    assert User.objects.get(pk=customer.pk).email == "customer@example.com"
    assert EmailLink.objects.count() == 1, "nothing was written"


def test_a_link_of_an_account_that_was_deactivated_changes_nothing(customer, guest, mailed):
    token = token_in(_requested(Api(customer), mailed, "new@example.com"))
    User.objects.filter(pk=customer.pk).update(is_active=False)

    payload = guest(CHANGE, token=token)["emailChange"]

    assert payload == {"user": None, "userErrors": [LINK_INVALID]}
    assert User.objects.get(pk=customer.pk).email == "customer@example.com"


def test_whether_an_address_has_an_account_is_told_to_its_reader_alone(customer, mailed):
    make_user("taken@example.com")
    api = Api(customer)

    answers, letters = [], []
    for email in ("taken@example.com", "free@example.com"):
        with mailed() as sent:
            answers.append(api(REQUEST, email=email, password=PASSWORD)["emailChangeRequest"])
        letters += sent

    assert answers == [
        {"email": "taken@example.com", "userErrors": []},
        {"email": "free@example.com", "userErrors": []},
    ]
    assert [(letter.to, letter.subject) for letter in letters] == [
        (["taken@example.com"], "This address has an account already"),
        (["free@example.com"], "Confirm your new e-mail address"),
    ]
    assert "#token=" not in letters[0].body
    assert _history(customer) == [("account.email_change_requested", {}, customer)] * 2


@pytest.mark.parametrize(
    ("email", "password", "code", "field"),
    [
        ("new@example.com", "not my password", "PASSWORD_WRONG", ["password"]),
        ("new@example.com", "", "PASSWORD_WRONG", ["password"]),
        ("new@example.com", "x" * 100_000, "PASSWORD_WRONG", ["password"]),
        ("no address", PASSWORD, "EMAIL_INVALID", ["newEmail"]),
        ("nеw@example.com", PASSWORD, "EMAIL_INVALID", ["newEmail"]),
        ("x" * 300 + "@example.com", PASSWORD, "EMAIL_INVALID", ["newEmail"]),
    ],
    ids=["wrong", "empty", "huge", "no address", "look-alike", "long"],
)
def test_a_change_that_is_refused_sends_and_records_nothing(email, password, code, field, customer, mailed):
    with mailed() as letters:
        payload = Api(customer)(REQUEST, email=email, password=password)["emailChangeRequest"]

    assert payload["email"] is None
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [(code, field)]
    assert letters == []
    assert not EmailLink.objects.exists()
    assert not Event.objects.exists()


def test_whoever_has_the_session_and_not_the_password_cannot_guess_it_for_long(customer):
    api = Api(customer)

    answers = [api.send(REQUEST, email="new@example.com", password=f"guess {number}") for number in range(6)]

    assert [codes(answer["data"]["emailChangeRequest"]) for answer in answers[:5]] == [["PASSWORD_WRONG"]] * 5
    assert answers[5]["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert not Event.objects.exists()


def test_the_token_of_a_link_is_kept_nowhere(customer, mailed):
    token = token_in(_requested(Api(customer), mailed, "new@example.com"))

    assert token not in everything_stored()


def test_asking_costs_one_password_hash_whether_the_address_is_taken_or_not(customer, settings):
    make_user("taken@example.com")
    api = Api(customer)
    counts = []
    for email in ("taken@example.com", "free@example.com"):
        with hashes_counted(settings) as counted:
            api(REQUEST, email=email, password=PASSWORD)
        counts += counted

    assert counts == [1, 1]


def test_a_session_of_before_the_change_belongs_to_the_same_account(customer, guest, mailed):
    token = sessions.open_session(customer).access_token
    changed = token_in(_requested(Api(customer), mailed, "new@example.com"))
    assert codes(guest(CHANGE, token=changed)["emailChange"]) == []
    make_user("customer@example.com")

    assert Api(token=token)("{ me { email } }")["me"] == {"email": "new@example.com"}


def _requested(api, mailed, email):
    """The letter to the new address."""
    with mailed() as letters:
        payload = api(REQUEST, email=email, password=PASSWORD)["emailChangeRequest"]
    assert payload["userErrors"] == []
    (letter,) = letters
    assert letter in mail.outbox
    return letter


def _history(user):
    events = Event.objects.filter(subject_id=str(user.pk)).order_by("seq").select_related("actor")
    return [(event.type, event.payload, event.actor) for event in events]
