"""Checkout: a cart becomes an order exactly once, and every refusal leaves everything as it was."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from moneyed import Money
from strawberry.relay.utils import to_base64

from catalog.models import Product, ProductStatus, ProductVariant, StockLevel
from notifications.models import Event
from ordering import services
from ordering.gateways import Outcome, Stage, Standing
from ordering.models import Cart, Order, OrderLine, Payment, PaymentStatus, ShippingMethod, ShippingZone
from tests.conftest import Api, gid, make_product, make_user, make_variant
from tests.shopping import ADDRESS, CART_CREATE, CHECKOUT, cart_with, checkout, order_of, start

pytestmark = pytest.mark.django_db

ADD = """mutation($cartId: ID!, $lines: [CartLineInput!]!) {
  cartLinesAdd(cartId: $cartId, lines: $lines) { cart { id itemCount } userErrors { code } } }"""
ADDRESSES = """mutation($id: ID!, $input: CartAddressesSetInput!) {
  cartAddressesSet(cartId: $id, input: $input) { cart { id } userErrors { code } } }"""
SET_METHOD = """mutation($id: ID!, $method: ID!) {
  cartShippingMethodSet(cartId: $id, shippingMethodId: $method) { cart { id } userErrors { code } } }"""
METHODS = """query($id: ID!) { cart(id: $id) {
  availableShippingMethods(country: "DE") { id name price { amount currency } } } }"""
UNKNOWN_METHOD = to_base64("ShippingMethod", 4711)
ORDER = """query($id: ID!, $t: String) { order(id: $id, guestToken: $t) {
  number status total { amount } priceBreakdown { label }
  lines { sku productName quantity totalPrice { amount } } } }"""
MOST_FOR_A_CHECKOUT = 44
MOST_FOR_THE_WHOLE_WAY = 110


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=10)


def refusal(payload):
    assert payload["order"] is None
    assert payload["guestToken"] is None
    (error,) = payload["userErrors"]
    assert error["message"]
    return error["code"], error["field"], error["retryable"]


def set_addresses(api, cart_id, **input):
    assert api(ADDRESSES, id=cart_id, input=input)["cartAddressesSet"]["userErrors"] == []


def in_tables():
    """Everything a refused checkout must leave as it was."""
    return (
        Order.objects.count(),
        OrderLine.objects.count(),
        Payment.objects.count(),
        Event.objects.count(),
        list(StockLevel.objects.order_by("pk").values_list("on_hand", flat=True)),
        list(Cart.objects.order_by("pk").values_list("completed_at", flat=True)),
    )


# ── An order ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_checkout_snapshots_everything(guest, variant):
    order = order_of(guest, (gid(variant), 2), billingAddress=ADDRESS | {"fullName": "Bill Payer"})
    Product.objects.update(name="Renamed")
    ProductVariant.objects.update(price_amount=Decimal("99.00"), sku="OTHER")
    query = """query($id: ID!, $t: String) { order(id: $id, guestToken: $t) {
      email shippingMethod placedAt customer { id }
      subtotal { amount } discountTotal { amount } shippingTotal { amount } taxTotal { amount }
      total { amount currency }
      shippingAddress { fullName line1 line2 city region postalCode country phone } billingAddress { fullName city }
      lines { productName variantName sku quantity quantityFulfilled unitPrice { amount } totalPrice { amount } }
    } }"""

    shown = guest(query, id=order["id"], t=order["guestToken"])["order"]

    assert shown.pop("placedAt")
    assert shown == {
        "email": "buyer@example.com",
        "shippingMethod": "Standard",
        "customer": None,
        "subtotal": {"amount": "40.00"},
        "discountTotal": {"amount": "0.00"},
        "shippingTotal": {"amount": "4.90"},
        "taxTotal": {"amount": "0.00"},
        "total": {"amount": "44.90", "currency": "EUR"},
        "shippingAddress": {**ADDRESS, "line2": "", "region": "", "phone": ""},
        "billingAddress": {"fullName": "Bill Payer", "city": "Berlin"},
        "lines": [
            {
                "productName": variant.product.name,
                "variantName": "Variant 0",
                "sku": variant.sku,
                "quantity": 2,
                "quantityFulfilled": 0,
                "unitPrice": {"amount": "20.00"},
                "totalPrice": {"amount": "40.00"},
            }
        ],
    }


def test_a_customer_needs_no_address_for_mail_and_no_token(customer, variant):
    payload = checkout(Api(customer), cart_with(Api(customer), (gid(variant), 1))["id"], email=None)

    assert payload["userErrors"] == []
    assert payload["guestToken"] is None
    order = Order.objects.get()
    assert (order.customer, order.email, order.guest_key) == (customer, "customer@example.com", "")


def test_who_signs_in_on_the_way_owns_the_order_of_the_guests_cart(guest, customer, variant):
    cart = cart_with(guest, (gid(variant), 1))

    payload = checkout(Api(customer), cart["id"])

    assert payload["guestToken"] is None
    assert Order.objects.get().customer == customer


def test_the_method_chosen_is_the_one_charged(guest, variant):
    express = ShippingMethod.objects.create(name="Express", currency="EUR", price_amount=Decimal("12.90"))

    order = order_of(guest, (gid(variant), 1), shippingMethodId=gid(express))

    assert order["total"] == {"amount": "32.90", "currency": "EUR"}
    assert Order.objects.get().shipping_method == "Express"


def test_what_the_database_keeps_of_a_guests_token_does_not_open_the_order(guest, variant):
    order = order_of(guest, (gid(variant), 1))
    stored = Order.objects.get().guest_key
    query = "query($id: ID!, $t: String) { order(id: $id, guestToken: $t) { number } }"

    assert guest(query, id=order["id"], t=order["guestToken"])["order"] == {"number": order["number"]}
    assert guest.code(query, id=order["id"], t=stored) == "NOT_FOUND"


def test_the_last_of_the_stock_can_be_bought_once(guest, variant):
    first, second = cart_with(guest, (gid(variant), 10)), cart_with(guest, (gid(variant), 1))
    assert checkout(guest, first["id"])["userErrors"] == []
    before = in_tables()

    assert refusal(checkout(guest, second["id"])) == ("OUT_OF_STOCK", ["cartId"], False)
    assert in_tables() == before


def test_of_several_lines_all_are_taken_or_none(guest, variant):
    scarce = make_variant(stock=2)
    cart = cart_with(guest, (gid(variant), 3), (gid(scarce), 2))
    StockLevel.objects.filter(pk=scarce.pk).update(on_hand=1)
    before = in_tables()

    payload = checkout(guest, cart["id"])

    assert refusal(payload) == ("OUT_OF_STOCK", ["cartId"], False)
    assert scarce.product.name in payload["userErrors"][0]["message"]
    assert in_tables() == before


# ── Input that is refused ────────────────────────────────────────────────────────────────────────────────────────────
def part(**parts):
    return {"shippingAddress": ADDRESS | parts}


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"shippingAddress": None}, "REQUIRED", ["input", "shippingAddress"]),
        ({"email": None}, "REQUIRED", ["input", "email"]),
        ({"email": "   "}, "REQUIRED", ["input", "email"]),
        ({"email": "nobody"}, "REQUIRED", ["input", "email"]),
        ({"email": "a\0b@example.com"}, "REQUIRED", ["input", "email"]),
        ({"email": "a" * 250 + "@example.com"}, "REQUIRED", ["input", "email"]),
        ({"email": "a@example.com\nBcc: all@example.com"}, "REQUIRED", ["input", "email"]),
        (part(country="XX"), "ADDRESS_INVALID", ["input", "shippingAddress", "country"]),
        (part(country=""), "ADDRESS_INVALID", ["input", "shippingAddress", "country"]),
        (part(country="Germany"), "ADDRESS_INVALID", ["input", "shippingAddress", "country"]),
        (part(country="EU"), "ADDRESS_INVALID", ["input", "shippingAddress", "country"]),
        (part(fullName=" "), "ADDRESS_INVALID", ["input", "shippingAddress", "fullName"]),
        (part(line1=""), "ADDRESS_INVALID", ["input", "shippingAddress", "line1"]),
        (part(city=""), "ADDRESS_INVALID", ["input", "shippingAddress", "city"]),
        (part(fullName="A\0da"), "ADDRESS_INVALID", ["input", "shippingAddress", "fullName"]),
        (part(postalCode="1\n2"), "ADDRESS_INVALID", ["input", "shippingAddress", "postalCode"]),
        (part(line1="x" * 10_000), "ADDRESS_INVALID", ["input", "shippingAddress", "line1"]),
        (part(phone="x" * 201), "ADDRESS_INVALID", ["input", "shippingAddress", "phone"]),
        ({"billingAddress": ADDRESS | {"city": "\0"}}, "ADDRESS_INVALID", ["input", "billingAddress", "city"]),
        ({"billingAddress": ADDRESS | {"country": "QQ"}}, "ADDRESS_INVALID", ["input", "billingAddress", "country"]),
        ({"payment": {"token": "tok_ok", "gateway": "nobody"}}, "GATEWAY_UNKNOWN", ["input", "payment", "gateway"]),
        ({"payment": {"token": "tok_ok", "gateway": ""}}, "GATEWAY_UNKNOWN", ["input", "payment", "gateway"]),
        ({"payment": {"token": ""}}, "REQUIRED", ["input", "payment", "token"]),
        ({"payment": {"token": "tok\0"}}, "REQUIRED", ["input", "payment", "token"]),
        ({"payment": {"token": "x" * 256}}, "REQUIRED", ["input", "payment", "token"]),
        (
            {"shippingMethodId": to_base64("ShippingMethod", 4711)},
            "SHIPPING_UNAVAILABLE",
            ["input", "shippingMethodId"],
        ),
    ],
)
def test_bad_input_is_refused_by_name(guest, variant, input, code, field):
    cart = cart_with(guest, (gid(variant), 2))
    before = in_tables()

    assert refusal(checkout(guest, cart["id"], **input)) == (code, field, False)
    assert in_tables() == before


@pytest.mark.parametrize("key", ["", "   ", "\0", "a\0b", "a\nb", "x" * 129])
def test_a_key_that_is_none_is_refused(guest, variant, key):
    cart = cart_with(guest, (gid(variant), 2))
    before = in_tables()
    input = {"email": "buyer@example.com", "shippingAddress": ADDRESS, "payment": {"token": "tok_ok"}}

    payload = guest(CHECKOUT, cartId=cart["id"], key=key, input=input)["checkoutComplete"]

    assert refusal(payload) == ("REQUIRED", ["idempotencyKey"], False)
    assert in_tables() == before


@pytest.mark.parametrize(
    "input",
    [
        {"shippingAddress": {"fullName": "Ada"}},
        {"payment": None},
        {"payment": {}},
        {"total": "0.01"},
        {"shippingMethodId": "nonsense"},
        {"email": "\ud800@example.com"},
        {"shippingMethodId": to_base64("Cart", uuid.UUID(int=1))},
    ],
)
def test_input_that_does_not_fit_the_schema_is_the_clients_mistake(guest, variant, input):
    cart = cart_with(guest, (gid(variant), 2))
    before = in_tables()
    whole = {"email": "buyer@example.com", "shippingAddress": ADDRESS, "payment": {"token": "tok_ok"}} | input

    assert guest.code(CHECKOUT, cartId=cart["id"], key="k", input=whole) == "BAD_USER_INPUT"
    assert in_tables() == before


def test_an_empty_cart_cannot_be_checked_out(guest, shipping):
    cart = guest(CART_CREATE)["cartCreate"]["cart"]
    before = in_tables()

    assert refusal(checkout(guest, cart["id"])) == ("CART_EMPTY", ["cartId"], False)
    assert in_tables() == before


def test_a_cart_that_was_ordered_cannot_be_ordered_again(guest, variant):
    cart = cart_with(guest, (gid(variant), 2))
    assert checkout(guest, cart["id"])["userErrors"] == []
    before = in_tables()

    assert refusal(checkout(guest, cart["id"])) == ("CART_COMPLETED", ["cartId"], False)
    assert in_tables() == before


def test_an_unknown_cart_and_somebody_elses_are_not_found(guest, customer, variant):
    cart = cart_with(Api(customer), (gid(variant), 1))
    stranger = Api(make_user())
    before = in_tables()

    for api, id in ((guest, cart["id"]), (stranger, cart["id"]), (guest, to_base64("Cart", uuid.uuid4()))):
        assert refusal(checkout(api, id)) == ("NOT_FOUND", ["cartId"], False)
    assert in_tables() == before


@pytest.mark.parametrize("status", [ProductStatus.DRAFT, ProductStatus.ARCHIVED, None])
def test_what_left_the_range_meanwhile_cannot_be_checked_out(guest, variant, status):
    cart = cart_with(guest, (gid(variant), 1))
    if status:
        Product.objects.filter(pk=variant.product_id).update(status=status)
    else:
        ProductVariant.objects.filter(pk=variant.pk).update(is_active=False)
    before = in_tables()

    assert refusal(checkout(guest, cart["id"])) == ("VARIANT_UNAVAILABLE", ["cartId"], False)
    assert in_tables() == before


def test_a_country_no_method_ships_to_is_refused(guest, variant, shipping):
    ShippingMethod.objects.update(zone=ShippingZone.objects.create(name="France", countries=["FR"]))
    cart = cart_with(guest, (gid(variant), 1))
    before = in_tables()

    country = ["input", "shippingAddress", "country"]
    assert refusal(checkout(guest, cart["id"])) == ("SHIPPING_UNAVAILABLE", country, False)
    chosen = checkout(guest, cart["id"], shippingMethodId=gid(shipping))
    assert refusal(chosen) == ("SHIPPING_UNAVAILABLE", ["input", "shippingMethodId"], False)
    assert in_tables() == before


def test_an_order_larger_than_its_columns_is_refused(guest, shipping):
    variant = make_variant(price="99999999999.00", stock=1000)
    cart = cart_with(guest, (gid(variant), 1000))
    before = in_tables()

    assert refusal(checkout(guest, cart["id"])) == ("INVALID", ["cartId"], False)
    assert in_tables() == before


# ── What it costs the buyer ──────────────────────────────────────────────────────────────────────────────────────────
def test_the_total_the_buyer_was_shown_is_the_total_they_pay(guest, variant):
    cart = cart_with(guest, (gid(variant), 2))
    before = in_tables()

    for other in ("44.89", "44.91", "0", "-44.90", "44.9001", "NaN", "sNaN", "Infinity"):
        payload = checkout(guest, cart["id"], expectedTotal=other)
        assert refusal(payload) == ("PRICE_CHANGED", ["input", "expectedTotal"], False)
        assert "44.90 EUR" in payload["userErrors"][0]["message"]
    assert in_tables() == before

    assert checkout(guest, cart["id"], expectedTotal="44.9")["userErrors"] == []


def test_a_price_that_changed_since_the_buyer_saw_it_is_theirs_to_decide_on(guest, variant):
    cart = cart_with(guest, (gid(variant), 2))
    ProductVariant.objects.update(price_amount=Decimal("21.00"))
    before = in_tables()

    payload = checkout(guest, cart["id"])

    assert refusal(payload) == ("PRICE_CHANGED", ["input", "expectedTotal"], False)
    assert payload["userErrors"][0]["message"].startswith(f"{variant.sku} costs 21.00 EUR now.")
    assert in_tables() == before
    paid = checkout(guest, cart["id"], expectedTotal="46.90")
    assert paid["order"]["total"] == {"amount": "46.90", "currency": "EUR"}


def test_too_small_an_order_is_refused(guest, variant, settings):
    settings.MINIMUM_ORDER_AMOUNTS = {"EUR": Decimal("40.01")}
    cart = cart_with(guest, (gid(variant), 2))
    before = in_tables()

    assert refusal(checkout(guest, cart["id"])) == ("BELOW_MINIMUM", ["cartId"], False)
    assert in_tables() == before


# ── Addresses ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_the_cart_says_of_addresses_is_enough(guest, variant):
    cart = cart_with(guest, (gid(variant), 1))
    set_addresses(guest, cart["id"], shippingAddress=ADDRESS, email="cart@example.com")

    payload = checkout(guest, cart["id"], email=None, shippingAddress=None)

    assert payload["userErrors"] == []
    order = Order.objects.get()
    assert order.email == "cart@example.com"
    assert order.shipping_address == order.billing_address
    assert order.shipping_address["city"] == "Berlin"


def test_what_checkout_says_counts_more_than_the_cart(guest, variant):
    cart = cart_with(guest, (gid(variant), 1))
    set_addresses(guest, cart["id"], shippingAddress=ADDRESS | {"city": "Bonn"}, email="cart@example.com")

    assert checkout(guest, cart["id"])["userErrors"] == []

    order = Order.objects.get()
    assert (order.email, order.shipping_address["city"]) == ("buyer@example.com", "Berlin")


def test_what_is_not_sent_needs_no_address_to_send_it_to(guest, variant):
    Product.objects.update(is_digital=True)
    cart = cart_with(guest, (gid(variant), 1))
    before = in_tables()

    nowhere = checkout(guest, cart["id"], shippingAddress=None)
    assert refusal(nowhere) == ("REQUIRED", ["input", "billingAddress"], False)
    assert in_tables() == before
    payload = checkout(guest, cart["id"], shippingAddress=None, billingAddress=ADDRESS)

    assert payload["userErrors"] == []
    assert payload["order"]["total"] == {"amount": "20.00", "currency": "EUR"}
    assert Order.objects.get().shipping_method == ""


# ── The key ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("signed_in", [False, True])
def test_the_same_key_gives_the_same_order(customer, variant, signed_in):
    api = Api(customer) if signed_in else Api()
    cart = cart_with(api, (gid(variant), 2))
    first = checkout(api, cart["id"], key="once")
    before = in_tables()

    input = {"email": "buyer@example.com", "shippingAddress": ADDRESS, "payment": {"token": "tok_ok"}}
    response = api.send(CHECKOUT, cartId=cart["id"], key="once", input=input)
    again = response["data"]["checkoutComplete"]

    assert again == first
    assert response["extensions"]["idempotency"]["replayed"]
    assert bool(again["guestToken"]) is not signed_in
    assert in_tables() == before
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 8
    assert list(Event.objects.order_by("seq").values_list("type", flat=True)) == [
        "order.placed",
        "order.confirmed",
        "order.paid",
    ]


def test_the_same_key_with_other_input_is_refused(guest, variant):
    cart = cart_with(guest, (gid(variant), 2))
    checkout(guest, cart["id"], key="once")
    before = in_tables()

    conflict = ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"], False)
    assert refusal(checkout(guest, cart["id"], key="once", email="other@example.com")) == conflict
    assert refusal(checkout(guest, cart["id"], key="once", token="tok_review")) == conflict
    assert refusal(checkout(guest, cart["id"], key="once", **part(city="Bonn"))) == conflict
    assert in_tables() == before


def test_a_customers_key_is_theirs_for_all_their_carts(customer, variant):
    api = Api(customer)
    checkout(api, cart_with(api, (gid(variant), 1))["id"], key="once")
    other = cart_with(api, (gid(variant), 1))
    before = in_tables()

    assert refusal(checkout(api, other["id"], key="once")) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"], False)
    assert in_tables() == before


def test_two_buyers_may_choose_the_same_key(guest, customer, variant):
    apis = [guest, Api(), Api(customer), Api(make_user())]

    numbers = {checkout(api, cart_with(api, (gid(variant), 1))["id"], key="once")["order"]["number"] for api in apis}

    assert len(numbers) == 4


def test_a_key_that_was_refused_for_its_input_may_be_used_again(guest, variant):
    cart = cart_with(guest, (gid(variant), 1))
    assert checkout(guest, cart["id"], key="once", email="nobody")["order"] is None

    assert checkout(guest, cart["id"], key="once")["userErrors"] == []


def test_nobody_learns_of_a_customers_order_by_replaying_the_key(guest, customer, variant):
    cart = cart_with(guest, (gid(variant), 1))
    checkout(Api(customer), cart["id"], key="once")
    before = in_tables()

    assert refusal(checkout(guest, cart["id"], key="once")) == ("CART_COMPLETED", ["cartId"], False)
    assert in_tables() == before


# ── The card ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_declined_card_leaves_nothing_anybody_sees(customer, staff, variant):
    api = Api(customer)
    cart = cart_with(api, (gid(variant), 2))

    payload = checkout(api, cart["id"], key="first", token="tok_declined")

    assert refusal(payload) == ("PAYMENT_DECLINED", ["input", "payment", "token"], False)
    for everybody in (api, Api(staff)):
        assert everybody("{ orders { totalCount } }") == {"orders": {"totalCount": 0}}
        assert everybody.code("query($id: ID!) { order(id: $id) { id } }", id=gid(Order.objects.get())) == "NOT_FOUND"
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10
    assert Cart.objects.get().completed_at is None
    assert [(event.type, event.audience) for event in Event.objects.all()] == [
        ("order.payment_declined", {"users": [], "emails": []})
    ]


def test_a_declined_card_is_declined_again_by_its_key_and_another_card_pays(customer, variant):
    api = Api(customer)
    cart = cart_with(api, (gid(variant), 2))
    declined = checkout(api, cart["id"], key="first", token="tok_declined")
    before = in_tables()

    assert checkout(api, cart["id"], key="first", token="tok_declined") == declined
    assert in_tables() == before
    paid = checkout(api, cart["id"], key="second")

    assert (paid["order"]["status"], paid["order"]["paymentStatus"]) == ("CONFIRMED", "PAID")
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 8
    assert checkout(api, cart["id"], key="first", token="tok_declined") == declined
    assert checkout(api, cart["id"], key="second") == paid
    assert api("{ orders { totalCount } }") == {"orders": {"totalCount": 1}}


def test_a_payment_in_review_waits_for_the_staff(customer, staff, variant, django_capture_on_commit_callbacks):
    order = order_of(Api(customer), (gid(variant), 1), payment={"token": "tok_review"})
    assert (order["status"], order["paymentStatus"]) == ("PENDING", "UNPAID")
    confirm = """mutation($id: ID!) { orderConfirm(id: $id) {
      order { status paymentStatus } userErrors { code } } }"""

    assert Api(customer).code(confirm, id=order["id"]) == "FORBIDDEN"
    with django_capture_on_commit_callbacks(execute=True):
        confirmed = Api(staff)(confirm, id=order["id"])["orderConfirm"]

    assert confirmed == {"order": {"status": "CONFIRMED", "paymentStatus": "AUTHORIZED"}, "userErrors": []}
    assert Order.objects.get().payment_status == PaymentStatus.PAID
    again = Api(staff)(confirm, id=order["id"])["orderConfirm"]
    assert again == {"order": None, "userErrors": [{"code": "ACTION_NOT_ALLOWED"}]}


def test_staff_without_the_permission_confirm_nothing(customer, variant):
    order = order_of(Api(customer), (gid(variant), 1), payment={"token": "tok_review"})
    clerk = make_user("clerk@example.com", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_all_orders"))

    code = Api(clerk).code("mutation($id: ID!) { orderConfirm(id: $id) { order { id } } }", id=order["id"])

    assert code == "FORBIDDEN"
    assert Order.objects.get().status == "PENDING"


# ── What the buyer has to do first ───────────────────────────────────────────────────────────────────────────────────
BANK = {"token": "card", "gateway": "bank"}
ACTION = CHECKOUT.replace("guestToken", "guestToken paymentAction { clientSecret url }")


def undecided(variant, quantity):
    """What the bank's books say while the buyer has not confirmed."""
    nothing = Money(0, "EUR")
    return Standing(Stage.OPEN, Money(variant.price_amount * quantity + Decimal("4.90"), "EUR"), nothing, nothing)


