"""Invoices and credit notes: numbered without gaps, written down whole, made into files afterwards."""

import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel import Locale
from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, storages
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from moneyed import Money

from accounts import links
from catalog import money
from ordering import events, printing
from ordering.models import (
    Document,
    DocumentKind,
    NumberSeries,
    Order,
    OrderLine,
    Payment,
    PaymentStatus,
    Refund,
    RefundState,
)
from ordering.pricing import StepKind
from ordering.services import states

logger = logging.getLogger(__name__)

BATCH = 100
# So long after a payment changed its documents are looked for; not at once, they may be on their way.
MISSED_WITHIN = timedelta(days=7)
LEFT_ALONE = timedelta(minutes=10)
_PAID = frozenset({PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED})
_LINK = "document-file"
_PREFIXES = {DocumentKind.INVOICE: "INV", DocumentKind.CREDIT_NOTE: "CN"}


# ── Issued ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def issue_invoice(*, order_id: UUID | str) -> Document:
    """The invoice of an order that was paid. Again gives the same one."""
    order = _locked(order_id)
    invoice = Document.objects.filter(order=order, kind=DocumentKind.INVOICE).first()
    if invoice is None:
        number = _next_number(DocumentKind.INVOICE)
        sheet = _invoice_of(order, number)
        invoice = Document.objects.create(order=order, kind=DocumentKind.INVOICE, number=number, data=asdict(sheet))
        _tell(order, invoice)
    return invoice


@transaction.atomic
def issue_credit_note(*, refund_id: UUID | str) -> Document:
    """The credit note of a refund that was done. Again gives the same one."""
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    order = _locked(refund.payment.order_id)
    note = Document.objects.filter(refund=refund).first()
    if note is None:
        number = _next_number(DocumentKind.CREDIT_NOTE)
        sheet = _credit_note_of(order, refund, number)
        note = Document.objects.create(
            order=order, refund=refund, kind=DocumentKind.CREDIT_NOTE, number=number, data=asdict(sheet)
        )
        _tell(order, note)
    return note


def issue_missing() -> int:
    """Issues what is due of lately changed payments and was not issued when the news came; how many there were."""
    now = timezone.now()
    lately = {"updated_at__range": (now - MISSED_WITHIN, now - LEFT_ALONE)}
    invoices = Document.objects.filter(order=OuterRef("order"), kind=DocumentKind.INVOICE)
    paid = Payment.objects.filter(~Exists(invoices), **lately, order__payment_status__in=_PAID)
    changed = Payment.objects.filter(**lately).values("pk")
    refunded = Refund.objects.filter(payment__in=changed, state=RefundState.DONE, credit_note=None)
    invoiced = _each(issue_invoice, "order_id", paid.order_by("updated_at").values_list("order_id", flat=True))
    return invoiced + _each(issue_credit_note, "refund_id", refunded.order_by("pk").values_list("pk", flat=True))


def _each(issue: Callable[..., Document], name: str, keys: "QuerySet[Any, UUID]") -> int:
    due = list(keys[:BATCH])
    for key in due:
        try:
            issue(**{name: key})
        except Exception:  # one that cannot be issued must not hold up the others
            logger.exception("The document of %s %s is missing.", name, key)
    return len(due)


def _locked(order_id: UUID | str) -> Order:
    return Order.objects.select_for_update(of=("self",)).get(pk=order_id)


def _next_number(kind: DocumentKind) -> str:
    """The next of the year. Its series is locked to the end of the transaction, so none is given twice or lost."""
    year = timezone.localdate().year
    found = NumberSeries.objects.select_for_update().filter(kind=kind, year=year)
    series = found.first()
    if series is None:  # the first of the year; somebody else may make it at the same moment
        NumberSeries.objects.bulk_create([NumberSeries(kind=kind, year=year)], ignore_conflicts=True)
        series = found.get()
    series.last += 1
    series.save(update_fields=["last"])
    return f"{_PREFIXES[kind]}-{year}-{series.last:05}"


def _tell(order: Order, document: Document) -> None:
    issued = events.OrderDocumentIssued(
        number=order.number, kind=document.get_kind_display().lower(), document_number=document.number
    )
    states.tell(order, issued, tell_buyer=False)


# ── What stands in them ──────────────────────────────────────────────────────────────────────────────────────────────
def _invoice_of(order: Order, number: str) -> printing.Sheet:
    steps = [(_labelled(step), step["amount"]) for step in order.price_breakdown]
    return printing.Sheet(
        title="Invoice",
        number=number,
        currency=order.currency,
        seller=_seller(),
        buyer=_lines_of(order.billing_address),
        ship_to=_lines_of(order.shipping_address) if order.shipping_method else [],
        facts=[("Date", str(timezone.localdate())), ("Order", order.number), ("Payment", "received")],
        rows=[_row(line) for line in order.lines.all()],
        sums=[*steps, ("Total", str(order.total.amount))],
        notes=[settings.DOCUMENT_NOTE] if settings.DOCUMENT_NOTE else [],
    )


