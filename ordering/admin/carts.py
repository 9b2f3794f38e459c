"""Carts, to be read."""

from typing import Any

from django.contrib import admin
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from notifications.admin import ReadOnly, RowFilter
from ordering.models import (
    Cart,
    CartLine,
)


class CartLineInline(ReadOnly, TabularInline):
    model = CartLine
    fields = ["what", "quantity", "created_at"]
    readonly_fields = fields
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("variant__product")

    @display
    def what(self, line: CartLine) -> str:
        return f"{line.variant.product.name} · {line.variant.sku}"


@admin.register(Cart)
class CartAdmin(ReadOnly, ModelAdmin):
    list_display = ["id", "customer", "items", "updated_at", "completed_at"]
    list_select_related = ["customer"]
    list_filter = [("completed_at", admin.EmptyFieldListFilter), ("customer", RowFilter)]
    list_filter_submit = True
    search_fields = ["=id", "customer__email"]
    search_help_text = "A cart's id, or its customer's e-mail address."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["id", "customer", "currency", "created_at", "updated_at", "completed_at"]
    readonly_fields = fields
    inlines = [CartLineInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(item_count=Coalesce(Sum("lines__quantity"), 0))

    @display(description="items", ordering="item_count")
    def items(self, cart: Any) -> int:
        return cart.item_count
