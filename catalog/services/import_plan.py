"""What has to be written so that products are what a file says: collected first, then written table by table."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Model

from catalog import importing, models
from catalog.errors import CatalogError, CatalogErrorCode
from catalog.importing.values import derived_name
from catalog.services import stock
from catalog.services.import_shop import Shop, Wanted

if TYPE_CHECKING:
    from accounts.models import User

_PRODUCT = [
    *("name", "description", "status", "published_at", "category", "vendor", "tags", "attributes", "is_featured"),
    *("is_digital", "tax_class", "seo_title", "seo_description", "price_min", "price_max", "currency", "updated_at"),
]
_VARIANT = [
    *("barcode", "name", "options", "options_key", "price_amount", "compare_at_amount", "currency", "weight_grams"),
    *("image", "position", "is_active"),
]


class Plan:
    """The rows of all tables that are to be made, changed and deleted. On trial, nothing is made on the way."""

    def __init__(self, shop: Shop, *, is_trial: bool = False):
        self.shop = shop
        self.is_trial = is_trial
        self.new: dict[type[Model], list[Any]] = {
            model: [] for model in (models.Product, models.ProductImage, models.ProductVariant)
        }
        self.changed: dict[type[Model], list[Any]] = {
            model: [] for model in (models.Product, models.ProductImage, models.ProductVariant)
        }
        self.gone: dict[type[Model], list[int]] = {
            model: [] for model in (models.ProductImage, models.VariantPrice, models.PriceRange)
        }
        # Whether new or changed, they have one key by which the database knows which.
        self.prices: list[models.VariantPrice] = []
        self.ranges: list[models.PriceRange] = []
        # What is on hand: of variants that were never counted, and, by key, of others. The latter is not written here.
        self.first_counts: list[tuple[models.ProductVariant, int]] = []
        self.counts: dict[int, int] = {}
        # Variants that leave their combination of options to another, which may come before they have gone.
        self.parked: list[int] = []

    # ── What cannot be ───────────────────────────────────────────────────────────────────────────────────────────────
    def refusals(self, wanted: Wanted) -> list[CatalogError]:
        """Why the product cannot be what the file says; empty if it can."""
        parsed, product = wanted.parsed, self.shop.products.get(wanted.parsed.handle)
        found = [wanted.refusal] if wanted.refusal else []
        if parsed.handle in self.shop.moved:
            message = f"This handle leads to the product “{self.shop.moved[parsed.handle]}” now. Write that handle."
            found.append(CatalogError(CatalogErrorCode.SLUG_TAKEN, message, field=["handle"]))
        known = {variant.sku: variant for variant in self.shop.variants.get(product.pk, ())} if product else {}
        for index, (variant, _) in enumerate(wanted.variants):
            path = ["variants", str(index)]
            owner = self.shop.owners.get(variant.sku, parsed.handle)
            if owner != parsed.handle:
                message = f"“{variant.sku}” is a SKU of the product “{owner}”. Give each variant its own."
                found.append(CatalogError(CatalogErrorCode.INVALID, message, field=[*path, "sku"]))
            level = self.shop.levels.get(known[variant.sku].pk) if variant.sku in known else None
            if level and variant.on_hand is not None:
                refusal = stock.too_few(level, variant.on_hand, field=[*path, "stock"])
                found += [refusal] if refusal else []
        return found

    # ── What is to be ────────────────────────────────────────────────────────────────────────────────────────────────
    def add(self, wanted: Wanted) -> bool:
        """Makes the product, against which there is nothing, what the file says; says whether anything changes."""
        parsed = wanted.parsed
        product = self.shop.products.get(parsed.handle)
        is_new = product is None
        if product is None:
            product = models.Product(slug=parsed.handle, status=models.ProductStatus.ACTIVE)
            product.currency = settings.SHOP_CURRENCY
            self.new[models.Product].append(product)
        old_name = product.name
        images = {_place_of(image): image for image in self.shop.images.get(product.pk, ())}
        changes = [
            _assign(product, self._place(product, parsed)),
            _assign(product, wanted.values),
            parsed.images is not None and self._add_images(product, parsed.images, images),
            parsed.variants is not None and self._add_variants(product, wanted, old_name, images),
        ]
        if any(changes) and not is_new:
            # Also where only a variant or an image changed: `updated_at` is about the product with all it has.
            self.changed[models.Product].append(product)
        return any(changes)

    def _place(self, product: models.Product, parsed: importing.ParsedProduct) -> dict[str, int | None]:
        """Its vendor and its category. A vendor whose name is not the only one of its kind stays."""
        values: dict[str, int | None] = {}
        name = parsed.vendor
        if product.vendor_id is None:
            name = name or importing.DEFAULT_VENDOR
        elif product.vendor.name == name:
            name = None
        if name is not None:
            vendors = self.shop.vendors
            values["vendor_id"] = vendors.find(name) if self.is_trial else vendors.make(name)
        if parsed.category is not None:
            categories = self.shop.categories
            find = categories.find if self.is_trial else categories.make
            values["category_id"] = find(parsed.category)
            if parsed.category and values["category_id"] is None:
                values["category_id"] = 0  # is still to be made, so it is another one
        return values

    def _add_images(
        self,
        product: models.Product,
        parsed: Sequence[importing.ParsedImage],
        images: dict[str, models.ProductImage],
    ) -> bool:
        wanted = {_known_place(image.source_url, images): image.alt for image in parsed}
        new = [models.ProductImage(product=product, source_url=address) for address in wanted if address not in images]
        gone = [address for address, image in images.items() if address not in wanted and not image.file]
        self.gone[models.ProductImage] += [images.pop(address).pk for address in gone]
        images |= {image.source_url: image for image in new}
        rows = [images[address] for address in wanted]
        changed = [image for image in rows if _assign(image, {"alt": wanted[_place_of(image)]})]
        moved = _put_in_order(rows)
        self.new[models.ProductImage] += new
        fresh = {id(image) for image in new}
        touched = {id(image): image for image in [*changed, *moved] if id(image) not in fresh}
        self.changed[models.ProductImage] += touched.values()
        return bool(new or gone or touched)

    def _add_variants(
        self,
        product: models.Product,
        wanted: Wanted,
        old_name: str,
        images: Mapping[str, models.ProductImage],
    ) -> bool:
        known = {variant.sku: variant for variant in self.shop.variants.get(product.pk, ())}
        rows: list[models.ProductVariant] = []
        new: list[models.ProductVariant] = []
        touched: dict[int, models.ProductVariant] = {}
        is_restocked, amounts = False, []
        for (parsed, options), key in zip(wanted.variants, wanted.keys, strict=True):
            variant = known.pop(parsed.sku, None)
            values = _variant_values(parsed, options, key, _name(parsed, options, variant, product, old_name))
            is_new = variant is None
            if variant is None:
                variant = models.ProductVariant(product=product, sku=parsed.sku, **values)
                new.append(variant)
            elif self._change(variant, values):
                touched[id(variant)] = variant
            image = images.get(_known_place(parsed.image or "", images))
            if parsed.image is not None and _show(variant, image) and not is_new:
                touched[id(variant)] = variant
            rows.append(variant)
            is_restocked |= self._add_stock(variant, parsed.on_hand, is_new)
            amounts.append(self._add_prices(variant, parsed.prices))
        for variant in known.values():
            if self._change(variant, {"is_active": False}):
                touched[id(variant)] = variant
        fresh = {id(variant) for variant in new}
        touched |= {id(variant): variant for variant in _put_in_order(rows) if id(variant) not in fresh}
        self.new[models.ProductVariant] += new
        self.changed[models.ProductVariant] += touched.values()
        has_other_prices = any(is_changed for is_changed, _ in amounts)
        has_other_ranges = self._add_ranges(
            product, [each for variant, (_, each) in zip(rows, amounts, strict=True) if variant.is_active]
        )
        return bool(new or touched or is_restocked or has_other_prices or has_other_ranges)

    def _change(self, variant: models.ProductVariant, values: Mapping[str, Any]) -> bool:
        was_active, key = variant.is_active, variant.options_key
        has_changed = _assign(variant, values)
        if was_active and (key != variant.options_key or not variant.is_active):
            self.parked.append(variant.pk)
        return has_changed

    def _add_stock(self, variant: models.ProductVariant, on_hand: int | None, is_new: bool) -> bool:
        level = None if is_new else self.shop.levels.get(variant.pk)
        if level is None:
            self.first_counts.append((variant, on_hand or 0))
            return True
        if on_hand is None or on_hand == level.on_hand:
            return False
        self.counts[variant.pk] = on_hand
        return True

    def _add_prices(
        self, variant: models.ProductVariant, parsed: Mapping[str, importing.ParsedPrice | None] | None
    ) -> tuple[bool, dict[str, Any]]:
        """Whether the variant's prices in other currencies change, and what they are then."""
        known = self.shop.prices.get(variant.pk, {}) if variant.pk else {}
        amounts = {currency: price.amount for currency, price in known.items()}
        if parsed is None:
            return False, amounts
        changed, gone = [], []
        for currency, price in parsed.items():
            row = known.get(currency)
            if price is not None:
                row = row or models.VariantPrice(variant=variant, currency=currency)
                if _assign(row, {"amount": price.amount, "compare_at_amount": price.compare_at}):
                    changed.append(row)
                amounts[currency] = price.amount
            elif row is not None and currency in settings.SHOP_CURRENCIES:
                # What is in a currency that this process does not know, no file takes away.
                gone.append(row.pk)
                del amounts[currency]
        self.gone[models.VariantPrice] += gone
        self.prices += changed
        return bool(changed or gone), amounts

    def _add_ranges(self, product: models.Product, amounts: Sequence[Mapping[str, Any]]) -> bool:
        """What the active variants cost in each currency but the shop's own."""
        known = self.shop.ranges.get(product.pk, {}) if product.pk else {}
        currencies = {currency for each in amounts for currency in each if currency != settings.SHOP_CURRENCY}
        changed = []
        for currency in sorted(currencies):
            found = [each[currency] for each in amounts if currency in each]
            row = known.get(currency) or models.PriceRange(product=product, currency=currency)
            if _assign(row, {"lowest": min(found), "highest": max(found)}):
                changed.append(row)
        gone = [known[currency].pk for currency in known if currency not in currencies]
        self.ranges += changed
        self.gone[models.PriceRange] += gone
        return bool(changed or gone)

    # ── Writing it ───────────────────────────────────────────────────────────────────────────────────────────────────
    def write(self, actor: "User | None") -> None:
        """A statement or two for each table that something changes in. `counts` are for the caller to write, last."""
        for model, keys in self.gone.items():
            if keys:
                model._default_manager.filter(pk__in=keys).delete()
        self._save(models.Product, _PRODUCT)
        self._save(models.ProductImage, ["alt", "position"])
        if self.parked:
            models.ProductVariant.objects.filter(pk__in=self.parked).update(is_active=False)
        self._save(models.ProductVariant, _VARIANT)
        if self.first_counts:
            stock.begin_imported(quantities={variant.pk: count for variant, count in self.first_counts}, actor=actor)
        _put(self.prices, ["variant", "currency"], ["amount", "compare_at_amount"])
        _put(self.ranges, ["product", "currency"], ["lowest", "highest"])

    def _save(self, model: type[Any], columns: list[str]) -> None:
        # What has changed goes first: it makes way for what is new.
        _put(self.changed[model], ["id"], columns)
        if self.new[model]:
            model.objects.bulk_create(self.new[model])


