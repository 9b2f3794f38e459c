"""The catalogue's pages, one module a subject. What is saved here is saved by services, as through the API."""

from catalog.admin import categories, jobs, products, reviews, stock, variants, vendors, versions, wishlists

__all__ = ["categories", "jobs", "products", "reviews", "stock", "variants", "vendors", "versions", "wishlists"]
