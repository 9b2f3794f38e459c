"""Registering: what sends a link, what the link makes, and what nobody is told."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.core.signing import Signer
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import EmailLink, EmailLinkPurpose, User
from notifications.models import Event, Notification
from tests.conftest import PASSWORD, make_user
from tests.people import (
    LINK_INVALID,
    REGISTER,
    REQUEST_RESET,
    RESEND,
    SIGN_IN,
    VERIFY_EMAIL,
    CountingHasher,
    codes,
    everything_stored,
    forget_attempts,
    hashes_counted,
    register,
    sign_in,
    token_in,
)

pytestmark = pytest.mark.django_db

OTHER_PASSWORD = "quite another battery"


def written():
    return User.objects.count(), EmailLink.objects.count(), Event.objects.count()


def refused(api, **input):
    """(code, field) of the one refusal, after which there is no link, no account and no news."""
    before = written()

    payload = register(api, **input)

    assert payload["email"] is None
    assert written() == before
    (error,) = payload["userErrors"]
    assert error["message"]
    assert error["retryable"] is False
    return error["code"], error["field"]


def open_link(api, token, password=None):
    return api(VERIFY_EMAIL, token=token, password=password)["accountVerifyEmail"]


@pytest.fixture
def token_for(guest, mailed):
    """Registers, and reads the token in the e-mail."""

    def registered(**input):
        with mailed() as letters:
            assert codes(register(guest, **input)) == []
        (letter,) = letters
        return token_in(letter)

    return registered


@pytest.fixture
def join(guest, token_for):
    """Registers, opens the link, and is the new account's user."""

    def joined(**input):
        payload = open_link(guest, token_for(**input))
        assert payload["userErrors"] == []
        return payload["user"]

    return joined


# ── From an address to an account ────────────────────────────────────────────────────────────────────────────────────
def test_registering_answers_with_the_address_and_makes_no_account_yet(guest):
    assert register(guest) == {"email": "new@example.com", "userErrors": []}

    assert not User.objects.exists()
    link = EmailLink.objects.get()
    assert (link.email, link.purpose, link.user) == ("new@example.com", EmailLinkPurpose.VERIFY_EMAIL, None)
    assert timedelta(hours=23, minutes=59) < link.expires_at - timezone.now() <= timedelta(days=1)


def test_the_link_makes_an_account_of_an_address_a_password_and_a_name(guest, join):
    user = join(fullName="  Ada Lovelace ")

    assert user == {
        "email": "new@example.com",
        "fullName": "Ada Lovelace",
        "isStaff": False,
        "isActive": True,
        "roles": ["Customer"],
    }
    kept = User.objects.get()
    assert not kept.is_superuser
    assert kept.check_password(PASSWORD)
    assert sign_in(guest, "new@example.com")["user"] == {"email": "new@example.com"}


def test_the_e_mail_has_the_link_in_html_and_in_text_and_the_token_in_neither_log_nor_referrer(guest, mailed, settings):
    settings.FRONTEND_URL = "https://shop.example.com/"

    with mailed() as letters:
        register(guest, fullName="Ada")

    (letter,) = letters
    assert letter.to == ["new@example.com"]
    url = f"https://shop.example.com/verify-email#token={token_in(letter)}"
    assert url in letter.body
    assert f'href="{url}"' in letter.alternatives[0].content
    assert "24 hours" in letter.body


def test_registering_is_recorded_with_the_link_and_the_account_with_itself(guest, token_for):
    token = token_for(fullName="Ada")

    event = Event.objects.get()
    link = EmailLink.objects.get()
    assert (event.type, event.seq, event.topic) == ("account.registration_requested", 1, f"emaillink.{link.pk}")
    assert event.payload == {"link_id": str(link.pk)}
    assert event.audience == {"users": [], "emails": ["new@example.com"]}

    open_link(guest, token)

    event = Event.objects.get()
    user = User.objects.get()
    assert (event.type, event.seq, event.topic) == ("account.registered", 1, f"user.{user.pk}")
    assert event.payload == {"email": "new@example.com", "full_name": "Ada"}
    assert (event.actor, event.origin) == (user, "127.0.0.1")
    assert event.audience == {"users": [], "emails": []}


