"""What a role may do in the catalogue."""

from enum import StrEnum

from accounts.permissions import Role


class CatalogPermission(StrEnum):
    VIEW_ALL_PRODUCTS = "catalog.view_all_products"
    MANAGE_PRODUCTS = "catalog.manage_products"
    SELL = "catalog.sell"
    MANAGE_CATEGORIES = "catalog.manage_categories"
    MANAGE_VENDORS = "catalog.manage_vendors"
    MANAGE_STOCK = "catalog.manage_stock"
    MODERATE_REVIEWS = "catalog.moderate_reviews"


# The pages of the admin.
_PAGES = [
    *("catalog.view_product", "catalog.view_productvariant", "catalog.view_productimage", "catalog.view_variantprice"),
    *("catalog.view_category", "catalog.view_vendor", "catalog.view_stocklevel", "catalog.view_stockmovement"),
]
_REVIEWS = [CatalogPermission.MODERATE_REVIEWS, "catalog.view_review"]
ROLES: dict[Role, list[str]] = {
    Role.SELLER: [CatalogPermission.SELL],
    Role.SUPPORT: [*_REVIEWS, "catalog.view_wishlist"],
    Role.MERCHANDISER: [
        *(CatalogPermission.VIEW_ALL_PRODUCTS, CatalogPermission.MANAGE_PRODUCTS, CatalogPermission.MANAGE_CATEGORIES),
        *("catalog.view_productversion", "catalog.view_job"),
        *_PAGES,
        *_REVIEWS,
    ],
    Role.SUPPLY_CHAIN: [CatalogPermission.VIEW_ALL_PRODUCTS, CatalogPermission.MANAGE_STOCK, *_PAGES],
    Role.RND_MANAGER: [CatalogPermission.VIEW_ALL_PRODUCTS, "catalog.view_productversion", *_PAGES],
}
