"""Staff and people: who may see them, change them and give them roles, and that nobody reaches beyond themselves."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.errors import AccountError
from accounts.models import EmailLink, User
from accounts.services import passwords, sessions, staff
from notifications.models import Event, Notification
from tests.conftest import PASSWORD, Api, gid, make_user
from tests.people import ERRORS, codes, sign_in, token_in

pytestmark = pytest.mark.django_db

USERS = """
query($filters: UserFilters, $ordering: [UserOrdering!], $first: Int, $after: String) {
  users(filters: $filters, ordering: $ordering, first: $first, after: $after) {
    totalCount pageInfo { endCursor hasNextPage }
    edges { node { id email fullName isActive isStaff rateTier roles permissions lastLogin } }
  }
}
"""
UPDATE = f"""
mutation($id: ID!, $input: UserUpdateInput!) {{
  userUpdate(id: $id, input: $input) {{ user {{ email fullName rateTier }} {ERRORS} }}
}}
"""
DEACTIVATE = f"""
mutation($id: ID!, $reason: String!) {{
  userDeactivate(id: $id, reason: $reason) {{ user {{ isActive }} {ERRORS} }}
}}
"""
REACTIVATE = f"mutation($id: ID!) {{ userReactivate(id: $id) {{ user {{ isActive }} {ERRORS} }} }}"
SET_ROLES = f"""
mutation($id: ID!, $roles: [String!]!) {{
  userRolesSet(id: $id, roles: $roles) {{ user {{ roles isStaff }} {ERRORS} }}
}}
"""


@pytest.fixture
def support(db):
    return make_user("support@example.com", roles=("Support",), is_staff=True)


@pytest.fixture
def administrator(db):
    return make_user("administrator@example.com", roles=("Administrator",), is_staff=True)


@pytest.fixture
def superuser(db):
    return User.objects.create_superuser("root@example.com", PASSWORD)


@pytest.fixture
def personnel(db):
    """Somebody of a group of the shop's own that may set roles, and little else."""
    group = Group.objects.create(name="Personnel")
    group.permissions.add(*Permission.objects.filter(codename__in=["view_user", "manage_users", "set_roles"]))
    return make_user("personnel@example.com", roles=("Personnel",), is_staff=True)


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_support_lists_everybody_newest_first(support, customer):
    listed = _listed(support)

    assert listed == ["customer@example.com", "support@example.com"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"search": "CUSTOM"}, ["customer@example.com"]),
        ({"search": "cleo"}, ["customer@example.com"]),
        ({"search": "100%"}, []),
        ({"role": "Support"}, ["support@example.com"]),
        ({"role": "Supp"}, []),
        ({"isActive": False}, ["gone@example.com"]),
        ({"isStaff": True, "isActive": True}, ["support@example.com"]),
        ({"joinedBefore": "2020-01-01T00:00:00Z"}, ["old@example.com"]),
        ({"joinedAfter": "2020-01-01T00:00:00Z", "isStaff": False}, ["customer@example.com", "gone@example.com"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_the_list_is_narrowed(filters, found, support, customer):
    make_user("gone@example.com", is_active=False)
    old = make_user("old@example.com")
    User.objects.filter(pk=old.pk).update(date_joined=datetime(2019, 5, 1, tzinfo=UTC))

    assert sorted(_listed(support, filters=filters)) == found


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        ([{"dateJoined": "ASC"}], ["support", "b", "c", "a"]),
        ([{"email": "ASC"}], ["a", "b", "c", "support"]),
        ([{"email": "DESC"}], ["support", "c", "b", "a"]),
        ([{"fullName": "ASC"}, {"email": "DESC"}], ["support", "c", "b", "a"]),
        ([{"lastLogin": "DESC"}, {"email": "ASC"}], ["c", "b", "a", "support"]),
        ([{"lastLogin": "ASC"}, {"email": "ASC"}], ["b", "c", "a", "support"]),
    ],
    ids=["joined", "email", "email-desc", "name", "login-desc", "login"],
)
def test_the_list_is_ordered_and_paged_without_losing_anybody(ordering, expected, support):
    for name, full_name, day in (("b", "Zed", 1), ("c", "Abel", 2), ("a", "Zed", None)):
        last_login = day and datetime(2026, 1, day, tzinfo=UTC)
        make_user(f"{name}@example.com", full_name=full_name, last_login=last_login)

    emails, after = [], None
    while True:
        page = Api(support)(USERS, ordering=ordering, first=1, after=after)["users"]
        emails += [edge["node"]["email"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert [email.removesuffix("@example.com") for email in emails] == expected


def test_the_list_costs_the_same_for_one_user_and_for_twenty(support):
    api = Api(support)
    api(USERS)
    with CaptureQueriesContext(connection) as few:
        api(USERS)

    for number in range(19):
        roles = ("Customer", "Merchandiser") if number % 2 else ("Administrator",)
        make_user(roles=roles, is_superuser=number % 3 == 0)
    with CaptureQueriesContext(connection) as many:
        listed = api(USERS, first=20)["users"]

    assert len(listed["edges"]) == 20
    assert len(many) == len(few)


def test_who_was_erased_is_not_there(support, customer):
    User.objects.filter(pk=customer.pk).update(erased_at=timezone.now(), is_active=False)

    assert _listed(support) == ["support@example.com"]
    assert Api(support).code("query($id: ID!) { user(id: $id) { email } }", id=gid(customer)) == "NOT_FOUND"


def test_a_history_of_somebody_else_is_for_those_who_may_look_at_users(support, customer):
    query = "query($id: ID!) { user(id: $id) { sessions { totalCount } events { edges { node { type } } } } }"
    sessions.sign_in(email=customer.email, password=PASSWORD)

    seen = Api(support)(query, id=gid(customer))["user"]

    assert seen["sessions"] == {"totalCount": 1}
    assert [edge["node"]["type"] for edge in seen["events"]["edges"]] == ["account.signed_in"]
    assert Api(customer).code(query, id=gid(support)) == "FORBIDDEN"


# ── Changing ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_support_changes_a_customer_and_the_old_address_is_told(support, customer, mailed):
    token = sessions.open_session(customer).access_token

    with mailed() as letters:
        payload = Api(support)(
            UPDATE,
            id=gid(customer),
            input={"fullName": " Cleo New ", "email": "Cleo@Example.COM", "rateTier": "PREMIUM"},
        )["userUpdate"]

    assert payload == {
        "user": {"email": "cleo@example.com", "fullName": "Cleo New", "rateTier": "PREMIUM"},
        "userErrors": [],
    }
    assert [letter.to for letter in letters] == [["customer@example.com"]]
    assert _history(customer) == [
        ("account.updated", {"fields": ["email", "full_name", "rate_tier"]}, support),
        ("account.email_changed", {}, support),
    ]
    assert Api(token=token)("{ me { email } }")["me"] == {"email": "cleo@example.com"}, "sessions go on"


def test_links_to_the_former_address_open_nothing(support, customer, mailed, guest):
    with mailed() as letters:
        passwords.request_reset(email=customer.email)
    staff.update(actor=support, user_id=customer.pk, email="cleo@example.com")

    with pytest.raises(AccountError) as refusal:
        passwords.reset(token=token_in(letters[0]), new_password="another fine password")

    assert refusal.value.code == "LINK_INVALID"
    assert not EmailLink.objects.filter(user=customer).exists()


@pytest.mark.parametrize(
    "input",
    [{}, {"fullName": None}, {"fullName": "Cleo Customer", "email": "CUSTOMER@example.com", "rateTier": "STANDARD"}],
    ids=["nothing", "null", "the same"],
)
def test_what_stays_the_same_is_not_recorded(input, support, customer):
    payload = Api(support)(UPDATE, id=gid(customer), input=input)["userUpdate"]

    assert payload["userErrors"] == []
    assert _history(customer) == []


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"email": "SUPPORT@example.com"}, "EMAIL_TAKEN", ["input", "email"]),
        ({"email": "no address"}, "EMAIL_INVALID", ["input", "email"]),
        ({"email": ""}, "EMAIL_INVALID", ["input", "email"]),
        ({"email": "сustomer@example.com"}, "EMAIL_INVALID", ["input", "email"]),
        ({"fullName": "Cleo\u202e"}, "FULL_NAME_INVALID", ["input", "fullName"]),
        ({"fullName": "C" * 151, "rateTier": "PREMIUM"}, "FULL_NAME_INVALID", ["input", "fullName"]),
    ],
    ids=["taken", "no address", "empty", "look-alike", "turned around", "long"],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(input, code, field, support, customer):
    before = _row(customer)

    payload = Api(support)(UPDATE, id=gid(customer), input=input)["userUpdate"]

    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [(code, field)]
    assert _row(customer) == before
    assert _history(customer) == []


