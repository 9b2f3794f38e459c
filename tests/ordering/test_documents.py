"""Invoices and credit notes: once, numbered without gaps, readable by the buyer and staff alone."""

import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from pypdf import PdfReader

from notifications import tasks as notifications
from ordering import tasks
from ordering.models import (
    Document,
    DocumentKind,
    NumberSeries,
    Order,
    Payment,
    Refund,
    ShippingMethod,
    TaxRate,
)
from ordering.services import documents
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import ADDRESS, order_of

pytestmark = pytest.mark.django_db(transaction=True)

DOCUMENTS = """query($id: ID!, $t: String) { order(id: $id, guestToken: $t) {
  documents { kind number issuedAt url } events { edges { node { type message } } } } }"""

REFUND = """mutation($id: ID!, $input: RefundCreateInput!) {
  refundCreate(orderId: $id, idempotencyKey: "once", input: $input) { userErrors { code message } } }"""
CANCEL = """mutation($id: ID!, $t: String) {
  orderCancel(id: $id, reason: "Changed my mind", guestToken: $t) { userErrors { code } } }"""


@pytest.fixture
def variant(shipping):
    TaxRate.objects.create(country="DE", percent=Decimal("19"))
    return make_variant(name="Stoneware Mug", price="20.00", stock=10)


@pytest.fixture
def private(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "private"), "base_url": None},
        },
    }
    return tmp_path / "private"


def documents_of(api, order):
    return api(DOCUMENTS, id=order["id"], t=order.get("guestToken"))["order"]["documents"]


def text_of(api, url):
    response = api.http.get(url)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    assert response["Cache-Control"] == "no-store"
    content = b"".join(response.streaming_content)
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def test_a_paid_order_has_an_invoice_that_says_what_was_bought(guest, variant, private, settings):
    settings.SELLER_NAME, settings.SELLER_ADDRESS = "Lamp & Chair Ltd", ["1 Mill Lane", "Berlin"]
    order = order_of(guest, (gid(variant), 2), shippingAddress=ADDRESS | {"fullName": "Łukasz Жуков"})
    tasks.make_documents()

    (invoice,) = documents_of(guest, order)

    year = invoice["issuedAt"][:4]
    assert (invoice["kind"], invoice["number"]) == ("INVOICE", f"INV-{year}-00001")
    text = text_of(guest, invoice["url"])
    for said in ("Łukasz Жуков", "12 High Street", "10115 Berlin", "Germany", "Lamp & Chair Ltd", order["number"]):
        assert said in text
    for said in ("Stoneware Mug", variant.sku, "40.00", "4.90", "VAT (19 % contained in 44.90 EUR)", "44.90 EUR"):
        assert said in text


def test_a_document_carries_a_typeface_only_for_letters_that_the_standard_one_lacks(guest, variant, private):
    files = []
    for name in ("Zoë Müller – “Z” €", "Łukasz Жуков"):
        order = order_of(guest, (gid(variant), 1), shippingAddress=ADDRESS | {"fullName": name})
        tasks.make_documents()
        (invoice,) = documents_of(guest, order)
        assert name in text_of(guest, invoice["url"])
        files.append(Document.objects.get(number=invoice["number"]).file)
    western, eastern = [(private / file).stat().st_size for file in files]
    assert western < 4_000 < eastern


def test_an_invoice_has_no_address_before_its_file_is_made(guest, variant, private):
    order = order_of(guest, (gid(variant), 1))

    (invoice,) = documents_of(guest, order)

    assert invoice["url"] is None


def test_the_news_of_a_payment_may_come_twice(guest, variant, private):
    order = order_of(guest, (gid(variant), 1))
    key = Order.objects.get().pk

    again = documents.issue_invoice(order_id=key)
    tasks.make_documents()
    tasks.make_documents()

    assert Document.objects.get() == again
    assert NumberSeries.objects.get().last == 1
    assert len(list((private / "documents").iterdir())) == 1
    assert len(documents_of(guest, order)) == 1


def test_numbers_have_no_gaps_when_one_cannot_be_issued(guest, variant, private, monkeypatch):
    first = order_of(guest, (gid(variant), 1))
    second = Order.objects.get(number=first["number"])
    Document.objects.all().delete()

    with monkeypatch.context() as patched:
        patched.setattr(Document.objects, "create", _fails)
        with pytest.raises(RuntimeError):
            documents.issue_invoice(order_id=second.pk)

    assert documents.issue_invoice(order_id=second.pk).number.endswith("-00002")
    assert NumberSeries.objects.get().last == 2


def _fails(**_):
    raise RuntimeError("the disk is full")


def test_an_order_that_is_not_paid_has_no_invoice(guest, variant, private):
    order = order_of(guest, (gid(variant), 1), token="tok_review")

    assert documents_of(guest, order) == []


