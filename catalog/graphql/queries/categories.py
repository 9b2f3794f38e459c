"""The shelves of the shop."""

import strawberry
import strawberry_django
from django.db.models import QuerySet
from strawberry import relay

from catalog import models
from catalog.graphql import types
from schema import kit


@strawberry.type
class Query:
    @strawberry_django.connection(
        kit.Connection[types.Category],
        description="All shelves of the shop, by name. With `topLevel: true` only those at the top of the tree.",
    )
    def categories(self, top_level: bool = False) -> QuerySet[models.Category]:
        found = models.Category.objects.order_by("name", "pk")
        return found.filter(parent=None) if top_level else found

    @strawberry_django.field(description="One category by its id.")
    def category(self, info: kit.Info, id: relay.GlobalID) -> types.Category | None:
        return kit.row(models.Category.objects.all(), id, types.Category, info)

    @strawberry_django.field(
        description="One category by its slug, also by one it had before: where `slug` is another, redirect."
    )
    def category_by_slug(self, info: kit.Info, slug: str) -> types.Category | None:
        return kit.only(models.Category.objects.with_slug(kit.text(slug, "Category")), info)
