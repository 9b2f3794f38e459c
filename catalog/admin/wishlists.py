"""Wishlists, to be read. The key that opens a shared one is not shown: whoever has it reads the list."""

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display

from catalog.admin.kit import DetailInline
from catalog.models import Wishlist, WishlistItem
from notifications.admin import ReadOnly, RowFilter


class WishlistItemInline(DetailInline):
    model = WishlistItem
    fields = ["what", "added_at"]
    readonly_fields = fields
    verbose_name_plural = "what is on it"
    per_page = 50

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("variant__product")

    @display
    def what(self, item: WishlistItem) -> str:
        return f"{item.variant.product.name} · {item.variant.sku}"


@admin.register(Wishlist)
class WishlistAdmin(ReadOnly, ModelAdmin):
    list_display = ["name", "owner", "items", "is_shared", "created_at"]
    list_select_related = ["owner"]
    list_filter = [("share_key", admin.EmptyFieldListFilter), ("owner", RowFilter)]
    list_filter_submit = True
    search_fields = ["name", "=owner__email"]
    search_help_text = "Words of a list's name, or its owner's e-mail address."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["name", "owner", "is_shared", "created_at"]
    readonly_fields = fields
    inlines = [WishlistItemInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(size=Count("items"))

    @display(ordering="size")
    def items(self, wishlist: Any) -> int:
        return wishlist.size

    @display(description="shared", boolean=True)
    def is_shared(self, wishlist: Wishlist) -> bool:
        return wishlist.share_key is not None
