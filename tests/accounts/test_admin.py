"""People in the admin: who may do what to whom, and that all of it is recorded and ends sessions as in the API."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Address, RefreshToken, Session, User
from accounts.permissions import Role
from accounts.services import sessions, staff
from notifications.models import Event
from tests.conftest import PASSWORD, Api, make_user

pytestmark = pytest.mark.django_db

STRONG = "a quite unlikely password"
SENT = {"_form_submitted": "on"}
NEW_PASSWORD = {"usable_password": "true", "password1": STRONG, "password2": STRONG}


@pytest.fixture
def clerk(db):
    """Support: may change people who may do no more."""
    return make_user("clerk@example.com", roles=("Support",), is_staff=True)


@pytest.fixture
def administrator(db):
    return make_user("administrator@example.com", roles=("Administrator",), is_staff=True)


@pytest.fixture
def root(db):
    return User.objects.create_superuser("root@example.com", PASSWORD)


# ── Signing in ───────────────────────────────────────────────────────────────────────────────────────────────────────
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


def test_whoever_is_deactivated_is_out_of_the_admin_at_once(clerk, root):
    client = _browser(clerk)
    assert client.get(reverse("admin:index")).status_code == 200

    staff.deactivate(actor=root, user_id=clerk.pk, reason="Left.")

    assert client.get(reverse("admin:index")).status_code == 302


# ── New people ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_new_person_gets_a_hashed_password_and_one_spelling_of_the_address(clerk):
    answer = _browser(clerk).post(
        reverse("admin:accounts_user_add"),
        {"email": "New.Person@Example.COM", "full_name": "New Person", **NEW_PASSWORD},
    )

    assert answer.status_code == 302
    person = User.objects.get(email="new.person@example.com")
    assert person.password != STRONG
    assert sessions.sign_in(email="new.person@example.com", password=STRONG).user == person
    assert (person.is_staff, [group.name for group in person.groups.all()]) == (False, ["Customer"])
    assert _history(person)[0] == (
        "account.registered",
        {"email": "new.person@example.com", "full_name": "New Person"},
        clerk,
    )


@pytest.mark.parametrize("password", ["12345678", "password", "short", "long " * 26], ids=range(4))
def test_a_password_that_is_weak_or_too_long_is_refused(password, clerk):
    answer = _browser(clerk).post(
        reverse("admin:accounts_user_add"),
        {"email": "new@example.com", "usable_password": "true", "password1": password, "password2": password},
    )

    assert answer.status_code == 200
    assert not User.objects.filter(email="new@example.com").exists()


@pytest.mark.parametrize("email", ["CUSTOMER@example.com", "сustomer@example.com", "no address"], ids=range(3))
def test_an_address_that_is_taken_or_none_is_refused(email, clerk, customer):
    answer = _browser(clerk).post(reverse("admin:accounts_user_add"), {"email": email, **NEW_PASSWORD})

    assert answer.status_code == 200
    assert User.objects.count() == 2
    assert not Event.objects.exists()


# ── Changing people ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_a_clerk_changes_is_recorded_and_the_old_address_is_told(clerk, customer, mailed):
    with mailed() as letters:
        answer = _save(_browser(clerk), customer, email="Cleo@Example.com", full_name="Cleo New", rate_tier="PREMIUM")

    assert answer.status_code == 302
    customer.refresh_from_db()
    assert (customer.email, customer.full_name, customer.rate_tier) == ("cleo@example.com", "Cleo New", "PREMIUM")
    assert _history(customer) == [
        ("account.updated", {"fields": ["email", "full_name", "rate_tier"]}, clerk),
        ("account.email_changed", {}, clerk),
    ]
    assert [letter.to for letter in letters] == [["customer@example.com"]]


def test_saving_without_a_change_records_nothing(clerk, customer):
    answer = _save(_browser(clerk), customer)

    assert answer.status_code == 302
    assert _history(customer) == []


def test_whoever_may_edit_people_cannot_give_anybody_rights(clerk, customer):
    group = Group.objects.create(name="Approvers")
    may_all = [permission.pk for permission in Permission.objects.all()]

    answer = _save(
        _browser(clerk),
        customer,
        full_name="Renamed",
        is_active="",
        is_staff="on",
        is_superuser="on",
        groups=[group.pk],
        user_permissions=may_all,
    )

    assert answer.status_code == 302
    customer.refresh_from_db()
    assert customer.full_name == "Renamed"
    assert (customer.is_active, customer.is_staff, customer.is_superuser) == (True, False, False)
    assert customer.groups.count() == customer.user_permissions.count() == 0


@pytest.mark.parametrize(
    ("fields", "roles"),
    [({"is_superuser": True}, ()), ({}, ("Administrator",)), ({}, ("Approvers",)), ({}, ("Merchandiser",))],
    ids=["superuser", "administrator", "approver", "merchandiser"],
)
def test_whoever_may_edit_people_cannot_take_over_an_account_that_may_do_more(fields, roles, clerk):
    target = make_user("target@example.com", roles=roles, **fields)
    session = _session(target)
    client = _browser(clerk)

    answers = [
        client.get(_page(target)).status_code,
        _save(client, target, email="clerk2@example.com").status_code,
        client.post(_password_page(target), NEW_PASSWORD).status_code,
        *(client.post(_button(target, name), SENT | {"reason": "x"}).status_code for name in BUTTONS),
        client.post(reverse("admin:accounts_session_end", args=[session.pk]), SENT).status_code,
    ]

    assert answers == [200, *[403] * 6]
    target.refresh_from_db()
    assert (target.email, target.is_active) == ("target@example.com", True)
    assert target.check_password(PASSWORD)
    assert target.sessions.open().count() == 1
    assert _history(target) == []


def test_whoever_may_only_look_has_no_buttons_and_changes_nothing(customer):
    reader = make_user("reader@example.com", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_user"))
    client = _browser(reader)
    _session(customer)

    page = client.get(_page(customer))

    assert page.status_code == 200
    assert _buttons_on(page) == []
    assert [client.post(_button(customer, name), SENT | {"reason": "x"}).status_code for name in BUTTONS] == [403] * 3
    assert client.post(_password_page(customer), NEW_PASSWORD).status_code == 403
    assert _history(customer) == []


def test_an_account_is_not_deleted(root, customer):
    deleted = _browser(root).post(reverse("admin:accounts_user_delete", args=[customer.pk]), {"post": "yes"})

    assert deleted.status_code == 403
    assert User.objects.filter(pk=customer.pk).exists()


def test_a_page_of_a_long_history_shows_the_newest_and_costs_the_same(clerk, customer):
    for number in range(3):
        staff.update(actor=clerk, user_id=customer.pk, full_name=f"Name {number}")
    client = _browser(clerk)
    client.get(_page(customer))
    with CaptureQueriesContext(connection) as few:
        client.get(_page(customer))

    for number in range(60):
        staff.update(actor=clerk, user_id=customer.pk, full_name=f"Name {number}")
    with CaptureQueriesContext(connection) as many:
        page = client.get(_page(customer))

    assert len(many) == len(few)
    assert page.text.count("The profile was changed.") == 50


def test_a_person_s_page_shows_the_address_book(clerk, customer):
    Address.objects.create(
        user=customer, full_name="Cleo", line1="1 Hidden Street", city="Berlin", postal_code="10115", country="DE"
    )

    page = _browser(clerk).get(_page(customer))

    assert "1 Hidden Street" in page.text


# ── Passwords ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_password_set_by_staff_ends_every_session_and_is_recorded(clerk, customer, mailed):
    token = sessions.open_session(customer).access_token
    client = _browser(clerk)
    page = client.get(_page(customer))

    with mailed() as letters:
        answer = client.post(_password_page(customer), NEW_PASSWORD)

    assert customer.password not in page.text
    assert answer.status_code == 302
    customer.refresh_from_db()
    assert customer.check_password(STRONG)
    assert Api(token=token).code("{ me { email } }") == "UNAUTHENTICATED"
    assert _history(customer) == [("account.password_changed", {}, clerk)]
    assert [letter.to for letter in letters] == [[customer.email]]


def test_a_password_can_be_taken_away(clerk, customer):
    token = sessions.open_session(customer).access_token

    answer = _browser(clerk).post(
        _password_page(customer), {"usable_password": "false", "unset-password": "1", "password1": "", "password2": ""}
    )

    assert answer.status_code == 302
    customer.refresh_from_db()
    assert not customer.has_usable_password()
    assert Api(token=token).code("{ me { email } }") == "UNAUTHENTICATED"


@pytest.mark.parametrize("password", ["12345678", "long " * 26], ids=["weak", "long"])
def test_a_password_that_nobody_could_use_is_not_set(password, clerk, customer):
    answer = _browser(clerk).post(
        _password_page(customer), {"usable_password": "true", "password1": password, "password2": password}
    )

    assert answer.status_code == 200
    customer.refresh_from_db()
    assert customer.check_password(PASSWORD)
    assert _history(customer) == []


def test_ones_own_password_is_changed_with_the_old_one_only(clerk):
    token = sessions.open_session(clerk).access_token
    client = _browser(clerk)

    elsewhere = client.post(_password_page(clerk), NEW_PASSWORD)
    wrong = client.post(reverse("admin:password_change"), _own("not my password"))
    assert Api(token=token)("{ me { email } }")["me"] == {"email": clerk.email}
    right = client.post(reverse("admin:password_change"), _own(PASSWORD))

    assert (elsewhere.status_code, elsewhere.url) == (302, reverse("admin:password_change"))
    assert wrong.status_code == 200
    assert (right.status_code, right.url) == (302, reverse("admin:password_change_done"))
    clerk.refresh_from_db()
    assert clerk.check_password(STRONG)
    assert Api(token=token).code("{ me { email } }") == "UNAUTHENTICATED"
    assert client.get(reverse("admin:index")).status_code == 200, "this browser stays"
    assert _history(clerk) == [("account.password_changed", {}, clerk)]


# ── Buttons ──────────────────────────────────────────────────────────────────────────────────────────────────────────
BUTTONS = ["deactivate", "reactivate", "end-sessions"]


def test_an_account_is_deactivated_with_a_reason_and_reactivated(clerk, customer):
    client = _browser(clerk)
    token = sessions.open_session(customer).access_token
    offered = [_buttons_on(client.get(_page(customer)))]

    said = _press(client, customer, "deactivate", reason="Chargebacks.")
    offered.append(_buttons_on(client.get(_page(customer))))
    said += _press(client, customer, "reactivate")

    assert offered == [["deactivate", "end-sessions"], ["reactivate"]]
    assert said == ["The account was deactivated.", "The account was reactivated."]
    assert Api(token=token).code("{ me { email } }") == "UNAUTHENTICATED"
    assert _history(customer) == [
        ("account.deactivated", {"reason": "Chargebacks."}, clerk),
        ("account.reactivated", {}, clerk),
    ]


def test_without_a_reason_the_form_asks_again(clerk, customer):
    answer = _browser(clerk).post(_button(customer, "deactivate"), SENT | {"reason": "  "})

    assert answer.status_code == 200
    assert "This field is required." in answer.text
    customer.refresh_from_db()
    assert customer.is_active is True
    assert _history(customer) == []


def test_nobody_deactivates_themselves(root):
    client = _browser(root)

    said = _press(client, root, "deactivate", reason="Bye.")

    assert "deactivate" not in _buttons_on(client.get(_page(root)))
    assert said == ["You cannot deactivate your own account. Ask another member of staff."]
    root.refresh_from_db()
    assert root.is_active is True


def test_all_sessions_of_somebody_are_ended(clerk, customer):
    tokens = [sessions.open_session(customer).access_token for _ in range(2)]

    said = _press(_browser(clerk), customer, "end-sessions")

    assert said == ["Every session was ended."]
    assert [sessions.verify(access_token=token) for token in tokens] == [None, None]
    assert _history(customer) == [("account.sessions_revoked", {"count": 2}, clerk)]


def test_one_session_is_ended_on_its_own_page(clerk, customer):
    session, other = _session(customer), _session(customer)
    client = _browser(clerk)
    page = reverse("admin:accounts_session_change", args=[session.pk])
    offered = reverse("admin:accounts_session_end", args=[session.pk]) in client.get(page).text

    answer = client.post(reverse("admin:accounts_session_end", args=[session.pk]), SENT)

    assert offered
    assert (answer.status_code, answer.url) == (302, page)
    assert reverse("admin:accounts_session_end", args=[session.pk]) not in client.get(page).text
    assert list(customer.sessions.open()) == [other]
    assert _history(customer) == [("account.session_revoked", {"session_id": str(session.pk)}, clerk)]


def test_a_session_is_shown_without_its_token_or_digest(root, customer):
    opened = sessions.sign_in(email=customer.email, password=PASSWORD)
    held = RefreshToken.objects.get()
    client = _browser(root)

    pages = [
        client.get(reverse("admin:accounts_session_changelist")).text,
        client.get(reverse("admin:accounts_session_change", args=[held.session_id])).text,
        client.get(_page(customer)).text,
    ]

    for page in pages:
        assert customer.email in page
        assert held.digest not in page
        assert opened.refresh_token not in page
        assert opened.access_token not in page


# ── Rights ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_administrator_sets_roles_and_nothing_beyond_them(administrator, customer):
    support = Group.objects.get(name="Support")

    answer = _save(
        _browser(administrator),
        customer,
        groups=[support.pk],
        is_superuser="on",
        user_permissions=[Permission.objects.first().pk],
    )

    assert answer.status_code == 302
    customer.refresh_from_db()
    assert list(customer.groups.all()) == [support]
    assert (customer.is_staff, customer.is_superuser, customer.user_permissions.count()) == (True, False, 0)
    assert _history(customer) == [("account.roles_changed", {"added": ["Support"], "removed": []}, administrator)]


def test_what_a_superuser_gives_by_hand_is_recorded_by_name(root, customer):
    client = _browser(root)
    seller = Group.objects.get(name="Seller")
    permission = Permission.objects.get(codename="manage_orders")

    _save(client, customer, groups=[seller.pk], user_permissions=[permission.pk], is_staff="on", is_superuser="on")
    _save(client, customer, groups=[seller.pk])

    customer.refresh_from_db()
    assert (customer.is_staff, customer.is_superuser, customer.user_permissions.count()) == (False, False, 0)
    given = ["Seller", "ordering.manage_orders", "staff", "superuser"]
    assert _history(customer) == [
        ("account.roles_changed", {"added": given, "removed": []}, root),
        ("account.roles_changed", {"added": [], "removed": given[1:]}, root),
    ]


def test_the_last_superuser_stays_one_and_is_told_why(root):
    client = _browser(root)

    answer = _save(client, root, is_superuser="", full_name="Somebody")

    assert _said(client, answer) == ["This is the last administrator. Make somebody else an administrator first."]
    root.refresh_from_db()
    assert (root.is_superuser, root.full_name) == (True, ""), "the whole form is refused"
    assert _history(root) == []


def test_a_superuser_s_own_address_is_not_changed_here(root):
    client = _browser(root)

    answer = _save(client, root, email="mine@example.com", is_staff="on", is_superuser="on")

    assert _said(client, answer) == ["Change your own address with emailChangeRequest, which asks for your password."]
    root.refresh_from_db()
    assert root.email == "root@example.com"


# ── Roles ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.name.lower())
def test_a_role_of_the_code_is_read_and_neither_changed_nor_deleted(role, root):
    group = Group.objects.get(name=role.value)
    before = set(group.permissions.all())
    client = _browser(root)
    page = reverse("admin:auth_group_change", args=[group.pk])

    shown = client.get(page)
    answers = [
        client.post(page, {"name": "Renamed", "permissions": []}).status_code,
        client.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"}).status_code,
    ]
    client.post(
        reverse("admin:auth_group_changelist"),
        {"action": "delete_selected", "_selected_action": group.pk, "post": "yes"},
    )

    assert shown.status_code == 200
    assert all(str(permission).replace("'", "&#x27;") in shown.text for permission in before)
    assert answers == [403, 403]
    group.refresh_from_db()
    assert group.name == role.value
    assert set(group.permissions.all()) == before


def test_a_role_s_page_costs_the_same_however_much_it_may(root):
    client = _browser(root)

    def cost(role):
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("admin:auth_group_change", args=[Group.objects.get(name=role.value).pk]))
        return len(captured)

    cost(Role.SUPPORT)
    assert cost(Role.ADMINISTRATOR) == cost(Role.SUPPORT)


def test_a_group_of_the_shops_own_is_made_changed_and_deleted_by_an_administrator(administrator):
    client = _browser(administrator)
    permission = Permission.objects.get(codename="manage_orders")

    made = client.post(reverse("admin:auth_group_add"), {"name": "Approvers", "permissions": []})
    group = Group.objects.get(name="Approvers")
    page = reverse("admin:auth_group_change", args=[group.pk])
    changed = client.post(page, {"name": "Deciders", "permissions": [permission.pk]})
    group.refresh_from_db()
    assert (group.name, list(group.permissions.all())) == ("Deciders", [permission])
    deleted = client.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"})

    assert [answer.status_code for answer in (made, changed, deleted)] == [302, 302, 302]
    assert not Group.objects.filter(name="Deciders").exists()


def test_whoever_may_only_edit_groups_cannot_put_permissions_into_their_own(db):
    person = make_user("person@example.com", roles=("Approvers",), is_staff=True)
    person.user_permissions.add(*Permission.objects.filter(content_type__model="group"))
    group = Group.objects.get(name="Approvers")
    everything = {"name": "Approvers", "permissions": [permission.pk for permission in Permission.objects.all()]}
    client = _browser(person)

    answers = [
        client.post(reverse("admin:auth_group_change", args=[group.pk]), everything).status_code,
        client.post(reverse("admin:auth_group_add"), everything | {"name": "Mine"}).status_code,
        client.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"}).status_code,
    ]

    assert answers == [403, 403, 403]
    assert group.permissions.count() == 0
    assert not Group.objects.filter(name="Mine").exists()


# ── Security events ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_security_events_are_those_of_accounts(clerk, customer):
    staff.update(actor=clerk, user_id=customer.pk, full_name="New")
    index = _browser(clerk).get(reverse("admin:index")).text
    address = reverse("admin:notifications_event_changelist") + "?type__startswith=account."

    page = _browser(clerk).get(address)

    assert address in index
    assert page.status_code == 200
    assert [event.type for event in page.context_data["cl"].result_list] == ["account.updated"]
    others = reverse("admin:notifications_event_changelist") + "?type__startswith=order."
    assert list(_browser(clerk).get(others).context_data["cl"].result_list) == []


def test_supply_chain_sees_no_people_and_no_security_events(db):
    client = _browser(make_user("chain@example.com", roles=("Supply chain",), is_staff=True))

    answers = [
        client.get(reverse(f"admin:{page}_changelist")).status_code
        for page in ("ordering_order", "accounts_user", "accounts_session", "notifications_event", "auth_group")
    ]

    assert answers == [200, 403, 403, 403, 403]


def _browser(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def _page(person) -> str:
    return reverse("admin:accounts_user_change", args=[person.pk])


def _password_page(person) -> str:
    return reverse("admin:auth_user_password_change", args=[person.pk])


def _button(person, name) -> str:
    return f"{reverse('admin:accounts_user_changelist')}{person.pk}/{name}/"


def _buttons_on(page) -> list[str]:
    return [name for name in BUTTONS if f"/{name}/" in page.text]


def _press(client, person, name, **values) -> list[str]:
    return _said(client, client.post(_button(person, name), SENT | values))


def _said(client, answer) -> list[str]:
    """The messages on the page that comes next."""
    assert answer.status_code == 302
    return [str(message) for message in client.get(answer.url).context["messages"]]


def _save(client, person, **values):
    """The form of a person's page, as it is but for these."""
    as_it_is = {"email": person.email, "full_name": person.full_name, "rate_tier": person.rate_tier}
    # The pages of the history are a form too, of which nothing can be changed.
    management = {
        f"{prefix}-{name}": "0"
        for prefix in ("addresses", "notifications-event-subject_type-subject_id")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS")
    }
    return client.post(_page(person), {**management, **as_it_is, **values})


def _own(old) -> dict[str, str]:
    return {"old_password": old, "new_password1": STRONG, "new_password2": STRONG}


def _session(person) -> Session:
    sessions.open_session(person)
    return person.sessions.latest("created_at")


def _history(person):
    events = Event.objects.filter(subject_id=str(person.pk)).order_by("seq").select_related("actor")
    return [(event.type, event.payload, event.actor) for event in events]
