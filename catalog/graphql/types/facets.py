"""What a list of products holds, in numbers, and names that complete what somebody types."""

from decimal import Decimal

import strawberry
from strawberry.relay.types import NodeType

from catalog import money, search
from schema import kit

# Each reads the whole list.
MAX_FACETS = 3

SuggestionKind = strawberry.enum(search.SuggestionKind, description="What a suggestion leads to.")


@strawberry.type(description="A shelf with products of the list on it, or below it.")
class CategoryFacet:
    name: str
    slug: str = strawberry.field(description="For `filters: { category }`.")
    parent: str | None = strawberry.field(description="The slug of the shelf above; null at the top of the tree.")
    count: int = strawberry.field(description="Products on it and on all below it.")


@strawberry.type(description="A vendor with products in the list.")
class VendorFacet:
    name: str
    slug: str = strawberry.field(description="For `filters: { vendor }`.")
    count: int


@strawberry.type(description="Products of which the cheapest variant costs from `min` to `max`, both included.")
class PriceRangeFacet:
    min: kit.Money
    max: kit.Money
    count: int


@strawberry.type
class AttributeValueFacet:
    value: str
    count: int


@strawberry.type(
    description='What products of the list say of themselves: for `filters: { attributes: [{ name: "…" }] }`.'
)
class AttributeFacet:
    name: str
    values: list[AttributeValueFacet] = strawberry.field(description="The 20 commonest, the commonest first.")


@strawberry.type
class RatingFacet:
    stars: int = strawberry.field(description="For `filters: { minRating }`.")
    count: int = strawberry.field(description="Products with so many stars or more.")


@strawberry.type(description="How many products of the list there are of which kind, after all of its filters.")
class ProductFacets:
    facets: strawberry.Private[search.Facets]

    @strawberry.field(description="The 50 fullest shelves, the fullest first. A shelf counts what is below it.")
    def categories(self) -> list[CategoryFacet]:
        return [CategoryFacet(**vars(each)) for each in self.facets.categories]

    @strawberry.field(description="The 50 vendors with most products in the list.")
    def vendors(self) -> list[VendorFacet]:
        return [VendorFacet(**vars(each)) for each in self.facets.vendors]

    @strawberry.field(
        description="Up to 5 ranges that hold about as many products each, the cheapest first; in the currency of the "
        "request."
    )
    def price_ranges(self) -> list[PriceRangeFacet]:
        return [
            PriceRangeFacet(
                min=_money(each.lowest, self.facets.currency),
                max=_money(each.highest, self.facets.currency),
                count=each.count,
            )
            for each in self.facets.price_ranges
        ]

    @strawberry.field(description="The 10 commonest, the commonest first.")
    def attributes(self) -> list[AttributeFacet]:
        return [
            AttributeFacet(name=each.name, values=[AttributeValueFacet(**vars(value)) for value in each.values])
            for each in self.facets.attributes
        ]

    @strawberry.field(description="From 4 stars and more to 1 and more.")
    def ratings(self) -> list[RatingFacet]:
        return [RatingFacet(**vars(each)) for each in self.facets.ratings]

    @strawberry.field(description="How many can be bought now.")
    def in_stock(self) -> int:
        return self.facets.in_stock


@strawberry.type(name="Connection", description="A page of a list that can grow.")
class ProductConnection(kit.Connection[NodeType]):
    @strawberry.field(
        description="What the whole list holds, for the filters beside it. It reads the whole list: ask for it with "
        "the first page only, and for three lists in a request at most."
    )
    def facets(self, info: kit.Info) -> ProductFacets:
        info.context.spend("facets", MAX_FACETS)
        return ProductFacets(facets=search.Facets(self.total_count_qs, info.context.currency))


@strawberry.type(description="A name that completes what was typed, and where it leads.")
class ProductSuggestion:
    kind: SuggestionKind
    name: str
    slug: str = strawberry.field(description="For `productBySlug`, `categoryBySlug` or `vendorBySlug`, as `kind` says.")


def _money(amount: Decimal, currency: str) -> kit.Money:
    return kit.Money.of(money.rounded(amount, currency))