def test_an_account_that_is_made_leaves_no_registration_behind(guest, token_for):
    token_for()
    token = token_for()

    open_link(guest, token)

    assert not EmailLink.objects.exists()
    assert not Notification.objects.exists()


def test_before_the_link_is_opened_signing_in_says_so_to_who_knows_the_password(guest):
    register(guest)

    payload = sign_in(guest, "new@example.com")

    assert (payload["accessToken"], payload["user"]) == (None, None)
    assert payload["userErrors"] == [
        {
            "code": "EMAIL_UNVERIFIED",
            "message": "The e-mail address is not verified yet. Open the link that was sent to it; "
            "accountVerificationResend sends another.",
            "field": ["email"],
            "retryable": False,
        }
    ]
    assert codes(sign_in(guest, "new@example.com", OTHER_PASSWORD)) == ["INVALID_CREDENTIALS"]


def test_a_shop_may_do_without_verification(guest, settings, mailed):
    settings.EMAIL_VERIFICATION = False

    with mailed() as letters:
        assert register(guest) == {"email": "new@example.com", "userErrors": []}

    assert sign_in(guest, "new@example.com")["user"] == {"email": "new@example.com"}
    assert letters == []
    assert not EmailLink.objects.exists()


def test_without_verification_a_taken_address_is_still_its_owners(guest, settings, mailed):
    settings.EMAIL_VERIFICATION = False
    make_user("taken@example.com")

    with mailed() as letters:
        assert register(guest, email="taken@example.com", password=OTHER_PASSWORD)["userErrors"] == []

    assert [letter.to for letter in letters] == [["taken@example.com"]]
    assert User.objects.get().check_password(PASSWORD)


def test_nobody_becomes_staff_or_gets_a_role_by_registering(guest):
    Group.objects.create(name="Approvers")

    response = guest.send(REGISTER, input={"email": "new@example.com", "password": PASSWORD, "isStaff": True})

    assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert written() == (0, 0, 0)


# ── Nobody is told who has an account ────────────────────────────────────────────────────────────────────────────────
STATES = ["free", "taken", "gone", "wait", "both"]


@pytest.fixture
def addresses(guest):
    """Addresses of equal length: free, with an account, with an inactive one, with a registration, with both."""
    make_user("taken@example.com")
    make_user("gone@example.com", is_active=False)
    make_user("both@example.com")
    for name in ("wait", "both"):
        register(guest, email=f"{name}@example.com", password=OTHER_PASSWORD)
    forget_attempts()
    for model in (User, EmailLink):
        ContentType.objects.get_for_model(model)
    return [f"{state}@example.com" for state in STATES]


def what_is_told(api, document, address, **variables):
    """Status, headers and bytes of the answer without the address itself, and how many statements it took."""
    with CaptureQueriesContext(connection) as statements:
        response = api.http.post(
            "/graphql", {"query": document, "variables": variables}, content_type="application/json"
        )
    body = response.content.replace(address.encode(), b"ADDRESS")
    headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
    return response.status_code, sorted(headers.items()), body, len(statements)


def test_registering_tells_nothing(guest, addresses, settings):
    told, counted = [], []

    for email in addresses:
        with hashes_counted(settings) as hashes:
            told.append(what_is_told(guest, REGISTER, email, input={"email": email, "password": "a fine new phrase"}))
        counted += hashes

    assert told == [told[0]] * len(STATES)
    assert b'"userErrors":[]' in told[0][2]
    assert counted == [1] * len(STATES)


@pytest.mark.parametrize("document", [RESEND, REQUEST_RESET], ids=["resend", "reset"])
def test_asking_for_a_link_tells_nothing(guest, addresses, document):
    told = [what_is_told(guest, document, email, email=email) for email in addresses]

    assert told == [told[0]] * len(STATES)
    assert b'"isAccepted":true,"userErrors":[]' in told[0][2]


def test_signing_in_with_the_password_of_a_registration_tells_nothing(guest, addresses):
    for email in addresses:
        register(guest, email=email, password="a fine new phrase")

    for email in addresses:
        assert codes(sign_in(guest, email, "a fine new phrase")) == ["EMAIL_UNVERIFIED"]
        assert codes(sign_in(guest, email, "another fine phrase")) == ["INVALID_CREDENTIALS"]


