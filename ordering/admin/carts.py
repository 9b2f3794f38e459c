"""Carts, to be read: what somebody is about to buy, and what stands in the way."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from notifications.admin import HistoryInline, ReadOnly, RowFilter
from ordering.admin import places
from ordering.models import Cart, CartLine
from ordering.services import problems, quoting

_COLOURS = {"Open": "info", "Ordered": "success", "Merged": "warning", "Draft": "warning"}


class StateFilter(admin.SimpleListFilter):
    """What became of a cart."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("ordered", "Ordered"), ("merged", "Merged"), ("draft", "Draft")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Cart]) -> Any:
        match self.value():
            case "open":
                return queryset.filter(pk__in=Cart.objects.open().values("pk"))
            case "ordered":
                return queryset.filter(completed_at__isnull=False)
            case "merged":
                return queryset.filter(customer=None, merge_outcomes__isnull=False)
            case "draft":
                return queryset.filter(drafted_by__isnull=False, completed_at=None)
        return queryset


class CartLineInline(ReadOnly, TabularInline):
    model = CartLine
    fields = ["what", "quantity", "agreed", "reserved", "reserved_until", "created_at"]
    readonly_fields = fields
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("variant__product", "cart")

    @display
    def what(self, line: CartLine) -> str:
        return f"{line.variant.product.name} · {line.variant.sku}"

    @display(description="price it was put in at")
    def agreed(self, line: CartLine) -> str:
        return str(line.agreed_price or "")


@admin.register(Cart)
class CartAdmin(ReadOnly, ModelAdmin):
    list_display = ["id", "state", "customer", "email", "items", "currency", "updated_at"]
    list_select_related = ["customer"]
    list_filter = [StateFilter, ("customer", RowFilter)]
    list_filter_submit = True
    search_fields = ["=id", "email", "customer__email"]
    search_help_text = "A cart's id, or an e-mail address: its own, or its customer's."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fieldsets = [
        (None, {"fields": [("id", "state"), ("customer", "drafted_by"), ("email", "currency"), "total", "problems"]}),
        ("Where to", {"fields": [("shipping_method", "coupon_codes"), ("ship_to", "bill_to"), "note"]}),
        (
            "When",
            {"fields": [("created_at", "updated_at"), ("expires_at", "reminded_at"), ("completed_at", "merged_into")]},
        ),
    ]
    readonly_fields = [
        *["id", "state", "customer", "drafted_by", "email", "currency", "total", "problems", "shipping_method"],
        *["coupon_codes", "ship_to", "bill_to", "note", "created_at", "updated_at", "expires_at", "reminded_at"],
        *["completed_at", "merged_into"],
    ]
    inlines = [CartLineInline, HistoryInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(item_count=Coalesce(Sum("lines__quantity"), 0))

    @display(description="state", label=_COLOURS)
    def state(self, cart: Cart) -> str:
        if cart.completed_at:
            return "Ordered"
        if cart.is_merged:
            return "Merged"
        return "Draft" if cart.drafted_by_id else "Open"

    @display(description="items", ordering="item_count")
    def items(self, cart: Any) -> int:
        return cart.item_count

    @display(description="total now")
    def total(self, cart: Cart) -> str:
        return str(quoting.quote(cart).totals.total)

    @display(description="problems")
    def problems(self, cart: Cart) -> SafeString:
        return format_html_join("\n", "<div>{}</div>", ([problem.message] for problem in problems.of_cart(cart)))

    @display(description="coupons")
    def coupon_codes(self, cart: Cart) -> str:
        return ", ".join(coupon.code or "" for coupon in cart.coupons.order_by("code"))

    @display(description="ship to")
    def ship_to(self, cart: Cart) -> SafeString:
        return places.envelope(cart.shipping_address)

    @display(description="bill to")
    def bill_to(self, cart: Cart) -> SafeString:
        return places.envelope(cart.billing_address)

    @display(description="goes at")
    def expires_at(self, cart: Cart) -> Any:
        return None if cart.completed_at or cart.drafted_by_id else cart.expires_at
