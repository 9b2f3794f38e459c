"""Stock that is held back for a cart on its way through checkout: for 15 minutes, for nobody else, never too much."""

from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from strawberry.relay.utils import to_base64

from catalog.models import Product, ProductStatus, ProductVariant, StockAlert, StockLevel, StockMovement
from notifications.models import Event
from ordering import tasks
from ordering.models import Cart, CartLine, Order
from ordering.services import privacy, reserving
from tests.conftest import Api, gid, make_product, make_user, make_variant, socket
from tests.ordering.test_subscriptions import code_of, is_silent, take
from tests.shopping import CHECKOUT_START, cart_with, checkout, start

pytestmark = pytest.mark.django_db

UPDATE = """mutation($cart: ID!, $line: ID!, $n: Int!) {
  cartLinesUpdate(cartId: $cart, lines: [{lineId: $line, quantity: $n}]) { userErrors { code message } } }"""
REMOVE = """mutation($cart: ID!, $lines: [ID!]!) {
  cartLinesRemove(cartId: $cart, lineIds: $lines) { userErrors { code } } }"""
ADD = """mutation($cart: ID!, $variant: ID!, $n: Int!) {
  cartLinesAdd(cartId: $cart, lines: [{variantId: $variant, quantity: $n}]) { userErrors { code } } }"""
SHOWN = "query($id: ID!) { cart(id: $id) { reservedUntil lines { quantity reservedUntil } } }"
EVENTS = """subscription($id: ID!, $after: Int! = 0) {
  cartEvents(cartId: $id, after: $after) { seq type message payload } }"""


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=10)


def stock_of(variant):
    """(on hand, reserved, available)"""
    level = StockLevel.objects.get(pk=variant.pk)
    return level.on_hand, level.reserved, level.available


def held():
    """(quantity, reserved) of every line."""
    return list(CartLine.objects.order_by("cart__created_at", "created_at").values_list("quantity", "reserved"))


def let_time_pass(minutes):
    """What is held looks as if that had been so long ago."""
    for line in CartLine.objects.filter(reserved__gt=0):
        line.reserved_until -= timedelta(minutes=minutes)
        line.save(update_fields=["reserved_until"])


def codes(payload):
    return [error["code"] for error in payload["userErrors"]]


def events():
    return list(Event.objects.filter(type__startswith="cart.").order_by("seq").values_list("type", flat=True))


# ── Starting ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_starting_checkout_holds_every_line_for_fifteen_minutes(guest, variant):
    other = make_variant(stock=5)
    cart = cart_with(guest, (gid(variant), 3), (gid(other), 5))
    before = timezone.now()

    shown = start(guest, cart["id"])["cart"]

    until = {line.reserved_until for line in CartLine.objects.all()}
    (moment,) = until
    assert timedelta(minutes=15) <= moment - before <= timedelta(minutes=16)
    assert {shown["reservedUntil"], *(line["reservedUntil"] for line in shown["lines"])} == {moment.isoformat()}
    assert [stock_of(variant), stock_of(other)] == [(10, 3, 7), (5, 5, 0)]
    assert not StockMovement.objects.exists()


def test_nobody_else_can_buy_what_is_held(guest, variant):
    mine, theirs = cart_with(guest, (gid(variant), 8)), cart_with(guest, (gid(variant), 3))
    start(guest, mine["id"])

    payload = checkout(guest, theirs["id"])

    assert codes(payload) == codes(start(guest, theirs["id"])) == ["OUT_OF_STOCK"]
    assert payload["userErrors"][0]["message"].startswith("Only 2 of ")
    assert payload["userErrors"][0]["field"] == ["cartId"]
    assert Order.objects.count() == 0
    assert stock_of(variant) == (10, 8, 2)


def test_a_start_holds_all_lines_or_none(guest, variant):
    scarce = make_variant(stock=2)
    cart = cart_with(guest, (gid(variant), 3), (gid(scarce), 2))
    StockLevel.objects.filter(pk=scarce.pk).update(on_hand=1)

    payload = start(guest, cart["id"])

    assert (payload["cart"], codes(payload)) == (None, ["OUT_OF_STOCK"])
    assert scarce.product.name in payload["userErrors"][0]["message"]
    assert held() == [(3, 0), (2, 0)]
    assert [stock_of(variant), stock_of(scarce)] == [(10, 0, 10), (1, 0, 1)]


