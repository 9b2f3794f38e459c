"""The gateway that moves no money: its answer is in the token."""

from collections.abc import Mapping

from moneyed import Money

from ordering.gateways import Answer, Choice, Kind, Message, Outcome, Standing

DECLINED = "The card was declined. Try another card."


class Sandbox:
    """`tok_ok` pays, `tok_review` waits for a person, anything else is declined. Stateless, so idempotent by nature."""

    @staticmethod
    def choices() -> tuple[Choice, ...]:
        return (Choice("Test card", Kind.CARD),)

    def authorize(self, *, key: str, token: str, amount: Money) -> Answer:
        match token:
            case "tok_ok":
                return Answer(Outcome.APPROVED, reference=f"sandbox-{key}")
            case "tok_review":
                return Answer(Outcome.IN_REVIEW, reference=f"sandbox-{key}")
            case _:
                return Answer(Outcome.DECLINED, reason=DECLINED)

    def capture(self, *, key: str, reference: str, amount: Money) -> Answer:
        return Answer(Outcome.APPROVED, reference=reference)

    def void(self, *, key: str, reference: str) -> Answer:
        return Answer(Outcome.APPROVED, reference=reference)

    def refund(self, *, key: str, reference: str, amount: Money) -> Answer:
        return Answer(Outcome.APPROVED, reference=reference)

    def standing(self, *, reference: str) -> Standing | None:
        return None

    def message(self, *, body: bytes, headers: Mapping[str, str]) -> Message | None:
        return None
