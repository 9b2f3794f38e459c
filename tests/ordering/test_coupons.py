"""Coupons and promotions, as buyers meet them: in the cart, at checkout, and after an order has ended."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from strawberry.relay.utils import from_base64

from accounts import throttling
from catalog.models import Category
from ordering.models import Cart, CustomerGroup, Order, Promotion, PromotionUse
from ordering.services import promoting, quoting
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import ERRORS, cart_with, checkout, order_of

pytestmark = pytest.mark.django_db

COUPONS = "coupons { code name discount { amount currency } isApplied refusal reason }"
STEPS = "priceBreakdown { kind label code amount { amount } }"
CART = f"id {COUPONS} discountTotal {{ amount }} total {{ amount }} {STEPS}"
APPLY = f"""
mutation($cart: ID!, $code: String!) {{
  cartCouponApply(cartId: $cart, code: $code) {{ cart {{ {CART} }} {ERRORS} }}
}}
"""
REMOVE = f"""
mutation($cart: ID!, $code: String!) {{
  cartCouponRemove(cartId: $cart, code: $code) {{ cart {{ {CART} }} {ERRORS} }}
}}
"""
READ = f"query($id: ID!) {{ cart(id: $id) {{ {CART} }} }}"
ORDER = """
query($id: ID!, $token: String) {
  order(id: $id, guestToken: $token) {
    total { amount } discountTotal { amount } promotions { name code discount { amount currency } }
  }
}
"""
CANCEL = """
mutation($id: ID!, $token: String) { orderCancel(id: $id, reason: "No", guestToken: $token) { userErrors { code } } }
"""


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=1000)


def coupon(code="SAVE10", **terms):
    return promotion(code=code, **terms)


def promotion(**terms):
    terms = {"name": "Ten off", "kind": "PERCENTAGE", "percent": Decimal(10), **terms}
    related = {name: terms.pop(name) for name in ("categories", "products", "customer_groups") if name in terms}
    if terms["kind"] in ("FIXED", "FREE_SHIPPING"):
        terms["percent"] = None
    made = Promotion.objects.create(**terms)
    for name, rows in related.items():
        getattr(made, name).set(rows)
    return made


def apply(api, cart, code="SAVE10"):
    return api(APPLY, cart=cart["id"], code=code)["cartCouponApply"]


def applied(api, cart, code="SAVE10"):
    payload = apply(api, cart, code)
    assert payload["userErrors"] == [], payload
    return payload["cart"]


def refusal(payload):
    """Code and field of the one refusal, which says something."""
    (error,) = payload["userErrors"]
    assert error["message"].endswith(".")
    return error["code"], error["field"]


def on_cart(cart):
    return sorted(Cart.objects.get(pk=from_base64(cart["id"])[1]).coupons.values_list("code", flat=True))


def used(code="SAVE10"):
    return Promotion.objects.get(code=code).times_used


# ── In the cart ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_coupon_makes_the_cart_cheaper_and_says_by_how_much(guest, variant):
    coupon()
    cart = cart_with(guest, (gid(variant), 2))

    found = applied(guest, cart)

    assert found["coupons"] == [
        {
            "code": "SAVE10",
            "name": "Ten off",
            "discount": {"amount": "4.00", "currency": "EUR"},
            "isApplied": True,
            "refusal": None,
            "reason": None,
        }
    ]
    assert (found["discountTotal"], found["total"]) == ({"amount": "4.00"}, {"amount": "40.90"})
    assert found["priceBreakdown"][1] == {
        "kind": "DISCOUNT",
        "label": "Ten off",
        "code": "SAVE10",
        "amount": {"amount": "-4.00"},
    }
    assert guest(READ, id=cart["id"])["cart"] == found


@pytest.mark.parametrize("code", ["save10", "  Save10 ", "\tSAVE10\n"])
def test_a_code_is_taken_in_any_case_and_with_spaces_around_it(guest, variant, code):
    coupon()
    cart = cart_with(guest, (gid(variant), 1))

    applied(guest, cart, code)

    assert on_cart(cart) == ["SAVE10"]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"is_active": False}, "COUPON_EXPIRED"),
        ({"ends_at": timedelta(0)}, "COUPON_EXPIRED"),
        ({"starts_at": timedelta(minutes=1)}, "COUPON_NOT_APPLICABLE"),
        ({"usage_limit": 3, "times_used": 3}, "COUPON_EXHAUSTED"),
        ({"minimum_amount": Decimal("20.01"), "currency": "EUR"}, "COUPON_NOT_APPLICABLE"),
        ({"currency": "USD"}, "COUPON_NOT_APPLICABLE"),
    ],
)
def test_a_coupon_that_does_not_apply_is_refused_by_name_and_stays_out(guest, variant, terms, code):
    coupon(**{name: timezone.now() + at if isinstance(at, timedelta) else at for name, at in terms.items()})
    cart = cart_with(guest, (gid(variant), 1))

    payload = apply(guest, cart)

    assert refusal(payload) == (code, ["code"])
    assert payload["cart"] is None
    assert on_cart(cart) == []


@pytest.mark.parametrize("code", ["NOBODYS", "", " ", "\0", "é" * 40, "X" * 10_000])
def test_a_code_that_nobody_has_is_unknown(guest, variant, code):
    promotion(name="Applies by itself")
    cart = cart_with(guest, (gid(variant), 1))

    assert refusal(apply(guest, cart, code)) == ("COUPON_UNKNOWN", ["code"])


def test_a_coupon_is_applied_once_and_a_cart_takes_five(guest, variant):
    for number in range(6):
        coupon(f"CODE-{number}")
    cart = cart_with(guest, (gid(variant), 1))

    for number in range(5):
        applied(guest, cart, f"CODE-{number}")

    assert refusal(apply(guest, cart, "code-0")) == ("COUPON_ALREADY_APPLIED", ["code"])
    assert refusal(apply(guest, cart, "code-5")) == ("CART_FULL", ["code"])
    assert on_cart(cart) == [f"CODE-{number}" for number in range(5)]


def test_a_removed_coupon_takes_nothing_off_any_more(guest, variant):
    coupon()
    cart = cart_with(guest, (gid(variant), 1))
    applied(guest, cart)

    payload = guest(REMOVE, cart=cart["id"], code=" save10")["cartCouponRemove"]

    assert payload["userErrors"] == []
    assert (payload["cart"]["coupons"], payload["cart"]["total"]) == ([], {"amount": "24.90"})
    again = guest(REMOVE, cart=cart["id"], code="SAVE10")["cartCouponRemove"]
    assert refusal(again) == ("COUPON_UNKNOWN", ["code"])


def test_coupons_go_into_ones_own_open_carts_only(guest, customer, variant):
    coupon()
    theirs = cart_with(Api(customer), (gid(variant), 1))
    ordered = cart_with(guest, (gid(variant), 1))
    checkout(guest, ordered["id"])

    assert refusal(apply(guest, theirs)) == ("NOT_FOUND", ["cartId"])
    assert refusal(apply(guest, ordered)) == ("CART_COMPLETED", ["cartId"])
    assert on_cart(theirs) == on_cart(ordered) == []


def test_a_coupon_that_ends_stays_on_the_cart_and_says_why_it_takes_nothing(guest, variant):
    made = coupon()
    cart = cart_with(guest, (gid(variant), 1))
    applied(guest, cart)
    Promotion.objects.filter(pk=made.pk).update(is_active=False)

    (shown,) = guest(READ, id=cart["id"])["cart"]["coupons"]

    assert (shown["isApplied"], shown["refusal"], shown["reason"]) == (False, "COUPON_EXPIRED", "SAVE10 has ended.")
    assert shown["discount"] == {"amount": "0.00", "currency": "EUR"}


# ── Guessing ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_who_guesses_codes_is_stopped_and_learns_nothing_more(guest, variant):
    coupon()
    cart = cart_with(guest, (gid(variant), 1))
    for number in range(10):
        assert refusal(apply(guest, cart, f"GUESS{number}")) == ("COUPON_UNKNOWN", ["code"])

    assert guest.code(APPLY, cart=cart["id"], code="GUESS10") == "RATE_LIMITED"
    assert guest.code(APPLY, cart=cart["id"], code="SAVE10") == "RATE_LIMITED"
    assert on_cart(cart) == []


def test_codes_that_exist_are_not_counted(guest, variant):
    coupon()
    cart = cart_with(guest, (gid(variant), 1))
    applied(guest, cart)

    for _ in range(40):
        assert refusal(apply(guest, cart)) == ("COUPON_ALREADY_APPLIED", ["code"])


def test_a_throttle_for_clients_alone_counts_no_address():
    assert throttling.COUPON.per_address == ""
    throttling.COUPON.check()


# ── For what, and for whom ───────────────────────────────────────────────────────────────────────────────────────────
def test_a_coupon_for_a_category_is_for_all_beneath_it_and_for_nothing_else(guest, shipping):
    room = Category.objects.create(name="Room", slug="room")
    lamps = Category.objects.create(name="Lamps", slug="lamps", parent=room)
    desk = Category.objects.create(name="Desk lamps", slug="desk-lamps", parent=lamps)
    lamp = make_variant(price="50.00", category=desk)
    chair = make_variant(price="30.00", category=room)
    coupon(categories=[lamps])
    mixed, chairs = cart_with(guest, (gid(lamp), 1), (gid(chair), 1)), cart_with(guest, (gid(chair), 1))

    assert applied(guest, mixed)["discountTotal"] == {"amount": "5.00"}
    assert refusal(apply(guest, chairs)) == ("COUPON_NOT_APPLICABLE", ["code"])


def test_a_coupon_for_products_takes_off_those(guest, variant):
    other = make_variant(price="30.00")
    coupon(products=[other.product])
    cart = cart_with(guest, (gid(variant), 1), (gid(other), 2))

    assert applied(guest, cart)["discountTotal"] == {"amount": "6.00"}


def test_free_shipping_for_a_product_needs_that_product(guest, variant):
    other = make_variant(price="30.00")
    coupon(kind="FREE_SHIPPING", products=[other.product])

    with_it, without = cart_with(guest, (gid(other), 1)), cart_with(guest, (gid(variant), 1))

    assert applied(guest, with_it)["total"] == {"amount": "30.00"}
    assert refusal(apply(guest, without)) == ("COUPON_NOT_APPLICABLE", ["code"])


def test_a_coupon_for_a_group_is_for_its_members(guest, customer, variant):
    group = CustomerGroup.objects.create(name="Wholesale")
    group.members.add(customer)
    coupon(customer_groups=[group])
    line = gid(variant), 1

    assert applied(Api(customer), cart_with(Api(customer), line))["discountTotal"] == {"amount": "2.00"}
    assert refusal(apply(guest, cart_with(guest, line))) == ("COUPON_NOT_APPLICABLE", ["code"])
    stranger = Api(make_user())
    assert refusal(apply(stranger, cart_with(stranger, line))) == ("COUPON_NOT_APPLICABLE", ["code"])


def test_a_first_order_is_known_by_account_and_by_address(guest, customer, variant):
    coupon(is_first_order_only=True)
    line = gid(variant), 1
    order_of(guest, line, email="Known@Example.com")
    order_of(Api(customer), line)
    cart = cart_with(guest, line)
    applied(guest, cart)

    for email in ("known@example.com", customer.email.upper()):
        assert refusal(checkout(guest, cart["id"], email=email)) == (
            "COUPON_NOT_APPLICABLE",
            ["input", "expectedTotal"],
        )
    assert refusal(apply(Api(customer), cart_with(Api(customer), line))) == ("COUPON_NOT_APPLICABLE", ["code"])
    assert used() == 0

    assert checkout(guest, cart["id"], email="new@example.com")["userErrors"] == []
    assert used() == 1


@pytest.mark.parametrize("spelt", ["ada@m\u00fcller.de", "ada@xn--mller-kva.de", "ada@\uff4d\u00fcller.de"])
def test_another_spelling_of_a_domain_is_no_other_buyer(guest, variant, spelt):
    coupon(is_first_order_only=True)
    line = gid(variant), 1
    order_of(guest, line, email=spelt)
    cart = cart_with(guest, line)
    applied(guest, cart)

    for email in ("ada@m\u00fcller.de", "ADA@M\u00dcLLER.de", "ada@xn--mller-kva.de"):
        assert refusal(checkout(guest, cart["id"], email=email))[0] == "COUPON_NOT_APPLICABLE"
    assert used() == 0


def test_who_only_ever_cancelled_or_was_declined_orders_for_the_first_time(guest, variant):
    coupon(is_first_order_only=True)
    line = gid(variant), 1
    order = order_of(guest, line)
    guest(CANCEL, id=order["id"], token=order["guestToken"])
    cart = cart_with(guest, line)
    applied(guest, cart)

    assert refusal(checkout(guest, cart["id"], token="tok_declined"))[0] == "PAYMENT_DECLINED"
    assert checkout(guest, cart["id"])["userErrors"] == []


def test_of_a_draft_the_buyer_is_not_who_prepares_it(staff, variant):
    coupon(is_first_order_only=True)
    desk = Api(staff)
    order_of(desk, (gid(variant), 1))
    create = """
    mutation($input: DraftOrderCreateInput!) {
      draftOrderCreate(idempotencyKey: "draft", input: $input) { draftOrder { cart { id } } userErrors { code } }
    }
    """
    input = {"email": "new@example.com", "lines": [{"variantId": gid(variant), "quantity": 1}]}
    draft = desk(create, input=input)["draftOrderCreate"]["draftOrder"]["cart"]

    assert applied(desk, draft)["discountTotal"] == {"amount": "2.00"}


# ── Together ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_promotions_are_taken_off_in_their_order_each_on_what_is_left(guest, variant):
    coupon("FIVE", name="Five", kind="FIXED", amount=Decimal(5), currency="EUR")
    coupon("TEN", name="Ten")
    promotion(name="Third free", kind="BUY_X_GET_Y", percent=Decimal(100), buy_quantity=2, get_quantity=1)
    promotion(name="Sent free", kind="FREE_SHIPPING")
    promotion(name="First of all", percent=Decimal(50), priority=1)
    cart = cart_with(guest, (gid(variant), 3))
    applied(guest, cart, "FIVE")

    found = applied(guest, cart, "TEN")

    steps = [
        (step["label"], step["amount"]["amount"]) for step in found["priceBreakdown"] if step["kind"] == "DISCOUNT"
    ]
    assert [label for label, _ in steps] == ["First of all", "Third free", "Ten", "Five", "Sent free"]
    assert steps[0] == ("First of all", "-30.00")
    assert steps[-1] == ("Sent free", "-4.90")
    taken = sum(Decimal(amount) for _, amount in steps)
    assert Decimal(found["total"]["amount"]) == Decimal("64.90") + taken


def test_an_exclusive_promotion_stands_alone_and_the_buyer_gets_what_is_cheaper(guest, variant):
    coupon("ALONE", name="Alone", percent=Decimal(25), is_exclusive=True)
    coupon("TEN", name="Ten")
    cart = cart_with(guest, (gid(variant), 1))
    applied(guest, cart, "TEN")

    alone = applied(guest, cart, "ALONE")

    assert alone["discountTotal"] == {"amount": "5.00"}
    assert {each["code"]: (each["isApplied"], each["refusal"]) for each in alone["coupons"]} == {
        "ALONE": (True, None),
        "TEN": (False, None),
    }
    coupon("TWENTY", name="Twenty", percent=Decimal(20))
    both = applied(guest, cart, "TWENTY")
    assert both["discountTotal"] == {"amount": "5.60"}
    assert [each["code"] for each in both["coupons"] if each["isApplied"]] == ["TEN", "TWENTY"]


def test_nothing_costs_less_than_nothing(guest, variant):
    coupon("HUGE", kind="FIXED", amount=Decimal(500), currency="EUR")
    coupon("SENT", kind="FREE_SHIPPING")
    cart = cart_with(guest, (gid(variant), 1))
    applied(guest, cart, "HUGE")

    found = applied(guest, cart, "SENT")

    assert found["total"] == {"amount": "0.00"}
    assert found["discountTotal"] == {"amount": "24.90"}


# ── At checkout ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_order_keeps_what_made_it_cheaper_and_counts_the_use(guest, variant):
    made = coupon(usage_limit=5)
    automatic = promotion(name="Sent free", kind="FREE_SHIPPING")
    cart = cart_with(guest, (gid(variant), 1))
    applied(guest, cart)

    payload = checkout(guest, cart["id"], email="Buyer@Example.com")

    order = guest(ORDER, id=payload["order"]["id"], token=payload["guestToken"])["order"]
    assert (order["total"], order["discountTotal"]) == ({"amount": "18.00"}, {"amount": "6.90"})
    assert order["promotions"] == [
        {"name": "Ten off", "code": "SAVE10", "discount": {"amount": "2.00", "currency": "EUR"}},
        {"name": "Sent free", "code": None, "discount": {"amount": "4.90", "currency": "EUR"}},
    ]
    uses = PromotionUse.objects.filter(order__number=payload["order"]["number"])
    assert {(use.promotion_id, use.amount, use.customer_id) for use in uses} == {
        (made.pk, Decimal("2.000"), None),
        (automatic.pk, Decimal("4.900"), None),
    }
    assert {use.email_key for use in uses} == {promoting.Buyer(email="buyer@example.com").email_key}
    assert used() == 1


def test_a_coupon_that_ended_after_it_was_applied_is_not_silently_left_out(guest, variant):
    coupon(usage_limit=1)
    first, second = (cart_with(guest, (gid(variant), 1)) for _ in range(2))
    applied(guest, first)
    applied(guest, second)
    assert checkout(guest, first["id"])["userErrors"] == []

    refused = checkout(guest, second["id"])
    wrong = checkout(guest, second["id"], expectedTotal="22.90")

    assert refusal(refused) == refusal(wrong) == ("COUPON_EXHAUSTED", ["input", "expectedTotal"])
    assert refused["userErrors"][0]["message"] == (
        "SAVE10 was used as often as it can be. Without it the total is 24.90 EUR: send that as expectedTotal, or "
        "remove the coupon."
    )
    assert Order.objects.count() == 1

    agreed = checkout(guest, second["id"], expectedTotal="24.90")
    assert agreed["userErrors"] == []
    assert agreed["order"]["total"] == {"amount": "24.90", "currency": "EUR"}
    assert used() == 1


def test_a_customer_uses_a_coupon_so_often_signed_in_or_not(guest, customer, variant):
    coupon(usage_limit_per_customer=1)
    line = gid(variant), 1
    own = Api(customer)
    mine = cart_with(own, line)
    applied(own, mine)
    assert checkout(own, mine["id"], email="elsewhere@example.com")["userErrors"] == []

    assert refusal(apply(own, cart_with(own, line))) == ("COUPON_EXHAUSTED", ["code"])
    cart = cart_with(guest, line)
    applied(guest, cart)
    for email in (customer.email, f" {customer.email.upper()} ", "ELSEWHERE@example.com"):
        assert refusal(checkout(guest, cart["id"], email=email))[0] == "COUPON_EXHAUSTED"
    assert used() == 1

    assert checkout(guest, cart["id"], email="other@example.com")["userErrors"] == []
    assert used() == 2


def test_who_used_a_coupon_as_a_guest_has_used_it_signed_in(guest, customer, variant):
    coupon(usage_limit_per_customer=1)
    line = gid(variant), 1
    cart = cart_with(guest, line)
    applied(guest, cart)
    assert checkout(guest, cart["id"], email=customer.email)["userErrors"] == []

    assert refusal(apply(Api(customer), cart_with(Api(customer), line))) == ("COUPON_EXHAUSTED", ["code"])


def test_a_declined_payment_and_a_cancelled_order_give_their_uses_back(guest, variant):
    coupon(usage_limit=1, usage_limit_per_customer=1)
    cart = cart_with(guest, (gid(variant), 1))
    applied(guest, cart)
    assert refusal(checkout(guest, cart["id"], token="tok_declined"))[0] == "PAYMENT_DECLINED"
    assert (used(), PromotionUse.objects.count()) == (0, 0)

    payload = checkout(guest, cart["id"])
    assert (used(), PromotionUse.objects.count()) == (1, 1)
    guest(CANCEL, id=payload["order"]["id"], token=payload["guestToken"])

    assert (used(), PromotionUse.objects.count()) == (0, 0)
    told = guest(ORDER, id=payload["order"]["id"], token=payload["guestToken"])["order"]["promotions"]
    assert [each["code"] for each in told] == ["SAVE10"]
    again = cart_with(guest, (gid(variant), 1))
    applied(guest, again)
    assert checkout(guest, again["id"])["userErrors"] == []


def test_a_use_is_given_back_once(guest, variant):
    coupon(usage_limit=5)
    carts = [cart_with(guest, (gid(variant), 1)) for _ in range(2)]
    for cart in carts:
        applied(guest, cart)
    one, _ = [checkout(guest, cart["id"])["order"] for cart in carts]
    order = Order.objects.get(number=one["number"])

    promoting.give_back(order=order)
    promoting.give_back(order=order)

    assert used() == 1


def test_a_promotion_that_takes_nothing_off_is_not_used(guest, variant):
    coupon("THREE", kind="BUY_X_GET_Y", percent=Decimal(100), buy_quantity=2, get_quantity=1, usage_limit=1)
    cart = cart_with(guest, (gid(variant), 1))
    (shown,) = applied(guest, cart, "THREE")["coupons"]

    assert (shown["isApplied"], shown["refusal"]) == (False, None)
    assert shown["reason"] == "It saves nothing on this cart as it is."
    assert checkout(guest, cart["id"])["userErrors"] == []
    assert used("THREE") == 0


def test_a_limited_promotion_without_a_code_ends_with_its_last_use(guest, variant):
    promotion(name="For the first two", usage_limit=2)
    totals = [order_of(guest, (gid(variant), 1))["total"]["amount"] for _ in range(3)]

    assert totals == ["22.90", "22.90", "24.90"]
    assert Promotion.objects.get().times_used == 2


# ── What it costs ────────────────────────────────────────────────────────────────────────────────────────────────────
def statements_of(cart_id):
    """Once the shop's terms are known."""
    quoting.quote(Cart.objects.get(pk=cart_id))
    cart = Cart.objects.get(pk=cart_id)
    with CaptureQueriesContext(connection) as captured:
        quoting.quote(cart)
    return len(captured)


