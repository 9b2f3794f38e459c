"""Sellers' shops."""

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
        kit.Connection[types.Vendor],
        description="Who sells here, by name; with your own vendors, in every status. With `isKept: true` only those "
        "you keep: what a seller needs for `productCreate`.",
    )
    def vendors(self, info: kit.Info, is_kept: bool = False) -> QuerySet[models.Vendor]:
        viewer = kit.viewer(info)
        found = models.Vendor.objects.kept_by(viewer) if is_kept else models.Vendor.objects.visible_to(viewer)
        return found.order_by("name", "pk")

    @strawberry_django.field(description="One vendor by its id.")
    def vendor(self, info: kit.Info, id: relay.GlobalID) -> types.Vendor | None:
        return kit.row(models.Vendor.objects.visible_to(kit.viewer(info)), id, types.Vendor, info)

    @strawberry_django.field(
        description="One vendor by its slug, also by one it had before: where `slug` is another, redirect."
    )
    def vendor_by_slug(self, info: kit.Info, slug: str) -> types.Vendor | None:
        found = models.Vendor.objects.visible_to(kit.viewer(info)).with_slug(kit.text(slug, "Vendor"))
        return kit.only(found, info)
