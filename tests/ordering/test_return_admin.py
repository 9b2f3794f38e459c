"""Returns in the admin: read by staff, moved by buttons, edited by nobody."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from strawberry.relay.utils import from_base64

from catalog.models import StockLevel
from ordering.models import OrderLine, Refund, Return
from ordering.services import fulfilling, returning
from tests.conftest import gid, make_user, make_variant
from tests.shopping import order_of

pytestmark = pytest.mark.django_db(transaction=True)

SENT = {"_form_submitted": "on"}


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=10)


@pytest.fixture
def desk(staff):
    """The browser of staff who work with orders."""
    staff.user_permissions.add(*_views("return", "returnline", "order"))
    return _browser(staff)


@pytest.fixture
def coming(guest, staff, variant):
    """Two of three units are to come back."""
    order_id = from_base64(order_of(guest, (gid(variant), 3))["id"])[1]
    fulfilling.fulfill(order_id=order_id, actor=staff)
    line = OrderLine.objects.get()
    wanted = [returning.Wanted(order_line_id=line.pk, quantity=2, reason="DAMAGED")]
    return returning.request(order_id=order_id, lines=wanted, note="It hums.", actor=staff, idempotency_key=None).row


def test_a_return_is_approved_received_and_paid_back_by_its_buttons(desk, staff, coming, variant):
    offered = [_buttons(desk, coming)]
    _press(desk, coming, "approve", note="To: 1 Dock Road")
    offered.append(_buttons(desk, coming))
    _press(desk, coming, "receive", restock="on")
    offered.append(_buttons(desk, coming))
    said = _press(desk, coming, "refund")
    offered.append(_buttons(desk, coming))

    coming.refresh_from_db()
    assert offered == [["approve", "reject", "cancel"], ["receive", "cancel"], ["refund", "close"], []]
    assert said == ["The money is on its way."]
    assert (coming.status, coming.decision_note, coming.decided_by) == ("REFUNDED", "To: 1 Dock Road", staff)
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 9
    assert [(str(row.money.amount), row.state) for row in Refund.objects.all()] == [("40.00", "DONE")]


def test_goods_that_cannot_be_sold_stay_off_the_shelf_and_an_amount_is_paid_back(desk, coming, variant):
    _press(desk, coming, "approve")
    _press(desk, coming, "receive")
    _press(desk, coming, "refund", amount="12.50")

    assert StockLevel.objects.get(pk=variant.pk).on_hand == 7
    assert str(Refund.objects.get().money.amount) == "12.50"


@pytest.mark.parametrize(
    "pressed",
    [
        *([], ["approve"], ["reject"], ["cancel"], ["approve", "receive"]),
        *(["approve", "receive", "refund"], ["approve", "receive", "close"]),
    ],
    ids=lambda pressed: "-".join(pressed) or "nothing",
)
def test_all_that_may_be_done_with_a_return_has_a_button(desk, staff, coming, pressed):
    for button in pressed:
        _press(desk, coming, button, reason="Because.")

    coming.refresh_from_db()
    answers = returning.allowed_actions(return_=coming, actor=staff)
    last = pressed[-1].upper() if pressed else None
    assert coming.status == returning.LEADS_TO.get(last, "REQUESTED")
    assert set(_buttons(desk, coming)) == {action.lower() for action, refusal in answers if refusal is None}


def test_goods_in_no_state_to_be_paid_for_are_closed_with_a_reason(desk, coming):
    _press(desk, coming, "approve", note="To: 1 Dock Road")
    _press(desk, coming, "receive")

    unsaid = desk.post(_address(coming, "close"), SENT | {"reason": " "})
    said = _press(desk, coming, "close", reason="It was in pieces.")

    coming.refresh_from_db()
    assert "This field is required." in unsaid.text
    assert said == ["The return was closed."]
    assert (coming.status, coming.decision_note) == ("CLOSED", "It was in pieces.")
    assert Refund.objects.count() == 0


def test_a_button_pressed_twice_does_its_work_once_and_says_so_twice(desk, coming, variant):
    _press(desk, coming, "approve")
    opened = [desk.get(_address(coming, button)).text for button in ("receive", "refund")]

    received = [_press(desk, coming, "receive", restock="on", key="once") for _ in range(2)]
    paid = [_press(desk, coming, "refund", amount="12.50", key="and once") for _ in range(2)]

    assert all('type="hidden" name="key"' in form for form in opened)
    assert received == [["The return was received."]] * 2
    assert paid == [["The money is on its way."]] * 2
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 9
    assert str(Refund.objects.get().money.amount) == "12.50"


@pytest.mark.parametrize("amount", ["1.2345", "123456789012345", "NaN"])
def test_what_is_no_amount_is_refused_by_the_form(desk, coming, amount):
    _press(desk, coming, "approve")
    _press(desk, coming, "receive")

    answer = desk.post(_address(coming, "refund"), SENT | {"amount": amount})

    assert answer.status_code == 200
    assert Refund.objects.count() == 0
    assert Return.objects.get().status == "RECEIVED"


def test_a_return_is_rejected_with_a_reason_or_cancelled(desk, coming):
    unsaid = desk.post(_address(coming, "reject"), SENT | {"reason": " "})
    said = _press(desk, coming, "reject", reason="It was used.")
    late = _press(desk, coming, "cancel")

    coming.refresh_from_db()
    assert "This field is required." in unsaid.text
    assert said == ["The return was rejected."]
    assert late == ["A return that is rejected cannot become cancelled."]
    assert (coming.status, coming.decision_note) == ("REJECTED", "It was used.")


def test_a_refused_amount_is_explained_and_nothing_is_paid(desk, coming):
    _press(desk, coming, "approve")
    _press(desk, coming, "receive")

    said = _press(desk, coming, "refund", amount="1000")

    assert said == ["Of what was paid 64.90 EUR are left to give back. Ask for no more than that."]
    assert Refund.objects.count() == 0
    assert Return.objects.get().status == "RECEIVED"


def test_who_may_only_look_has_no_buttons(coming):
    reader = make_user("reader@example.com", is_staff=True)
    reader.user_permissions.add(*_views("return", "returnline"))
    browser = _browser(reader)

    assert "It hums." in browser.get(reverse("admin:ordering_return_change", args=[coming.pk])).text
    assert _buttons(browser, coming) == []
    answer = browser.post(_address(coming, "approve"), SENT)
    assert answer.status_code in (302, 403)
    assert Return.objects.get().status == "REQUESTED"


def test_returns_are_listed_by_their_orders(desk, coming):
    assert coming.order.number in desk.get(reverse("admin:ordering_return_changelist")).text


def _views(*models):
    return Permission.objects.filter(codename__in=[f"view_{model}" for model in models])


def _browser(user):
    client = Client()
    client.force_login(user)
    return client


def _address(row, button):
    return reverse(f"admin:ordering_return_{button}", args=[row.pk])


def _press(browser, row, button, **values):
    """What the page said after a button's form was sent."""
    browser.post(_address(row, button), SENT | values)
    page = browser.get(reverse("admin:ordering_return_change", args=[row.pk]))
    return [str(message) for message in page.context["messages"]]


def _buttons(browser, row):
    """The addresses of the buttons the page offers, in order."""
    buttons = browser.get(reverse("admin:ordering_return_change", args=[row.pk])).context_data["actions_detail"]
    return [button["path"].rstrip("/").rsplit("/", 1)[-1] for button in buttons]