def test_ones_own_address_is_not_changed_without_the_password(superuser):
    payload = Api(superuser)(UPDATE, id=gid(superuser), input={"email": "mine@example.com"})["userUpdate"]

    assert codes(payload) == ["NOT_PERMITTED"]
    assert _row(superuser)["email"] == "root@example.com"
    assert _history(superuser) == []


# ── Nobody reaches beyond themselves ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("above", ["superuser", "administrator", "merchandiser", "approver", "deactivated", "by hand"])
def test_support_cannot_touch_an_account_that_may_do_more(above, support):
    target = {
        "superuser": lambda: make_user("target@example.com", is_superuser=True),
        "administrator": lambda: make_user("target@example.com", roles=("Administrator",)),
        "merchandiser": lambda: make_user("target@example.com", roles=("Merchandiser",)),
        "approver": lambda: make_user("target@example.com", roles=("Approvers",)),
        "deactivated": lambda: make_user("target@example.com", roles=("Administrator",), is_active=False),
        "by hand": lambda: make_user("target@example.com"),
    }[above]()
    if above == "by hand":
        target.user_permissions.add(Permission.objects.get(codename="set_roles"))
    open_session = sessions.open_session(target)
    before = _row(target)
    api = Api(support)

    answers = [
        api(UPDATE, id=gid(target), input={"email": "support2@example.com"})["userUpdate"],
        api(DEACTIVATE, id=gid(target), reason="Mine now.")["userDeactivate"],
        api(REACTIVATE, id=gid(target))["userReactivate"],
    ]

    assert [codes(answer) for answer in answers] == [["NOT_PERMITTED"]] * 3
    for service, arguments in (
        (staff.set_password, {"user_id": target.pk, "password": "mine now and here"}),
        (staff.end_sessions, {"user_id": target.pk}),
        (staff.end_session, {"session_id": open_session.user.session_id}),
    ):
        with pytest.raises(AccountError) as refusal:
            service(actor=support, **arguments)
        assert refusal.value.code == "NOT_PERMITTED"
    assert _row(target) == before
    assert _history(target) == []
    assert target.sessions.open().count() == 1


