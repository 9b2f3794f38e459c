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

DHL = "https://www.dhl.com/global-en/home/tracking.html?tracking-id={}"
FULFIL = """mutation($id: ID!, $input: OrderFulfillInput) { orderFulfill(id: $id, input: $input) {
  order { status lines { id quantity quantityFulfilled } fulfillments { carrier trackingNumber trackingUrl } }
  userErrors { code field } } }"""
FULFIL_ONCE = """mutation($id: ID!, $input: OrderFulfillInput, $key: String) {
  orderFulfill(id: $id, input: $input, idempotencyKey: $key) {
    fulfillment { id isDigital carrier trackingNumber trackingUrl lines { quantity orderLine { sku } } }
    order { status } userErrors { code field } } }"""
UPDATE = """mutation($id: ID!, $key: String!, $input: FulfillmentUpdateInput!) {
  fulfillmentUpdate(id: $id, idempotencyKey: $key, input: $input) {
    fulfillment { carrier trackingNumber trackingUrl } order { status } userErrors { code field } } }"""
PARCELS = "{ orders { edges { node { fulfillments { isDigital lines { quantity orderLine { sku } } } } } } }"
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
        {"carrier": "DHL", "trackingNumber": "1", "trackingUrl": DHL.format(1)},
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


# ── Once ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def send_once(desk, order, key, *lines, **parcel):
    given = [{"orderLineId": line["id"], "quantity": quantity} for line, quantity in lines]
    response = desk.send(FULFIL_ONCE, id=order["id"], key=key, input={"lines": given or None, **parcel})
    assert "errors" not in response
    return response["data"]["orderFulfill"], response.get("extensions", {}).get("idempotency")


def test_the_same_key_sends_one_parcel(desk, order):
    first, _ = order["lines"]

    made, said = send_once(desk, order, "parcel-1", (first, 2))
    again, said_again = send_once(desk, order, "parcel-1", (first, 2))

    assert made["userErrors"] == []
    assert made["fulfillment"]["lines"] == [{"quantity": 2, "orderLine": {"sku": first["sku"]}}]
    assert again == made
    assert (said, said_again) == (
        {"replayed": False, "fields": {"orderFulfill": False}},
        {"replayed": True, "fields": {"orderFulfill": True}},
    )
    assert in_tables()[:3] == ("PARTIALLY_SHIPPED", 1, 1)


def test_the_last_parcel_is_answered_again_although_nothing_is_open(desk, order):
    made, _ = send_once(desk, order, "all")

    assert send_once(desk, order, "all")[0] == made
    assert made["order"] == {"status": "SHIPPED"}


def test_a_key_of_another_parcel_is_a_conflict_and_sends_nothing(desk, order):
    first, _ = order["lines"]
    send_once(desk, order, "parcel-1", (first, 1))
    before = in_tables()

    for lines, parcel in ([(first, 2)], {}), ([(first, 1)], {"carrier": "UPS"}), ([], {}):
        payload, _ = send_once(desk, order, "parcel-1", *lines, **parcel)
        assert payload["userErrors"] == [{"code": "IDEMPOTENCY_CONFLICT", "field": ["idempotencyKey"]}]

    assert in_tables() == before


def test_a_refused_parcel_leaves_its_key_free(desk, order):
    first, _ = order["lines"]
    refused, _ = send_once(desk, order, "parcel-1", (first, 4))

    made, said = send_once(desk, order, "parcel-1", (first, 3))

    assert refused["userErrors"][0]["code"] == "QUANTITY_INVALID"
    assert made["userErrors"] == []
    assert said["replayed"] is False


def test_without_a_key_each_call_is_a_parcel(desk, order):
    first, _ = order["lines"]

    said = [send_once(desk, order, None, (first, 1))[1] for _ in range(2)]

    assert said == [{"replayed": False, "fields": {"orderFulfill": False}}] * 2
    assert in_tables()[:2] == ("PARTIALLY_SHIPPED", 2)


# ── Followed ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("carrier", "number", "url"),
    [
        ("DHL", "00 340 434", DHL.format("00340434")),
        ("ups", "1Z999", "https://www.ups.com/track?tracknum=1Z999"),
        ("FedEx", "12", "https://www.fedex.com/fedextrack/?trknbr=12"),
        ("Dpd", "12", "https://tracking.dpd.de/status/en_US/parcel/12"),
        ("GLS", "12", "https://gls-group.eu/EU/en/parcel-tracking?match=12"),
        ("Royal Mail", "AB12GB", "https://www.royalmail.com/track-your-item#/tracking-results/AB12GB"),
        ("U.S.P.S.", "a/b&c", "https://tools.usps.com/go/TrackConfirmAction?tLabels=a%2Fb%26c"),
        ("DHL", "", ""),
        ("Pigeon Post", "12", ""),
        ("", "12", ""),
    ],
)
def test_the_page_of_a_known_carrier_is_named(desk, order, carrier, number, url):
    payload, _ = send_once(desk, order, None, carrier=carrier, trackingNumber=number)

    assert payload["fulfillment"]["trackingUrl"] == url


