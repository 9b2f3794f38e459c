"""Rows of one handle as one product with its variants and images."""

import re
from collections.abc import Iterator

from catalog import models
from catalog.importing import values
from catalog.importing.parsed import UNSAID, ParsedImage, ParsedProduct, ParsedVariant
from catalog.importing.rows import OPTION_NUMBERS, VARIANT_COLUMNS, Row, Table
from catalog.importing.values import short

# Who makes a product whose Vendor cell is empty.
DEFAULT_VENDOR = "Nexus"
# Shopify has no column for what the front page shows, so this tag says it; it is not kept among the tags.
FEATURED_TAG = "featured"
# A product has at most 500 variants, and hardly as many pictures beside them: what comes after is not kept in memory.
MAX_ROWS = 2 * models.MAX_VARIANTS
# A name in a path may have a > of its own, written \>.
_STEP = re.compile(r"(?<!\\)>")


def groups(table: Table) -> Iterator[list[Row]]:
    """The rows of each product, which stand one below the other. Nobody knows which product a row without a handle
    belongs to, so each of those stands alone."""
    group: list[Row] = []
    for row in table:
        if group and not (row["Handle"] and row["Handle"] == group[0]["Handle"]):
            yield group
            group = []
        if len(group) < MAX_ROWS:
            group.append(row)
        elif not group[-1].problems:
            group[-1].refuse("Handle", f"More than {MAX_ROWS} rows have this handle. Split the product into several.")
    if group:
        yield group


def parsed(rows: list[Row]) -> ParsedProduct:
    """The product these rows describe; it must not be used if a row has got problems on the way."""
    first = rows[0]
    title = _title(rows)
    tags = _tags(first)
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
        is_digital=_is_digital(first),
        seo_title=first.text("SEO Title", 255) if first.has("SEO Title") else None,
        seo_description=first.text("SEO Description", may_break=True) if first.has("SEO Description") else None,
        variants=_variants(rows),
        images=_images(rows) if first.has("Image Src") else None,
    )


def _handle(row: Row) -> str:
    handle = row.text("Handle", 255)
    complaint = values.complaint_about_handle(handle)
    if complaint:
        row.refuse("Handle", complaint)
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
    status = row["Status"].upper() or models.ProductStatus.ACTIVE
    if status not in models.ProductStatus:
        row.refuse("Status", f"“{short(row['Status'])}” is not a status. Write active, draft or archived.")
        return models.ProductStatus.DRAFT
    if row.truth("Published") is False and status == models.ProductStatus.ACTIVE:
        return models.ProductStatus.DRAFT
    return models.ProductStatus(status)


def _is_digital(row: Row) -> bool | None:
    needs_shipping = row.truth("Variant Requires Shipping")
    return None if needs_shipping is None else not needs_shipping


def _tags(row: Row) -> list[str]:
    tags = [tag.strip() for tag in row.text("Tags").split(",") if tag.strip()]
    complaint = values.complaint_about_tags(tags)
    if complaint:
        row.refuse("Tags", complaint)
    return tags


def _category(row: Row) -> tuple[str, ...]:
    """The path from the top of the tree; Shopify writes "Uncategorized" where nobody chose one."""
    column = "Product Category"
    path = tuple(step.strip().replace("\\>", ">") for step in _STEP.split(row.text("Product Category")))
    if path in [("",), ("Uncategorized",)]:
        column, path = "Type", (row.text("Type"),) if row["Type"] else ()
    complaint = values.complaint_about_path(path)
    if complaint:
        row.refuse(column, complaint)
    return path


def _images(rows: list[Row]) -> tuple[ParsedImage, ...]:
    """Each address once, in the order of Image Position, without positions in the order of the file; then those that
    only a variant has."""
    found: dict[str, tuple[int, ParsedImage]] = {}
    for row in rows:
        if row["Image Src"]:
            image = ParsedImage(_address(row, "Image Src"), row.text("Image Alt Text", 512))
            position = row.whole_number("Image Position")
            found.setdefault(image.source_url, (len(found) + 1 if position is None else position, image))
    images = [image for _, image in sorted(found.values(), key=lambda item: item[0])]
    own = dict.fromkeys(row["Variant Image"] for row in rows if row["Variant Image"] not in ("", *found))
    return (*images, *(ParsedImage(address, "") for address in own))


def _address(row: Row, column: str) -> str:
    address = row.text(column, 2000)
    complaint = values.complaint_about_address(address)
    if complaint:
        row.refuse(column, complaint)
    return address


# ── Its variants ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _variants(rows: list[Row]) -> tuple[ParsedVariant, ...]:
    names = _option_names(rows)
    variants: list[ParsedVariant] = []
    option_lines: dict[str, int] = {}
    for row in rows:
        if row is not rows[0] and not row.fills(*VARIANT_COLUMNS):
            continue
        variant = _variant(row, _options(row, names))
        variants.append(variant)
        if len(variants) == models.MAX_VARIANTS + 1:
            row.refuse("Handle", f"A product may have at most {models.MAX_VARIANTS} variants. Split it into several.")
        elif (line := option_lines.setdefault(values.options_key(variant.options), row.line)) != row.line:
            row.refuse("Option1 Value", f"Line {line} has the same options. Each variant needs its own combination.")
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


def _variant(row: Row, options: tuple[tuple[str, str], ...]) -> ParsedVariant:
    chosen = [value for _, value in options]
    if len(" / ".join(chosen)) > 255:
        row.refuse("Option1 Value", "The values of the options are too long. Shorten them to 250 characters together.")
    return ParsedVariant(
        line=row.line,
        sku=row.text("Variant SKU", 100) or values.derived_sku(row["Handle"], chosen),
        name=None,
        options=options,
        price=row.amount("Variant Price"),
        # Shopify writes 0 where there is nothing to compare with.
        compare_at=(row.amount("Variant Compare At Price") or None) if row["Variant Compare At Price"] else None,
        on_hand=row.whole_number("Variant Inventory Qty"),
        barcode=row.text("Variant Barcode", 64) if row.has("Variant Barcode") else None,
        weight_grams=row.grams("Variant Grams") if row.has("Variant Grams") else UNSAID,
        image=_variant_image(row) if row.has("Variant Image") and row.has("Image Src") else None,
    )


def _variant_image(row: Row) -> str:
    return _address(row, "Variant Image") if row["Variant Image"] else ""
