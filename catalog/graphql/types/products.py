"""Categories, vendors, products and variants, as the API shows them."""

from typing import Any

import strawberry
import strawberry_django
from django.conf import settings
from django.db.models import Case, Exists, F, OuterRef, QuerySet, Subquery, When
from strawberry import auto, relay
from strawberry.scalars import JSON

from accounts.graphql.types import User
from catalog import filters, models, money
from catalog.graphql.types import seen
from catalog.graphql.types.facets import ProductConnection
from catalog.graphql.types.prices import VariantPrice
from catalog.graphql.types.reviews import Review, ReviewFilters, ReviewOrdering, of_product
from catalog.graphql.types.stock import StockLevel, StockMovement
from catalog.graphql.types.versions import CONTENT, ProductVersion
from catalog.graphql.types.versions import of_product as versions_of
from schema import kit

ProductStatus = strawberry.enum(models.ProductStatus, description="Whether a product is on sale.")
VendorStatus = strawberry.enum(models.VendorStatus, description="Whether a vendor sells.")
ImageSize = strawberry.enum(models.ImageSize, description="The width of a thumbnail.")

# Each is a statement or two of its own, for each shelf or vendor of a list.
MAX_LISTS = 30
MAX_ANCESTORS = 200


@strawberry_django.type(models.Category)
class Category(kit.Keyed, relay.Node):
    """A shelf of the shop. Categories form a tree."""

    name: auto
    slug: auto
    parent: "Category | None"
    children: list["Category"] = strawberry_django.field(
        field_cls=kit.narrowed(lambda children, info: children.order_by("name", "pk")),
        description="The categories directly below this one, by name.",
    )

    @strawberry_django.field(
        only=["id", "parent_id"], description="The way here from the top of the tree: for breadcrumbs."
    )
    def ancestors(root: strawberry.Parent[models.Category], info: kit.Info) -> list["Category"]:
        info.context.spend("ancestors", MAX_ANCESTORS)
        return root.ancestors

    @strawberry_django.connection(
        ProductConnection["Product"],
        only=["id"],
        description="What is on sale here and in the categories below, newest first; of 30 categories in a request at "
        "most.",
    )
    def products(root: strawberry.Parent[models.Category], info: kit.Info) -> QuerySet[models.Product]:
        info.context.spend("Category.products", MAX_LISTS)
        found = models.Product.objects.visible_to(kit.viewer(info)).priced_in(info.context.currency)
        return found.filter(category__in=models.Category.objects.below(root.pk)).order_by("-created_at", "-pk")


@strawberry_django.type(models.Vendor)
class Vendor(kit.Keyed, relay.Node):
    """Who makes or sells a product: a seller's shop."""

    name: auto
    slug: auto
    status: VendorStatus
    description: str = strawberry_django.field(description="HTML, sanitised: safe to insert as it is.")

    @strawberry_django.field(
        prefetch_related=["members__groups"],
        description="The sellers who keep its products, by e-mail address; null for those who do not keep it.",
    )
    def members(root: strawberry.Parent[models.Vendor], info: kit.Info) -> list[User] | None:
        members = sorted(root.members.all(), key=lambda member: member.email)
        return members if root.is_kept_by(kit.viewer(info), members) else None

    @strawberry_django.connection(
        ProductConnection["Product"],
        only=["id"],
        description="What it has on sale, newest first; of 30 vendors in a request at most.",
    )
    def products(root: strawberry.Parent[models.Vendor], info: kit.Info) -> QuerySet[models.Product]:
        info.context.spend("Vendor.products", MAX_LISTS)
        found = models.Product.objects.visible_to(kit.viewer(info)).priced_in(info.context.currency)
        return found.filter(vendor=root.pk).order_by("-created_at", "-pk")


@strawberry.type
class SelectedOption:
    """What a variant is in one respect: `{ name: "Size", value: "M" }`."""

    name: str
    value: str


def _amount(column: str, listed: str) -> Any:
    """An amount in the currency of the request: of the variant's own row, or of that currency's price list."""

    def expression(info: kit.Info) -> Any:
        currency = info.context.currency
        if currency == settings.SHOP_CURRENCY:
            return _in_own_currency(column)
        prices = models.VariantPrice.objects.filter(variant=OuterRef("pk"), currency=currency)
        return Subquery(prices.values(listed)[:1])

    return expression


def _in_own_currency(column: str) -> Case:
    """Null on a row whose price was never told in the currency the shop has now."""
    return Case(When(currency=settings.SHOP_CURRENCY, then=F(column)))


