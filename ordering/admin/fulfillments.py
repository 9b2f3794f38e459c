"""Parcels, to be read; and what the page of an order needs of them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldAdminURLInputWidget

from notifications.admin import ReadOnly
from ordering import services
from ordering.models import Fulfillment, FulfillmentLine


class ParcelForm(BaseDialogForm):
    carrier = forms.CharField(widget=UnfoldAdminTextInputWidget, required=False)
    tracking_number = forms.CharField(widget=UnfoldAdminTextInputWidget, required=False)
    tracking_url = forms.URLField(
        widget=UnfoldAdminURLInputWidget, required=False, label="Tracking address", assume_scheme="https"
    )

    def parcel(self) -> services.Parcel:
        return services.Parcel(**{name: self.cleaned_data[name] for name in services.Parcel.__dataclass_fields__})


class FulfillmentInline(ReadOnly, TabularInline):
    """The parcels of an order, on its page."""

    model = Fulfillment
    fields = ["created_at", "is_digital", "carrier", "tracking_number", "tracking_url"]
    readonly_fields = fields
    verbose_name_plural = "parcels"
    extra = 0
    hide_title = True
    show_change_link = True


class FulfillmentLineInline(ReadOnly, TabularInline):
    model = FulfillmentLine
    fields = ["what", "quantity"]
    readonly_fields = fields
    verbose_name_plural = "what is in it"
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("order_line")

    @display
    def what(self, line: FulfillmentLine) -> str:
        return f"{line.order_line.label} · {line.order_line.sku}"


@admin.register(Fulfillment)
class FulfillmentAdmin(ReadOnly, ModelAdmin):
    list_display = ["order", "is_digital", "carrier", "tracking_number", "created_at"]
    list_select_related = ["order"]
    list_filter = ["is_digital"]
    search_fields = ["=order__number", "=tracking_number"]
    search_help_text = "An order's number, or a tracking number."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["order", "is_digital", "carrier", "tracking_number", "tracking_url", "created_at"]
    readonly_fields = fields
    inlines = [FulfillmentLineInline]
