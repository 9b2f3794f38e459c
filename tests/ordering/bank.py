"""A payment gateway to test with: it answers as told, may fall silent, and keeps books by key as a real one does."""

from collections.abc import Callable
from typing import ClassVar

from moneyed import Money

from ordering.gateways import Answer, GatewayError, Outcome


class Bank:
    """`silent`: verbs it does not even hear; `lost`: verbs it carries out without the answer coming back.

    `meanwhile`: what somebody else does while it thinks, by verb.
    """

    books: ClassVar[dict[str, tuple[str, Money | None]]] = {}
    asked: ClassVar[list[str]] = []
    silent: ClassVar[set[str]] = set()
    lost: ClassVar[set[str]] = set()
    outcomes: ClassVar[dict[str, Outcome]] = {}
    meanwhile: ClassVar[dict[str, Callable[[], object]]] = {}

    @classmethod
    def open(cls) -> None:
        for ledger in (cls.books, cls.asked, cls.silent, cls.lost, cls.outcomes, cls.meanwhile):
            ledger.clear()

    @classmethod
    def movements(cls) -> list[str]:
        """What really happened: one entry a key, however often it was asked."""
        return [verb for verb, _ in cls.books.values()]

    def authorize(self, *, key: str, token: str, amount: Money) -> Answer:
        return self._answer("authorize", key, amount)

    def capture(self, *, key: str, reference: str, amount: Money) -> Answer:
        return self._answer("capture", key, amount)

    def void(self, *, key: str, reference: str) -> Answer:
        return self._answer("void", key, None)

    def refund(self, *, key: str, reference: str, amount: Money) -> Answer:
        return self._answer("refund", key, amount)

    def _answer(self, verb: str, key: str, amount: Money | None) -> Answer:
        self.asked.append(verb)
        self.meanwhile.pop(verb, lambda: None)()
        if verb in self.silent:
            raise GatewayError("no answer")
        self.books[key] = (verb, amount)
        if verb in self.lost:
            raise GatewayError("the answer was lost")
        return Answer(self.outcomes.get(verb, Outcome.APPROVED), reference="bank-1", reason="Insufficient funds.")
