"""Finding orders in the list of the staff: every filter, the search, and what both cost."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from strawberry.relay.utils import to_base64

from ordering.models import Order, Promotion
from tests.conftest import Api, gid, make_product, make_user, make_variant
from tests.shopping import ADDRESS, cart_with, checkout, order_of

pytestmark = pytest.mark.django_db

NUMBERS = """query($filters: OrderFilters, $ordering: [OrderOrdering!]) {
  orders(filters: $filters, ordering: $ordering) { totalCount edges { node { number } } } }"""
# All that a page of orders may show.
PAGE = """{ orders(first: 20) { edges { node {
  number status paymentStatus email note placedAt total { amount currency } subtotal { amount } taxTotal { amount }
  customer { email } draftedBy { email } shippingAddress { fullName city } priceBreakdown { label amount { amount } }
  allowedActions { action isAllowed reason }
  payment { state amount { amount } }
  promotions { name code discount { amount } }
  lines { productName quantity totalPrice { amount } discount { amount } tax { amount }
    variant { sku price { amount } product { name images { url alt } } } }
} } } }"""


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=1000)


@pytest.fixture
def desk(staff):
    return Api(staff)


@pytest.fixture
def three(customer, guest, variant):
    """A customer's of one; a guest's of two, in review, to Grace; the customer's of three of another variant."""
    other = make_variant(price="20.00", stock=10)
    ordered = [
        order_of(Api(customer), (gid(variant), 1)),
        order_of(
            guest,
            (gid(variant), 2),
            email="Grace@example.com",
            shippingAddress=ADDRESS | {"fullName": "Grace Hopper"},
            payment={"token": "tok_review"},
        ),
        order_of(Api(customer), (gid(other), 3)),
    ]
    for day, order in enumerate(ordered, start=1):
        Order.objects.filter(number=order["number"]).update(placed_at=datetime(2026, 1, day, tzinfo=UTC))
    return [order | {"sku": order["lines"][0]["sku"]} for order in ordered]


def positions(api, three, filters, ordering=None):
    """Which of the three are listed, in which order, counted from 1."""
    found = api(NUMBERS, filters=filters, ordering=ordering)["orders"]
    numbers = [order["number"] for order in three]
    listed = [numbers.index(edge["node"]["number"]) + 1 for edge in found["edges"]]
    assert found["totalCount"] == len(listed)
    return listed


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"status": "PENDING"}, [2]),
        ({"status": ["PENDING", "CONFIRMED"]}, [3, 2, 1]),
        ({"status": []}, [3, 2, 1]),
        ({"paymentStatus": ["UNPAID", "FAILED"]}, [2]),
        ({"paymentStatus": ["PAID"], "status": ["CONFIRMED"]}, [3, 1]),
        ({"email": " GRACE@EXAMPLE.COM "}, [2]),
        ({"email": "grace"}, []),
        ({"currency": "EUR"}, [3, 2, 1]),
        ({"currency": "EUR", "minTotal": "44.90"}, [3, 2]),
        ({"currency": "EUR", "maxTotal": "44.90"}, [2, 1]),
        ({"currency": "EUR", "minTotal": "44.90", "maxTotal": "44.90"}, [2]),
        ({"placedAfter": "2026-01-02T00:00:00Z", "placedBefore": "2026-01-03T00:00:00Z"}, [2]),
        ({"search": "grace@"}, [2]),
        ({"search": "HOPPER"}, [2]),
        ({"search": "lovelace"}, [3, 1]),
        ({"search": "buyer@EXAMPLE"}, [3, 1]),
        ({"search": "nothing like it"}, []),
        ({"search": "100%"}, []),
        ({"search": "lovelace", "status": ["PENDING"]}, []),
    ],
)
def test_every_filter(desk, three, filters, expected):
    assert positions(desk, three, filters) == expected


