"""Carts, as the API shows them."""

from datetime import datetime

import strawberry
import strawberry_django
from strawberry import auto, relay
from strawberry.scalars import JSON

from catalog.graphql.types import ProductVariant
from notifications.models import Event
from ordering import models, services
from ordering.graphql.types.addresses import PostalAddress
from ordering.graphql.types.cart_problems import CartProblem, problems_of
from ordering.graphql.types.prices import PriceStep
from ordering.graphql.types.promotions import CartCoupon
from ordering.services import merging, quoting
from ordering.services.quoting import Quote
from schema import kit

# A request prices so many carts; each takes some statements.
MAX_PRICED = 10
# What of a cart its price depends on.
_PRICED = [
    "currency",
    "customer",
    "email",
    "shipping_address",
    "billing_address",
    "shipping_method",
]


@strawberry_django.type(models.CartLine)
class CartLine(kit.Keyed, relay.Node):
    """So many of one variant in a cart, at today's price in the cart's currency."""

    quantity: auto
    variant: ProductVariant

    @strawberry_django.field(
        only=["quantity", "reserved", "reserved_until"],
        description="Until then it is held for this cart, as many as were in it when `checkoutStart` was called last. "
        "Null when it is not.",
    )
    def reserved_until(root: strawberry.Parent[models.CartLine]) -> datetime | None:
        return root.held_until

    @strawberry_django.field(
        only=["cart"],
        description="Null when the variant has no price in the cart's currency any more: checkout then refuses it.",
    )
    def unit_price(root: strawberry.Parent[models.CartLine], info: kit.Info) -> kit.Money | None:
        price = _contents(root.cart, info).unit_prices.get(root.pk)
        return None if price is None else kit.Money.of(price)

    @strawberry_django.field(only=["cart", "quantity"], description="Null when `unitPrice` is.")
    def total_price(root: strawberry.Parent[models.CartLine], info: kit.Info) -> kit.Money | None:
        price = _contents(root.cart, info).unit_prices.get(root.pk)
        return None if price is None else kit.Money.of(price * root.quantity)


@strawberry_django.type(models.ShippingMethod)
class ShippingMethod(kit.Keyed, relay.Node):
    """A way to send an order."""

    name: auto

    @strawberry_django.field(only=["price_amount", "currency"])
    def price(root: strawberry.Parent[models.ShippingMethod]) -> kit.Money:
        return kit.Money.of(getattr(root, "quoted", root.price))

    @strawberry_django.field(only=["free_above", "currency"], description="Costs nothing from this subtotal on.")
    def free_from(root: strawberry.Parent[models.ShippingMethod]) -> kit.Money | None:
        return None if root.free_from is None else kit.Money.of(root.free_from)