def update(desk, parcel, key="later", **input):
    return desk(UPDATE, id=parcel["id"], key=key, input=input)["fulfillmentUpdate"]


@pytest.fixture
def parcel(desk, order):
    return send_once(desk, order, None)[0]["fulfillment"]


def test_what_the_carrier_says_later_is_written_down_and_told(desk, customer, shipping):
    order = order_of(Api(customer), (gid(make_variant()), 1))
    parcel = send_once(desk, order, None)[0]["fulfillment"]

    payload = update(desk, parcel, carrier="DHL", trackingNumber="42")

    assert payload["userErrors"] == []
    assert payload["fulfillment"] == {"carrier": "DHL", "trackingNumber": "42", "trackingUrl": DHL.format(42)}
    event = Event.objects.get(type="order.tracking_changed")
    assert event.payload == {
        "number": order["number"],
        "carrier": "DHL",
        "tracking_number": "42",
        "tracking_url": DHL.format(42),
    }
    assert event.audience["users"] == [str(customer.pk)]


def test_another_number_has_another_page_and_a_named_page_stays(desk, parcel):
    seen = [
        update(desk, parcel, "1", carrier="DHL", trackingNumber="1"),
        update(desk, parcel, "2", trackingNumber="2"),
        update(desk, parcel, "3", trackingUrl="https://parcels.example/2"),
        update(desk, parcel, "4", carrier="DHL"),
        update(desk, parcel, "5", carrier="Pigeon Post"),
        update(desk, parcel, "6", trackingNumber=""),
    ]

    assert [payload["fulfillment"]["trackingUrl"] for payload in seen] == [
        DHL.format(1),
        DHL.format(2),
        "https://parcels.example/2",
        "https://parcels.example/2",
        "",
        "",
    ]
    assert Event.objects.filter(type="order.tracking_changed").count() == 5


def test_the_same_update_tells_nobody_twice(desk, parcel):
    first = update(desk, parcel, "1", carrier="DHL")
    replayed = update(desk, parcel, "1", carrier="DHL")
    unchanged = update(desk, parcel, "2", carrier="DHL")

    assert first == replayed == unchanged
    assert Event.objects.filter(type="order.tracking_changed").count() == 1
    conflict = update(desk, parcel, "1", carrier="UPS")
    assert conflict["userErrors"] == [{"code": "IDEMPOTENCY_CONFLICT", "field": ["idempotencyKey"]}]
    assert Fulfillment.objects.get().carrier == "DHL"


@pytest.mark.parametrize(
    "wrong", [{"carrier": "x" * 101}, {"trackingNumber": "\0"}, {"trackingUrl": "ftp://x.example"}]
)
def test_what_no_carrier_says_is_refused(desk, parcel, wrong):
    before = in_tables()

    payload = update(desk, parcel, **wrong)

    assert [error["code"] for error in payload["userErrors"]] == ["INVALID"]
    assert in_tables() == before


def test_a_parcel_is_updated_by_staff_only_and_only_where_there_is_one(desk, parcel, customer):
    unknown = {"id": to_base64("Fulfillment", "00000000-0000-4000-8000-000000000000")}

    assert update(desk, unknown)["userErrors"] == [{"code": "NOT_FOUND", "field": ["id"]}]
    variables = {"id": parcel["id"], "key": "k", "input": {"carrier": "DHL"}}
    assert Api(customer).code(UPDATE, **variables) == "FORBIDDEN"
    assert Api().code(UPDATE, **variables) == "UNAUTHENTICATED"
    assert Fulfillment.objects.get().carrier == ""


def test_parcels_in_a_list_cost_the_same_for_one_order_and_for_three(desk, order, guest, django_assert_num_queries):
    first, _ = order["lines"]
    send_once(desk, order, None, (first, 1))
    with CaptureQueriesContext(connection) as one:
        (shown,) = desk(PARCELS)["orders"]["edges"]
    statements = len(one)
    for _ in range(2):
        other = order_of(guest, (gid(make_variant()), 2), (gid(make_variant()), 1))
        send_once(desk, other, None, (other["lines"][0], 1))
        send_once(desk, other, None)

    with django_assert_num_queries(statements):
        many = desk(PARCELS)["orders"]["edges"]

    assert shown["node"]["fulfillments"] == [
        {"isDigital": False, "lines": [{"quantity": 1, "orderLine": {"sku": first["sku"]}}]}
    ]
    assert [len(edge["node"]["fulfillments"]) for edge in many] == [2, 2, 1]