def test_a_wrong_password_costs_the_same_for_every_address(guest, addresses, settings):
    told, counted = [], []

    for email in addresses:
        with hashes_counted(settings) as hashes:
            told.append(
                what_is_told(
                    guest,
                    SIGN_IN,
                    email,
                    email=email,
                    password="not the password",
                )
            )
        counted += hashes

    assert told == [told[0]] * len(STATES)
    assert counted == [1] * len(STATES)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("taken@example.com", PASSWORD),
        ("taken@example.com", "x" * 10_000),
        ("wait@example.com", OTHER_PASSWORD),
        ("wait@example.com", "x" * 10_000),
        ("both@example.com", PASSWORD),
        ("both@example.com", OTHER_PASSWORD),
        ("gone@example.com", PASSWORD),
        ("free@example.com", PASSWORD),
        ("\x00", PASSWORD),
    ],
    ids=range(9),
)
def test_signing_in_costs_one_password_hash_whatever_comes_of_it(guest, addresses, settings, email, password):
    with hashes_counted(settings) as counted:
        sign_in(guest, email, password)

    assert counted == [1]


def test_an_account_without_a_password_costs_one_hash_too(guest, settings):
    User.objects.create_user("sso@example.com", None)

    with hashes_counted(settings) as counted:
        assert codes(sign_in(guest, "sso@example.com")) == ["INVALID_CREDENTIALS"]

    assert counted == [1]
    assert CountingHasher.calls == 1


@pytest.mark.parametrize("email", ["taken@example.com", "TAKEN@EXAMPLE.COM", " Taken@example.com "])
def test_the_owner_of_a_taken_address_is_told_and_nothing_changes(guest, email, mailed):
    owner = make_user("taken@example.com", full_name="The owner")

    with mailed() as letters:
        payload = register(guest, email=email, password=OTHER_PASSWORD, fullName="Somebody else")

    assert payload == {"email": "taken@example.com", "userErrors": []}
    (letter,) = letters
    assert letter.to == ["taken@example.com"]
    assert "#token=" not in letter.body + letter.alternatives[0].content
    assert "Somebody else" not in letter.body + letter.alternatives[0].content
    event = Event.objects.get()
    assert (event.type, event.topic, event.payload) == ("account.registration_repeated", f"user.{owner.pk}", {})
    owner.refresh_from_db()
    assert (owner.full_name, owner.check_password(PASSWORD)) == ("The owner", True)
    assert sign_in(guest, "taken@example.com")["user"] == {"email": "taken@example.com"}


def test_no_registration_of_a_taken_address_can_be_opened(guest):
    make_user("taken@example.com")
    register(guest, email="taken@example.com", password=OTHER_PASSWORD)
    before = written()

    payload = open_link(guest, Signer(salt="accounts.verify-email").sign(str(EmailLink.objects.get().pk)))

    assert payload == {"user": None, "userErrors": [LINK_INVALID]}
    assert written() == before


# ── Each registration brings its own password ────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("opened", [0, 1], ids=["own link", "the other's link"])
def test_of_two_registrations_the_password_says_whose_account_it_is_to_be(guest, token_for, opened):
    passwords = [PASSWORD, OTHER_PASSWORD]
    tokens = [token_for(password=password, fullName=f"Number {n}") for n, password in enumerate(passwords)]
    assert [codes(sign_in(guest, "new@example.com", password)) for password in passwords] == [["EMAIL_UNVERIFIED"]] * 2

    payload = open_link(guest, tokens[opened], PASSWORD)

    assert payload["user"]["fullName"] == "Number 0"
    assert open_link(guest, tokens[1 - opened], OTHER_PASSWORD) == {"user": None, "userErrors": [LINK_INVALID]}
    assert sign_in(guest, "new@example.com")["user"] == {"email": "new@example.com"}
    assert User.objects.get().full_name == "Number 0"


