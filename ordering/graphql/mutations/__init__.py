"""Everything one can do with carts and orders."""

import strawberry

from ordering.graphql.mutations import carts, checkout, fulfillments, orders


@strawberry.type
class Mutation(
    carts.Mutation,
    checkout.Mutation,
    fulfillments.Mutation,
    orders.Mutation,
):
    pass
