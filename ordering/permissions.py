"""What a role may do with orders."""

from enum import StrEnum


class OrderPermission(StrEnum):
    VIEW_ALL_ORDERS = "ordering.view_all_orders"
    MANAGE_ORDERS = "ordering.manage_orders"
