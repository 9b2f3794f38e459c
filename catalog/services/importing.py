"""Products as a file says they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model, Q
from django.utils.text import slugify

from catalog import importing, models
from catalog.errors import CatalogError, CatalogErrorCode
from catalog.services import content, slugs, stock


class ImportOutcome(StrEnum):
    """What importing a product came to."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class ImportedProduct:
    """A product as it is after an import, and whether that changed it."""

    product: models.Product
    outcome: ImportOutcome


def product_import(*, parsed: importing.ParsedProduct) -> ImportedProduct:
    """Makes the product with this handle what the file says: itself, its variants, their stock, its images.

    Variants are matched by SKU; those the file no longer has become inactive. Images are matched by address; those
    with a file of ours are left alone. Where the shop already is what the file says, nothing is written.

    Refuses with CatalogError, or with a ValidationError that holds several: INVALID, `field` ["variants", index,
    "sku"], for each SKU of another product; INVALID and retryable if somebody else was faster.
    """
    try:
        with transaction.atomic():
            return _product_import(parsed)
    except IntegrityError as error:
        message = "Somebody else changed the same product at this moment. Import it again."
        raise CatalogError(CatalogErrorCode.INVALID, message, retryable=True) from error


def _product_import(parsed: importing.ParsedProduct) -> ImportedProduct:
    values = _product_values(parsed)
    product = models.Product.objects.select_for_update().filter(slug=parsed.handle).first()
    is_new = product is None
    if product is None:
        product = _new_product(parsed.handle, values)

    changes = [
        _assign(product, values),
        _synchronise_variants(product, parsed.variants),
        parsed.images is not None and _synchronise_images(product, parsed.images),
    ]
    if is_new:
        return ImportedProduct(product, ImportOutcome.CREATED)
    if any(changes):
        # Also where only a variant or an image changed: `updated_at` is about the product with all it has.
        product.save()
        return ImportedProduct(product, ImportOutcome.UPDATED)
    return ImportedProduct(product, ImportOutcome.UNCHANGED)


def _new_product(slug: str, values: Mapping[str, Any]) -> models.Product:
    product = models.Product(slug=slug, status=models.ProductStatus.ACTIVE)
    _assign(product, values)
    if product.vendor_id is None:
        product.vendor = _vendor(importing.DEFAULT_VENDOR)
    product.save()
    return product


def _product_values(parsed: importing.ParsedProduct) -> dict[str, Any]:
    """What the file says about the product's own columns; where it says nothing, the shop's value stays."""
    prices = [variant.price for variant in parsed.variants]
    said = {
        "name": parsed.title,
        "description": None if parsed.description is None else content.safe_html(parsed.description),
        "status": parsed.status,
        "vendor_id": None if parsed.vendor is None else _vendor(parsed.vendor).pk,
        "tags": None if parsed.tags is None else list(parsed.tags),
        "is_featured": parsed.is_featured,
        "seo_title": parsed.seo_title,
        "seo_description": parsed.seo_description,
        "price_min": min(prices),
        "price_max": max(prices),
        "currency": settings.SHOP_CURRENCY,
    }
    values = {name: value for name, value in said.items() if value is not None}
    if parsed.category is not None:
        category = _category(parsed.category)
        values["category_id"] = category.pk if category else None
    return values


def _vendor(name: str) -> models.Vendor:
    vendor = models.Vendor.objects.filter(name=name).order_by("pk").first()
    if vendor is not None:
        return vendor
    slug = slugs.free(models.Vendor, [slugify(name) or "vendor"])
    return models.Vendor.objects.create(name=name, slug=slug)


def _category(path: Sequence[str]) -> models.Category | None:
    """The category at the end of the path; what is missing of the path is made."""
    found = models.Category.objects.filter(name__in=path).order_by("-pk")
    known = {(category.parent_id, category.name): category for category in found}
    category: models.Category | None = None
    for name in path:
        child = known.get((category.pk if category else None, name))
        category = child or _new_category(name, category)
    return category


def _new_category(name: str, parent: models.Category | None) -> models.Category:
    """Its slug is its name, with the parent's before it where two shelves have one name."""
    slug = slugify(name) or "category"
    wishes = [slug, f"{parent.slug}-{slug}"] if parent else [slug]
    return models.Category.objects.create(name=name, parent=parent, slug=slugs.free(models.Category, wishes))


def _synchronise_variants(product: models.Product, parsed: Sequence[importing.ParsedVariant]) -> bool:
    skus = [variant.sku for variant in parsed]
    found = models.ProductVariant.objects.filter(Q(product=product) | Q(sku__in=skus)).select_related("product")
    known = {variant.sku: variant for variant in found}
    _refuse_foreign_skus(product, parsed, known)

    values = {variant.sku: _variant_values(variant, position) for position, variant in enumerate(parsed)}
    retired = {"is_active": False}
    changed = [variant for sku, variant in known.items() if _assign(variant, values.get(sku, retired))]
    new = [models.ProductVariant(product=product, sku=sku, **values[sku]) for sku in skus if sku not in known]
    models.ProductVariant.objects.bulk_create(new)
    models.ProductVariant.objects.bulk_update(changed, [*values[skus[0]]])

    pks = {variant.sku: variant.pk for variant in chain(known.values(), new)}
    stock_changed = stock.set_imported(quantities={pks[variant.sku]: variant.on_hand for variant in parsed})
    return bool(new or changed or stock_changed)


def _refuse_foreign_skus(
    product: models.Product,
    parsed: Sequence[importing.ParsedVariant],
    known: Mapping[str, models.ProductVariant],
) -> None:
    refusals = [
        CatalogError(
            CatalogErrorCode.INVALID,
            f"“{variant.sku}” is a SKU of the product “{known[variant.sku].product.slug}”. Give each variant its own.",
            field=["variants", str(index), "sku"],
        )
        for index, variant in enumerate(parsed)
        if variant.sku in known and known[variant.sku].product_id != product.pk
    ]
    if refusals:
        raise ValidationError(refusals)


def _variant_values(parsed: importing.ParsedVariant, position: int) -> dict[str, Any]:
    options = [{"name": name, "value": value} for name, value in parsed.options]
    return {
        "name": parsed.name,
        "options": options,
        "options_key": models.ProductVariant.key_of(options),
        "price_amount": parsed.price,
        "compare_at_amount": parsed.compare_at,
        "currency": settings.SHOP_CURRENCY,
        "position": position,
        "is_active": True,
    }


def _synchronise_images(product: models.Product, parsed: Iterable[importing.ParsedImage]) -> bool:
    images = models.ProductImage.objects.filter(product=product)
    known = {image.source_url: image for image in images.exclude(source_url="").order_by("-pk")}
    values = {image.source_url: {"alt": image.alt, "position": position} for position, image in enumerate(parsed)}

    new = [models.ProductImage(product=product, source_url=url, **values[url]) for url in values if url not in known]
    changed = [image for url, image in known.items() if url in values and _assign(image, values[url])]
    gone = [image.pk for url, image in known.items() if url not in values]
    models.ProductImage.objects.bulk_create(new)
    models.ProductImage.objects.bulk_update(changed, ["alt", "position"])
    if gone:
        images.filter(pk__in=gone).delete()
    return bool(new or changed or gone)


def _assign(row: Model, values: Mapping[str, Any]) -> bool:
    """Puts the values on the row, and says whether one of them is new."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return bool(changed)
