"""Carts and orders, as the API shows them."""

from ordering.graphql.types.addresses import PostalAddress
from ordering.graphql.types.carts import Cart, CartLine, ShippingMethod
from ordering.graphql.types.documents import Document
from ordering.graphql.types.errors import OrderUserError, refusals
from ordering.graphql.types.fulfillments import Fulfillment, FulfillmentLine
from ordering.graphql.types.orders import (
    Order,
    OrderAllowedAction,
    OrderEvent,
    OrderFilters,
    OrderLine,
    OrderOrdering,
)
from ordering.graphql.types.prices import PriceStep

__all__ = [
    "Cart",
    "CartLine",
    "Document",
    "Fulfillment",
    "FulfillmentLine",
    "Order",
    "OrderAllowedAction",
    "OrderEvent",
    "OrderFilters",
    "OrderLine",
    "OrderOrdering",
    "OrderUserError",
    "PostalAddress",
    "PriceStep",
    "ShippingMethod",
    "refusals",
]
