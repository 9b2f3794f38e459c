"""A CSV file as rows whose cells are checked when they are asked for."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from django.conf import settings

from catalog import models, money
from catalog.importing.parsed import RowProblem

# What PostgreSQL's integer holds, and GraphQL's Int.
MAX_QUANTITY = 2_147_483_647

NECESSARY_COLUMNS = ("Handle", "Title", "Variant Price")
OPTION_NUMBERS = (1, 2, 3)
VARIANT_COLUMNS = (
    *(f"Option{number} Value" for number in OPTION_NUMBERS),
    "Variant SKU",
    "Variant Inventory Qty",
    "Variant Price",
    "Variant Compare At Price",
)
USED_COLUMNS = {
    *NECESSARY_COLUMNS,
    *VARIANT_COLUMNS,
    *(f"Option{number} Name" for number in OPTION_NUMBERS),
    *("Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", "Status", "SEO Title"),
    *("SEO Description", "Image Src", "Image Position", "Image Alt Text", "Variant Inventory Policy"),
}
UNUSED_SHOPIFY_COLUMNS = re.compile(
    r"Option[123] Linked To|Variant (Grams|Inventory Tracker|Fulfillment Service|Requires Shipping|Taxable|Barcode"
    r"|Image|Weight Unit|Tax Code)|Unit Price .+|Gift Card|Collection|Cost per item|Custom Product Type"
    r"|Standardized Product Type|Google Shopping / .+|(Included|Price|Compare At Price) / .+"
    r"|.+ \(product\.metafields\..+\)"
)

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")


class UnreadableFileError(Exception):
    """Nothing of the file can be imported; the message is one sentence for whoever chose it."""


class Row:
    """One row of the file. Asking for a cell checks it: what is wrong is noted, and a harmless value returned."""

    def __init__(self, line: int, cells: dict[str, str]):
        self.line = line
        self.cells = cells
        self.problems: list[RowProblem] = []

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def refuse(self, column: str, message: str) -> None:
        """Notes what is wrong, with what to do about it."""
        self.problems.append(RowProblem(self.line, column, message))

    def has(self, *columns: str) -> bool:
        """Whether the file has one of these columns; the cell may be empty."""
        return any(column in self.cells for column in columns)

    def fills(self, *columns: str) -> bool:
        """Whether one of these cells is not empty."""
        return any(self[column] for column in columns)

    def text(self, column: str, longest: int | None = None, *, may_break: bool = False) -> str:
        """The cell; at most `longest` characters, on one line unless it `may_break`."""
        text = self[column]
        allowed = "\t\n\r" if may_break else ""
        bad = next((char for char in text if unicodedata.category(char) == "Cc" and char not in allowed), None)
        if bad is not None:
            self.refuse(column, f"The cell contains the control character U+{ord(bad):04X}. Remove it.")
        elif longest is not None and len(text) > longest:
            self.refuse(column, f"{len(text)} characters are too many. Shorten it to {longest}.")
        return text

    def amount(self, column: str) -> Decimal:
        """An amount in the shop's currency, zero or more."""
        text = self[column]
        complaint = _complaint_about_amount(text, settings.SHOP_CURRENCY)
        if complaint:
            self.refuse(column, complaint)
            return Decimal(0)
        return money.rounded(abs(Decimal(text)), settings.SHOP_CURRENCY).amount

    def whole_number(self, column: str) -> int | None:
        """A count, zero or more; None in an empty cell."""
        text = self[column]
        if not text:
            return None
        if not _INTEGER.fullmatch(text):
            self.refuse(column, f"“{short(text)}” is not a whole number. Write digits only, like 25.")
        elif text.startswith("-") and text.strip("-0"):
            self.refuse(column, f"{short(text)} is below zero. Write 0 or more.")
        elif len(text.lstrip("+-0")) > 10 or int(text) > MAX_QUANTITY:
            self.refuse(column, f"{short(text)} is too large. Write at most {MAX_QUANTITY}.")
        else:
            return int(text)
        return None


