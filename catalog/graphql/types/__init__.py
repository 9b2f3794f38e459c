"""The catalogue, as the API shows it."""

from catalog.graphql.types.errors import CatalogUserError, refusals
from catalog.graphql.types.products import (
    Category,
    ManagedProductFilters,
    Product,
    ProductFilters,
    ProductImage,
    ProductOrdering,
    ProductVariant,
    Vendor,
)

__all__ = [
    "CatalogUserError",
    "Category",
    "ManagedProductFilters",
    "Product",
    "ProductFilters",
    "ProductImage",
    "ProductOrdering",
    "ProductVariant",
    "Vendor",
    "refusals",
]
