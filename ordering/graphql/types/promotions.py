"""Promotions, as buyers and as those who keep them see them."""

from datetime import datetime
from decimal import Decimal

import strawberry
import strawberry_django
from django.db.models import Count
from moneyed import Money
from strawberry import auto, relay

from catalog.graphql.types import Category, Product
from ordering import filters, models, pricing
from ordering.graphql.types.errors import OrderErrorCode
from ordering.services import coupons
from ordering.services.quoting import Quote
from schema import kit

PromotionKind = strawberry.enum(
    models.PromotionKind,
    description="""What a promotion takes off.

PERCENTAGE: `percent` of what it is for. FIXED: `amount` off all it is for together, never more than that costs.
FREE_SHIPPING: all of the shipping. BUY_X_GET_Y: of every `buyQuantity` + `getQuantity` things it is for, the
`getQuantity` cheapest are `percent` cheaper; 100 is free.""",
)


@strawberry.type
class CartCoupon:
    """A coupon on a cart, and what it takes off now. One that does not apply stays until it is removed."""

    code: str
    name: str = strawberry.field(description='For people: "Summer sale".')
    discount: kit.Money = strawberry.field(
        description="What it takes off, shipping included; 0 while it does not apply."
    )
    is_applied: bool = strawberry.field(description="Whether it takes anything off now.")
    refusal: OrderErrorCode | None = strawberry.field(
        description="Why it does not apply: COUPON_EXPIRED, COUPON_EXHAUSTED or COUPON_NOT_APPLICABLE. Null also where "
        "it applies and saves nothing, because other promotions save more than it combines with."
    )
    reason: str | None = strawberry.field(description="Why it takes nothing off, in a sentence for the buyer.")

    @staticmethod
    def all_of(quote: Quote, currency: str) -> "list[CartCoupon]":
        return [
            CartCoupon(
                code=coupon.code or "",
                name=coupon.name,
                discount=kit.Money.of(taken),
                is_applied=bool(taken.amount),
                refusal=refused.code if refused else None,
                reason=refused.reason
                if refused
                else None
                if taken.amount
                else "It saves nothing on this cart as it is.",
            )
            for coupon, taken, refused in coupons.on_cart(quote, currency)
        ]


@strawberry.type
class OrderPromotion:
    """What made an order cheaper, as it was when it was placed."""

    name: str
    code: str | None = strawberry.field(description="Of a coupon; null for a promotion that applied by itself.")
    discount: kit.Money = strawberry.field(description="What it took off, shipping included.")

    @staticmethod
    def all_of(steps: list[dict[str, str]], currency: str) -> "list[OrderPromotion]":
        """From what an order keeps of how its total came to be."""
        return [
            OrderPromotion(
                name=step["label"], code=step.get("code"), discount=kit.Money.of(-Money(step["amount"], currency))
            )
            for step in steps
            if step["kind"] == pricing.StepKind.DISCOUNT
        ]


@strawberry_django.type(models.CustomerGroup)
class CustomerGroup(kit.Keyed, relay.Node):
    """Customers whom a promotion can be for."""

    name: auto

    @strawberry_django.field(annotate={"members_in_it": Count("members")})
    def member_count(root: strawberry.Parent[models.CustomerGroup]) -> int:
        counted: int | None = getattr(root, "members_in_it", None)
        return root.members.count() if counted is None else counted


@strawberry_django.type(models.Promotion)
class Promotion(kit.Keyed, relay.Node):
    """What makes carts cheaper: a coupon when it has a code, else a rule that applies by itself.

    Several are taken off in this order: by `priority`, smaller first; then BUY_X_GET_Y, PERCENTAGE, FIXED,
    FREE_SHIPPING; then as they were made. Each is computed on what those before it have left. One with `isExclusive`
    is never combined: of all that combine, and each exclusive one alone, the buyer gets what costs least.
    """

    name: str = strawberry_django.field(description="What buyers read beside the discount.")
    code: str | None = strawberry_django.field(description="What buyers type; null for a rule that needs none.")
    kind: PromotionKind
    percent: Decimal | None
    buy_quantity: auto
    get_quantity: auto
    categories: list[Category] = strawberry_django.field(
        description="What it is for, with all beneath them. Without categories and products it is for everything."
    )
    products: list[Product] = strawberry_django.field(description="What it is for as well.")
    customer_groups: list[CustomerGroup] = strawberry_django.field(
        description="For their members alone, if there are any."
    )
    is_first_order_only: bool = strawberry_django.field(
        description="For buyers without an order, by account and e-mail address; cancelled ones do not count."
    )
    starts_at: datetime | None
    ends_at: datetime | None = strawberry_django.field(description="From this moment on it does not apply.")
    is_active: bool
    priority: int
    is_exclusive: bool
    usage_limit: int | None = strawberry_django.field(description="At most so many orders.")
    usage_limit_per_customer: int | None = strawberry_django.field(
        description="At most so many orders of one buyer, known by account or e-mail address."
    )
    times_used: int = strawberry_django.field(
        description="So many orders have it. One that is declined, cancelled or rejected gives its use back."
    )
    created_at: auto
    currency: str | None = strawberry_django.field(
        resolver=lambda root: root.currency or None,
        only=["currency"],
        description="For carts in it alone; null: for all.",
    )

    @strawberry_django.field(only=["amount", "currency"])
    def amount(root: strawberry.Parent[models.Promotion]) -> kit.Money | None:
        return None if root.amount is None else kit.Money.of(root.money(root.amount))

    @strawberry_django.field(
        only=["minimum_amount", "currency"],
        description="All goods of the cart must cost at least this, before discounts.",
    )
    def minimum_subtotal(root: strawberry.Parent[models.Promotion]) -> kit.Money | None:
        return None if root.minimum_amount is None else kit.Money.of(root.money(root.minimum_amount))


PromotionFilters = kit.filter_input(filters.PromotionFilterSet, "PromotionFilters", {"kind": PromotionKind})
