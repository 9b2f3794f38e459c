"""What a role may do in the catalogue."""

from enum import StrEnum

from accounts.permissions import Role


class CatalogPermission(StrEnum):
    VIEW_ALL_PRODUCTS = "catalog.view_all_products"


# The pages of the admin.
_PAGES = [
    *("catalog.view_product", "catalog.view_productvariant", "catalog.view_productimage"),
    *("catalog.view_category", "catalog.view_vendor", "catalog.view_stocklevel"),
]
ROLES: dict[Role, list[str]] = {
    Role.MERCHANDISER: [*CatalogPermission, *_PAGES],
    Role.SUPPLY_CHAIN: [*CatalogPermission, *_PAGES],
    Role.RND_MANAGER: [*CatalogPermission, *_PAGES],
}