def test_an_order_is_found_by_its_number_and_by_a_sku(desk, three):
    for position, order in enumerate(three, start=1):
        number = order["number"].lower()
        for spelt in (number, f"{number[:4]}-{number[4:]}", f" {number[:4]} {number[4:]} "):
            assert positions(desk, three, {"number": spelt}) == [position]
            assert positions(desk, three, {"search": spelt}) == [position]
    assert positions(desk, three, {"search": three[2]["sku"].lower()}) == [3]
    assert positions(desk, three, {"search": three[0]["sku"]}) == [2, 1]


def test_the_orders_of_a_customer(desk, customer, three):
    assert positions(desk, three, {"customerId": gid(customer)}) == [3, 1]
    assert positions(desk, three, {"customerId": gid(make_user())}) == []


def test_a_customers_search_stays_among_their_own(customer, three):
    assert positions(Api(customer), three, {"search": "grace"}) == []
    assert positions(Api(customer), three, {"search": three[1]["number"]}) == []
    assert positions(Api(customer), three, {"search": "lovelace"}) == [3, 1]


def test_a_filter_and_an_ordering_go_together(desk, three):
    Order.objects.filter(number=three[0]["number"]).update(total_amount=Decimal("500.00"))

    assert positions(desk, three, {"status": ["CONFIRMED"]}, [{"total": "ASC"}]) == [3, 1]
    assert positions(desk, three, {"search": "e"}, [{"total": "DESC"}]) == [1, 3, 2]


@pytest.mark.parametrize(
    "filters",
    [
        {"search": "x" * 101},
        {"search": "a\0b"},
        {"email": "x" * 255},
        {"status": ["LOST"]},
        {"minTotal": "1"},
        {"maxTotal": "1"},
        {"currency": "XYZ"},
        {"currency": "EUR", "minTotal": "-1"},
        {"currency": "EUR", "minTotal": "2", "maxTotal": "1"},
        {"currency": "EUR", "maxTotal": "1e30"},
        {"customerId": "nonsense"},
        {"customerId": to_base64("Order", "00000000-0000-4000-8000-000000000000")},
        {"customerId": to_base64("User", "1")},
    ],
)
def test_a_filter_that_cannot_be_read_is_the_clients_mistake(desk, filters):
    assert desk.code(NUMBERS, filters=filters) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("field", "moment"), [("placedAfter", "0001-01-01T00:00:00+14:00"), ("placedBefore", "9999-12-31T23:59:59-14:00")]
)
def test_a_moment_that_is_none_in_utc_is_refused_by_its_field(desk, field, moment):
    (error,) = desk.send(NUMBERS, filters={field: moment})["errors"]

    assert (error["extensions"]["code"], error["message"]) == (
        "BAD_USER_INPUT",
        f"filters.{field}: There is no such moment.",
    )


def test_what_a_search_cannot_tell_from_a_pattern_is_looked_for_as_it_is(desk, customer, variant):
    order = order_of(Api(customer), (gid(variant), 1), shippingAddress=ADDRESS | {"fullName": "A_B 100% C\\D"})

    for text, expected in (("a_b", 1), ("100%", 1), ("c\\d", 1), ("a%c", 0), ("axb", 0)):
        assert desk(NUMBERS, filters={"search": text})["orders"]["totalCount"] == expected, text
    assert desk(NUMBERS, filters={"search": order["number"]})["orders"]["totalCount"] == 1


# ── What it costs ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_page_costs_eight_statements_at_most_and_the_same_for_one_order_and_for_twenty(desk, customer, shipping):
    Promotion.objects.create(name="Sale", kind="PERCENTAGE", percent=Decimal(10))
    api = Api(customer)

    def counted():
        with CaptureQueriesContext(connection) as statements:
            listed = desk(PAGE)["orders"]["edges"]
        return len(listed), [statement["sql"] for statement in statements]

    def bought():
        variants = [make_product().variants.get() for _ in range(2)]
        cart = cart_with(api, *[(gid(variant), 1) for variant in variants])
        assert checkout(api, cart["id"])["userErrors"] == []

    bought()
    one = counted()
    for _ in range(19):
        bought()
    twenty = counted()

    assert (one[0], twenty[0]) == (1, 20)
    assert len(one[1]) == len(twenty[1]), twenty[1]
    assert len(twenty[1]) <= 8, twenty[1]
