"""What a role may do with orders."""

from enum import StrEnum

from accounts.permissions import Role


class OrderPermission(StrEnum):
    VIEW_ALL_ORDERS = "ordering.view_all_orders"
    MANAGE_ORDERS = "ordering.manage_orders"


# The pages of the admin.
_PAGES = [
    *("ordering.view_order", "ordering.view_orderline"),
    *("ordering.view_payment", "ordering.view_fulfillment", "ordering.view_fulfillmentline"),
    *("ordering.view_cart", "ordering.view_cartline", "ordering.view_shippingmethod"),
]
ROLES: dict[Role, list[str]] = {
    Role.SUPPORT: [*OrderPermission, *_PAGES],
    Role.SUPPLY_CHAIN: [*OrderPermission, *_PAGES],
}
