"""Browsing the shop."""

from typing import Any

import strawberry
import strawberry_django
from django.conf import settings
from django.db.models import QuerySet
from strawberry import relay

from catalog import filters, models
from catalog.graphql import types
from schema import kit

CURRENCY = "One of `currencies`; prices are in it, and what has no price in it is left out. The shop's own if absent."


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
        currency: str | None = None,
    ) -> QuerySet[models.Product]:
        asked = info.context.choose_currency(currency)
        visible = models.Product.objects.visible_to(kit.viewer(info)).priced_in(asked)
        return _listed(kit.filtered(_filterset, filters, visible, currency=asked), ordering, asked)

    @strawberry_django.connection(
        kit.Connection[types.Product],
        directives=[kit.SignedIn()],
        description="The products you keep, in every status: those of your own vendors as a seller, all of them with "
        "`catalog.manage_products`; newest first unless ordered otherwise.",
    )
    def managed_products(
        self,
        info: kit.Info,
        filters: types.ManagedProductFilters | None = None,
        ordering: list[types.ProductOrdering] | None = None,
    ) -> QuerySet[models.Product]:
        kept = models.Product.objects.kept_by(kit.signed_in(info))
        return _listed(kit.filtered(_managed_filterset, filters, kept), ordering, info.context.currency)

    @strawberry_django.field(description="One product by its id; the error NOT_FOUND when it is not on sale.")
    def product(self, info: kit.Info, id: relay.GlobalID, currency: str | None = None) -> types.Product | None:
        info.context.choose_currency(currency)
        return kit.row(models.Product.objects.reachable_by(kit.viewer(info)), id, types.Product, info)

    @strawberry_django.field(
        description='One product by its slug, for a page such as "/products/desk-lamp". A slug that it had before '
        "leads to it too: where `slug` is another than you asked for, redirect."
    )
    def product_by_slug(self, info: kit.Info, slug: str, currency: str | None = None) -> types.Product | None:
        info.context.choose_currency(currency)
        found = models.Product.objects.reachable_by(kit.viewer(info)).with_slug(kit.text(slug, "Product"))
        return kit.only(found, info)

    @strawberry.field(description="The currencies this shop sells in, its own first: ISO 4217.")
    def currencies(self) -> list[str]:
        return list(settings.SHOP_CURRENCIES)


def _listed(found: QuerySet[models.Product], ordering: Any, currency: str) -> QuerySet[models.Product]:
    columns = {
        "price": models.price_columns(currency)[0],
        "name": "name",
        "created_at": "created_at",
        "best_selling": "units_sold",
        "rating": "rating_average",
    }
    return kit.ordered(found.order_by("-created_at", "-pk"), ordering, columns)


_filterset = filters.ProductFilterSet
_managed_filterset = filters.ManagedProductFilterSet
