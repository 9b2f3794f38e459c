"""Products, their variants, and what they cost in each currency the shop sells in."""

import hashlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone
from moneyed import Money

from catalog import money
from catalog.models import searching
from catalog.models.categories import Category
from catalog.models.vendors import Vendor, VendorStatus
from catalog.permissions import CatalogPermission

if TYPE_CHECKING:
    from accounts.models import User

# The most variants a product may have; what a client may read without paging.
MAX_VARIANTS = 500


class ProductStatus(models.TextChoices):
    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


# From each status, those a product may move to. `services.products` is the only writer, besides an import.
PRODUCT_TRANSITIONS: dict[ProductStatus, frozenset[ProductStatus]] = {
    ProductStatus.DRAFT: frozenset({ProductStatus.ACTIVE, ProductStatus.ARCHIVED}),
    ProductStatus.ACTIVE: frozenset({ProductStatus.ARCHIVED}),
    ProductStatus.ARCHIVED: frozenset({ProductStatus.DRAFT}),
}


class ProductQuerySet(models.QuerySet["Product"]):
    def on_sale(self) -> Self:
        """What stands in the shop's window now."""
        return self.filter(
            status=ProductStatus.ACTIVE, published_at__lte=timezone.now(), vendor__status=VendorStatus.ACTIVE
        )

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """What is on sale; for those who may see all products, everything."""
        # is_staff first: it costs no statement, and only staff see beyond the shop's window.
        if user.is_staff and user.has_perm(CatalogPermission.VIEW_ALL_PRODUCTS):
            return self
        return self.on_sale()

    def reachable_by(self, user: "User | AnonymousUser") -> Self:
        """What this person may look at when they name it: what is visible, and what they keep."""
        visible = Product.objects.visible_to(user).values("pk")
        if user.pk is None:
            return self.filter(pk__in=visible)
        return self.filter(models.Q(pk__in=visible) | models.Q(pk__in=Product.objects.kept_by(user).values("pk")))

    def kept_by(self, user: "User | AnonymousUser") -> Self:
        """What this person may change: a seller's own, for those who manage products everything, else nothing."""
        if user.has_perm(CatalogPermission.MANAGE_PRODUCTS):
            return self
        if user.has_perm(CatalogPermission.SELL):
            return self.filter(vendor__in=Vendor.keys_of(user))
        return self.none()

    def ranged_in(self, currency: str) -> Self:
        """With what each costs in this currency, if anything; `price_columns` names where it is."""
        if currency == settings.SHOP_CURRENCY:
            return self
        asked = models.FilteredRelation("price_ranges", condition=models.Q(price_ranges__currency=currency))
        return self.alias(range=asked)

    def priced_in(self, currency: str) -> Self:
        """What has a price in this currency; `price_columns` names where it is."""
        if currency == settings.SHOP_CURRENCY:
            return self.filter(currency=currency, price_min__isnull=False)
        return self.ranged_in(currency).filter(range__isnull=False)

    def in_stock(self, wanted: bool) -> Self:
        """Those of which at least one variant can be bought now, or those of which none can."""
        available = ProductVariant.objects.available().filter(product=models.OuterRef("pk"))
        return self.filter(models.Exists(available) if wanted else ~models.Exists(available))

    def matching(self, text: str) -> Self:
        """What the words in the text find, or a SKU in it, with `relevance` to order by.

        Asks two short questions first: whose SKU it is and, if nobody's, whether the words are known as they are spelt.
        """
        codes = ProductVariant.objects.annotate(code=Upper("sku")).filter(code__in=searching.skus(text))
        coded = list(codes.values_list("product", flat=True)[: searching.MAX_WORDS])
        condition, relevance = searching.conditions(self, text, forgiving=not coded)
        if coded:
            condition = models.Q(condition) | models.Q(pk__in=coded)
            is_coded = models.When(pk__in=coded, then=models.Value(searching.SKU_RELEVANCE))
            relevance = models.Case(is_coded, default=relevance)
        return self.filter(condition).alias(relevance=relevance)

    def with_slug(self, slug: str) -> Self:
        """The product that has this slug, or had it before."""
        former = ProductSlug.objects.filter(slug=slug).values("product")
        return self.filter(models.Q(slug=slug) | models.Q(pk__in=former))