@strawberry_django.type(models.ProductVariant)
class ProductVariant(kit.Keyed, relay.Node):
    """One buyable form of a product: what goes into a cart."""

    sku: auto
    name: auto
    barcode: str = strawberry_django.field(description="EAN, UPC or ISBN; empty when it has none.")
    is_active: bool = strawberry_django.field(description="Whether it is offered at all.")
    weight_grams: int | None
    image: "ProductImage | None" = strawberry_django.field(description="Its own picture, one of the product's.")
    # Carts and orders lead here from what was on sale once: nobody follows a draft that way.
    product: "Product | None" = strawberry_django.field(
        **seen.PRODUCT, description="Null while it is not on sale, for those who do not keep it."
    )

    @strawberry_django.field(only=["options"])
    def options(root: strawberry.Parent[models.ProductVariant]) -> list[SelectedOption]:
        return [SelectedOption(name=option["name"], value=option["value"]) for option in root.options]

    @strawberry_django.field(
        only=["price_amount", "currency"],
        annotate={"amount_asked": _amount("price_amount", "amount")},
        description="What one costs now, tax included; in the currency `products` or `product` was asked for, else "
        "in the shop's own. Null when it is not for sale in that currency.",
    )
    def price(root: strawberry.Parent[models.ProductVariant], info: kit.Info) -> kit.Money | None:
        if hasattr(root, "amount_asked"):
            return _money(root.amount_asked, info)
        price = root.price_in(info.context.currency)
        return price and kit.Money.of(price)

    @strawberry_django.field(
        only=["compare_at_amount", "currency"],
        annotate={"compare_at_asked": _amount("compare_at_amount", "compare_at_amount")},
        description="What one cost before, to be shown struck through; in the currency of `price`.",
    )
    def compare_at_price(root: strawberry.Parent[models.ProductVariant], info: kit.Info) -> kit.Money | None:
        if hasattr(root, "compare_at_asked"):
            return _money(root.compare_at_asked, info)
        price = root.compare_at_price_in(info.context.currency)
        return price and kit.Money.of(price)

    @strawberry_django.field(
        only=["price_amount", "compare_at_amount", "currency"],
        prefetch_related=["prices"],
        description="What one costs in each currency it is for sale in, the shop's own first.",
    )
    def prices(root: strawberry.Parent[models.ProductVariant]) -> list[VariantPrice]:
        return VariantPrice.all_of(root)

    @strawberry_django.field(select_related=["stock"], description="How many can be bought at this moment.")
    def quantity_available(root: strawberry.Parent[models.ProductVariant]) -> int:
        return root.available

    @strawberry_django.field(
        select_related=["stock"],
        **seen.STOCK,
        description="How many there are, and are promised. For whoever keeps the product, holds "
        "`catalog.manage_stock` or sees all products; null for everybody else.",
    )
    def stock(root: strawberry.Parent[models.ProductVariant]) -> StockLevel | None:
        return root.stock

    @strawberry_django.connection(
        kit.Connection[StockMovement] | None,
        only=["id"],
        **seen.STOCK,
        description="Every change of what is on hand, newest first; null for those who do not see `stock`.",
    )
    def stock_movements(root: strawberry.Parent[models.ProductVariant]) -> QuerySet[models.StockMovement]:
        return root.movements.order_by("-created_at", "-pk")


def _money(amount: Any, info: kit.Info) -> kit.Money | None:
    return None if amount is None else kit.Money.of(money.rounded(amount, info.context.currency))


@strawberry_django.type(models.ProductImage)
class ProductImage(kit.Keyed, relay.Node):
    """A picture of a product."""

    alt: auto

    @strawberry_django.field(
        only=["file", "source_url", "small", "medium", "large"],
        description="An absolute address: of the picture as it was given, or of a WebP thumbnail. A thumbnail that is "
        "not made yet, or of a picture on another server, is the picture itself.",
    )
    def url(root: strawberry.Parent[models.ProductImage], info: kit.Info, size: ImageSize | None = None) -> str:
        return info.context.absolute(root.url_of(size) if size else root.url)


@strawberry.type
class PriceRange:
    """What the variants of a product cost, from the cheapest to the dearest."""

    min: kit.Money
    max: kit.Money


def _range(column: str, listed: str) -> Any:
    """The end of a price range in the currency of the request."""

    def expression(info: kit.Info) -> Any:
        currency = info.context.currency
        if currency == settings.SHOP_CURRENCY:
            return _in_own_currency(column)
        ranges = models.PriceRange.objects.filter(product=OuterRef("pk"), currency=currency)
        return Subquery(ranges.values(listed)[:1])

    return expression


def _offered(variants: Any, info: kit.Info) -> Any:
    variants = variants.filter(is_active=True)
    if info.context.currency == settings.SHOP_CURRENCY:
        return variants
    return variants.filter(prices__currency=info.context.currency)


