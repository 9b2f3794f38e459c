"""Everything one can do with carts and orders."""

import strawberry

from ordering.graphql.mutations import (
    cart_details,
    carts,
    checkout,
    downloads,
    drafts,
    exports,
    fulfillments,
    orders,
    payments,
    promotions,
    returns,
)


@strawberry.type
class Mutation(
    cart_details.Mutation,
    carts.Mutation,
    checkout.Mutation,
    downloads.Mutation,
    drafts.Mutation,
    exports.Mutation,
    fulfillments.Mutation,
    orders.Mutation,
    payments.Mutation,
    promotions.Mutation,
    returns.Mutation,
):
    pass
