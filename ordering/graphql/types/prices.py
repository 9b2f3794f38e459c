"""How a total comes to be, step by step."""

import strawberry
from moneyed import Money

from ordering import pricing
from schema import kit

PriceStepKind = strawberry.enum(
    pricing.StepKind,
    name="PriceStepKind",
    description="What a step of a price breakdown is. INCLUDED_TAX is told, not added: prices contain it already.",
)


@strawberry.type
class PriceStep:
    """One step on the way to the total, in order: show them as the lines of a receipt.

    All amounts but those of INCLUDED_TAX add up to the total; a DISCOUNT's is negative.
    """

    kind: PriceStepKind
    label: str = strawberry.field(description='For people: "Goods", "Summer sale", "Standard", "VAT".')
    reason: str = strawberry.field(
        description='Why it is so much: "3 items", "10 % off", "19 % contained in 44.90 EUR".'
    )
    amount: kit.Money
    code: str | None = strawberry.field(description="The coupon's, where a coupon did it.")

    @staticmethod
    def of(step: pricing.Step) -> "PriceStep":
        return PriceStep(
            kind=step.kind, label=step.label, reason=step.reason, amount=kit.Money.of(step.amount), code=step.code
        )

    @staticmethod
    def kept(step: dict[str, str], currency: str) -> "PriceStep":
        """From what an order keeps of it."""
        return PriceStep(
            kind=pricing.StepKind(step["kind"]),
            label=step["label"],
            reason=step["reason"],
            amount=kit.Money.of(Money(step["amount"], currency)),
            code=step.get("code"),
        )
