"""What was sold in a time, by day, product, country and more, and what waits. Added up by the database."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import Count, DateField, DecimalField, F, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, TruncDay, TruncMonth, TruncWeek
from django.utils import timezone
from moneyed import Money

from catalog import money
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import (
    ENDED,
    TO_SHIP,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentState,
    PromotionUse,
    RefundLine,
    RefundState,
    Return,
    ReturnStatus,
)

# The longest a report may look at, in days; with a row for each of them.
MAX_DAYS = 3_660
MAX_DAILY = 366
# Of products, categories, countries and promotions those that sold most.
MAX_ROWS = 100

_AMOUNT = DecimalField(max_digits=20, decimal_places=3)


class SalesBy(StrEnum):
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    PRODUCT = "PRODUCT"
    CATEGORY = "CATEGORY"
    COUNTRY = "COUNTRY"
    PROMOTION = "PROMOTION"


_STARTS = {SalesBy.DAY: TruncDay, SalesBy.WEEK: TruncWeek, SalesBy.MONTH: TruncMonth}
_GOODS = {
    SalesBy.PRODUCT: ("variant__product_id", Coalesce("variant__product__name", "product_name")),
    SalesBy.CATEGORY: ("variant__product__category_id", F("variant__product__category__name")),
}


@dataclass(frozen=True)
class Period:
    """From the first day to the last, both whole days of UTC."""

    first: date
    last: date

    @classmethod
    def of_last(cls, days: int) -> "Period":
        """So many days, today the last of them."""
        if not 1 <= days <= MAX_DAYS:
            raise OrderError(OrderErrorCode.INVALID, f"A report is of 1 to {MAX_DAYS} days.", field=["period"])
        today = timezone.now().astimezone(UTC).date()
        return cls(today - timedelta(days=days - 1), today)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """The first moment in it, and the first after it."""
        after = self.last + timedelta(days=1)
        return datetime.combine(self.first, time(), UTC), datetime.combine(after, time(), UTC)


@dataclass(frozen=True)
class Sales:
    """gross − discount + shipping + tax on top = total; total − refunded = net.

    `tax` is all tax, also what prices contain. `key` is a day, the primary key of a row, a country's code, or None
    where what was sold is not there any more.
    """

    key: Any
    label: str
    orders: int
    units: int
    gross: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money
    refunded: Money

    @property
    def net(self) -> Money:
        return self.total - self.refunded


@dataclass(frozen=True)
class Report:
    """`totals` are of all that was sold in the period, `rows` of at most MAX_ROWS parts of it; by time of each part."""

    period: Period
    currency: str
    rows: list[Sales]
    totals: Sales


def sales_report(*, period: Period, by: SalesBy, currency: str | None = None) -> Report:
    """What was ordered in the period, in one currency (the shop's), without what was cancelled or rejected.

    By time, country and promotion the rows are of whole orders; by product and category of their lines: without
    shipping, and without refunds that are for no line. An order with two promotions stands in the row of each. At most
    five statements, whatever was sold. Refuses with INVALID a period that is too long, CURRENCY_NOT_SUPPORTED.
    """
    currency = settings.SHOP_CURRENCY if currency is None else currency
    _check(period, by, currency)
    begin, end = period.moments
    sold = Order.objects.filter(currency=currency, placed_at__gte=begin, placed_at__lt=end).exclude(status__in=ENDED)
    if by in _STARTS:
        rows = _over_time(sold, period, by, currency)
    elif by in _GOODS:
        rows = _of_goods(sold, by, currency)
    elif by is SalesBy.COUNTRY:
        rows = _of_countries(sold, currency)
    else:
        rows = _of_promotions(sold, currency)
    return Report(period=period, currency=currency, rows=rows, totals=_totals(sold, currency))


def _check(period: Period, by: SalesBy, currency: str) -> None:
    if currency not in settings.SHOP_CURRENCIES:
        raise OrderError(
            OrderErrorCode.CURRENCY_NOT_SUPPORTED,
            f"This shop sells in {', '.join(settings.SHOP_CURRENCIES)}. Choose one of these.",
            field=["currency"],
        )
    if period.last < period.first:
        raise OrderError(OrderErrorCode.INVALID, "The period ends before it begins.", field=["period"])
    most = MAX_DAILY if by is SalesBy.DAY else MAX_DAYS
    if period.days > most or period.last.year == date.max.year:
        raise OrderError(
            OrderErrorCode.INVALID,
            f"A report by {by.lower()} is of at most {most} days. Ask for fewer.",
            field=["period"],
        )


# ── Whole orders ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _sum(column: str) -> Coalesce:
    return Coalesce(Sum(column), Decimal(0), output_field=_AMOUNT)


def _of_orders(path: str = "") -> dict[str, Any]:
    """What is added up of orders, which `path` leads to."""
    return {
        "orders": Count(f"{path}pk" if path else "pk"),
        "gross": _sum(f"{path}subtotal_amount"),
        "discount": _sum(f"{path}discount_amount"),
        "shipping": _sum(f"{path}shipping_amount"),
        "tax": Coalesce(
            Sum(F(f"{path}tax_amount") + F(f"{path}included_tax_amount")), Decimal(0), output_field=_AMOUNT
        ),
        "total": _sum(f"{path}total_amount"),
        "refunded": _sum(f"{path}payment__refunded_amount"),
    }


def _totals(sold: QuerySet[Order], currency: str) -> Sales:
    units = OrderLine.objects.filter(order__in=sold).aggregate(units=Coalesce(Sum("quantity"), 0))
    return _sales({**sold.aggregate(**_of_orders()), **units}, currency, key=None, label="Total")


def _over_time(sold: QuerySet[Order], period: Period, by: SalesBy, currency: str) -> list[Sales]:
    """A row for each day, week (from Monday) or month of the period, also when nothing was sold."""
    start = _STARTS[by]("placed_at", tzinfo=UTC, output_field=DateField())
    found = sold.order_by().annotate(key=start).values("key").annotate(**_of_orders())
    lines = OrderLine.objects.filter(order__in=sold).order_by()
    started = _STARTS[by]("order__placed_at", tzinfo=UTC, output_field=DateField())
    units = dict(lines.annotate(key=started).values("key").annotate(units=Sum("quantity")).values_list("key", "units"))
    by_start = {row["key"]: {**row, "units": units.get(row["key"], 0)} for row in found}
    nothing = _sales({}, currency, key=None, label="")
    return [
        _sales(by_start[day], currency, key=day, label=day.isoformat())
        if day in by_start
        else replace(nothing, key=day, label=day.isoformat())
        for day in _starts(period, by)
    ]


def _starts(period: Period, by: SalesBy) -> Iterator[date]:
    day = period.first
    if by is SalesBy.WEEK:
        day -= timedelta(days=day.weekday())
    if by is SalesBy.MONTH:
        day = day.replace(day=1)
    while day <= period.last:
        yield day
        match by:
            case SalesBy.DAY:
                day += timedelta(days=1)
            case SalesBy.WEEK:
                day += timedelta(days=7)
            case _:
                day = (day + timedelta(days=31)).replace(day=1)


def _of_countries(sold: QuerySet[Order], currency: str) -> list[Sales]:
    country = KeyTextTransform("country", "shipping_address")
    found = list(
        sold.order_by()
        .annotate(key=country)
        .values("key")
        .annotate(**_of_orders())
        .order_by(F("gross").desc(), "key")[:MAX_ROWS]
    )
    lines = OrderLine.objects.filter(order__in=sold).order_by()
    of_line = KeyTextTransform("country", "order__shipping_address")
    units = dict(lines.annotate(key=of_line).values("key").annotate(units=Sum("quantity")).values_list("key", "units"))
    return [
        _sales({**row, "units": units.get(row["key"], 0)}, currency, key=row["key"], label=row["key"] or "Unknown")
        for row in found
    ]


def _of_promotions(sold: QuerySet[Order], currency: str) -> list[Sales]:
    """What the orders of each promotion came to; the discount is what it took off itself."""
    used = PromotionUse.objects.filter(order__in=sold).order_by()
    found = list(
        used.values("promotion_id", "promotion__name", "promotion__code")
        .annotate(**{**_of_orders("order__"), "discount": _sum("amount")})
        .order_by(F("gross").desc(), "promotion_id")[:MAX_ROWS]
    )
    keys = [row["promotion_id"] for row in found]
    by_promotion = used.filter(promotion__in=keys).values("promotion_id")
    units = dict(
        by_promotion.annotate(units=Sum("order__lines__quantity")).values_list("promotion_id", "units") if keys else []
    )
    return [
        _sales(
            {**row, "units": units.get(row["promotion_id"]) or 0},
            currency,
            key=row["promotion_id"],
            label=row["promotion__code"] or row["promotion__name"],
        )
        for row in found
    ]


# ── Their lines ──────────────────────────────────────────────────────────────────────────────────────────────────────
def _of_goods(sold: QuerySet[Order], by: SalesBy, currency: str) -> list[Sales]:
    column, label = _GOODS[by]
    worth = F("unit_amount") * F("quantity")
    on_top = Sum("tax_amount", filter=Q(order__prices_include_tax=False))
    lines = OrderLine.objects.filter(order__in=sold).order_by().annotate(named=label)
    found = list(
        lines.values(column, "named")
        .annotate(
            orders=Count("order", distinct=True),
            units=Sum("quantity"),
            gross=Sum(worth, output_field=_AMOUNT),
            discount=_sum("discount_amount"),
            tax=_sum("tax_amount"),
            on_top=Coalesce(on_top, Decimal(0), output_field=_AMOUNT),
        )
        .order_by(F("gross").desc(), column, "named")[:MAX_ROWS]
    )
    refunded = _refunded(sold, by, [row[column] for row in found])
    return [
        _sales(
            {
                **row,
                "total": row["gross"] - row["discount"] + row["on_top"],
                "refunded": refunded.get((row[column], row["named"]), Decimal(0)),
            },
            currency,
            key=row[column],
            label=row["named"] or "Without a category",
        )
        for row in found
    ]


def _refunded(sold: QuerySet[Order], by: SalesBy, keys: Iterable[Any]) -> dict[tuple[Any, str], Decimal]:
    """What was given back for the lines of each."""
    column, _ = _GOODS[by]
    label = (
        Coalesce("order_line__variant__product__name", "order_line__product_name")
        if by is SalesBy.PRODUCT
        else F("order_line__variant__product__category__name")
    )
    found = RefundLine.objects.filter(order_line__order__in=sold).exclude(refund__state=RefundState.FAILED).order_by()
    summed = found.annotate(named=label).values(f"order_line__{column}", "named").annotate(given=_sum("amount"))
    wanted = [key for key in keys if key is not None]
    shown = summed.filter(Q(**{f"order_line__{column}__in": wanted}) | Q(**{f"order_line__{column}": None}))
    return {(row[f"order_line__{column}"], row["named"]): row["given"] for row in shown}


def _sales(row: dict[str, Any], currency: str, *, key: Any, label: str) -> Sales:
    def amount(name: str) -> Money:
        return money.rounded(Decimal(row.get(name) or 0), currency)

    return Sales(
        key=key,
        label=label,
        orders=row.get("orders") or 0,
        units=row.get("units") or 0,
        gross=amount("gross"),
        discount=amount("discount"),
        shipping=amount("shipping"),
        tax=amount("tax"),
        total=amount("total"),
        refunded=amount("refunded"),
    )


# ── What there is to do ──────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class OpenWork:
    """How many wait for somebody of the shop."""

    awaiting_approval: int
    to_ship: int
    on_hold: int
    returns_requested: int
    payments_in_review: int


def open_work() -> OpenWork:
    """Three statements, each by an index of what is open."""
    waiting = [OrderStatus.AWAITING_APPROVAL, OrderStatus.ON_HOLD, *TO_SHIP]
    found = Order.objects.filter(status__in=waiting, placed_at__isnull=False).order_by()
    counts = dict(found.values_list("status").annotate(Count("pk")))
    return OpenWork(
        awaiting_approval=counts.get(OrderStatus.AWAITING_APPROVAL, 0),
        to_ship=sum(counts.get(status, 0) for status in TO_SHIP),
        on_hold=counts.get(OrderStatus.ON_HOLD, 0),
        returns_requested=Return.objects.filter(status=ReturnStatus.REQUESTED).count(),
        payments_in_review=Payment.objects.filter(state=PaymentState.IN_REVIEW).count(),
    )


def statuses(period: Period) -> dict[OrderStatus, int]:
    """How many orders of the period are in each status now, in all currencies."""
    begin, end = period.moments
    found = Order.objects.filter(placed_at__gte=begin, placed_at__lt=end).order_by()
    counts = dict(found.values_list("status").annotate(Count("pk")))
    return {status: counts[status] for status in OrderStatus if status in counts}
