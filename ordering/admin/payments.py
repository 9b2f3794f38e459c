"""Payments, to be read."""

from django.contrib import admin
from unfold.admin import ModelAdmin
from unfold.decorators import display

from notifications.admin import ReadOnly
from ordering.admin.colours import STATE_COLOURS
from ordering.models import Payment


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