def test_support_works_on_their_colleagues(support):
    colleague = make_user("colleague@example.com", roles=("Support", "Customer"), is_staff=True)

    payload = Api(support)(UPDATE, id=gid(colleague), input={"fullName": "Col"})["userUpdate"]

    assert payload["userErrors"] == []


def test_an_administrator_reaches_everybody_but_superusers(administrator, superuser):
    approver = make_user("approver@example.com", roles=("Approvers",))
    other = make_user("other@example.com", roles=("Administrator",))
    api = Api(administrator)

    answers = [
        codes(api(UPDATE, id=gid(target), input={"fullName": "New"})["userUpdate"])
        for target in (approver, other, superuser)
    ]

    assert answers == [[], [], ["NOT_PERMITTED"]]


def test_rights_that_ended_a_moment_ago_are_of_no_use(support, customer):
    stale = User.objects.get(pk=support.pk)
    assert stale.has_perm("accounts.manage_users")
    support.groups.clear()

    with pytest.raises(AccountError) as refusal:
        staff.update(actor=stale, user_id=customer.pk, full_name="New")

    assert refusal.value.code == "NOT_PERMITTED"
    assert _history(customer) == []


@pytest.mark.parametrize("mutation", [UPDATE, DEACTIVATE, REACTIVATE, SET_ROLES], ids=["u", "d", "r", "s"])
def test_somebody_erased_is_not_found(mutation, administrator, customer):
    User.objects.filter(pk=customer.pk).update(erased_at=timezone.now(), is_active=False)
    before = _row(customer)

    (payload,) = Api(administrator)(
        mutation, id=gid(customer), **_arguments(mutation, input={"fullName": "Cleo"}, reason="x", roles=["Customer"])
    ).values()

    assert codes(payload) == ["NOT_FOUND"]
    assert _row(customer) == before
    assert _history(customer) == []