def price_columns(currency: str) -> tuple[str, str]:
    """Where the cheapest and the dearest price of a product `priced_in` this currency are."""
    return ("price_min", "price_max") if currency == settings.SHOP_CURRENCY else ("range__lowest", "range__highest")


class Product(models.Model):
    """Something the shop sells, in one or more variants. `slug` is the handle of the CSV it came from."""

    name = models.CharField(max_length=255)
    slug = models.SlugField(max_length=255, unique=True)
    description = models.TextField(blank=True, help_text="HTML; sanitised whenever it is written.")
    status = models.CharField(max_length=10, choices=ProductStatus, default=ProductStatus.DRAFT)
    published_at = models.DateTimeField(default=timezone.now, help_text="Not shown before this moment.")
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="products")
    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="products")
    tags = models.JSONField(default=list, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    is_featured = models.BooleanField(default=False)
    is_digital = models.BooleanField(default=False, help_text="Delivered as a file, not in a parcel.")
    tax_class = models.CharField(
        max_length=30, default="standard", help_text="One of settings.TAX_CLASSES; the rates stand in ordering."
    )
    seo_title = models.CharField(max_length=255, blank=True)
    seo_description = models.TextField(blank=True)
    # The range of the active variants' prices in the shop's own currency, kept by services so that lists sort and
    # filter by an index; the other currencies' are in PriceRange.
    price_min = money.column(null=True, blank=True, editable=False)
    price_max = money.column(null=True, blank=True, editable=False)
    currency = models.CharField(max_length=3)
    # Kept by services as well.
    rating_average = models.DecimalField(max_digits=3, decimal_places=2, default=Decimal(0), editable=False)
    rating_count = models.PositiveIntegerField(default=0, editable=False)
    units_sold = models.PositiveIntegerField(default=0, editable=False, help_text="In the last 90 days.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        permissions = [
            (CatalogPermission.VIEW_ALL_PRODUCTS.split(".")[1], "Can see products that are not on sale"),
            (CatalogPermission.MANAGE_PRODUCTS.split(".")[1], "Can keep all products"),
            (CatalogPermission.SELL.split(".")[1], "Can keep the products of their own vendors"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=ProductStatus.values), name="product_status_is_known"),
        ]
        # One for each ordering of the list; read backwards for the other direction.
        indexes = [
            models.Index(fields=["status", "name", "id"], name="product_by_name"),
            models.Index(fields=["status", "price_min", "id"], name="product_by_price"),
            models.Index(fields=["status", "created_at", "id"], name="product_by_newest"),
            models.Index(fields=["status", "units_sold", "id"], name="product_by_sales"),
            models.Index(fields=["status", "rating_average", "id"], name="product_by_rating"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_on_sale(self) -> bool:
        """Whether it stands in the shop's window now."""
        return (
            self.status == ProductStatus.ACTIVE
            and self.published_at <= timezone.now()
            and self.vendor.status == VendorStatus.ACTIVE
        )

    @property
    def price_range(self) -> tuple[Money, Money] | None:
        """The cheapest and the dearest active variant in the shop's currency; None without any."""
        return self.price_range_in(self.currency)

    def price_range_in(self, currency: str) -> tuple[Money, Money] | None:
        """The cheapest and the dearest active variant in this currency; None where it is not for sale."""
        if currency != self.currency:
            return next((each.money for each in self.price_ranges.all() if each.currency == currency), None)
        if self.price_min is None or self.price_max is None:
            return None
        return money.rounded(self.price_min, currency), money.rounded(self.price_max, currency)


class ProductSlug(models.Model):
    """A slug that a product had before."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="former_slugs")
    slug = models.SlugField(max_length=255, unique=True)

    def __str__(self) -> str:
        return self.slug


class PriceRange(models.Model):
    """What the active variants of a product cost in a currency other than the shop's own. Kept by services."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="price_ranges")
    currency = models.CharField(max_length=3)
    lowest = money.column()
    highest = money.column()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "currency"], name="price_range_once_per_currency")]
        indexes = [models.Index(fields=["currency", "lowest", "product"], name="price_range_by_price")]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.lowest}–{self.highest} {self.currency}"

    @property
    def money(self) -> tuple[Money, Money]:
        return money.rounded(self.lowest, self.currency), money.rounded(self.highest, self.currency)


