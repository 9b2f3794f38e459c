"""Products with their variants and pictures, shelves and vendors; stock, which only its service moves."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import OuterRef, Subquery, Sum, URLField
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from catalog import money
from catalog.models import Category, Product, ProductImage, ProductStatus, ProductVariant, StockLevel, Vendor
from catalog.services import content, prices, stock
from notifications.admin import Buttons, ReadOnly, RowFilter

STATUS_COLOURS = {ProductStatus.ACTIVE: "success", ProductStatus.DRAFT: "warning"}


# ── Forms ────────────────────────────────────────────────────────────────────────────────────────────────────────────
class ProductForm(forms.ModelForm):  # type: ignore[type-arg]
    tags = forms.CharField(required=False, widget=UnfoldAdminTextInputWidget, help_text="Separated by commas.")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial["tags"] = ", ".join(self.instance.tags)
        if self.instance._state.adding:
            self.instance.currency = settings.SHOP_CURRENCY

    def clean_tags(self) -> list[str]:
        tags = [tag.strip() for tag in self.cleaned_data["tags"].split(",")]
        return [tag for tag in dict.fromkeys(tags) if tag]

    def clean_description(self) -> str:
        """Sanitised as an import is: the API hands it out as HTML that is safe to insert."""
        return content.safe_html(self.cleaned_data["description"])


class VariantForm(forms.ModelForm):  # type: ignore[type-arg]
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.instance.currency = settings.SHOP_CURRENCY
            return
        for name in ("price_amount", "compare_at_amount"):
            amount = self.initial.get(name)
            if amount is not None:
                self.initial[name] = money.rounded(amount, self.instance.currency).amount

    def clean_price_amount(self) -> Any:
        return self._exact("price_amount")

    def clean_compare_at_amount(self) -> Any:
        return self._exact("compare_at_amount")

    def _exact(self, name: str) -> Any:
        amount, currency = self.cleaned_data[name], self.instance.currency
        if amount is not None and money.rounded(amount, currency).amount != amount:
            raise forms.ValidationError(f"An amount in {currency} has at most {money.exponent(currency)} decimals.")
        return amount


class VariantPageForm(VariantForm):
    options = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="One a line, each with its value: “Size: M”.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial["options"] = "\n".join(f"{each['name']}: {each['value']}" for each in self.instance.options)

    def clean_options(self) -> list[dict[str, str]]:
        lines = [line for line in self.cleaned_data["options"].splitlines() if line.strip()]
        pairs = [[part.strip() for part in line.partition(":")[::2]] for line in lines]
        if not all(name and value for name, value in pairs):
            raise forms.ValidationError("Write each option on a line of its own, with its value: “Size: M”.")
        if len({name for name, _ in pairs}) < len(pairs):
            raise forms.ValidationError("Two options have the same name. Give each its own.")
        return [{"name": name, "value": value} for name, value in pairs]


class CategoryForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean_parent(self) -> Category | None:
        parent: Category | None = self.cleaned_data["parent"]
        old = self.instance
        if parent and old.pk and Category.objects.below(old.pk).filter(pk=parent.pk).exists():
            raise forms.ValidationError("A category cannot stand below itself.")
        return parent


class StockForm(BaseDialogForm):
    difference = forms.IntegerField(
        widget=UnfoldAdminIntegerFieldWidget,
        label="How many came or went",
        help_text="12 when twelve arrived, -2 when two broke.",
        min_value=-1_000_000,
        max_value=1_000_000,
    )

    def clean_difference(self) -> int:
        difference: int = self.cleaned_data["difference"]
        if not difference:
            raise forms.ValidationError("Nothing would change.")
        return difference


# ── Products ─────────────────────────────────────────────────────────────────────────────────────────────────────────
class InStockFilter(admin.SimpleListFilter):
    """Whether some variant can be bought now."""

    title = "stock"
    parameter_name = "in_stock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "In stock"), ("no", "Sold out")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() is None else queryset.in_stock(self.value() == "yes")


class VariantInline(TabularInline):
    model = ProductVariant
    form = VariantForm
    fields = ["sku", "name", "price_amount", "compare_at_amount", "position", "is_active", "on_hand"]
    verbose_name = "variant"
    readonly_fields = ["on_hand"]
    extra = 0
    # A product may have 500: on one page their form would be longer than Django accepts.
    per_page = 50
    hide_title = True
    show_change_link = True
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("stock")


class ImageInline(TabularInline):
    model = ProductImage
    fields = ["preview", "file", "source_url", "alt", "position"]
    formfield_overrides = {URLField: {"assume_scheme": "https"}}
    readonly_fields = ["preview"]
    verbose_name = "picture"
    extra = 0
    hide_title = True

    @display
    def preview(self, image: ProductImage) -> str:
        """A picture somewhere else; a file of ours is shown by its own field."""
        return _picture(image.source_url, image.alt, 56) if image.source_url else "–"


@admin.register(Product)
class ProductAdmin(ModelAdmin):
    """A product is archived, not deleted: orders name its variants."""

    form = ProductForm
    list_display = ["title", "status_label", "category", "prices", "on_hand", "is_featured", "updated_at"]
    list_select_related = ["category", "vendor"]
    list_filter = [
        "status",
        InStockFilter,
        "is_featured",
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
    readonly_fields = ["prices", "created_at", "updated_at"]
    warn_unsaved_form = True
    fieldsets = [
        (None, {"fields": ["name", "slug", ("status", "is_featured"), ("category", "vendor"), "description", "tags"]}),
        ("Kept by the shop", {"fields": ["prices", ("created_at", "updated_at")]}),
        ("Search engines", {"fields": ["seo_title", "seo_description"], "classes": ["collapse"]}),
        ("Attributes", {"fields": ["attributes"], "classes": ["collapse"]}),
    ]
    inlines = [VariantInline, ImageInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        stock = ProductVariant.objects.filter(product=OuterRef("pk"), is_active=True).order_by().values("product")
        sold = stock.annotate(total=Sum("stock__on_hand")).values("total")
        return super().get_queryset(request).annotate(stock_total=Subquery(sold)).prefetch_related("images")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        prices.refresh(product_id=form.instance.pk)

    def has_delete_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        return False

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

    @display(description="in stock", ordering="stock_total")
    def on_hand(self, product: Any) -> int:
        return product.stock_total or 0


def _picture(url: str, alt: str, size: int) -> str:
    return format_html('<img src="{}" alt="{}" width="{}" loading="lazy" class="rounded-default">', url, alt, size)


@admin.register(ProductVariant)
class ProductVariantAdmin(ModelAdmin):
    """A variant is switched off, not deleted: orders name it."""

    form = VariantPageForm
    list_display = ["sku", "product", "name", "price", "compare_at_price", "on_hand", "is_active"]
    list_select_related = ["product", "stock"]
    list_filter = ["is_active", ("product", RowFilter)]
    list_filter_submit = True
    search_fields = ["sku", "name", "product__name"]
    search_help_text = "A SKU, or words of a variant's or product's name."
    ordering = ["product", "position", "id"]
    show_full_result_count = False
    list_per_page = 50
    autocomplete_fields = ["product"]
    readonly_fields = ["on_hand"]
    fields = [
        "product",
        ("sku", "name"),
        "options",
        ("price_amount", "compare_at_amount"),
        ("position", "is_active"),
        "on_hand",
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: ProductVariant | None = None) -> Any:
        """A variant stays with its product."""
        return [*self.readonly_fields, "product"] if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: ProductVariant, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        prices.refresh(product_id=obj.product_id)

    def has_delete_permission(self, request: HttpRequest, obj: ProductVariant | None = None) -> bool:
        return False


# ── Stock ────────────────────────────────────────────────────────────────────────────────────────────────────────────
class SoldOutFilter(admin.SimpleListFilter):
    """Whether any are left."""

    title = "stock"
    parameter_name = "left"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("none", "Sold out"), ("few", "Five or fewer")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        most = {"none": 0, "few": 5}.get(self.value() or "")
        return queryset if most is None else queryset.filter(on_hand__lte=most)


@admin.register(StockLevel)
class StockLevelAdmin(Buttons, ReadOnly, ModelAdmin):
    """Stock is moved by a difference, not overwritten: orders take from it while somebody looks at the page."""

    list_display = ["variant", "product", "on_hand"]
    list_select_related = ["variant__product"]
    list_filter = [SoldOutFilter, "variant__is_active"]
    search_fields = ["variant__sku", "variant__product__name"]
    search_help_text = "A SKU, or words of a product's name."
    ordering = ["on_hand", "pk"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["variant", "product", "on_hand"]
    readonly_fields = fields
    actions_detail = ["adjust"]

    def has_adjust_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("catalog.change_stocklevel")

    @action(
        description="Receive or remove",
        icon="inventory_2",
        variant=ActionVariant.PRIMARY,
        permissions=["adjust"],
        dialog={
            "title": "Receive or remove",
            "description": "Changes how many can be sold.",
            "form_class": StockForm,
            "form_submit_text": "Save",
        },
    )
    def adjust(self, request: HttpRequest, form: StockForm, object_id: str) -> HttpResponse:
        difference = form.cleaned_data["difference"]
        move = stock.put_back if difference > 0 else stock.take
        return self.press(
            request,
            object_id,
            lambda: move(quantities={int(object_id): abs(difference)}),
            f"The stock was changed by {difference:+}.",
        )

    @display(ordering="variant__product__name")
    def product(self, level: StockLevel) -> str:
        return level.variant.product.name


# ── Shelves and makers ───────────────────────────────────────────────────────────────────────────────────────────────
@admin.register(Category)
class CategoryAdmin(ModelAdmin):
    form = CategoryForm
    list_display = ["name", "parent", "slug"]
    list_select_related = ["parent"]
    list_filter = [("parent", RowFilter)]
    list_filter_submit = True
    search_fields = ["name", "slug"]
    ordering = ["name", "id"]
    autocomplete_fields = ["parent"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Vendor)
class VendorAdmin(ModelAdmin):
    list_display = ["name", "slug"]
    search_fields = ["name", "slug"]
    ordering = ["name", "id"]
    prepopulated_fields = {"slug": ["name"]}
