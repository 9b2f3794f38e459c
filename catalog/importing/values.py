"""What every format asks of a value, whatever it was written in."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from urllib.parse import urljoin

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_slug
from django.utils.text import slugify

from catalog import models, money

# What PostgreSQL's integer holds, and GraphQL's Int.
MAX_QUANTITY = 2_147_483_647
MAX_CATEGORY_DEPTH = 8
# Shopify's own bounds.
MAX_TAGS = 250
MAX_TAG = 255

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROLS_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_is_address = URLValidator(schemes=["http", "https"])


def short(text: str) -> str:
    """A value as it may stand in a message: of modest length, and without what would steer a terminal."""
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in shown)


def complaint_about_text(text: str, longest: int | None, *, may_break: bool = False) -> str:
    """What is wrong with a text; empty if nothing is."""
    bad = (_CONTROLS_BUT_BREAKS if may_break else _CONTROLS).search(text)
    if bad:
        return f"The cell contains the control character U+{ord(bad[0]):04X}. Remove it."
    if longest is not None and len(text) > longest:
        return f"{len(text)} characters are too many. Shorten it to {longest}."
    return ""


def complaint_about_amount(text: str, currency: str) -> str:
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


def amount(text: str, currency: str) -> Decimal:
    """An amount that nothing is wrong with."""
    return money.rounded(abs(Decimal(text)), currency).amount


def complaint_about_handle(handle: str) -> str:
    if not handle:
        return "The handle is missing. Write the handle of the product the row belongs to."
    try:
        validate_slug(handle)
    except ValidationError:
        return f"“{short(handle)}” is not a handle. Use letters a–z, digits, hyphens and underscores."
    return ""


def complaint_about_address(address: str) -> str:
    try:
        _is_address(address)
    except ValidationError:
        return f"“{short(address)}” is not an address. Write one that begins with https://."
    return ""


def complaint_about_tags(tags: Sequence[str]) -> str:
    if len(tags) > MAX_TAGS:
        return f"{len(tags)} tags are too many. Keep at most {MAX_TAGS}."
    if any(len(tag) > MAX_TAG for tag in tags):
        return f"A tag is too long. Shorten it to {MAX_TAG} characters."
    return ""


def complaint_about_tax_class(name: str) -> str:
    if name not in settings.TAX_CLASSES:
        return f"“{short(name)}” is not a tax class of this shop. It has: {', '.join(settings.TAX_CLASSES)}."
    return ""


def complaint_about_path(path: Sequence[str]) -> str:
    """What is wrong with the way to a category; empty if nothing is."""
    if not all(path):
        return "A step of the path is empty. Write it like “Kitchen > Drinkware > Mugs”."
    if any(len(name) > 200 for name in path):
        return "The name of a category is too long. Shorten it to 200 characters."
    if len(path) > MAX_CATEGORY_DEPTH:
        return f"The path has {len(path)} steps. Shorten it to {MAX_CATEGORY_DEPTH}."
    return ""


def derived_sku(handle: str, options: Sequence[str]) -> str:
    """The same for the same handle and values, however often they are imported; another for any others."""
    key = json.dumps([handle, *options]).encode()
    digest = hashlib.sha256(key).hexdigest()[:8]
    return f"{slugify(' '.join([handle, *options]))[:91]}-{digest}".upper()


def derived_name(options: Sequence[Mapping[str, str]], title: str) -> str:
    """What a variant is called to which nobody gave a name."""
    return " / ".join(option["value"] for option in options)[:255] or title


def fingerprint(text: str) -> int:
    """Eight bytes that stand for a text, where a million of them are remembered."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def options_key(options: Sequence[tuple[str, str]]) -> str:
    """By which a product's combinations of options are told apart, as the table tells them."""
    return models.ProductVariant.key_of([{"name": name, "value": value} for name, value in options])


def address_of(image: models.ProductImage) -> str:
    """By which a file names a picture: where it is, or where ours can be had."""
    return urljoin(settings.SHOP_URL, image.file.url) if image.file else image.source_url
