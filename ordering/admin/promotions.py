"""Promotions and the groups they are for: kept through the same services as in the API."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.admin.kit import actor
from accounts.permissions import AccountPermission
from catalog.admin.kit import DetailInline, Kept, ServiceSaved, given
from notifications.admin import HistoryInline
from ordering.models import CustomerGroup, Promotion, PromotionKind, PromotionUse
from ordering.permissions import OrderPermission
from ordering.services import groups, promotions

KIND_COLOURS = {
    PromotionKind.PERCENTAGE: "info",
    PromotionKind.FIXED: "info",
    PromotionKind.FREE_SHIPPING: "success",
    PromotionKind.BUY_X_GET_Y: "warning",
}
# The terms of what is chosen among rows.
_TERMS = {"categories": "category_ids", "products": "product_ids", "customer_groups": "customer_group_ids"}


class PromotionUseInline(DetailInline):
    """Whose they are is told by the order, for those who may see it."""

    model = PromotionUse
    fields = ["order", "worth", "created_at"]
    readonly_fields = fields
    verbose_name_plural = "orders that have it"
    ordering = ["-created_at", "-id"]
    per_page = 50

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("order")

    @display(description="amount")
    def worth(self, use: PromotionUse) -> str:
        return str(use.order.money(use.amount))


@admin.register(Promotion)
class PromotionAdmin(Kept, ServiceSaved, ModelAdmin):
    """A coupon has a code. A promotion is ended, not deleted: orders have it."""

    keeper = OrderPermission.MANAGE_PROMOTIONS
    list_display = [
        "name",
        "code",
        "kind_label",
        "off",
        "is_active",
        "starts_at",
        "ends_at",
        "times_used",
        "usage_limit",
    ]
    list_filter = ["is_active", "kind", ("code", admin.EmptyFieldListFilter), "is_exclusive", "is_first_order_only"]
    list_filter_submit = True
    search_fields = ["name", "code"]
    search_help_text = "Words of a name, or a code."
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    autocomplete_fields = ["categories", "products", "customer_groups"]
    fieldsets = [
        (None, {"fields": [("name", "code"), ("kind", "is_active")]}),
        ("What it takes off", {"fields": ["percent", ("amount", "currency"), ("buy_quantity", "get_quantity")]}),
        (
            "For what, for whom, when",
            {
                "fields": [
                    *("minimum_amount", "categories", "products", "customer_groups", "is_first_order_only"),
                    *("starts_at", "ends_at"),
                ]
            },
        ),
        ("How often", {"fields": [("usage_limit", "usage_limit_per_customer"), "times_used"]}),
        ("With others", {"fields": [("priority", "is_exclusive")]}),
    ]
    inlines = [PromotionUseInline, HistoryInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Promotion | None = None) -> list[str]:
        """What it is stays: a percentage or an amount, a coupon or a rule that applies by itself."""
        if obj is None:
            return ["times_used"]
        return ["times_used", "kind", *([] if obj.code else ["code"])]

    def get_inlines(self, request: HttpRequest, obj: Promotion | None) -> Any:
        return super().get_inlines(request, obj) if obj else []

    def save_model(self, request: HttpRequest, obj: Promotion, form: Any, change: bool) -> None:
        terms = {_TERMS.get(name, name): _plain(value) for name, value in given(form).items()}
        if not change:
            self.show(obj, promotions.create(actor=actor(request), terms=promotions.Terms(**terms)))
        elif terms:
            is_coupon = "code" in form.fields
            promotions.update(actor=actor(request), promotion_id=obj.pk, is_coupon=is_coupon, changes=terms)

    @display(description="kind", ordering="kind", label=KIND_COLOURS)
    def kind_label(self, promotion: Promotion) -> tuple[str, str]:
        return promotion.kind, promotion.get_kind_display()

    @display(description="takes off")
    def off(self, promotion: Promotion) -> str:
        if promotion.kind == PromotionKind.FREE_SHIPPING:
            return "the shipping"
        if promotion.amount is not None:
            return str(promotion.money(promotion.amount))
        percent = f"{promotion.percent} %"
        is_gift = promotion.kind == PromotionKind.BUY_X_GET_Y
        return f"{promotion.buy_quantity} + {promotion.get_quantity}: {percent}" if is_gift else percent


def _plain(value: Any) -> Any:
    return frozenset(row.pk for row in value) if isinstance(value, QuerySet) else value


@admin.register(CustomerGroup)
class CustomerGroupAdmin(Kept, ServiceSaved, ModelAdmin):
    """Who is in it is shown to those who may see users."""

    keeper = OrderPermission.MANAGE_PROMOTIONS
    list_display = ["name", "size"]
    search_fields = ["name"]
    ordering = ["name", "id"]
    autocomplete_fields = ["members"]
    inlines = [HistoryInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(counted=Count("members"))

    def get_fields(self, request: HttpRequest, obj: CustomerGroup | None = None) -> list[str]:
        if obj is None:
            return ["name"]
        return ["name", "members" if request.user.has_perm(AccountPermission.VIEW_USERS) else "size"]

    def get_readonly_fields(self, request: HttpRequest, obj: CustomerGroup | None = None) -> list[str]:
        return ["name", "size"] if obj else []

    def get_inlines(self, request: HttpRequest, obj: CustomerGroup | None) -> Any:
        return super().get_inlines(request, obj) if obj else []

    def save_model(self, request: HttpRequest, obj: CustomerGroup, form: Any, change: bool) -> None:
        values = given(form)
        if not change:
            self.show(obj, groups.create(actor=actor(request), name=values["name"]))
        elif "members" in values:
            groups.set_members(actor=actor(request), group_id=obj.pk, user_ids=[user.pk for user in values["members"]])

    @display(description="members", ordering="counted")
    def size(self, group: Any) -> int:
        return group.counted
