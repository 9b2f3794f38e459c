"""The tree of categories."""

from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import CharField, Count, OuterRef, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Collate
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.admin.kit import actor
from catalog.admin.kit import FormerSlugInline, Kept, ServiceSaved, given
from catalog.models import Category, CategorySlug, Product
from catalog.permissions import CatalogPermission
from catalog.services import categories
from notifications.admin import HistoryInline, RowFilter

BETWEEN = " › "
# The names from the top of the tree down to the row. The bound ends a cycle.
_PATH = """(
    WITH RECURSIVE up(above, path, depth) AS (
        SELECT self.parent_id, CAST(self.name AS text), 0 FROM catalog_category self WHERE self.id = catalog_category.id
        UNION ALL
        SELECT higher.parent_id, higher.name || %s || up.path, up.depth + 1
        FROM catalog_category higher JOIN up ON higher.id = up.above WHERE up.depth < 100
    ) SELECT path FROM up ORDER BY depth DESC LIMIT 1
)"""


def _path() -> RawSQL:
    return RawSQL(_PATH, [BETWEEN], CharField())  # noqa: S611 - nothing in it is anybody's


class CategorySlugInline(FormerSlugInline):
    model = CategorySlug


@admin.register(Category)
class CategoryAdmin(Kept, ServiceSaved, ModelAdmin):
    """In the order of the tree. What has products, or other categories below it, is not deleted."""

    keeper = CatalogPermission.MANAGE_CATEGORIES
    list_display = ["in_tree", "slug", "products"]
    list_filter = [("parent", RowFilter)]
    list_filter_submit = True
    search_fields = ["name", "slug"]
    search_help_text = "Words of a name, or a slug."
    list_per_page = 100
    autocomplete_fields = ["parent"]
    prepopulated_fields = {"slug": ["name"]}
    fields = ["name", "slug", "parent"]
    inlines = [CategorySlugInline, HistoryInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        own = Product.objects.filter(category=OuterRef("pk")).order_by().values("category")
        size = Subquery(own.annotate(size=Count("pk")).values("size"))
        return super().get_queryset(request).annotate(path=_path(), size=Coalesce(size, 0))

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """By bytes, because languages ignore what is between the names."""
        return [Collate(_path(), "C" if connection.vendor == "postgresql" else "BINARY"), "id"]

    def get_inlines(self, request: HttpRequest, obj: Category | None) -> Any:
        return super().get_inlines(request, obj) if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Category | None = None) -> bool:
        return self.has_change_permission(request)

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        values = given(form)
        if not change:
            self.show(obj, categories.create(actor=actor(request), **values))
            return
        if "parent_id" in values:
            categories.move(actor=actor(request), category_id=obj.pk, parent_id=values.pop("parent_id"))
        if values:
            categories.update(actor=actor(request), category_id=obj.pk, **values)

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        categories.delete(actor=actor(request), category_id=obj.pk)

    @display(description="category")
    def in_tree(self, category: Any) -> SafeString:
        *above, name = category.path.split(BETWEEN)
        return format_html('<span style="padding-left: {}rem">{}</span>', len(above) * 1.5, name)

    @display(ordering="size")
    def products(self, category: Any) -> int:
        return category.size
