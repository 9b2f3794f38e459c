"""The first page of the admin: how the shop sells and what there is to do, for those who may see all orders."""

import json
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from ordering.admin.colours import STATUS_COLOURS
from ordering.models import TO_SHIP, OrderStatus, PaymentState, ReturnStatus
from ordering.permissions import OrderPermission
from ordering.services import reporting
from ordering.services.reporting import Period, SalesBy

DAYS = 30
TOP = 8
# The theme's own, by what a status's label is called.
_COLOURS = {
    "success": "var(--color-green-500)",
    "info": "var(--color-blue-500)",
    "warning": "var(--color-orange-500)",
    "danger": "var(--color-red-500)",
}


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Named in settings.UNFOLD. A dozen statements, however much was sold; none for who may not see orders."""
    if not request.user.has_perm(OrderPermission.VIEW_ALL_ORDERS):
        return context
    period = Period.of_last(DAYS)
    by_day = reporting.sales_report(period=period, by=SalesBy.DAY)
    return {
        **context,
        "title": "Dashboard",
        "dashboard": {
            "days": DAYS,
            "currency": by_day.currency,
            "totals": _totals(by_day.totals),
            "revenue": _revenue(by_day),
            "statuses": _statuses(period),
            "products": _products(period),
            "work": _work(),
        },
    }


def _totals(totals: reporting.Sales) -> list[tuple[str, object]]:
    return [
        ("Net", totals.net),
        ("Orders", totals.orders),
        ("Things sold", totals.units),
        ("Given back", totals.refunded),
    ]


def _revenue(by_day: reporting.Report) -> str:
    net = {
        "label": f"Net, {by_day.currency}",
        "type": "line",
        "data": [str(row.net.amount) for row in by_day.rows],
        "borderColor": "var(--color-primary-600)",
        "maxTicksXLimit": 10,
        "displayYAxis": True,
        "suffixYAxis": by_day.currency,
    }
    return json.dumps({"labels": [f"{row.key:%d %b}" for row in by_day.rows], "datasets": [net]})


def _statuses(period: Period) -> str:
    found = reporting.statuses(period)
    counts = {
        "label": "Orders",
        "data": list(found.values()),
        "backgroundColor": [_COLOURS[STATUS_COLOURS[status]] for status in found],
        "displayYAxis": True,
        "maxBarThickness": 32,
    }
    return json.dumps({"labels": [status.label for status in found], "datasets": [counts]})


def _products(period: Period) -> dict[str, list[Any]]:
    best = reporting.sales_report(period=period, by=SalesBy.PRODUCT).rows[:TOP]
    return {
        "headers": ["product", "sold", "gross"],
        "rows": [[row.label, row.units, str(row.gross)] for row in best],
    }


def _work() -> list[dict[str, Any]]:
    """The cards, each leading to the list of what it counts."""
    work = reporting.open_work()
    orders = reverse("admin:ordering_order_changelist")
    returns = reverse("admin:ordering_return_changelist")
    payments = reverse("admin:ordering_payment_changelist")
    cards = [
        ("Await approval", "rule", work.awaiting_approval, orders, [OrderStatus.AWAITING_APPROVAL]),
        ("To be shipped", "local_shipping", work.to_ship, orders, TO_SHIP),
        ("On hold", "pause_circle", work.on_hold, orders, [OrderStatus.ON_HOLD]),
        ("Returns asked for", "assignment_return", work.returns_requested, returns, [ReturnStatus.REQUESTED]),
        ("Payments in review", "search_check", work.payments_in_review, payments, [PaymentState.IN_REVIEW]),
    ]
    return [
        {
            "title": title,
            "icon": icon,
            "count": count,
            "link": f"{page}?{'state' if page == payments else 'status'}__in={','.join(states)}",
        }
        for title, icon, count, page, states in cards
    ]
