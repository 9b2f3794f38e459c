"""Parcels: all at once, in parts, and what is refused."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from strawberry.relay.utils import to_base64

from notifications.models import Event
from ordering.models import Fulfillment, FulfillmentLine, Order
from tests.conftest import Api, gid, make_variant
from tests.shopping import order_of

pytestmark = pytest.mark.django_db

FULFIL = """mutation($id: ID!, $input: OrderFulfillInput) { orderFulfill(id: $id, input: $input) {
  order { status lines { id quantity quantityFulfilled } fulfillments { carrier trackingNumber trackingUrl } }
  userErrors { code field } } }"""
DELIVER = "mutation($id: ID!) { orderDeliver(id: $id) { order { status } userErrors { code } } }"


@pytest.fixture
def order(shipping, guest):
    """Three of one thing and two of another."""
    return order_of(guest, (gid(make_variant()), 3), (gid(make_variant()), 2))


@pytest.fixture
def desk(staff):
    return Api(staff)


def send(desk, order, *lines, **parcel):
    given = [{"orderLineId": line["id"], "quantity": quantity} for line, quantity in lines]
    return desk(FULFIL, id=order["id"], input={"lines": given or None, **parcel})["orderFulfill"]


def sent(payload):
    assert payload["userErrors"] == []
    return payload["order"]["status"], [line["quantityFulfilled"] for line in payload["order"]["lines"]]


def refusal(payload):
    assert payload["order"] is None
    (error,) = payload["userErrors"]
    return error["code"], error["field"]


def in_tables():
    return (
        Order.objects.get().status,
        Fulfillment.objects.count(),
        FulfillmentLine.objects.count(),
        Event.objects.count(),
    )


def test_everything_is_sent_when_nothing_is_named(desk, order):
    payload = desk(FULFIL, id=order["id"])["orderFulfill"]

    assert sent(payload) == ("SHIPPED", [3, 2])
    assert payload["order"]["fulfillments"] == [{"carrier": "", "trackingNumber": "", "trackingUrl": ""}]
    assert [line.quantity for line in FulfillmentLine.objects.order_by("pk")] in ([3, 2], [2, 3])


def test_an_order_is_sent_in_parts_until_nothing_is_open(desk, order):
    first, _ = order["lines"]

    assert sent(send(desk, order, (first, 1), carrier="DHL", trackingNumber="1")) == ("PARTIALLY_SHIPPED", [1, 0])
    assert sent(send(desk, order, (first, 2))) == ("PARTIALLY_SHIPPED", [3, 0])
    payload = send(desk, order, trackingUrl="https://parcels.example/3")

    assert sent(payload) == ("SHIPPED", [3, 2])
    assert payload["order"]["fulfillments"] == [
        {"carrier": "DHL", "trackingNumber": "1", "trackingUrl": ""},
        {"carrier": "", "trackingNumber": "", "trackingUrl": ""},
        {"carrier": "", "trackingNumber": "", "trackingUrl": "https://parcels.example/3"},
    ]
    shipped = Event.objects.filter(type="order.shipped").order_by("seq")
    assert [event.payload["is_complete"] for event in shipped] == [False, False, True]
    assert [event.seq for event in shipped] == [4, 5, 6]


def test_a_line_named_twice_adds_up(desk, order):
    first, _ = order["lines"]

    assert sent(send(desk, order, (first, 1), (first, 2))) == ("PARTIALLY_SHIPPED", [3, 0])


def test_more_than_is_open_is_refused_also_in_two_names(desk, order):
    first, second = order["lines"]
    send(desk, order, (first, 1))
    before = in_tables()

    invalid = ("QUANTITY_INVALID", ["input", "lines", "quantity"])
    assert refusal(send(desk, order, (first, 3))) == invalid
    assert refusal(send(desk, order, (first, 2), (first, 1))) == invalid
    assert refusal(send(desk, order, (second, 1), (first, 3))) == invalid
    assert refusal(send(desk, order, (first, 0))) == invalid
    assert refusal(send(desk, order, (first, -1))) == invalid
    assert in_tables() == before


def test_a_line_of_another_order_is_not_found(desk, order, guest):
    other = order_of(guest, (gid(make_variant()), 1))
    shipped = Fulfillment.objects.count()

    missing = ("NOT_FOUND", ["input", "lines", "orderLineId"])
    assert refusal(send(desk, order, (other["lines"][0], 1))) == missing
    assert desk.code(FULFIL, id=order["id"], input={"lines": [{"orderLineId": "x", "quantity": 1}]}) == "BAD_USER_INPUT"
    assert Fulfillment.objects.count() == shipped


def test_an_empty_list_of_lines_is_not_everything(desk, order):
    payload = desk(FULFIL, id=order["id"], input={"lines": []})["orderFulfill"]

    assert refusal(payload) == ("REQUIRED", ["input", "lines"])
    assert in_tables()[:2] == ("CONFIRMED", 0)


@pytest.mark.parametrize(
    "parcel",
    [
        {"carrier": "x" * 101},
        {"trackingNumber": "x" * 101},
        {"carrier": "D\0HL"},
        {"trackingNumber": "1\0"},
        {"trackingUrl": "javascript:alert(1)"},
        {"trackingUrl": "parcels.example/3"},
        {"trackingUrl": "https://parcels.example/\0"},
        {"trackingUrl": "https://parcels.example/" + "x" * 500},
    ],
)
def test_a_parcel_that_cannot_be_written_down_is_refused(desk, order, parcel):
    before = in_tables()

    code, _ = refusal(send(desk, order, **parcel))

    assert code == "INVALID"
    assert in_tables() == before


def test_nothing_is_sent_of_what_was_sent_held_or_never_there(desk, order):
    hold = 'mutation($id: ID!) { orderHold(id: $id, reason: "Checking") { order { status } } }'
    release = "mutation($id: ID!) { orderRelease(id: $id) { order { status } } }"
    desk(hold, id=order["id"])
    assert refusal(send(desk, order)) == ("ACTION_NOT_ALLOWED", ["id"])
    desk(release, id=order["id"])
    assert sent(send(desk, order)) == ("SHIPPED", [3, 2])
    before = in_tables()

    assert refusal(send(desk, order)) == ("ACTION_NOT_ALLOWED", ["id"])
    unknown = to_base64("Order", "00000000-0000-4000-8000-000000000000")
    assert refusal(send(desk, {"id": unknown})) == ("NOT_FOUND", ["id"])
    assert in_tables() == before


def test_what_was_shipped_is_delivered_once(desk, order):
    assert desk(DELIVER, id=order["id"])["orderDeliver"]["userErrors"] == [{"code": "ACTION_NOT_ALLOWED"}]
    send(desk, order, (order["lines"][0], 1))
    assert desk(DELIVER, id=order["id"])["orderDeliver"]["userErrors"] == [{"code": "ACTION_NOT_ALLOWED"}]
    send(desk, order)

    assert desk(DELIVER, id=order["id"])["orderDeliver"] == {"order": {"status": "DELIVERED"}, "userErrors": []}
    assert desk(DELIVER, id=order["id"])["orderDeliver"]["userErrors"] == [{"code": "ACTION_NOT_ALLOWED"}]
    assert Event.objects.filter(type="order.delivered").count() == 1


def test_a_parcel_costs_the_same_for_two_lines_and_for_six(desk, shipping, guest, django_assert_num_queries):
    orders = [order_of(guest, *[(gid(make_variant()), 1) for _ in range(lines)]) for lines in (1, 2, 6)]
    desk(FULFIL, id=orders[0]["id"])

    with CaptureQueriesContext(connection) as two:
        desk(FULFIL, id=orders[1]["id"])
    with django_assert_num_queries(len(two)):
        desk(FULFIL, id=orders[2]["id"])
