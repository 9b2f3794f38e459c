"""JSON Lines: each line is a product with all it has, as `catalog.importing.jsonlines` reads it."""

import json
from typing import Any

from django.conf import settings
from moneyed import Money

from catalog import models
from catalog.importing.values import address_of


class Writer:
    """A product is a line."""

    def head(self) -> str:
        return ""

    def complaint(self, product: models.Product) -> str:
        """There is nothing it cannot tell."""
        return ""

    def untold(self, product: models.Product) -> list[str]:
        return []

    def lines(self, product: models.Product, path: list[str]) -> str:
        told = {
            "handle": product.slug,
            "title": product.name,
            "description": product.description,
            "status": product.status,
            "publishedAt": product.published_at.isoformat(),
            "category": path or None,
            "vendor": product.vendor.name,
            "tags": product.tags,
            "attributes": product.attributes,
            "isFeatured": product.is_featured,
            "isDigital": product.is_digital,
            "taxClass": product.tax_class,
            "seoTitle": product.seo_title,
            "seoDescription": product.seo_description,
            "images": [{"url": address_of(image), "alt": image.alt} for image in product.images.all()],
            "variants": [_variant(variant) for variant in product.variants.all()],
        }
        return json.dumps(told, ensure_ascii=False) + "\n"


def _variant(variant: models.ProductVariant) -> dict[str, Any]:
    prices = {price.currency: _price(price.price, price.compare_at_price) for price in variant.prices.all()}
    prices[settings.SHOP_CURRENCY] = _price(variant.price, variant.compare_at_price)
    return {
        "sku": variant.sku,
        "name": variant.name,
        "barcode": variant.barcode,
        "options": [{"name": option["name"], "value": option["value"]} for option in variant.options],
        # Where there is none, that is said: what a file does not mention stays.
        "prices": [prices.get(currency) or _no_price(currency) for currency in settings.SHOP_CURRENCIES],
        "weightGrams": variant.weight_grams,
        "stock": variant.on_hand,
        "image": address_of(variant.image) if variant.image else None,
        "isActive": variant.is_active,
    }


def _no_price(currency: str) -> dict[str, str | None]:
    return {"currency": currency, "amount": None, "compareAt": None}


def _price(price: Money, compare_at: Money | None) -> dict[str, str | None]:
    """Amounts as texts: a number would become a binary fraction on its way through most programs."""
    return {
        "currency": price.currency.code,
        "amount": str(price.amount),
        "compareAt": None if compare_at is None else str(compare_at.amount),
    }
