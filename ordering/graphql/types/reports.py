"""What was sold, as staff see it."""

from datetime import date

import strawberry
from strawberry.relay import to_base64

from ordering.services import reporting
from schema import kit

SalesReportBy = strawberry.enum(
    reporting.SalesBy,
    name="SalesReportBy",
    description="What a report has a row for. A WEEK begins on Monday; COUNTRY is where orders are sent.",
)
_NODES = {
    reporting.SalesBy.PRODUCT: "Product",
    reporting.SalesBy.CATEGORY: "Category",
    reporting.SalesBy.PROMOTION: "Promotion",
}


@strawberry.input
class DaysInput:
    """From the first day to the last, both in it; days are those of UTC."""

    first: date = strawberry.field(name="from")
    last: date = strawberry.field(name="to")


@strawberry.input(one_of=True, description="Exactly one of these.")
class SalesPeriodInput:
    last_days: int | None = strawberry.field(default=strawberry.UNSET, description="So many, today the last of them.")
    between: DaysInput | None = strawberry.UNSET


@strawberry.type
class SalesReportRow:
    """`gross` − `discount` + `shipping` + tax that came on top = `total`; `total` − `refunded` = `net`."""

    key: str | None = strawberry.field(
        description="The first day (2026-11-01), the global id of a product, category or promotion, or the code of a "
        "country. Null for what has none, as products that were deleted."
    )
    label: str = strawberry.field(description="For people.")
    orders: int
    units: int = strawberry.field(description="How many things.")
    gross: kit.Money = strawberry.field(description="Goods, before discounts.")
    discount: kit.Money = strawberry.field(
        description="Off goods and shipping; by PROMOTION what this one took off, by PRODUCT and CATEGORY off goods."
    )
    shipping: kit.Money = strawberry.field(description="Before discounts; 0 by PRODUCT and CATEGORY.")
    tax: kit.Money = strawberry.field(description="All of it, contained in prices or on top of them.")
    total: kit.Money = strawberry.field(description="What was to be paid.")
    refunded: kit.Money = strawberry.field(description="Of these orders, whenever that was.")
    net: kit.Money = strawberry.field(description="What the shop keeps, with the tax in it.")

    @staticmethod
    def of(sales: reporting.Sales, by: reporting.SalesBy) -> "SalesReportRow":
        amounts = ("gross", "discount", "shipping", "tax", "total", "refunded", "net")
        return SalesReportRow(
            key=_key(sales.key, by),
            label=sales.label,
            orders=sales.orders,
            units=sales.units,
            **{name: kit.Money.of(getattr(sales, name)) for name in amounts},
        )


@strawberry.type
class SalesReport:
    """What was ordered in a period and neither cancelled nor rejected, in one currency."""

    first: date = strawberry.field(name="from")
    last: date = strawberry.field(name="to")
    currency: str
    rows: list[SalesReportRow] = strawberry.field(
        description="By time each day, week or month in order, also without sales; else what sold most, at most 100."
    )
    totals: SalesReportRow = strawberry.field(
        description="Of the whole period, whatever the rows are by. Those by promotion count an order once each, those "
        "by product and category leave shipping out: they add up to something else."
    )

    @staticmethod
    def of(report: reporting.Report, by: reporting.SalesBy) -> "SalesReport":
        return SalesReport(
            first=report.period.first,
            last=report.period.last,
            currency=report.currency,
            rows=[SalesReportRow.of(row, by) for row in report.rows],
            totals=SalesReportRow.of(report.totals, by),
        )


def period_of(input: SalesPeriodInput) -> reporting.Period:
    """The period as the service takes it."""
    if input.between:
        return reporting.Period(input.between.first, input.between.last)
    return reporting.Period.of_last(input.last_days or 0)


def _key(key: object, by: reporting.SalesBy) -> str | None:
    if key is None:
        return None
    if by in _NODES:
        return to_base64(_NODES[by], str(key))
    return key.isoformat() if isinstance(key, date) else str(key)
