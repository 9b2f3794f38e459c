"""Sellers and merchandisers, and what they send to keep products."""

from typing import Any

from catalog.models import Product, ProductSlug, ProductVariant, StockLevel, VariantPrice, Vendor
from notifications.models import Event
from tests.conftest import Api, gid, make_user

ERRORS = "userErrors { code field message retryable }"
PRODUCT = """
  id name slug status description tags attributes seoTitle seoDescription isFeatured isDigital taxClass publishedAt
  allowedTransitions category { name } vendor { name } priceRange { min { amount } max { amount currency } }
  variants { sku name barcode isActive weightGrams price { amount currency } compareAtPrice { amount }
    options { name value } quantityAvailable image { id } }
"""
VARIANT = """
  id sku name barcode isActive weightGrams price { amount currency } compareAtPrice { amount } options { name value }
  image { id } prices { price { amount currency } compareAtPrice { amount } }
"""

PRODUCT_CREATE = f"""
mutation($input: ProductCreateInput!) {{ productCreate(input: $input) {{ product {{ {PRODUCT} }} {ERRORS} }} }}
"""
PRODUCT_UPDATE = f"""
mutation($id: ID!, $input: ProductUpdateInput!) {{
  productUpdate(id: $id, input: $input) {{ product {{ {PRODUCT} }} {ERRORS} }}
}}
"""
PRODUCT_MOVES = {
    name: f"mutation($id: ID!) {{ {name}(id: $id) {{ product {{ {PRODUCT} }} {ERRORS} }} }}"
    for name in ("productActivate", "productArchive", "productRestore")
}
VARIANT_CREATE = f"""
mutation($productId: ID!, $input: VariantCreateInput!) {{
  variantCreate(productId: $productId, input: $input) {{ variant {{ {VARIANT} }} {ERRORS} }}
}}
"""
VARIANT_UPDATE = f"""
mutation($id: ID!, $input: VariantUpdateInput!) {{
  variantUpdate(id: $id, input: $input) {{ variant {{ {VARIANT} }} {ERRORS} }}
}}
"""
VARIANT_MOVES = {
    name: f"mutation($id: ID!) {{ {name}(id: $id) {{ variant {{ {VARIANT} }} {ERRORS} }} }}"
    for name in ("variantActivate", "variantDeactivate")
}
VARIANTS_REORDER = f"""
mutation($productId: ID!, $ids: [ID!]!) {{
  variantsReorder(productId: $productId, ids: $ids) {{ product {{ variants {{ id sku }} }} {ERRORS} }}
}}
"""
PRICES_SET = f"""
mutation($id: ID!, $prices: [VariantPriceInput!]!) {{
  variantPricesSet(id: $id, prices: $prices) {{ variant {{ {VARIANT} }} {ERRORS} }}
}}
"""


def make_seller(*vendors: Vendor, **fields: Any) -> Api:
    """A seller's client, with these vendors their own."""
    user = make_user(roles=("Seller",), **fields)
    user.vendors.add(*vendors)
    return Api(user)


def make_merchandiser() -> Api:
    return Api(make_user(roles=("Merchandiser",), is_staff=True))


def make_vendor(name: str, **fields: Any) -> Vendor:
    return Vendor.objects.create(name=name, slug=name.lower().replace(" ", "-"), **fields)


def done(payload: dict[str, Any]) -> dict[str, Any]:
    """What a mutation gave that must not be refused."""
    assert payload["userErrors"] == [], payload["userErrors"]
    return payload.get("product") or payload["variant"]


def refusal(payload: dict[str, Any]) -> tuple[str, list[str] | None]:
    """Code and field of the one refusal, which says something and is not worth repeating."""
    (error,) = payload["userErrors"]
    assert payload.get("product", payload.get("variant")) is None
    assert error["message"].endswith(".")
    assert error["retryable"] is False
    return error["code"], error["field"]


def new_product(api: Api, vendor: Vendor, **input: Any) -> dict[str, Any]:
    """The payload of productCreate."""
    return api(PRODUCT_CREATE, input={"name": "Desk lamp", "vendorId": gid(vendor), **input})["productCreate"]


def rows() -> list[Any]:
    """All that the catalogue's writes could have written."""
    tables = (Product, ProductSlug, ProductVariant, VariantPrice, StockLevel)
    return [list(table.objects.order_by("pk").values()) for table in tables] + [Event.objects.count()]


def events() -> list[tuple[str, dict[str, Any]]]:
    return [(event.type, event.payload) for event in Event.objects.order_by("subject_type", "subject_id", "seq")]
