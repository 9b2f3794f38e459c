"""Proposals for what products say of themselves: read, compared with what is shown now, and published."""

import difflib
import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from accounts.admin.kit import actor
from catalog.admin.kit import DetailInline
from catalog.models import ProductVersion, VersionStatus
from catalog.permissions import CatalogPermission
from catalog.services import versions
from notifications.admin import Buttons, HistoryInline, ReadOnly, RowFilter

STATUS_COLOURS = {
    VersionStatus.DRAFT: "warning",
    VersionStatus.TRIAL: "info",
    VersionStatus.APPROVED: "success",
    VersionStatus.OBSOLETE: "danger",
}
# Longer texts stand beside each other as wholes: finding what they have in common takes too long.
MAX_WORDS = 2_000
_GONE = '<del style="background: rgba(239, 68, 68, 0.2)">{}</del>'
_NEW = '<ins style="background: rgba(34, 197, 94, 0.25); text-decoration: none">{}</ins>'


class VersionInline(DetailInline):
    model = ProductVersion
    fields = ["number", "status", "note", "author", "created_at", "published_at"]
    readonly_fields = fields
    ordering = ["-number"]
    verbose_name_plural = "versions"
    per_page = 20
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("author")


@admin.register(ProductVersion)
class ProductVersionAdmin(Buttons, ReadOnly, ModelAdmin):
    """What a version says never changes; another version says something else."""

    list_display = ["heading", "status_label", "note", "author", "created_at", "published_at"]
    list_select_related = ["product", "author"]
    list_filter = ["status", ("product", RowFilter), ("author", RowFilter)]
    list_filter_submit = True
    search_fields = ["product__name", "note", "=author__email"]
    search_help_text = "Words of a product's name or a note, or its author's e-mail address."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fieldsets = [
        (None, {"fields": [("product", "number"), ("status", "author"), "note", ("created_at", "published_at")]}),
        ("What it would change now", {"fields": ["differences"]}),
        (
            "All it says",
            {
                "fields": ["name", "description", ("seo_title", "seo_description"), "attributes", "listed"],
                "classes": ["collapse"],
            },
        ),
    ]
    readonly_fields = [
        *("product", "number", "status", "note", "author", "created_at", "published_at", "differences"),
        *("name", "description", "seo_title", "seo_description", "attributes", "listed"),
    ]
    inlines = [HistoryInline]
    actions_detail = ["publish"]

    def has_keep_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """What the button asks, before it shows its form and before the service is called."""
        return request.user.has_perm(CatalogPermission.MANAGE_PRODUCTS)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The button, where the version may still be published."""
        version = self.get_object(request, str(object_id))
        if version is None or version.status == VersionStatus.OBSOLETE:
            return []
        return super().get_actions_detail(request, object_id)

    @action(
        description="Publish",
        icon="publish",
        variant=ActionVariant.PRIMARY,
        permissions=["keep"],
        dialog={
            "title": "Publish this version?",
            "description": "The product says this from now on, and the version before it is obsolete.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Publish",
        },
    )
    def publish(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        done = "The version was published."
        return self.press(request, object_id, versions.publish, done, actor=actor(request), version_id=int(object_id))

    @display(description="version", ordering="product__name", header=True)
    def heading(self, version: ProductVersion) -> list[str]:
        return [f"{version.product.name} · version {version.number}", version.name]

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def status_label(self, version: ProductVersion) -> tuple[str, str]:
        return version.status, version.get_status_display()

    @display(description="prices")
    def listed(self, version: ProductVersion) -> str:
        return "; ".join(_lines(version.prices, version))

    @display(description="differences")
    def differences(self, version: ProductVersion) -> SafeString | str:
        rows = [
            (each.part.replace("_", " "), _compared(_words(each.current, version), _words(each.proposed, version)))
            for each in versions.changes(version=version)
        ]
        found = format_html_join("", '<div class="mb-3"><strong>{}</strong><div>{}</div></div>', rows)
        return found or "Nothing: the product says this already."


def _lines(prices: Iterable[dict[str, Any]], version: ProductVersion) -> list[str]:
    skus = {variant.pk: variant.sku for variant in version.product.variants.all()}
    return [f"{skus.get(each['variant'], '–')} {each['amount']} {each['currency']}{_before(each)}" for each in prices]


def _before(price: dict[str, Any]) -> str:
    return f", before {price['compare_at']}" if price["compare_at"] else ""


def _words(value: Any, version: ProductVersion) -> list[str]:
    if isinstance(value, list):
        return [f"{line}; " for line in _lines(value, version)]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return text.split(" ")


def _compared(current: list[str], proposed: list[str]) -> SafeString:
    """What both say, with what goes and what comes marked."""
    if max(len(current), len(proposed)) > MAX_WORDS:
        return format_html(f"{_GONE} {_NEW}", " ".join(current), " ".join(proposed))
    parts = []
    for kind, low, high, start, end in difflib.SequenceMatcher(None, current, proposed, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(("{} ", " ".join(current[low:high])))
            continue
        if low < high:
            parts.append((f"{_GONE} ", " ".join(current[low:high])))
        if start < end:
            parts.append((f"{_NEW} ", " ".join(proposed[start:end])))
    return format_html_join("", "{}", ([format_html(template, text)] for template, text in parts))
