"""Payments and refunds, as the API shows them."""

from collections.abc import Iterable
from typing import Annotated

import strawberry
import strawberry_django
from django.db.models import Prefetch
from strawberry import auto, relay
from strawberry_django.optimizer import OptimizerStore, optimize

from ordering import gateways, models
from ordering.graphql.types.history import ForStaff
from schema import kit

PaymentState = strawberry.enum(
    models.PaymentState,
    description="""How far a payment is.

REQUESTED until the payment service answers, ACTION_REQUIRED until the buyer did their part, AUTHORIZED when the money
is set aside, CAPTURED when it was collected, AWAITED when it comes by itself (a bank transfer, cash on delivery),
IN_REVIEW when staff have to look at it. VOIDED, REFUNDED (all of it) and DECLINED are the end.""",
)
RefundState = strawberry.enum(
    models.RefundState,
    description="REQUESTED until the payment service answers, DONE when the money is on its way, FAILED when the "
    "service refused for good: then nothing went back.",
)
PaymentKind = strawberry.enum(gateways.Kind, name="PaymentKind", description="How one pays.")


@strawberry.type
class PaymentGateway:
    """One way to pay: what to send as `payment` to checkoutComplete."""

    name: str = strawberry.field(description="The `gateway` to send.")
    title: str = strawberry.field(description="What to call it on a button.")
    kind: PaymentKind
    token: str | None = strawberry.field(
        description="The `token` to send. Null where the gateway's own script makes one in the browser."
    )
    instructions: str | None = strawberry.field(description="What the buyer has to do, if anything, to be shown.")

    @staticmethod
    def offered() -> "list[PaymentGateway]":
        return [
            PaymentGateway(
                name=name,
                title=choice.title,
                kind=choice.kind,
                token=choice.token or None,
                instructions=choice.instructions or None,
            )
            for name, choice in gateways.choices()
        ]


@strawberry_django.type(models.Payment)
class Payment(kit.Keyed, relay.Node):
    """What an order owes, and how far its payment is."""

    gateway: auto
    state: PaymentState
    created_at: auto
    updated_at: auto
    reference: str | None = strawberry_django.field(
        extensions=[ForStaff()],
        description="What the payment service, the bank or the carrier calls it. For staff; null for everybody else.",
    )
    review_reason: str | None = strawberry_django.field(
        extensions=[ForStaff()],
        description="Why somebody has to look at it, or had to. For staff; null for everybody else.",
    )

    @strawberry_django.field(only=["amount", "currency"], description="What the order owes.")
    def amount(root: strawberry.Parent[models.Payment]) -> kit.Money:
        return kit.Money.of(root.money)

    @strawberry_django.field(only=["captured_amount", "currency"], description="What was collected.")
    def captured(root: strawberry.Parent[models.Payment]) -> kit.Money:
        return kit.Money.of(root.captured)

    @strawberry_django.field(
        only=["refunded_amount", "currency"], description="What was given back, or is being given back."
    )
    def refunded(root: strawberry.Parent[models.Payment]) -> kit.Money:
        return kit.Money.of(root.refunded)

    @strawberry_django.field(
        only=["captured_amount", "refunded_amount", "currency"], description="What can still be given back."
    )
    def refundable(root: strawberry.Parent[models.Payment]) -> kit.Money:
        return kit.Money.of(root.refundable)


@strawberry_django.type(models.RefundLine)
class RefundLine(kit.Keyed, relay.Node):
    """How many units of an order line were given money back for."""

    order_line: Annotated["OrderLine", strawberry.lazy("ordering.graphql.types.orders")]  # noqa: F821
    quantity: auto

    @strawberry_django.field(only=["amount", "refund__currency"], select_related=["refund"])
    def amount(root: strawberry.Parent[models.RefundLine]) -> kit.Money:
        return kit.Money.of(root.refund.rounded(root.amount))


@strawberry_django.type(models.Refund)
class Refund(kit.Keyed, relay.Node):
    """Money that goes back to the buyer."""

    state: RefundState
    reason: auto
    created_at: auto
    settled_at: auto = strawberry_django.field(description="When the payment service answered.")
    lines: list[RefundLine] = strawberry_django.field(
        description="The units it is for. Empty where it is for an amount, or for all that was left."
    )

    @strawberry_django.field(only=["amount", "currency"])
    def amount(root: strawberry.Parent[models.Refund]) -> kit.Money:
        return kit.Money.of(root.money)


def prefetched_refunds(info: kit.Info) -> "Prefetch[str]":
    """What loads the refunds of many orders at once, with all that the client asked of them."""
    # The library adds what leads back to the parent by itself, but not where two relations lead there.
    way_back = OptimizerStore.with_hints(only=["payment"])
    return Prefetch("payment__refunds", optimize(models.Refund.objects.all(), info, store=way_back))


def refunds_of(order: models.Order) -> Iterable[models.Refund]:
    """The refunds of an order, oldest first."""
    payment = getattr(order, "payment", None)
    return [] if payment is None else list(payment.refunds.all())
