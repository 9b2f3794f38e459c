"""Carts, as the API shows them."""

from datetime import datetime

import strawberry
import strawberry_django
from strawberry import auto, relay

from catalog.graphql.types import ProductVariant
from ordering import models, services
from ordering.graphql.types.addresses import PostalAddress
from ordering.graphql.types.prices import PriceStep
from ordering.services.quoting import Quote
from schema import kit


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
        price = _quote(root.cart).unit_prices.get(root.pk)
        return None if price is None else kit.Money.of(price)

    @strawberry_django.field(only=["cart", "quantity"], description="Null when `unitPrice` is.")
    def total_price(root: strawberry.Parent[models.CartLine]) -> kit.Money | None:
        price = _quote(root.cart).unit_prices.get(root.pk)
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
    lines: list[CartLine] = strawberry_django.field(only=["currency"])
    email: auto
    note: auto

    @strawberry_django.field(only=["shipping_address"])
    def shipping_address(root: strawberry.Parent[models.Cart]) -> PostalAddress | None:
        return PostalAddress.of(root.shipping_address)

    @strawberry_django.field(only=["billing_address"], description="The shipping address counts where it is null.")
    def billing_address(root: strawberry.Parent[models.Cart]) -> PostalAddress | None:
        return PostalAddress.of(root.billing_address)

    @strawberry_django.field(only=["updated_at"], description="When it goes if nobody touches it any more.")
    def expires_at(root: strawberry.Parent[models.Cart]) -> datetime:
        return root.expires_at

    @strawberry_django.field(description="How many things are in the cart, all lines together.")
    def item_count(root: strawberry.Parent[models.Cart]) -> int:
        return sum(line.quantity for line in _quote(root).lines)

    @strawberry_django.field
    def subtotal(root: strawberry.Parent[models.Cart]) -> kit.Money:
        return kit.Money.of(_quote(root).totals.subtotal)

    @strawberry_django.field
    def discount_total(root: strawberry.Parent[models.Cart]) -> kit.Money:
        return kit.Money.of(_quote(root).totals.discount)

    @strawberry_django.field
    def shipping_total(root: strawberry.Parent[models.Cart]) -> kit.Money:
        return kit.Money.of(_quote(root).totals.shipping)

    @strawberry_django.field(
        description="Tax on top, once there is an address. 0 where prices include tax: then see `includedTax`."
    )
    def tax_total(root: strawberry.Parent[models.Cart]) -> kit.Money:
        return kit.Money.of(_quote(root).totals.tax)

    @strawberry_django.field(description="How much of the total is tax that the prices contain.")
    def included_tax(root: strawberry.Parent[models.Cart]) -> kit.Money:
        return kit.Money.of(_quote(root).totals.included_tax)

    @strawberry_django.field(
        description="What checkout will charge: with the chosen shipping method, or else the cheapest."
    )
    def total(root: strawberry.Parent[models.Cart]) -> kit.Money:
        return kit.Money.of(_quote(root).totals.total)

    @strawberry_django.field(description="Cheapest first. Narrowed to those that ship to a country when it is given.")
    def available_shipping_methods(
        root: strawberry.Parent[models.Cart], country: str | None = None
    ) -> list[ShippingMethod]:
        return services.shipping_methods(cart=root, country=country)

    @strawberry_django.field(description="How the total comes to be: the lines of a receipt.")
    def price_breakdown(root: strawberry.Parent[models.Cart]) -> list[PriceStep]:
        return [PriceStep.of(step) for step in _quote(root).totals.steps]


def _quote(cart: models.Cart) -> Quote:
    return services.quote(cart)
