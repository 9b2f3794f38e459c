"""The inbox: what a person was told, and what of it was read."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.models import Event, Notification
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import order_of

pytestmark = pytest.mark.django_db(transaction=True)

INBOX = """
query($filters: NotificationFilters, $first: Int, $after: String) {
  notifications(filters: $filters, first: $first, after: $after) {
    totalCount edges { node { id type title body isRead createdAt subject { __typename id } } } pageInfo { endCursor }
  }
}
"""
MARK = "mutation($ids: [ID!]) { notificationsMarkRead(ids: $ids) { markedCount } }"


def inbox(api, **variables):
    return [edge["node"] for edge in api(INBOX, **variables)["notifications"]["edges"]]


def mark(api, ids=None):
    return api(MARK, ids=ids)["notificationsMarkRead"]["markedCount"]


def unread(user):
    return Notification.objects.filter(user=user, read_at=None).count()


@pytest.fixture
def variant(shipping):
    return make_variant(stock=1000)


@pytest.fixture
def buyer(customer, variant):
    """A client whose inbox has the news of two orders."""
    api = Api(customer)
    for _ in range(2):
        order_of(api, (gid(variant), 1))
    return api


def test_an_inbox_needs_somebody(guest):
    assert guest.code(INBOX) == "UNAUTHENTICATED"
    assert guest.code(MARK) == "UNAUTHENTICATED"


def test_a_new_account_has_been_told_nothing(customer):
    assert Api(customer)(INBOX)["notifications"]["totalCount"] == 0
    assert mark(Api(customer)) == 0


def test_news_has_a_sentence_a_paragraph_and_what_it_is_about(buyer):
    orders = [edge["node"] for edge in buyer("{ orders { edges { node { id number } } } }")["orders"]["edges"]]

    news = inbox(buyer)

    assert [row["type"] for row in news] == ["order.placed", "order.placed"]
    assert [row["isRead"] for row in news] == [False, False]
    assert [row["subject"] for row in news] == [{"__typename": "Order", "id": order["id"]} for order in orders]
    for row, order in zip(news, orders, strict=True):
        assert order["number"] in row["title"]
        assert order["number"] in row["body"]
        assert "\n" not in row["title"]


def test_the_newest_comes_first_page_by_page(buyer, variant):
    for _ in range(2):
        order_of(buyer, (gid(variant), 1))
    everything = [row["id"] for row in inbox(buyer)]
    assert len(everything) == 4

    pages, cursor = [], None
    for _ in range(4):
        page = buyer(INBOX, first=1, after=cursor)["notifications"]
        pages += [edge["node"]["id"] for edge in page["edges"]]
        cursor = page["pageInfo"]["endCursor"]

    assert pages == everything


def test_news_is_marked_as_read_by_id(buyer):
    newest, oldest = inbox(buyer)

    assert mark(buyer, [newest["id"]]) == 1
    assert [row["isRead"] for row in inbox(buyer)] == [True, False]
    assert mark(buyer, [newest["id"], oldest["id"], oldest["id"]]) == 1
    assert mark(buyer, [newest["id"]]) == 0


def test_all_news_is_marked_as_read_without_ids(buyer):
    assert mark(buyer) == 2
    assert [row["isRead"] for row in inbox(buyer)] == [True, True]
    assert mark(buyer) == 0


def test_no_ids_are_not_all(buyer, customer):
    assert mark(buyer, []) == 0
    assert unread(customer) == 2


def test_marking_records_no_event(buyer):
    before = Event.objects.count()

    mark(buyer)

    assert Event.objects.count() == before


def test_the_moment_of_reading_is_the_first(buyer, customer):
    mark(buyer)
    moments = list(Notification.objects.filter(user=customer).values_list("read_at", flat=True))

    mark(buyer)

    assert list(Notification.objects.filter(user=customer).values_list("read_at", flat=True)) == moments


def test_the_inbox_is_narrowed_to_what_was_read_or_not(buyer):
    newest, oldest = inbox(buyer)
    mark(buyer, [oldest["id"]])

    assert [row["id"] for row in inbox(buyer, filters={"isRead": False})] == [newest["id"]]
    assert [row["id"] for row in inbox(buyer, filters={"isRead": True})] == [oldest["id"]]
    assert [row["id"] for row in inbox(buyer, filters={"isRead": None})] == [newest["id"], oldest["id"]]
    assert len(inbox(buyer, filters={})) == 2


def test_others_news_is_neither_seen_nor_touched(buyer, customer, variant):
    stranger = Api(make_user("stranger@example.com"))
    theirs = [row["id"] for row in inbox(buyer)]

    assert inbox(stranger) == []
    assert mark(stranger, theirs) == 0
    assert mark(stranger) == 0

    assert unread(customer) == 2


def test_of_a_mixed_list_only_ones_own_are_marked(buyer, customer, variant):
    other = Api(make_user("other@example.com"))
    for _ in range(2):
        order_of(other, (gid(variant), 1))
    mine, theirs = [row["id"] for row in inbox(other)], [row["id"] for row in inbox(buyer)]

    assert mark(other, mine[:1] + theirs) == 1

    assert (unread(other.user), unread(customer)) == (1, 2)


def test_an_e_mail_to_a_guest_is_in_nobodys_inbox(customer, variant, guest):
    order_of(guest, (gid(variant), 1), email=customer.email)

    assert Notification.objects.filter(email=customer.email).count() == 1
    assert inbox(Api(customer)) == []


def test_at_most_a_hundred_ids_are_taken_at_once(buyer, customer):
    ids = [row["id"] for row in inbox(buyer)]

    assert buyer.code(MARK, ids=(ids * 51)[:101]) == "BAD_USER_INPUT"
    assert unread(customer) == 2
    assert mark(buyer, (ids * 50)[:100]) == 2


def test_one_bad_id_marks_nothing(buyer, customer):
    assert buyer.code(MARK, ids=[inbox(buyer)[0]["id"], "x"]) == "BAD_USER_INPUT"
    assert unread(customer) == 2


def test_the_inbox_takes_as_many_statements_for_many_as_for_one(buyer, variant):
    with CaptureQueriesContext(connection) as for_two:
        inbox(buyer)
    for _ in range(6):
        order_of(buyer, (gid(variant), 1))

    with CaptureQueriesContext(connection) as for_eight:
        assert len(inbox(buyer)) == 8

    assert len(for_eight) == len(for_two)