@strawberry_django.type(models.Product)
class Product(kit.Keyed, relay.Node):
    """Something the shop sells, in one or more variants."""

    name: auto
    slug: auto
    status: ProductStatus
    category: Category | None
    vendor: Vendor
    is_featured: auto
    is_digital: bool = strawberry_django.field(description="Whether it is delivered as a file, not in a parcel.")
    tax_class: str = strawberry_django.field(
        description='How it is taxed, such as "standard" or "reduced"; the rate depends on where an order goes.'
    )
    published_at: auto
    created_at: auto
    updated_at: auto
    seo_title: str = strawberry_django.field(description="For the page's title; empty means: the name.")
    seo_description: str = strawberry_django.field(description="For the page's meta description.")
    rating_count: int = strawberry_django.field(description="How many published reviews it has.")
    images: list[ProductImage]
    variants: list[ProductVariant] = strawberry_django.field(
        field_cls=kit.narrowed(_offered),
        description="Those on sale in the currency of the request, in the shop's order; at most 500.",
    )
    description: str = strawberry_django.field(description="HTML, sanitised: safe to insert as it is.")
    tags: list[str]
    attributes: JSON = strawberry_django.field(description='An object such as `{ "material": "oak" }`.')

    @strawberry_django.field(only=["status"], description="Where whoever keeps it can move it from its `status`.")
    def allowed_transitions(root: strawberry.Parent[models.Product]) -> list[ProductStatus]:
        return sorted(models.PRODUCT_TRANSITIONS[models.ProductStatus(root.status)])

    @strawberry_django.field(
        annotate={"has_stock": Exists(models.ProductVariant.objects.available().filter(product=OuterRef("pk")))},
        description="Whether some variant can be bought now.",
    )
    def in_stock(root: strawberry.Parent[models.Product]) -> bool:
        if hasattr(root, "has_stock"):
            return root.has_stock
        return root.variants.available().exists()

    @strawberry_django.field(
        only=["price_min", "price_max", "currency"],
        annotate={"lowest_asked": _range("price_min", "lowest"), "highest_asked": _range("price_max", "highest")},
        description="In the currency of the request; null when nothing is for sale in it.",
    )
    def price_range(root: strawberry.Parent[models.Product], info: kit.Info) -> PriceRange | None:
        if hasattr(root, "lowest_asked"):
            ends = [_money(root.lowest_asked, info), _money(root.highest_asked, info)]  # type: ignore[attr-defined]
        else:
            found = root.price_range_in(info.context.currency)
            ends = [kit.Money.of(end) for end in found] if found else [None, None]
        return PriceRange(min=ends[0], max=ends[1]) if all(ends) else None

    @strawberry_django.field(
        only=["rating_average", "rating_count"],
        description="The mean of its published reviews, from 1 to 5 stars; null without any.",
    )
    def rating_average(root: strawberry.Parent[models.Product]) -> float | None:
        return float(root.rating_average) if root.rating_count else None

    @strawberry_django.connection(
        kit.Connection[Review],
        only=["id"],
        description="What is published about it, newest first unless ordered otherwise; of one product at a time.",
    )
    def reviews(
        root: strawberry.Parent[models.Product],
        info: kit.Info,
        filters: ReviewFilters | None = None,
        ordering: list[ReviewOrdering] | None = None,
    ) -> QuerySet[models.Review]:
        return of_product(root, info, filters, ordering)

    @strawberry_django.connection(
        kit.Connection[ProductVersion] | None,
        only=["id", *CONTENT],
        **seen.KEPT,
        description="What was proposed for it, newest first, of one product at a time; null for those who do not keep "
        "it.",
    )
    def versions(root: strawberry.Parent[models.Product], info: kit.Info) -> QuerySet[models.ProductVersion]:
        return versions_of(root, info)


@strawberry.input(description='What a product must say of itself: `{ name: "material", value: "oak" }`.')
class AttributeFilter:
    name: str
    value: str


_LISTS = {"attributes": list[AttributeFilter], "tags": list[str]}
ProductFilters = kit.filter_input(filters.ProductFilterSet, "ProductFilters", _LISTS)
ManagedProductFilters = kit.filter_input(
    filters.ManagedProductFilterSet, "ManagedProductFilters", {"status": ProductStatus, **_LISTS}
)


@strawberry.input(one_of=True, description="Exactly one of these.")
class ProductOrdering:
    price: kit.Ordering | None = strawberry.UNSET
    name: kit.Ordering | None = strawberry.UNSET
    created_at: kit.Ordering | None = strawberry.UNSET
    best_selling: kit.Ordering | None = strawberry.field(
        default=strawberry.UNSET, description="By the number sold in the last 90 days; DESC has the best seller first."
    )
    rating: kit.Ordering | None = strawberry.field(
        default=strawberry.UNSET, description="By the mean of the reviews; DESC has the best first."
    )
    relevance: kit.Ordering | None = strawberry.field(
        default=strawberry.UNSET,
        description="By how well `filters.search` is met: DESC, the best first, is how a search is ordered unless you "
        "say otherwise. Without a search it is refused.",
    )
