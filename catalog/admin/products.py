"""Products with what belongs to them. Archived, not deleted: orders name their variants."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import F, OuterRef, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.admin.kit import actor
from catalog.admin.images import ImageInline
from catalog.admin.kit import DetailInline, FormerSlugInline, Kept, ServiceForm, ServiceSaved, given
from catalog.admin.variants import VariantInline
from catalog.admin.versions import VersionInline
from catalog.models import PRODUCT_TRANSITIONS, PriceRange, Product, ProductSlug, ProductStatus, ProductVariant
from catalog.permissions import CatalogPermission
from catalog.services import products
from notifications.admin import Buttons, HistoryInline, RowFilter

STATUS_COLOURS = {
    ProductStatus.ACTIVE: "success",
    ProductStatus.DRAFT: "warning",
    ProductStatus.ARCHIVED: "danger",
}


class ProductForm(ServiceForm):
    tags = forms.CharField(required=False, widget=UnfoldAdminTextInputWidget, help_text="Separated by commas.")
    tax_class = forms.ChoiceField(widget=UnfoldAdminSelectWidget, help_text="The rates of each stand in the tax rates.")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial["tags"] = ", ".join(self.instance.tags)
        if "tax_class" in self.fields:
            # A class that settings have no more stays until somebody chooses another.
            classes = dict.fromkeys([*settings.TAX_CLASSES, self.instance.tax_class])
            self.fields["tax_class"].choices = [  # type: ignore[attr-defined]
                (name, name.capitalize()) for name in classes
            ]

    def clean_tags(self) -> list[str]:
        return [tag for tag in self.cleaned_data["tags"].split(",") if tag.strip()]

    def clean_attributes(self) -> dict[str, Any]:
        """Nothing is no attributes, where JSON would be null."""
        return self.cleaned_data["attributes"] or {}


class InStockFilter(admin.SimpleListFilter):
    """Whether some variant can be bought now."""

    title = "stock"
    parameter_name = "in_stock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "In stock"), ("no", "Sold out")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() is None else queryset.in_stock(self.value() == "yes")


class PriceRangeInline(DetailInline):
    model = PriceRange
    fields = ["currency", "cheapest", "dearest"]
    readonly_fields = fields
    verbose_name_plural = "prices in other currencies"
    ordering = ["currency"]

    @display
    def cheapest(self, prices: PriceRange) -> str:
        return str(prices.money[0])

    @display
    def dearest(self, prices: PriceRange) -> str:
        return str(prices.money[1])


class ProductSlugInline(FormerSlugInline):
    model = ProductSlug


@admin.register(Product)
class ProductAdmin(Buttons, Kept, ServiceSaved, ModelAdmin):
    keeper = CatalogPermission.MANAGE_PRODUCTS
    form = ProductForm
    list_display = ["title", "status_label", "category", "prices", "on_hand", "rating", "is_featured", "updated_at"]
    list_select_related = ["category", "vendor"]
    list_filter = [
        "status",
        InStockFilter,
        "is_featured",
        "is_digital",
        ("category", RowFilter),
        ("vendor", RowFilter),
    ]
    list_filter_submit = True
    search_fields = ["name", "slug", "vendor__name", "=variants__sku"]
    search_help_text = "Words of the name, a handle, a vendor or a SKU."
    date_hierarchy = "created_at"
    ordering = ["name", "id"]
    show_full_result_count = False
    list_per_page = 50
    autocomplete_fields = ["category", "vendor"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["status", "prices", "rating", "units_sold", "created_at", "updated_at"]
    warn_unsaved_form = True
    fieldsets = [
        (
            None,
            {
                "fields": [
                    *("name", "slug", "status", "published_at", ("category", "vendor")),
                    *("description", "tags", ("is_featured", "is_digital"), "tax_class"),
                ]
            },
        ),
        ("Kept by the shop", {"fields": [("prices", "rating"), "units_sold", ("created_at", "updated_at")]}),
        ("Search engines", {"fields": ["seo_title", "seo_description"], "classes": ["collapse"]}),
        ("Attributes", {"fields": ["attributes"], "classes": ["collapse"]}),
    ]
    inlines = [VariantInline, ImageInline, PriceRangeInline, VersionInline, ProductSlugInline, HistoryInline]
    actions_detail = ["activate", "restore", "archive"]

    def get_queryset(self, request: HttpRequest) -> Any:
        stock = ProductVariant.objects.filter(product=OuterRef("pk"), is_active=True).order_by().values("product")
        left = stock.annotate(total=Sum(F("stock__on_hand") - F("stock__reserved"))).values("total")
        return super().get_queryset(request).annotate(stock_total=Subquery(left)).prefetch_related("images")

    def get_inlines(self, request: HttpRequest, obj: Product | None) -> Any:
        return super().get_inlines(request, obj) if obj else [VariantInline, ImageInline]

    def has_change_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        """What is archived is only looked at until it is restored."""
        return super().has_change_permission(request, obj) and (obj is None or obj.status != ProductStatus.ARCHIVED)

    # ── Saving ──
    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        if change:
            products.update(product_id=obj.pk, given=given(form), actor=actor(request))
        else:
            self.show(obj, products.create(given=given(form), actor=actor(request)))

    # ── Buttons ──
    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Those to where the product may move from its status."""
        product = self.get_object(request, str(object_id))
        if product is None:
            return []
        leads_to = {
            "activate": ProductStatus.ACTIVE,
            "restore": ProductStatus.DRAFT,
            "archive": ProductStatus.ARCHIVED,
        }
        may = PRODUCT_TRANSITIONS[ProductStatus(product.status)]
        return [each for each in super().get_actions_detail(request, object_id) if leads_to[each.path] in may]

    @action(
        description="Put on sale",
        icon="storefront",
        variant=ActionVariant.PRIMARY,
        permissions=["keep"],
        dialog={
            "title": "Put this product on sale?",
            "description": "Everybody sees it, from its publication date on.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Put on sale",
        },
    )
    def activate(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        done = "The product is on sale."
        return self.press(request, object_id, products.activate, done, actor=actor(request), product_id=int(object_id))

    @action(
        description="Archive",
        icon="archive",
        variant=ActionVariant.DANGER,
        permissions=["keep"],
        dialog={
            "title": "Archive this product?",
            "description": "Nobody can buy it any more. Orders keep what they have of it, and it can be restored.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Archive",
        },
    )
    def archive(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        done = "The product was archived."
        return self.press(request, object_id, products.archive, done, actor=actor(request), product_id=int(object_id))

    @action(
        description="Restore",
        icon="unarchive",
        variant=ActionVariant.PRIMARY,
        permissions=["keep"],
        dialog={
            "title": "Restore this product?",
            "description": "It is a draft again, to be looked at before it is sold.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Restore",
        },
    )
    def restore(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        done = "The product was restored."
        return self.press(request, object_id, products.restore, done, actor=actor(request), product_id=int(object_id))

    # ── Columns ──
    @display(description="product", ordering="name", header=True)
    def title(self, product: Product) -> list[Any]:
        picture = next(iter(product.images.all()), None)
        image = {"path": picture.url, "squared": True, "height": 36, "width": 36} if picture else {}
        return [product.name, product.vendor.name, "", image] if image else [product.name, product.vendor.name]

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def status_label(self, product: Product) -> tuple[str, str]:
        return product.status, product.get_status_display()

    @display(description="price", ordering="price_min")
    def prices(self, product: Product) -> str:
        if product.price_range is None:
            return "–"
        cheapest, dearest = product.price_range
        return str(cheapest) if cheapest == dearest else f"{cheapest} – {dearest}"

    @display(ordering="rating_average")
    def rating(self, product: Product) -> str:
        return f"★ {product.rating_average:.1f} ({product.rating_count})" if product.rating_count else "–"

    @display(description="in stock", ordering="stock_total")
    def on_hand(self, product: Any) -> int:
        return product.stock_total or 0
