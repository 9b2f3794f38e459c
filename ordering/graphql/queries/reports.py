"""What staff ask about sales."""

import strawberry

from ordering.errors import OrderError
from ordering.graphql.types import reports as types
from ordering.permissions import OrderPermission
from ordering.services import reporting
from schema import kit


@strawberry.type
class Query:
    @strawberry.field(
        extensions=kit.needs(OrderPermission.VIEW_ALL_ORDERS),
        description="""What was sold, added up: by day for a chart, by product for a list of what sells.

Orders that were cancelled or rejected are not in it. A period has at most 366 days by DAY, 3,660 else; what cannot be
asked is BAD_USER_INPUT.

```graphql
query {
  salesReport(period: { lastDays: 30 }, by: DAY) {
    totals { orders units net { amount currency } }
    rows { label orders gross { amount } net { amount } }
  }
}
```""",
    )
    def sales_report(
        self,
        period: types.SalesPeriodInput,
        by: types.SalesReportBy = reporting.SalesBy.DAY,
        currency: str | None = None,
    ) -> types.SalesReport | None:
        try:
            report = reporting.sales_report(period=types.period_of(period), by=by, currency=currency)
        except OrderError as refused:
            raise kit.ApiError(kit.ErrorCode.BAD_USER_INPUT, str(refused.message)) from None
        return types.SalesReport.of(report, by)
