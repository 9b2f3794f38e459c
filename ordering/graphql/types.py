"""Carts and orders, as the API shows them."""

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
from ordering import errors, filters, models, services
from ordering.pricing import Totals
from schema import kit

OrderErrorCode = strawberry.enum(errors.OrderErrorCode, description="Why a cart or order mutation was refused.")
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


@strawberry.type
class OrderUserError(kit.UserError):
    code: OrderErrorCode


@strawberry.type
class PostalAddress:
    """An address as it was when the order was placed. `country` is an ISO 3166 code of two letters."""

    full_name: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: str
    phone: str


@strawberry_django.type(models.CartLine)
class CartLine(kit.Keyed, relay.Node):
    """So many of one variant in a cart, at today's price in the cart's currency."""

    quantity: auto
    variant: ProductVariant

    @strawberry_django.field(
        only=["cart"],
        description="Null when the variant has no price in the cart's currency any more: checkout then refuses it.",
    )
    def unit_price(root: strawberry.Parent[models.CartLine]) -> kit.Money | None:
        price = root.cart.unit_prices.get(root.pk)
        return None if price is None else kit.Money.of(price)

    @strawberry_django.field(only=["cart", "quantity"], description="Null when `unitPrice` is.")
    def total_price(root: strawberry.Parent[models.CartLine]) -> kit.Money | None:
        price = root.cart.unit_prices.get(root.pk)
        return None if price is None else kit.Money.of(price * root.quantity)


@strawberry_django.type(models.ShippingMethod)
class ShippingMethod(kit.Keyed, relay.Node):
    """A way to send an order."""

    name: auto

    @strawberry_django.field(only=["price_amount", "currency"])
    def price(root: strawberry.Parent[models.ShippingMethod]) -> kit.Money:
        return kit.Money.of(root.price)

    @strawberry_django.field(only=["free_above", "currency"], description="Costs nothing from this subtotal on.")
    def free_from(root: strawberry.Parent[models.ShippingMethod]) -> kit.Money | None:
        return None if root.free_from is None else kit.Money.of(root.free_from)


@strawberry_django.type(models.Cart)
class Cart(kit.Keyed, relay.Node):
    """What somebody is about to buy, priced as of now.

    The id is the key: keep it to come back. Totals count the cheapest shipping method until checkout chooses one.
    """

    currency: str = strawberry_django.field(
        description="All its amounts are in it. It is chosen with `cartCreate`, for good. Not that of "
        "`lines { variant { price } }`, which is the request's."
    )
    lines: list[CartLine] = strawberry_django.field(only=["currency"])

    @strawberry_django.field(description="How many things are in the cart, all lines together.")
    def item_count(root: strawberry.Parent[models.Cart]) -> int:
        return sum(line.quantity for line in root.priced_lines)

    @strawberry_django.field
    def subtotal(root: strawberry.Parent[models.Cart]) -> kit.Money:
        return kit.Money.of(_totals(root).subtotal)

    @strawberry_django.field
    def discount_total(root: strawberry.Parent[models.Cart]) -> kit.Money:
        return kit.Money.of(_totals(root).discount)

    @strawberry_django.field
    def shipping_total(root: strawberry.Parent[models.Cart]) -> kit.Money:
        return kit.Money.of(_totals(root).shipping)

    @strawberry_django.field(description="Tax on top; prices of this shop include tax, so it is 0.")
    def tax_total(root: strawberry.Parent[models.Cart]) -> kit.Money:
        return kit.Money.of(_totals(root).tax)

    @strawberry_django.field(description="What checkout will charge with the cheapest shipping method.")
    def total(root: strawberry.Parent[models.Cart]) -> kit.Money:
        return kit.Money.of(_totals(root).total)

    @strawberry_django.field(description="Cheapest first. Narrowed to those that ship to a country when it is given.")
    def available_shipping_methods(
        root: strawberry.Parent[models.Cart], country: str | None = None
    ) -> list[ShippingMethod]:
        return services.shipping_methods(currency=root.currency, country=country)


def _totals(cart: models.Cart) -> Totals:
    return services.totals_of(cart=cart)


@strawberry_django.type(models.OrderLine)
class OrderLine(kit.Keyed, relay.Node):
    """So many of one variant, as it was named and priced when the order was placed."""

    product_name: auto
    variant_name: auto
    sku: auto
    quantity: auto
    quantity_fulfilled: auto
    variant: ProductVariant | None = strawberry_django.field(description="Null once the shop deleted it.")

    @strawberry_django.field(only=["unit_amount", "currency"])
    def unit_price(root: strawberry.Parent[models.OrderLine]) -> kit.Money:
        return kit.Money.of(root.unit_price)

    @strawberry_django.field(only=["unit_amount", "currency", "quantity"])
    def total_price(root: strawberry.Parent[models.OrderLine]) -> kit.Money:
        return kit.Money.of(root.total_price)


@strawberry_django.type(models.Fulfillment)
class Fulfillment(kit.Keyed, relay.Node):
    """One parcel of an order."""

    carrier: auto
    tracking_number: auto
    tracking_url: auto
    created_at: auto


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
    shipping_method: str
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

    @strawberry_django.field(only=["total_amount", "currency"])
    def total(root: strawberry.Parent[models.Order]) -> kit.Money:
        return kit.Money.of(root.total)

    @strawberry_django.field(only=["shipping_address"])
    def shipping_address(root: strawberry.Parent[models.Order]) -> PostalAddress:
        return PostalAddress(**root.shipping_address)

    @strawberry_django.field(only=["billing_address"])
    def billing_address(root: strawberry.Parent[models.Order]) -> PostalAddress:
        return PostalAddress(**root.billing_address)

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
