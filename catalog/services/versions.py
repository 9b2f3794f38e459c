"""Versions of products: proposed, compared with what is there, published."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from catalog import events, models, money
from catalog.errors import CatalogError, CatalogErrorCode, not_found
from catalog.services import access, content, prices, products, races
from notifications import outbox

if TYPE_CHECKING:
    from accounts.models import User

MAX_NOTE = 500
# The columns of a product that a version proposes anew.
COLUMNS = ("name", "description", "attributes", "seo_title", "seo_description")

# What variants cost, by variant and currency.
_Prices = dict[tuple[int, str], prices.Price]


@dataclass(frozen=True)
class ProposedPrice:
    """What one of a variant shall cost in one currency, and what it cost before."""

    variant_id: int
    currency: str
    amount: Decimal
    compare_at: Decimal | None = None


@dataclass(frozen=True)
class Change:
    """A part in which a version differs from its product. Of prices only the lines that differ, as a version has them;
    a line that is new is not among the current ones."""

    part: str
    current: Any
    proposed: Any


@races.refused()
@transaction.atomic
def create(
    *,
    actor: "User",
    product_id: int,
    given: Mapping[str, Any],
    proposed_prices: Sequence[ProposedPrice] = (),
    note: str = "",
) -> models.ProductVersion:
    """A new draft with the next number: the product as it is, but for what is given, by column.

    Refuses with INVALID, REQUIRED, CURRENCY_NOT_SUPPORTED, PRICE_INVALID and NOT_FOUND for what cannot be kept, and
    with STATUS_NOT_ALLOWED for an archived product.
    """
    product = access.kept_product(product_id, actor, field=["productId"])
    access.check_unarchived(product, field=["productId"])
    values = {column: getattr(product, column) for column in COLUMNS}
    for column, value in given.items():
        field, checked = products.CHECKS[column]
        values[column] = checked(value, field=["input", field])
    note = content.checked_text(note, field=["input", "note"], longest=MAX_NOTE)
    variants = product.variants.values_list("pk", flat=True)
    wanted = _prices_of(product) | _checked(proposed_prices, variants)

    last = product.versions.aggregate(last=Max("number"))["last"] or 0
    version = models.ProductVersion.objects.create(
        product=product, number=last + 1, author=actor, note=note, prices=_written(wanted), **values
    )
    event = events.ProductVersionCreated(product_id=product.pk, number=version.number, name=version.name)
    outbox.record(event, about=version, actor=actor)
    return version


@races.refused()
@transaction.atomic
def publish(*, actor: "User", version_id: int) -> models.ProductVersion:
    """Makes the version its product's content, and the one that was before OBSOLETE. Again changes nothing, unless the
    product was changed meanwhile. STATUS_NOT_ALLOWED for one that is obsolete, and for an archived product.
    """
    found = models.ProductVersion.objects.filter(pk=version_id).first()
    if found is None:
        raise not_found("version", field=["id"])
    try:
        product = access.kept_product(found.product_id, actor)
    except CatalogError:  # in the words of one that is not there
        raise not_found("version", field=["id"]) from None
    access.check_unarchived(product)
    version = product.versions.select_for_update().get(pk=version_id)
    if version.is_published and not changes(version=version):
        return version

    replaced = product.versions.published().exclude(pk=version.pk).first()
    if version.status != models.VersionStatus.APPROVED:
        _move(version, models.VersionStatus.APPROVED)
    if replaced is not None:
        _move(replaced, models.VersionStatus.OBSOLETE)
    version.published_at = timezone.now()
    version.save(update_fields=["published_at"])
    for column in COLUMNS:
        setattr(product, column, getattr(version, column))
    product.save(update_fields=[*COLUMNS, "updated_at"])
    _write_prices(product, _read(version.prices))
    event = events.ProductVersionPublished(
        product_id=product.pk,
        number=version.number,
        name=version.name,
        replaced=replaced.number if replaced else None,
    )
    outbox.record(event, about=version, actor=actor)
    return models.ProductVersion.objects.get(pk=version.pk)  # compared with the product as it is now


def changes(*, version: models.ProductVersion) -> list[Change]:
    """In what the version differs from its product as it is now, in the order of its parts.

    Two statements, once for each product object: what it costs is not read again.
    """
    product = version.product
    found = [
        Change(column, getattr(product, column), getattr(version, column))
        for column in COLUMNS
        if getattr(product, column) != getattr(version, column)
    ]
    if not hasattr(product, "_compared_prices"):
        product._compared_prices = _prices_of(product)  # type: ignore[attr-defined]
    current, wanted = product._compared_prices, _read(version.prices)  # type: ignore[attr-defined]
    wanted = {key: price for key, price in wanted.items() if current.get(key) != price}
    if wanted:
        before = {key: price for key, price in current.items() if key in wanted}
        found.append(Change("prices", _written(before), _written(wanted)))
    return found


def _move(version: models.ProductVersion, status: models.VersionStatus) -> None:
    """The one writer of a version's status. Its product is locked."""
    if status not in models.VERSION_TRANSITIONS[models.VersionStatus(version.status)]:
        raise CatalogError(
            CatalogErrorCode.STATUS_NOT_ALLOWED,
            f"Version {version.number} is {version.status.lower()}. Make a new version of what should be published.",
            field=["id"],
        )
    version.status = status
    version.save(update_fields=["status"])


