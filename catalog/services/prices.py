"""What variants cost in each currency, and what follows from it for their products."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef

from catalog import events, models, money
from catalog.errors import CatalogError, CatalogErrorCode
from catalog.services import access
from notifications import outbox

if TYPE_CHECKING:
    from accounts.models import User

# In any currency: nothing costs more, and every column has room for it.
MAX_AMOUNT = Decimal(10) ** 9
# (amount, compare-at amount)
Price = tuple[Decimal, Decimal | None]


@dataclass(frozen=True)
class ListedPrice:
    """A line of a price list as somebody wants it. Without an amount it is taken off the list."""

    currency: str
    amount: Decimal | None
    compare_at: Decimal | None = None


@transaction.atomic
def set_listed(*, variant_id: int, prices: Sequence[ListedPrice], actor: "User") -> models.ProductVariant:
    """What one of the variant costs in these currencies from now on; the others stay as they are.

    CURRENCY_NOT_SUPPORTED, and PRICE_INVALID for an amount that `checked_amount` refuses or a compare-at price that is
    not above the price; REQUIRED for a variant without a price in the shop's own currency.
    """
    variant = access.kept_variant(variant_id, actor)
    access.check_unarchived(variant.product)
    wanted = _checked(prices)

    changed = [currency for currency in wanted if wanted[currency] != _current(variant, currency)]
    if changed:
        gone = [currency for currency in changed if wanted[currency] is None]
        variant.prices.filter(currency__in=gone).delete()
        write({variant.pk: variant}, {(variant.pk, each): price for each in changed if (price := wanted[each])})
        refresh_ranges([variant.product])
        variant.product.save(update_fields=["updated_at"])
        fields = [f"prices.{currency}" for currency in changed]
        updated = events.VariantUpdated(variant_id=variant.pk, sku=variant.sku, fields=fields)
        outbox.record(updated, about=variant.product, actor=actor)
    return variant


def checked_amount(amount: Decimal, currency: str, *, field: list[str]) -> Decimal:
    """The amount as it is kept; PRICE_INVALID for what is no price in this currency. Nothing is rounded."""
    is_price = amount.is_finite() and 0 <= amount <= MAX_AMOUNT
    exact = abs(money.rounded(amount, currency).amount) if is_price else None  # "-0" is a zero as well
    if exact is None or exact != amount:
        decimals = money.exponent(currency)
        exactly = f"at most {decimals} decimals" if decimals else "no decimals"
        raise CatalogError(
            CatalogErrorCode.PRICE_INVALID,
            f"A price in {currency} is a number from 0 to {MAX_AMOUNT:,} with {exactly}.",
            field=field,
        )
    return exact


def check_compare_at(compare_at: Decimal | None, amount: Decimal, *, field: list[str]) -> None:
    """PRICE_INVALID unless what it cost before is more than it costs now."""
    if compare_at is not None and compare_at <= amount:
        raise CatalogError(
            CatalogErrorCode.PRICE_INVALID,
            "The compare-at price is what it cost before: give one above the price, or none.",
            field=field,
        )


def check_currency(currency: str, *, field: list[str]) -> None:
    """CURRENCY_NOT_SUPPORTED for one in which the shop does not sell."""
    if currency not in settings.SHOP_CURRENCIES:
        raise CatalogError(
            CatalogErrorCode.CURRENCY_NOT_SUPPORTED,
            f"This shop sells in {', '.join(settings.SHOP_CURRENCIES)}. Choose one of these.",
            field=field,
        )


def checked_price(amount: Decimal, compare_at: Decimal | None, currency: str, *, path: list[str]) -> Price:
    """Both as they are kept; PRICE_INVALID for what no variant can cost."""
    amount = checked_amount(amount, currency, field=[*path, "amount"])
    if compare_at is not None:
        compare_at = checked_amount(compare_at, currency, field=[*path, "compareAtAmount"])
        check_compare_at(compare_at, amount, field=[*path, "compareAtAmount"])
    return amount, compare_at


def _checked(prices: Sequence[ListedPrice]) -> dict[str, Price | None]:
    """By currency; None for what is taken off the list."""
    if not 1 <= len(prices) <= len(settings.SHOP_CURRENCIES):
        raise CatalogError(
            CatalogErrorCode.REQUIRED if not prices else CatalogErrorCode.TOO_MANY,
            f"Give from 1 to {len(settings.SHOP_CURRENCIES)} prices, one for each currency.",
            field=["prices"],
        )
    wanted: dict[str, Price | None] = {}
    for index, price in enumerate(prices):
        path = ["prices", str(index)]
        _check_currency(price, wanted, path)
        if price.amount is None:
            wanted[price.currency] = None
        else:
            wanted[price.currency] = checked_price(price.amount, price.compare_at, price.currency, path=path)
    return wanted


def _check_currency(price: ListedPrice, earlier: Collection[str], path: list[str]) -> None:
    check_currency(price.currency, field=[*path, "currency"])
    if price.currency in earlier:
        raise CatalogError(
            CatalogErrorCode.INVALID,
            f"{price.currency} is here twice. Give one price for it.",
            field=[*path, "currency"],
        )
    if price.amount is None and price.currency == settings.SHOP_CURRENCY:
        raise CatalogError(
            CatalogErrorCode.REQUIRED,
            f"A variant always has a price in {price.currency}. Switch it off with variantDeactivate instead.",
            field=[*path, "amount"],
        )


def _current(variant: models.ProductVariant, currency: str) -> Price | None:
    if currency == settings.SHOP_CURRENCY == variant.currency:
        return variant.price_amount, variant.compare_at_amount
    if currency == settings.SHOP_CURRENCY:
        return None
    listed = next((price for price in variant.prices.all() if price.currency == currency), None)
    return None if listed is None else (listed.amount, listed.compare_at_amount)


def write(variants: Mapping[int, models.ProductVariant], wanted: Mapping[tuple[int, str], Price]) -> None:
    """What variants of a product that is locked cost, by key and currency. Its ranges are still to be refreshed."""
    own = [variants[pk] for pk, currency in wanted if currency == settings.SHOP_CURRENCY]
    for variant in own:
        variant.price_amount, variant.compare_at_amount = wanted[variant.pk, settings.SHOP_CURRENCY]
        variant.currency = settings.SHOP_CURRENCY
    models.ProductVariant.objects.bulk_update(own, ["price_amount", "compare_at_amount", "currency"])
    models.VariantPrice.objects.bulk_create(
        [
            models.VariantPrice(variant_id=pk, currency=currency, amount=amount, compare_at_amount=compare_at)
            for (pk, currency), (amount, compare_at) in wanted.items()
            if currency != settings.SHOP_CURRENCY
        ],
        update_conflicts=True,
        unique_fields=["variant", "currency"],
        update_fields=["amount", "compare_at_amount"],
    )


def refresh_ranges(products: Collection[models.Product]) -> None:
    """The price ranges of these products, in every currency, from their active variants. The products are locked."""
    keys = [product.pk for product in products]
    active = models.ProductVariant.objects.filter(product__in=keys, is_active=True, currency=settings.SHOP_CURRENCY)
    own = {
        row["product"]: (row["low"], row["high"])
        for row in active.order_by().values("product").annotate(low=Min("price_amount"), high=Max("price_amount"))
    }
    for product in products:
        product.price_min, product.price_max = own.get(product.pk, (None, None))
        product.currency = settings.SHOP_CURRENCY
    models.Product.objects.bulk_update(products, ["price_min", "price_max", "currency"])

    foreign = models.VariantPrice.objects.filter(variant__is_active=True).exclude(currency=settings.SHOP_CURRENCY)
    ranges = [
        models.PriceRange(
            product_id=row["variant__product"], currency=row["currency"], lowest=row["low"], highest=row["high"]
        )
        for row in foreign.filter(variant__product__in=keys)
        .values("variant__product", "currency")
        .annotate(low=Min("amount"), high=Max("amount"))
    ]
    models.PriceRange.objects.bulk_create(
        ranges, update_conflicts=True, unique_fields=["product", "currency"], update_fields=["lowest", "highest"]
    )
    listed = foreign.filter(variant__product=OuterRef("product"), currency=OuterRef("currency"))
    models.PriceRange.objects.filter(~Exists(listed), product__in=keys).delete()
