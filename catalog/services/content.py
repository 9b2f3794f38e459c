"""What people write about products: checked, and made safe. Refused with INVALID, REQUIRED or TOO_MANY, and `field`."""

import json
import math
import re
import unicodedata
from collections.abc import Iterable
from html import unescape
from typing import Any

import nh3

from accounts.services import checks
from catalog.errors import CatalogError, CatalogErrorCode

# In characters; the columns' own bounds are given by the callers.
MAX_HTML = 100_000
MAX_SEO_DESCRIPTION = 1_000
MAX_TAGS = 50
MAX_TAG = 50
MAX_KEY = 100
# In bytes of JSON, and in objects or lists inside one another.
MAX_ATTRIBUTES = 16 * 1024
MAX_NESTING = 4

_RUNNING_TAGS = {"script", "iframe", "object", "embed", "applet", "form", "base", "meta", "link"}
_TAG = re.compile(r"""<([a-zA-Z][^\s/<>]*)((?:=\s*(?:"[^"]*"|'[^']*')|[^<>])*)""")
_ATTRIBUTE = re.compile(r"""([^\s"'/<>=]+)\s*(?:=\s*("[^"]*"|'[^']*'|[^\s"'<>]*))?""")
_RUNNING_ADDRESS = re.compile(r"(javascript|vbscript|data):", re.IGNORECASE)


def safe_html(html: str) -> str:
    """The HTML without anything that could run or break out: what a description may hold."""
    return nh3.clean(html)


def checked_name(value: str, *, field: list[str], longest: int = 255) -> str:
    """A name as it is kept: one line, without spaces around it, not empty."""
    name = checked_line(value, field=field, longest=longest)
    if not name:
        raise CatalogError(CatalogErrorCode.REQUIRED, "This needs at least one character.", field=field)
    return name


def checked_line(value: str, *, field: list[str], longest: int = 255) -> str:
    """One line as it is kept: without spaces around it. May be empty."""
    line = value.strip()
    if len(line) > longest or not checks.is_text(line):
        raise _invalid(f"This is one line of at most {longest} characters, and none is a control character.", field)
    return line


def checked_text(value: str, *, field: list[str], longest: int) -> str:
    """Lines as they are kept: without space around them. May be empty."""
    text = value.strip()
    if len(text) > longest or not _is_storable(text):
        raise _invalid(f"This has at most {longest} characters, and none but line breaks and tabs controls.", field)
    return text


def checked_seo_description(value: str, *, field: list[str]) -> str:
    return checked_text(value, field=field, longest=MAX_SEO_DESCRIPTION)


def checked_html(value: str, *, field: list[str]) -> str:
    """A description as it is kept: HTML of which nothing can run. What tries to is refused, not mended in silence."""
    text = checked_text(value, field=field, longest=MAX_HTML)
    if running := _what_runs(text):
        raise _invalid(f"This holds {running}, which a description may not. Remove it.", field)
    kept = safe_html(text)
    if len(kept) > MAX_HTML:  # each < outside of a tag is four characters now; no import would take such a cell
        raise _invalid(f"With its signs written as HTML this has more than {MAX_HTML} characters. Shorten it.", field)
    return kept


def checked_tags(values: Iterable[str], *, field: list[str]) -> list[str]:
    """Tags as they are kept: each once whatever its case, in the given order."""
    tags: dict[str, str] = {}
    for value in values:
        tag = checked_name(value, field=field, longest=MAX_TAG)
        tags.setdefault(tag.casefold(), tag)
        if len(tags) > MAX_TAGS:
            raise CatalogError(CatalogErrorCode.TOO_MANY, f"There is room for {MAX_TAGS} tags.", field=field)
    return list(tags.values())


def checked_attributes(value: Any, *, field: list[str]) -> dict[str, Any]:
    """Attributes as they are kept: an object of texts, numbers, truth values, and lists and objects of those."""
    if not isinstance(value, dict):
        raise _invalid('These are an object such as { "material": "oak" }.', field)
    _check_value(value, MAX_NESTING, field)
    if len(json.dumps(value, ensure_ascii=False).encode()) > MAX_ATTRIBUTES:
        raise _invalid(f"These take more than {MAX_ATTRIBUTES // 1024} kB. Leave something out.", field)
    return value


def _check_value(value: Any, room: int, field: list[str]) -> None:
    if isinstance(value, dict | list):
        if not room:
            raise _invalid(f"Objects and lists stand at most {MAX_NESTING} deep in one another.", field)
        for key in value if isinstance(value, dict) else ():
            checked_name(key, field=field, longest=MAX_KEY)
        for inner in value.values() if isinstance(value, dict) else value:
            _check_value(inner, room - 1, field)
    elif isinstance(value, str):
        if not _is_storable(value):
            raise _invalid("Texts hold no control characters but line breaks and tabs.", field)
    elif isinstance(value, float) and not math.isfinite(value):
        raise _invalid("Numbers are finite.", field)
    elif not isinstance(value, int | float | None):  # a file, which a multipart request puts anywhere
        raise _invalid("These hold texts, numbers, truth values, and lists and objects of those.", field)


def _is_storable(text: str) -> bool:
    """Whether these may be lines a person wrote: no control characters but those of layout, no half characters."""
    return not any(unicodedata.category(each) in {"Cc", "Cs"} and each not in "\n\r\t" for each in text)


def _what_runs(text: str) -> str:
    """What there is to run; empty if nothing. Only to say so: what is kept is safe whether or not this understood it.

    The standard library's parser takes minutes for some texts, and breaks on others; here each character is read once.
    """
    for tag, attributes in _TAG.findall(text):
        if tag.lower() in _RUNNING_TAGS:
            return f"<{tag.lower()}>"
        for name, value in _ATTRIBUTE.findall(attributes):
            if name.lower().startswith("on"):
                return f"the attribute {name.lower()}"
            if _RUNNING_ADDRESS.match("".join(unescape(value.strip("\"'")).split())):
                return "an address that runs"
    return ""


def _invalid(message: str, field: list[str]) -> CatalogError:
    return CatalogError(CatalogErrorCode.INVALID, message, field=field)
