"""Payment gateways: the protocol, and which of them the shop has."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string
from moneyed import Money


class GatewayError(Exception):
    """The gateway gave no answer that decides anything. Ask again, with the same key."""


class Outcome(Enum):
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    IN_REVIEW = "IN_REVIEW"


@dataclass(frozen=True)
class Answer:
    """`reference` is the gateway's own name for the payment, `reason` a sentence for the buyer when declined."""

    outcome: Outcome
    reference: str = ""
    reason: str = ""


class Gateway(Protocol):
    """Every call carries a key and is made outside transactions: the same key again gives the same effect, once,
    also when two calls run at the same moment. A call ends within seconds or raises `GatewayError`."""

    def authorize(self, *, key: str, token: str, amount: Money) -> Answer: ...

    def capture(self, *, key: str, reference: str, amount: Money) -> Answer: ...

    def void(self, *, key: str, reference: str) -> Answer: ...

    def refund(self, *, key: str, reference: str, amount: Money) -> Answer: ...


def gateway(name: str) -> Gateway:
    """The gateway the shop knows by this name; KeyError for any other."""
    return import_string(settings.PAYMENT_GATEWAYS[name])()
