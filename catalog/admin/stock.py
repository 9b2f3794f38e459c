"""Stock, which is moved and never overwritten, with what moved it and who waits for more."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.admin.kit import actor
from catalog.admin.kit import DetailInline, link
from catalog.models import MAX_STOCK, MovementReason, StockAlert, StockLevel, StockMovement
from catalog.permissions import CatalogPermission
from catalog.services import stock
from notifications.admin import Buttons, ReadOnly, RowFilter

REASONS = [(reason, reason.capitalize()) for reason in stock.AdjustmentReason]
REASON_COLOURS = {
    MovementReason.RECEIVED: "success",
    MovementReason.RETURNED: "success",
    MovementReason.SOLD: "info",
    MovementReason.CANCELLED: "info",
    MovementReason.IMPORTED: "info",
    MovementReason.DAMAGED: "danger",
    MovementReason.LOST: "danger",
    MovementReason.COUNTED: "warning",
    MovementReason.CORRECTED: "warning",
}


# ── Forms ────────────────────────────────────────────────────────────────────────────────────────────────────────────
class _MovementForm(BaseDialogForm):
    reason = forms.ChoiceField(widget=UnfoldAdminSelectWidget, choices=REASONS)
    note = forms.CharField(
        widget=UnfoldAdminTextInputWidget,
        required=False,
        max_length=stock.MAX_NOTE,
        help_text="A delivery note's number, or what happened.",
    )


class AdjustForm(_MovementForm):
    delta = forms.IntegerField(
        widget=UnfoldAdminIntegerFieldWidget,
        label="How many came or went",
        help_text="12 when twelve arrived, -2 when two broke.",
        min_value=-MAX_STOCK,
        max_value=MAX_STOCK,
    )
    field_order = ["delta", "reason", "note"]


class CountForm(_MovementForm):
    quantity = forms.IntegerField(
        widget=UnfoldAdminIntegerFieldWidget, label="How many there are", min_value=0, max_value=MAX_STOCK
    )
    reason = forms.ChoiceField(widget=UnfoldAdminSelectWidget, choices=REASONS, initial=stock.AdjustmentReason.COUNTED)
    field_order = ["quantity", "reason", "note"]


class ThresholdForm(BaseDialogForm):
    low_below = forms.IntegerField(
        widget=UnfoldAdminIntegerFieldWidget,
        label="Low below",
        required=False,
        min_value=1,
        max_value=MAX_STOCK,
        help_text="Whoever keeps the stock is told once when fewer than this are available. Empty: nobody is.",
    )


# ── Filters ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class LeftFilter(admin.SimpleListFilter):
    """Whether enough are left."""

    title = "what is left"
    parameter_name = "left"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("none", "Sold out"), ("low", "Low"), ("some", "In stock")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "none":
                return queryset.filter(on_hand__lte=F("reserved"))
            case "low":
                return queryset.filter(is_low=True)
            case "some":
                return queryset.filter(on_hand__gt=F("reserved"))
        return queryset


# ── Pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────
class MovementInline(DetailInline):
    """On the variant's page: a movement belongs to the variant."""

    model = StockMovement
    fields = ["created_at", "reason", "change", "before", "after", "note", "actor"]
    readonly_fields = fields
    ordering = ["-created_at", "-id"]
    verbose_name_plural = "movements of its stock"
    per_page = 20

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("actor")

    @display
    def change(self, movement: StockMovement) -> str:
        return f"{movement.delta:+}"


class AlertInline(DetailInline):
    model = StockAlert
    fields = ["email", "created_at"]
    readonly_fields = fields
    ordering = ["created_at", "id"]
    verbose_name_plural = "who waits for it to be back"
    per_page = 20


