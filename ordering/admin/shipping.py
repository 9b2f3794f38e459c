"""Shipping methods, to be edited."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog import money
from ordering.models import ShippingMethod, ShippingTier, ShippingZone


class CurrencyForm(forms.ModelForm):  # type: ignore[type-arg]
    """For rows with a currency of their own: the shop's unless said otherwise."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.initial.setdefault("currency", settings.SHOP_CURRENCY)

    def clean_currency(self) -> str:
        code = self.cleaned_data["currency"].upper()
        if not money.is_currency(code):
            raise forms.ValidationError("This is not a currency. Write its ISO 4217 code, such as EUR.")
        return code


class ShippingZoneForm(forms.ModelForm):  # type: ignore[type-arg]
    countries = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="ISO 3166 codes it ships to, separated by commas: DE, FR. Empty means everywhere else.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial["countries"] = ", ".join(self.instance.countries)

    def clean_countries(self) -> list[str]:
        codes = [code.strip().upper() for code in self.cleaned_data["countries"].split(",") if code.strip()]
        if wrong := [code for code in codes if not (len(code) == 2 and code.isascii() and code.isalpha())]:
            raise forms.ValidationError(f"“{wrong[0]}” is not the code of a country. It has two letters, such as DE.")
        return list(dict.fromkeys(codes))


@admin.register(ShippingZone)
class ShippingZoneAdmin(ModelAdmin):
    form = ShippingZoneForm
    list_display = ["name", "ships_to"]
    search_fields = ["name"]
    ordering = ["name"]
    fields = ["name", "countries"]

    @display(description="countries")
    def ships_to(self, zone: ShippingZone) -> str:
        return ", ".join(zone.countries) or "everywhere else"


class ShippingTierInline(TabularInline):
    model = ShippingTier
    fields = ["from_weight_grams", "from_subtotal_amount", "price_amount"]
    extra = 0


@admin.register(ShippingMethod)
class ShippingMethodAdmin(ModelAdmin):
    form = CurrencyForm
    list_display = ["name", "zone", "price", "free_from", "is_active"]
    list_filter = ["is_active", "zone"]
    list_select_related = ["zone"]
    search_fields = ["name"]
    ordering = ["name"]
    fields = [
        ("name", "is_active"),
        "zone",
        ("price_amount", "currency"),
        ("free_above", "max_weight_grams"),
        "tax_class",
    ]
    inlines = [ShippingTierInline]
