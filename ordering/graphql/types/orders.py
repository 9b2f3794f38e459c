"""Orders, as the API shows them."""

from datetime import datetime
from typing import Annotated

import strawberry
import strawberry_django
from django.db.models import QuerySet
from strawberry import auto, relay
from strawberry.scalars import JSON

from accounts.graphql.types import User
from catalog.graphql.types import ProductVariant
from notifications.models import Event
from ordering import filters, models, services
from ordering.graphql.types.addresses import PostalAddress
from ordering.graphql.types.documents import Document
from ordering.graphql.types.fulfillments import Fulfillment
from ordering.graphql.types.prices import PriceStep
from schema import kit

OrderStatus = strawberry.enum(
    models.OrderStatus,
    description="""Where an order is. The ordinary way: CONFIRMED, SHIPPED, DELIVERED.

PENDING while the payment is in review, AWAITING_APPROVAL until a person decided, PARTIALLY_SHIPPED while parcels are
missing, ON_HOLD until staff release it. CANCELLED and REJECTED are the end: what was charged is given back.""",
)
PaymentStatus = strawberry.enum(
    models.PaymentStatus,
    description="Where the money is: AUTHORIZED is set aside and not yet charged, PAID is charged, UNPAID is neither.",
)
OrderAction = strawberry.enum(models.OrderAction, description="What somebody may want to do with an order.")


@strawberry_django.type(models.OrderLine)
class OrderLine(kit.Keyed, relay.Node):
    """So many of one variant, as it was named and priced when the order was placed."""

    product_name: auto
    variant_name: auto
    sku: auto
    quantity: auto
    quantity_fulfilled: auto
    is_digital: auto
    variant: ProductVariant | None = strawberry_django.field(description="Null once the shop deleted it.")

    @strawberry_django.field(only=["unit_amount", "currency"])
    def unit_price(root: strawberry.Parent[models.OrderLine]) -> kit.Money:
        return kit.Money.of(root.unit_price)

    @strawberry_django.field(only=["unit_amount", "currency", "quantity"])
    def total_price(root: strawberry.Parent[models.OrderLine]) -> kit.Money:
        return kit.Money.of(root.total_price)

    @strawberry_django.field(only=["discount_amount", "currency"], description="What was taken off the whole line.")
    def discount(root: strawberry.Parent[models.OrderLine]) -> kit.Money:
        return kit.Money.of(root.money(root.discount_amount))

    @strawberry_django.field(
        only=["tax_amount", "currency"],
        description="Of the whole line: contained in its price, or on top of it, as the order's totals say.",
    )
    def tax(root: strawberry.Parent[models.OrderLine]) -> kit.Money:
        return kit.Money.of(root.money(root.tax_amount))


@strawberry_django.type(Event)
class OrderEvent(kit.Keyed, relay.Node):
    """One thing that happened to an order. `seq` counts 1, 2, 3 … without a gap: what to resume after."""

    seq: auto
    type: str = strawberry_django.field(description='For programs, for example "order.shipped".')
    occurred_at: auto

    @strawberry_django.field(only=["type", "payload"], description="For people: one sentence.")
    def message(root: strawberry.Parent[Event]) -> str:
        return root.message

    @strawberry_django.field(only=["payload"], description="What the event carries; its keys depend on `type`.")
    def payload(root: strawberry.Parent[Event]) -> JSON:
        return root.payload


@strawberry.type
class OrderAllowedAction:
    """Whether the person asking may do this now, and if not, why not, in a sentence."""

    action: OrderAction
    is_allowed: bool
    reason: str | None


