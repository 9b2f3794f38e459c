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
        types.ProductConnection[types.Product],
        description="""What is on sale, newest first unless ordered otherwise; a search has the best first.

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
        types.ProductConnection[types.Product],
        directives=[kit.SignedIn()],
        description="The products you keep, in every status: those of your own vendors as a seller, all of them with "
        "`catalog.manage_products`; newest first unless ordered otherwise. What has no price in the currency is "
        "there too, last when ordered by price.",
    )
    def managed_products(
        self,
        info: kit.Info,
        filters: types.ManagedProductFilters | None = None,
        ordering: list[types.ProductOrdering] | None = None,
        currency: str | None = None,
    ) -> QuerySet[models.Product]:
        asked = info.context.choose_currency(currency)
        kept = models.Product.objects.kept_by(kit.signed_in(info)).ranged_in(asked)
        return _listed(kit.filtered(_managed_filterset, filters, kept, currency=asked), ordering, asked)

    @strawberry_django.connection(
        kit.Connection[types.ProductVariant],
        directives=[kit.SignedIn()],
        description="Every variant of a product you keep, in the shop's order, also those that are switched off; empty "
        "for somebody else's product.",
    )
    def managed_variants(self, info: kit.Info, product_id: relay.GlobalID) -> QuerySet[models.ProductVariant]:
        kept = models.Product.objects.kept_by(kit.signed_in(info)).filter(pk=kit.pk(product_id, types.Product))
        return models.ProductVariant.objects.filter(product__in=kept.values("pk")).order_by("position", "pk")

    @strawberry_django.field(
        description="One product by its id, also a draft of your own vendor; else the error NOT_FOUND when it is not "
        "on sale."
    )
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
        "relevance": "relevance",
    }
    if "relevance" in found.query.annotations:
        return kit.ordered(found.order_by("-relevance", "-pk"), ordering, columns)
    if any(choice.relevance for choice in ordering or []):
        message = "ordering.relevance: There is nothing to be relevant to. Give filters.search as well."
        raise kit.ApiError(kit.ErrorCode.BAD_USER_INPUT, message)
    return kit.ordered(found.order_by("-created_at", "-pk"), ordering, columns)


_filterset = filters.ProductFilterSet
_managed_filterset = filters.ManagedProductFilterSet