def _credit_note_of(order: Order, refund: Refund, number: str) -> printing.Sheet:
    invoice = Document.objects.filter(order=order, kind=DocumentKind.INVOICE).first()
    facts = [("Date", str(timezone.localdate())), ("Order", order.number)]
    return printing.Sheet(
        title="Credit note",
        number=number,
        currency=order.currency,
        seller=_seller(),
        buyer=_lines_of(order.billing_address),
        ship_to=[],
        facts=[*facts, ("Invoice", invoice.number)] if invoice else facts,
        rows=[
            _credited(line.order_line, line.quantity, line.amount)
            for line in refund.lines.select_related("order_line").order_by("order_line__position")
        ],
        sums=[*_taxes_in(order, refund.money), ("Credited", str(refund.money.amount))],
        notes=[f"Reason: {refund.reason}"] if refund.reason else [],
    )


def _seller() -> list[str]:
    return [part for part in (settings.SELLER_NAME, *settings.SELLER_ADDRESS, settings.SELLER_TAX_ID) if part]


def _lines_of(address: dict[str, str]) -> list[str]:
    """An address as it is written on a letter."""
    place = " ".join(part for part in (address.get("postal_code"), address.get("city")) if part)
    country = Locale("en").territories.get(address.get("country", ""), address.get("country", ""))
    street = [address.get(part) for part in ("full_name", "line1", "line2")]
    return [part for part in (*street, place, address.get("region"), country) if part]


def _row(line: OrderLine) -> printing.Row:
    net = line.unit_amount * line.quantity - line.discount_amount
    return printing.Row(
        text=f"{line.label}\n{line.sku}",
        quantity=str(line.quantity),
        unit=str(line.unit_price.amount),
        discount=str(-line.money(line.discount_amount).amount) if line.discount_amount else "",
        tax=_percent(line.tax_percent) if line.tax_name else "",
        total=str(line.money(net).amount),
    )


def _credited(line: OrderLine, quantity: int, amount: Decimal) -> printing.Row:
    return printing.Row(
        text=f"{line.label}\n{line.sku}",
        quantity=str(quantity),
        unit=str(line.unit_price.amount),
        discount="",
        tax=_percent(line.tax_percent) if line.tax_name else "",
        total=str(line.money(amount).amount),
    )


def _labelled(step: dict[str, str]) -> str:
    code = f" {step['code']}" if step.get("code") else ""
    if step["kind"] in (StepKind.GOODS, StepKind.SHIPPING):
        return step["label"]
    return f"{step['label']}{code} ({step['reason']})"


def _percent(percent: Decimal) -> str:
    return f"{percent.normalize():f} %"


def _taxes_in(order: Order, credited: Money) -> Iterable[tuple[str, str]]:
    """How much of what is credited is tax: the share that it was of the total."""
    for step in order.price_breakdown:
        if step["kind"] in (StepKind.TAX, StepKind.INCLUDED_TAX) and order.total_amount:
            share = Decimal(step["amount"]) * credited.amount / order.total_amount
            yield f"{step['label']} contained", str(money.rounded(share, order.currency).amount)


# ── Made into files ──────────────────────────────────────────────────────────────────────────────────────────────────
def make_file(*, document_id: UUID | str) -> None:
    """Prints the document and keeps the file. Again changes nothing."""
    document = Document.objects.get(pk=document_id)
    if document.file:
        return
    rows = [printing.Row(**row) for row in document.data["rows"]]
    content = printing.pdf(printing.Sheet(**{**document.data, "rows": rows}), fonts=settings.DOCUMENT_FONTS)
    name = _storage().save(f"documents/{document.pk}.pdf", ContentFile(content))
    if not Document.objects.filter(pk=document.pk, file="").update(file=name):
        _storage().delete(name)  # somebody else was faster


def make_files() -> int:
    """Prints what has no file yet, so that nobody who pays waits for it; returns how many there were."""
    missing = list(Document.objects.filter(file="").order_by("issued_at").values_list("pk", flat=True)[:BATCH])
    # In no order, so that two processes that are at it seldom print the same one.
    random.shuffle(missing)
    for document_id in missing:
        try:
            make_file(document_id=document_id)
        except Exception:  # one that cannot be printed must not hold up the others
            logger.exception("The document %s has no file.", document_id)
    return len(missing)


def _storage() -> Storage:
    return storages["private"]


# ── Read ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def link_token(*, document: Document) -> str:
    """What the link to the file carries for an hour from now."""
    return links.passing_token(_LINK, document.pk)


def file_behind(*, token: str) -> "tuple[File[Any], str] | None":
    """The file of a link, and what to call it; None if there is no such file."""
    key = links.key_in_passing(_LINK, token, seconds=links.EXPORT_LINK_SECONDS)
    document = Document.objects.filter(pk=key).exclude(file="").first() if key else None
    if document is None:
        return None
    try:
        return _storage().open(document.file), f"{document.number}.pdf"
    except FileNotFoundError:
        return None
