"""JSON Lines: each line is a product as an object, with all it has; what a key would say that is not there, stays.

```json
{"handle": "mug", "title": "Mug", "status": "ACTIVE", "category": ["Kitchen", "Mugs"], "vendor": "Clay & Co",
 "tags": ["stoneware"], "attributes": {"material": "clay"}, "images": [{"url": "https://…", "alt": "A mug"}],
 "variants": [{"sku": "MUG-1", "options": [{"name": "Size", "value": "S"}], "stock": 25, "weightGrams": 380,
               "prices": [{"currency": "EUR", "amount": "12.50", "compareAt": "15.00"},
                          {"currency": "USD", "amount": null}]}]}
```

An amount that is null takes the price in that currency away; one in a currency that is not there stays.
"""

import csv
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, TypeVar

from django.conf import settings

from catalog import models
from catalog.importing import text, values
from catalog.importing.parsed import UNSAID, ParsedImage, ParsedPrice, ParsedProduct, ParsedVariant, RowProblem, Unsaid
from catalog.importing.text import UnreadableFileError
from catalog.importing.values import short

# As much as a cell of a CSV holds.
MAX_TEXT = csv.field_size_limit()
MAX_OPTIONS = 10
# Of one product: a line has room for a hundred thousand, and each is a line of the report.
MAX_PROBLEMS = 100
MAX_IMAGES = 2 * models.MAX_VARIANTS

_PRODUCT_KEYS = {
    *("handle", "title", "description", "status", "publishedAt", "category", "vendor", "tags", "attributes"),
    *("isFeatured", "isDigital", "taxClass", "seoTitle", "seoDescription", "images", "variants"),
}
_VARIANT_KEYS = {
    *("sku", "name", "barcode", "options", "prices", "weightGrams", "stock", "image", "isActive"),
}
_Value = TypeVar("_Value")


def drafts(file: BinaryIO, name: str) -> Iterator[tuple[ParsedProduct, list[RowProblem]]]:
    """Each product with what is wrong about it; without one the file is refused."""
    draft = None
    for number, line in enumerate(text.lines(file, name), 1):
        if line.strip():
            draft = _draft(number, line)
            yield draft
    if draft is None:
        raise UnreadableFileError(f"{name} has no products.")


def _draft(number: int, line: str) -> tuple[ParsedProduct, list[RowProblem]]:
    problems: list[RowProblem] = []
    try:
        found = json.loads(line, object_pairs_hook=_object, parse_constant=_no_constant)
    except RecursionError:
        problems.append(RowProblem(number, "line", "Objects and lists are nested too deeply."))
        found = {}
    except _NotJsonError as error:
        problems.append(RowProblem(number, "line", str(error)))
        found = {}
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "a number is too long"
        problems.append(RowProblem(number, "line", f"The line is not JSON: {reason}. Write one object a line."))
        found = {}
    node = _Object(found, "", number, problems)
    if problems:
        return _nothing(number), problems
    return _product(node), problems