def test_a_refund_has_a_credit_note_that_names_the_invoice(guest, variant, private):
    order = order_of(guest, (gid(variant), 2))
    guest(CANCEL, id=order["id"], t=order["guestToken"])
    tasks.make_documents()

    invoice, note = documents_of(guest, order)

    assert (note["kind"], note["number"]) == ("CREDIT_NOTE", invoice["number"].replace("INV", "CN"))
    text = text_of(guest, note["url"])
    for said in ("Credit note", invoice["number"], "VAT contained", "7.17 EUR", "Credited", "44.90 EUR"):
        assert said in text


def test_the_tax_on_a_credit_note_is_rounded_once(guest, staff, private, shipping):
    shipping.delete()
    free = ShippingMethod.objects.create(name="Free", currency="EUR", price_amount=Decimal(0))
    TaxRate.objects.create(country="DE", percent=Decimal("18.96"))
    order = order_of(guest, (gid(make_variant(price="14.81", stock=1)), 1), shippingMethodId=gid(free))
    asked = {"amount": "1.60", "reason": "Scratched"}
    Api(staff)(REFUND, id=order["id"], input=asked)
    tasks.make_documents()

    _, note = documents_of(guest, order)

    assert order["total"]["amount"] == "14.81"
    text = text_of(guest, note["url"])
    assert "0.25 EUR" in text  # of 2.36 in 14.81: 0.25496
    assert "0.26" not in text


def test_the_news_of_a_refund_may_come_twice(guest, variant, private):
    order = order_of(guest, (gid(variant), 2))
    guest(CANCEL, id=order["id"], t=order["guestToken"])

    documents.issue_credit_note(refund_id=Refund.objects.get().pk)

    assert Document.objects.filter(kind=DocumentKind.CREDIT_NOTE).count() == 1
    assert NumberSeries.objects.get(kind=DocumentKind.CREDIT_NOTE).last == 1


def test_strangers_see_no_documents_and_a_wrong_link_says_nothing(guest, customer, variant, private):
    order = order_of(guest, (gid(variant), 1))
    tasks.make_documents()

    assert Api(make_user()).code(DOCUMENTS, id=order["id"]) == "NOT_FOUND"
    response = guest.http.get("/documents/forged")
    assert response.status_code == 404
    assert response.content == b"This link has expired. Ask for the order again: its documents have new ones.\n"


def test_a_customer_and_staff_see_the_documents_of_an_order(customer, staff, variant, private):
    order = order_of(Api(customer), (gid(variant), 1))
    tasks.make_documents()

    assert documents_of(Api(customer), order)[0]["url"]
    assert documents_of(Api(staff), order)[0]["url"]


def test_the_history_says_that_an_invoice_was_issued(guest, variant, private):
    order = order_of(guest, (gid(variant), 1))
    notifications.sweep()

    history = guest(DOCUMENTS, id=order["id"], t=order["guestToken"])["order"]["events"]["edges"]

    invoice = Document.objects.get()
    messages = [edge["node"]["message"] for edge in history]
    assert f"The invoice {invoice.number} of order {order['number']} was issued." in messages


def test_what_the_news_did_not_bring_about_is_issued_later(guest, variant, private, settings):
    reactions = {name: [] for name in ("order.paid", "order.refunded")}
    settings.EVENT_REACTIONS = {**settings.EVENT_REACTIONS, **reactions}
    order = order_of(guest, (gid(variant), 1))
    guest(CANCEL, id=order["id"], t=order["guestToken"])
    assert (tasks.issue_missing_documents(), documents_of(guest, order)) == (0, [])  # it may still be on its way

    Payment.objects.update(updated_at=F("updated_at") - timedelta(hours=1))

    assert [tasks.issue_missing_documents() for _ in range(2)] == [2, 0]
    assert [each["kind"] for each in documents_of(guest, order)] == ["INVOICE", "CREDIT_NOTE"]
    assert Document.objects.get(refund=Refund.objects.get()).data["facts"][2][0] == "Invoice"


def test_one_that_cannot_be_issued_does_not_hold_up_the_others(guest, variant, private, settings):
    settings.EVENT_REACTIONS = {**settings.EVENT_REACTIONS, "order.paid": []}
    order_of(guest, (gid(variant), 1))
    healthy = order_of(guest, (gid(variant), 1))
    Payment.objects.update(updated_at=F("updated_at") - timedelta(hours=1))
    broken = Order.objects.exclude(number=healthy["number"]).get()
    Order.objects.filter(pk=broken.pk).update(billing_address=[])

    assert tasks.issue_missing_documents() == 2

    assert [each["kind"] for each in documents_of(guest, healthy)] == ["INVOICE"]
    assert not Document.objects.filter(order=broken).exists()