def test_of_two_registrations_a_link_alone_opens_neither_and_can_be_used_again(guest, token_for):
    register(guest, password="the thief's own phrase", fullName="Thief")
    token = token_for(password=PASSWORD, fullName="Owner")
    before = written()

    assert codes(open_link(guest, token)) == ["PASSWORD_REQUIRED"]
    assert codes(open_link(guest, token, "neither of the two")) == ["PASSWORD_WRONG"]
    assert written() == before

    assert open_link(guest, token, PASSWORD)["user"]["fullName"] == "Owner"


def test_a_password_that_waited_beside_is_answered_as_before(guest, token_for):
    """Otherwise whoever registered with somebody's address would learn when its owner made an account."""
    register(guest, password="the thief's own phrase", fullName="Thief")

    open_link(guest, token_for(password=PASSWORD, fullName="Owner"), PASSWORD)

    assert codes(sign_in(guest, "new@example.com", "the thief's own phrase")) == ["EMAIL_UNVERIFIED"]
    assert User.objects.get().full_name == "Owner"


def test_an_address_that_would_take_long_to_encode_is_refused_at_once(guest):
    """Encoding a domain costs the square of its length: minutes, for this one."""
    endless = "a@" + "\u6f22" * 200_000 + ".example"

    assert codes(sign_in(guest, endless)) == ["INVALID_CREDENTIALS"]
    assert refused(guest, email=endless) == ("EMAIL_INVALID", ["input", "email"])


# ── Links ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def is_refused(api, token):
    """Whether the link opens nothing and writes nothing."""
    before = written()
    payload = open_link(api, token)
    return payload == {"user": None, "userErrors": [LINK_INVALID]} and written() == before


def test_a_link_works_once(guest, token_for):
    token = token_for()
    open_link(guest, token)

    assert is_refused(guest, token)


def test_an_expired_link_is_refused(guest, token_for):
    token = token_for()
    EmailLink.objects.update(expires_at=timezone.now())

    assert is_refused(guest, token)
    assert codes(sign_in(guest, "new@example.com")) == ["INVALID_CREDENTIALS"]


def test_a_tampered_link_is_refused(guest, token_for):
    token = token_for()
    key, _, signature = token.partition(":")
    other = EmailLink.objects.create(
        purpose=EmailLinkPurpose.VERIFY_EMAIL,
        email="other@example.com",
        password="!",
        expires_at=timezone.now() + timedelta(hours=1),
    )

    for tampered in (
        f"{other.pk}:{signature}",
        f"{key}:{signature[:-1]}",
        f"{key}:",
        key,
        f"{key.upper()}:{signature}",
    ):
        assert is_refused(guest, tampered)


def test_a_link_signed_with_another_key_is_refused(guest, token_for):
    token_for()
    forged = Signer(key="another key", salt="accounts.verify-email").sign(str(EmailLink.objects.get().pk))

    assert is_refused(guest, forged)


@pytest.mark.parametrize("purpose", ["reset-password", "change-email", "data-export"])
def test_a_token_of_another_purpose_is_refused(guest, token_for, purpose):
    token_for()

    assert is_refused(guest, Signer(salt=f"accounts.{purpose}").sign(str(EmailLink.objects.get().pk)))


@pytest.mark.parametrize("token", ["", ":", "x", "\x00", "ü:ü", "x" * 1_000_000, "null", "e30.e30.e30"], ids=range(8))
def test_garbage_is_no_link_and_costs_no_statement(guest, token):
    with CaptureQueriesContext(connection) as statements:
        assert open_link(guest, token) == {"user": None, "userErrors": [LINK_INVALID]}

    assert [one["sql"] for one in statements if "SAVEPOINT" not in one["sql"]] == []


def test_the_token_of_a_link_is_kept_nowhere(guest, token_for):
    token = token_for()
    signature = token.partition(":")[2]

    stored = everything_stored()

    assert str(EmailLink.objects.get().pk) in stored.replace("-", "") or str(EmailLink.objects.get().pk) in stored
    assert signature not in stored
    assert PASSWORD not in stored


