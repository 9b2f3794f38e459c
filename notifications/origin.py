"""Where the request at hand comes from. What is recorded or counted meanwhile says so; tasks come from nowhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

MAX_USER_AGENT = 300


@dataclass(frozen=True)
class Origin:
    """An IP address and what the client calls itself; both empty where there is no request."""

    address: str = ""
    user_agent: str = ""


_NOWHERE = Origin()
_current: ContextVar[Origin] = ContextVar("origin", default=_NOWHERE)


def current() -> Origin:
    """Of the request that is being answered."""
    return _current.get()


@contextmanager
def entered(origin: Origin) -> Iterator[None]:
    """Whatever happens within comes from there."""
    token = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(token)


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Makes each request's origin the current one."""

    # Not for async: under ASGI Django would have each middleware around this one wait for a thread of its own.
    def answer(request: HttpRequest) -> HttpResponseBase:
        with entered(_of(request)):
            return get_response(request)

    return answer


def _of(request: HttpRequest) -> Origin:
    address = request.META.get("REMOTE_ADDR") or ""
    if settings.BEHIND_PROXY:
        # The last entry is the one our own proxy wrote; those before it are whatever the client claims.
        address = request.headers.get("X-Forwarded-For", address).rpartition(",")[2].strip()
    user_agent = "".join(filter(str.isprintable, request.headers.get("User-Agent", "")))
    return Origin(address=address[:45], user_agent=user_agent[:MAX_USER_AGENT])