@strawberry_django.type(models.Cart)
class Cart(kit.Keyed, relay.Node):
    """What somebody is about to buy, priced as of now.

    The id is the key: keep it to come back. Totals count the cheapest shipping method until one is chosen.
    """

    currency: str = strawberry_django.field(
        description="All its amounts are in it. It is chosen with `cartCreate`, for good. Not that of "
        "`lines { variant { price } }`, which is the request's."
    )
    lines: list[CartLine] = strawberry_django.field(only=_PRICED)
    email: str = strawberry_django.field(description="Where the confirmation goes; empty until it is known.")
    note: str = strawberry_django.field(description="From the buyer, for the shop.")
    created_at: auto
    updated_at: auto

    @strawberry_django.field(only=["shipping_address"])
    def shipping_address(root: strawberry.Parent[models.Cart]) -> PostalAddress | None:
        return PostalAddress.of(root.shipping_address)

    @strawberry_django.field(only=["billing_address"], description="The shipping address counts where it is null.")
    def billing_address(root: strawberry.Parent[models.Cart]) -> PostalAddress | None:
        return PostalAddress.of(root.billing_address)

    @strawberry_django.field(only=["updated_at"], description="When it goes if nobody touches it any more.")
    def expires_at(root: strawberry.Parent[models.Cart]) -> datetime:
        return root.expires_at

    @strawberry_django.field(
        only=_PRICED,
        description="Until then what is in it is held for this cart, see `checkoutStart`. Null when a line is not "
        "held.",
    )
    def reserved_until(root: strawberry.Parent[models.Cart], info: kit.Info) -> datetime | None:
        held = [line.held_until for line in _contents(root, info).lines]
        return min((until for until in held if until), default=None) if all(held) else None

    @strawberry_django.field(only=_PRICED, description="How many things are in the cart, all lines together.")
    def item_count(root: strawberry.Parent[models.Cart], info: kit.Info) -> int:
        return sum(line.quantity for line in _contents(root, info).lines)

    @strawberry_django.field(only=_PRICED)
    def subtotal(root: strawberry.Parent[models.Cart], info: kit.Info) -> kit.Money:
        return kit.Money.of(_quote(root, info).totals.subtotal)

    @strawberry_django.field(only=_PRICED)
    def discount_total(root: strawberry.Parent[models.Cart], info: kit.Info) -> kit.Money:
        return kit.Money.of(_quote(root, info).totals.discount)

    @strawberry_django.field(only=_PRICED)
    def shipping_total(root: strawberry.Parent[models.Cart], info: kit.Info) -> kit.Money:
        return kit.Money.of(_quote(root, info).totals.shipping)

    @strawberry_django.field(
        only=_PRICED,
        description="Tax on top, once there is an address. 0 where prices include tax: then see `includedTax`.",
    )
    def tax_total(root: strawberry.Parent[models.Cart], info: kit.Info) -> kit.Money:
        return kit.Money.of(_quote(root, info).totals.tax)

    @strawberry_django.field(only=_PRICED, description="How much of the total is tax that the prices contain.")
    def included_tax(root: strawberry.Parent[models.Cart], info: kit.Info) -> kit.Money:
        return kit.Money.of(_quote(root, info).totals.included_tax)

    @strawberry_django.field(
        only=_PRICED, description="What checkout will charge: with the chosen shipping method, or else the cheapest."
    )
    def total(root: strawberry.Parent[models.Cart], info: kit.Info) -> kit.Money:
        return kit.Money.of(_quote(root, info).totals.total)

    @strawberry_django.field(
        only=_PRICED,
        description="Cheapest first, for the cart's address once it has one. Narrowed to those that ship to a country "
        "when it is given.",
    )
    def available_shipping_methods(
        root: strawberry.Parent[models.Cart], info: kit.Info, country: str | None = None
    ) -> list[ShippingMethod]:
        _quote(root, info)
        return services.shipping_methods(cart=root, country=country)

    @strawberry_django.field(
        only=_PRICED,
        description="How it is sent, as chosen with `cartShippingMethodSet`. Null leaves it to be the cheapest.",
    )
    def shipping_method(root: strawberry.Parent[models.Cart], info: kit.Info) -> ShippingMethod | None:
        offered = {method.pk: method for method in _quote(root, info).methods}
        return offered.get(root.shipping_method_id, root.shipping_method) if root.shipping_method_id else None

    @strawberry_django.field(
        only=_PRICED, description="Whether anything in it travels: then checkout needs an address to send it to."
    )
    def needs_shipping(root: strawberry.Parent[models.Cart], info: kit.Info) -> bool:
        return _quote(root, info).needs_shipping

    @strawberry_django.field(
        only=_PRICED, description="In the order they are taken off, with those that do not apply now."
    )
    def coupons(root: strawberry.Parent[models.Cart], info: kit.Info) -> list[CartCoupon]:
        return CartCoupon.all_of(_quote(root, info), root.currency)

    @strawberry_django.field(
        only=[*_PRICED, "completed_at"],
        description="""What checkout would refuse, as of now: show it before the buyer tries. Empty when all is well.

```graphql
problems {
  __typename message line { id }
  ... on OnlySomeLeft { available }
  ... on PriceChanged { from { amount } to { amount currency } }
  ... on BelowMinimum { missing { amount currency } }
}
```""",
    )
    def problems(root: strawberry.Parent[models.Cart], info: kit.Info) -> list[CartProblem]:
        _quote(root, info)
        return problems_of(root)

    @strawberry_django.field(only=_PRICED, description="How the total comes to be: the lines of a receipt.")
    def price_breakdown(root: strawberry.Parent[models.Cart], info: kit.Info) -> list[PriceStep]:
        return [PriceStep.of(step) for step in _quote(root, info).totals.steps]


@strawberry.type
class CartEvent:
    """One thing that happened to a cart. `seq` counts 1, 2, 3 … without a gap: what to resume after."""

    seq: int
    type: str = strawberry.field(description='For programs: "cart.reservation_expiring" or "cart.reservation_expired".')
    message: str = strawberry.field(description="For people: one sentence.")
    occurred_at: datetime
    payload: JSON = strawberry.field(description="What the event carries; its keys depend on `type`.")

    @classmethod
    def of(cls, event: Event) -> "CartEvent":
        return cls(
            seq=event.seq,
            type=event.type,
            message=event.message,
            occurred_at=event.occurred_at,
            payload=event.payload,
        )


CartMergeOutcomeKind = strawberry.enum(
    merging.MergeOutcome,
    name="CartMergeOutcomeKind",
    description="""What became of a line of a guest's cart that was merged.

ADDED: it is a line of the customer's cart now. SUMMED: the customer had some already. CAPPED_BY_STOCK: only so many as
there are, or as a line may hold. PRICE_CHANGED: it is there, at another price than the guest was shown. UNAVAILABLE: it
is sold out, or not sold any more, and did not come along.""",
)


@strawberry.type
class CartMergeOutcome:
    """What became of one line of a guest's cart."""

    sku: str
    variant: ProductVariant | None = strawberry.field(description="Null once the shop deleted it.")
    outcome: CartMergeOutcomeKind
    quantity: int = strawberry.field(description="So many of it were in the customer's cart right after the merge.")

    @staticmethod
    def all_of(merged: merging.Merged) -> "list[CartMergeOutcome]":
        variants = merged.variants()
        return [
            CartMergeOutcome(
                sku=each.sku, variant=variants.get(each.variant_id), outcome=each.outcome, quantity=each.quantity
            )
            for each in merged.outcomes
        ]


def _contents(cart: models.Cart, info: kit.Info) -> quoting.Contents:
    _spend(cart, info)
    return quoting.contents(cart)


def _quote(cart: models.Cart, info: kit.Info) -> Quote:
    _spend(cart, info)
    return quoting.quote(cart)


def _spend(cart: models.Cart, info: kit.Info) -> None:
    if not quoting.is_known(cart):
        info.context.spend("Cart", MAX_PRICED)
