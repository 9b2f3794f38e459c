"""Returns, as the API shows them."""

from typing import Annotated

import strawberry
import strawberry_django
from strawberry import auto, relay

from ordering import filters, models
from ordering.graphql.types.payments import Refund
from ordering.services import returning
from schema import kit

ReturnStatus = strawberry.enum(
    models.ReturnStatus,
    description="""Where a return is. The ordinary way: REQUESTED, APPROVED, RECEIVED, REFUNDED.

REJECTED and CANCELLED are the end: the goods stay with the buyer, and can be asked for again. CLOSED is the end, too:
the goods are back, and no money is given back for them.""",
)
ReturnReason = strawberry.enum(models.ReturnReason, description="Why goods come back.")
ReturnAction = strawberry.enum(models.ReturnAction, description="What somebody may want to do with a return.")


@strawberry_django.type(models.ReturnLine)
class ReturnLine(kit.Keyed, relay.Node):
    """How many of an order line come back, and why."""

    order_line: Annotated["OrderLine", strawberry.lazy("ordering.graphql.types.orders")]  # noqa: F821
    quantity: auto
    reason: ReturnReason
    restocked: int = strawberry_django.field(description="How many of them went back on the shelf.")


@strawberry.type
class ReturnAllowedAction:
    """Whether the person asking may do this now, and if not, why not, in a sentence."""

    action: ReturnAction
    is_allowed: bool
    reason: str | None


@strawberry_django.type(models.Return)
class Return(kit.Keyed, relay.Node):
    """Some of an order's goods on their way back. Follow it live with the subscription orderEvents of its order."""

    status: ReturnStatus
    order: Annotated["Order", strawberry.lazy("ordering.graphql.types.orders")]  # noqa: F821
    lines: list[ReturnLine]
    note: str = strawberry_django.field(description="From the buyer, for the shop.")
    decision_note: str = strawberry_django.field(description="From the shop, for the buyer.")
    requested_at: auto
    decided_at: auto
    received_at: auto
    refund: Refund | None = strawberry_django.field(description="The money for it, once it is REFUNDED.")

    @strawberry_django.field(
        only=["status", "order__status", "order__payment_status", "order__customer"],
        select_related=["order"],
        description="Every action, and whether the person asking may do it now.",
    )
    def allowed_actions(root: strawberry.Parent[models.Return], info: kit.Info) -> list[ReturnAllowedAction]:
        return [
            ReturnAllowedAction(action=action, is_allowed=reason is None, reason=reason)
            for action, reason in returning.allowed_actions(return_=root, actor=kit.viewer(info))
        ]


ReturnFilters = kit.filter_input(filters.ReturnFilterSet, "ReturnFilters", types={"status": list[ReturnStatus]})