def test_starting_again_holds_what_was_added_until_the_same_moment(guest, variant):
    other = make_variant(stock=5)
    cart = cart_with(guest, (gid(variant), 3))
    start(guest, cart["id"])
    let_time_pass(10)
    (until,) = CartLine.objects.values_list("reserved_until", flat=True)
    guest(ADD, cart=cart["id"], variant=gid(variant), n=2)
    guest(ADD, cart=cart["id"], variant=gid(other), n=1)
    assert guest(SHOWN, id=cart["id"])["cart"]["reservedUntil"] is None  # not all of it is held

    shown = start(guest, cart["id"])["cart"]

    assert held() == [(5, 5), (1, 1)]
    assert shown["reservedUntil"] == until.isoformat()
    assert [stock_of(variant), stock_of(other)] == [(10, 5, 5), (5, 1, 4)]


def test_when_time_is_over_it_may_start_anew(guest, variant):
    cart = cart_with(guest, (gid(variant), 3))
    start(guest, cart["id"])
    let_time_pass(15)
    assert guest(SHOWN, id=cart["id"])["cart"] == {
        "reservedUntil": None,
        "lines": [{"quantity": 3, "reservedUntil": None}],
    }

    shown = start(guest, cart["id"])["cart"]

    assert shown["reservedUntil"] > timezone.now().isoformat()
    assert stock_of(variant) == (10, 3, 7)


def test_what_cannot_be_ordered_is_not_held(guest, customer, variant):
    empty = guest("mutation { cartCreate { cart { id } } }")["cartCreate"]["cart"]
    mine = cart_with(Api(customer), (gid(variant), 1))
    ordered = cart_with(guest, (gid(variant), 1))
    checkout(guest, ordered["id"])
    gone = cart_with(guest, (gid(make_variant()), 1))
    Product.objects.exclude(pk=variant.product_id).update(status=ProductStatus.ARCHIVED)

    found = [codes(start(guest, cart["id"])) for cart in (empty, mine, ordered, gone)]

    assert found == [["CART_EMPTY"], ["NOT_FOUND"], ["CART_COMPLETED"], ["VARIANT_UNAVAILABLE"]]
    assert codes(start(guest, to_base64("Cart", "3f1c2f0e-0000-4000-8000-000000000000"))) == ["NOT_FOUND"]
    assert guest.code(CHECKOUT_START, cartId=gid(variant)) == "BAD_USER_INPUT"
    assert not CartLine.objects.filter(reserved__gt=0).exists()
    assert stock_of(variant) == (9, 0, 9)


# ── Checking out ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_checkout_takes_what_is_held_first(guest, variant):
    cart = cart_with(guest, (gid(variant), 10))
    start(guest, cart["id"])
    assert stock_of(variant) == (10, 10, 0)

    assert codes(checkout(guest, cart["id"])) == []

    assert stock_of(variant) == (0, 0, 0)
    assert held() == [(10, 0)]
    assert list(StockMovement.objects.values_list("reason", "before", "after")) == [("SOLD", 10, 0)]


def test_a_line_that_is_held_in_part_takes_the_rest_from_what_is_free(guest, variant):
    cart = cart_with(guest, (gid(variant), 2))
    start(guest, cart["id"])
    guest(ADD, cart=cart["id"], variant=gid(variant), n=4)

    assert codes(checkout(guest, cart["id"])) == []

    assert stock_of(variant) == (4, 0, 4)


def test_a_reservation_that_is_over_entitles_to_nothing_and_checkout_takes_what_is_free(guest, variant):
    slow, quick = cart_with(guest, (gid(variant), 10)), cart_with(guest, (gid(variant), 4))
    start(guest, slow["id"])
    let_time_pass(15)

    # The quick one does not wait for the task.
    assert codes(checkout(guest, quick["id"])) == []
    assert codes(checkout(guest, slow["id"])) == ["OUT_OF_STOCK"]
    assert stock_of(variant) == (6, 0, 6)
    assert events() == ["cart.reservation_expired"]
    guest(UPDATE, cart=slow["id"], line=slow["lines"][0]["id"], n=6)

    assert codes(checkout(guest, slow["id"])) == []
    assert stock_of(variant) == (0, 0, 0)


def test_a_start_does_not_wait_for_the_task_either(guest, variant):
    slow, quick = cart_with(guest, (gid(variant), 10)), cart_with(guest, (gid(variant), 4))
    start(guest, slow["id"])
    let_time_pass(15)

    assert codes(start(guest, quick["id"])) == []

    assert held() == [(10, 0), (4, 4)]
    assert stock_of(variant) == (10, 4, 6)


def test_a_declined_card_leaves_nothing_held(guest, variant):
    cart = cart_with(guest, (gid(variant), 3))
    start(guest, cart["id"])

    assert codes(checkout(guest, cart["id"], token="tok_declined")) == ["PAYMENT_DECLINED"]

    assert stock_of(variant) == (10, 0, 10)
    assert codes(start(guest, cart["id"])) == []
    assert codes(checkout(guest, cart["id"])) == []
    assert stock_of(variant) == (7, 0, 7)


