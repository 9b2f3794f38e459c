"""Products: made, changed, put on sale, archived and brought back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from catalog import events, models
from catalog.errors import CatalogError, CatalogErrorCode, not_found
from catalog.importing.values import complaint_about_tax_class
from catalog.permissions import CatalogPermission
from catalog.services import access, content, prices, races, slugs, variants
from notifications import outbox
from notifications.outbox import EventData

if TYPE_CHECKING:
    from accounts.models import User

# Those that come with a new product in one request; more are added one by one.
MAX_NEW_VARIANTS = 100
# In characters. What an import brought may be longer.
MAX_SLUG = 100


@races.refused()
@transaction.atomic
def create(
    *, given: Mapping[str, Any], variants_given: Sequence[Mapping[str, Any]] = (), actor: "User"
) -> models.Product:
    """A new product, a draft, with its variants: all of it or nothing. `given` holds columns and their values.

    `name` and `vendor_id` must be given. Without a slug it gets one of its name. Refuses with INVALID, REQUIRED and
    TOO_MANY for what cannot be kept, SLUG_TAKEN, NOT_FOUND for a vendor the actor may not sell for or a category that
    is not there; what `variants.create` refuses has the variant's index in its field.
    """
    vendor = _vendor(given["vendor_id"], actor)
    if len(variants_given) > MAX_NEW_VARIANTS:
        raise CatalogError(
            CatalogErrorCode.TOO_MANY,
            f"A new product comes with at most {MAX_NEW_VARIANTS} variants. Add the others with variantCreate.",
            field=["input", "variants"],
        )
    values = _checked(given)
    product = models.Product(currency=settings.SHOP_CURRENCY, **values)
    _check_featured(product, values, actor, before=False)
    wish = slugify(product.name)[:MAX_SLUG].strip("-_") or "product"
    wishes = [wish, f"{wish}-{vendor.slug}"]
    product.slug = slugs.chosen(models.Product, values.get("slug"), wishes, field=["input", "slug"])
    product.save(force_insert=True)
    if variants_given:
        paths = [["input", "variants", str(index)] for index in range(len(variants_given))]
        variants.add(product, variants_given, paths=paths)
        prices.refresh_ranges([product])
    outbox.record(events.ProductCreated(name=product.name, variants=len(variants_given)), about=product, actor=actor)
    return product


@races.refused()
@transaction.atomic
def update(*, product_id: int, given: Mapping[str, Any], actor: "User") -> models.Product:
    """Changes the columns that are given, like `create`; what is the same already is no change.

    A slug that it had leads to it from now on. STATUS_NOT_ALLOWED while it is archived.
    """
    product = access.kept_product(product_id, actor)
    access.check_unarchived(product)
    if given.get("vendor_id", product.vendor_id) != product.vendor_id:
        _vendor(given["vendor_id"], actor)
        _check_may_leave(product.vendor, actor)
    values = _checked({name: value for name, value in given.items() if value != getattr(product, name)})
    _check_featured(product, values, actor, before=product.is_featured)
    changed = [name for name, value in values.items() if getattr(product, name) != value]
    if "slug" in changed:
        slugs.rename(product, values["slug"], field=["input", "slug"])
    for name in changed:
        setattr(product, name, values[name])
    if changed:
        product.save(update_fields=[*changed, "updated_at"])
        outbox.record(events.ProductUpdated(name=product.name, fields=changed), about=product, actor=actor)
    return product


@transaction.atomic
def activate(*, product_id: int, actor: "User") -> models.Product:
    """Puts a draft on sale, from its publication date on. It needs something to sell: an active variant."""
    product = access.kept_product(product_id, actor)
    _check_move(product, models.ProductStatus.ACTIVE)
    if not product.variants.filter(is_active=True).exists():
        raise CatalogError(
            CatalogErrorCode.STATUS_NOT_ALLOWED,
            "This product has no active variant, so there is nothing to sell. Add one with variantCreate.",
            field=["id"],
        )
    return _move(product, models.ProductStatus.ACTIVE, events.ProductActivated(name=product.name), actor)


@transaction.atomic
def archive(*, product_id: int, actor: "User") -> models.Product:
    """Takes a product off the shop for good, as far as customers see. Orders of it stay as they are."""
    product = access.kept_product(product_id, actor)
    _check_move(product, models.ProductStatus.ARCHIVED)
    return _move(product, models.ProductStatus.ARCHIVED, events.ProductArchived(name=product.name), actor)


@transaction.atomic
def restore(*, product_id: int, actor: "User") -> models.Product:
    """Brings an archived product back as a draft: prices and stock may be old, so somebody looks before it sells."""
    product = access.kept_product(product_id, actor)
    _check_move(product, models.ProductStatus.DRAFT)
    return _move(product, models.ProductStatus.DRAFT, events.ProductRestored(name=product.name), actor)


def _check_move(product: models.Product, status: models.ProductStatus) -> None:
    if status not in models.PRODUCT_TRANSITIONS[models.ProductStatus(product.status)]:
        now, wanted = models.ProductStatus(product.status).label.lower(), status.label.lower()
        raise CatalogError(
            CatalogErrorCode.STATUS_NOT_ALLOWED,
            f"This product is {now}: from there it cannot become {wanted}.",
            field=["id"],
        )


def _move(product: models.Product, status: models.ProductStatus, event: EventData, actor: "User") -> models.Product:
    """The one writer of a product's status. The product is locked, and may move there."""
    product.status = status
    product.save(update_fields=["status", "updated_at"])
    outbox.record(event, about=product, actor=actor)
    return product


