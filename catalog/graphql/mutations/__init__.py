"""Everything one can do with the catalogue."""

import strawberry

from catalog.graphql.mutations import (
    categories,
    images,
    jobs,
    products,
    reviews,
    stock,
    variants,
    vendors,
    versions,
    wishlists,
)


@strawberry.type
class Mutation(
    categories.Mutation,
    images.Mutation,
    jobs.Mutation,
    products.Mutation,
    reviews.Mutation,
    stock.Mutation,
    variants.Mutation,
    vendors.Mutation,
    versions.Mutation,
    wishlists.Mutation,
):
    pass
