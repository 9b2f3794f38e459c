"""Selling in the admin, a module a subject."""

from ordering.admin import carts, documents, fulfillments, orders, payments, shipping, taxes, webhooks

__all__ = ["carts", "documents", "fulfillments", "orders", "payments", "shipping", "taxes", "webhooks"]
