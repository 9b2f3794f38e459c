"""People in the admin: sign-in by e-mail, hashed passwords, and rights that only a superuser gives."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from accounts import services, tokens
from accounts.models import RefreshToken, User
from tests.conftest import PASSWORD, make_user

pytestmark = pytest.mark.django_db

STRONG = "a quite unlikely password"


@pytest.fixture
def clerk(db):
    """Staff who may edit people."""
    person = make_user("clerk@example.com", is_staff=True)
    may = [f"{verb}_{model}" for verb in ("add", "change", "view") for model in ("user", "refreshtoken")]
    person.user_permissions.add(*Permission.objects.filter(codename__in=may))
    return person


def test_staff_signs_in_by_e_mail_address_in_any_case(clerk):
    client = Client()

    answer = client.post(reverse("admin:login"), {"username": "Clerk@Example.com", "password": PASSWORD})

    assert answer.status_code == 302
    assert answer.url == reverse("admin:index")
    assert client.get(answer.url).status_code == 200


def test_somebody_who_is_not_staff_is_not_let_in(customer):
    client = Client()

    answer = client.post(reverse("admin:login"), {"username": customer.email, "password": PASSWORD})

    assert answer.status_code == 200
    assert client.get(reverse("admin:index")).status_code == 302


def test_a_new_person_gets_a_hashed_password_and_one_spelling_of_the_address(clerk):
    answer = _browser(clerk).post(
        reverse("admin:accounts_user_add"),
        {
            "email": "New.Person@Example.COM",
            "full_name": "New Person",
            "usable_password": "true",
            "password1": STRONG,
            "password2": STRONG,
        },
    )

    assert answer.status_code == 302
    person = User.objects.get(email="new.person@example.com")
    assert person.password != STRONG
    assert services.sign_in(email="new.person@example.com", password=STRONG).user == person


@pytest.mark.parametrize("password", ["12345678", "password", "short"])
def test_a_weak_password_is_refused(password, clerk):
    answer = _browser(clerk).post(
        reverse("admin:accounts_user_add"),
        {"email": "new@example.com", "usable_password": "true", "password1": password, "password2": password},
    )

    assert answer.status_code == 200
    assert not User.objects.filter(email="new@example.com").exists()


def test_an_address_that_is_taken_in_another_case_is_refused(clerk, customer):
    answer = _browser(clerk).post(
        reverse("admin:accounts_user_add"),
        {"email": customer.email.upper(), "usable_password": "true", "password1": STRONG, "password2": STRONG},
    )

    assert answer.status_code == 200
    assert User.objects.count() == 2


def test_a_password_is_changed_by_its_own_form_and_never_shown(clerk, customer):
    client = _browser(clerk)
    page = client.get(_page(customer))

    answer = client.post(
        reverse("admin:auth_user_password_change", args=[customer.pk]),
        {"usable_password": "true", "password1": STRONG, "password2": STRONG},
    )

    assert customer.password not in page.text
    assert answer.status_code == 302
    customer.refresh_from_db()
    assert customer.check_password(STRONG)


def test_whoever_may_edit_people_cannot_give_anybody_rights(clerk, customer):
    group = Group.objects.create(name="Approvers")
    may_all = [permission.pk for permission in Permission.objects.all()]

    answer = _browser(clerk).post(
        _page(customer),
        {
            "email": customer.email,
            "full_name": "Renamed",
            "is_active": "on",
            "is_staff": "on",
            "is_superuser": "on",
            "groups": [group.pk],
            "user_permissions": may_all,
        },
    )

    assert answer.status_code == 302
    customer.refresh_from_db()
    assert customer.full_name == "Renamed"
    assert (customer.is_staff, customer.is_superuser) == (False, False)
    assert customer.groups.count() == customer.user_permissions.count() == 0


@pytest.mark.parametrize("fields", [{"is_superuser": True}, {"is_staff": True}], ids=["superuser", "staff"])
def test_whoever_may_edit_people_cannot_take_over_an_account_with_rights(fields, clerk):
    target = make_user("target@example.com", **fields)
    client = _browser(clerk)

    answers = [
        client.post(_page(target), {"email": "clerk2@example.com", "is_active": "on"}).status_code,
        client.post(
            reverse("admin:auth_user_password_change", args=[target.pk]),
            {"usable_password": "true", "password1": STRONG, "password2": STRONG},
        ).status_code,
    ]

    assert answers == [403, 403]
    target.refresh_from_db()
    assert target.email == "target@example.com"
    assert target.check_password(PASSWORD)


def test_an_account_is_switched_off_and_not_deleted(admin_client, customer):
    deleted = admin_client.post(reverse("admin:accounts_user_delete", args=[customer.pk]), {"post": "yes"})
    saved = admin_client.post(_page(customer), {"email": customer.email, "full_name": "Cleo"})

    assert (deleted.status_code, saved.status_code) == (403, 302)
    customer.refresh_from_db()
    assert customer.is_active is False


def test_a_session_is_shown_without_its_token_or_digest(admin_client, customer):
    session = services.sign_in(email=customer.email, password=PASSWORD)
    held = RefreshToken.objects.get()

    pages = [
        admin_client.get(reverse("admin:accounts_refreshtoken_changelist")).text,
        admin_client.get(reverse("admin:accounts_refreshtoken_change", args=[held.pk])).text,
    ]

    assert held.digest == tokens.digest(session.refresh_token)
    for page in pages:
        assert customer.email in page
        assert held.digest not in page
        assert session.refresh_token not in page


def _browser(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def _page(person) -> str:
    return reverse("admin:accounts_user_change", args=[person.pk])
