"""Orders into files."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from django.urls import reverse
from strawberry import relay

from ordering.graphql import types
from ordering.permissions import OrderPermission
from ordering.services import exporting
from schema import kit


@strawberry.type
class OrdersExportPayload:
    url: str | None = strawberry.field(
        default=None,
        description="Where the file is, for an hour. Whoever has the link gets it, as long as you may see all orders.",
    )
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[*kit.needs(OrderPermission.VIEW_ALL_ORDERS), types.refusals],
        description="""A link to a CSV of orders, newest first: all of them, or what the filters of `orders` leave when
it is opened. Opens in spreadsheets; UTF-8, one row for each line of an order. What is of the whole order, as its
total, stands in the row of its first line only: columns can be added up.

```graphql
mutation {
  ordersExport(filters: { placedAfter: "2026-11-01T00:00:00Z" }) { url userErrors { code field message } }
}
```""",
    )
    def orders_export(self, info: kit.Info, filters: types.OrderFilters | None = None) -> OrdersExportPayload | None:
        token = exporting.link_token(filtered_by=_plain(filters), actor=kit.signed_in(info))
        return OrdersExportPayload(url=info.context.absolute(reverse("orders-file", args=[token])))


def _plain(filters: Any) -> dict[str, Any]:
    """The filters as a link can carry them."""
    given = vars(filters) if filters else {}
    return {name: _value(value) for name, value in given.items() if value is not strawberry.UNSET and value is not None}


def _value(value: Any) -> Any:
    match value:
        case list():
            return [_value(each) for each in value]
        case Enum():
            return value.value
        case relay.GlobalID():
            return [value.type_name, value.node_id]
        case datetime():
            return value.isoformat()
        case _:
            return str(value)
