"""Browsing the shop."""

import strawberry
import strawberry_django
from django.db.models import QuerySet
from strawberry import relay

from catalog import filters, models
from catalog.graphql import types
from schema import kit

_ORDERINGS = {"price": "price_min", "name": "name", "created_at": "created_at"}


@strawberry.type
class Query:
    @strawberry_django.connection(
        kit.Connection[types.Product],
        description="""What is on sale, newest first unless ordered otherwise.

```graphql
{
  products(first: 5, filters: { category: "lighting", maxPrice: "100" }, ordering: [{ price: ASC }]) {
    edges { node { name priceRange { min { amount currency } } } }
    pageInfo { endCursor hasNextPage }
  }
}
```""",
    )
    def products(
        self,
        info: kit.Info,
        filters: types.ProductFilters | None = None,
        ordering: list[types.ProductOrdering] | None = None,
    ) -> QuerySet[models.Product]:
        found = kit.filtered(_filterset, filters, models.Product.objects.visible_to(kit.viewer(info)))
        return kit.ordered(found.order_by("-created_at", "pk"), ordering, _ORDERINGS)

    @strawberry_django.field(description="One product by its id; the error NOT_FOUND when it is not on sale.")
    def product(self, info: kit.Info, id: relay.GlobalID) -> types.Product | None:
        return kit.row(models.Product.objects.visible_to(kit.viewer(info)), id, types.Product, info)

    @strawberry_django.field(description='One product by its slug, for a page such as "/products/desk-lamp".')
    def product_by_slug(self, info: kit.Info, slug: str) -> types.Product | None:
        if "\0" in slug:  # PostgreSQL cannot even look for it
            raise kit.not_found("Product")
        return kit.only(models.Product.objects.visible_to(kit.viewer(info)).filter(slug=slug), info)

    @strawberry_django.connection(kit.Connection[types.Category], description="All shelves of the shop, by name.")
    def categories(self) -> QuerySet[models.Category]:
        return models.Category.objects.order_by("name", "pk")


_filterset = filters.ProductFilterSet
