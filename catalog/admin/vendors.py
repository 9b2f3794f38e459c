"""Sellers' shops within the shop, and who keeps them."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.admin.kit import actor
from catalog.admin.kit import FormerSlugInline, Kept, ServiceSaved, given
from catalog.models import Product, Vendor, VendorSlug, VendorStatus
from catalog.permissions import CatalogPermission
from catalog.services import vendors
from notifications.admin import HistoryInline

STATUS_COLOURS = {
    VendorStatus.PENDING: "warning",
    VendorStatus.ACTIVE: "success",
    VendorStatus.SUSPENDED: "danger",
}


class VendorSlugInline(FormerSlugInline):
    model = VendorSlug


@admin.register(Vendor)
class VendorAdmin(Kept, ServiceSaved, ModelAdmin):
    """A vendor is suspended, not deleted: its products were sold."""

    keeper = CatalogPermission.MANAGE_VENDORS
    list_display = ["name", "slug", "status_label", "products", "sellers"]
    list_filter = ["status"]
    search_fields = ["name", "slug", "=members__email"]
    search_help_text = "Words of a name, a slug, or a member's e-mail address."
    ordering = ["name", "id"]
    show_full_result_count = False
    list_per_page = 50
    autocomplete_fields = ["members"]
    prepopulated_fields = {"slug": ["name"]}
    fields = ["name", "slug", "status", "description", "members"]
    inlines = [VendorSlugInline, HistoryInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        own = Product.objects.filter(vendor=OuterRef("pk")).order_by().values("vendor")
        size = Subquery(own.annotate(size=Count("pk")).values("size"))
        found = super().get_queryset(request).annotate(size=Coalesce(size, 0))
        return found.prefetch_related("members")

    def get_inlines(self, request: HttpRequest, obj: Vendor | None) -> Any:
        return super().get_inlines(request, obj) if obj else []

    def save_model(self, request: HttpRequest, obj: Vendor, form: Any, change: bool) -> None:
        values = given(form)
        members = values.pop("members", None)
        if not change:
            self.show(obj, vendors.create(actor=actor(request), **values))
        elif values:
            vendors.update(actor=actor(request), vendor_id=obj.pk, **values)
        if members is not None:
            keys = [member.pk for member in members]
            vendors.set_members(actor=actor(request), vendor_id=obj.pk, user_ids=keys)

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def status_label(self, vendor: Vendor) -> tuple[str, str]:
        return vendor.status, vendor.get_status_display()

    @display(ordering="size")
    def products(self, vendor: Any) -> int:
        return vendor.size

    @display(description="kept by")
    def sellers(self, vendor: Vendor) -> str:
        return ", ".join(member.email for member in vendor.members.all()) or "–"
