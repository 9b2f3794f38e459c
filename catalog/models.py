"""Categories, vendors, products, their variants and images, and what is in stock."""

from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models.expressions import RawSQL
from moneyed import Money

from catalog import money
from catalog.permissions import CatalogPermission

if TYPE_CHECKING:
    from accounts.models import User

# The most variants a product may have; what a client may read without paging.
MAX_VARIANTS = 500


class CategoryQuerySet(models.QuerySet["Category"]):
    def below(self, slug: str) -> Self:
        """The category with this slug and all its descendants, at any depth."""
        table = self.model._meta.db_table
        # UNION, not UNION ALL: a cycle ends instead of running for ever.
        tree = (  # the table's name is ours, the slug a parameter
            f"WITH RECURSIVE tree(id) AS (SELECT id FROM {table} WHERE slug = %s "  # noqa: S608
            f"UNION SELECT child.id FROM {table} child JOIN tree ON child.parent_id = tree.id) SELECT id FROM tree"
        )
        return self.filter(pk__in=RawSQL(tree, [slug]))  # noqa: S611


class Category(models.Model):
    """A shelf of the shop. Categories form a tree; a product stands in one of them."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=100, unique=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "categories"
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], name="category_name_is_unique_beside_its_siblings"),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(parent=None), name="category_name_is_unique_at_the_top"
            ),
        ]
        indexes = [models.Index(fields=["name", "id"], name="category_by_name")]

    def __str__(self) -> str:
        return self.name


class Vendor(models.Model):
    """Who makes or sells a product."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=100, unique=True)

    class Meta:
        indexes = [models.Index(fields=["name", "id"], name="vendor_by_name")]

    def __str__(self) -> str:
        return self.name


class ProductStatus(models.TextChoices):
    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


class ProductQuerySet(models.QuerySet["Product"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """What is on sale; for those who may see all products, everything."""
        # is_staff first: it costs no statement, and only staff see beyond the shop's window.
        if user.is_staff and user.has_perm(CatalogPermission.VIEW_ALL_PRODUCTS):
            return self
        return self.filter(status=ProductStatus.ACTIVE)

    def in_stock(self, wanted: bool) -> Self:
        """Those of which at least one variant can be bought now, or those of which none can."""
        available = ProductVariant.objects.filter(product=models.OuterRef("pk"), is_active=True, stock__on_hand__gt=0)
        return self.filter(models.Exists(available) if wanted else ~models.Exists(available))


class Product(models.Model):
    """Something the shop sells, in one or more variants. `slug` is the handle of the CSV it came from."""

    name = models.CharField(max_length=255)
    slug = models.SlugField(max_length=255, unique=True)
    description = models.TextField(blank=True, help_text="HTML; sanitised whenever it is written.")
    status = models.CharField(max_length=10, choices=ProductStatus, default=ProductStatus.DRAFT)
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="products")
    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="products")
    tags = models.JSONField(default=list, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    is_featured = models.BooleanField(default=False)
    seo_title = models.CharField(max_length=255, blank=True)
    seo_description = models.TextField(blank=True)
    # The range of the active variants' prices, kept by services so that lists sort and filter by an index.
    price_min = money.column(null=True, blank=True, editable=False)
    price_max = money.column(null=True, blank=True, editable=False)
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        permissions = [(CatalogPermission.VIEW_ALL_PRODUCTS.split(".")[1], "Can see products that are not on sale")]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=ProductStatus.values), name="product_status_is_known"),
        ]
        indexes = [
            models.Index(fields=["status", "name", "id"], name="product_by_name"),
            models.Index(fields=["status", "price_min", "id"], name="product_by_price"),
            models.Index(fields=["status", "-created_at", "id"], name="product_by_newest"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def price_range(self) -> tuple[Money, Money] | None:
        """The cheapest and the dearest active variant; None without any."""
        if self.price_min is None or self.price_max is None:
            return None
        return money.rounded(self.price_min, self.currency), money.rounded(self.price_max, self.currency)


class ProductVariant(models.Model):
    """One buyable form of a product. `options` is [{"name": "Size", "value": "M"}, …]."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="variants")
    sku = models.CharField("SKU", max_length=100, unique=True)
    name = models.CharField(max_length=255)
    options = models.JSONField(default=list, blank=True)
    price_amount = money.column()
    compare_at_amount = money.column(null=True, blank=True)
    currency = models.CharField(max_length=3)
    position = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(price_amount__gte=Decimal(0)), name="variant_price_not_negative"),
            models.CheckConstraint(
                condition=models.Q(compare_at_amount=None) | models.Q(compare_at_amount__gte=Decimal(0)),
                name="variant_compare_at_price_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.sku

    @property
    def price(self) -> Money:
        return money.rounded(self.price_amount, self.currency)

    @property
    def compare_at_price(self) -> Money | None:
        return None if self.compare_at_amount is None else money.rounded(self.compare_at_amount, self.currency)

    @property
    def on_hand(self) -> int:
        """How many can be bought now; none for a variant without a stock row."""
        stock = getattr(self, "stock", None)
        return stock.on_hand if stock else 0


class StockLevel(models.Model):
    """How many of a variant can be sold. A row of its own, so that a checkout locks this and nothing else."""

    variant = models.OneToOneField(ProductVariant, models.CASCADE, primary_key=True, related_name="stock")
    on_hand = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(on_hand__gte=0), name="stock_never_below_zero")]

    def __str__(self) -> str:
        return f"{self.variant_id}: {self.on_hand}"


class ProductImage(models.Model):
    """A picture of a product: a file of ours, or an address somewhere else."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="images")
    file = models.ImageField(upload_to="products", blank=True)
    source_url = models.URLField(max_length=2000, blank=True, help_text="Where the picture is when it is not our file.")
    alt = models.CharField(max_length=512, blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(file="") | ~models.Q(source_url=""), name="image_has_a_file_or_an_address"
            ),
            models.UniqueConstraint(
                fields=["product", "source_url"],
                condition=~models.Q(source_url=""),
                name="image_address_once_per_product",
            ),
        ]

    def __str__(self) -> str:
        return self.alt or self.file.name or self.source_url

    @property
    def url(self) -> str:
        """Where a browser gets the picture; ours are addresses on this server."""
        return self.file.url if self.file else self.source_url