def with_action(api, cart_id, key):
    input = {"email": "buyer@example.com", "shippingAddress": ADDRESS, "payment": BANK}
    return api(ACTION, cartId=cart_id, key=key, input=input)["checkoutComplete"]


def test_a_payment_the_buyer_must_confirm_is_no_order_until_they_have(guest, variant, bank):
    bank.outcomes["authorize"] = Outcome.ACTION_REQUIRED
    bank.standings["bank-1"] = undecided(variant, 2)
    cart = cart_with(guest, (gid(variant), 2))

    for _ in range(2):  # asked again before it is done, it says the same
        waiting = with_action(guest, cart["id"], "once")
        assert refusal(waiting) == ("PAYMENT_ACTION_REQUIRED", ["input", "payment", "token"], True)
        assert waiting["paymentAction"] == {"clientSecret": "secret-1", "url": None}
    assert Order.objects.get().placed_at is None
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 8
    assert not Event.objects.exists()
    changed = guest(ADD, cartId=cart["id"], lines=[{"variantId": gid(variant), "quantity": 1}])["cartLinesAdd"]
    assert changed["userErrors"] == [{"code": "CHECKOUT_IN_PROGRESS"}]

    bank.standings.clear()
    done = with_action(guest, cart["id"], "once")

    assert (done["order"]["status"], done["order"]["paymentStatus"]) == ("CONFIRMED", "PAID")
    assert (done["paymentAction"], done["userErrors"]) == (None, [])
    assert done["guestToken"]
    assert Order.objects.count() == 1
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 8


