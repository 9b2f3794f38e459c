"""The sales report: what was sold, by what, to the cent, and what it costs to ask."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Category, VariantPrice
from ordering.models import Order, Promotion, TaxRate
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import ADDRESS, CART_CREATE, cart_with, checkout, order_of

pytestmark = pytest.mark.django_db(transaction=True)

AMOUNTS = ["gross", "discount", "shipping", "tax", "total", "refunded", "net"]
ROW = f"key label orders units {' '.join(f'{name} {{ amount currency }}' for name in AMOUNTS)}"
REPORT = f"""
query($period: SalesPeriodInput!, $by: SalesReportBy!, $currency: String) {{
  salesReport(period: $period, by: $by, currency: $currency) {{
    from to currency rows {{ {ROW} }} totals {{ {ROW} }}
  }}
}}
"""
REFUND = """
mutation($id: ID!, $input: RefundCreateInput!, $key: String!) {
  refundCreate(orderId: $id, input: $input, idempotencyKey: $key) { refund { id } userErrors { code message } }
}
"""
NOVEMBER = {"between": {"from": "2026-11-01", "to": "2026-11-30"}}
NOTHING = dict.fromkeys(AMOUNTS, "0.00")
FRENCH = {**ADDRESS, "country": "FR", "city": "Paris", "postalCode": "75001"}


@pytest.fixture
def desk(staff):
    return Api(staff)


@pytest.fixture
def lamp(shipping):
    return make_variant(name="Lamp", price="20.00")


@pytest.fixture
def pen(shipping):
    return make_variant(name="Pen", price="3.00", category=Category.objects.create(name="Office", slug="office"))


def sold(api, *lines, on="2026-11-10T12:00", **input):
    """An order that was placed then."""
    order = order_of(api, *((gid(variant), quantity) for variant, quantity in lines), **input)
    placed_at = datetime.fromisoformat(on).replace(tzinfo=UTC)
    Order.objects.filter(number=order["number"]).update(placed_at=placed_at)
    return Order.objects.get(number=order["number"])


def report(api, by, period=None, **more):
    return api(REPORT, period=period or NOVEMBER, by=by, **more)["salesReport"]


def told(row):
    """What a row says, its amounts without their currency."""
    return {name: value["amount"] if isinstance(value, dict) else value for name, value in row.items()}


def sales(row, *names):
    found = told(row)
    return tuple(found[name] for name in names)


# ── By time ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_every_day_of_the_period_has_a_row_and_together_they_are_the_totals(desk, guest, lamp, pen):
    sold(guest, (lamp, 2), (pen, 1), on="2026-11-02T00:00")
    sold(guest, (lamp, 1), on="2026-11-02T23:59:59")
    sold(guest, (pen, 5), on="2026-11-04T10:00")
    sold(guest, (pen, 1), on="2026-11-05T00:00")

    found = report(desk, "DAY", {"between": {"from": "2026-11-01", "to": "2026-11-04"}})

    names = ("label", "orders", "units", "gross", "shipping", "total", "net")
    assert [sales(row, *names) for row in found["rows"]] == [
        ("2026-11-01", 0, 0, "0.00", "0.00", "0.00", "0.00"),
        ("2026-11-02", 2, 4, "63.00", "9.80", "72.80", "72.80"),
        ("2026-11-03", 0, 0, "0.00", "0.00", "0.00", "0.00"),
        ("2026-11-04", 1, 5, "15.00", "4.90", "19.90", "19.90"),
    ]
    assert sales(found["totals"], *names) == ("Total", 3, 9, "78.00", "14.70", "92.70", "92.70")
    assert (found["from"], found["to"], found["currency"]) == ("2026-11-01", "2026-11-04", "EUR")


def test_weeks_begin_on_monday_and_months_on_the_first(desk, guest, lamp):
    sold(guest, (lamp, 1), on="2026-11-01T12:00")  # a Sunday
    sold(guest, (lamp, 1), on="2026-11-02T12:00")
    sold(guest, (lamp, 1), on="2026-12-31T12:00")
    period = {"between": {"from": "2026-10-31", "to": "2026-12-31"}}

    weeks = [sales(row, "key", "orders") for row in report(desk, "WEEK", period)["rows"]]
    months = [sales(row, "key", "orders") for row in report(desk, "MONTH", period)["rows"]]

    assert weeks[:3] == [("2026-10-26", 1), ("2026-11-02", 1), ("2026-11-09", 0)]
    assert weeks[-1] == ("2026-12-28", 1)
    assert months == [("2026-10-01", 0), ("2026-11-01", 2), ("2026-12-01", 1)]


def test_the_last_days_end_today(desk, guest, lamp):
    order_of(guest, (gid(lamp), 1))

    found = report(desk, "DAY", {"lastDays": 7})

    assert [row["orders"] for row in found["rows"]] == [0, 0, 0, 0, 0, 0, 1]
    assert found["to"] == datetime.now(UTC).date().isoformat()


# ── What counts ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_was_cancelled_or_never_paid_was_not_sold(desk, guest, lamp):
    sold(guest, (lamp, 1))
    cancelled = sold(guest, (lamp, 2))
    desk(
        'mutation($id: ID!) { orderCancel(id: $id, reason: "Gone.") { userErrors { code } } }',
        id=gid(cancelled),
    )
    declined = checkout(guest, cart_with(guest, (gid(lamp), 4))["id"], token="tok_declined")
    assert declined["order"] is None

    assert sales(report(desk, "DAY")["totals"], "orders", "units", "gross") == (1, 1, "20.00")


def test_discount_tax_and_refund_have_a_column_each(desk, guest, lamp):
    TaxRate.objects.create(country="DE", percent=Decimal(19))
    Promotion.objects.create(name="Autumn", kind="PERCENTAGE", percent=Decimal(10))
    order = sold(guest, (lamp, 5))
    refunded(desk, order, amount="12.90")

    assert told(report(desk, "MONTH")["totals"]) == {
        "key": None,
        "label": "Total",
        "orders": 1,
        "units": 5,
        "gross": "100.00",
        "discount": "10.00",
        "shipping": "4.90",
        "tax": "15.15",
        "total": "94.90",
        "refunded": "12.90",
        "net": "82.00",
    }


def refunded(api, order, **input):
    answer = api(REFUND, id=gid(order), key=f"refund-{order.pk}", input={"reason": "Scratched.", **input})
    assert answer["refundCreate"]["userErrors"] == []


def test_a_report_is_in_one_currency(desk, guest, lamp, settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD"]
    VariantPrice.objects.create(variant=lamp, currency="USD", amount=22)
    sold(guest, (lamp, 1))
    input = {"currency": "USD", "lines": [{"variantId": gid(lamp), "quantity": 1}]}
    cart = guest(CART_CREATE, input=input)["cartCreate"]["cart"]
    assert checkout(guest, cart["id"], shippingAddress=ADDRESS)["userErrors"][0]["code"] == "SHIPPING_UNAVAILABLE"

    assert report(desk, "DAY", currency="USD")["totals"]["gross"] == {"amount": "0.00", "currency": "USD"}
    assert report(desk, "DAY")["totals"]["gross"] == {"amount": "20.00", "currency": "EUR"}


# ── By what was sold, where to, and why ──────────────────────────────────────────────────────────────────────────────
def test_products_and_categories_are_those_of_the_lines_the_dearest_first(desk, guest, lamp, pen):
    sold(guest, (lamp, 2), (pen, 1))
    sold(guest, (pen, 3))
    order = sold(guest, (lamp, 1))
    refunded(desk, order, lines=[{"orderLineId": gid(order.lines.get()), "quantity": 1}])

    products = report(desk, "PRODUCT")
    categories = report(desk, "CATEGORY")

    names = ("key", "label", "orders", "units", "gross", "shipping", "total", "refunded", "net")
    assert [sales(row, *names) for row in products["rows"]] == [
        (gid(lamp.product), "Lamp", 2, 3, "60.00", "0.00", "60.00", "20.00", "40.00"),
        (gid(pen.product), "Pen", 2, 4, "12.00", "0.00", "12.00", "0.00", "12.00"),
    ]
    assert [sales(row, *names[1:5]) for row in categories["rows"]] == [
        ("Things", 2, 3, "60.00"),
        ("Office", 2, 4, "12.00"),
    ]
    assert sales(products["totals"], "orders", "units", "gross", "shipping") == (3, 7, "72.00", "14.70")


def test_what_was_deleted_keeps_the_name_it_was_sold_under(desk, guest, lamp, pen):
    sold(guest, (lamp, 1), (pen, 1))
    product = lamp.product
    product.images.all().delete()
    lamp.delete()

    rows = report(desk, "PRODUCT")["rows"]

    assert [sales(row, "key", "label", "gross") for row in rows] == [
        (None, "Lamp", "20.00"),
        (gid(pen.product), "Pen", "3.00"),
    ]
    assert report(desk, "CATEGORY")["rows"][0]["label"] == "Without a category"


def test_countries_are_those_that_orders_are_sent_to(desk, guest, lamp):
    sold(guest, (lamp, 1))
    sold(guest, (lamp, 2), shippingAddress=FRENCH)
    sold(guest, (lamp, 1), shippingAddress=FRENCH)

    rows = report(desk, "COUNTRY")["rows"]

    assert [sales(row, "key", "label", "orders", "units", "gross") for row in rows] == [
        ("FR", "FR", 2, 3, "60.00"),
        ("DE", "DE", 1, 1, "20.00"),
    ]


def test_an_order_stands_in_the_row_of_each_of_its_promotions(desk, guest, lamp):
    tenth = Promotion.objects.create(name="Autumn", kind="PERCENTAGE", percent=Decimal(10))
    sold(guest, (lamp, 1))
    free = Promotion.objects.create(name="Sent free", kind="FREE_SHIPPING")
    sold(guest, (lamp, 4))

    found = report(desk, "PROMOTION")

    names = ("key", "label", "orders", "units", "gross", "discount")
    assert [sales(row, *names) for row in found["rows"]] == [
        (gid(tenth), "Autumn", 2, 5, "100.00", "10.00"),
        (gid(free), "Sent free", 1, 4, "80.00", "4.90"),
    ]
    assert sales(found["totals"], "orders", "gross", "discount") == (2, "100.00", "14.90")


@pytest.mark.parametrize("by", ["PRODUCT", "CATEGORY", "COUNTRY", "PROMOTION"])
def test_where_nothing_was_sold_there_are_totals_of_nothing(desk, by):
    found = report(desk, by)

    assert found["rows"] == []
    assert told(found["totals"]) == {"key": None, "label": "Total", "orders": 0, "units": 0, **NOTHING}


# ── Who may ask, and what ────────────────────────────────────────────────────────────────────────────────────────────
def test_only_those_who_see_all_orders_may_ask(guest, customer):
    asked = {"period": NOVEMBER, "by": "DAY"}

    assert guest.code(REPORT, **asked) == "UNAUTHENTICATED"
    assert Api(customer).code(REPORT, **asked) == "FORBIDDEN"
    assert Api(make_user(is_staff=True)).code(REPORT, **asked) == "FORBIDDEN"


@pytest.mark.parametrize(
    ("period", "by", "currency"),
    [
        ({"lastDays": 0}, "DAY", None),
        ({"lastDays": -5}, "DAY", None),
        ({"lastDays": 367}, "DAY", None),
        ({"lastDays": 3_661}, "MONTH", None),
        ({"lastDays": 2_147_483_647}, "MONTH", None),
        ({"between": {"from": "2026-11-02", "to": "2026-11-01"}}, "DAY", None),
        ({"between": {"from": "2015-01-01", "to": "2026-11-01"}}, "PRODUCT", None),
        ({"between": {"from": "9999-12-01", "to": "9999-12-31"}}, "MONTH", None),
        ({"lastDays": 1}, "DAY", "XYZ"),
        ({"lastDays": 1}, "DAY", ""),
    ],
)
def test_what_cannot_be_reported_is_refused(desk, period, by, currency):
    assert desk.code(REPORT, period=period, by=by, currency=currency) == "BAD_USER_INPUT"


@pytest.mark.parametrize("by", ["DAY", "WEEK", "PRODUCT", "CATEGORY", "COUNTRY", "PROMOTION"])
def test_a_report_of_many_orders_costs_as_many_statements_as_one_of_one(desk, guest, lamp, pen, by):
    Promotion.objects.create(name="Autumn", kind="PERCENTAGE", percent=Decimal(10))
    sold(guest, (lamp, 1))

    def asked():
        with CaptureQueriesContext(connection) as statements:
            report(desk, by)
        return sum("ordering_order" in statement["sql"] for statement in statements)

    one = asked()
    sold(guest, (lamp, 2), (pen, 1), shippingAddress=FRENCH, on="2026-11-20T10:00")
    sold(guest, (pen, 1), on="2026-11-03T10:00")

    assert asked() == one <= 4
