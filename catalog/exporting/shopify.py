"""Shopify's product CSV.

Spreadsheets run a cell that begins with = + - or @ as a formula, so such a cell gets an apostrophe before it, as does
one that has apostrophes before such a character already. The import takes one away again: nothing changes on the way.
"""

import csv
import io
import re
from collections.abc import Mapping

from django.conf import settings

from catalog import models
from catalog.importing.products import FEATURED_TAG
from catalog.importing.rows import OPTION_NUMBERS
from catalog.importing.values import address_of, derived_name

COLUMNS = [
    *("Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published"),
    *(f"Option{number} {what}" for number in OPTION_NUMBERS for what in ("Name", "Value")),
    *("Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty"),
    *("Variant Inventory Policy", "Variant Fulfillment Service", "Variant Price", "Variant Compare At Price"),
    *("Variant Requires Shipping", "Variant Taxable", "Variant Barcode", "Image Src", "Image Position"),
    *("Image Alt Text", "Gift Card", "SEO Title", "SEO Description", "Variant Image", "Status"),
]
_FORMULA = re.compile(r"'*[=+\-@]")


def guarded(cell: str) -> str:
    """The cell as no spreadsheet runs it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


class Writer:
    """A product is as many rows as it has variants or images, whichever are more."""

    def head(self) -> str:
        return _csv([COLUMNS])

    def complaint(self, product: models.Product) -> str:
        """Why Shopify's CSV cannot tell this product; empty if it can."""
        variants = _active(product)
        if not variants:
            return "It has no active variant, and a row of the CSV needs a price."
        names = [[option["name"] for option in variant.options] for variant in variants]
        if len(names[0]) > len(OPTION_NUMBERS) or any(each != names[0] for each in names):
            return f"The CSV has room for {len(OPTION_NUMBERS)} options, which all variants have."
        if any("," in tag or tag.lower() == FEATURED_TAG for tag in product.tags):
            return f"A tag of the CSV has no comma, and is not “{FEATURED_TAG}”."
        return ""

    def untold(self, product: models.Product) -> list[str]:
        """What the product has that there is no column for."""
        variants = product.variants.all()
        names = [(variant.name, derived_name(variant.options, product.name)) for variant in variants]
        found = {
            "Attributes": bool(product.attributes),
            "Inactive variants": any(not variant.is_active for variant in variants),
            "Names of variants": any(name != derived for name, derived in names),
            "Prices in other currencies": any(variant.prices.all() for variant in variants),
            # Always there; whether it is published the CSV does say.
            "Publication dates": True,
            "Tax classes": product.tax_class != settings.TAX_CLASSES[0],
        }
        return [what for what, is_there in found.items() if is_there]

    def lines(self, product: models.Product, path: list[str]) -> str:
        variants, images = _active(product), list(product.images.all())
        rows = []
        for number in range(max(len(variants), len(images))):
            cells = {"Handle": product.slug}
            if number == 0:
                cells |= _product(product, path)
            if number < len(variants):
                cells |= _variant(product, variants[number], has_names=number == 0)
            if number < len(images):
                image = images[number]
                cells |= {
                    "Image Src": address_of(image),
                    "Image Position": str(number + 1),
                    "Image Alt Text": image.alt,
                }
            rows.append([guarded(cells.get(column, "")) for column in COLUMNS])
        return _csv(rows)


def _active(product: models.Product) -> list[models.ProductVariant]:
    return [variant for variant in product.variants.all() if variant.is_active]


def _product(product: models.Product, path: list[str]) -> Mapping[str, str]:
    # "Uncategorized" is Shopify's word for no category; as a type it is a name like any other.
    is_a_path = path != ["Uncategorized"]
    tags = [*product.tags, FEATURED_TAG] if product.is_featured else product.tags
    return {
        "Title": product.name,
        "Body (HTML)": product.description,
        "Vendor": product.vendor.name,
        "Product Category": " > ".join(name.replace(">", "\\>") for name in path) if is_a_path else "",
        "Type": "" if is_a_path else path[0],
        "Tags": ", ".join(tags),
        "Published": str(product.status == models.ProductStatus.ACTIVE).lower(),
        "Gift Card": "false",
        "SEO Title": product.seo_title,
        "SEO Description": product.seo_description,
        "Status": product.status.lower(),
    }


def _variant(product: models.Product, variant: models.ProductVariant, *, has_names: bool) -> Mapping[str, str]:
    options = variant.options or [{"name": "Title", "value": "Default Title"}]
    cells = {}
    for number, option in zip(OPTION_NUMBERS, options, strict=False):
        cells[f"Option{number} Name"] = option["name"] if has_names else ""
        cells[f"Option{number} Value"] = option["value"]
    compare_at = variant.compare_at_price
    return cells | {
        "Variant SKU": variant.sku,
        "Variant Grams": "" if variant.weight_grams is None else str(variant.weight_grams),
        "Variant Inventory Tracker": "shopify",
        "Variant Inventory Qty": str(variant.on_hand),
        "Variant Inventory Policy": "deny",
        "Variant Fulfillment Service": "manual",
        "Variant Price": str(variant.price.amount),
        "Variant Compare At Price": str(compare_at.amount) if compare_at else "",
        "Variant Requires Shipping": str(not product.is_digital).lower(),
        "Variant Taxable": "true",
        "Variant Barcode": variant.barcode,
        "Variant Image": address_of(variant.image) if variant.image else "",
    }


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