def test_a_refused_checkout_keeps_what_is_held(guest, variant):
    cart = cart_with(guest, (gid(variant), 3))
    start(guest, cart["id"])

    assert codes(checkout(guest, cart["id"], expectedTotal="1.00")) == ["PRICE_CHANGED"]

    assert held() == [(3, 3)]
    assert stock_of(variant) == (10, 3, 7)


# ── Changing the cart ────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_leaves_the_cart_is_given_back(guest, variant):
    other = make_variant(stock=5)
    cart = cart_with(guest, (gid(variant), 6), (gid(other), 2))
    start(guest, cart["id"])
    first, second = (line["id"] for line in cart["lines"])

    guest(UPDATE, cart=cart["id"], line=first, n=4)
    assert (held()[0], stock_of(variant)) == ((4, 4), (10, 4, 6))
    guest(UPDATE, cart=cart["id"], line=first, n=9)
    assert (held()[0], stock_of(variant)) == ((9, 4), (10, 4, 6))
    guest(UPDATE, cart=cart["id"], line=first, n=0)
    guest(REMOVE, cart=cart["id"], lines=[second])

    assert held() == []
    assert [stock_of(variant), stock_of(other)] == [(10, 0, 10), (5, 0, 5)]


def test_what_a_cart_holds_counts_as_left_for_it(guest, variant):
    cart = cart_with(guest, (gid(variant), 10))
    start(guest, cart["id"])
    line = cart["lines"][0]["id"]

    assert guest(UPDATE, cart=cart["id"], line=line, n=10)["cartLinesUpdate"] == {"userErrors": []}
    refused = guest(UPDATE, cart=cart["id"], line=line, n=11)["cartLinesUpdate"]["userErrors"]
    assert [error["code"] for error in refused] == ["OUT_OF_STOCK"]
    assert refused[0]["message"].startswith("Only 10 of ")
    assert held() == [(10, 10)]


def test_a_cart_that_is_deleted_gives_back_what_it_holds(customer, variant):
    cart = cart_with(Api(customer), (gid(variant), 6))
    start(Api(customer), cart["id"])

    customer.erased_at = timezone.now()
    customer.save(update_fields=["erased_at"])
    privacy.forget_customer(user_id=customer.pk)

    assert not Cart.objects.exists()
    assert stock_of(variant) == (10, 0, 10)


def test_carts_that_are_deleted_together_give_back_the_sum_and_no_line_is_written_any_more(guest, variant):
    other = make_variant(stock=5)
    for lines in ([(gid(variant), 6), (gid(other), 1)], [(gid(variant), 3)]):
        start(guest, cart_with(guest, *lines)["id"])
    assert [stock_of(variant), stock_of(other)] == [(10, 9, 1), (5, 1, 4)]

    with CaptureQueriesContext(connection) as statements:
        reserving.delete_carts(cart_ids=list(Cart.objects.values_list("pk", flat=True)))

    assert [stock_of(variant), stock_of(other)] == [(10, 0, 10), (5, 0, 5)]
    assert not [each["sql"] for each in statements if each["sql"].startswith('UPDATE "ordering_cartline"')]


# ── Time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_task_gives_back_what_is_over_and_says_so_once(guest, variant):
    other = make_variant(stock=5)
    over = cart_with(guest, (gid(variant), 6), (gid(other), 1))
    start(guest, over["id"])
    let_time_pass(15)
    running = cart_with(guest, (gid(variant), 2))
    start(guest, running["id"])

    assert [tasks.release_reservations(), tasks.release_reservations()] == [1, 0]

    assert held() == [(6, 0), (1, 0), (2, 2)]
    assert [stock_of(variant), stock_of(other)] == [(10, 2, 8), (5, 0, 5)]
    event = Event.objects.get(type="cart.reservation_expired")
    assert (gid(event.subject), event.payload) == (over["id"], {"line_count": 2})


def test_two_minutes_before_it_is_told_once(guest, variant):
    cart = cart_with(guest, (gid(variant), 1))
    start(guest, cart["id"])
    let_time_pass(12)
    tasks.release_reservations()
    assert events() == []

    let_time_pass(1.5)
    tasks.release_reservations()
    guest(ADD, cart=cart["id"], variant=gid(variant), n=1)
    start(guest, cart["id"])
    tasks.release_reservations()
    assert events() == ["cart.reservation_expiring"]

    let_time_pass(2)
    tasks.release_reservations()
    assert events() == ["cart.reservation_expiring", "cart.reservation_expired"]
    start(guest, cart["id"])
    let_time_pass(14)
    tasks.release_reservations()
    assert events() == ["cart.reservation_expiring", "cart.reservation_expired", "cart.reservation_expiring"]


