"""Reading which files are sold."""

import strawberry
import strawberry_django
from django.db.models import QuerySet
from strawberry import relay

from catalog.graphql.types import ProductVariant
from catalog.models import Product
from ordering import models
from ordering.graphql import types
from schema import kit


@strawberry.type
class Query:
    @strawberry_django.connection(
        kit.Connection[types.DigitalFile],
        directives=[kit.SignedIn()],
        description="The files that buyers of a variant get, oldest first. For those who keep its product; to others "
        "it has none.",
    )
    def variant_files(self, info: kit.Info, variant_id: relay.GlobalID) -> QuerySet[models.DigitalFile]:
        kept = Product.objects.kept_by(kit.signed_in(info))
        files = models.DigitalFile.objects.filter(
            variant=kit.pk(variant_id, ProductVariant), variant__product__in=kept.values("pk")
        )
        return files.order_by("created_at", "pk")
