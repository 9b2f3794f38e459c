"""Best sellers: what is counted as sold, and how the catalogue hears of it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from strawberry.relay.utils import from_base64

from catalog.models import Product
from catalog.services import sales
from notifications.models import Event
from ordering import services, tasks
from ordering.models import Order, OrderStatus
from ordering.services import bought
from tests.conftest import Api, gid, make_product, make_user
from tests.shopping import cart_with, checkout, order_of
from workflows.models import ApprovalRequest
from workflows.services import reject

pytestmark = pytest.mark.django_db

TRANSFER = {"gateway": "manual", "token": "bank_transfer"}
CASH = {"gateway": "manual", "token": "cash_on_delivery"}
BEST_FIRST = "{ products(ordering: [{ bestSelling: DESC }]) { edges { node { name } } } }"


@pytest.fixture
def lamp(shipping):
    return make_product("Lamp", variants=2, stock=1000)


@pytest.fixture
def desk(shipping):
    return make_product("Desk", stock=1000)


@pytest.fixture
def chair(shipping):
    return make_product("Chair", stock=1000)


def sold(user, *lines, **input):
    """An order of so many of a product's variants: (product, quantity) each."""
    order = order_of(Api(user), *((gid(product.variants.first()), quantity) for product, quantity in lines), **input)
    return Order.objects.get(pk=from_base64(order["id"])[1])


def units(*products):
    return [Product.objects.get(pk=product.pk).units_sold for product in products]


def test_units_in_all_orders_make_the_list_of_best_sellers(guest, customer, lamp, desk, chair):
    sold(customer, (lamp, 2), (desk, 1))
    sold(None, (desk, 4))
    both = [(gid(variant), 1) for variant in lamp.variants.all()]
    order_of(Api(make_user()), *both)

    assert tasks.count_sales() == 2

    assert units(lamp, desk, chair) == [4, 5, 0]
    listed = [edge["node"]["name"] for edge in guest(BEST_FIRST)["products"]["edges"]]
    assert listed == ["Desk", "Lamp", "Chair"]


def test_what_was_cancelled_or_rejected_or_never_paid_was_not_sold(customer, approver, lamp, desk):
    sold(customer, (desk, 1))
    services.cancel(order_id=sold(customer, (lamp, 3)).pk, reason="No", actor=customer)
    held = sold(customer, (lamp, 40))
    reject(request_id=ApprovalRequest.objects.get(order=held).pk, actor=approver, reason="No")
    checkout(Api(customer), cart_with(Api(customer), (gid(lamp.variants.first()), 5))["id"], token="tok_no")

    sold(customer, (lamp, 500), payment=TRANSFER)

    tasks.count_sales()

    assert units(lamp, desk) == [0, 1]


def test_what_is_cancelled_later_is_taken_off_with_the_next_count(customer, lamp):
    order = sold(customer, (lamp, 3))
    tasks.count_sales()
    assert units(lamp) == [3]

    services.cancel(order_id=order.pk, reason="No", actor=customer)
    tasks.count_sales()

    assert units(lamp) == [0]


@pytest.mark.parametrize(("age", "counted"), [(timedelta(days=89, hours=23), 2), (timedelta(days=90, seconds=1), 0)])
def test_ninety_days_count(customer, lamp, age, counted):
    order = sold(customer, (lamp, 2))
    Order.objects.filter(pk=order.pk).update(placed_at=timezone.now() - age)

    tasks.count_sales()

    assert units(lamp) == [counted]


def test_counting_again_changes_nothing(customer, lamp, desk):
    sold(customer, (lamp, 2))
    tasks.count_sales()
    before = list(Product.objects.order_by("pk").values()), Event.objects.count()

    assert tasks.count_sales() == 0

    assert (list(Product.objects.order_by("pk").values()), Event.objects.count()) == before


def test_only_what_differs_is_written(customer, lamp, desk, chair):
    Product.objects.filter(pk=lamp.pk).update(units_sold=7)
    Product.objects.filter(pk=desk.pk).update(units_sold=3)
    touched = Product.objects.get(pk=desk.pk).updated_at

    assert sales.set_units_sold(counts={desk.pk: 3, chair.pk: 1}) == 2

    assert units(lamp, desk, chair) == [0, 3, 1]
    assert Product.objects.get(pk=desk.pk).updated_at == touched


def test_a_product_that_is_gone_by_then_is_passed_over(lamp):
    assert sales.set_units_sold(counts={lamp.pk: 1, 999_999_999: 5}) == 1

    assert units(lamp) == [1]


def test_many_are_written_in_batches(monkeypatch, lamp, desk, chair):
    monkeypatch.setattr(sales, "BATCH", 2)

    assert sales.set_units_sold(counts={lamp.pk: 1, desk.pk: 2, chair.pk: 3}) == 3

    assert units(lamp, desk, chair) == [1, 2, 3]


def test_counting_costs_the_same_for_one_order_and_for_five(customer, lamp, desk):
    counted = []
    for more in (1, 4):
        for _ in range(more):
            sold(customer, (lamp, 1), (desk, 1))
        with CaptureQueriesContext(connection) as statements:
            tasks.count_sales()
        counted.append(len(statements))

    assert counted[0] == counted[1]


def test_it_is_counted_every_hour(settings):
    (beat,) = [each for each in settings.CELERY_BEAT_SCHEDULE.values() if each["task"] == tasks.count_sales.name]
    assert beat["schedule"] == timedelta(hours=1)


# ── Who bought what ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_whoever_has_a_placed_order_of_any_variant_bought_it(customer, lamp, desk):
    sold(customer, (lamp, 1))

    assert bought.has_bought(user=customer, product_id=lamp.pk)
    assert not bought.has_bought(user=customer, product_id=desk.pk)
    assert not bought.has_bought(user=make_user(), product_id=lamp.pk)


@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_is_a_purchase_until_it_is_cancelled_or_rejected(customer, lamp, status):
    order = sold(customer, (lamp, 1))
    Order.objects.filter(pk=order.pk).update(status=status)  # only what the status means is asked here

    is_bought = bought.has_bought(user=customer, product_id=lamp.pk)

    assert is_bought == (status not in {OrderStatus.CANCELLED, OrderStatus.REJECTED})


def test_a_checkout_whose_payment_was_declined_and_a_guests_order_are_no_purchases(customer, lamp):
    checkout(Api(customer), cart_with(Api(customer), (gid(lamp.variants.first()), 1))["id"], token="tok_no")
    sold(None, (lamp, 1), email=customer.email)

    assert not bought.has_bought(user=customer, product_id=lamp.pk)


@pytest.mark.parametrize("payment", [TRANSFER, CASH])
def test_nobody_buys_the_right_to_an_unmoderated_review_with_an_order_they_never_pay(customer, staff, lamp, payment):
    order = sold(customer, (lamp, 1), payment=payment)
    review = """mutation($id: ID!) { reviewCreate(productId: $id, input: { rating: 5, body: "http://x" }) {
      review { status isVerifiedPurchase } userErrors { code } } }"""

    written = Api(customer)(review, id=gid(lamp))["reviewCreate"]

    assert written == {"review": {"status": "PENDING", "isVerifiedPurchase": False}, "userErrors": []}
    receipt = services.Receipt(amount=order.total_amount)
    services.payment_receive(order_id=order.pk, idempotency_key="1", receipt=receipt, actor=staff)
    assert bought.has_bought(user=customer, product_id=lamp.pk)
