"""Files that are sold, and who may download them, to be read."""

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from unfold.admin import ModelAdmin
from unfold.decorators import display

from notifications.admin import ReadOnly
from ordering.models import DigitalFile, Download, Order


@admin.register(DigitalFile)
class DigitalFileAdmin(ReadOnly, ModelAdmin):
    """Added and removed through the API. Without a variant a file is not sold any more."""

    list_display = ["name", "variant", "length", "created_at"]
    list_select_related = ["variant__product"]
    list_filter = [("variant", admin.EmptyFieldListFilter)]
    search_fields = ["name", "=variant__sku"]
    search_help_text = "A part of the name, or a SKU."
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["name", "variant", "length", "created_at"]
    readonly_fields = fields

    @display(description="size", ordering="size")
    def length(self, file: DigitalFile) -> str:
        return filesizeformat(file.size)


@admin.register(Download)
class DownloadAdmin(ReadOnly, ModelAdmin):
    list_display = ["order", "file", "downloads_left", "started_at", "expires_at"]
    list_display_links = ["order", "file"]
    list_select_related = ["order_line__order", "file"]
    search_fields = ["=order_line__order__number", "order_line__order__email", "file__name"]
    search_help_text = "An order's number, the buyer's e-mail address, or a part of the file's name."
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["order", "order_line", "file", "downloads_left", "started_at", "expires_at", "created_at"]
    readonly_fields = fields

    @display(ordering="order_line__order__number")
    def order(self, download: Download) -> Order:
        return download.order_line.order
