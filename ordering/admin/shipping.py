"""Shipping zones and methods, to be edited."""

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.forms import BaseInlineFormSet
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog import money
from ordering.admin import places
from ordering.admin.taxes import TaxClassForm
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
        codes = [places.country_of(code) for code in self.cleaned_data["countries"].split(",") if code.strip()]
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


class ShippingMethodForm(CurrencyForm, TaxClassForm):
    def clean(self) -> dict[str, Any]:
        """Amounts are kept as they are written, so they have no more decimals than their currency."""
        found = super().clean() or self.cleaned_data
        if currency := found.get("currency"):
            for name in ("price_amount", "free_above"):
                if complaint := _complaint(found.get(name), currency):
                    self.add_error(name, complaint)
        return found


class ShippingTierForms(BaseInlineFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        super().clean()
        if not (currency := self.instance.currency) or not money.is_currency(currency):
            return
        for form in self.forms:
            for name in ("from_subtotal_amount", "price_amount"):
                if complaint := _complaint(form.cleaned_data.get(name), currency):
                    form.add_error(name, complaint)


def _complaint(amount: Decimal | None, currency: str) -> str:
    """What is wrong with an amount; empty if nothing is."""
    if amount is None:
        return ""
    if amount < 0:
        return "This is below zero. Write 0 or more."
    if amount != money.rounded(amount, currency).amount:
        return f"{currency} has {money.exponent(currency)} decimals. Round it."
    return ""


class ShippingTierInline(TabularInline):
    model = ShippingTier
    formset = ShippingTierForms
    fields = ["from_weight_grams", "from_subtotal_amount", "price_amount"]
    extra = 0


@admin.register(ShippingMethod)
class ShippingMethodAdmin(ModelAdmin):
    form = ShippingMethodForm
    list_display = ["name", "zone", "price", "free_from", "is_active"]
    list_filter = ["is_active", "currency", "zone"]
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
