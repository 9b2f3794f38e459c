"""Orders as a CSV for spreadsheets, a row for each line.

What is of the whole order stands in the row of its first line only, so that a column can be added up; number, date and
state are in all of them. Cells that a spreadsheet would run as a formula have an apostrophe before them.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.db.models import Prefetch, Q, QuerySet

from catalog.exporting import guarded
from ordering.models import Order, OrderLine, PromotionUse

# So many orders are read at a time, and then forgotten.
BATCH = 200
# Of the order and in each of its rows; of the order and in the first; of the line.
_EVERY = ["Number", "Placed at", "Status", "Payment status", "Currency"]
_FIRST = [
    *("E-mail", "Subtotal", "Discount", "Shipping", "Tax", "Included tax", "Total", "Refunded", "Promotions"),
    *("Shipping method", "Name", "Line 1", "Line 2", "City", "Region", "Postal code", "Country", "Phone", "Note"),
]
_LINE = [
    *("SKU", "Product", "Variant", "Quantity", "Fulfilled", "Unit price", "Line discount", "Line tax", "Tax rate"),
]
COLUMNS = [*_EVERY, *_FIRST, *_LINE]
_ADDRESS = ["full_name", "line1", "line2", "city", "region", "postal_code", "country", "phone"]


def written(orders: QuerySet[Order]) -> Iterator[str]:
    """The file in pieces, newest order first; a few statements a piece, none of them held open between two."""
    yield _csv([COLUMNS])
    for batch in _batches(orders):
        yield _csv([row for order in batch for row in _rows(order)])


def _batches(orders: QuerySet[Order]) -> Iterator[list[Order]]:
    lines = Prefetch("lines", OrderLine.objects.order_by("position"))
    uses = Prefetch("promotion_uses", PromotionUse.objects.select_related("promotion").order_by("pk"))
    found = orders.select_related("payment").prefetch_related(lines, uses).order_by("-placed_at", "pk")
    batch = list(found[:BATCH])
    while batch:
        yield batch
        last = batch[-1]
        behind = Q(placed_at__lt=last.placed_at) | Q(placed_at=last.placed_at, pk__gt=last.pk)
        batch = list(found.filter(behind)[:BATCH]) if len(batch) == BATCH else []


def _rows(order: Order) -> Iterator[list[str]]:
    placed_at = order.placed_at.isoformat(timespec="seconds") if order.placed_at else ""
    every = [order.number, placed_at, order.status, order.payment_status, order.currency]
    first = _of_order(order)
    for line in order.lines.all():
        yield [guarded(cell) for cell in (*every, *first, *_of_line(line))]
        first = [""] * len(_FIRST)


def _of_order(order: Order) -> list[str]:
    payment = getattr(order, "payment", None)
    amounts = [
        *(order.subtotal_amount, order.discount_amount, order.shipping_amount, order.tax_amount),
        *(order.included_tax_amount, order.total_amount, payment.refunded_amount if payment else Decimal(0)),
    ]
    address = order.shipping_address or {}
    return [
        order.email,
        *(str(order.money(amount).amount) for amount in amounts),
        ", ".join(str(use.promotion) for use in order.promotion_uses.all()),
        order.shipping_method,
        *(address.get(part) or "" for part in _ADDRESS),
        order.note,
    ]


def _of_line(line: OrderLine) -> list[str]:
    amounts = [line.unit_amount, line.discount_amount, line.tax_amount]
    return [
        *(line.sku, line.product_name, line.variant_name, str(line.quantity), str(line.quantity_fulfilled)),
        *(str(line.money(amount).amount) for amount in amounts),
        f"{line.tax_percent.normalize():f}",
    ]


def _csv(rows: Iterable[list[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
