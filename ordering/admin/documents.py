"""Invoices and credit notes, to be read."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from notifications.admin import ReadOnly
from ordering.models import Document
from ordering.services import documents


class FileLink:
    """A column that leads to the PDF."""

    @display(description="file")
    def file_link(self, document: Document) -> str:
        if not document.file:
            return "is being made"
        url = reverse("document-file", args=[documents.link_token(document=document)])
        return format_html('<a class="text-primary-600" href="{}">{}.pdf</a>', url, document.number)


class DocumentInline(FileLink, ReadOnly, TabularInline):
    """The invoice and the credit notes of an order, on its page."""

    model = Document
    fields = ["number", "kind", "issued_at", "file_link"]
    readonly_fields = fields
    extra = 0
    hide_title = True
    verbose_name_plural = "invoice and credit notes"


@admin.register(Document)
class DocumentAdmin(FileLink, ReadOnly, ModelAdmin):
    list_display = ["number", "kind", "order", "issued_at"]
    list_select_related = ["order"]
    list_filter = ["kind"]
    list_filter_submit = True
    search_fields = ["=number", "=order__number"]
    search_help_text = "The number of the document or of its order."
    date_hierarchy = "issued_at"
    ordering = ["-issued_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["number", "kind", "order", "issued_at", "file_link"]
    readonly_fields = fields
