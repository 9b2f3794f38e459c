"""Versions of the products one keeps."""

import strawberry
import strawberry_django
from strawberry import relay

from catalog import models
from catalog.graphql import types
from schema import kit


@strawberry.type
class Query:
    @strawberry_django.field(
        directives=[kit.SignedIn()],
        description="One version by its id, of a product you keep. All of a product: `Product.versions`.",
    )
    def product_version(self, info: kit.Info, id: relay.GlobalID) -> types.ProductVersion | None:
        return kit.row(models.ProductVersion.objects.visible_to(kit.signed_in(info)), id, types.ProductVersion, info)