def test_many_promotions_cost_as_many_statements_as_one_of_each_kind_and_none_cost_one(customer, shipping):
    room = Category.objects.create(name="Room", slug="room")
    group = CustomerGroup.objects.create(name="Wholesale")
    variant = make_variant(price="20.00", category=room)
    cart_id = from_base64(cart_with(Api(customer), (gid(variant), 1))["id"])[1]
    none = statements_of(cart_id)

    def add():
        for terms in ({"categories": [room]}, {"products": [variant.product]}, {"customer_groups": [group]}):
            promotion(**terms)
        promotion(is_first_order_only=True)
        promotion(usage_limit_per_customer=1)

    add()
    one_each = statements_of(cart_id)
    for _ in range(4):
        add()

    assert statements_of(cart_id) == one_each
    assert one_each - none <= 5
    Promotion.objects.all().delete()
    assert statements_of(cart_id) == none


def test_promotions_that_are_over_or_for_another_currency_are_not_even_read(customer, variant):
    cart_id = from_base64(cart_with(Api(customer), (gid(variant), 1))["id"])[1]
    none = statements_of(cart_id)
    for terms in ({"is_active": False}, {"currency": "USD"}, {"ends_at": timezone.now()}):
        promotion(is_first_order_only=True, **terms)

    assert statements_of(cart_id) == none
