"""The catalogue, as the API shows it."""

from catalog.graphql.types.errors import CatalogUserError, refusals
from catalog.graphql.types.facets import ProductConnection, ProductFacets, ProductSuggestion
from catalog.graphql.types.jobs import ImportPolicy, Job, ProductFileFormat
from catalog.graphql.types.products import (
    AttributeFilter,
    Category,
    ManagedProductFilters,
    Product,
    ProductFilters,
    ProductImage,
    ProductOrdering,
    ProductVariant,
    Vendor,
    VendorStatus,
)
from catalog.graphql.types.reviews import ModeratedReviewFilters, Review, ReviewFilters, ReviewOrdering
from catalog.graphql.types.stock import StockAlert, StockLevel, StockMovement
from catalog.graphql.types.versions import ProductVersion
from catalog.graphql.types.wishlists import SharedWishlist, Wishlist, WishlistItem

__all__ = [
    "AttributeFilter",
    "CatalogUserError",
    "Category",
    "ImportPolicy",
    "Job",
    "ManagedProductFilters",
    "ModeratedReviewFilters",
    "Product",
    "ProductConnection",
    "ProductFacets",
    "ProductFileFormat",
    "ProductFilters",
    "ProductImage",
    "ProductOrdering",
    "ProductSuggestion",
    "ProductVariant",
    "ProductVersion",
    "Review",
    "ReviewFilters",
    "ReviewOrdering",
    "SharedWishlist",
    "StockAlert",
    "StockLevel",
    "StockMovement",
    "Vendor",
    "VendorStatus",
    "Wishlist",
    "WishlistItem",
    "refusals",
]
