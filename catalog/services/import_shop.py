"""What a file wants of a batch of products, and what the shop knows of them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import F, Q

from catalog import importing, models
from catalog.errors import CatalogError
from catalog.services import content
from catalog.services.places import Categories, Vendors


class Wanted:
    """A product as the file says it should be, in the words of the tables."""

    def __init__(self, parsed: importing.ParsedProduct):
        self.parsed = parsed
        self.refusal: CatalogError | None = None
        self.variants = [
            (variant, [{"name": name, "value": value} for name, value in variant.options])
            for variant in parsed.variants or ()
        ]
        self.keys = [models.ProductVariant.key_of(options) for _, options in self.variants]
        said = {
            "name": parsed.title,
            "description": None if parsed.description is None else content.safe_html(parsed.description),
            "status": parsed.status,
            "tags": None if parsed.tags is None else list(parsed.tags),
            "attributes": self._attributes(),
            "is_featured": parsed.is_featured,
            "is_digital": parsed.is_digital,
            "tax_class": parsed.tax_class,
            "published_at": parsed.published_at,
            "seo_title": parsed.seo_title,
            "seo_description": parsed.seo_description,
        }
        self.values: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
        if parsed.variants is not None:
            prices = [variant.price for variant in parsed.variants if variant.is_active]
            lowest, highest = (min(prices), max(prices)) if prices else (None, None)
            self.values |= {"price_min": lowest, "price_max": highest, "currency": settings.SHOP_CURRENCY}

    def _attributes(self) -> dict[str, Any] | None:
        if self.parsed.attributes is None:
            return None
        try:
            return content.checked_attributes(self.parsed.attributes, field=["attributes"])
        except CatalogError as refusal:
            self.refusal = refusal
            return None


class Shop:
    """What the shop knows of the products of a batch: of all of them in the same few statements.

    With `is_locked` the products are locked, in the order of their keys, and with them all of theirs but the stock.
    """

    def __init__(self, wanted: Sequence[Wanted], *, is_locked: bool = False):
        handles = [each.parsed.handle for each in wanted]
        found = models.Product.objects.filter(slug__in=handles).select_related("vendor").order_by("pk")
        if is_locked:
            found = found.select_for_update(of=("self",), no_key=True)
        self.products = {product.slug: product for product in found}
        self.moved = self._moved(handle for handle in handles if handle not in self.products)
        keys = [product.pk for product in self.products.values()]
        self.variants = self._variants(wanted, keys)
        variant_keys = [variant.pk for variants in self.variants.values() for variant in variants]
        self.levels: dict[int, models.StockLevel] = {}
        self.prices: dict[int, dict[str, models.VariantPrice]] = defaultdict(dict)
        self.ranges: dict[int, dict[str, models.PriceRange]] = defaultdict(dict)
        self.images: dict[int, list[models.ProductImage]] = defaultdict(list)
        if keys:
            self._read_more(keys, variant_keys)
        self.vendors = Vendors([each.parsed.vendor or importing.DEFAULT_VENDOR for each in wanted])
        self.categories = Categories([each.parsed.category for each in wanted if each.parsed.category])

    @staticmethod
    def _moved(handles: Any) -> dict[str, str]:
        """Where the handles lead that a product had before."""
        former = models.ProductSlug.objects.filter(slug__in=list(handles))
        return dict(former.values_list("slug", "product__slug"))

    def _variants(self, wanted: Sequence[Wanted], keys: list[int]) -> dict[int, list[models.ProductVariant]]:
        """Those of the products, in the shop's order; `owners` knows whose a SKU is, also another product's."""
        skus = [variant.sku for each in wanted for variant, _ in each.variants]
        found = models.ProductVariant.objects.filter(Q(product__in=keys) | Q(sku__in=skus))
        ours = set(keys)
        variants: dict[int, list[models.ProductVariant]] = defaultdict(list)
        self.owners: dict[str, str] = {}
        for variant in found.annotate(handle=F("product__slug")).order_by("position", "pk"):
            self.owners[variant.sku] = variant.handle  # type: ignore[attr-defined]
            if variant.product_id in ours:
                variants[variant.product_id].append(variant)
        return variants

    def _read_more(self, keys: list[int], variant_keys: list[int]) -> None:
        self.levels = models.StockLevel.objects.in_bulk(variant_keys)
        for price in models.VariantPrice.objects.filter(variant__in=variant_keys):
            self.prices[price.variant_id][price.currency] = price
        for each in models.PriceRange.objects.filter(product__in=keys):
            self.ranges[each.product_id][each.currency] = each
        for image in models.ProductImage.objects.filter(product__in=keys).order_by("position", "pk"):
            self.images[image.product_id].append(image)
