"""Roles: seven groups that hold what the code says, whatever was done to them in between."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import permissions as of_accounts
from accounts.models import User
from accounts.permissions import STAFF_ROLES, Role
from accounts.services import roles
from catalog import permissions as of_catalog
from ordering import permissions as of_orders
from tests.conftest import PASSWORD, Api, gid, make_user
from workflows import permissions as of_workflows

pytestmark = pytest.mark.django_db

MODULES = [of_accounts, of_catalog, of_orders, of_workflows]
ROLES = "{ roles { name permissions isStaff } }"
ORDER_DESK = {"ordering.view_all_orders", "ordering.manage_orders", "ordering.view_order", "ordering.view_payment"}


def test_the_seven_roles_are_there_after_migrate():
    assert set(Group.objects.values_list("name", flat=True)) == {role.value for role in Role}


def test_each_role_may_do_what_it_is_for():
    may = {role: _held(role) for role in Role}

    assert may[Role.CUSTOMER] == set()
    assert may[Role.SELLER] == {"catalog.sell"}
    assert may[Role.SUPPORT] >= ORDER_DESK | {"accounts.view_user", "accounts.manage_users"}
    assert may[Role.SUPPLY_CHAIN] >= ORDER_DESK | {"catalog.view_all_products"}
    assert "accounts.view_user" not in may[Role.SUPPLY_CHAIN]
    for role in (Role.MERCHANDISER, Role.RND_MANAGER):
        assert "catalog.view_all_products" in may[role]
    assert {name.partition(".")[0] for name in may[Role.RND_MANAGER]} == {"catalog"}
    assert {name for name in may[Role.MERCHANDISER] if not name.startswith("catalog.")} == {
        *("ordering.manage_promotions", "ordering.view_promotion", "ordering.view_promotionuse"),
        "ordering.view_customergroup",
    }


def test_only_an_administrator_sets_roles_and_adds_or_deletes_by_hand():
    by_hand = {
        name
        for role in Role
        if role is not Role.ADMINISTRATOR
        for name in _held(role)
        if name.partition(".")[2].startswith(("add_", "change_", "delete_"))
    }

    assert by_hand == set()
    assert [role for role in Role if "accounts.set_roles" in _held(role)] == [Role.ADMINISTRATOR]


def test_an_administrator_may_do_everything():
    assert _held(Role.ADMINISTRATOR) == {roles.name_of(permission) for permission in Permission.objects.all()}


def test_every_permission_that_code_gives_to_a_role_exists():
    declared = {name for app in apps.get_app_configs() for _, name in roles._declared(app)}
    given = {name for module in MODULES for names in module.ROLES.values() for name in names}

    existing = {roles.name_of(permission) for permission in Permission.objects.all()}

    assert declared == given
    assert given - existing == set()


def test_what_was_changed_by_hand_is_as_the_code_says_after_the_next_migrate():
    support = Group.objects.get(name="Support")
    before = _held(Role.SUPPORT)
    support.permissions.remove(Permission.objects.get(codename="manage_users"))
    support.permissions.add(Permission.objects.get(codename="delete_order"))
    Group.objects.get(name="Seller").delete()

    call_command("migrate", verbosity=0)

    assert _held(Role.SUPPORT) == before
    assert Group.objects.filter(name="Seller").exists()


def test_one_apps_turn_changes_that_apps_permissions_only():
    support = Group.objects.get(name="Support")
    support.permissions.clear()

    roles.sync(apps.get_app_config("ordering"))

    assert {name.partition(".")[0] for name in _held(Role.SUPPORT)} == {"ordering"}


def test_groups_of_the_shops_own_are_left_alone():
    approvers = Group.objects.create(name="Approvers")
    approvers.permissions.add(Permission.objects.get(codename="manage_orders"))

    call_command("migrate", verbosity=0)

    assert _names(approvers) == {"ordering.manage_orders"}


def test_members_keep_their_roles():
    clerk = make_user(roles=("Support",))

    call_command("migrate", verbosity=0)

    assert [group.name for group in clerk.groups.all()] == ["Support"]


@pytest.mark.parametrize("label", ["accounts", "ordering", "contenttypes"])
def test_when_nothing_changes_an_app_costs_three_statements_and_writes_nothing(label):
    app = apps.get_app_config(label)

    with CaptureQueriesContext(connection) as captured:
        roles.sync(app)

    reads = [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]
    assert [sql.split(" ", 1)[0] for sql in reads] == ["SELECT"] * 3


@pytest.mark.django_db(transaction=True)
def test_the_roles_are_there_again_after_a_flush():
    before = {role: _held(role) for role in Role}

    call_command("flush", interactive=False, verbosity=0)

    assert {role: _held(role) for role in Role} == before


def test_somebody_who_registers_is_a_customer(guest, settings):
    settings.EMAIL_VERIFICATION = False

    guest(
        "mutation($input: AccountRegisterInput!) { accountRegister(input: $input) { userErrors { code } } }",
        input={"email": "new@example.com", "password": PASSWORD},
    )

    assert [group.name for group in User.objects.get(email="new@example.com").groups.all()] == ["Customer"]


def test_the_api_lists_the_roles_in_their_order_and_then_groups_of_the_shops_own():
    Group.objects.create(name="Approvers")
    support = Api(make_user(roles=("Support",)))

    listed = support(ROLES)["roles"]

    assert [role["name"] for role in listed] == [*(role.value for role in Role), "Approvers"]
    assert {role["name"] for role in listed if role["isStaff"]} == {role.value for role in STAFF_ROLES}
    by_name = {role["name"]: role["permissions"] for role in listed}
    assert by_name["Customer"] == by_name["Approvers"] == []
    assert by_name["Support"] == sorted(_held(Role.SUPPORT))


def test_listing_roles_costs_the_same_however_many_there_are():
    support = Api(make_user(roles=("Support",)))
    support(ROLES)
    with CaptureQueriesContext(connection) as few:
        support(ROLES)

    for number in range(20):
        group = Group.objects.create(name=f"Group {number}")
        group.permissions.add(Permission.objects.all()[number])
    with CaptureQueriesContext(connection) as many:
        support(ROLES)

    assert len(many) == len(few)


def test_permissions_are_told_to_oneself_and_to_those_who_may_look_at_users(customer):
    merchandiser = make_user("merchandiser@example.com", roles=("Merchandiser",))
    query = "query($id: ID!) { user(id: $id) { permissions lastLogin } }"

    own = Api(merchandiser)("{ me { permissions lastLogin } }")["me"]
    seen = Api(make_user(roles=("Support",)))(query, id=gid(merchandiser))["user"]

    assert own == seen == {"permissions": sorted(_held(Role.MERCHANDISER)), "lastLogin": None}
    assert Api(customer)("{ me { permissions } }")["me"] == {"permissions": []}


def test_a_superuser_may_do_everything_and_somebody_deactivated_nothing():
    root = User.objects.create_superuser("root@example.com", PASSWORD)
    gone = make_user("gone@example.com", roles=("Support",), is_active=False)
    query = "query($id: ID!) { user(id: $id) { permissions } }"

    everything = Api(root)("{ me { permissions } }")["me"]["permissions"]
    nothing = Api(root)(query, id=gid(gone))["user"]["permissions"]

    assert everything == sorted(roles.name_of(permission) for permission in Permission.objects.all())
    assert nothing == []


def _held(role):
    return _names(Group.objects.get(name=role.value))


def _names(group):
    return {roles.name_of(permission) for permission in group.permissions.all()}
