"""Registering: what makes an account, and what is refused without a trace."""

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from notifications.models import Event, Notification
from tests.conftest import PASSWORD, make_user

pytestmark = pytest.mark.django_db

REGISTER = """
mutation($input: AccountRegisterInput!) {
  accountRegister(input: $input) {
    user { email fullName isStaff roles } userErrors { code message field retryable }
  }
}
"""
SIGN_IN = "mutation($e: String!, $p: String!) { tokenCreate(email: $e, password: $p) { user { email } } }"


def register(api, **input):
    return api(REGISTER, input={"email": "new@example.com", "password": PASSWORD, **input})["accountRegister"]


def refused(api, **input):
    """(code, field) of the one refusal, after which there is no account and no news."""
    before = (User.objects.count(), Event.objects.count())

    payload = register(api, **input)

    assert payload["user"] is None
    assert (User.objects.count(), Event.objects.count()) == before
    (error,) = payload["userErrors"]
    assert error["message"]
    assert error["retryable"] is False
    return error["code"], error["field"]


def test_an_account_is_made_of_an_address_a_password_and_a_name(guest):
    payload = register(guest, fullName="  Ada Lovelace ")

    assert payload == {
        "user": {"email": "new@example.com", "fullName": "Ada Lovelace", "isStaff": False, "roles": []},
        "userErrors": [],
    }
    user = User.objects.get()
    assert user.is_active
    assert not user.is_superuser
    assert user.check_password(PASSWORD)


def test_registering_is_recorded_once_by_the_new_account_itself(guest):
    register(guest, fullName="Ada")

    event = Event.objects.get()
    assert (event.type, event.seq, event.topic) == ("account.registered", 1, f"user.{User.objects.get().pk}")
    assert event.payload == {"email": "new@example.com", "full_name": "Ada"}
    assert event.actor == User.objects.get()
    assert event.audience == {"users": [], "emails": []}


def test_a_new_account_can_sign_in_at_once(guest):
    register(guest)

    assert guest(SIGN_IN, e="new@example.com", p=PASSWORD)["tokenCreate"] == {"user": {"email": "new@example.com"}}


def test_an_address_is_kept_in_lower_case_and_without_space_around_it(guest):
    payload = register(guest, email="  New.Person@Example.COM\n")

    assert payload["user"]["email"] == "new.person@example.com"


def test_nobody_becomes_staff_or_gets_a_role_by_registering(guest):
    Group.objects.create(name="Approvers")

    response = guest.send(REGISTER, input={"email": "new@example.com", "password": PASSWORD, "isStaff": True})

    assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert not User.objects.exists()


@pytest.mark.parametrize("email", ["taken@example.com", "TAKEN@EXAMPLE.COM", " Taken@example.com "])
def test_an_address_that_is_taken_in_any_case_is_refused(guest, email):
    make_user("taken@example.com")

    assert refused(guest, email=email) == ("EMAIL_TAKEN", ["input", "email"])


def test_the_address_of_an_inactive_account_stays_taken(guest):
    make_user("left@example.com", is_active=False)

    assert refused(guest, email="left@example.com") == ("EMAIL_TAKEN", ["input", "email"])


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
    ],
    ids=range(14),
)
def test_what_is_no_address_is_refused(guest, email):
    assert refused(guest, email=email) == ("EMAIL_INVALID", ["input", "email"])


def test_an_address_of_254_characters_is_the_longest(guest):
    longest = "a" * 64 + "@" + ".".join(["b" * 61, "c" * 61, "d" * 61]) + ".com"
    assert len(longest) == 254

    assert register(guest, email=longest)["userErrors"] == []
    assert refused(guest, email=longest + "m") == ("EMAIL_INVALID", ["input", "email"])


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


def test_a_password_of_128_characters_in_any_script_is_the_longest(guest):
    password = "пароль密码🔑 " * 12 + "12345678"
    assert len(password) == 128

    assert register(guest, password=password)["userErrors"] == []
    assert guest(SIGN_IN, e="new@example.com", p=password)["tokenCreate"]["user"]


def test_a_password_of_two_megabytes_is_refused_before_it_is_hashed(guest):
    assert refused(guest, password="x" * 2_000_000) == ("PASSWORD_TOO_WEAK", ["input", "password"])


def test_a_password_of_ten_megabytes_is_refused_as_a_request_that_is_too_long(guest):
    code = guest.code(REGISTER, input={"email": "new@example.com", "password": "x" * 10_000_000})

    assert code == "BAD_USER_INPUT"
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "full_name", ["Ada\x00", "Ada\nLovelace", "\x1b[31mAda", "Ada\x7fLovelace", "x" * 151], ids=range(5)
)
def test_a_name_with_control_characters_or_too_long_is_refused(guest, full_name):
    assert refused(guest, fullName=full_name) == ("FULL_NAME_INVALID", ["input", "fullName"])


@pytest.mark.parametrize("full_name", ["", "Łukasz Øst", "李 小龍", "أحمد", "Anne-Marie O'Neill 👩‍🚀", "x" * 150])
def test_names_of_all_people_are_welcome(guest, full_name):
    assert register(guest, fullName=full_name)["user"]["fullName"] == full_name


def test_a_name_is_kept_as_written_and_not_as_markup(guest):
    register(guest, fullName="<b>{{ settings.SECRET_KEY }}</b>")

    assert User.objects.get().full_name == "<b>{{ settings.SECRET_KEY }}</b>"
    assert not Notification.objects.exists()
