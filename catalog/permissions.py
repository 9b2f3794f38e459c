"""What a role may do in the catalogue."""

from enum import StrEnum


class CatalogPermission(StrEnum):
    VIEW_ALL_PRODUCTS = "catalog.view_all_products"
