"""Reading reviews: one's own, and what moderators decide on. Those of a product are `Product.reviews`."""

import strawberry
import strawberry_django
from django.db.models import QuerySet

from catalog import filters, models
from catalog.graphql import types
from catalog.graphql.types.reviews import ordered
from catalog.permissions import CatalogPermission
from schema import kit


@strawberry.type
class Query:
    @strawberry_django.connection(
        kit.Connection[types.Review],
        extensions=kit.needs(CatalogPermission.MODERATE_REVIEWS),
        description="""Everybody's reviews in every status, newest first unless ordered otherwise.

```graphql
{
  reviews(filters: { status: PENDING }, ordering: [{ createdAt: ASC }]) {
    edges { node { id rating title body authorName product { name } } }
  }
}
```""",
    )
    def reviews(
        self,
        filters: types.ModeratedReviewFilters | None = None,
        ordering: list[types.ReviewOrdering] | None = None,
    ) -> QuerySet[models.Review]:
        return ordered(kit.filtered(_filterset, filters, models.Review.objects.all()), ordering)

    @strawberry_django.connection(
        kit.Connection[types.Review],
        directives=[kit.SignedIn()],
        description="Your own reviews in every status, newest first.",
    )
    def my_reviews(self, info: kit.Info) -> QuerySet[models.Review]:
        return ordered(models.Review.objects.filter(customer=kit.signed_in(info)), None)


_filterset = filters.ModeratedReviewFilterSet