@admin.register(StockLevel)
class StockLevelAdmin(Buttons, ReadOnly, ModelAdmin):
    """Stock is moved, not overwritten: orders take from it while somebody looks at the page."""

    list_display = ["variant", "product", "on_hand", "reserved", "left", "low_below", "state"]
    list_select_related = ["variant__product"]
    list_filter = [LeftFilter, "variant__is_active", ("variant__product__vendor", RowFilter)]
    list_filter_submit = True
    search_fields = ["variant__sku", "variant__product__name"]
    search_help_text = "A SKU, or words of a product's name."
    ordering = ["on_hand", "pk"]
    show_full_result_count = False
    list_per_page = 50
    fields = [("variant", "product"), ("on_hand", "left"), ("reserved", "low_below"), ("state", "movements")]
    readonly_fields = ["variant", "product", "on_hand", "reserved", "left", "low_below", "state", "movements"]
    actions_detail = ["adjust", "count", "threshold"]

    def has_move_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """What the buttons ask, before they show their form and before the service is called."""
        user = request.user
        return user.has_perm(CatalogPermission.MANAGE_STOCK) or user.has_perm(CatalogPermission.MANAGE_PRODUCTS)

    @action(
        description="Receive or remove",
        icon="inventory_2",
        variant=ActionVariant.PRIMARY,
        permissions=["move"],
        dialog={
            "title": "Receive or remove",
            "description": "Changes how many there are by a difference.",
            "form_class": AdjustForm,
            "form_submit_text": "Save",
        },
    )
    def adjust(self, request: HttpRequest, form: AdjustForm, object_id: str) -> HttpResponse:
        given = form.cleaned_data
        return self.press(
            request,
            object_id,
            stock.adjust,
            f"The stock was changed by {given['delta']:+}.",
            actor=actor(request),
            variant_id=int(object_id),
            delta=given["delta"],
            reason=stock.AdjustmentReason(given["reason"]),
            note=given["note"],
        )

    @action(
        description="Count",
        icon="calculate",
        permissions=["move"],
        dialog={
            "title": "Count",
            "description": "Says how many there are, whatever was written down before.",
            "form_class": CountForm,
            "form_submit_text": "Save",
        },
    )
    def count(self, request: HttpRequest, form: CountForm, object_id: str) -> HttpResponse:
        given = form.cleaned_data
        return self.press(
            request,
            object_id,
            stock.set_quantity,
            f"The stock is {given['quantity']} now.",
            actor=actor(request),
            variant_id=int(object_id),
            quantity=given["quantity"],
            reason=stock.AdjustmentReason(given["reason"]),
            note=given["note"],
        )

    @action(
        description="Low below",
        icon="notifications",
        permissions=["move"],
        dialog={
            "title": "When is it low?",
            "description": "Whoever keeps the stock hears of it once each time it falls below.",
            "form_class": ThresholdForm,
            "form_submit_text": "Save",
        },
    )
    def threshold(self, request: HttpRequest, form: ThresholdForm, object_id: str) -> HttpResponse:
        low_below = form.cleaned_data["low_below"]
        return self.press(
            request,
            object_id,
            stock.set_threshold,
            "The threshold was set." if low_below else "Nobody is told any more.",
            actor=actor(request),
            variant_id=int(object_id),
            low_below=low_below,
        )

    @display(ordering="variant__product__name")
    def product(self, level: StockLevel) -> str:
        return level.variant.product.name

    @display(description="available", ordering=F("on_hand") - F("reserved"))
    def left(self, level: StockLevel) -> int:
        return level.available

    @display(label={"Sold out": "danger", "Low": "warning", "In stock": "success"})
    def state(self, level: StockLevel) -> str:
        if not level.available:
            return "Sold out"
        return "Low" if level.is_low else "In stock"

    @display
    def movements(self, level: StockLevel) -> SafeString:
        address = reverse("admin:catalog_stockmovement_changelist")
        return link(f"{address}?variant__id__exact={level.pk}", "What moved it")


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnly, ModelAdmin):
    """Corrections are movements of their own."""

    list_display = ["created_at", "variant", "reason_label", "change", "before", "after", "note", "actor"]
    list_select_related = ["variant", "actor"]
    list_filter = ["reason", ("variant", RowFilter), ("actor", RowFilter)]
    list_filter_submit = True
    search_fields = ["=variant__sku", "note", "=actor__email"]
    search_help_text = "A SKU, words of a note, or who moved it."
    date_hierarchy = "created_at"
    ordering = ["-id"]
    show_full_result_count = False
    list_per_page = 50
    fields = [("variant", "created_at"), "actor", ("reason", "change"), ("before", "after"), "note"]
    readonly_fields = ["variant", "actor", "created_at", "reason", "change", "before", "after", "note"]

    @display(description="reason", ordering="reason", label=REASON_COLOURS)
    def reason_label(self, movement: StockMovement) -> tuple[str, str]:
        return movement.reason, movement.get_reason_display()

    @display(ordering=F("after") - F("before"))
    def change(self, movement: StockMovement) -> str:
        return f"{movement.delta:+}"
