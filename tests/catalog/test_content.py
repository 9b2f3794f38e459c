"""What people write about products: what is kept of it, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import CatalogError
from catalog.services import content

FIELD = ["input", "it"]


def refusal(check, value):
    with pytest.raises(CatalogError) as refused:
        check(value, field=FIELD)
    assert refused.value.field == FIELD
    return refused.value.code


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("", ""),
        ("  <p>Oak</p>\n", "<p>Oak</p>"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("<p>never closed", "<p>never closed</p>"),
        ('<p style="position:fixed">x</p>', "<p>x</p>"),
        ("<h2>How the script was written</h2>", "<h2>How the script was written</h2>"),
        (
            '<a href="https://example.com/?on=1">x</a>',
            '<a href="https://example.com/?on=1" rel="noopener noreferrer">x</a>',
        ),
    ],
)
def test_html_is_kept_as_it_is_safe(html, kept):
    assert content.checked_html(html, field=FIELD) == kept
    assert content.checked_html(kept, field=FIELD) == kept


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<SCRIPT SRC=//evil.example></SCRIPT>",
        "<p><script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href=" java\nscript:alert(1)">x</a>',
        '<a href="&#106;avascript:alert(1)">x</a>',
        '<iframe src="https://example.com"></iframe>',
        '<form action="https://example.com"></form>',
        "null\0byte",
        "half \ud800 character",
        "a" * (content.MAX_HTML + 1),
    ],
)
def test_html_that_would_run_or_cannot_be_kept_is_refused(html):
    assert refusal(content.checked_html, html) == "INVALID"


@given(st.text(alphabet="<>/=\"' scripton:javl&#;x", max_size=60))
def test_no_html_gets_past_that_could_run(html):
    try:
        kept = content.checked_html(html, field=FIELD)
    except CatalogError:
        return

    assert content.safe_html(kept) == kept
    assert "<script" not in kept


@pytest.mark.parametrize("name", ["a" * 256, "a\nb", "a\0", "a\u202eb", "\ud800"])
def test_a_name_is_one_short_line(name):
    assert refusal(content.checked_name, name) == "INVALID"
    assert refusal(content.checked_name, "\t ") == "REQUIRED"
    assert content.checked_name(f" {'a' * 255}\n", field=FIELD) == "a" * 255


def test_a_tag_is_kept_once_whatever_its_case():
    assert content.checked_tags([" Oak", "oak", "OAK ", "Iron"], field=FIELD) == ["Oak", "Iron"]
    assert refusal(content.checked_tags, ["a" * 51]) == "INVALID"
    assert refusal(content.checked_tags, [""]) == "REQUIRED"
    assert refusal(content.checked_tags, [str(number) for number in range(51)]) == "TOO_MANY"


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"material": "oak", "legs": 4, "weight": 7.5, "folds": False, "note": None},
        {"sizes": ["S", "M"], "box": {"inside": {"height": [1]}}},
        {"text": "line\n\tbreak", "größe": "灯"},
    ],
)
def test_attributes_are_kept_as_they_are(attributes):
    assert content.checked_attributes(attributes, field=FIELD) == attributes


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ([], "INVALID"),
        ("oak", "INVALID"),
        (None, "INVALID"),
        ({"": 1}, "REQUIRED"),
        ({"a": {" ": 1}}, "REQUIRED"),
        ({"a\0": 1}, "INVALID"),
        ({"a": "\0"}, "INVALID"),
        ({"a": ["\ud800"]}, "INVALID"),
        ({"a": float("inf")}, "INVALID"),
        ({"a": [float("nan")]}, "INVALID"),
        ({"a": [[[[]]]]}, "INVALID"),
        ({"a": {"b": {"c": {"d": {}}}}}, "INVALID"),
        ({"a": "ä" * (8 * 1024)}, "INVALID"),
        ({str(number): number for number in range(5_000)}, "INVALID"),
    ],
)
def test_attributes_that_cannot_be_kept_are_refused(attributes, code):
    assert refusal(content.checked_attributes, attributes) == code


def test_attributes_nested_a_million_deep_are_refused_without_falling_over():
    deep = {}
    for _ in range(1_000_000):
        deep = {"a": deep}

    assert refusal(content.checked_attributes, deep) == "INVALID"
