"""Rows of one handle as one product with its variants and images."""

import hashlib
import json

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_slug
from django.utils.text import slugify

from catalog import models
from catalog.importing.parsed import ParsedImage, ParsedProduct, ParsedVariant
from catalog.importing.rows import OPTION_NUMBERS, VARIANT_COLUMNS, Row, short

# Who makes a product whose Vendor cell is empty.
DEFAULT_VENDOR = "Nexus"
# Shopify has no column for what the front page shows, so this tag says it; it is not kept among the tags.
FEATURED_TAG = "featured"
MAX_CATEGORY_DEPTH = 8

_is_address = URLValidator(schemes=["http", "https"])


def parsed(rows: list[Row], sku_lines: dict[str, int]) -> ParsedProduct:
    """The product these rows describe; it must not be used if a row has got problems on the way.

    `sku_lines` remembers on which line of the file each SKU was met.
    """
    first = rows[0]
    title = _title(rows)
    tags = [tag.strip() for tag in first.text("Tags").split(",") if tag.strip()]
    return ParsedProduct(
        line=first.line,
        handle=_handle(first),
        title=title,
        description=first.text("Body (HTML)", may_break=True) if first.has("Body (HTML)") else None,
        status=_status(first) if first.has("Status", "Published") else None,
        category=_category(first) if first.has("Product Category", "Type") else None,
        vendor=(first.text("Vendor", 200) or DEFAULT_VENDOR) if first.has("Vendor") else None,
        tags=tuple(dict.fromkeys(tag for tag in tags if tag.lower() != FEATURED_TAG)) if first.has("Tags") else None,
        is_featured=FEATURED_TAG in map(str.lower, tags) if first.has("Tags") else None,
        seo_title=first.text("SEO Title", 255) if first.has("SEO Title") else None,
        seo_description=first.text("SEO Description", may_break=True) if first.has("SEO Description") else None,
        variants=_variants(rows, title, sku_lines),
        images=_images(rows) if first.has("Image Src") else None,
    )


def _handle(row: Row) -> str:
    handle = row.text("Handle", 255)
    if not handle:
        row.refuse("Handle", "The handle is missing. Write the handle of the product the row belongs to.")
        return handle
    try:
        validate_slug(handle)
    except ValidationError:
        row.refuse("Handle", f"“{short(handle)}” is not a handle. Use letters a–z, digits, hyphens and underscores.")
    return handle


def _title(rows: list[Row]) -> str:
    first = rows[0]
    title = first.text("Title", 255)
    if not title:
        first.refuse("Title", "The title is missing. The first row of each product needs one.")
    for row in rows[1:]:
        if row["Title"] not in ("", title):
            row.refuse("Title", f"Line {first.line} gives this handle another title. Give each product its own handle.")
    return title


def _status(row: Row) -> models.ProductStatus:
    status, published = row["Status"].upper() or models.ProductStatus.ACTIVE, row["Published"].lower()
    if status not in models.ProductStatus:
        row.refuse("Status", f"“{short(row['Status'])}” is not a status. Write active, draft or archived.")
        return models.ProductStatus.DRAFT
    if published not in ("", "true", "false"):
        row.refuse("Published", f"“{short(row['Published'])}” is neither true nor false. Write one of them.")
    if published == "false" and status == models.ProductStatus.ACTIVE:
        return models.ProductStatus.DRAFT
    return models.ProductStatus(status)


def _category(row: Row) -> tuple[str, ...]:
    """The path from the top of the tree; Shopify writes "Uncategorized" where nobody chose one."""
    column, path = "Product Category", tuple(name.strip() for name in row.text("Product Category").split(">"))
    if path in [("",), ("Uncategorized",)]:
        column, path = "Type", (row.text("Type"),) if row["Type"] else ()
    if not all(path):
        row.refuse(column, "A step of the path is empty. Write it like “Kitchen > Drinkware > Mugs”.")
    if any(len(name) > 200 for name in path):
        row.refuse(column, "The name of a category is too long. Shorten it to 200 characters.")
    if len(path) > MAX_CATEGORY_DEPTH:
        row.refuse(column, f"The path has {len(path)} steps. Shorten it to {MAX_CATEGORY_DEPTH}.")
    return path


