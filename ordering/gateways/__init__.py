"""Payment gateways: the protocol, and which of them the shop has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string
from moneyed import Money


class GatewayError(Exception):
    """The gateway gave no answer that decides anything. Ask again, with the same key."""


class ForgedError(Exception):
    """A message that does not come from the gateway: its signature is missing, wrong or too old."""


class Outcome(Enum):
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    IN_REVIEW = "IN_REVIEW"  # a person has to look at it
    ACTION_REQUIRED = "ACTION_REQUIRED"  # the buyer has to do something in the browser first
    AWAITED = "AWAITED"  # the money comes by itself: a bank transfer, cash on delivery


@dataclass(frozen=True)
class Answer:
    """`reference` is the gateway's own name for the payment, `reason` a sentence for the buyer when declined.

    `action` is what the buyer's browser needs when something is to do: {"client_secret": …, "url": …}. `amount` is what
    the gateway says it was for, where it says so: anything but what was asked is looked at by a person.
    """

    outcome: Outcome
    reference: str = ""
    reason: str = ""
    action: Mapping[str, str] = field(default_factory=dict)
    is_due_on_delivery: bool = False
    amount: Money | None = None


class Stage(Enum):
    """How far a payment is at the gateway."""

    OPEN = "OPEN"  # nothing is decided
    AUTHORIZED = "AUTHORIZED"
    CAPTURED = "CAPTURED"
    ENDED = "ENDED"  # declined or voided: no money moves


@dataclass(frozen=True)
class Standing:
    """What the gateway's books say of a payment. `amount` is what was asked for."""

    stage: Stage
    amount: Money
    captured: Money
    refunded: Money


@dataclass(frozen=True)
class Message:
    """What a gateway told by itself. `id` is the same when it is told again; `reference` names the payment, `key` the
    order's payment id where the gateway gives it back. What it says is not believed: `standing` is asked for. `body` is
    kept to be read by people and holds nothing personal; `is_disputed` in it says that a buyer wants their money back
    from the bank."""

    id: str
    type: str
    reference: str = ""
    key: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


class Kind(Enum):
    """How one pays."""

    CARD = "CARD"
    BANK_TRANSFER = "BANK_TRANSFER"
    CASH_ON_DELIVERY = "CASH_ON_DELIVERY"


@dataclass(frozen=True)
class Choice:
    """One way to pay that a gateway offers. Without a `token` its own script makes one in the buyer's browser.

    `instructions` are for the buyer, where they have to do something by themselves.
    """

    title: str
    kind: Kind
    token: str = ""
    instructions: str = ""


class Gateway(Protocol):
    """Every call carries a key and is made outside transactions: the same key again gives the same effect, once,
    also when two calls run at the same moment. A call ends within seconds or raises `GatewayError`."""

    @staticmethod
    def choices() -> tuple[Choice, ...]:
        """What a shop window shows of it."""

    def authorize(self, *, key: str, token: str, amount: Money) -> Answer: ...

    def capture(self, *, key: str, reference: str, amount: Money) -> Answer: ...

    def void(self, *, key: str, reference: str) -> Answer: ...

    def refund(self, *, key: str, reference: str, amount: Money) -> Answer: ...

    def standing(self, *, reference: str) -> Standing | None:
        """What its books say; None where the gateway keeps none, or knows of no such payment."""

    def message(self, *, body: bytes, headers: Mapping[str, str]) -> Message | None:
        """A webhook's message once its signature is verified; `ForgedError`, or None for what is of no interest."""


def gateway(name: str) -> Gateway:
    """The gateway the shop knows by this name; KeyError for any other."""
    return import_string(settings.PAYMENT_GATEWAYS[name])()


def is_paid_later(name: str, token: str) -> bool:
    """Whether nobody collects anything at checkout with this token: the money comes by itself."""
    offered = import_string(settings.PAYMENT_GATEWAYS[name]).choices()
    return any(choice.kind is not Kind.CARD and choice.token == token for choice in offered)


def lend_connection() -> None:
    """A gateway may take seconds: meanwhile somebody else can have this thread's place in the pool."""
    if not connection.in_atomic_block:
        connection.close()


def choices() -> list[tuple[str, Choice]]:
    """Every way to pay here, with its gateway's name."""
    return [
        (name, choice) for name, path in settings.PAYMENT_GATEWAYS.items() for choice in import_string(path).choices()
    ]