def test_a_resent_link_opens_the_same_registration_and_then_neither_works(guest, token_for, mailed):
    first = token_for(fullName="Ada")

    with mailed() as letters:
        assert guest(RESEND, email=" NEW@example.com ") == {
            "accountVerificationResend": {"isAccepted": True, "userErrors": []}
        }

    (letter,) = letters
    assert letter.to == ["new@example.com"]
    second = token_in(letter)
    assert second != first
    assert open_link(guest, second)["user"]["fullName"] == "Ada"
    assert sign_in(guest, "new@example.com")["user"]
    assert is_refused(guest, first)
    assert is_refused(guest, second)


def test_what_is_resent_is_the_last_registration(guest, token_for, mailed):
    token_for(password=PASSWORD, fullName="First")
    token_for(password=OTHER_PASSWORD, fullName="Last")

    with mailed() as letters:
        guest(RESEND, email="new@example.com")

    assert open_link(guest, token_in(letters[0]), OTHER_PASSWORD)["user"]["fullName"] == "Last"
    assert sign_in(guest, "new@example.com", OTHER_PASSWORD)["user"]


@pytest.mark.parametrize("is_active", [True, False])
def test_nothing_is_resent_to_an_account_or_to_nobody(guest, mailed, is_active):
    make_user("taken@example.com", is_active=is_active)

    with mailed() as letters:
        guest(RESEND, email="taken@example.com")
        guest(RESEND, email="nobody@example.com")

    assert letters == []


def test_an_expired_registration_is_not_resent(guest, mailed):
    register(guest)
    EmailLink.objects.update(expires_at=timezone.now())

    with mailed() as letters:
        guest(RESEND, email="new@example.com")

    assert letters == []


@pytest.mark.parametrize("document", [RESEND, REQUEST_RESET], ids=["resend", "reset"])
@pytest.mark.parametrize("email", ["", "ada", "ada@examp\x00le.com", "a" * 300 + "@example.com"], ids=range(4))
def test_a_link_for_what_is_no_address_is_refused(guest, document, email):
    (payload,) = guest(document, email=email).values()

    assert payload["isAccepted"] is False
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [("EMAIL_INVALID", ["email"])]
    assert written() == (0, 0, 0)


# ── Addresses ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_address_is_kept_in_lower_case_and_without_space_around_it(guest, join):
    assert register(guest, email="  New.Person@Example.COM\n")["email"] == "new.person@example.com"
    assert join(email="\tADA@EXAMPLE.com")["email"] == "ada@example.com"


@pytest.mark.parametrize(
    "email",
    [
        "",
        "   ",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "ada@@example.com",
        "a da@example.com",
        "ada@exam ple.com",
        "ada@example.com,bob@example.com",
        "ada@example.com\nBcc: bob@example.com",
        "ada\x00@example.com",
        "a" * 288 + "@example.com",
        "a" * 1_000_000 + "@example.com",
        "a@" + "example." * 100_000 + "com",
        "<script>@example.com",
        '"ada lovelace"@example.com',
        "ada@-example.com",
        "ada@example..com",
        ".ada@example.com",
    ],
    ids=range(20),
)
def test_what_is_no_address_is_refused(guest, email):
    assert refused(guest, email=email) == ("EMAIL_INVALID", ["input", "email"])


@pytest.mark.parametrize(
    "lookalike",
    ["\u212aate", "\u017fam", "\u0430da", "\uff41da", "\u0131da", "ad\u0430", "ad\u00e5", "a\u0301da", "ada\u200b"],
    ids=["kelvin", "long s", "cyrillic", "full width", "dotless i", "mixed", "ring", "combining", "zero width"],
)
def test_an_address_that_looks_like_another_is_refused(guest, lookalike):
    for name in ("kate", "sam", "ada", "ida"):
        make_user(f"{name}@example.com")

    assert refused(guest, email=f"{lookalike}@example.com") == ("EMAIL_INVALID", ["input", "email"])
    assert codes(sign_in(guest, f"{lookalike}@example.com")) == ["INVALID_CREDENTIALS"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada@B\u00dcCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--BCHER-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@ex\u0430mple.com", "ada@xn--exmple-4nf.com"),
        ("ada@\uff45xample\u3002com", "ada@example.com"),
        ("ada@\u212aelvin.example", "ada@kelvin.example"),
    ],
    ids=["umlaut", "combining", "punycode", "cyrillic", "full width", "kelvin"],
)
def test_an_international_domain_is_kept_as_it_is_looked_up(guest, typed, kept):
    assert register(guest, email=typed) == {"email": kept, "userErrors": []}
    assert EmailLink.objects.get().email == kept
    assert codes(sign_in(guest, typed)) == ["EMAIL_UNVERIFIED"]


