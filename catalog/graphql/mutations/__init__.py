"""Everything one can do with the catalogue."""

import strawberry


@strawberry.type
class Mutation:
    pass
