"""Everything one can ask of the catalogue."""

import strawberry

from catalog.graphql.queries import categories, products, reviews, stock, suggestions, vendors, versions, wishlists


@strawberry.type
class Query(
    categories.Query,
    products.Query,
    reviews.Query,
    stock.Query,
    suggestions.Query,
    vendors.Query,
    versions.Query,
    wishlists.Query,
):
    pass
