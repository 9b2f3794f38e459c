"""Everything one can ask of the catalogue."""

import strawberry

from catalog.graphql.queries import categories, products, vendors


@strawberry.type
class Query(categories.Query, products.Query, vendors.Query):
    pass