# ── Deactivating ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_deactivation_ends_every_session_and_keeps_out_until_reactivation(support, customer, guest):
    token = sessions.open_session(customer).access_token
    api = Api(support)

    payload = api(DEACTIVATE, id=gid(customer), reason=" Chargebacks.\nTwice. ")["userDeactivate"]

    assert payload == {"user": {"isActive": False}, "userErrors": []}
    assert Api(token=token).code("{ me { email } }") == "UNAUTHENTICATED"
    assert codes(sign_in(guest)) == ["INVALID_CREDENTIALS"]
    again = api(DEACTIVATE, id=gid(customer), reason="Again.")["userDeactivate"]
    assert again["userErrors"] == []
    assert api(REACTIVATE, id=gid(customer))["userReactivate"] == {"user": {"isActive": True}, "userErrors": []}
    assert api(REACTIVATE, id=gid(customer))["userReactivate"]["userErrors"] == []
    assert Api(token=token).code("{ me { email } }") == "UNAUTHENTICATED", "sessions do not come back"
    assert _history(customer) == [
        ("account.deactivated", {"reason": "Chargebacks.\nTwice."}, support),
        ("account.reactivated", {}, support),
    ]
    assert codes(sign_in(guest)) == []


@pytest.mark.parametrize(
    "reason", ["", "  ", "x" * 501, "a\x00b", "a\ud800"], ids=["empty", "blank", "long", "nul", "half"]
)
def test_a_reason_is_needed(reason, support, customer):
    with pytest.raises(AccountError) as refusal:
        staff.deactivate(actor=support, user_id=customer.pk, reason=reason)

    assert (refusal.value.code, refusal.value.field) == ("REASON_INVALID", ["reason"])
    assert _row(customer)["is_active"] is True
    assert _history(customer) == []


def test_nobody_deactivates_themselves(superuser, administrator):
    payload = Api(superuser)(DEACTIVATE, id=gid(superuser), reason="Bye.")["userDeactivate"]

    assert codes(payload) == ["NOT_PERMITTED"]
    assert _row(superuser)["is_active"] is True
    assert _history(superuser) == []


def test_ending_sessions_is_recorded_once(support, customer):
    for _ in range(2):
        sessions.open_session(customer)

    ended = [staff.end_sessions(actor=support, user_id=customer.pk) for _ in range(2)]

    assert ended == [2, 0]
    assert _history(customer) == [("account.sessions_revoked", {"count": 2}, support)]


def test_one_session_is_ended_and_the_others_go_on(support, customer):
    ended, other = (sessions.open_session(customer) for _ in range(2))
    session_id = sessions.verify(access_token=ended.access_token)[0].session_id

    for _ in range(2):
        staff.end_session(actor=support, session_id=session_id)

    assert sessions.verify(access_token=ended.access_token) is None
    assert sessions.verify(access_token=other.access_token) is not None
    assert _history(customer) == [("account.session_revoked", {"session_id": str(session_id)}, support)]


# ── Roles ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_roles_are_set_and_who_works_for_the_shop_may_open_the_admin(administrator, customer):
    api = Api(administrator)

    given = api(SET_ROLES, id=gid(customer), roles=["Support", "Customer", "Support"])["userRolesSet"]
    same = api(SET_ROLES, id=gid(customer), roles=["Customer", "Support"])["userRolesSet"]
    taken = api(SET_ROLES, id=gid(customer), roles=["Customer"])["userRolesSet"]

    assert given == {"user": {"roles": ["Customer", "Support"], "isStaff": True}, "userErrors": []}
    assert same == given
    assert taken == {"user": {"roles": ["Customer"], "isStaff": False}, "userErrors": []}
    assert _history(customer) == [
        ("account.roles_changed", {"added": ["Customer", "Support"], "removed": []}, administrator),
        ("account.roles_changed", {"added": [], "removed": ["Support"]}, administrator),
    ]