def _put(rows: Sequence[Any], unique: list[str], columns: list[str]) -> None:
    """Makes the rows, or changes those there are. Quicker by far than one UPDATE that names each row's values."""
    if rows:
        manager = type(rows[0])._default_manager
        manager.bulk_create(rows, update_conflicts=True, unique_fields=unique, update_fields=columns)


def _variant_values(
    parsed: importing.ParsedVariant, options: list[dict[str, str]], key: str, name: str
) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": name,
        "options": options,
        "options_key": key,
        "price_amount": parsed.price,
        "compare_at_amount": parsed.compare_at,
        "currency": settings.SHOP_CURRENCY,
        "is_active": parsed.is_active,
    }
    if parsed.barcode is not None:
        values["barcode"] = parsed.barcode
    if parsed.weight_grams is not importing.UNSAID:
        values["weight_grams"] = parsed.weight_grams
    return values


def _name(
    parsed: importing.ParsedVariant,
    options: list[dict[str, str]],
    variant: models.ProductVariant | None,
    product: models.Product,
    old_name: str,
) -> str:
    """What it is called; where the file does not say, a name that somebody gave it stays while its options do."""
    if parsed.name is not None:
        return parsed.name
    if variant is not None and variant.options == options and variant.name != derived_name(options, old_name):
        return variant.name
    return derived_name(options, product.name)


def _place_of(image: models.ProductImage) -> str:
    """By which a picture is told from the others of its product: for a file of ours without the shop's own address,
    which another that reads the same file may not have."""
    return urlsplit(image.file.url).path if image.file else image.source_url


def _known_place(address: str, images: Mapping[str, models.ProductImage]) -> str:
    path = urlsplit(address).path
    return path if path in images and address not in images else address


def _show(variant: models.ProductVariant, image: models.ProductImage | None) -> bool:
    """Gives the variant its picture, and says whether it is another one."""
    if image is not None and image.pk is None:
        variant.image = image
        return True
    return _assign(variant, {"image_id": image.pk if image else None})


def _put_in_order(rows: Sequence[Any]) -> list[Any]:
    """Numbers the rows unless they stand in this order already; returns those that have got another place."""
    if all(row.pk is not None for row in rows):
        places = [(row.position, row.pk) for row in rows]
        if all(before < after for before, after in pairwise(places)):
            return []
    return [row for place, row in enumerate(rows) if _assign(row, {"position": place})]


def _assign(row: Model, values: Mapping[str, Any]) -> bool:
    """Puts the values on the row, and says whether one of them is new."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return bool(changed)
