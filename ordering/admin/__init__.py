"""Selling in the admin, a module a subject."""

from ordering.admin import carts, fulfillments, orders, payments, shipping

__all__ = ["carts", "fulfillments", "orders", "payments", "shipping"]
