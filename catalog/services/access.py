"""What somebody may change, locked. Somebody else's is NOT_FOUND, as if it were not there."""

from accounts.models import User
from catalog import models
from catalog.errors import CatalogError, CatalogErrorCode, not_found
from catalog.permissions import CatalogPermission


def person(actor: User) -> User:
    """Who writes something of their own, for update: nothing personal may come to an account that has just ended."""
    user = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    if not user.is_active:
        raise CatalogError(CatalogErrorCode.NOT_FOUND, "Your account has just ended.")
    return user


def kept_product(product_id: int, actor: User, *, field: list[str] | None = None) -> models.Product:
    """The product for update, if the actor keeps it."""
    kept = models.Product.objects.kept_by(actor).select_for_update(of=("self",), no_key=True)
    product = kept.filter(pk=product_id).first()
    if product is None:
        raise not_found("product", field=field or ["id"])
    return product


def kept_variant(variant_id: int, actor: User, *, field: list[str] | None = None) -> models.ProductVariant:
    """The variant, with its product for update, if the actor keeps it."""
    kept = models.Product.objects.kept_by(actor).select_for_update(of=("self",), no_key=True)
    product = kept.filter(pk__in=models.ProductVariant.objects.filter(pk=variant_id).values("product")).first()
    if product is None:
        raise not_found("variant", field=field or ["id"])
    return product.variants.get(pk=variant_id)


def stocked_variant(variant_id: int, actor: User, *, field: list[str] | None = None) -> models.ProductVariant:
    """The variant, if the actor keeps its product or the stock of all. Not locked: its stock is."""
    found = models.ProductVariant.objects.filter(pk=variant_id)
    if not actor.has_perm(CatalogPermission.MANAGE_STOCK):
        found = found.filter(product__in=models.Product.objects.kept_by(actor).values("pk"))
    variant = found.select_related("product").first()
    if variant is None:
        raise not_found("variant", field=field or ["id"])
    return variant


def kept_vendor(vendor_id: int, actor: User, *, field: list[str] | None = None) -> models.Vendor:
    """The vendor for update, if the actor keeps it."""
    kept = models.Vendor.objects.kept_by(actor).select_for_update(of=("self",), no_key=True)
    vendor = kept.filter(pk=vendor_id).first()
    if vendor is None:
        raise not_found("vendor", field=field or ["id"])
    return vendor


def kept_image(image_id: int, actor: User, *, field: list[str] | None = None) -> models.ProductImage:
    """The picture, with its product for update, if the actor keeps it."""
    kept = models.Product.objects.kept_by(actor).select_for_update(of=("self",), no_key=True)
    product = kept.filter(pk__in=models.ProductImage.objects.filter(pk=image_id).values("product")).first()
    # Somebody else who had the lock may have removed it.
    image = product.images.filter(pk=image_id).first() if product else None
    if image is None:
        raise not_found("picture", field=field or ["id"])
    return image


def check_unarchived(product: models.Product, *, field: list[str] | None = None) -> None:
    """Refuses to change what is archived."""
    if product.status == models.ProductStatus.ARCHIVED:
        raise CatalogError(
            CatalogErrorCode.STATUS_NOT_ALLOWED,
            "This product is archived. Restore it with productRestore before you change it.",
            field=field or ["id"],
        )
