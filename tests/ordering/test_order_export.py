"""Orders as a CSV: what is in it, for whom, how long its link holds, and what writing it takes."""

import asyncio
import csv
import io
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import links
from config.asgi import application
from ordering import exporting
from ordering.models import Order, Promotion, TaxRate
from tests.conftest import Api, gid, make_product, make_user, make_variant
from tests.shopping import ADDRESS, order_of

pytestmark = pytest.mark.django_db(transaction=True)

EXPORT = """
mutation($filters: OrderFilters) {
  ordersExport(filters: $filters) { url userErrors { code message field } }
}
"""


@pytest.fixture
def desk(staff):
    return Api(staff)


@pytest.fixture
def lamp(shipping):
    return make_variant(name="Lamp", price="20.00")


def link(api, **filters):
    payload = api(EXPORT, filters=filters or None)["ordersExport"]
    assert payload["userErrors"] == []
    return urlsplit(payload["url"]).path


def opened(path):
    return Client().get(path)


def rows(path):
    """The rows of a file, by their columns."""
    answer = opened(path)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))


# ── What is in it ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_each_line_is_a_row_and_what_is_of_the_order_stands_in_its_first(desk, guest, lamp):
    TaxRate.objects.create(country="DE", percent=Decimal(19))
    Promotion.objects.create(name="Autumn", kind="PERCENTAGE", percent=Decimal(10))
    pen = make_variant(name="Pen", price="3.00")
    placed = order_of(guest, (gid(lamp), 2), (gid(pen), 1))

    first, second = rows(link(desk))

    order = Order.objects.get()
    moment = order.placed_at.isoformat(timespec="seconds")
    every = {
        "Number": placed["number"],
        "Placed at": moment,
        "Status": "CONFIRMED",
        "Payment status": placed["paymentStatus"],
        "Currency": "EUR",
    }
    assert first == {
        **every,
        "E-mail": "buyer@example.com",
        "Subtotal": "43.00",
        "Discount": "4.30",
        "Shipping": "4.90",
        "Tax": "0.00",
        "Included tax": "6.96",
        "Total": "43.60",
        "Refunded": "0.00",
        "Promotions": "Autumn",
        "Shipping method": "Standard",
        "Name": "Ada Lovelace",
        "Line 1": "12 High Street",
        "Line 2": "",
        "City": "Berlin",
        "Region": "",
        "Postal code": "10115",
        "Country": "DE",
        "Phone": "",
        "Note": "",
        "SKU": lamp.sku,
        "Product": "Lamp",
        "Variant": "Variant 0",
        "Quantity": "2",
        "Fulfilled": "0",
        "Unit price": "20.00",
        "Line discount": "4.00",
        "Line tax": "5.75",
        "Tax rate": "19",
    }
    assert second == {
        **dict.fromkeys(exporting.COLUMNS, ""),
        **every,
        "SKU": pen.sku,
        "Product": "Pen",
        "Variant": "Variant 0",
        "Quantity": "1",
        "Fulfilled": "0",
        "Unit price": "3.00",
        "Line discount": "0.30",
        "Line tax": "0.43",
        "Tax rate": "19",
    }


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "'=1"])
def test_no_cell_is_a_formula(desk, guest, shipping, evil):
    product = make_product("Thing")
    product.name = evil
    product.save()
    order_of(guest, (gid(product.variants.get()), 1), shippingAddress={**ADDRESS, "fullName": f"{evil} Ada"})

    (row,) = rows(link(desk))

    assert (row["Product"], row["Name"]) == (f"'{evil}", f"'{evil} Ada")


def test_filters_narrow_it_and_the_newest_order_is_the_first(desk, guest, lamp):
    numbers = [order_of(guest, (gid(lamp), quantity))["number"] for quantity in (1, 2, 3)]
    now = timezone.now()
    for age, number in enumerate(numbers):
        Order.objects.filter(number=number).update(placed_at=now - timedelta(days=age))

    def found(**filters):
        return [row["Number"] for row in rows(link(desk, **filters))]

    assert found() == numbers
    assert found(placedAfter=(now - timedelta(hours=36)).isoformat()) == numbers[:2]
    assert found(number=numbers[2].lower()) == numbers[2:]
    assert found(minTotal="40", currency="EUR") == numbers[1:]
    assert found(status=["SHIPPED", "DELIVERED"]) == []


