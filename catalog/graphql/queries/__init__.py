"""Everything one can ask of the catalogue."""

import strawberry

from catalog.graphql.queries import (
    categories,
    jobs,
    products,
    reviews,
    stock,
    suggestions,
    vendors,
    versions,
    wishlists,
)


@strawberry.type
class Query(
    categories.Query,
    jobs.Query,
    products.Query,
    reviews.Query,
    stock.Query,
    suggestions.Query,
    vendors.Query,
    versions.Query,
    wishlists.Query,
):
    pass
