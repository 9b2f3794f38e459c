"""Everything one can ask of ordering."""

import strawberry

from ordering.graphql.queries import carts, orders


@strawberry.type
class Query(carts.Query, orders.Query):
    pass
