"""A CSV file as rows whose cells are checked when they are asked for."""

import csv
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import BinaryIO

from django.conf import settings

from catalog.importing import text, values
from catalog.importing.parsed import RowProblem
from catalog.importing.text import UnreadableFileError
from catalog.importing.values import MAX_QUANTITY, short

# Each row is in memory with all of them. Shopify's own files have less than a hundred.
MAX_COLUMNS = 500
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
    *("Variant Barcode", "Variant Grams", "Variant Image", "Variant Requires Shipping"),
}
UNUSED_SHOPIFY_COLUMNS = re.compile(
    r"Option[123] Linked To|Variant (Inventory Tracker|Fulfillment Service|Taxable|Weight Unit|Tax Code)"
    r"|Unit Price .+|Gift Card|Collection|Cost per item|Custom Product Type|Standardized Product Type"
    r"|Google Shopping / .+|(Included|Price|Compare At Price) / .+"
    r"|.+ \(product\.metafields\..+\)"
)

# A cell that a spreadsheet would take for a formula has an apostrophe before it, as one has that already has some.
_GUARDED = re.compile(r"'+[=+\-@]")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_GRAMS = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10})?")


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
        complaint = values.complaint_about_text(text, longest, may_break=may_break)
        if complaint:
            self.refuse(column, complaint)
        return text

    def amount(self, column: str) -> Decimal:
        """An amount in the shop's currency, zero or more."""
        text = self[column]
        complaint = values.complaint_about_amount(text, settings.SHOP_CURRENCY)
        if complaint:
            self.refuse(column, complaint)
            return Decimal(0)
        return values.amount(text, settings.SHOP_CURRENCY)

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

    def grams(self, column: str) -> int | None:
        """A weight in whole grams; None in an empty cell. Shopify writes fractions where scales show pounds."""
        text = self[column]
        if not text:
            return None
        if not _GRAMS.fullmatch(text):
            self.refuse(column, f"“{short(text)}” is not a weight. Write grams in digits, like 380.")
        elif Decimal(text) > MAX_QUANTITY:
            self.refuse(column, f"{short(text)} is too large. Write at most {MAX_QUANTITY}.")
        else:
            return int(Decimal(text).quantize(Decimal(1), ROUND_HALF_UP))
        return None

    def truth(self, column: str) -> bool | None:
        """True or false; None in an empty cell."""
        text = self[column].lower()
        if text not in ("", "true", "false"):
            self.refuse(column, f"“{short(self[column])}” is neither true nor false. Write one of them.")
        return {"true": True, "false": False}.get(text)


class Table:
    """The rows of a product CSV, one after the other, and what there is to tell about them at the end."""

    def __init__(self, file: BinaryIO, name: str):
        self.name = name
        self._records = _records(file, name)
        _, self.header = next(self._records, (0, []))
        self._beyond_stock = 0
        _refuse_header(name, self.header)

    def __iter__(self) -> Iterator[Row]:
        """All rows that are not blank; without one the file is refused."""
        row = None
        for line, cells in self._records:
            row = _row(line, self.header, cells)
            self._beyond_stock += row["Variant Inventory Policy"].lower() == "continue"
            yield row
        if row is None:
            raise UnreadableFileError(f"{self.name} has a header but no products.")

    def notices(self) -> list[str]:
        """What to tell about the file although nothing is wrong with it, once all of it was read."""
        found = []
        unknown = [column for column in self.header if column and column not in USED_COLUMNS]
        unknown = [column for column in unknown if not UNUSED_SHOPIFY_COLUMNS.fullmatch(column)]
        if unknown:
            found.append(f"These columns are unknown and ignored: {', '.join(short(column) for column in unknown)}.")
        if self._beyond_stock:
            found.append(
                f"Variant Inventory Policy is “continue” on {self._beyond_stock} "
                f"row{'s' if self._beyond_stock > 1 else ''}: "
                "selling beyond the stock is not supported, and this is ignored."
            )
        return found


def _records(file: BinaryIO, name: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the line it begins on: a quoted cell may run over many lines."""
    # Strict: a quotation mark in the wrong place shifts every cell after it, so nothing could be trusted.
    reader = csv.reader(text.lines(file, name), strict=True)
    line = 1
    try:
        for cells in reader:
            stripped = [_unguarded(cell.strip()) for cell in cells]
            if any(stripped):
                yield line, stripped
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFileError(
            f"{name} is no valid CSV: the row that begins on line {line} has a quotation mark in the wrong place, "
            f"one that is never closed, or a cell longer than {csv.field_size_limit()} characters."
        ) from error


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _GUARDED.match(cell) else cell


def _refuse_header(name: str, header: list[str]) -> None:
    if not header:
        raise UnreadableFileError(f"{name} is empty.")
    if len(header) > MAX_COLUMNS:
        raise UnreadableFileError(f"{name} has {len(header)} columns; a product CSV has at most {MAX_COLUMNS}.")
    missing = [column for column in NECESSARY_COLUMNS if column not in header]
    if missing:
        raise UnreadableFileError(
            f"{name} is no product CSV of Shopify's: its first line has no column {_listed(missing)}. "
            "Export the products again, with cells separated by commas."
        )
    twice = [column for column in dict.fromkeys(header) if column in USED_COLUMNS and header.count(column) > 1]
    if twice:
        raise UnreadableFileError(f"{name} has more than one column {_listed(twice)}. Keep one of each.")


def _row(line: int, header: list[str], cells: list[str]) -> Row:
    # Spreadsheets leave out empty cells at the end of a row; a row that is too long has come apart.
    row = Row(line, dict(zip(header, cells + [""] * len(header), strict=False)))
    if any(cells[len(header) :]):
        row.refuse(header[-1], "The row has more cells than the header. Put cells that contain a comma in quotes.")
    return row


def _listed(columns: list[str]) -> str:
    return ", ".join(f"“{column}”" for column in columns)