def _prices_of(product: models.Product) -> _Prices:
    """What all variants of the product cost, in the order of variants and of currencies. Two statements."""
    found: _Prices = {}
    # Not `product.variants`: what the optimizer prefetched holds only those on sale.
    for variant in models.ProductVariant.objects.filter(product=product).prefetch_related("prices"):
        listed = {price.currency: (price.amount, price.compare_at_amount) for price in variant.prices.all()}
        if variant.currency == settings.SHOP_CURRENCY:
            listed[variant.currency] = variant.price_amount, variant.compare_at_amount
        found |= {
            (variant.pk, currency): listed[currency] for currency in settings.SHOP_CURRENCIES if currency in listed
        }
    return found


def _checked(proposed: Sequence[ProposedPrice], variants: Iterable[int]) -> _Prices:
    wanted: _Prices = {}
    known = set(variants)
    for index, price in enumerate(proposed):
        path = ["input", "prices", str(index)]
        if price.variant_id not in known:
            raise CatalogError(
                CatalogErrorCode.NOT_FOUND, "The product has no such variant.", field=[*path, "variantId"]
            )
        prices.check_currency(price.currency, field=[*path, "currency"])
        if (price.variant_id, price.currency) in wanted:
            raise CatalogError(
                CatalogErrorCode.INVALID, "This variant has a price in this currency already. Give one.", field=path
            )
        key = price.variant_id, price.currency
        wanted[key] = prices.checked_price(price.amount, price.compare_at, price.currency, path=path)
    return wanted


def _write_prices(product: models.Product, wanted: _Prices) -> None:
    """Gives the variants that are still there these prices; currencies that came since keep theirs."""
    current, variants = _prices_of(product), product.variants.in_bulk()
    changed = {key: price for key, price in wanted.items() if key[0] in variants and current.get(key) != price}
    if changed:
        prices.write(variants, changed)
        prices.refresh_ranges([product])


def _written(found: _Prices) -> list[dict[str, Any]]:
    """As a version keeps them."""
    return [
        {
            "variant": pk,
            "currency": currency,
            "amount": _text(amount, currency),
            "compare_at": None if compare_at is None else _text(compare_at, currency),
        }
        for (pk, currency), (amount, compare_at) in found.items()
    ]


def _text(amount: Decimal, currency: str) -> str:
    return str(money.rounded(amount, currency).amount)


def _read(lines: Iterable[Mapping[str, Any]]) -> _Prices:
    return {
        (line["variant"], line["currency"]): (
            Decimal(line["amount"]),
            None if line["compare_at"] is None else Decimal(line["compare_at"]),
        )
        for line in lines
    }