def test_a_role_is_of_use_at_once_and_gone_at_once(administrator, customer):
    api = Api(customer)
    assert api.code("{ users { totalCount } }") == "FORBIDDEN"

    staff.set_roles(actor=administrator, user_id=customer.pk, roles=["Support"])
    seen = api("{ users { totalCount } }")["users"]
    staff.set_roles(actor=administrator, user_id=customer.pk, roles=[])

    assert seen == {"totalCount": 2}
    assert api.code("{ users { totalCount } }") == "FORBIDDEN"


@pytest.mark.parametrize("name", ["Nobody", "support", "", "Support\x00", "x" * 1000], ids=range(5))
def test_an_unknown_role_is_named_and_nothing_is_given(name, administrator, customer):
    payload = Api(administrator)(SET_ROLES, id=gid(customer), roles=["Support", name])["userRolesSet"]

    (error,) = payload["userErrors"]
    assert (error["code"], error["field"]) == ("ROLE_UNKNOWN", ["roles"])
    assert repr(name) in error["message"]
    assert customer.groups.count() == 0
    assert _history(customer) == []


@pytest.mark.parametrize("name", ["Administrator", "Supply chain", "Approvers"])
def test_nobody_gives_what_they_lack(name, personnel, customer):
    Group.objects.create(name="Approvers")

    payload = Api(personnel)(SET_ROLES, id=gid(customer), roles=["Customer", name])["userRolesSet"]

    assert codes(payload) == ["NOT_PERMITTED"]
    assert name in payload["userErrors"][0]["message"]
    assert customer.groups.count() == 0
    assert _history(customer) == []


def test_nobody_gives_themselves_what_they_lack(personnel):
    payload = Api(personnel)(SET_ROLES, id=gid(personnel), roles=["Personnel", "Administrator"])["userRolesSet"]

    assert codes(payload) == ["NOT_PERMITTED"]
    assert [group.name for group in personnel.groups.all()] == ["Personnel"]


def test_what_one_holds_can_be_given(personnel, customer):
    payload = Api(personnel)(SET_ROLES, id=gid(customer), roles=["Personnel", "Customer"])["userRolesSet"]

    assert payload == {"user": {"roles": ["Customer", "Personnel"], "isStaff": False}, "userErrors": []}


def test_an_administrator_says_who_decides_approval_requests(administrator, customer):
    Group.objects.create(name="Approvers")

    payload = Api(administrator)(SET_ROLES, id=gid(customer), roles=["Customer", "Approvers"])["userRolesSet"]

    assert payload["user"]["roles"] == ["Approvers", "Customer"]


def test_a_superuser_stays_staff_and_so_does_who_was_let_in_by_hand(superuser, administrator):
    by_hand = make_user("hand@example.com", roles=("Approvers",), is_staff=True)

    payloads = [
        Api(superuser)(SET_ROLES, id=gid(superuser), roles=["Customer"])["userRolesSet"],
        Api(administrator)(SET_ROLES, id=gid(by_hand), roles=["Approvers", "Customer"])["userRolesSet"],
    ]

    assert [payload["user"]["isStaff"] for payload in payloads] == [True, True]


def test_only_a_superuser_sets_rights_by_hand(administrator, customer):
    with pytest.raises(AccountError) as refusal:
        staff.set_rights(
            actor=administrator, user_id=customer.pk, roles=[], permissions=[], is_staff=True, is_superuser=True
        )

    assert refusal.value.code == "NOT_PERMITTED"
    assert (_row(customer)["is_staff"], _row(customer)["is_superuser"]) == (False, False)
    assert _history(customer) == []


# ── The last administrator ───────────────────────────────────────────────────────────────────────────────────────────
def test_the_last_administrator_stays(administrator):
    make_user("deactivated@example.com", roles=("Administrator",), is_active=False)

    payload = Api(administrator)(SET_ROLES, id=gid(administrator), roles=["Support"])["userRolesSet"]

    assert codes(payload) == ["LAST_ADMINISTRATOR"]
    assert [group.name for group in administrator.groups.all()] == ["Administrator"]
    assert _history(administrator) == []


