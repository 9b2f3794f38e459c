"""What an account's history tells: what happened in words, who did it and from where, to whom that is known."""

import pytest
from channels.db import database_sync_to_async
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.permissions import Role
from accounts.services import profile, sessions, staff
from notifications.models import Event
from tests.conftest import PASSWORD, Api, gid, make_user, make_variant, socket
from tests.people import coming_from
from tests.shopping import order_of

pytestmark = pytest.mark.django_db

EVENT = "type message details origin actor { email }"
MINE = f"query($n: Int) {{ me {{ events(first: $n) {{ edges {{ node {{ {EVENT} }} }} }} }} }}"
THEIRS = f"query($id: ID!) {{ user(id: $id) {{ events {{ edges {{ node {{ {EVENT} }} }} }} }} }}"
HOME, OFFICE = "203.0.113.7", "198.51.100.9"


@pytest.fixture
def support(db):
    return make_user("support@example.com", roles=(Role.SUPPORT,), is_staff=True)


@pytest.fixture
def administrator(db):
    return make_user("admin@example.com", roles=(Role.ADMINISTRATOR,), is_staff=True)


@pytest.fixture
def history(customer, support):
    """Something that support did, after something of the customer's own."""
    with coming_from(HOME):
        profile.update(actor=customer, full_name="Cleo New")
    with coming_from(OFFICE):
        staff.update(actor=support, user_id=customer.pk, full_name="Cleo Newer")


def nodes(user):
    return [edge["node"] for edge in user["events"]["edges"]]


def test_who_and_where_staff_were_is_not_told_to_whom_they_helped(customer, history):
    by_staff, own = nodes(Api(customer)(MINE)["me"])

    assert (by_staff["origin"], by_staff["actor"]) == ("", None)
    assert (own["origin"], own["actor"]) == (HOME, {"email": customer.email})


def test_who_may_look_at_users_sees_who_did_what_and_from_where(customer, support, history):
    by_staff, own = nodes(Api(support)(THEIRS, id=gid(customer))["user"])

    assert (by_staff["origin"], by_staff["actor"]) == (OFFICE, {"email": support.email})
    assert (own["origin"], own["actor"]) == (HOME, {"email": customer.email})


def test_what_nobody_signed_in_did_is_told_with_where_it_was_done(customer):
    with coming_from(HOME):
        session = sessions.sign_in(email=customer.email, password=PASSWORD)
        sessions.refresh(refresh_token=sessions.refresh(refresh_token=session.refresh_token).refresh_token)
        with pytest.raises(sessions.AccountError):
            sessions.refresh(refresh_token=session.refresh_token)

    (reused, _) = nodes(Api(customer)(MINE)["me"])

    assert (reused["type"], reused["origin"], reused["actor"]) == ("account.refresh_token_reused", HOME, None)


def test_where_somebody_was_who_helped_a_colleague_is_not_told_to_the_colleague(support, administrator):
    with coming_from(OFFICE):
        staff.update(actor=administrator, user_id=support.pk, full_name="Sue Support")

    (event,) = nodes(Api(support)(MINE)["me"])

    assert (event["origin"], event["actor"]) == ("", {"email": administrator.email})


def test_the_e_mail_does_not_tell_where_staff_were(customer, support, mailed):
    with mailed() as letters, coming_from(OFFICE):
        staff.update(actor=support, user_id=customer.pk, email="cleo@example.com")

    (letter,) = letters
    assert "It was done on " in letter.body
    assert OFFICE not in letter.message().as_string()


def test_the_details_say_which_roles_and_why(customer, administrator):
    staff.set_roles(actor=administrator, user_id=customer.pk, roles=["Customer", "Seller"])
    staff.deactivate(actor=administrator, user_id=customer.pk, reason="Asked <b>us</b> to.")

    deactivated, given = nodes(Api(administrator)(THEIRS, id=gid(customer))["user"])

    assert deactivated["details"] == "Reason: Asked <b>us</b> to."
    assert given["details"] == "Added: Customer, Seller."


def test_a_history_costs_the_same_for_one_event_and_for_twenty(customer, administrator):
    people = [make_user(roles=(Role.SUPPORT,), is_staff=True) for _ in range(4)]
    for number in range(20):
        staff.update(actor=people[number % 4], user_id=customer.pk, full_name=f"Cleo {number}")
    query = THEIRS.replace("events", "events(first: $n)").replace("$id: ID!", "$id: ID!, $n: Int")
    query = query.replace("actor { email }", "actor { email roles permissions }")
    api = Api(administrator)
    api(query, id=gid(customer), n=1)

    with CaptureQueriesContext(connection) as one:
        api(query, id=gid(customer), n=1)
    with CaptureQueriesContext(connection) as twenty:
        assert len(api(query, id=gid(customer), n=20)["user"]["events"]["edges"]) == 20

    assert len(one) == len(twenty)


