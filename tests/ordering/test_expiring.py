"""Carts that nobody touches: they go after 60 days, and whoever left something in one is told of it once."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from strawberry.relay.utils import to_base64

from accounts.services import privacy
from catalog.models import StockLevel
from notifications.models import Event, Notification
from ordering import tasks
from ordering.models import Cart, CartLine
from tests.conftest import PASSWORD, Api, gid, make_user, make_variant
from tests.people import sent_to
from tests.shopping import CART_CREATE, cart_with, checkout

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
START = "mutation($id: ID!) { checkoutStart(cartId: $id) { userErrors { code } } }"
ADD = """
mutation($id: ID!, $v: ID!) { cartLinesAdd(cartId: $id, lines: [{variantId: $v, quantity: 1}]) { userErrors { code } } }
"""


def aged(age, **which):
    """Those carts were touched so long ago for the last time."""
    assert Cart.objects.filter(**which).update(updated_at=timezone.now() - age)


def reminded(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        return tasks.remind_of_carts()


@pytest.fixture
def remind(django_capture_on_commit_callbacks):
    return lambda: reminded(django_capture_on_commit_callbacks)


# ── The end ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_cart_goes_after_sixty_days_and_not_before(guest, customer):
    for api in (guest, Api(customer)):
        cart_with(api, (gid(make_variant()), 1))
    aged(60 * DAY - timedelta(minutes=1))

    assert tasks.delete_expired_carts() == 0
    assert Cart.objects.count() == 2

    aged(60 * DAY + timedelta(minutes=1))

    assert tasks.delete_expired_carts() == 2
    assert (Cart.objects.count(), CartLine.objects.count()) == (0, 0)


def test_touching_a_cart_keeps_it(guest):
    variant = gid(make_variant())
    cart = cart_with(guest, (variant, 1))
    aged(61 * DAY)

    guest(ADD, id=cart["id"], v=variant)

    assert tasks.delete_expired_carts() == 0


def test_what_was_ordered_and_what_staff_prepare_stays(guest, staff, shipping):
    cart = cart_with(guest, (gid(make_variant()), 1))
    assert checkout(guest, cart["id"])["userErrors"] == []
    Cart.objects.create(currency="EUR", drafted_by=staff)
    aged(100 * DAY)

    assert tasks.delete_expired_carts() == 0
    assert Cart.objects.count() == 2


def test_a_cart_whose_payment_is_awaited_stays(guest, shipping, bank):
    cart = cart_with(guest, (gid(make_variant()), 1))
    bank.silent.add("authorize")
    payment = {"gateway": "bank", "token": "card"}
    assert checkout(guest, cart["id"], payment=payment)["userErrors"][0]["code"] == "GATEWAY_UNAVAILABLE"
    aged(100 * DAY)

    assert tasks.delete_expired_carts() == 0
    assert Cart.objects.count() == 1


def test_what_an_expired_cart_held_is_free_again(guest):
    cart = cart_with(guest, (gid(make_variant(stock=5)), 3))
    guest(START, id=cart["id"])
    assert StockLevel.objects.get().reserved == 3
    aged(61 * DAY)

    assert tasks.delete_expired_carts() == 1

    assert (StockLevel.objects.get().reserved, StockLevel.objects.get().on_hand) == (0, 5)


def test_more_carts_than_fit_into_one_transaction_all_go():
    Cart.objects.bulk_create(Cart(currency="EUR") for _ in range(250))
    aged(61 * DAY)

    assert tasks.delete_expired_carts() == 250
    assert tasks.delete_expired_carts() == 0


# ── The reminder ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_customer_is_told_once_of_what_is_left_in_the_cart(customer, remind, settings):
    settings.FRONTEND_URL = "https://shop.example.com/"
    variant = make_variant(name="Desk <b>lamp</b>")
    cart = cart_with(Api(customer), (gid(variant), 2))
    aged(25 * timedelta(hours=1))
    touched = Cart.objects.get().updated_at

    assert remind() == 1
    assert remind() == 0

    (message,) = sent_to("customer@example.com")
    assert message.subject == "Something is still in your cart"
    assert "2 x Desk <b>lamp</b> (Variant 0)" in message.body
    (html, _kind), *_ = message.alternatives
    assert "2 × Desk &lt;b&gt;lamp&lt;/b&gt; (Variant 0)" in html
    for text in (message.body, html):
        assert f"https://shop.example.com/cart#id={cart['id']}" in text
    assert Notification.objects.get(user=customer).event.type == "cart.abandoned"
    assert Cart.objects.get().updated_at == touched
    assert Event.objects.count() == 1


def test_a_guest_who_gave_an_address_is_told_and_others_are_not(guest, remind):
    cart = cart_with(guest, (gid(make_variant()), 1))
    cart_with(guest, (gid(make_variant()), 1))
    Cart.objects.filter(pk=to_pk(cart)).update(email="guest@example.com")
    aged(2 * DAY)

    assert remind() == 1

    assert [message.to for message in mail.outbox] == [["guest@example.com"]]


@pytest.mark.parametrize("age", [timedelta(hours=23), timedelta(days=3, minutes=1)])
def test_neither_a_cart_in_use_nor_one_forgotten_long_ago_is_told_of(customer, remind, age):
    cart_with(Api(customer), (gid(make_variant()), 1))
    aged(age)

    assert remind() == 0
    assert mail.outbox == []


def test_a_cart_that_is_touched_after_the_reminder_gets_no_second_one(customer, remind):
    variant = gid(make_variant())
    cart = cart_with(Api(customer), (variant, 1))
    aged(2 * DAY)
    remind()
    Api(customer)(ADD, id=cart["id"], v=variant)
    aged(2 * DAY)

    assert remind() == 0
    assert len(mail.outbox) == 1


def test_nobody_is_told_of_two_carts_at_once(customer, guest, remind):
    api = Api(customer)
    older, newer = (cart_with(api, (gid(make_variant()), 1)) for _ in range(2))
    aged(2 * DAY, pk=to_pk(older))
    aged(30 * timedelta(hours=1), pk=to_pk(newer))

    assert remind() == 2
    cart_with(guest, (gid(make_variant()), 1))
    Cart.objects.filter(customer=None).update(email="Customer@example.com")
    aged(2 * DAY, customer=None)
    assert remind() == 1

    (message,) = mail.outbox
    assert newer["id"] in message.body


@pytest.mark.parametrize("why", ["empty", "ordered", "draft", "merged", "inactive"])
def test_there_is_nothing_to_tell_of_some_carts(customer, staff, guest, shipping, remind, why):
    api = Api(customer)
    match why:
        case "empty":
            api(CART_CREATE)
        case "ordered":
            assert checkout(api, cart_with(api, (gid(make_variant()), 1))["id"])["userErrors"] == []
        case "draft":
            cart_with(api, (gid(make_variant()), 1))
            Cart.objects.update(drafted_by=staff)
        case "merged":
            cart_with(guest, (gid(make_variant()), 1))
            Cart.objects.update(email="guest@example.com", merge_outcomes=[])
        case "inactive":
            cart_with(api, (gid(make_variant()), 1))
            type(customer).objects.filter(pk=customer.pk).update(is_active=False)
    mail.outbox.clear()
    aged(2 * DAY)

    assert remind() == 0
    assert mail.outbox == []
    assert Event.objects.filter(type="cart.abandoned").count() == 0


def test_whoever_erased_the_account_is_not_told_and_what_was_told_is_gone(customer, remind, settings):
    cart_with(Api(customer), (gid(make_variant()), 1))
    aged(2 * DAY)
    remind()

    privacy.erase(actor=customer, password=PASSWORD)
    tasks.forget_erased_customers()

    assert Cart.objects.count() == 0
    assert Event.objects.filter(type="cart.abandoned").count() == 0
    assert Notification.objects.filter(email="customer@example.com", event__type="cart.abandoned").count() == 0


def test_a_long_cart_is_told_of_in_short(remind):
    buyer = make_user("many@example.com")
    cart_with(Api(buyer), *[(gid(make_variant()), 1) for _ in range(12)])
    aged(2 * DAY)

    remind()

    (message,) = mail.outbox
    assert message.body.count("1 x ") == 10
    assert "and 2 more" in message.body


def test_what_an_expired_guests_cart_was_told_of_goes_with_it(guest, remind):
    cart_with(guest, (gid(make_variant()), 1))
    Cart.objects.update(email="guest@example.com")
    aged(2 * DAY)
    remind()
    aged(61 * DAY)

    assert tasks.delete_expired_carts() == 1

    assert (Event.objects.count(), Notification.objects.count()) == (0, 0)


def to_pk(cart):
    return next(pk for pk in Cart.objects.values_list("pk", flat=True) if to_base64("Cart", pk) == cart["id"])