def test_who_holds_every_permission_without_being_an_administrator_cannot_remove_the_last_one(administrator):
    deputy = make_user("deputy@example.com")
    deputy.user_permissions.add(*Permission.objects.all())

    payload = Api(deputy)(DEACTIVATE, id=gid(administrator), reason="Coup.")["userDeactivate"]

    assert codes(payload) == ["LAST_ADMINISTRATOR"]
    assert _row(administrator)["is_active"] is True
    assert _history(administrator) == []


def test_an_administrator_goes_when_there_is_another(administrator, superuser):
    payload = Api(administrator)(SET_ROLES, id=gid(administrator), roles=[])["userRolesSet"]

    assert payload == {"user": {"roles": [], "isStaff": False}, "userErrors": []}


def test_the_last_superuser_gives_up_nothing_by_hand(superuser):
    with pytest.raises(AccountError) as refusal:
        staff.set_rights(
            actor=superuser, user_id=superuser.pk, roles=["Support"], permissions=[], is_staff=True, is_superuser=False
        )

    assert refusal.value.code == "LAST_ADMINISTRATOR"
    assert _row(superuser)["is_superuser"] is True
    assert superuser.groups.count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("whom", ["each other", "themselves"])
def test_two_administrators_who_go_at_the_same_moment_leave_one(whom, transactional_db):
    pair = [make_user(f"{name}@example.com", roles=("Administrator",), is_staff=True) for name in ("ann", "bob")]
    targets = pair if whom == "themselves" else pair[::-1]
    together = Barrier(2)

    def go(actor, target):
        try:
            together.wait()
            staff.set_roles(actor=actor, user_id=target.pk, roles=[])
        except AccountError as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(go, pair, targets))

    assert sorted(answers, key=str) == [
        "LAST_ADMINISTRATOR" if whom == "themselves" else "NOT_PERMITTED",
        None,
    ]
    assert User.objects.filter(groups__name="Administrator", is_active=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_deactivate_each_other_at_the_same_moment_leave_one(transactional_db):
    pair = [make_user(f"{name}@example.com", roles=("Support",), is_staff=True) for name in ("ann", "bob")]
    together = Barrier(2)

    def go(actor, target):
        try:
            together.wait()
            staff.deactivate(actor=actor, user_id=target.pk, reason="You first.")
        except AccountError as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(go, pair, pair[::-1]))

    assert sorted(answers, key=str) == ["NOT_PERMITTED", None]
    assert User.objects.filter(is_active=True).count() == 1


# ── What the person is told ──────────────────────────────────────────────────────────────────────────────────────────
def test_the_person_finds_new_roles_in_the_inbox_and_gets_no_mail(administrator, customer, mailed):
    with mailed() as letters:
        staff.set_roles(actor=administrator, user_id=customer.pk, roles=["Seller"])

    told = Notification.objects.get()
    assert (told.user, told.event.message, told.event.details) == (
        customer,
        "The roles were changed.",
        "Added: Seller.",
    )
    assert letters == mail.outbox == []


def test_a_password_set_by_staff_ends_every_session_and_its_owner_is_told(support, customer, mailed, guest):
    token = sessions.open_session(customer).access_token

    with mailed() as letters:
        staff.set_password(actor=support, user_id=customer.pk, password="another fine password")

    assert Api(token=token).code("{ me { email } }") == "UNAUTHENTICATED"
    assert codes(sign_in(guest)) == ["INVALID_CREDENTIALS"]
    assert codes(sign_in(guest, password="another fine password")) == []
    assert [letter.to for letter in letters] == [[customer.email]]
    assert _history(customer)[0] == ("account.password_changed", {}, support)


def _listed(viewer, **variables):
    return [edge["node"]["email"] for edge in Api(viewer)(USERS, **variables)["users"]["edges"]]


def _history(user):
    events = Event.objects.filter(subject_id=str(user.pk)).order_by("seq").select_related("actor")
    return [(event.type, event.payload, event.actor) for event in events]


def _row(user):
    return User.objects.filter(pk=user.pk).values().get()


def _arguments(mutation, **values):
    return {name: value for name, value in values.items() if f"${name}:" in mutation}
