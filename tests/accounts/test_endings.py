"""What else ends with a session or an account: the admin's own session, and the rest of the same request."""

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client

from accounts.models import RateTier, User
from accounts.permissions import Role
from accounts.services import privacy, sessions
from notifications.models import Event
from ordering.models import Cart
from tests.conftest import PASSWORD, Api, gid, make_user
from tests.people import REVOKE_ALL

pytestmark = pytest.mark.django_db

CHANGE = "mutation($email: String!, $p: String!) { emailChangeRequest(newEmail: $email, password: $p) { email } }"


def test_signing_out_everywhere_ends_the_session_of_the_admin_as_well():
    user = make_user(is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(user)
    assert browser.get("/admin/").status_code == 200

    Api(user)(REVOKE_ALL)

    assert browser.get("/admin/").status_code == 302


def test_what_follows_an_erasure_in_the_same_request_is_done_by_nobody(customer):
    query = f'mutation {{ accountErase(password: "{PASSWORD}") {{ isErased }} tokensRevokeAll {{ revokedCount }} }}'

    response = Api(customer).send(query)

    assert response["data"] == {"accountErase": {"isErased": True}, "tokensRevokeAll": None}
    assert response["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert not Cart.objects.filter(customer=customer).exists()


def test_a_copy_of_ones_data_does_not_tell_which_addresses_have_an_account(customer):
    make_user("taken@example.com")
    for email in ("taken@example.com", "free@example.com"):
        assert Api(customer)(CHANGE, email=email, p=PASSWORD)["emailChangeRequest"] == {"email": email}
    export = privacy.request_export(actor=customer)

    privacy.make_export(export_id=export.pk)

    export.refresh_from_db()
    assert "account.email_change_requested" in export.content
    for secret in ("account.email_change_unavailable", "account.email_change_link_sent"):
        assert Event.objects.filter(type=secret).count() == 1
        assert secret not in export.content
    assert mail.outbox == []


def test_staff_do_not_raise_their_own_limit():
    support = make_user(roles=(Role.SUPPORT.value,), is_staff=True)
    query = "mutation($id: ID!) { userUpdate(id: $id, input: {rateTier: PREMIUM}) { userErrors { code field } } }"

    payload = Api(support)(query, id=gid(support))["userUpdate"]

    assert payload["userErrors"] == [{"code": "NOT_PERMITTED", "field": ["input", "rateTier"]}]
    assert User.objects.get(pk=support.pk).rate_tier == RateTier.STANDARD


def test_ending_all_sessions_twice_does_no_harm(customer):
    sessions.open_session(customer)

    assert [sessions.revoke_all(actor=customer), sessions.revoke_all(actor=customer)] == [1, 0]


# ── The admin's own door ─────────────────────────────────────────────────────────────────────────────────────────────
def knock(browser, password, email="staff@example.com"):
    return browser.post("/admin/login/?next=/admin/", {"username": email, "password": password})


def test_signing_in_to_the_admin_is_recorded(staff):
    assert knock(Client(), PASSWORD, " Staff@Example.com ").status_code == 302

    event = Event.objects.get()
    assert (event.type, event.actor, event.origin) == ("account.signed_in_to_admin", staff, "127.0.0.1")


def test_guesses_at_the_admin_are_counted_with_those_at_the_api(staff):
    browser = Client()
    for _ in range(3):
        assert "Too many" not in knock(browser, "a guess").context["form"].non_field_errors().as_text()
    for _ in range(2):
        Api().send('mutation { tokenCreate(email: "staff@example.com", password: "a guess") { user { id } } }')

    refused = knock(browser, PASSWORD)

    assert b"Too many attempts" in refused.content
    assert "_auth_user_id" not in browser.session
    assert not Event.objects.exists()


def test_customers_and_the_unverified_are_told_no_more_than_strangers(customer):
    Api().send(
        f'mutation {{ accountRegister(input: {{email: "new@example.com", password: "{PASSWORD}"}}) {{ email }} }}'
    )
    answers = {
        knock(Client(), PASSWORD, email).context["form"].non_field_errors().as_text()
        for email in ("customer@example.com", "new@example.com", "nobody@example.com")
    }

    assert len(answers) == 1


def test_guesses_at_the_old_password_in_the_admin_are_counted(staff):
    browser = Client()
    browser.force_login(staff)
    page = {"new_password1": "quite another battery", "new_password2": "quite another battery"}
    for _ in range(5):
        browser.post("/admin/password_change/", {"old_password": "a guess", **page})

    refused = browser.post("/admin/password_change/", {"old_password": PASSWORD, **page})

    assert b"Too many attempts" in refused.content
    assert User.objects.get(pk=staff.pk).check_password(PASSWORD)


def test_a_password_set_on_the_command_line_ends_every_session(customer, monkeypatch):
    api = Api(customer)
    monkeypatch.setattr("getpass.getpass", lambda prompt: "quite another battery")

    call_command("changepassword", "customer@example.com")

    assert api.code("{ me { email } }") == "UNAUTHENTICATED"
    assert User.objects.get(pk=customer.pk).check_password("quite another battery")