def test_what_the_database_refuses_is_not_taken_for_a_key_that_was_used(guest, variant, settings):
    settings.TAX_STRATEGY = "tests.ordering.rates.below_nothing"
    cart = cart_with(guest, (gid(variant), 1))
    input = {"email": "buyer@example.com", "shippingAddress": ADDRESS, "payment": {"token": "tok_ok"}}

    assert guest.code(CHECKOUT, cartId=cart["id"], key="once", input=input) == "INTERNAL"
    assert (Order.objects.count(), StockLevel.objects.get(pk=variant.pk).on_hand) == (0, 10)


def test_who_does_not_confirm_may_begin_another_checkout(guest, variant, bank):
    bank.outcomes["authorize"] = Outcome.ACTION_REQUIRED
    bank.standings["bank-1"] = undecided(variant, 10)
    cart = cart_with(guest, (gid(variant), 10))
    with_action(guest, cart["id"], "first")

    paid = checkout(guest, cart["id"], key="second")

    assert (paid["order"]["status"], paid["userErrors"]) == ("CONFIRMED", [])
    assert sorted(Order.objects.values_list("status", "payment_status")) == [
        ("CANCELLED", "FAILED"),
        ("CONFIRMED", "PAID"),
    ]
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 0
    assert refusal(with_action(guest, cart["id"], "first"))[0] == "PAYMENT_DECLINED"


