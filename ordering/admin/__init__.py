"""Selling in the admin, a module a subject."""

from ordering.admin import (
    carts,
    documents,
    downloads,
    fulfillments,
    orders,
    payments,
    promotions,
    returns,
    shipping,
    taxes,
    webhooks,
)

__all__ = [
    "carts",
    "documents",
    "downloads",
    "fulfillments",
    "orders",
    "payments",
    "promotions",
    "returns",
    "shipping",
    "taxes",
    "webhooks",
]
