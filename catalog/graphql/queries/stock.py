"""What runs low, and what one waits for."""

import strawberry
import strawberry_django
from django.db.models import QuerySet

from catalog import models
from catalog.graphql import types
from catalog.permissions import CatalogPermission
from schema import kit


@strawberry.type
class Query:
    @strawberry_django.connection(
        kit.Connection[types.ProductVariant],
        extensions=kit.needs(CatalogPermission.MANAGE_STOCK),
        description="The variants of which fewer are available than their `stock.lowBelow`, of all vendors; those "
        "that are not offered any more are left out.",
    )
    def low_stock_variants(self, info: kit.Info) -> QuerySet[models.ProductVariant]:
        low = models.ProductVariant.objects.filter(stock__is_low=True, is_active=True)
        return low.order_by("pk")

    @strawberry_django.connection(
        kit.Connection[types.StockAlert],
        directives=[kit.SignedIn()],
        description="What you wait for, newest first. Each goes once you were written to.",
    )
    def stock_alerts(self, info: kit.Info) -> QuerySet[models.StockAlert]:
        return models.StockAlert.objects.filter(user=kit.signed_in(info)).order_by("-created_at", "-pk")
