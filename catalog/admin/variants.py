"""Variants and what they cost in each currency. Switched off, not deleted: orders name them."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from accounts.admin.kit import actor
from accounts.models import User
from catalog import money
from catalog.admin.kit import Kept, ServiceForm, ServiceRows, ServiceSaved, given
from catalog.admin.stock import AlertInline, MovementInline
from catalog.models import ProductStatus, ProductVariant, VariantPrice
from catalog.permissions import CatalogPermission
from catalog.services import prices, variants
from notifications.admin import HistoryInline, ReadOnly, RowFilter


# ── Forms ────────────────────────────────────────────────────────────────────────────────────────────────────────────
class _PricedForm(ServiceForm):
    """Shows amounts with the decimals of their currency. Whether one is a price is for the service to say."""

    amounts: tuple[str, str]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in self.amounts:
            amount = self.initial.get(name)
            if amount is not None:
                self.initial[name] = money.rounded(amount, self.instance.currency).amount


class VariantForm(_PricedForm):
    amounts = ("price_amount", "compare_at_amount")
    options = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2, "placeholder": "Size: M"}),
        help_text="One a line, each with its value: “Size: M”.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial["options"] = "\n".join(f"{each['name']}: {each['value']}" for each in self.instance.options)
        if "image" in self.fields:
            pictures = self.fields["image"]
            pictures.queryset = pictures.queryset.filter(product=self.instance.product_id)  # type: ignore[attr-defined]

    def clean_options(self) -> list[dict[str, str]]:
        lines = [line for line in self.cleaned_data["options"].splitlines() if line.strip()]
        pairs = [line.partition(":")[::2] for line in lines]
        return [{"name": name.strip(), "value": value.strip()} for name, value in pairs]


class PriceForm(_PricedForm):
    amounts = ("amount", "compare_at_amount")
    currency = forms.ChoiceField(widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        currency = self.fields["currency"]
        listed = [code for code in settings.SHOP_CURRENCIES if code != settings.SHOP_CURRENCY]
        if self.instance.currency:
            listed = [self.instance.currency]
            currency.disabled = True
        currency.choices = [(code, code) for code in listed]  # type: ignore[attr-defined]


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """What services are told of a variant; its place and whether it is offered are matters of their own."""
    told = {name: value for name, value in values.items() if name not in {"position", "is_active"}}
    if "options" in told:
        told["options"] = [(option["name"], option["value"]) for option in told["options"]]
    return told


def _update(variant_id: int, values: dict[str, Any], keeper: User) -> None:
    """Switched off first and on last: what is off may have the options of another."""
    is_active, told = values.get("is_active"), _told(values)
    if is_active is False:
        variants.deactivate(variant_id=variant_id, actor=keeper)
    if told:
        variants.update(variant_id=variant_id, given=told, actor=keeper)
    if is_active is True:
        variants.activate(variant_id=variant_id, actor=keeper)


# ── On the product's page ────────────────────────────────────────────────────────────────────────────────────────────
class VariantRows(ServiceRows):
    def save_new(self, form: Any, commit: bool = True) -> ProductVariant:
        with self.row(form) as values:
            variant = variants.create(product_id=self.instance.pk, given=_told(values), actor=self.actor)
            if not form.cleaned_data["is_active"]:
                variants.deactivate(variant_id=variant.pk, actor=self.actor)
            return variant

    def save_existing(self, form: Any, obj: ProductVariant, commit: bool = True) -> ProductVariant:
        with self.row(form) as values:
            _update(obj.pk, values, self.actor)
        return obj

    def save(self, commit: bool = True) -> list[ProductVariant]:
        saved: list[ProductVariant] = super().save(commit=commit)
        places = {
            form.instance.pk: form.cleaned_data["position"]
            for form in self.initial_forms
            if "position" in form.changed_data
        }
        if places:
            active = self.instance.variants.filter(is_active=True)
            order = sorted(active, key=lambda variant: (places.get(variant.pk, variant.position), variant.pk))
            variants.reorder(
                product_id=self.instance.pk, variant_ids=[variant.pk for variant in order], actor=self.actor
            )
        return saved


class VariantInline(Kept, TabularInline):
    keeper = CatalogPermission.MANAGE_PRODUCTS
    model = ProductVariant
    form = VariantForm
    formset = VariantRows
    fields = [
        *("sku", "name", "options", "price_amount", "compare_at_amount"),
        *("position", "is_active", "others", "left"),
    ]
    verbose_name = "variant"
    readonly_fields = ["others", "left"]
    extra = 0
    # A product may have 500: on one page their form would be longer than Django accepts.
    per_page = 50
    hide_title = True
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("stock").prefetch_related("prices")

    @display(description="also")
    def others(self, variant: ProductVariant) -> str:
        return ", ".join(str(each.price) for each in variant.prices.all()) or "–"

    @display(description="in stock")
    def left(self, variant: ProductVariant) -> int:
        return variant.available


# ── A page of its own ────────────────────────────────────────────────────────────────────────────────────────────────
class PriceRows(ServiceRows):
    def save_new(self, form: Any, commit: bool = True) -> VariantPrice:
        with self.row(form):
            return self._list(form.instance.currency or form.cleaned_data["currency"], form.cleaned_data)

    def save_existing(self, form: Any, obj: VariantPrice, commit: bool = True) -> VariantPrice:
        with self.row(form):
            return self._list(obj.currency, form.cleaned_data)

    def delete_existing(self, obj: VariantPrice, commit: bool = True) -> None:
        self._set(prices.ListedPrice(obj.currency, None))

    def _list(self, currency: str, wanted: dict[str, Any]) -> VariantPrice:
        self._set(prices.ListedPrice(currency, wanted["amount"], wanted["compare_at_amount"]))
        return self.instance.prices.get(currency=currency)

    def _set(self, price: prices.ListedPrice) -> None:
        prices.set_listed(variant_id=self.instance.pk, prices=[price], actor=self.actor)


class PriceInline(Kept, TabularInline):
    keeper = CatalogPermission.MANAGE_PRODUCTS
    model = VariantPrice
    form = PriceForm
    formset = PriceRows
    fields = ["currency", "amount", "compare_at_amount"]
    verbose_name = "price"
    verbose_name_plural = "prices in other currencies"
    ordering = ["currency"]
    extra = 0
    hide_title = True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request)


@admin.register(ProductVariant)
class ProductVariantAdmin(Kept, ServiceSaved, ModelAdmin):
    keeper = CatalogPermission.MANAGE_PRODUCTS
    form = VariantForm
    list_display = ["sku", "product", "name", "price", "compare_at_price", "others", "left", "is_active"]
    list_select_related = ["product", "stock"]
    list_filter = ["is_active", ("product", RowFilter), ("product__vendor", RowFilter)]
    list_filter_submit = True
    search_fields = ["sku", "=barcode", "name", "product__name"]
    search_help_text = "A SKU or a barcode, or words of a variant's or product's name."
    ordering = ["product", "position", "id"]
    show_full_result_count = False
    list_per_page = 50
    autocomplete_fields = ["product"]
    readonly_fields = ["left"]
    fields = [
        "product",
        ("sku", "barcode"),
        ("name", "options"),
        ("price_amount", "compare_at_amount"),
        ("weight_grams", "image"),
        ("is_active", "left"),
    ]
    inlines = [PriceInline, MovementInline, AlertInline, HistoryInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("prices")

    def get_readonly_fields(self, request: HttpRequest, obj: ProductVariant | None = None) -> Any:
        """A variant stays with its product."""
        return [*self.readonly_fields, "product"] if obj else self.readonly_fields

    def get_inlines(self, request: HttpRequest, obj: ProductVariant | None) -> Any:
        return super().get_inlines(request, obj) if obj else [PriceInline]

    def has_change_permission(self, request: HttpRequest, obj: ProductVariant | None = None) -> bool:
        """What is archived is only looked at until it is restored."""
        may = super().has_change_permission(request, obj)
        return may and (obj is None or obj.product.status != ProductStatus.ARCHIVED)

    def save_model(self, request: HttpRequest, obj: ProductVariant, form: Any, change: bool) -> None:
        values = given(form)
        if change:
            _update(obj.pk, values, actor(request))
            return
        told = _told(values)
        variant = variants.create(product_id=told.pop("product_id"), given=told, actor=actor(request))
        if not form.cleaned_data["is_active"]:
            variants.deactivate(variant_id=variant.pk, actor=actor(request))
        self.show(obj, variant)

    @display(description="also")
    def others(self, variant: ProductVariant) -> str:
        return ", ".join(str(each.price) for each in variant.prices.all()) or "–"

    @display(description="in stock", ordering="stock__on_hand")
    def left(self, variant: ProductVariant) -> int:
        return variant.available


@admin.register(VariantPrice)
class VariantPriceAdmin(ReadOnly, ModelAdmin):
    """The price lists, one a currency besides the shop's own. A price is changed on its variant's page."""

    list_display = ["variant", "product", "name", "currency", "price", "compare_at_price"]
    list_select_related = ["variant__product"]
    list_filter = ["currency", ("variant__product", RowFilter), ("variant__product__vendor", RowFilter)]
    list_filter_submit = True
    search_fields = ["variant__sku", "variant__product__name"]
    search_help_text = "A SKU, or words of a product's name."
    ordering = ["variant__sku", "currency"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["variant", "currency", "price", "compare_at_price"]
    readonly_fields = fields

    @display(ordering="variant__product__name")
    def product(self, price: VariantPrice) -> str:
        return price.variant.product.name

    @display
    def name(self, price: VariantPrice) -> str:
        return price.variant.name
