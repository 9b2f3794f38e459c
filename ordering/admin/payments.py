"""Payments and parcels, to be read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from notifications.admin import ReadOnly
from ordering.admin.colours import STATE_COLOURS
from ordering.models import (
    Fulfillment,
    FulfillmentLine,
    Payment,
)


@admin.register(Payment)
class PaymentAdmin(ReadOnly, ModelAdmin):
    """The token is what pays: it is not shown."""

    list_display = ["order", "state_label", "money", "gateway", "reference", "created_at", "updated_at"]
    list_select_related = ["order"]
    list_filter = ["state", "gateway"]
    search_fields = ["=order__number", "order__email", "=reference"]
    search_help_text = "An order's number, the buyer's e-mail address, or the gateway's reference."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["order", "state", "money", "gateway", "reference", "created_at", "updated_at"]
    readonly_fields = fields

    @display(description="state", ordering="state", label=STATE_COLOURS)
    def state_label(self, payment: Payment) -> tuple[str, str]:
        return payment.state, payment.get_state_display()


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
    list_display = ["order", "carrier", "tracking_number", "created_at"]
    list_select_related = ["order"]
    search_fields = ["=order__number", "=tracking_number"]
    search_help_text = "An order's number, or a tracking number."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["order", "carrier", "tracking_number", "tracking_url", "created_at"]
    readonly_fields = fields
    inlines = [FulfillmentLineInline]
