"""Completing what somebody types into the search field."""

import strawberry

from catalog import filters, search
from catalog.graphql import types
from schema import kit

MAX_SUGGESTIONS = 10


@strawberry.type
class Query:
    @strawberry.field(
        description="""Names that complete what was typed so far: up to 3 shelves, up to 2 vendors, and products on \
sale.
Ask after each pause in typing.

```graphql
{ productSuggestions(prefix: "desk la") { kind name slug } }
```""",
    )
    def product_suggestions(self, prefix: str, first: int = MAX_SUGGESTIONS) -> list[types.ProductSuggestion]:
        if not 0 <= first <= MAX_SUGGESTIONS:
            raise _refused(f"`first` must be from 0 to {MAX_SUGGESTIONS}; it was {first}.")
        if len(prefix) > filters.MAX_SEARCH or "\0" in prefix:
            raise _refused(f"`prefix` must be a text of at most {filters.MAX_SEARCH} characters.")
        return [types.ProductSuggestion(**vars(each)) for each in search.suggestions(prefix=prefix, first=first)]


def _refused(message: str) -> kit.ApiError:
    return kit.ApiError(kit.ErrorCode.BAD_USER_INPUT, message)
