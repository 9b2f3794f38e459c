"""What the shop offers every cart: promotions, ways to send, tax rates. Read once, and kept until somebody changes it.

The database has a version of it all in `ordering_terms`, which triggers raise with every change, whoever makes it
(decision 30). To ask for it is one short statement.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import connection

Value = TypeVar("Value")


class _Terms:
    """What was read of one version."""

    def __init__(self, version: str):
        self.version = version
        self.kept: dict[Hashable, Any] = {}


_latest = _Terms("")
_asked: ContextVar[_Terms | None] = ContextVar("terms", default=None)


@contextmanager
def as_they_are() -> Iterator[None]:
    """Within, everything is of the version that holds now. One statement."""
    token = _asked.set(_current())
    try:
        yield
    finally:
        _asked.reset(token)


def kept(key: Hashable, read: Callable[[], Value]) -> Value:
    """What `read` gives, or gave before if nothing of the shop's terms has changed since. Nobody may change the answer.

    Keys are the shop's own, such as its currencies: nothing that buyers write may make the process larger. It costs a
    statement more, except within `as_they_are`.
    """
    terms = _asked.get() or _current()
    if key not in terms.kept:
        terms.kept[key] = read()
    return terms.kept[key]


def version() -> str:
    """Another one after every change. One statement, except within `as_they_are`."""
    return (_asked.get() or _current()).version


def _current() -> _Terms:
    global _latest
    with connection.cursor() as cursor:
        cursor.execute("SELECT version FROM ordering_terms")
        (version,) = cursor.fetchone()
    # What is read under this version may be newer already. That does no harm, as the next one to ask sees another.
    if (found := _latest).version != version:
        found = _latest = _Terms(version)
    return found