def test_a_gateway_that_is_gone_for_good_ends_the_checkout_and_a_late_yes_is_voided(guest, variant, bank):
    bank.silent.add("authorize")
    cart = cart_with(guest, (gid(variant), 2))
    assert refusal(checkout(guest, cart["id"], key="once", payment=BANK)) == ("GATEWAY_UNAVAILABLE", None, True)

    let_time_pass(hours=23)
    services.settle_open_payments()
    assert Order.objects.get().status == "PENDING"
    let_time_pass(hours=2)
    services.settle_open_payments()

    order = Order.objects.get()
    assert (order.status, order.payment_status, order.placed_at) == ("CANCELLED", "FAILED", None)
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10
    # It was heard after all, and its answer comes now.
    bank.silent.clear()
    let_time_pass(hours=1)
    services.settle_open_payments()
    assert bank.movements() == ["authorize", "void"]
    assert Payment.objects.get().state == "VOIDED"
    assert refusal(checkout(guest, cart["id"], key="once", payment=BANK))[0] == "PAYMENT_DECLINED"
    assert checkout(guest, cart["id"], key="another")["userErrors"] == []


def let_time_pass(hours):
    ago = timedelta(hours=hours)
    Payment.objects.update(created_at=F("created_at") - ago, updated_at=F("updated_at") - ago)