@strawberry_django.type(models.Order)
class Order(kit.Keyed, relay.Node):
    """What somebody bought. Follow it live with the subscriptions orderStatusChanged and orderEvents."""

    number: str = strawberry_django.field(description="What people call it; easy to read out.")
    status: OrderStatus
    payment_status: PaymentStatus
    email: auto
    customer: User | None
    lines: list[OrderLine]
    fulfillments: list[Fulfillment]
    documents: list[Document] = strawberry_django.field(
        description="The invoice once it is paid, and a credit note for each refund."
    )
    shipping_method: str = strawberry_django.field(description="Empty where nothing travels.")
    note: str = strawberry_django.field(description="From the buyer, for the shop.")
    prices_include_tax: auto
    approval_requests: list[
        Annotated["ApprovalRequest", strawberry.lazy("workflows.graphql.types")]  # noqa: F821
    ] = strawberry_django.field(
        field_cls=kit.narrowed(lambda requests, info: kit.seen(requests, kit.viewer(info))),
        description="What somebody must decide first: for the buyer with an account, and for those who decide.",
    )

    @strawberry_django.field(only=["placed_at"])
    def placed_at(root: strawberry.Parent[models.Order]) -> datetime:
        return root.placed_at

    @strawberry_django.field(only=["subtotal_amount", "currency"])
    def subtotal(root: strawberry.Parent[models.Order]) -> kit.Money:
        return kit.Money.of(root.money(root.subtotal_amount))

    @strawberry_django.field(only=["discount_amount", "currency"])
    def discount_total(root: strawberry.Parent[models.Order]) -> kit.Money:
        return kit.Money.of(root.money(root.discount_amount))

    @strawberry_django.field(only=["shipping_amount", "currency"])
    def shipping_total(root: strawberry.Parent[models.Order]) -> kit.Money:
        return kit.Money.of(root.money(root.shipping_amount))

    @strawberry_django.field(only=["tax_amount", "currency"])
    def tax_total(root: strawberry.Parent[models.Order]) -> kit.Money:
        return kit.Money.of(root.money(root.tax_amount))

    @strawberry_django.field(
        only=["included_tax_amount", "currency"], description="How much of the total is tax that the prices contain."
    )
    def included_tax(root: strawberry.Parent[models.Order]) -> kit.Money:
        return kit.Money.of(root.money(root.included_tax_amount))

    @strawberry_django.field(
        only=["price_breakdown", "currency"], description="How the total came to be: the lines of a receipt."
    )
    def price_breakdown(root: strawberry.Parent[models.Order]) -> list[PriceStep]:
        return [PriceStep.kept(step, root.currency) for step in root.price_breakdown]

    @strawberry_django.field(only=["total_amount", "currency"])
    def total(root: strawberry.Parent[models.Order]) -> kit.Money:
        return kit.Money.of(root.total)

    @strawberry_django.field(only=["shipping_address"])
    def shipping_address(root: strawberry.Parent[models.Order]) -> PostalAddress:
        return PostalAddress.of(root.shipping_address)

    @strawberry_django.field(only=["billing_address"])
    def billing_address(root: strawberry.Parent[models.Order]) -> PostalAddress:
        return PostalAddress.of(root.billing_address)

    @strawberry_django.field(
        only=["status", "payment_status"], description="Every action, and whether the person asking may do it now."
    )
    def allowed_actions(root: strawberry.Parent[models.Order], info: kit.Info) -> list[OrderAllowedAction]:
        return [
            OrderAllowedAction(action=action, is_allowed=reason is None, reason=reason)
            for action, reason in services.allowed_actions(order=root, actor=kit.viewer(info))
        ]

    @strawberry_django.connection(kit.Connection[OrderEvent], description="The order's whole history, oldest first.")
    def events(root: strawberry.Parent[models.Order]) -> QuerySet[Event]:
        return root.events.order_by("seq")


OrderFilters = kit.filter_input(
    filters.OrderFilterSet, "OrderFilters", types={"status": OrderStatus, "payment_status": PaymentStatus}
)


@strawberry.input(one_of=True, description="Exactly one of these.")
class OrderOrdering:
    placed_at: kit.Ordering | None = strawberry.UNSET
    total: kit.Ordering | None = strawberry.UNSET