def test_the_orders_of_one_customer_can_be_had(desk, customer, guest, lamp):
    order_of(guest, (gid(lamp), 1))
    number = order_of(Api(customer), (gid(lamp), 2))["number"]

    assert [row["Number"] for row in rows(link(desk, customerId=gid(customer)))] == [number]


def test_a_checkout_that_was_never_paid_is_not_in_it(desk, guest, lamp):
    order_of(guest, (gid(lamp), 1))
    Order.objects.update(placed_at=None)

    assert rows(link(desk)) == []


# ── Who gets it ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_only_those_who_see_all_orders_get_a_link(guest, customer):
    assert guest.code(EXPORT) == "UNAUTHENTICATED"
    assert Api(customer).code(EXPORT) == "FORBIDDEN"
    assert Api(make_user(is_staff=True)).code(EXPORT) == "FORBIDDEN"


def test_a_link_holds_for_an_hour(desk, guest, lamp):
    order_of(guest, (gid(lamp), 1))
    path = link(desk)

    answer = opened(path)

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="orders-')
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert opened(path.replace("/orders/", "/orders/x")).status_code == 404
    assert opened(f"{path}x").status_code == 404
    assert links.EXPORT_LINK_SECONDS == 3600


def test_a_link_is_over_after_its_time(desk, monkeypatch):
    path = link(desk)
    monkeypatch.setattr(links, "EXPORT_LINK_SECONDS", -1)

    assert opened(path).status_code == 404


@pytest.mark.parametrize("loses", ["its permission", "its desk", "its account"])
def test_who_may_see_all_orders_no_more_has_a_link_no_more(desk, staff, loses):
    path = link(desk)
    match loses:
        case "its permission":
            staff.user_permissions.clear()
        case "its desk":
            staff.is_staff = False
        case "its account":
            staff.is_active = False
    staff.save()

    assert opened(path).status_code == 404


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"customerId": "UHJvZHVjdDox"}, ["filters", "customerId"]),
        ({"minTotal": "5"}, ["filters", "currency"]),
        ({"search": "x" * 101}, ["filters", "search"]),
        ({"placedAfter": "0001-01-01T00:00:00+14:00"}, ["filters", "placedAfter"]),
        ({"placedBefore": "9999-12-31T23:59:59-14:00"}, ["filters", "placedBefore"]),
    ],
)
def test_what_cannot_be_filtered_by_is_refused_by_its_field(desk, filters, field):
    payload = desk(EXPORT, filters=filters)["ordersExport"]

    (error,) = payload["userErrors"]
    assert (payload["url"], error["code"], error["field"]) == (None, "INVALID", field)


# ── What writing it takes ────────────────────────────────────────────────────────────────────────────────────────────
def test_it_is_read_in_batches_of_three_statements(desk, guest, lamp, monkeypatch):
    monkeypatch.setattr(exporting, "BATCH", 2)
    moment = timezone.now()
    for _ in range(5):
        order_of(guest, (gid(lamp), 1))
    # Of one moment, so that the cut is within it.
    Order.objects.update(placed_at=moment)

    with CaptureQueriesContext(connection) as statements:
        pieces = list(exporting.written(Order.objects.all()))

    assert len(pieces) == 1 + 3
    numbers = [line.split(",")[0] for piece in pieces[1:] for line in piece.splitlines()]
    assert sorted(numbers) == sorted(Order.objects.values_list("number", flat=True))
    assert len(statements) == 3 * 3


def test_a_server_that_waits_for_nobody_streams_it_as_well(desk, guest, lamp):
    order_of(guest, (gid(lamp), 1))
    path = link(desk)

    async def read():
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b""}
        asked = ApplicationCommunicator(application, {**scope, "headers": [(b"host", b"localhost")]})
        await asked.send_input({"type": "http.request", "body": b""})
        begun = await asked.receive_output(10)
        body, more = b"", True
        while more:
            message = await asked.receive_output(10)
            body, more = body + message.get("body", b""), message.get("more_body", False)
        await asked.wait(10)
        return begun["status"], body

    status, body = asyncio.run(read())

    assert status == 200
    assert body.decode().count("\r\n") == 2
