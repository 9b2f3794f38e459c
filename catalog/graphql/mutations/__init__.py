"""Everything one can do with the catalogue."""

import strawberry

from catalog.graphql.mutations import categories, products, reviews, stock, variants, vendors, wishlists


@strawberry.type
class Mutation(
    categories.Mutation,
    products.Mutation,
    reviews.Mutation,
    stock.Mutation,
    variants.Mutation,
    vendors.Mutation,
    wishlists.Mutation,
):
    pass
