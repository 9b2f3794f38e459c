"""Guests find their order again by its number and their e-mail address."""

import secrets

import pytest

from ordering.models import Order
from ordering.services.placing import NUMBER_ALPHABET
from tests.conftest import Api, gid, make_variant
from tests.people import forget_attempts
from tests.shopping import cart_with, checkout, order_of

pytestmark = pytest.mark.django_db

TRACK = """mutation($number: String!, $email: String!) { orderTrack(number: $number, email: $email) {
  order { number } guestToken userErrors { code message field retryable } } }"""
UNKNOWN = {
    "order": None,
    "guestToken": None,
    "userErrors": [
        {
            "code": "NOT_FOUND",
            "message": "There is no order with this number and e-mail address. Both stand in its confirmation; who "
            "ordered with an account signs in.",
            "field": ["number"],
            "retryable": False,
        }
    ],
}


@pytest.fixture
def variant(shipping):
    return make_variant(stock=1000)


@pytest.fixture
def order(guest, variant):
    return order_of(guest, (gid(variant), 1), email="Ada@Example.com")


def track(api, number, email="ada@example.com"):
    return api(TRACK, number=number, email=email)["orderTrack"]


def test_number_and_address_show_the_order(guest, order):
    payload = track(guest, order["number"])

    assert payload == {"order": {"number": order["number"]}, "guestToken": order["guestToken"], "userErrors": []}
    document = "query($id: ID!, $t: String) { order(id: $id, guestToken: $t) { number } }"
    assert guest(document, id=order["id"], t=payload["guestToken"])["order"] == {"number": order["number"]}


@pytest.mark.parametrize("spelt", ["{0}-{1}", " {0} {1} ", "{0}{1}", "{0}\u2013{1}"])
def test_a_number_may_be_spelt_as_it_is_read_out(guest, order, spelt):
    number = order["number"].lower()

    payload = track(guest, spelt.format(number[:4], number[4:]), email="  ADA@example.COM ")

    assert payload["order"] == {"number": order["number"]}


def test_a_domain_may_be_spelt_in_its_own_letters(guest, variant):
    order = order_of(guest, (gid(variant), 1), email="Ada@müller.de")

    for email in ("ada@müller.de", "ada@MÜLLER.de", "ada@xn--mller-kva.de"):
        assert track(guest, order["number"], email)["order"] == {"number": order["number"]}


def test_every_other_pair_is_answered_alike(guest, customer, order, variant):
    accounts = order_of(Api(customer), (gid(variant), 1))
    other = order_of(guest, (gid(variant), 1), email="other@example.com")
    checkout(guest, cart_with(guest, (gid(variant), 1))["id"], token="tok_declined", email="ada@example.com")
    never_placed = Order.objects.get(placed_at=None)

    for number, email in (
        (order["number"], "other@example.com"),
        (order["number"], ""),
        (other["number"], "ada@example.com"),
        (accounts["number"], customer.email),
        (accounts["number"], ""),
        (never_placed.number, "ada@example.com"),
        ("AAAAAAAA", "ada@example.com"),
        ("", "ada@example.com"),
        ("x" * 10_000, "ada@example.com"),
        ("\0", "a\0@example.com"),
        (order["number"], "ada@example.com" + "x" * 10_000),
    ):
        forget_attempts()
        assert track(guest, number, email) == UNKNOWN, (number[:20], email[:20])


def test_an_erased_orders_empty_address_opens_nothing(guest, order):
    Order.objects.update(email="")

    assert track(guest, order["number"], email="") == UNKNOWN


def test_guesses_at_an_address_are_counted_from_wherever_they_come(guest, order):
    answers = [guest.send(TRACK, number="AAAAAAAA", email="ada@example.com") for _ in range(5)]
    assert not any("errors" in answer for answer in answers)

    (error,) = Api().send(TRACK, number=order["number"], email=" ADA@example.com")["errors"]

    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert 1 <= error["extensions"]["retryAfter"] <= 60


def test_guesses_of_a_client_are_counted_whatever_the_address(guest, order):
    answers = [guest.send(TRACK, number=order["number"], email=f"ada{n}@example.com") for n in range(11)]

    assert ["errors" in answer for answer in answers] == [False] * 10 + [True]
    assert answers[-1]["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


def test_another_client_is_not_held_up(guest, order):
    for n in range(11):
        guest.send(TRACK, number=order["number"], email=f"ada{n}@example.com")
    elsewhere = Api()
    elsewhere.http.defaults["REMOTE_ADDR"] = "203.0.113.9"

    assert track(elsewhere, order["number"])["order"] == {"number": order["number"]}


# ── Numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_numbers_are_eight_characters_that_are_not_mistaken_for_each_other(guest, variant):
    numbers = {order_of(guest, (gid(variant), 1))["number"] for _ in range(5)}

    assert len(numbers) == 5
    for number in numbers:
        assert len(number) == 8
        assert set(number) <= set(NUMBER_ALPHABET)
    assert not set(NUMBER_ALPHABET) & set("AEIOU01258BLSZ")


def test_a_number_that_is_taken_is_made_anew(guest, order, variant, monkeypatch):
    made = iter([*order["number"], *"GGGGGGGG"])
    monkeypatch.setattr(secrets, "choice", lambda alphabet: next(made))

    other = order_of(guest, (gid(variant), 1))

    assert other["number"] == "GGGGGGGG"
    assert Order.objects.count() == 2


def test_the_number_in_a_key_is_no_collision(customer, variant):
    """Two carts of one customer and one key, whatever the key says."""
    api = Api(customer)
    key = "ordering_order_number"
    first, second = (cart_with(api, (gid(variant), 1))["id"] for _ in range(2))
    assert checkout(api, first, key=key)["userErrors"] == []

    assert [error["code"] for error in checkout(api, second, key=key)["userErrors"]] == ["IDEMPOTENCY_CONFLICT"]
    assert Order.objects.count() == 1
