"""The variants of a product: made, changed, put in order, switched off and on. None is deleted: orders name them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max

from catalog import events, models
from catalog.errors import CatalogError, CatalogErrorCode
from catalog.services import access, content, prices, races
from notifications import outbox

if TYPE_CHECKING:
    from accounts.models import User

MAX_OPTIONS = 5
MAX_OPTION = 100
MAX_WEIGHT = 2_147_483_647
# How the parts of what is given are called in the API, and the columns they are kept in.
_FIELDS = {
    "sku": "sku",
    "name": "name",
    "barcode": "barcode",
    "options": "options",
    "weight_grams": "weightGrams",
    "image_id": "imageId",
    "price_amount": "price",
    "compare_at_amount": "compareAtPrice",
}


@races.refused()
@transaction.atomic
def create(*, product_id: int, given: Mapping[str, Any], actor: "User") -> models.ProductVariant:
    """A new variant at the end of the product's, with nothing in stock. `given` holds columns and their values.

    `sku` and `price_amount`, which is in the shop's own currency, must be given; `options` are (name, value) pairs,
    and their values are its name unless one is given. Refuses with SKU_TAKEN, OPTIONS_TAKEN, PRICE_INVALID, TOO_MANY
    for more variants than a product may have, NOT_FOUND for a picture of something else.
    """
    product = access.kept_product(product_id, actor, field=["productId"])
    access.check_unarchived(product, field=["productId"])
    (variant,) = add(product, [given], paths=[["input"]])
    prices.refresh_ranges([product])
    product.save(update_fields=["updated_at"])
    outbox.record(events.VariantCreated(variant_id=variant.pk, sku=variant.sku), about=product, actor=actor)
    return variant


def add(
    product: models.Product, given: Sequence[Mapping[str, Any]], *, paths: Sequence[list[str]]
) -> list[models.ProductVariant]:
    """New variants of a product that is locked or just made, all or none; `paths` say where each is in the input.

    Whoever calls it refreshes the price ranges.
    """
    taken = _taken_options(product)
    if len(taken) + len(given) > models.MAX_VARIANTS:
        raise _too_many(paths[0])
    last = product.variants.aggregate(last=Max("position"))["last"]
    start = 0 if last is None else last + 1
    new = [
        _new(product, each, path, position)
        for position, (each, path) in enumerate(zip(given, paths, strict=True), start)
    ]
    _check_skus(new, paths)
    for variant, path in zip(new, paths, strict=True):
        _check_options(variant, taken, path)
        taken.add(variant.options_key)
    try:
        with transaction.atomic():
            models.ProductVariant.objects.bulk_create(new)
    except IntegrityError:  # somebody took one of the SKUs at this very moment
        _check_skus(new, paths)
        raise
    models.StockLevel.objects.bulk_create(models.StockLevel(variant=variant) for variant in new)
    return new


@races.refused()
@transaction.atomic
def update(*, variant_id: int, given: Mapping[str, Any], actor: "User") -> models.ProductVariant:
    """Changes the columns that are given, like `create`. What is the same already is no change."""
    variant = access.kept_variant(variant_id, actor)
    access.check_unarchived(variant.product)
    values = _checked(variant.product, given, ["input"])
    changed = [name for name, value in values.items() if getattr(variant, name) != value]
    for name in changed:
        setattr(variant, name, values[name])
    _check_prices(variant, given, ["input"])
    if not changed:
        return variant
    if "sku" in changed:
        _check_skus([variant], [["input"]])
    if "options" in changed and variant.is_active:
        variant.options_key = variant.key_of(variant.options)
        _check_options(variant, _taken_options(variant.product, besides=[variant.pk]), ["input"])
    try:
        with transaction.atomic():
            variant.save()
    except IntegrityError:
        _check_skus([variant], [["input"]])
        raise
    return _changed(variant, changed, actor)


@races.refused()
@transaction.atomic
def reorder(*, product_id: int, variant_ids: Sequence[int], actor: "User") -> models.Product:
    """Shows the product's active variants in this order. INVALID unless each of them is named once."""
    product = access.kept_product(product_id, actor, field=["productId"])
    access.check_unarchived(product, field=["productId"])
    active = {variant.pk: variant for variant in product.variants.filter(is_active=True)}
    if len(variant_ids) != len(active) or set(variant_ids) != set(active):
        raise CatalogError(
            CatalogErrorCode.INVALID, "Name each active variant of the product, and each once.", field=["ids"]
        )
    moved = [active[key] for position, key in enumerate(variant_ids) if active[key].position != position]
    if moved:
        for position, key in enumerate(variant_ids):
            active[key].position = position
        models.ProductVariant.objects.bulk_update(moved, ["position"])
        product.save(update_fields=["updated_at"])
        outbox.record(events.VariantsReordered(count=len(active)), about=product, actor=actor)
    return product


@races.refused()
@transaction.atomic
def activate(*, variant_id: int, actor: "User") -> models.ProductVariant:
    """Offers the variant again. OPTIONS_TAKEN if another has its options by now; again changes nothing."""
    variant = access.kept_variant(variant_id, actor)
    access.check_unarchived(variant.product)
    if variant.is_active:
        return variant
    taken = _taken_options(variant.product)
    if len(taken) >= models.MAX_VARIANTS:
        raise _too_many(["id"])
    _check_options(variant, taken, [], name="id")
    variant.is_active = True
    variant.save(update_fields=["is_active"])
    return _changed(variant, ["is_active"], actor)


