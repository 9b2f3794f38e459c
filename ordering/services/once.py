"""Doing a thing once: the same key with the same request gives the first answer, also when both run at one moment."""

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils import timezone

from accounts.services import checks
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import IdempotencyKey, Order

if TYPE_CHECKING:
    from accounts.models import User

MAX_KEY = 128
KEPT_FOR = timedelta(days=90)
BATCH = 5000

Row = TypeVar("Row")


@dataclass(frozen=True)
class Done(Generic[Row]):
    """What was done, and whether this call did it or an earlier one with the same key."""

    row: Row
    is_replay: bool


class Claim:
    """A key that this transaction holds. `answer` is the row an earlier call made under it, "" where there is none."""

    def __init__(self, kept: IdempotencyKey | None):
        self._kept = kept
        self.answer = kept.answer if kept else ""

    def keep(self, row: models.Model) -> None:
        """What the key gives from now on. Call it before the transaction ends."""
        if self._kept:
            self._kept.answer = str(row.pk)
            self._kept.save(update_fields=["answer"])


def of_order(order: Order) -> str:
    """The scope of a key for something done to an order."""
    return f"order:{order.pk}"


def of_person(user: "User") -> str:
    """The scope of a key for something a person makes."""
    return f"user:{user.pk}"


def claim(*, scope: str, key: str | None, operation: str, asked: object, actor: "User | AnonymousUser | None") -> Claim:
    """Takes the key for the rest of the transaction; whoever comes with it at the same moment waits here.

    `asked` is all that was asked, as plain values. IDEMPOTENCY_CONFLICT where the key was used for anything else or by
    somebody else. Without a key nothing is kept and nothing is found. Three statements.
    """
    if key is None:
        return Claim(None)
    check_key(key)
    digest = digest_of([operation, None if actor is None else actor.pk, asked])
    # Whoever holds the key in another transaction has this wait until it is kept, or free again.
    IdempotencyKey.objects.bulk_create(
        [IdempotencyKey(scope=scope, key=key, operation=operation, digest=digest)], ignore_conflicts=True
    )
    kept = IdempotencyKey.objects.get(scope=scope, key=key)
    if kept.digest != digest:
        raise conflict()
    return Claim(kept)


def forget_old_keys() -> int:
    """Keys are kept for as long as anybody may still repeat a call; returns how many went."""
    old = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT_FOR)
    return old.filter(pk__in=list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH])).delete()[0]


def forget(*, orders: Iterable[Order], operations: Collection[str]) -> None:
    """These keys of these orders go: what a client chose may say anything. One statement."""
    IdempotencyKey.objects.filter(scope__in=[of_order(order) for order in orders], operation__in=operations).delete()


def check_key(key: str) -> None:
    """Refuses a key that is empty, too long or cannot be printed."""
    if not key.strip() or len(key) > MAX_KEY or not checks.is_text(key):
        raise OrderError(
            OrderErrorCode.REQUIRED,
            f"Give an idempotencyKey of 1 to {MAX_KEY} printable characters, new for every attempt.",
            field=["idempotencyKey"],
        )


def digest_of(asked: object) -> str:
    """What was asked, in 64 characters; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def conflict() -> OrderError:
    """The key was used before, for something else."""
    return OrderError(
        OrderErrorCode.IDEMPOTENCY_CONFLICT,
        "This idempotencyKey was used with other input. Use a new key for something new.",
        field=["idempotencyKey"],
    )
