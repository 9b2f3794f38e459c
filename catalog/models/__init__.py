"""Categories, vendors, products with their variants, prices and pictures, stock, reviews, wishlists, versions, jobs."""

from catalog.models.categories import Category, CategoryQuerySet, CategorySlug
from catalog.models.images import ImageSize, ProductImage
from catalog.models.jobs import Job, JobKind, JobStatus
from catalog.models.products import (
    MAX_VARIANTS,
    PRODUCT_TRANSITIONS,
    PriceRange,
    Product,
    ProductQuerySet,
    ProductSlug,
    ProductStatus,
    ProductVariant,
    VariantPrice,
    VariantQuerySet,
    price_columns,
)
from catalog.models.reviews import HelpfulVote, Review, ReviewQuerySet, ReviewStatus
from catalog.models.stock import MAX_STOCK, MovementReason, StockAlert, StockLevel, StockMovement
from catalog.models.vendors import Vendor, VendorQuerySet, VendorSlug, VendorStatus
from catalog.models.versions import VERSION_TRANSITIONS, ProductVersion, VersionStatus
from catalog.models.wishlists import Wishlist, WishlistItem, WishlistQuerySet

__all__ = [
    "MAX_STOCK",
    "MAX_VARIANTS",
    "PRODUCT_TRANSITIONS",
    "VERSION_TRANSITIONS",
    "Category",
    "CategoryQuerySet",
    "CategorySlug",
    "HelpfulVote",
    "ImageSize",
    "Job",
    "JobKind",
    "JobStatus",
    "MovementReason",
    "PriceRange",
    "Product",
    "ProductImage",
    "ProductQuerySet",
    "ProductSlug",
    "ProductStatus",
    "ProductVariant",
    "ProductVersion",
    "Review",
    "ReviewQuerySet",
    "ReviewStatus",
    "StockAlert",
    "StockLevel",
    "StockMovement",
    "VariantPrice",
    "VariantQuerySet",
    "Vendor",
    "VendorQuerySet",
    "VendorSlug",
    "VendorStatus",
    "VersionStatus",
    "Wishlist",
    "WishlistItem",
    "WishlistQuerySet",
    "price_columns",
]
