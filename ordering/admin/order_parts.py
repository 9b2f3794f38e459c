"""What the page of an order is made of: its lines, notes, promotions and payment, and the forms of its buttons."""

from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from notifications.admin import ReadOnly
from ordering.models import OrderLine, OrderNote, Payment, PromotionUse
from ordering.permissions import OrderPermission


class ReasonForm(BaseDialogForm):
    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), help_text="The buyer can read it.", strip=True
    )


class NoteForm(BaseDialogForm):
    note = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="For the shop's staff alone: the buyer never sees it.",
        strip=True,
    )


class OrderLineInline(ReadOnly, TabularInline):
    model = OrderLine
    fields = ["label", "sku", "quantity", "quantity_fulfilled", "unit_price", "off", "tax", "total_price"]
    readonly_fields = fields
    extra = 0
    hide_title = True

    @display(description="discount")
    def off(self, line: OrderLine) -> str:
        return str(line.money(line.discount_amount)) if line.discount_amount else ""

    @display
    def tax(self, line: OrderLine) -> str:
        percent = f" ({line.tax_percent.normalize():f} %)" if line.tax_percent else ""
        return f"{line.money(line.tax_amount)}{percent}"


class NoteInline(ReadOnly, TabularInline):
    model = OrderNote
    fields = ["created_at", "author", "text"]
    readonly_fields = fields
    extra = 0
    hide_title = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Like in the API: those who work with orders."""
        return request.user.has_perm(OrderPermission.MANAGE_ORDERS)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("author")


class PromotionInline(ReadOnly, TabularInline):
    model = PromotionUse
    fields = ["promotion", "off"]
    readonly_fields = fields
    verbose_name_plural = "promotions"
    extra = 0
    hide_title = True

    def has_view_permission(self, *args: Any) -> bool:
        """Whoever may look at the order may look at what it saved."""
        return True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("promotion", "order")

    @display(description="discount")
    def off(self, use: PromotionUse) -> str:
        return str(use.order.money(use.amount))


class PaymentInline(ReadOnly, TabularInline):
    model = Payment
    fields = ["state", "money", "captured", "refunded", "gateway", "reference", "updated_at"]
    readonly_fields = fields
    extra = 0
    hide_title = True
    show_change_link = True
