"""Categories, vendors, products and variants, as the API shows them."""

import strawberry
import strawberry_django
from django.db.models import Exists, OuterRef
from strawberry import auto, relay
from strawberry.scalars import JSON

from catalog import filters, models
from schema import kit


@strawberry_django.type(models.Category)
class Category(kit.Keyed, relay.Node):
    """A shelf of the shop. Categories form a tree."""

    name: auto
    slug: auto
    parent: "Category | None"


@strawberry_django.type(models.Vendor)
class Vendor(kit.Keyed, relay.Node):
    """Who makes or sells a product."""

    name: auto
    slug: auto


@strawberry.type
class SelectedOption:
    """What a variant is in one respect: `{ name: "Size", value: "M" }`."""

    name: str
    value: str


@strawberry_django.type(models.ProductVariant)
class ProductVariant(kit.Keyed, relay.Node):
    """One buyable form of a product: what goes into a cart."""

    sku: auto
    name: auto
    product: "Product"

    @strawberry_django.field(only=["options"])
    def options(root: strawberry.Parent[models.ProductVariant]) -> list[SelectedOption]:
        return [SelectedOption(name=option["name"], value=option["value"]) for option in root.options]

    @strawberry_django.field(only=["price_amount", "currency"], description="What one costs now, tax included.")
    def price(root: strawberry.Parent[models.ProductVariant]) -> kit.Money:
        return kit.Money.of(root.price)

    @strawberry_django.field(
        only=["compare_at_amount", "currency"], description="What one cost before, to be shown struck through."
    )
    def compare_at_price(root: strawberry.Parent[models.ProductVariant]) -> kit.Money | None:
        return None if root.compare_at_price is None else kit.Money.of(root.compare_at_price)

    @strawberry_django.field(select_related=["stock"], description="How many can be bought at this moment.")
    def quantity_available(root: strawberry.Parent[models.ProductVariant]) -> int:
        return root.on_hand


@strawberry_django.type(models.ProductImage)
class ProductImage(kit.Keyed, relay.Node):
    """A picture of a product."""

    alt: auto

    @strawberry_django.field(only=["file", "source_url"], description="An absolute address.")
    def url(root: strawberry.Parent[models.ProductImage], info: kit.Info) -> str:
        return info.context.absolute(root.url)


@strawberry.type
class PriceRange:
    """What the variants of a product cost, from the cheapest to the dearest."""

    min: kit.Money
    max: kit.Money


@strawberry_django.type(models.Product)
class Product(kit.Keyed, relay.Node):
    """Something the shop sells, in one or more variants."""

    name: auto
    slug: auto
    category: Category | None
    vendor: Vendor
    is_featured: auto
    created_at: auto
    images: list[ProductImage]
    variants: list[ProductVariant] = strawberry_django.field(
        field_cls=kit.narrowed(lambda variants, info: variants.filter(is_active=True)),
        description="Those on sale, in the shop's order; at most 500.",
    )
    description: str = strawberry_django.field(description="HTML, sanitised: safe to insert as it is.")
    tags: list[str]
    attributes: JSON

    @strawberry_django.field(
        annotate={
            "has_stock": Exists(
                models.ProductVariant.objects.filter(product=OuterRef("pk"), is_active=True, stock__on_hand__gt=0)
            )
        },
        description="Whether some variant can be bought now.",
    )
    def in_stock(root: strawberry.Parent[models.Product]) -> bool:
        return root.has_stock  # type: ignore[attr-defined]

    @strawberry_django.field(only=["price_min", "price_max", "currency"], description="Null when nothing is on sale.")
    def price_range(root: strawberry.Parent[models.Product]) -> PriceRange | None:
        if root.price_range is None:
            return None
        cheapest, dearest = root.price_range
        return PriceRange(min=kit.Money.of(cheapest), max=kit.Money.of(dearest))


ProductFilters = kit.filter_input(filters.ProductFilterSet, "ProductFilters")


@strawberry.input(one_of=True, description="Exactly one of these.")
class ProductOrdering:
    price: kit.Ordering | None = strawberry.UNSET
    name: kit.Ordering | None = strawberry.UNSET
    created_at: kit.Ordering | None = strawberry.UNSET
