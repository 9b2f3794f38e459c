"""Selling in the admin, a module a subject."""

from ordering.admin import carts, orders, payments, shipping

__all__ = ["carts", "orders", "payments", "shipping"]
