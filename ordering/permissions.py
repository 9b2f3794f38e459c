"""What a role may do with orders."""

from enum import StrEnum

from accounts.permissions import Role


class OrderPermission(StrEnum):
    VIEW_ALL_ORDERS = "ordering.view_all_orders"
    MANAGE_ORDERS = "ordering.manage_orders"
    MANAGE_PROMOTIONS = "ordering.manage_promotions"


_ORDERS = [OrderPermission.VIEW_ALL_ORDERS, OrderPermission.MANAGE_ORDERS]
# The pages of the admin.
_PAGES = [
    *("ordering.view_order", "ordering.view_orderline"),
    *("ordering.view_payment", "ordering.view_fulfillment", "ordering.view_fulfillmentline"),
    *("ordering.view_return", "ordering.view_returnline", "ordering.view_download", "ordering.view_digitalfile"),
    *("ordering.view_document", "ordering.view_webhookmessage", "ordering.view_cart", "ordering.view_cartline"),
    *("ordering.view_shippingzone", "ordering.view_shippingmethod", "ordering.view_shippingtier"),
    "ordering.view_taxrate",
]
_PROMOTIONS = ["ordering.view_promotion", "ordering.view_promotionuse", "ordering.view_customergroup"]
ROLES: dict[Role, list[str]] = {
    Role.SUPPORT: [*_ORDERS, *_PAGES, *_PROMOTIONS],
    Role.SUPPLY_CHAIN: [*_ORDERS, *_PAGES],
    Role.MERCHANDISER: [OrderPermission.MANAGE_PROMOTIONS, *_PROMOTIONS],
}
