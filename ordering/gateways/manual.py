"""The gateway where nobody collects anything: the buyer transfers the money or pays at the door, and staff note it."""

from collections.abc import Mapping

from django.conf import settings
from moneyed import Money

from ordering.gateways import Answer, Choice, Kind, Message, Outcome, Standing

BANK_TRANSFER = "bank_transfer"
CASH_ON_DELIVERY = "cash_on_delivery"
UNKNOWN = f'This is no way to pay here. Choose "{BANK_TRANSFER}" or "{CASH_ON_DELIVERY}".'


class Manual:
    """`bank_transfer` is sent once the money is there, `cash_on_delivery` at once. Stateless, so idempotent by nature.

    What it gives back, staff give back: a refund is done when it is noted.
    """

    @staticmethod
    def choices() -> tuple[Choice, ...]:
        return (
            Choice("Bank transfer", Kind.BANK_TRANSFER, BANK_TRANSFER, settings.BANK_TRANSFER_INSTRUCTIONS),
            Choice("Cash on delivery", Kind.CASH_ON_DELIVERY, CASH_ON_DELIVERY),
        )

    def authorize(self, *, key: str, token: str, amount: Money) -> Answer:
        match token:
            case "bank_transfer":
                return Answer(Outcome.AWAITED)
            case "cash_on_delivery":
                return Answer(Outcome.AWAITED, is_due_on_delivery=True)
            case _:
                return Answer(Outcome.DECLINED, reason=UNKNOWN)

    def capture(self, *, key: str, reference: str, amount: Money) -> Answer:
        return Answer(Outcome.DECLINED, reason="Nobody collects this payment: note the money when it is there.")

    def void(self, *, key: str, reference: str) -> Answer:
        return Answer(Outcome.APPROVED)

    def refund(self, *, key: str, reference: str, amount: Money) -> Answer:
        return Answer(Outcome.APPROVED)

    def standing(self, *, reference: str) -> Standing | None:
        return None

    def message(self, *, body: bytes, headers: Mapping[str, str]) -> Message | None:
        return None