@pytest.mark.django_db(transaction=True)
async def test_a_history_is_told_the_same_over_a_socket(customer, support, history, shipping):
    order = await database_sync_to_async(lambda: order_of(Api(customer), (gid(make_variant()), 1)))()
    document = f"""subscription($id: ID!) {{ orderStatusChanged(id: $id) {{
      customer {{ requestsPerHour events(last: 2) {{ edges {{ node {{ {EVENT} }} }} }} }} }} }}"""

    async with socket(customer) as client:
        first = await anext(client.subscribe(document, {"id": order["id"]}))

    assert first.errors is None
    told = first.data["orderStatusChanged"]["customer"]
    assert told["requestsPerHour"] == 1_000
    assert [(event["origin"], event["actor"]) for event in nodes(told)][-2:] == [
        ("", None),
        (HOME, {"email": customer.email}),
    ]


# ── One user at a time ───────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("part", ["sessions { totalCount }", "events { totalCount }", "dataExport { id }"])
def test_what_costs_statements_for_each_person_is_refused_in_a_list(administrator, part):
    api = Api(administrator)
    everybody = f"{{ users {{ edges {{ node {{ {part} }} }} }} }}"

    response = api.send(everybody)

    error = response["errors"][0]
    assert error["extensions"]["code"] == "QUERY_TOO_EXPENSIVE"
    assert error["message"] == f"Ask for `{part.split()[0]}` of one user at a time."


def test_the_refusal_of_a_list_costs_no_statement_for_each_row(administrator):
    everybody = "{ users { edges { node { sessions { totalCount } events { totalCount } } } } }"
    api = Api(administrator)
    api.send(everybody)
    with CaptureQueriesContext(connection) as few:
        api.send(everybody)
    for _ in range(5):
        make_user()

    with CaptureQueriesContext(connection) as many:
        api.send(everybody)

    assert len(many) == len(few)


def test_neither_in_a_list_of_orders_nor_of_events(customer, administrator, shipping):
    order_of(Api(customer), (gid(make_variant()), 1))
    profile.update(actor=customer, full_name="Cleo New")

    orders = "{ orders { edges { node { customer { events { totalCount } } } } } }"
    actors = "{ me { events { edges { node { actor { sessions { totalCount } } } } } } }"

    assert Api(customer).code(orders) == "QUERY_TOO_EXPENSIVE"
    assert Api(customer).code(actors) == "QUERY_TOO_EXPENSIVE"


def test_of_one_order_the_customers_are_there(customer, shipping):
    order = order_of(Api(customer), (gid(make_variant()), 1))

    query = "query($id: ID!) { order(id: $id) { customer { sessions { totalCount } events { totalCount } } } }"

    assert (
        Api(customer)(query, id=order["id"])["order"]["customer"]["events"]["totalCount"]
        == Event.objects.filter(type__startswith="account.", subject_id=str(customer.pk)).count()
    )


# ── Texts ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_account_that_staff_made_is_not_told_as_its_owners_doing(administrator):
    made = staff.create(actor=administrator, user=User(email="new@example.com", full_name="New"))

    (event,) = nodes(Api(administrator)(THEIRS, id=gid(made))["user"])[-1:]

    assert event["message"] == "An account was made for new@example.com."


def test_a_password_that_staff_set_and_a_session_they_ended_are_told_truly(customer, administrator, mailed):
    session_id = sessions.open_session(customer).user.session_id
    staff.end_session(actor=administrator, session_id=session_id)
    with mailed() as letters:
        staff.set_password(actor=administrator, user_id=customer.pk, password="another fine password")

    changed, ended = nodes(Api(customer)(MINE)["me"])

    assert changed["details"] == "Every session that was open before has ended."
    assert ended["details"] == "Whoever was signed in there has to sign in again."
    assert letters[0].body.startswith(
        "The password of your account was changed, and every session that was open before has ended."
    )


# ── How many requests ────────────────────────────────────────────────────────────────────────────────────────────────
def test_how_many_requests_an_hour_each_may_send(customer, support, settings):
    api = Api(customer)
    seen = [api("{ me { requestsPerHour } }")["me"]["requestsPerHour"]]
    staff.update(actor=support, user_id=customer.pk, rate_tier="PREMIUM")
    by_id = "query($id: ID!) { user(id: $id) { requestsPerHour } }"
    seen.append(Api(support)(by_id, id=gid(customer))["user"]["requestsPerHour"])

    assert seen == [1_000, 5_000]
    assert settings.RATE_TIERS["ANONYMOUS"] == 100
