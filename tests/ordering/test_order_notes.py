"""What the shop's people note of an order among themselves."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.models import Event
from ordering.models import OrderNote
from ordering.services import noting
from tests.conftest import Api, gid, make_staff, make_user, make_variant
from tests.shopping import order_of

pytestmark = pytest.mark.django_db

ADD = """mutation($id: ID!, $note: String!, $key: String) { orderNoteAdd(id: $id, note: $note, idempotencyKey: $key) {
  order { notes { text } } note { text author { email } createdAt } userErrors { code field } } }"""
NOTES = """query($id: ID!, $t: String) { order(id: $id, guestToken: $t) {
  number notes { text author { email } createdAt } } }"""
LISTED = "{ orders { edges { node { notes { text author { email } } } } } }"


@pytest.fixture
def order(customer, shipping):
    return order_of(Api(customer), (gid(make_variant()), 1))


def add(api, order, note="Rang at noon", key=None):
    return api(ADD, id=order["id"], note=note, key=key)["orderNoteAdd"]


def test_staff_note_and_read_what_all_of_them_noted(staff, order):
    colleague = make_staff("colleague@example.com")
    before = Event.objects.count()

    payload = add(Api(staff), order, note="  Rang at noon,\nnobody there.  ")
    add(Api(colleague), order, note="Rang again")

    assert payload["userErrors"] == []
    assert payload["note"]["createdAt"]
    assert payload["note"]["author"] == {"email": staff.email}
    notes = Api(staff)(NOTES, id=order["id"])["order"]["notes"]
    assert [(note["text"], note["author"]["email"]) for note in notes] == [
        ("Rang at noon,\nnobody there.", staff.email),
        ("Rang again", colleague.email),
    ]
    assert Event.objects.count() == before


def test_a_buyer_reads_no_note_and_does_not_learn_whether_there_are_any(guest, customer, staff, order):
    document = "query($id: ID!, $t: String) { order(id: $id, guestToken: $t) { number notes { text } } }"
    answers = [Api(customer).send(document, id=order["id"])]
    add(Api(staff), order)
    answers.append(Api(customer).send(document, id=order["id"]))

    for answer in answers:
        assert answer["data"] == {"order": {"number": order["number"], "notes": None}}
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    theirs = order_of(guest, (gid(make_variant()), 1))
    assert guest.code(document, id=theirs["id"], t=theirs["guestToken"]) == "UNAUTHENTICATED"


def test_the_permission_without_being_staff_reads_and_writes_none(order, staff):
    seller = make_user("seller@example.com")
    seller.user_permissions.add(*Permission.objects.filter(codename__in=["view_all_orders", "manage_orders"]))
    theirs = order_of(Api(seller), (gid(make_variant()), 1))
    add(Api(staff), theirs)

    assert Api(seller)(NOTES, id=theirs["id"])["order"]["notes"] == []
    assert add(Api(seller), theirs)["userErrors"] == [{"code": "ACTION_NOT_ALLOWED", "field": ["id"]}]
    assert add(Api(seller), order)["userErrors"] == [{"code": "NOT_FOUND", "field": ["id"]}]
    assert OrderNote.objects.count() == 1


@pytest.mark.parametrize("note", ["", " \n ", "x" * 2001, "a\0b", "a\u202eb"])
def test_what_is_no_note_is_refused(staff, order, note):
    payload = add(Api(staff), order, note=note)

    assert payload == {"order": None, "note": None, "userErrors": [{"code": "REQUIRED", "field": ["note"]}]}
    assert OrderNote.objects.count() == 0


def test_notes_are_written_by_staff(guest, customer, order):
    assert guest.code(ADD, id=order["id"], note="Mine") == "UNAUTHENTICATED"
    assert Api(customer).code(ADD, id=order["id"], note="Mine") == "FORBIDDEN"
    assert OrderNote.objects.count() == 0


def test_the_same_key_notes_once(staff, order):
    first, again = add(Api(staff), order, key="once"), add(Api(staff), order, key="once")

    assert first == again
    assert add(Api(staff), order, note="Other", key="once")["userErrors"] == [
        {"code": "IDEMPOTENCY_CONFLICT", "field": ["idempotencyKey"]}
    ]
    assert OrderNote.objects.count() == 1


def test_an_order_has_room_for_so_many(staff, order, monkeypatch):
    monkeypatch.setattr(noting, "MAX_NOTES", 1)
    add(Api(staff), order)

    assert add(Api(staff), order, note="Second")["userErrors"] == [{"code": "INVALID", "field": ["note"]}]
    assert OrderNote.objects.get().text == "Rang at noon"


def test_notes_of_a_list_cost_the_same_for_one_order_and_for_three(staff, customer, order):
    def counted():
        with CaptureQueriesContext(connection) as statements:
            Api(staff)(LISTED)
        return len(statements)

    add(Api(staff), order)
    one = counted()
    for _ in range(2):
        add(Api(staff), order_of(Api(customer), (gid(make_variant()), 1)))

    assert counted() == one
