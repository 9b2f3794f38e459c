"""Products from Shopify's product CSV: the file is read and every cell checked before anything is written.

All rows of one Handle make one product. The first row says what the product is; each row may add a variant, an image
or both. A column that the file does not have says nothing, and what the shop knows stays; an empty cell means "none".
Known columns of Shopify's that the shop has no place for are passed over in silence, any other is named in a notice.
"""

from pathlib import Path

from catalog.importing import products, rows
from catalog.importing.parsed import ParsedImage, ParsedProduct, ParsedVariant, Reading, RowProblem
from catalog.importing.products import DEFAULT_VENDOR
from catalog.importing.rows import UnreadableFileError

__all__ = [
    "DEFAULT_VENDOR",
    "ParsedImage",
    "ParsedProduct",
    "ParsedVariant",
    "Reading",
    "RowProblem",
    "UnreadableFileError",
    "read",
]


def read(path: Path) -> Reading:
    """Everything in the file, checked. Raises UnreadableFileError if it is not a product CSV at all."""
    header, all_rows = rows.table(path)
    reading = Reading(notices=rows.notices(header, all_rows))
    sku_lines: dict[str, int] = {}
    for group in _by_handle(all_rows):
        product = products.parsed(group, sku_lines)
        problems = [problem for row in group for problem in row.problems]
        reading.problems += problems
        if problems:
            reading.refused += 1
        else:
            reading.products.append(product)
    return reading


def _by_handle(all_rows: list[rows.Row]) -> list[list[rows.Row]]:
    groups: dict[str, list[rows.Row]] = {}
    for row in all_rows:
        # Nobody knows which product a row without a handle belongs to, so each stands alone.
        groups.setdefault(row["Handle"] or f"line {row.line}", []).append(row)
    return list(groups.values())