def _vendor(vendor_id: int, actor: "User") -> models.Vendor:
    """The vendor, if the actor may sell for it: one's own as a seller, any for those who manage all products."""
    vendors = models.Vendor.objects.filter(pk=vendor_id)
    if not actor.has_perm(CatalogPermission.MANAGE_PRODUCTS):
        own = models.Vendor.keys_of(actor) if actor.has_perm(CatalogPermission.SELL) else []
        vendors = vendors.filter(pk__in=own)
    vendor = vendors.first()
    if vendor is None:
        raise not_found("vendor", field=["input", "vendorId"])
    return vendor


def _check_may_leave(vendor: models.Vendor, actor: "User") -> None:
    """A vendor that may not sell sells nothing through another one either."""
    if vendor.status != models.VendorStatus.ACTIVE and not actor.has_perm(CatalogPermission.MANAGE_PRODUCTS):
        raise CatalogError(
            CatalogErrorCode.STATUS_NOT_ALLOWED,
            "Its vendor may not sell at present, so its products stay there. Ask the shop's staff.",
            field=["input", "vendorId"],
        )


def _check_featured(product: models.Product, values: Mapping[str, Any], actor: "User", *, before: bool) -> None:
    wanted = values.get("is_featured", before)
    if wanted != before and not actor.has_perm(CatalogPermission.MANAGE_PRODUCTS):
        raise CatalogError(
            CatalogErrorCode.INVALID,
            "The shop chooses which products it features. Leave this out.",
            field=["input", "isFeatured"],
        )


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, as it is kept."""
    values = dict(given)
    for name, check in CHECKS.items():
        if name in values:
            field, checked = check
            values[name] = checked(values[name], field=["input", field])
    return values


def _checked_slug(slug: str, *, field: list[str]) -> str:
    if len(slug) > MAX_SLUG:
        raise CatalogError(CatalogErrorCode.INVALID, f"A slug has at most {MAX_SLUG} characters.", field=field)
    return slug


def _checked_category(category_id: int | None, *, field: list[str]) -> int | None:
    if category_id is not None and not models.Category.objects.filter(pk=category_id).exists():
        raise CatalogError(CatalogErrorCode.NOT_FOUND, "There is no such category.", field=field)
    return category_id


def _checked_tax_class(name: str, *, field: list[str]) -> str:
    if complaint := complaint_about_tax_class(name):
        raise CatalogError(CatalogErrorCode.INVALID, complaint, field=field)
    return name


def _checked_moment(moment: datetime, *, field: list[str]) -> datetime:
    """Databases keep UTC, in which a moment at either end of the calendar may not exist."""
    try:
        aware = timezone.make_aware(moment, UTC) if timezone.is_naive(moment) else moment.astimezone(UTC)
    except OverflowError:
        raise CatalogError(CatalogErrorCode.INVALID, "There is no such moment.", field=field) from None
    return aware


# How the parts of what is given are called in the API, and what makes them fit to be kept.
CHECKS: dict[str, tuple[str, Any]] = {
    "name": ("name", content.checked_name),
    "slug": ("slug", _checked_slug),
    "description": ("description", content.checked_html),
    "category_id": ("categoryId", _checked_category),
    "tags": ("tags", content.checked_tags),
    "attributes": ("attributes", content.checked_attributes),
    "seo_title": ("seoTitle", content.checked_line),
    "seo_description": ("seoDescription", content.checked_seo_description),
    "published_at": ("publishedAt", _checked_moment),
    "tax_class": ("taxClass", _checked_tax_class),
}
