"""Returns, parcels and files in the admin: read by staff, moved by buttons, edited by nobody."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from strawberry.relay.utils import from_base64

from catalog.models import StockLevel
from ordering.models import DigitalFile, Download, OrderLine, Refund, Return
from ordering.services import downloading, fulfilling, returning
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
    staff.user_permissions.add(*_views("return", "returnline", "download", "digitalfile", "fulfillment", "order"))
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
    assert offered == [["approve", "reject", "cancel"], ["receive", "cancel"], ["refund"], []]
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


def test_a_return_is_rejected_with_a_reason_or_cancelled(desk, coming):
    unsaid = desk.post(_address(coming, "reject"), SENT | {"note": " "})
    said = _press(desk, coming, "reject", note="It was used.")
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


def test_files_and_downloads_are_read(desk, coming, variant):
    file = DigitalFile.objects.create(variant=variant, name="song.mp3", file="files/x", size=2048)
    downloading.allow({OrderLine.objects.get().pk: [file]})

    pages = {
        model: desk.get(reverse(f"admin:ordering_{model}_changelist")).text
        for model in ("digitalfile", "download", "return", "fulfillment")
    }

    assert "song.mp3" in pages["digitalfile"]
    assert "2.0\xa0KB" in pages["digitalfile"]
    for model in ("download", "return", "fulfillment"):
        assert coming.order.number in pages[model]
    row = Download.objects.get()
    for model, pk in (("digitalfile", file.pk), ("download", row.pk)):
        page = reverse(f"admin:ordering_{model}_change", args=[pk])
        assert desk.get(page).status_code == 200
        assert desk.post(page, {"downloads_left": 99}).status_code == 403
    assert Download.objects.get().downloads_left == 5


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
