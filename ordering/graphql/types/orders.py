"""Orders, as the API shows them."""

from datetime import datetime
from typing import Annotated

import strawberry
import strawberry_django
from django.db.models import QuerySet
from strawberry import auto, relay

from accounts.graphql.types import User
from catalog.graphql.types import ProductVariant
from notifications.models import Event
from ordering import filters, models, services
from ordering.graphql.types.addresses import PostalAddress
from ordering.graphql.types.documents import Document
from ordering.graphql.types.downloads import Download
from ordering.graphql.types.fulfillments import Fulfillment
from ordering.graphql.types.history import ForStaff, OrderEvent, OrderNote
from ordering.graphql.types.payments import Payment, Refund, prefetched_refunds, refunds_of
from ordering.graphql.types.prices import PriceStep
from ordering.graphql.types.promotions import OrderPromotion
from ordering.graphql.types.returns import Return
from ordering.permissions import OrderPermission
from ordering.services import downloading
from schema import kit

OrderStatus = strawberry.enum(
    models.OrderStatus,
    description="""Where an order is. The ordinary way: CONFIRMED, SHIPPED, DELIVERED.

PENDING while the payment is in review or awaited, AWAITING_APPROVAL until a person decided, PROCESSING once the shop
has taken it into work, PARTIALLY_SHIPPED while parcels are missing, ON_HOLD until staff release it. CANCELLED and
REJECTED are the end: what was charged is given back.""",
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
    fulfillments: list[Fulfillment] = strawberry_django.field(description="What was sent, oldest first.")
    returns: list[Return] = strawberry_django.field(description="What is to come back or did, oldest first.")
    documents: list[Document] = strawberry_django.field(
        description="The invoice once it is paid, and a credit note for each refund."
    )
    payment: Payment | None
    shipping_method: str = strawberry_django.field(description="Empty where nothing travels.")
    note: str = strawberry_django.field(description="From the buyer, for the shop.")
    prices_include_tax: auto
    is_due_on_delivery: auto = strawberry_django.field(description="It is shipped before it is paid.")
    drafted_by: User | None = strawberry_django.field(
        extensions=[ForStaff()],
        description="The member of staff who placed it for the buyer. For staff; null for everybody else.",
    )
    notes: list[OrderNote] | None = strawberry_django.field(
        extensions=kit.needs(OrderPermission.MANAGE_ORDERS),
        field_cls=kit.narrowed(lambda notes, info: notes if services.may_manage(kit.viewer(info)) else notes.none()),
        description="What the shop's staff say of it among themselves, oldest first.",
    )
    approval_requests: list[
        Annotated["ApprovalRequest", strawberry.lazy("workflows.graphql.types")]  # noqa: F821
    ] = strawberry_django.field(
        field_cls=kit.narrowed(lambda requests, info: kit.seen(requests, kit.viewer(info))),
        description="What somebody must decide first: for the buyer with an account, and for those who decide.",
    )

    @strawberry_django.field(
        only=["status", "payment_status", "customer"],
        prefetch_related=[downloading.prefetched()],
        description="The files that were bought, once they are paid.",
    )
    def downloads(root: strawberry.Parent[models.Order], info: kit.Info) -> list[Download]:
        return [Download.of(each, root, info) for each in downloading.of_order(root)]

    @strawberry_django.field(
        only=["id"],
        prefetch_related=[prefetched_refunds],
        description="What was given back or is to be, oldest first.",
    )
    def refunds(root: strawberry.Parent[models.Order]) -> list[Refund]:
        return refunds_of(root)

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

    @strawberry_django.field(
        only=["price_breakdown", "currency"],
        description="What made it cheaper, in the order it was taken off; an order that ended shows them as well.",
    )
    def promotions(root: strawberry.Parent[models.Order]) -> list[OrderPromotion]:
        return OrderPromotion.all_of(root.price_breakdown, root.currency)

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
        only=["status", "payment_status", "customer", "is_payment_awaited", "is_due_on_delivery"],
        description="Every action, and whether the person asking may do it now.",
    )
    def allowed_actions(root: strawberry.Parent[models.Order], info: kit.Info) -> list[OrderAllowedAction]:
        return [
            OrderAllowedAction(action=action, is_allowed=reason is None, reason=reason)
            for action, reason in services.allowed_actions(order=root, actor=kit.viewer(info))
        ]

    @strawberry_django.connection(
        kit.Connection[OrderEvent],
        description="The order's whole history, oldest first: every change, who made it and what brought it about. "
        "For one order at a time.",
    )
    def events(root: strawberry.Parent[models.Order], info: kit.Info) -> QuerySet[Event]:
        kit.refuse_in_lists(info, "Ask for `events` of one order at a time.")
        return root.events.order_by("seq")


OrderFilters = kit.filter_input(
    filters.OrderFilterSet,
    "OrderFilters",
    types={
        "status": list[OrderStatus],
        "payment_status": list[PaymentStatus],
        "customer_id": relay.GlobalID,
        "currency": str,
    },
)


@strawberry.input(one_of=True, description="Exactly one of these.")
class OrderOrdering:
    placed_at: kit.Ordering | None = strawberry.UNSET
    total: kit.Ordering | None = strawberry.UNSET