class _NotJsonError(Exception):
    """Readable for Python, but not what this format is."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _NotJsonError("A key stands twice in one object. Keep one of them.")
    return found


def _no_constant(constant: str) -> None:
    raise _NotJsonError(f"{constant} is no number in JSON.")


def _nothing(line: int) -> ParsedProduct:
    return ParsedProduct(line, "", "", *(None,) * 10)


class _Object:
    """An object of the line whose values are checked when they are asked for. `path` ends with a point, or is empty."""

    def __init__(self, found: Any, path: str, line: int, problems: list[RowProblem]):
        self.path = path
        self.line = line
        self.problems = problems
        self.found: dict[str, Any] = found if isinstance(found, dict) else {}
        if not isinstance(found, dict):
            self._note(path.rstrip(".") or "line", "This is not an object. Write it in { }.")

    def _note(self, place: str, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(RowProblem(self.line, place, message))

    def refuse(self, key: str, message: str) -> None:
        self._note(f"{self.path}{key}", message)

    def allow(self, keys: set[str]) -> None:
        """Whatever else is there was misspelt, or is lost."""
        for key in self.found.keys() - keys:
            self._note(f"{self.path}{short(key)}", f"There is no such key. Known are {', '.join(sorted(keys))}.")

    def __contains__(self, key: str) -> bool:
        return key in self.found

    def text(self, key: str, longest: int = MAX_TEXT, *, may_break: bool = False) -> str:
        """A text without spaces around it; empty where there is none."""
        found = self.found.get(key, "")
        if not isinstance(found, str):
            self.refuse(key, "This is not a text. Write it in quotation marks.")
            return ""
        found = found.strip()
        complaint = complaint_about(found, longest, may_break=may_break)
        if complaint:
            self.refuse(key, complaint)
            return ""
        return found

    def truth(self, key: str) -> bool | None:
        if key not in self.found:
            return None
        if not isinstance(self.found[key], bool):
            self.refuse(key, "Write true or false, without quotation marks.")
        return self.found[key] is True

    def whole_number(self, key: str) -> int | None:
        """A count, zero or more; None where there is none."""
        found = self.found.get(key)
        if found is None:
            return None
        if not isinstance(found, int) or isinstance(found, bool):
            self.refuse(key, "This is not a whole number. Write digits only, like 25.")
        elif not 0 <= found <= values.MAX_QUANTITY:
            self.refuse(key, f"This is not a number from 0 to {values.MAX_QUANTITY}.")
        else:
            return found
        return None

    def items(self, key: str, most: int) -> list[Any]:
        found = self.found.get(key, [])
        if not isinstance(found, list):
            self.refuse(key, "This is not a list. Write it in [ ].")
            return []
        if len(found) > most:
            self.refuse(key, f"{len(found)} are too many. Keep at most {most}.")
            return []
        return found

    def texts(self, key: str, most: int, longest: int) -> list[str]:
        found = self.items(key, most)
        return [self._inner(index, key, found).text(str(index), longest) for index in range(len(found))]

    def _inner(self, index: int, key: str, found: list[Any]) -> "_Object":
        return _Object({str(index): found[index]}, f"{self.path}{key}.", self.line, self.problems)

    def objects(self, key: str, most: int, read: "Callable[[_Object], _Value]") -> list[_Value]:
        items = enumerate(self.items(key, most))
        return [read(_Object(found, f"{self.path}{key}.{n}.", self.line, self.problems)) for n, found in items]


def complaint_about(found: str, longest: int, *, may_break: bool) -> str:
    """Like a cell's, and nothing that is half a character: UTF-8 cannot hold it, JSON can."""
    try:
        found.encode()
    except UnicodeEncodeError:
        return "The text holds half a character (a lone surrogate). Remove it."
    return values.complaint_about_text(found, longest, may_break=may_break)


# ── The product ──────────────────────────────────────────────────────────────────────────────────────────────────────
def _product(node: _Object) -> ParsedProduct:
    node.allow(_PRODUCT_KEYS)
    handle = node.text("handle", 255)
    title = node.text("title", 255)
    if complaint := values.complaint_about_handle(handle):
        node.refuse("handle", complaint)
    if not title:
        node.refuse("title", "The title is missing.")
    images = tuple(node.objects("images", MAX_IMAGES, _image)) if "images" in node else None
    _refuse_twice(node, "images", [image.source_url for image in images or ()], "address")
    return ParsedProduct(
        line=node.line,
        handle=handle,
        title=title,
        description=node.text("description", may_break=True) if "description" in node else None,
        status=_status(node) if "status" in node else None,
        category=_category(node) if "category" in node else None,
        vendor=_vendor(node) if "vendor" in node else None,
        tags=_tags(node) if "tags" in node else None,
        is_featured=node.truth("isFeatured"),
        is_digital=node.truth("isDigital"),
        tax_class=_tax_class(node) if "taxClass" in node else None,
        published_at=_published_at(node) if "publishedAt" in node else None,
        attributes=node.found.get("attributes"),  # what may be in them is the catalogue's to say
        seo_title=node.text("seoTitle", 255) if "seoTitle" in node else None,
        seo_description=node.text("seoDescription", may_break=True) if "seoDescription" in node else None,
        variants=_variants(node, handle, images) if "variants" in node else None,
        images=images,
    )


def _status(node: _Object) -> models.ProductStatus:
    found = node.text("status")
    if found not in models.ProductStatus:
        node.refuse("status", f"“{short(found)}” is not a status. Write ACTIVE, DRAFT or ARCHIVED.")
        return models.ProductStatus.DRAFT
    return models.ProductStatus(found)


def _tax_class(node: _Object) -> str:
    found = node.text("taxClass")
    if complaint := values.complaint_about_tax_class(found):
        node.refuse("taxClass", complaint)
    return found


def _category(node: _Object) -> tuple[str, ...]:
    if node.found["category"] in (None, []):
        return ()
    path = node.texts("category", values.MAX_CATEGORY_DEPTH, 200)
    if "" in path:
        node.refuse("category", 'A step of the path is empty. Write it like ["Kitchen", "Drinkware", "Mugs"].')
    return tuple(path)


def _vendor(node: _Object) -> str:
    vendor = node.text("vendor", 200)
    if not vendor:
        node.refuse("vendor", "The name of the vendor is missing. Write it, or leave the key out.")
    return vendor


def _tags(node: _Object) -> tuple[str, ...]:
    tags = node.texts("tags", values.MAX_TAGS, values.MAX_TAG)
    if "" in tags:
        node.refuse("tags", "A tag is empty. Leave it out.")
    return tuple(dict.fromkeys(tags))


