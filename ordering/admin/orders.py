"""Orders, with the buttons that move them."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from notifications.admin import Buttons, EventInline, ReadOnly, RowFilter
from ordering import services
from ordering.admin.colours import PAYMENT_COLOURS, STATUS_COLOURS
from ordering.admin.fulfillments import FulfillmentInline, ParcelForm
from ordering.models import (
    Order,
    OrderAction,
    OrderLine,
    Payment,
)
from ordering.permissions import OrderPermission


class PlacedFilter(admin.SimpleListFilter):
    """Placed orders unless asked otherwise; a checkout that was never paid is an order to nobody but the admin."""

    title = "checkout"
    parameter_name = "placed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("never", "Never placed"), ("all", "All")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        everything, *others = super().choices(changelist)
        yield {**everything, "display": "Placed"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "all":
            return queryset
        return queryset.filter(placed_at__isnull=self.value() == "never")


class ReasonForm(BaseDialogForm):
    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), help_text="The buyer can read it.", strip=True
    )


class OrderLineInline(ReadOnly, TabularInline):
    model = OrderLine
    fields = ["label", "sku", "quantity", "quantity_fulfilled", "unit_price", "total_price"]
    readonly_fields = fields
    extra = 0
    hide_title = True


class PaymentInline(ReadOnly, TabularInline):
    model = Payment
    fields = ["state", "money", "captured", "refunded", "gateway", "reference", "updated_at"]
    readonly_fields = fields
    extra = 0
    hide_title = True
    show_change_link = True


def _button(name: OrderAction, title: str, icon: str, **options: Any) -> Any:
    """A button of the order page; its address is the name of what it does."""
    form = options.pop("form_class", BaseDialogForm)
    text = options.pop("text", "")
    return action(
        description=title,
        icon=icon,
        url_path=name.lower(),
        permissions=["manage"],
        dialog={"title": f"{title} this order?", "description": text, "form_class": form, "form_submit_text": title},
        **options,
    )


@admin.register(Order)
class OrderAdmin(Buttons, ReadOnly, ModelAdmin):
    """An order is a snapshot: nothing of it is edited, services move it."""

    list_display = ["number", "status_label", "payment_label", "email", "customer", "total", "placed_at"]
    list_select_related = ["customer"]
    list_filter = [
        PlacedFilter,
        "status",
        "payment_status",
        ("customer", RowFilter),
        ("customer", admin.EmptyFieldListFilter),
    ]
    list_filter_submit = True
    search_fields = ["=number", "email", "customer__full_name", "=lines__sku"]
    search_help_text = "A number, an e-mail address, a customer's name or a SKU."
    date_hierarchy = "placed_at"
    # Follows the index of placed orders, which are what the list shows unless asked otherwise.
    ordering = ["-placed_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    inlines = [OrderLineInline, PaymentInline, FulfillmentInline, EventInline]
    fieldsets = [
        (None, {"fields": [("number", "placed_at"), ("status", "payment_status"), ("email", "customer")]}),
        ("Amounts", {"fields": [("subtotal", "discount"), ("shipping", "tax"), "total"]}),
        ("Where to", {"fields": ["shipping_method", ("ship_to", "bill_to")]}),
    ]
    readonly_fields = [
        *["number", "placed_at", "status", "payment_status", "email", "customer"],
        *["subtotal", "discount", "shipping", "tax", "total", "shipping_method", "ship_to", "bill_to"],
    ]
    actions_detail = ["confirm", "release", "fulfill", "deliver", "hold", "cancel"]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The buttons this person may press now."""
        order = self.get_object(request, str(object_id))
        # A checkout that was never placed is shown here, but services do not know it.
        if order is None or order.placed_at is None:
            return []
        answers = services.allowed_actions(order=order, actor=request.user)
        allowed = {name.lower() for name, refusal in answers if refusal is None}
        return [button for button in super().get_actions_detail(request, object_id) if button.path in allowed]

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """What each button asks, before it shows its form and before the service is called."""
        return request.user.has_perms([OrderPermission.MANAGE_ORDERS, OrderPermission.VIEW_ALL_ORDERS])

    @_button(
        OrderAction.CONFIRM,
        "Confirm",
        "task_alt",
        variant=ActionVariant.PRIMARY,
        text="The payment that was in review is accepted, and collected unless the order must be approved first.",
    )
    def confirm(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        return self.press(
            request,
            object_id,
            services.confirm,
            "The order was accepted.",
            order_id=object_id,
            actor=request.user,
        )

    @_button(
        OrderAction.RELEASE, "Release", "play_circle", variant=ActionVariant.PRIMARY, text="It can be shipped again."
    )
    def release(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        return self.press(
            request,
            object_id,
            services.release,
            "The order was released.",
            order_id=object_id,
            actor=request.user,
        )

    @_button(
        OrderAction.FULFILL,
        "Ship all",
        "local_shipping",
        variant=ActionVariant.PRIMARY,
        text="One parcel with everything that is still to be sent.",
        form_class=ParcelForm,
    )
    def fulfill(self, request: HttpRequest, form: ParcelForm, object_id: str) -> HttpResponse:
        return self.press(
            request,
            object_id,
            services.fulfill,
            "The order was shipped.",
            order_id=object_id,
            actor=request.user,
            parcel=form.parcel(),
        )

    @_button(
        OrderAction.DELIVER, "Deliver", "where_to_vote", variant=ActionVariant.SUCCESS, text="Everything has arrived."
    )
    def deliver(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        return self.press(
            request,
            object_id,
            services.deliver,
            "The order was marked as delivered.",
            order_id=object_id,
            actor=request.user,
        )

    @_button(
        OrderAction.HOLD,
        "Hold",
        "pause_circle",
        text="It is not shipped until somebody releases it.",
        form_class=ReasonForm,
    )
    def hold(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        return self.press(
            request,
            object_id,
            services.hold,
            "The order was put on hold.",
            order_id=object_id,
            reason=reason,
            actor=request.user,
        )

    @_button(
        OrderAction.CANCEL,
        "Cancel",
        "cancel",
        variant=ActionVariant.DANGER,
        text="Its stock goes back on the shelf and the buyer's money is returned. This cannot be undone.",
        form_class=ReasonForm,
    )
    def cancel(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        return self.press(
            request,
            object_id,
            services.cancel,
            "The order was cancelled.",
            order_id=object_id,
            reason=reason,
            actor=request.user,
        )

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def status_label(self, order: Order) -> tuple[str, str]:
        return order.status, order.get_status_display()

    @display(description="payment", ordering="payment_status", label=PAYMENT_COLOURS)
    def payment_label(self, order: Order) -> tuple[str, str]:
        return order.payment_status, order.get_payment_status_display()

    @display(ordering="total_amount")
    def total(self, order: Order) -> str:
        return str(order.total)

    @display
    def subtotal(self, order: Order) -> str:
        return str(order.money(order.subtotal_amount))

    @display
    def discount(self, order: Order) -> str:
        return str(order.money(order.discount_amount))

    @display
    def shipping(self, order: Order) -> str:
        return str(order.money(order.shipping_amount))

    @display(description="tax (included)")
    def tax(self, order: Order) -> str:
        return str(order.money(order.tax_amount))

    @display(description="ship to")
    def ship_to(self, order: Order) -> SafeString:
        return _address(order.shipping_address)

    @display(description="bill to")
    def bill_to(self, order: Order) -> SafeString:
        return _address(order.billing_address)


# In the order of an envelope.
ADDRESS_LINES = ["full_name", "line1", "line2", "postal_code", "city", "region", "country", "phone"]


def _address(address: dict[str, str]) -> SafeString:
    return format_html_join("\n", "<div>{}</div>", ([address[name]] for name in ADDRESS_LINES if address.get(name)))
