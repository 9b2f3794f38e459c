"""The admin's looks and its sidebar: what `settings.UNFOLD` is."""

from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.text import format_lazy


def _page(title: str, icon: str, model: str, query: str = "") -> dict[str, object]:
    """A line of the admin's sidebar, for those who may see the model: "ordering.order"."""
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": format_lazy("{}{}", reverse_lazy(f"admin:{app}_{name}_changelist"), query),
        "permission": lambda request: any(request.user.has_perm(f"{app}.{may}_{name}") for may in ("view", "change")),
    }


def _mark(request: object) -> str | None:
    """The shop's mark, where the frontend is built; the theme's symbol otherwise."""
    return static("nexus/mark.svg") if settings.STATICFILES_DIRS else None


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Nexus",
    "SITE_HEADER": "Nexus",
    "SITE_SYMBOL": "hub",
    "SITE_ICON": _mark,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _mark}],
    # The indigo of the mark and of the pages beside it.
    "COLORS": {
        "primary": {
            "50": "#eef2ff",
            "100": "#e0e7ff",
            "200": "#c7d2fe",
            "300": "#a5b4fc",
            "400": "#818cf8",
            "500": "#6366f1",
            "600": "#4f46e5",
            "700": "#4338ca",
            "800": "#3730a3",
            "900": "#312e81",
            "950": "#1e1b4b",
        },
    },
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "ordering.admin.dashboard.dashboard",
    "COMMAND": {"search_models": False, "show_history": False},
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {
                "title": "Sales",
                "items": [
                    _page("Orders", "shopping_bag", "ordering.order"),
                    _page("Approvals", "rule", "workflows.approvalrequest"),
                    _page("Payments", "payments", "ordering.payment"),
                    _page("Webhooks", "webhook", "ordering.webhookmessage"),
                    _page("Parcels", "local_shipping", "ordering.fulfillment"),
                    _page("Returns", "assignment_return", "ordering.return"),
                    _page("Downloads", "download", "ordering.download"),
                    _page("Invoices", "receipt_long", "ordering.document"),
                    _page("Carts", "shopping_cart", "ordering.cart"),
                ],
            },
            {
                "title": "Catalogue",
                "items": [
                    _page("Products", "category", "catalog.product"),
                    _page("Variants", "style", "catalog.productvariant"),
                    _page("Versions", "difference", "catalog.productversion"),
                    _page("Price lists", "currency_exchange", "catalog.variantprice"),
                    _page("Categories", "account_tree", "catalog.category"),
                    _page("Vendors", "storefront", "catalog.vendor"),
                    _page("Files to download", "folder_zip", "ordering.digitalfile"),
                    _page("Imports and exports", "import_export", "catalog.job"),
                ],
            },
            {
                "title": "Warehouse",
                "items": [
                    _page("Stock", "inventory_2", "catalog.stocklevel"),
                    _page("Stock movements", "swap_vert", "catalog.stockmovement"),
                ],
            },
            {
                "title": "What customers say",
                "items": [
                    _page("Reviews", "reviews", "catalog.review"),
                    _page("Wishlists", "favorite", "catalog.wishlist"),
                ],
            },
            {
                "title": "Terms",
                "items": [
                    _page("Promotions", "sell", "ordering.promotion"),
                    _page("Customer groups", "group_work", "ordering.customergroup"),
                    _page("Shipping methods", "conveyor_belt", "ordering.shippingmethod"),
                    _page("Shipping zones", "public", "ordering.shippingzone"),
                    _page("Tax rates", "percent", "ordering.taxrate"),
                    _page("Approval policies", "policy", "workflows.approvalpolicy"),
                ],
            },
            {
                "title": "People",
                "items": [
                    _page("Users", "person", "accounts.user"),
                    _page("Roles", "groups", "auth.group"),
                    _page("Sessions", "key", "accounts.session"),
                    _page("Security events", "shield_person", "notifications.event", "?type__startswith=account."),
                ],
            },
            {
                "title": "Log",
                "items": [
                    _page("Events", "history", "notifications.event"),
                    _page("Notifications", "notifications", "notifications.notification"),
                ],
            },
        ],
    },
}