# ── What it costs ────────────────────────────────────────────────────────────────────────────────────────────────────
def statements_of_a_checkout(lines):
    variants = [gid(variant) for variant in make_product(variants=lines).variants.all()]
    cart = cart_with(Api(), *[(id, 1) for id in variants])
    with CaptureQueriesContext(connection) as statements:
        assert checkout(Api(), cart["id"])["userErrors"] == []
    return len(statements)


def test_a_checkout_costs_the_same_for_two_lines_and_for_ten(shipping, policy):
    statements_of_a_checkout(1)  # content types are read once a process

    two, ten = statements_of_a_checkout(2), statements_of_a_checkout(10)

    assert two == ten
    assert ten <= MOST_FOR_A_CHECKOUT


def statements_of_the_whole_way(shipping, lines):
    """Seven requests: cart, goods, addresses, method, start, checkout, order."""
    api = Api()
    wanted = [{"variantId": gid(variant), "quantity": 1} for variant in make_product(variants=lines).variants.all()]
    with CaptureQueriesContext(connection) as statements:
        cart = api(CART_CREATE)["cartCreate"]["cart"]
        assert api(ADD, cartId=cart["id"], lines=wanted)["cartLinesAdd"]["userErrors"] == []
        set_addresses(api, cart["id"], shippingAddress=ADDRESS, email="buyer@example.com")
        assert api(SET_METHOD, id=cart["id"], method=gid(shipping))["cartShippingMethodSet"]["userErrors"] == []
        assert start(api, cart["id"])["userErrors"] == []
        payload = checkout(api, cart["id"], email=None, shippingAddress=None)
        order = api(ORDER, id=payload["order"]["id"], t=payload["guestToken"])["order"]
    assert len(order["lines"]) == lines
    return len(statements)


def test_the_whole_way_of_a_guest_is_cheap(shipping, policy):
    statements_of_the_whole_way(shipping, 1)

    two, ten = statements_of_the_whole_way(shipping, 2), statements_of_the_whole_way(shipping, 10)

    assert two == ten
    assert ten <= MOST_FOR_THE_WHOLE_WAY