@pytest.mark.parametrize("left", ["variant", "product"])
def test_what_is_not_sold_any_more_is_not_held_either(guest, variant, left):
    start(guest, cart_with(guest, (gid(variant), 6))["id"])
    if left == "variant":
        ProductVariant.objects.update(is_active=False)
    else:
        Product.objects.update(status=ProductStatus.ARCHIVED)

    assert tasks.release_reservations() == 1

    assert stock_of(variant) == (10, 0, 10)


def test_what_was_reset_by_hand_never_falls_below_nothing(guest, variant):
    start(guest, cart_with(guest, (gid(variant), 5))["id"])
    let_time_pass(15)
    StockLevel.objects.update(reserved=2)

    assert tasks.release_reservations() == 1

    assert stock_of(variant) == (10, 0, 10)


def test_who_waits_for_stock_hears_of_it_when_it_is_not_held_any_more(guest, customer, variant):
    cart = cart_with(guest, (gid(variant), 10))
    start(guest, cart["id"])
    StockAlert.objects.create(variant=variant, email="waiting@example.com", user=customer)

    guest(REMOVE, cart=cart["id"], lines=[cart["lines"][0]["id"]])

    assert Event.objects.filter(type="variant.back_in_stock").count() == 1


def test_what_is_held_makes_it_low_and_selling_it_tells_nothing_again(guest, variant):
    StockLevel.objects.update(low_below=5)
    cart = cart_with(guest, (gid(variant), 6))

    start(guest, cart["id"])
    checkout(guest, cart["id"])

    (low,) = Event.objects.filter(type="stock.low")
    assert low.payload["available"] == 4


# ── What it costs ────────────────────────────────────────────────────────────────────────────────────────────────────
def statements_of(work):
    with CaptureQueriesContext(connection) as statements:
        work()
    return len(statements)


def test_starting_and_releasing_cost_the_same_for_two_lines_and_for_ten(guest, shipping):
    def costs(lines):
        variants = [(gid(variant), 1) for variant in make_product(variants=lines).variants.all()]
        cart = cart_with(guest, *variants)
        starting = statements_of(lambda: start(guest, cart["id"]))
        let_time_pass(15)
        return starting, statements_of(reserving.release_expired)

    costs(1)
    two, ten = costs(2), costs(10)

    assert two == ten
    assert ten[0] <= 20
    assert ten[1] <= 15


# ── Live ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def told(results):
    assert all(result.errors is None for result in results), [result.errors for result in results]
    return [(event["seq"], event["type"]) for event in (result.data["cartEvents"] for result in results)]


def started(variant, api=None):
    api = api or Api()
    cart = cart_with(api, (gid(variant), 1))
    start(api, cart["id"])
    return cart


@database_sync_to_async
def pass_time(minutes):
    let_time_pass(minutes)
    tasks.release_reservations()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("signed_in", [False, True])
async def test_a_cart_is_told_live_before_its_time_is_over_and_when_it_is(customer, shipping, signed_in):
    person = customer if signed_in else None
    variant = await database_sync_to_async(make_variant)()
    cart = await database_sync_to_async(lambda: started(variant, Api(person)))()

    async with socket(person) as client:
        assert await is_silent(client, client.subscribe(EVENTS, {"id": cart["id"]}))
    async with socket(person) as client:
        events = client.subscribe(EVENTS, {"id": cart["id"]})
        await pass_time(14)
        (first,) = await take(events, 1)
        await pass_time(1)
        (second,) = await take(events, 1)

    assert told([first, second]) == [(1, "cart.reservation_expiring"), (2, "cart.reservation_expired")]
    assert first.data["cartEvents"]["message"] == "Your cart is not held for you much longer."
    assert list(first.data["cartEvents"]["payload"]) == ["until"]
    async with socket(person) as client:
        assert told(await take(client.subscribe(EVENTS, {"id": cart["id"], "after": 1}), 1)) == [
            (2, "cart.reservation_expired")
        ]


@pytest.mark.django_db(transaction=True)
async def test_somebody_elses_cart_is_not_found(customer, shipping):
    variant = await database_sync_to_async(make_variant)()
    cart = await database_sync_to_async(lambda: started(variant, Api(customer)))()
    stranger = await database_sync_to_async(make_user)()

    for person in (None, stranger):
        async with socket(person) as client:
            assert await code_of(client.subscribe(EVENTS, {"id": cart["id"]})) == "NOT_FOUND"