class VariantQuerySet(models.QuerySet["ProductVariant"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Those of the products this person may look at."""
        return self.filter(product__in=Product.objects.reachable_by(user).values("pk"))

    def available(self) -> Self:
        """Those of which at least one can be bought now, whatever their product's status."""
        return self.filter(is_active=True, stock__on_hand__gt=models.F("stock__reserved"))


class ProductVariant(models.Model):
    """One buyable form of a product. `options` is [{"name": "Size", "value": "M"}, …].

    Its price in the shop's own currency stands here, those in others in VariantPrice.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="variants")
    sku = models.CharField("SKU", max_length=100, unique=True)
    barcode = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=255)
    options = models.JSONField(default=list, blank=True)
    options_key = models.CharField(max_length=64, editable=False, default="")
    price_amount = money.column()
    compare_at_amount = money.column(null=True, blank=True)
    currency = models.CharField(max_length=3)
    weight_grams = models.PositiveIntegerField(null=True, blank=True)
    image = models.ForeignKey("catalog.ProductImage", models.SET_NULL, null=True, blank=True, related_name="+")
    position = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = VariantQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(price_amount__gte=Decimal(0)), name="variant_price_not_negative"),
            models.CheckConstraint(
                condition=models.Q(compare_at_amount=None) | models.Q(compare_at_amount__gte=Decimal(0)),
                name="variant_compare_at_price_not_negative",
            ),
            models.UniqueConstraint(
                fields=["product", "options_key"],
                condition=models.Q(is_active=True),
                name="variant_options_once_per_product",
            ),
        ]
        # A SKU is found however it is typed.
        indexes = [models.Index(Upper("sku"), name="variant_by_sku_in_capitals")]

    def __str__(self) -> str:
        return self.sku

    def save(self, **kwargs: Any) -> None:
        self.options_key = self.key_of(self.options)
        super().save(**kwargs)

    @staticmethod
    def key_of(options: list[dict[str, str]]) -> str:
        """The combination of options as a key: the same for any order and case."""
        pairs = sorted((each["name"].casefold(), each["value"].casefold()) for each in options)
        return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()

    @property
    def price(self) -> Money:
        return money.rounded(self.price_amount, self.currency)

    @property
    def compare_at_price(self) -> Money | None:
        return None if self.compare_at_amount is None else money.rounded(self.compare_at_amount, self.currency)

    def price_in(self, currency: str) -> Money | None:
        """What one costs in this currency; None where it is not for sale. No statement with `prices` prefetched."""
        if currency == self.currency:
            return self.price
        return next((each.price for each in self.prices.all() if each.currency == currency), None)

    def compare_at_price_in(self, currency: str) -> Money | None:
        """What one cost before in this currency. No statement with `prices` prefetched."""
        if currency == self.currency:
            return self.compare_at_price
        return next((each.compare_at_price for each in self.prices.all() if each.currency == currency), None)

    @property
    def on_hand(self) -> int:
        """How many there are; none for a variant without a stock row."""
        stock = getattr(self, "stock", None)
        return stock.on_hand if stock else 0

    @property
    def available(self) -> int:
        """How many can be bought now; none for a variant without a stock row."""
        stock = getattr(self, "stock", None)
        return stock.available if stock else 0


class VariantPrice(models.Model):
    """What one of a variant costs in a currency other than the shop's own: a line of that currency's price list."""

    variant = models.ForeignKey(ProductVariant, models.CASCADE, related_name="prices")
    currency = models.CharField(max_length=3)
    amount = money.column()
    compare_at_amount = money.column(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["variant", "currency"], name="variant_price_once_per_currency"),
            models.CheckConstraint(condition=models.Q(amount__gte=Decimal(0)), name="list_price_not_negative"),
            models.CheckConstraint(
                condition=models.Q(compare_at_amount=None) | models.Q(compare_at_amount__gte=Decimal(0)),
                name="list_compare_at_price_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id}: {self.amount} {self.currency}"

    @property
    def price(self) -> Money:
        return money.rounded(self.amount, self.currency)

    @property
    def compare_at_price(self) -> Money | None:
        return None if self.compare_at_amount is None else money.rounded(self.compare_at_amount, self.currency)