@races.refused()
@transaction.atomic
def deactivate(*, variant_id: int, actor: "User") -> models.ProductVariant:
    """Offers the variant no longer; who has it in a cart cannot order it. Again changes nothing."""
    variant = access.kept_variant(variant_id, actor)
    access.check_unarchived(variant.product)
    if not variant.is_active:
        return variant
    variant.is_active = False
    variant.save(update_fields=["is_active"])
    return _changed(variant, ["is_active"], actor)


def _changed(variant: models.ProductVariant, fields: list[str], actor: "User") -> models.ProductVariant:
    prices.refresh_ranges([variant.product])
    variant.product.save(update_fields=["updated_at"])
    updated = events.VariantUpdated(variant_id=variant.pk, sku=variant.sku, fields=fields)
    outbox.record(updated, about=variant.product, actor=actor)
    return variant


def _new(product: models.Product, given: Mapping[str, Any], path: list[str], position: int) -> models.ProductVariant:
    values = _checked(product, given, path)
    options = values.setdefault("options", [])
    values.setdefault("name", (" / ".join(option["value"] for option in options) or product.name)[:255])
    variant = models.ProductVariant(
        product=product,
        position=position,
        options_key=models.ProductVariant.key_of(options),
        **values,
    )
    _check_prices(variant, given, path)
    return variant


def _checked(product: models.Product, given: Mapping[str, Any], path: list[str]) -> dict[str, Any]:
    """What was given, as it is kept."""
    values = dict(given)
    for name, longest in (("sku", 100), ("name", 255)):
        if name in values:
            values[name] = content.checked_name(values[name], field=[*path, name], longest=longest)
    if "barcode" in values:
        values["barcode"] = content.checked_line(values["barcode"], field=[*path, "barcode"], longest=64)
    if "options" in values:
        values["options"] = _checked_options(values["options"], [*path, "options"])
    weight = values.get("weight_grams")
    if weight is not None and not 0 <= weight <= MAX_WEIGHT:
        raise CatalogError(CatalogErrorCode.INVALID, "Nothing weighs less than 0 grams.", field=[*path, "weightGrams"])
    for name in ("price_amount", "compare_at_amount"):
        if values.get(name) is not None:
            field = [*path, _FIELDS[name]]
            values[name] = prices.checked_amount(values[name], settings.SHOP_CURRENCY, field=field)
    if "price_amount" in values:
        values["currency"] = settings.SHOP_CURRENCY  # which may be another than when it was priced before
    image = values.get("image_id")
    if image is not None and not product.images.filter(pk=image).exists():
        raise CatalogError(
            CatalogErrorCode.NOT_FOUND,
            "The product has no such picture. Add it with productImagesAdd first.",
            field=[*path, "imageId"],
        )
    return values


def _checked_options(options: Sequence[tuple[str, str]], field: list[str]) -> list[dict[str, str]]:
    if len(options) > MAX_OPTIONS:
        raise CatalogError(CatalogErrorCode.TOO_MANY, f"A variant has at most {MAX_OPTIONS} options.", field=field)
    kept = [
        {
            "name": content.checked_name(name, field=[*field, str(index), "name"], longest=MAX_OPTION),
            "value": content.checked_name(value, field=[*field, str(index), "value"], longest=MAX_OPTION),
        }
        for index, (name, value) in enumerate(options)
    ]
    if len({option["name"].casefold() for option in kept}) < len(kept):
        raise CatalogError(
            CatalogErrorCode.INVALID, "Each option is named once: a size, a colour, one value for each.", field=field
        )
    return kept


def _check_prices(variant: models.ProductVariant, given: Mapping[str, Any], path: list[str]) -> None:
    """Both are known only together: an update may give one of them."""
    name = "compare_at_amount" if "compare_at_amount" in given else "price_amount"
    if name in given:
        prices.check_compare_at(variant.compare_at_amount, variant.price_amount, field=[*path, _FIELDS[name]])


def _check_skus(variants: Sequence[models.ProductVariant], paths: Sequence[list[str]]) -> None:
    """SKU_TAKEN for the first of which another variant, here or anywhere, has the SKU."""
    asked = models.ProductVariant.objects.filter(sku__in=[variant.sku for variant in variants])
    taken = set(asked.values_list("sku", flat=True))
    for variant, path in zip(variants, paths, strict=True):
        if variant.sku in taken:
            raise CatalogError(
                CatalogErrorCode.SKU_TAKEN,
                f"“{variant.sku}” is the SKU of another variant. Give each its own.",
                field=[*path, "sku"],
            )
        taken.add(variant.sku)


def _taken_options(product: models.Product, *, besides: Sequence[int] = ()) -> set[str]:
    """The combinations of the active variants, which are as many as these."""
    return set(product.variants.filter(is_active=True).exclude(pk__in=besides).values_list("options_key", flat=True))


def _check_options(variant: models.ProductVariant, taken: set[str], path: list[str], name: str = "options") -> None:
    if variant.options_key in taken:
        shown = ", ".join(f"{option['name']}: {option['value']}" for option in variant.options)
        raise CatalogError(
            CatalogErrorCode.OPTIONS_TAKEN,
            f"Another active variant has these options ({shown or 'none'}). Give each another combination.",
            field=[*path, name],
        )


def _too_many(field: list[str]) -> CatalogError:
    return CatalogError(
        CatalogErrorCode.TOO_MANY,
        f"A product has at most {models.MAX_VARIANTS} active variants. Switch some off first.",
        field=field,
    )
