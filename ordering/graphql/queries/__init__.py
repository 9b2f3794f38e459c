"""Everything one can ask of ordering."""

import strawberry

from ordering.graphql.queries import carts, downloads, drafts, orders, payments, promotions, reports, returns


@strawberry.type
class Query(
    carts.Query,
    downloads.Query,
    drafts.Query,
    orders.Query,
    payments.Query,
    promotions.Query,
    reports.Query,
    returns.Query,
):
    pass
