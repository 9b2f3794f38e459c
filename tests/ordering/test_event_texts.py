"""What is said of each event: every text is filled from the payload, as it is in plain text, escaped in an e-mail."""

import dataclasses
from typing import get_args, get_type_hints

import pytest
from django.template import TemplateDoesNotExist
from django.template.loader import get_template

from notifications.models import Event
from ordering import events

HOSTILE = '<b onclick="x">Tom & Jerry</b>'
EVENTS = {kind.type: kind for kind in vars(events).values() if isinstance(kind, type) and hasattr(kind, "type")}


def filled(kind: type, *, yes: bool) -> object:
    """One of these, of hostile texts."""
    values = {name: _value(hint, yes=yes) for name, hint in get_type_hints(kind).items()}
    return kind(**values)


def _value(hint: object, *, yes: bool) -> object:
    if dataclasses.is_dataclass(hint):
        return filled(hint, yes=yes)
    if inner := get_args(hint):
        return [_value(inner[0], yes=yes)] if isinstance(hint, type(list[str])) else _value(inner[0], yes=yes)
    return {str: HOSTILE, bool: yes, int: 2}[hint]


def event_of(type_: str, *, yes: bool) -> Event:
    return Event(type=type_, payload=dataclasses.asdict(filled(EVENTS[type_], yes=yes)))


@pytest.mark.parametrize("yes", [True, False])
@pytest.mark.parametrize("type_", EVENTS)
def test_a_text_is_said_as_it_is(type_, yes):
    event = event_of(type_, yes=yes)

    said = f"{event.message} {event.details}"

    assert event.message
    assert "\n" not in event.message
    assert event.details
    assert "&lt;" not in said
    assert "&amp;" not in said
    assert "{" not in said


@pytest.mark.parametrize("yes", [True, False])
@pytest.mark.parametrize("type_", EVENTS)
def test_an_email_escapes_what_somebody_wrote(type_, yes):
    event = event_of(type_, yes=yes)
    try:
        template = get_template(f"events/{type_}.email.html")
    except TemplateDoesNotExist:
        assert type_ not in events.EMAILED
        return

    html = template.render({"event": event, "shop_name": HOSTILE, "shop_url": "https://shop", **event.payload})

    assert "<b onclick" not in html
    assert "Tom &amp; Jerry" in html
    assert "&amp;amp;" not in html
    assert "{%" not in html
