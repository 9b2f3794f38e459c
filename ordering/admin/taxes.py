"""Tax rates, to be edited."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from ordering.admin import places
from ordering.models import TaxRate


class TaxClassForm(forms.ModelForm):  # type: ignore[type-arg]
    """For rows of a tax class: one of the shop's, or one it had when the row was written."""

    tax_class = forms.ChoiceField(widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        own = [] if self.instance._state.adding else [self.instance.tax_class]
        if "tax_class" in self.fields:  # not where the row is only looked at
            classes = dict.fromkeys([*settings.TAX_CLASSES, *own])
            self.fields["tax_class"].choices = [  # type: ignore[attr-defined]
                (name, name.capitalize()) for name in classes
            ]


class TaxRateForm(TaxClassForm):
    def clean_country(self) -> str:
        return places.country_of(self.cleaned_data["country"])

    def clean_region(self) -> str:
        """Asked after the country; where that is wrong already, there is nothing to say about the region."""
        country, region = self.cleaned_data.get("country"), self.cleaned_data["region"]
        return places.region_of(region, country) if country else region


@admin.register(TaxRate)
class TaxRateAdmin(ModelAdmin):
    form = TaxRateForm
    list_display = ["place", "tax_class", "name", "told"]
    list_filter = ["tax_class", "country"]
    search_fields = ["=country", "region", "name"]
    search_help_text = "The code of a country, a region, or what invoices call the tax."
    ordering = ["country", "region", "tax_class"]
    fields = [("country", "region"), "tax_class", ("name", "percent")]

    @display(description="place", ordering="country")
    def place(self, rate: TaxRate) -> str:
        return f"{rate.country}, {rate.region}" if rate.region else rate.country

    @display(description="rate", ordering="percent")
    def told(self, rate: TaxRate) -> str:
        return f"{rate.percent.normalize():f} %"
