"""Products from a file, Shopify's product CSV or JSON Lines: all of it is checked before anything is written.

A file is read twice, one product at a time: `check` reads all of it and tells what is wrong, `products` gives those
about which nothing is. Neither keeps more of the file in memory than one product, and a few bytes for each handle and
SKU, by which those that come twice are found.

In the CSV, rows of one Handle make one product and stand one below the other. The first row says what the product is;
each row may add a variant, an image or both. A column, or a key, that is not there says nothing, and what the shop
knows stays; an empty one means "none". Known columns of Shopify's that the shop has no place for are passed over in
silence, any other is named in a notice.
"""

from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import BinaryIO

from catalog.importing import jsonlines, products, rows, text, values
from catalog.importing.parsed import (
    UNSAID,
    Checked,
    FileFormat,
    ParsedImage,
    ParsedPrice,
    ParsedProduct,
    ParsedVariant,
    RowProblem,
)
from catalog.importing.products import DEFAULT_VENDOR
from catalog.importing.text import UnreadableFileError

__all__ = [
    "DEFAULT_VENDOR",
    "MAX_PRODUCTS",
    "UNSAID",
    "Checked",
    "FileFormat",
    "ParsedImage",
    "ParsedPrice",
    "ParsedProduct",
    "ParsedVariant",
    "RowProblem",
    "UnreadableFileError",
    "check",
    "format_of",
    "look_at",
    "place",
    "read",
]

# By which the memory for handles and SKUs is bounded.
MAX_PRODUCTS = 500_000
_PROGRESS = 1000
_COLUMNS = {"handle": "Handle", "sku": "Variant SKU", "stock": "Variant Inventory Qty"}
_Drafts = Iterator[tuple[ParsedProduct, list[RowProblem]]]


def format_of(name: str) -> FileFormat:
    """What a file with this name holds, most likely."""
    is_json = PurePath(name).suffix.lower() in {".jsonl", ".ndjson", ".json"}
    return FileFormat.JSON_LINES if is_json else FileFormat.SHOPIFY_CSV


def look_at(file: BinaryIO, *, name: str, format: FileFormat) -> None:
    """Refuses at a glance, with UnreadableFileError, what is no such file at all."""
    text.check(file, name)
    if format is FileFormat.SHOPIFY_CSV:
        rows.Table(file, name)


def check(
    file: BinaryIO,
    *,
    name: str,
    format: FileFormat,
    report: Callable[[RowProblem], None],
    progress: Callable[[Checked], None] = lambda _: None,
) -> Checked:
    """Reads the whole file and reports what is wrong, and now and then how far it is. Raises UnreadableFileError if it
    is no such file at all."""
    text.check(file, name)
    checked = Checked()
    handles: dict[int, int] = {}
    skus: dict[int, int] = {}
    for product, problems in _drafts(file, name, format, checked.notices):
        checked.total += 1
        if checked.total > MAX_PRODUCTS:
            raise UnreadableFileError(f"{name} has more than {MAX_PRODUCTS} products. Split it.")
        if checked.total % _PROGRESS == 0:
            progress(checked)
        first = handles.setdefault(values.fingerprint(product.handle), product.line) if product.handle else product.line
        if first != product.line:
            # Nobody knows which of the two is meant, or whether the product is only half there.
            checked.faulty.add(first)
            problems.append(_twice(product, first, format))
        problems += _known_skus(product, skus, format, {problem.line for problem in problems})
        if problems:
            checked.faulty.add(product.line)
        checked.problems += len(problems)
        for problem in sorted(problems, key=lambda problem: problem.line):
            report(problem)
    return checked


def read(file: BinaryIO, *, name: str, format: FileFormat, checked: Checked) -> Iterator[ParsedProduct]:
    """The products of a file that was checked, without the faulty ones."""
    for product, _ in _drafts(file, name, format, []):
        if product.line not in checked.faulty:
            yield product


def place(product: ParsedProduct, path: list[str], message: str, format: FileFormat) -> RowProblem:
    """What the catalogue refuses, at its place in the file: ["variants", "3", "sku"]."""
    variants = product.variants or ()
    line = variants[int(path[1])].line if path[0] == "variants" else product.line
    column = ".".join(path) if format is FileFormat.JSON_LINES else _COLUMNS.get(path[-1], "Handle")
    return RowProblem(line, column, message)


def _drafts(file: BinaryIO, name: str, format: FileFormat, notices: list[str]) -> _Drafts:
    if format is FileFormat.JSON_LINES:
        yield from jsonlines.drafts(file, name)
        return
    table = rows.Table(file, name)
    for group in products.groups(table):
        product = products.parsed(group)
        yield product, [problem for row in group for problem in row.problems]
    notices += table.notices()


def _twice(product: ParsedProduct, first: int, format: FileFormat) -> RowProblem:
    if format is FileFormat.JSON_LINES:
        message = f"Line {first} has this handle already. Write each product once."
    else:
        message = f"Line {first} has this handle already. Put the rows of one product one below the other."
    return place(product, ["handle"], message, format)


def _known_skus(
    product: ParsedProduct, skus: dict[int, int], format: FileFormat, faulty_lines: set[int]
) -> list[RowProblem]:
    problems = []
    for index, variant in enumerate(product.variants or ()):
        line = skus.setdefault(values.fingerprint(variant.sku), variant.line)
        if line != variant.line and variant.line not in faulty_lines:
            message = f"“{values.short(variant.sku)}” stands on line {line} already. Give each variant its own SKU."
            problems.append(place(product, ["variants", str(index), "sku"], message, format))
    return problems
