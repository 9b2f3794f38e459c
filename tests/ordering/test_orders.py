"""Reading orders: whose they are, narrowing and sorting them, what one may do with them, and their history."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from strawberry.relay.utils import to_base64

from catalog.models import ProductVariant
from notifications.models import Event
from ordering.models import Order
from tests.conftest import Api, gid, make_product, make_user, make_variant
from tests.shopping import order_of

pytestmark = pytest.mark.django_db

ORDER = "query($id: ID!, $t: String) { order(id: $id, guestToken: $t) { number } }"
NUMBERS = """query($filters: OrderFilters, $ordering: [OrderOrdering!]) {
  orders(filters: $filters, ordering: $ordering) { totalCount edges { node { number } } } }"""
ACTIONS = """query($id: ID!, $t: String) { order(id: $id, guestToken: $t) {
  allowedActions { action isAllowed reason } } }"""
HISTORY = """query($id: ID!, $t: String, $first: Int, $after: String) { order(id: $id, guestToken: $t) {
  events(first: $first, after: $after) { totalCount edges { node { seq type message payload occurredAt } }
  pageInfo { endCursor hasNextPage } } } }"""
PAGE = """{ orders(first: 20) { edges { node {
  number status paymentStatus total { amount currency } placedAt
  lines { productName quantity totalPrice { amount }
    variant { sku price { amount } product { name images { url alt } } } }
} } } }"""


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=1000)


def numbers(api, filters=None, ordering=None):
    found = api(NUMBERS, filters=filters, ordering=ordering)["orders"]
    listed = [edge["node"]["number"] for edge in found["edges"]]
    assert found["totalCount"] == len(listed)
    return listed


def allowed(api, order):
    listed = api(ACTIONS, id=order["id"], t=order["guestToken"])["order"]["allowedActions"]
    assert all(action["isAllowed"] is not bool(action["reason"]) for action in listed)
    return {action["action"] for action in listed if action["isAllowed"]}


# ── Whose ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_customers_see_their_own_orders_and_nobody_elses(customer, variant):
    other = make_user()
    mine, theirs = order_of(Api(customer), (gid(variant), 1)), order_of(Api(other), (gid(variant), 1))

    assert numbers(Api(customer)) == [mine["number"]]
    assert Api(customer)(ORDER, id=mine["id"]) == {"order": {"number": mine["number"]}}
    assert Api(customer).code(ORDER, id=theirs["id"]) == "NOT_FOUND"
    assert numbers(Api(other)) == [theirs["number"]]


def test_a_guests_order_is_for_whoever_holds_its_token(guest, customer, variant):
    order, other = order_of(guest, (gid(variant), 1)), order_of(guest, (gid(variant), 1))

    assert guest(ORDER, id=order["id"], t=order["guestToken"]) == {"order": {"number": order["number"]}}
    assert Api(customer)(ORDER, id=order["id"], t=order["guestToken"]) == {"order": {"number": order["number"]}}
    for token in (None, "", "nonsense", other["guestToken"], order["guestToken"].upper(), "\0"):
        assert guest.code(ORDER, id=order["id"], t=token) == "NOT_FOUND"


def test_no_token_opens_a_customers_order(guest, customer, variant):
    order, guests = order_of(Api(customer), (gid(variant), 1)), order_of(guest, (gid(variant), 1))

    for token in (None, "", guests["guestToken"]):
        assert guest.code(ORDER, id=order["id"], t=token) == "NOT_FOUND"


def test_staff_with_the_permission_see_every_order(customer, guest, staff, variant):
    placed = [order_of(api, (gid(variant), 1))["number"] for api in (Api(customer), guest)]

    assert numbers(Api(staff)) == placed[::-1]


def test_staff_without_the_permission_see_their_own(customer, variant):
    clerk = make_user("clerk@example.com", is_staff=True)
    order = order_of(Api(customer), (gid(variant), 1))

    assert numbers(Api(clerk)) == []
    assert Api(clerk).code(ORDER, id=order["id"]) == "NOT_FOUND"


def test_the_list_needs_an_account(guest):
    assert guest.code(NUMBERS) == "UNAUTHENTICATED"


@pytest.mark.parametrize("id", ["nonsense", to_base64("Order", "1"), to_base64("Cart", "1")])
def test_an_id_that_is_no_orders_id_is_the_clients_mistake(guest, id):
    assert guest.code(ORDER, id=id) == "BAD_USER_INPUT"


# ── Narrowing and sorting ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def three(customer, variant):
    """A confirmed order of one, one in review of two, a confirmed one of three; on three days of January."""
    api = Api(customer)
    placed = [
        order_of(api, (gid(variant), quantity), payment={"token": token})["number"]
        for quantity, token in ((1, "tok_ok"), (2, "tok_review"), (3, "tok_ok"))
    ]
    for day, number in enumerate(placed, start=1):
        Order.objects.filter(number=number).update(placed_at=datetime(2026, 1, day, tzinfo=UTC))
    return placed


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"status": "CONFIRMED"}, [3, 1]),
        ({"status": "PENDING"}, [2]),
        ({"status": "SHIPPED"}, []),
        ({"paymentStatus": "PAID"}, [3, 1]),
        ({"paymentStatus": "UNPAID"}, [2]),
        ({"placedAfter": "2026-01-02T00:00:00Z"}, [3, 2]),
        ({"placedBefore": "2026-01-02T00:00:00Z"}, [1]),
        ({"placedAfter": "2026-01-02T00:00:00Z", "paymentStatus": "PAID"}, [3]),
        ({"number": "NONE"}, []),
    ],
)
def test_every_filter(customer, three, filters, expected):
    assert numbers(Api(customer), filters) == [three[position - 1] for position in expected]


def test_an_order_is_found_by_its_number_in_any_case(customer, three):
    assert numbers(Api(customer), {"number": three[1].lower()}) == [three[1]]


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        (None, [3, 2, 1]),
        ([{"placedAt": "ASC"}], [1, 2, 3]),
        ([{"placedAt": "DESC"}], [3, 2, 1]),
        ([{"total": "ASC"}], [1, 2, 3]),
        ([{"total": "DESC"}], [3, 2, 1]),
    ],
)
def test_every_ordering(customer, three, ordering, expected):
    Order.objects.filter(number=three[0]).update(total_amount=Decimal("1.00"))

    assert numbers(Api(customer), None, ordering) == [three[position - 1] for position in expected]


@pytest.mark.parametrize(
    "filters", [{"status": "LOST"}, {"placedAfter": "soon"}, {"number": "x" * 25}, {"number": "a\0"}]
)
def test_a_filter_that_cannot_be_read_is_the_clients_mistake(customer, filters):
    assert Api(customer).code(NUMBERS, filters=filters) == "BAD_USER_INPUT"


@pytest.mark.parametrize("ordering", [[], [{"placedAt": "ASC"}], [{"placedAt": "DESC"}], [{"total": "DESC"}]])
def test_pages_together_hold_every_order_once(customer, three, variant, ordering):
    order_of(Api(customer), (gid(variant), 3))
    query = """query($after: String, $ordering: [OrderOrdering!]) {
      orders(first: 1, after: $after, ordering: $ordering) {
        edges { node { number } } pageInfo { endCursor hasNextPage } } }"""

    paged, after, more = [], None, True
    while more:
        page = Api(customer)(query, after=after, ordering=ordering)["orders"]
        paged += [edge["node"]["number"] for edge in page["edges"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert paged == numbers(Api(customer), None, ordering)


# ── What one may do ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_every_action_is_listed_with_a_reason_where_it_is_not_allowed(guest, variant):
    order = order_of(guest, (gid(variant), 1))

    listed = guest(ACTIONS, id=order["id"], t=order["guestToken"])["order"]["allowedActions"]

    theirs = {"isAllowed": False, "reason": "Only the shop's staff can do this."}
    unsent = "Nothing of it was shipped yet. It can be sent back once it was."
    assert listed == [
        {"action": "CONFIRM", **theirs},
        {"action": "FULFILL", **theirs},
        {"action": "DELIVER", **theirs},
        {"action": "CANCEL", "isAllowed": True, "reason": None},
        {"action": "HOLD", **theirs},
        {"action": "RELEASE", **theirs},
        {"action": "PROCESS", **theirs},
        {"action": "RECEIVE_PAYMENT", **theirs},
        {"action": "REFUND", **theirs},
        {"action": "REQUEST_RETURN", "isAllowed": False, "reason": unsent},
        {"action": "ADD_NOTE", **theirs},
    ]


def test_what_one_may_do_costs_no_statement_an_order(customer, staff, variant):
    def counted(api):
        with CaptureQueriesContext(connection) as statements:
            api("{ orders { edges { node { allowedActions { action isAllowed reason } } } } }")
        return len(statements)

    order_of(Api(customer), (gid(variant), 1))
    one = counted(Api(customer)), counted(Api(staff))
    for _ in range(4):
        order_of(Api(customer), (gid(variant), 1))

    assert (counted(Api(customer)), counted(Api(staff))) == one


def test_what_staff_may_do_follows_the_status(guest, staff, variant):
    desk = Api(staff)
    review = order_of(guest, (gid(variant), 1), payment={"token": "tok_review"})
    order = order_of(guest, (gid(variant), 1))

    always = {"ADD_NOTE"}
    paid = {"ADD_NOTE", "REFUND"}
    assert allowed(desk, review) == {"CONFIRM", "CANCEL"} | always
    assert allowed(desk, order) == {"FULFILL", "CANCEL", "HOLD", "PROCESS"} | paid
    for mutation, theirs, buyers in (
        ('orderHold(id: $id, reason: "Checking")', {"RELEASE", "CANCEL"} | paid, set()),
        ("orderRelease(id: $id)", {"FULFILL", "CANCEL", "HOLD", "PROCESS"} | paid, {"CANCEL"}),
        ("orderProcess(id: $id)", {"FULFILL", "CANCEL", "HOLD"} | paid, set()),
        ("orderFulfill(id: $id)", {"DELIVER", "REQUEST_RETURN"} | paid, {"REQUEST_RETURN"}),
        ("orderDeliver(id: $id)", {"REQUEST_RETURN"} | paid, {"REQUEST_RETURN"}),
    ):
        desk(f"mutation($id: ID!) {{ {mutation} {{ userErrors {{ code }} }} }}", id=order["id"])
        assert (allowed(desk, order), allowed(guest, order)) == (theirs, buyers), mutation


def test_staff_who_may_only_look_are_not_the_buyer(guest, customer, variant):
    auditor = make_user("auditor@example.com", is_staff=True)
    auditor.user_permissions.add(Permission.objects.get(codename="view_all_orders"))
    cancel = 'mutation($id: ID!) { orderCancel(id: $id, reason: "No") { order { id } userErrors { code message } } }'
    theirs = order_of(Api(auditor), (gid(variant), 1))

    for order in (order_of(guest, (gid(variant), 1)), order_of(Api(customer), (gid(variant), 1))):
        assert allowed(Api(auditor), order) == set()
        assert Api(auditor)(cancel, id=order["id"])["orderCancel"] == {
            "order": None,
            "userErrors": [{"code": "ACTION_NOT_ALLOWED", "message": "Only the shop's staff can do this."}],
        }
    assert allowed(Api(auditor), theirs) == {"CANCEL"}
    assert set(Order.objects.values_list("status", flat=True)) == {"CONFIRMED"}


def test_a_paid_for_but_not_collected_order_is_not_shipped(guest, staff, variant):
    order = order_of(guest, (gid(variant), 1), payment={"token": "tok_review"})
    Api(staff)("mutation($id: ID!) { orderConfirm(id: $id) { order { id } } }", id=order["id"])

    listed = Api(staff)(ACTIONS, id=order["id"])["order"]["allowedActions"]

    assert {"action": "FULFILL", "isAllowed": False, "reason": "The order is not paid yet."} in listed


def test_permission_without_being_staff_is_not_enough(guest, variant):
    seller = make_user("seller@example.com")
    seller.user_permissions.add(*Permission.objects.filter(codename__in=["view_all_orders", "manage_orders"]))
    order = order_of(guest, (gid(variant), 1))

    assert numbers(Api(seller)) == []
    assert allowed(Api(seller), order) == {"CANCEL"}


@pytest.mark.parametrize(
    "mutation",
    [
        "orderConfirm(id: $id)",
        "orderFulfill(id: $id)",
        "orderDeliver(id: $id)",
        'orderHold(id: $id, reason: "no")',
        "orderRelease(id: $id)",
    ],
)
def test_what_is_for_staff_is_refused_at_the_door(guest, customer, variant, mutation):
    order = order_of(Api(customer), (gid(variant), 1))
    recorded = Event.objects.count()
    document = f"mutation($id: ID!) {{ {mutation} {{ order {{ id }} userErrors {{ code }} }} }}"

    assert guest.code(document, id=order["id"]) == "UNAUTHENTICATED"
    assert Api(customer).code(document, id=order["id"]) == "FORBIDDEN"
    assert Order.objects.get().status == "CONFIRMED"
    assert Event.objects.count() == recorded


def test_what_does_not_fit_the_status_is_refused_with_the_reason(guest, staff, variant):
    order = order_of(guest, (gid(variant), 1))
    before = Event.objects.count()
    query = "mutation($id: ID!) { orderDeliver(id: $id) { order { id } userErrors { code message field } } }"

    payload = Api(staff)(query, id=order["id"])["orderDeliver"]

    assert payload == {
        "order": None,
        "userErrors": [
            {
                "code": "ACTION_NOT_ALLOWED",
                "message": "An order that is confirmed cannot be marked as delivered.",
                "field": ["id"],
            }
        ],
    }
    assert Order.objects.get().status == "CONFIRMED"
    assert Event.objects.count() == before


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\0b"])
def test_holding_needs_a_reason(guest, staff, variant, reason):
    order = order_of(guest, (gid(variant), 1))
    hold = """mutation($id: ID!, $reason: String!) { orderHold(id: $id, reason: $reason) {
      order { status } userErrors { code field } } }"""

    payload = Api(staff)(hold, id=order["id"], reason=reason)["orderHold"]

    assert payload == {"order": None, "userErrors": [{"code": "REQUIRED", "field": ["reason"]}]}
    assert Order.objects.get().status == "CONFIRMED"


# ── History ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_history_counts_without_a_gap_and_tells_in_sentences(guest, staff, variant):
    order = order_of(guest, (gid(variant), 2))
    Api(staff)('mutation($id: ID!) { orderHold(id: $id, reason: "Checking") { order { id } } }', id=order["id"])

    history = guest(HISTORY, id=order["id"], t=order["guestToken"])["order"]["events"]

    nodes = [edge["node"] for edge in history["edges"]]
    assert [(node["seq"], node["type"]) for node in nodes] == [
        (1, "order.placed"),
        (2, "order.confirmed"),
        (3, "order.paid"),
        (4, "order.held"),
    ]
    assert history["totalCount"] == 4
    assert all(node["message"] and node["occurredAt"] for node in nodes)
    assert nodes[0]["payload"] == {
        "number": order["number"],
        "lines": [{"quantity": 2, "name": f"{variant.product.name} (Variant 0)", "total": "40.00"}],
        "discount": "0.00",
        "shipping": "4.90",
        "tax": "0.00",
        "total": "44.90",
        "currency": "EUR",
    }
    assert nodes[3]["payload"] == {"number": order["number"], "reason": "Checking"}


def test_the_history_is_paged(guest, variant):
    order = order_of(guest, (gid(variant), 1))

    seqs, after, more = [], None, True
    while more:
        page = guest(HISTORY, id=order["id"], t=order["guestToken"], first=2, after=after)["order"]["events"]
        seqs += [edge["node"]["seq"] for edge in page["edges"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert seqs == [1, 2, 3]


def test_a_line_outlives_its_variant(guest, variant):
    order = order_of(guest, (gid(variant), 1))
    ProductVariant.objects.all().delete()
    query = """query($id: ID!, $t: String) { order(id: $id, guestToken: $t) {
      lines { sku quantity variant { id } } } }"""

    shown = guest(query, id=order["id"], t=order["guestToken"])["order"]

    assert shown == {"lines": [{"sku": variant.sku, "quantity": 1, "variant": None}]}


# ── What it costs ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_page_of_twenty_orders_costs_eight_statements_at_most(customer, shipping):
    api = Api(customer)
    for _ in range(20):
        variants = [make_product().variants.get() for _ in range(2)]
        order_of(api, *[(gid(variant), 1) for variant in variants])

    with CaptureQueriesContext(connection) as statements:
        listed = api(PAGE)["orders"]["edges"]

    assert len(listed) == 20
    assert all(len(edge["node"]["lines"]) == 2 for edge in listed)
    assert len(statements) <= 8


def test_a_guest_is_not_told_who_decided(guest, shipping, approver):
    order = order_of(guest, (gid(make_variant(price="300.00")), 2))
    query = "query($id: ID!, $t: String) { order(id: $id, guestToken: $t) { approvalRequests { summary } } }"

    assert guest(query, id=order["id"], t=order["guestToken"])["order"]["approvalRequests"] == []


def test_products_can_be_asked_for_through_lines(customer, shipping):
    fields = "lines { variant { product { name inStock variants { sku quantityAvailable } images { url } } } }"
    order = order_of(Api(customer), (gid(make_variant(name="Lamp")), 1))

    (line,) = Api(customer)(f"query($id: ID!) {{ order(id: $id) {{ {fields} }} }}", id=order["id"])["order"]["lines"]

    assert (line["variant"]["product"]["name"], line["variant"]["product"]["inStock"]) == ("Lamp", True)
