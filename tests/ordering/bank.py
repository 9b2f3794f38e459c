"""A payment gateway to test with: it answers as told, may fall silent, and keeps books by key as a real one does."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import ClassVar

from moneyed import Money

from ordering.gateways import Answer, Choice, ForgedError, GatewayError, Kind, Message, Outcome, Stage, Standing

REFERENCE = "bank-1"


class Bank:
    """`silent`: verbs it does not even hear; `lost`: verbs it carries out without the answer coming back.

    `meanwhile`: what somebody else does while it thinks, by verb. `amounts`: what it says an answer was for, by verb.
    `standings`: what its books say instead of what was done, by reference; its own books hold one payment.
    """

    books: ClassVar[dict[str, tuple[str, Money | None]]] = {}
    asked: ClassVar[list[str]] = []
    silent: ClassVar[set[str]] = set()
    lost: ClassVar[set[str]] = set()
    outcomes: ClassVar[dict[str, Outcome]] = {}
    meanwhile: ClassVar[dict[str, Callable[[], object]]] = {}
    refused: ClassVar[set[str]] = set()
    amounts: ClassVar[dict[str, Money]] = {}
    standings: ClassVar[dict[str, Standing]] = {}

    @classmethod
    def open(cls) -> None:
        for ledger in (cls.books, cls.asked, cls.silent, cls.lost, cls.outcomes, cls.meanwhile):
            ledger.clear()
        for ledger in (cls.refused, cls.amounts, cls.standings):
            ledger.clear()

    @classmethod
    def movements(cls) -> list[str]:
        """What really happened: one entry a key, however often it was asked."""
        return [verb for verb, _ in cls.books.values()]

    @classmethod
    def moved(cls, verb: str) -> list[str]:
        """The amounts that really moved, as text."""
        done = [(each, amount) for key, (each, amount) in cls.books.items() if key not in cls.refused]
        return [str(amount.amount) for each, amount in done if each == verb and amount is not None]

    @staticmethod
    def choices() -> tuple[Choice, ...]:
        return (Choice("Bank", Kind.CARD),)

    def authorize(self, *, key: str, token: str, amount: Money) -> Answer:
        return self._answer("authorize", key, amount)

    def capture(self, *, key: str, reference: str, amount: Money) -> Answer:
        return self._answer("capture", key, amount)

    def void(self, *, key: str, reference: str) -> Answer:
        return self._answer("void", key, None)

    def refund(self, *, key: str, reference: str, amount: Money) -> Answer:
        return self._answer("refund", key, amount)

    def standing(self, *, reference: str) -> Standing | None:
        if "standing" in self.silent:
            raise GatewayError("no answer")
        if reference in self.standings:
            return self.standings[reference]
        amount = next((amount for verb, amount in self.books.values() if verb == "authorize"), None)
        if amount is None:
            return None
        verbs = self.movements()
        stage = Stage.CAPTURED if "capture" in verbs else Stage.ENDED if "void" in verbs else Stage.AUTHORIZED
        return Standing(stage, amount, self._sum("capture", amount), self._sum("refund", amount))

    def message(self, *, body: bytes, headers: Mapping[str, str]) -> Message | None:
        if headers.get("signature") != "bank":
            raise ForgedError
        told = json.loads(body)
        return Message(told["id"], told["type"], reference=told.get("reference", ""), key=told.get("key", ""))

    def _sum(self, verb: str, like: Money) -> Money:
        return Money(sum((Decimal(amount) for amount in self.moved(verb)), Decimal(0)), like.currency)

    def _answer(self, verb: str, key: str, amount: Money | None) -> Answer:
        self.asked.append(verb)
        self.meanwhile.pop(verb, lambda: None)()
        if verb in self.silent:
            raise GatewayError("no answer")
        outcome = self.outcomes.get(verb, Outcome.APPROVED)
        self.books[key] = (verb, amount)
        if outcome is Outcome.DECLINED:
            self.refused.add(key)
        if verb in self.lost:
            raise GatewayError("the answer was lost")
        action = {"client_secret": "secret-1"} if outcome is Outcome.ACTION_REQUIRED else {}
        return Answer(
            outcome, reference=REFERENCE, reason="Insufficient funds.", action=action, amount=self.amounts.get(verb)
        )