def _published_at(node: _Object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(node.text("publishedAt"))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    node.refuse("publishedAt", "This is not a moment with its time zone. Write it like 2026-03-01T09:00:00Z.")
    return None


def _image(node: _Object) -> ParsedImage:
    node.allow({"url", "alt"})
    url = node.text("url", 2000)
    if complaint := values.complaint_about_address(url):
        node.refuse("url", complaint)
    return ParsedImage(url, node.text("alt", 512))


def _refuse_twice(node: _Object, key: str, found: list[str], what: str) -> None:
    first: dict[str, int] = {}
    for index, each in enumerate(found):
        if first.setdefault(each, index) != index:
            node.refuse(f"{key}.{index}", f"{key}.{first[each]} has the same {what}. Each needs its own.")


# ── Its variants ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _variants(node: _Object, handle: str, images: tuple[ParsedImage, ...] | None) -> tuple[ParsedVariant, ...]:
    addresses = None if images is None else {image.source_url for image in images}
    variants = node.objects("variants", models.MAX_VARIANTS, lambda each: _variant(each, handle, addresses))
    keys = [values.options_key(variant.options) if variant.is_active else str(n) for n, variant in enumerate(variants)]
    _refuse_twice(node, "variants", keys, "options")
    _refuse_twice(node, "variants", [variant.sku for variant in variants], "SKU")
    return tuple(variants)


def _variant(node: _Object, handle: str, addresses: set[str] | None) -> ParsedVariant:
    node.allow(_VARIANT_KEYS)
    options = tuple(node.objects("options", MAX_OPTIONS, _option))
    _refuse_twice(node, "options", [name.casefold() for name, _ in options], "name")
    prices = dict(node.objects("prices", 1000, _price))
    if len(prices) < len(node.items("prices", 1000)):
        node.refuse("prices", "A currency stands twice. Keep one price in each.")
    own = prices.pop(settings.SHOP_CURRENCY, None)
    if own is None:
        node.refuse("prices", f"The price in {settings.SHOP_CURRENCY}, the shop's own currency, is missing.")
    image = _variant_image(node, addresses) if "image" in node else None
    return ParsedVariant(
        line=node.line,
        sku=node.text("sku", 100) or values.derived_sku(handle, [value for _, value in options]),
        name=node.text("name", 255) or None,
        options=options,
        price=own.amount if own else values.amount("0", settings.SHOP_CURRENCY),
        compare_at=own.compare_at if own else None,
        on_hand=node.whole_number("stock"),
        barcode=node.text("barcode", 64) if "barcode" in node else None,
        weight_grams=_weight(node),
        image=image,
        prices=prices,
        is_active=node.truth("isActive") is not False,
    )


def _weight(node: _Object) -> int | Unsaid | None:
    return node.whole_number("weightGrams") if "weightGrams" in node else UNSAID


def _variant_image(node: _Object, addresses: set[str] | None) -> str:
    if node.found["image"] is None:
        return ""
    image = node.text("image", 2000)
    if addresses is None or image not in addresses:
        node.refuse("image", "This is not the address of one of the product's images. Add it to them.")
    return image


def _option(node: _Object) -> tuple[str, str]:
    node.allow({"name", "value"})
    name, value = node.text("name", 255), node.text("value", 255)
    if not name or not value:
        node.refuse("name" if not name else "value", "An option needs a name and a value.")
    return name, value


def _price(node: _Object) -> tuple[str, ParsedPrice | None]:
    node.allow({"currency", "amount", "compareAt"})
    currency = node.text("currency", 3)
    has_compare_at = node.found.get("compareAt") is not None
    if "amount" in node and node.found["amount"] is None:
        if has_compare_at:
            node.refuse("compareAt", "There is no price it could be compared with. Leave it out.")
        # Of a currency this shop does not have it is true in any case.
        return currency, None
    if currency not in settings.SHOP_CURRENCIES:
        node.refuse("currency", f"This is not a currency of the shop, which has {', '.join(settings.SHOP_CURRENCIES)}.")
        currency = settings.SHOP_CURRENCY
    return currency, ParsedPrice(
        amount=_amount(node, "amount", currency),
        compare_at=_amount(node, "compareAt", currency) if has_compare_at else None,
    )


def _amount(node: _Object, key: str, currency: str) -> Any:
    """An amount as a text, so that no program on the way makes a binary fraction of it."""
    found = node.text(key)
    complaint = values.complaint_about_amount(found, currency)
    if complaint and key in node and isinstance(node.found[key], str):
        node.refuse(key, complaint)
    elif key not in node:
        node.refuse(key, 'The amount is missing. Write it like "12.50".')
    return values.amount("0" if complaint else found, currency)
