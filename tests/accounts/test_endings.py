"""What else ends with a session or an account: the admin's own session, and the rest of the same request."""

import pytest
from django.core import mail
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