def test_an_address_of_254_characters_is_the_longest(guest):
    longest = "a" * 64 + "@" + ".".join(["b" * 61, "c" * 61, "d" * 61]) + ".com"
    assert len(longest) == 254

    assert register(guest, email=longest)["userErrors"] == []
    assert refused(guest, email=longest + "m") == ("EMAIL_INVALID", ["input", "email"])


# ── Passwords ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "password",
    ["", "short1!", "password123", "qwertyuiop", "84629174650", "new@example.com", "x" * 129],
    ids=["empty", "seven", "common", "also common", "digits", "the address", "129 characters"],
)
def test_a_weak_password_is_refused(guest, password):
    assert refused(guest, password=password, fullName="Ada Lovelace") == ("PASSWORD_TOO_WEAK", ["input", "password"])


def test_a_password_like_the_name_is_refused(guest):
    assert refused(guest, password="Ada-Lovelace", fullName="Ada Lovelace") == (
        "PASSWORD_TOO_WEAK",
        ["input", "password"],
    )


def test_a_password_of_128_characters_in_any_script_is_the_longest(guest, join):
    password = "пароль密码🔑 " * 12 + "12345678"
    assert len(password) == 128

    join(password=password)

    assert sign_in(guest, "new@example.com", password)["user"]


@pytest.mark.parametrize("password", ["with a \x00 in it", "with a \u202e in it", " surrounded by space "])
def test_a_password_is_taken_as_it_is(guest, join, password):
    join(password=password)

    assert sign_in(guest, "new@example.com", password)["user"]
    assert codes(sign_in(guest, "new@example.com", password.strip() + " ")) == ["INVALID_CREDENTIALS"]


def test_a_password_of_two_megabytes_is_refused_before_it_is_hashed(guest, settings):
    with hashes_counted(settings) as counted:
        assert refused(guest, password="x" * 2_000_000) == ("PASSWORD_TOO_WEAK", ["input", "password"])

    assert counted == [0]


def test_a_password_of_ten_megabytes_is_refused_as_a_request_that_is_too_long(guest):
    code = guest.code(REGISTER, input={"email": "new@example.com", "password": "x" * 10_000_000})

    assert code == "BAD_USER_INPUT"
    assert written() == (0, 0, 0)


# ── Names ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "full_name",
    [
        "Ada\x00",
        "Ada\nLovelace",
        "\x1b[31mAda",
        "Ada\x7fLovelace",
        "Ada\x9bLovelace",
        "Ada\u202eecalevoL",
        "\u2066Ada\u2069",
        "x" * 151,
        "x" * 1_000_000,
    ],
    ids=range(9),
)
def test_a_name_with_control_characters_or_too_long_is_refused(guest, full_name):
    assert refused(guest, fullName=full_name) == ("FULL_NAME_INVALID", ["input", "fullName"])


@pytest.mark.parametrize(
    "full_name",
    ["", "Łukasz Øst", "李 小龍", "أحمد", "Anne-Marie O'Neill 👩‍🚀", "x" * 150],
    ids=["none", "Polish", "Chinese", "Arabic", "astronaut", "150 characters"],
)
def test_names_of_all_people_are_welcome(join, full_name):
    assert join(fullName=full_name)["fullName"] == full_name


def test_a_name_is_kept_as_written_and_not_as_markup(join, settings):
    join(fullName="<b>{{ settings.SECRET_KEY }}</b>")

    assert User.objects.get().full_name == "<b>{{ settings.SECRET_KEY }}</b>"
    assert not any(settings.SECRET_KEY in letter.body for letter in mail.outbox)
    assert not any("<b>{{" in letter.body + letter.alternatives[0].content for letter in mail.outbox)
