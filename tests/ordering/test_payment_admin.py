"""Payments in the admin: what needs a person is found, and its buttons call the services once."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from ordering.gateways import Outcome
from ordering.models import Order, Payment, Refund
from tests.conftest import gid, make_user, make_variant
from tests.shopping import order_of

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "admin:ordering_payment_changelist"
BANK = {"token": "card", "gateway": "bank"}


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=10)


@pytest.fixture
def desk(staff):
    """The browser of staff who work with orders."""
    return _browser(staff)


@pytest.fixture
def reader(db):
    """The browser of staff who may look at payments, and at nothing else."""
    return _browser(make_user("reader@example.com", is_staff=True))


def test_what_needs_a_person_is_found(bank, desk, guest, variant):
    _order(guest, variant)
    bank.outcomes["authorize"] = Outcome.IN_REVIEW
    held = _order(guest, variant)
    bank.outcomes.clear()
    awaited = _order(guest, variant, {"gateway": "manual", "token": "bank_transfer"})
    refused = _order(guest, variant)
    bank.outcomes["refund"] = Outcome.DECLINED
    _press(desk, refused, "refund", reason="Broken")

    found = {
        attention: [payment.order.number for payment in desk.get(reverse(LIST), query).context["cl"].queryset]
        for attention in ("review", "awaited", "refund")
        for query in [{"attention": attention}]
    }

    assert found == {"review": [held.number], "awaited": [awaited.number], "refund": [refused.number]}
    assert desk.get(reverse(LIST)).context["cl"].queryset.count() == 4


def test_a_payment_in_review_is_accepted(bank, desk, guest, variant):
    bank.outcomes["authorize"] = Outcome.IN_REVIEW
    order = _order(guest, variant)
    page = desk.get(_page(order))
    assert "Insufficient funds." in page.text
    assert _buttons(desk, order) == ["accept"]

    assert _press(desk, order, "accept") == ["The payment was accepted."]

    order.refresh_from_db()
    assert (order.status, order.payment_status) == ("CONFIRMED", "PAID")
    assert _buttons(desk, order) == ["refund"]


def test_a_transfer_is_noted(desk, guest, variant):
    order = _order(guest, variant, {"gateway": "manual", "token": "bank_transfer"})
    assert _buttons(desk, order) == ["receive"]

    refused = _press(desk, order, "receive", amount="20.00")
    done = _press(desk, order, "receive", amount="24.90", reference="Statement 7")

    assert refused[0].startswith("The order owes 24.90 EUR.")
    assert done == ["The money was noted."]
    order.refresh_from_db()
    assert (order.status, order.payment_status) == ("CONFIRMED", "PAID")


def test_money_is_given_back_once_however_often_the_form_is_sent(bank, desk, guest, variant):
    order = _order(guest, variant)

    for _ in range(2):
        assert _press(desk, order, "refund", amount="5.00", reason="Broken", key="one-and-the-same") == [
            "The payment service is asked to give it back."
        ]
    too_much = _press(desk, order, "refund", amount="30.00", reason="Broken", key="another")

    assert bank.moved("refund") == ["5.00"]
    assert Refund.objects.get().created_by.email == "staff@example.com"
    assert too_much == ["Of what was paid 19.90 EUR are left to give back. Ask for no more than that."]
    assert "€" in desk.get(_page(order)).text


def test_who_may_only_look_has_no_buttons(bank, reader, guest, variant):
    order = _order(guest, variant)

    assert reader.get(_page(order)).status_code == 200
    assert _buttons(reader, order) == []
    assert reader.post(_address(order, "refund"), {"reason": "x", "_form_submitted": "on"}).status_code == 403
    assert Refund.objects.count() == 0


def _browser(person):
    person.user_permissions.add(*Permission.objects.filter(codename__in=["view_payment", "view_order"]))
    browser = Client()
    browser.force_login(person)
    return browser


def _order(guest, variant, payment=BANK):
    return Order.objects.get(number=order_of(guest, (gid(variant), 1), payment=payment)["number"])


def _page(order):
    return reverse("admin:ordering_payment_change", args=[Payment.objects.get(order=order).pk])


def _address(order, button):
    return reverse(f"admin:ordering_payment_{button}", args=[Payment.objects.get(order=order).pk])


def _buttons(browser, order):
    found = browser.get(_page(order)).context_data["actions_detail"]
    return [button["path"].rstrip("/").rsplit("/", 1)[-1] for button in found]


def _press(browser, order, button, **form):
    response = browser.post(_address(order, button), {"_form_submitted": "on", **form}, follow=True)
    return [str(message) for message in response.context["messages"]]