def _images(rows: list[Row]) -> tuple[ParsedImage, ...]:
    """Each address once, in the order of Image Position; without positions in the order of the file."""
    found: dict[str, tuple[int, ParsedImage]] = {}
    for row in rows:
        if row["Image Src"]:
            image = ParsedImage(_address(row), row.text("Image Alt Text", 512))
            position = row.whole_number("Image Position")
            found.setdefault(image.source_url, (len(found) + 1 if position is None else position, image))
    return tuple(image for _, image in sorted(found.values(), key=lambda item: item[0]))


def _address(row: Row) -> str:
    address = row.text("Image Src", 2000)
    try:
        _is_address(address)
    except ValidationError:
        row.refuse("Image Src", f"“{short(address)}” is not an address. Write one that begins with https://.")
    return address


# ── Its variants ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _variants(rows: list[Row], title: str, sku_lines: dict[str, int]) -> tuple[ParsedVariant, ...]:
    names = _option_names(rows)
    variants: list[ParsedVariant] = []
    option_lines: dict[tuple[tuple[str, str], ...], int] = {}
    for row in rows:
        if row is not rows[0] and not row.fills(*VARIANT_COLUMNS):
            continue
        variant = _variant(row, title, _options(row, names))
        variants.append(variant)
        if len(variants) == models.MAX_VARIANTS + 1:
            row.refuse("Handle", f"A product may have at most {models.MAX_VARIANTS} variants. Split it into several.")
        elif option_lines.setdefault(variant.options, row.line) != row.line:
            line = option_lines[variant.options]
            row.refuse("Option1 Value", f"Line {line} has the same options. Each variant needs its own combination.")
        elif sku_lines.setdefault(variant.sku, row.line) != row.line:
            line = sku_lines[variant.sku]
            row.refuse(
                "Variant SKU", f"“{short(variant.sku)}” stands on line {line} already. Give each variant its own SKU."
            )
    return tuple(variants)


def _option_names(rows: list[Row]) -> dict[int, str]:
    """What the options are called: the first row says it, later rows may repeat it."""
    first = rows[0]
    names = {number: first.text(f"Option{number} Name", 255) for number in OPTION_NUMBERS}
    given = [name for name in names.values() if name]
    if len(set(given)) < len(given):
        first.refuse("Option1 Name", "Two options have the same name. Give each its own.")
    for row in rows[1:]:
        for number, name in names.items():
            if row[f"Option{number} Name"] not in ("", name):
                row.refuse(
                    f"Option{number} Name", f"Line {first.line} names this option “{short(name)}”. Use one name only."
                )
    return names


def _options(row: Row, names: dict[int, str]) -> tuple[tuple[str, str], ...]:
    """Names and values; Shopify writes the one option "Title: Default Title" for a product that has none."""
    options = [(name, row.text(f"Option{number} Value", 255)) for number, name in names.items()]
    if [option for option in options if any(option)] == [("Title", "Default Title")]:
        return ()
    for number, (name, value) in zip(names, options, strict=True):
        if name and not value:
            row.refuse(f"Option{number} Value", f"The value of “{short(name)}” is missing. Each variant needs one.")
        if value and not name:
            row.refuse(f"Option{number} Name", f"“{short(value)}” is the value of an option without a name. Name it.")
    return tuple((name, value) for name, value in options if name and value)


def _variant(row: Row, title: str, options: tuple[tuple[str, str], ...]) -> ParsedVariant:
    values = [value for _, value in options]
    name = " / ".join(values) or title
    if options and len(name) > 255:
        row.refuse("Option1 Value", "The values of the options are too long. Shorten them to 250 characters together.")
    return ParsedVariant(
        line=row.line,
        sku=row.text("Variant SKU", 100) or _derived_sku(row["Handle"], values),
        name=name,
        options=options,
        price=row.amount("Variant Price"),
        # Shopify writes 0 where there is nothing to compare with.
        compare_at=(row.amount("Variant Compare At Price") or None) if row["Variant Compare At Price"] else None,
        on_hand=row.whole_number("Variant Inventory Qty"),
    )


def _derived_sku(handle: str, values: list[str]) -> str:
    """The same for the same handle and values, however often they are imported; another for any others."""
    key = json.dumps([handle, *values]).encode()
    digest = hashlib.sha256(key).hexdigest()[:8]
    return f"{slugify(' '.join([handle, *values]))[:91]}-{digest}".upper()
