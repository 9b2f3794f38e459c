"""How often one may try. Counted for each address and for each client, in Redis where there is one.

Several windows on top of each other make the delays grow: after five attempts in a minute one waits for the minute,
after ten for ten minutes, and so on to a day.
"""

import hashlib
import ipaddress
import logging
import math
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from accounts.errors import RateLimited
from notifications import origin

logger = logging.getLogger(__name__)

KNOWN_SECONDS = 30 * 24 * 3600

_loading = threading.Lock()


@dataclass(frozen=True)
class Throttle:
    """How many attempts of one kind an address and a client have, shortest window first.

    Without `per_address` they are counted of the client alone.
    """

    name: str
    per_address: str
    per_client: str

    def count(self, address: str = "") -> None:
        """Counts one attempt; RateLimited when it was one too many, for whichever reason.

        A client that has signed in with the address before has windows of its own, so that strangers who try the
        address from elsewhere cannot lock its owner out.
        """
        counts = self._counts_of_client()
        if self.per_address:
            counts += [(window, self.name, "address", *_scope(address)) for window in parse_many(self.per_address)]
        if not all(_hit(*count) for count in counts):
            raise RateLimited(retry_after=max(_wait(*count) for count in counts))

    def check(self) -> None:
        """RateLimited for a client that has no attempt left; counts nothing. For what counts failures alone."""
        counts = self._counts_of_client()
        if not all(_has_room(*count) for count in counts):
            raise RateLimited(retry_after=max(_wait(*count) for count in counts))

    def _counts_of_client(self) -> list[Any]:
        client = _network(origin.current().address)
        return [(window, self.name, "client", client) for window in parse_many(self.per_client)]

    def forgive(self, address: str) -> None:
        """Forgets the attempts of an address. Not of the client, who would otherwise buy guesses with a success."""
        for window in parse_many(self.per_address):
            try:
                _limiter().clear(window, self.name, "address", *_scope(address))
            except StorageError:
                _local_limiter().clear(window, self.name, "address", *_scope(address))


def remember_client(address: str) -> None:
    """This client has signed in with the address: for a month it is known."""
    with suppress(StorageError):
        _limiter().storage.incr(_known_key(address), KNOWN_SECONDS)


def _scope(address: str) -> tuple[str, ...]:
    """Whose windows count: those of the address for all strangers together, or of the address at a known client."""
    try:
        is_known = _limiter().storage.get(_known_key(address)) > 0
    except StorageError:
        is_known = False
    return (_key(address), _network(origin.current().address)) if is_known else (_key(address),)


def _known_key(address: str) -> str:
    return f"known/{_key(address)}/{_network(origin.current().address)}"


SIGN_IN = Throttle("sign-in", "5/minute;10/10 minutes;20/hour;50/day", "30/minute;100/10 minutes;1000/day")
# Whoever holds a session and says its password again.
CONFIRM = Throttle("confirm", "5/minute;10/10 minutes;20/hour;50/day", "30/minute;100/10 minutes;1000/day")
REGISTER = Throttle("register", "3/minute;5/hour;10/day", "10/minute;30/hour;100/day")
SEND_LINK = Throttle("send-link", "2/minute;5/hour;10/day", "10/minute;30/hour;100/day")
# Tokens cannot be guessed; this bounds the work of checking them.
OPEN_LINK = Throttle("open-link", "10/minute", "30/minute;200/hour")
# Each is a document made of everything there is.
EXPORT = Throttle("export", "3/hour;5/day", "10/hour;50/day")
# Each writes to an address that anybody may name.
STOCK_ALERT = Throttle("stock-alert", "5/minute;10/hour;20/day", "10/minute;60/hour;300/day")
# Only codes that nobody has are counted: whoever guesses is stopped, whoever mistypes is not.
COUPON = Throttle("coupon", "", "10/minute;30/hour;100/day")
# An order that nobody has paid yet takes goods off the shelf and writes to an address that anybody may name.
UNPAID_ORDER = Throttle("unpaid-order", "10/hour;30/day", "60/10 minutes;1000/day")
# Of the pair of a number and an e-mail address, the number cannot be guessed; the address may be known.
ORDER_LOOKUP = Throttle("order-lookup", "5/minute;20/hour;50/day", "10/minute;60/hour;200/day")


def _hit(window: RateLimitItem, *key: str) -> bool:
    try:
        return _limiter().hit(window, *key)
    except StorageError:
        # A limiter that is away must not close the shop: each process counts for itself until it is back.
        logger.warning("Attempts are counted in this process only: Redis does not answer.")
        return _local_limiter().hit(window, *key)


def _has_room(window: RateLimitItem, *key: str) -> bool:
    try:
        return _limiter().test(window, *key)
    except StorageError:
        return _local_limiter().test(window, *key)


def _wait(window: RateLimitItem, *key: str) -> int:
    """Seconds after which the window has room; at least one."""
    try:
        reset_at, left = _limiter().get_window_stats(window, *key)
    except StorageError:
        reset_at, left = _local_limiter().get_window_stats(window, *key)
    # At that very moment it is still full.
    return 1 if left else max(1, math.floor(reset_at - time.time()) + 1)


def _limiter() -> MovingWindowRateLimiter:
    # One at a time: the package fails when two threads load its storage at once, as first requests do.
    with _loading:
        return _shared_limiter() if settings.REDIS_URL else _local_limiter()


@cache
def _shared_limiter() -> MovingWindowRateLimiter:
    options = {"key_prefix": f"{settings.CELERY_TASK_DEFAULT_QUEUE}:attempts", "wrap_exceptions": True}
    timeouts = {"socket_connect_timeout": 1, "socket_timeout": 1}
    return MovingWindowRateLimiter(storage_from_string(settings.REDIS_URL, **options, **timeouts))  # type: ignore[arg-type]


@cache
def _local_limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(storage_from_string("memory://"))


def _key(address: str) -> str:
    """Any text as a short key that does not tell it."""
    return hashlib.sha256(address.encode(errors="replace")).hexdigest()[:32]


def _network(address: str) -> str:
    """One client: an IPv4 address, or the /64 that one IPv6 subscriber has for itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    # A socket for both kinds writes IPv4 addresses as ::ffff:192.0.2.7, which are of one /64 all together.
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