def _complaint_about_amount(text: str, currency: str) -> str:
    """What is wrong with an amount of money; empty if nothing is."""
    if not text:
        return "The price is missing. Write an amount like 12.50, or 0 if it costs nothing."
    if not _NUMBER.fullmatch(text):
        return f"“{short(text)}” is not an amount. Write digits and at most one point, like 1299.50."
    amount = Decimal(text)
    if amount < 0:
        return f"{short(text)} is below zero. Write 0 or more."
    column = models.ProductVariant._meta.get_field("price_amount")
    whole_digits = column.max_digits - column.decimal_places
    if amount >= 10**whole_digits:
        return f"{short(text)} is too large. Write an amount with at most {whole_digits} digits before the point."
    if amount != money.rounded(amount, currency).amount:
        return f"{short(text)} has too many decimals: {currency} has {money.exponent(currency)}. Round it."
    return ""


def short(text: str) -> str:
    """A cell as it may stand in a message: of modest length, and without what would steer a terminal."""
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in shown)


def table(path: Path) -> tuple[list[str], list[Row]]:
    """The header, and all rows that are not blank. Raises UnreadableFileError if this is no product CSV."""
    records = _records(path, _decoded(path))
    _, header = next(records, (0, []))
    _refuse_header(path, header)
    rows = [_row(line, header, cells) for line, cells in records]
    if not rows:
        raise UnreadableFileError(f"{path} has a header but no products.")
    return header, rows


def _decoded(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableFileError(f"{path} is not UTF-8 (line {line}). Export it again as “CSV UTF-8”.") from error


def _records(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the line it begins on: a quoted cell may run over many lines."""
    # Strict: a quotation mark in the wrong place shifts every cell after it, so nothing could be trusted.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield line, stripped
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFileError(
            f"{path} is no valid CSV: the row that begins on line {line} has a quotation mark in the wrong place, "
            f"one that is never closed, or a cell longer than {csv.field_size_limit()} characters."
        ) from error


def _refuse_header(path: Path, header: list[str]) -> None:
    if not header:
        raise UnreadableFileError(f"{path} is empty.")
    missing = [column for column in NECESSARY_COLUMNS if column not in header]
    if missing:
        raise UnreadableFileError(
            f"{path} is no product CSV of Shopify's: its first line has no column {_listed(missing)}. "
            "Export the products again, with cells separated by commas."
        )
    twice = [column for column in dict.fromkeys(header) if column in USED_COLUMNS and header.count(column) > 1]
    if twice:
        raise UnreadableFileError(f"{path} has more than one column {_listed(twice)}. Keep one of each.")


def _row(line: int, header: list[str], cells: list[str]) -> Row:
    # Spreadsheets leave out empty cells at the end of a row; a row that is too long has come apart.
    row = Row(line, dict(zip(header, cells + [""] * len(header), strict=False)))
    if any(cells[len(header) :]):
        row.refuse(header[-1], "The row has more cells than the header. Put cells that contain a comma in quotes.")
    return row


def notices(header: list[str], rows: list[Row]) -> list[str]:
    """What to tell about the file although nothing is wrong with it."""
    found = []
    unknown = [column for column in header if column and column not in USED_COLUMNS]
    unknown = [column for column in unknown if not UNUSED_SHOPIFY_COLUMNS.fullmatch(column)]
    if unknown:
        found.append(f"These columns are unknown and ignored: {', '.join(short(column) for column in unknown)}.")
    beyond = sum(row["Variant Inventory Policy"].lower() == "continue" for row in rows)
    if beyond:
        found.append(
            f"Variant Inventory Policy is “continue” on {beyond} row{'s' if beyond > 1 else ''}: "
            "selling beyond the stock is not supported, and this is ignored."
        )
    return found


def _listed(columns: list[str]) -> str:
    return ", ".join(f"“{column}”" for column in columns)
