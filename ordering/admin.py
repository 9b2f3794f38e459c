"""Orders with the buttons that move them; payments, parcels and carts, to be read; shipping methods, to be edited."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldAdminURLInputWidget

from catalog import money
from notifications.admin import Buttons, EventInline, ReadOnly, RowFilter
from ordering import services
from ordering.models import (
    Cart,
    CartLine,
    Fulfillment,
    FulfillmentLine,
    Order,
    OrderAction,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentState,
    PaymentStatus,
    ShippingMethod,
)
from ordering.permissions import OrderPermission

STATUS_COLOURS = {
    OrderStatus.PENDING: "warning",
    OrderStatus.AWAITING_APPROVAL: "warning",
    OrderStatus.CONFIRMED: "info",
    OrderStatus.PROCESSING: "info",
    OrderStatus.PARTIALLY_SHIPPED: "info",
    OrderStatus.SHIPPED: "success",
    OrderStatus.DELIVERED: "success",
    OrderStatus.ON_HOLD: "warning",
    OrderStatus.CANCELLED: "danger",
    OrderStatus.REJECTED: "danger",
}
PAYMENT_COLOURS = {
    PaymentStatus.AUTHORIZED: "info",
    PaymentStatus.PAID: "success",
    PaymentStatus.PARTIALLY_REFUNDED: "warning",
    PaymentStatus.REFUNDED: "warning",
    PaymentStatus.FAILED: "danger",
}
STATE_COLOURS = {
    PaymentState.IN_REVIEW: "warning",
    PaymentState.AUTHORIZED: "info",
    PaymentState.CAPTURED: "success",
    PaymentState.DECLINED: "danger",
}


# ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────────
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


class ParcelForm(BaseDialogForm):
    carrier = forms.CharField(widget=UnfoldAdminTextInputWidget, required=False)
    tracking_number = forms.CharField(widget=UnfoldAdminTextInputWidget, required=False)
    tracking_url = forms.URLField(
        widget=UnfoldAdminURLInputWidget, required=False, label="Tracking address", assume_scheme="https"
    )

    def parcel(self) -> services.Parcel:
        return services.Parcel(**{name: self.cleaned_data[name] for name in services.Parcel.__dataclass_fields__})


class OrderLineInline(ReadOnly, TabularInline):
    model = OrderLine
    fields = ["label", "sku", "quantity", "quantity_fulfilled", "unit_price", "total_price"]
    readonly_fields = fields
    extra = 0
    hide_title = True


class PaymentInline(ReadOnly, TabularInline):
    model = Payment
    fields = ["state", "money", "gateway", "reference", "updated_at"]
    readonly_fields = fields
    extra = 0
    hide_title = True
    show_change_link = True


class FulfillmentInline(ReadOnly, TabularInline):
    model = Fulfillment
    fields = ["created_at", "carrier", "tracking_number", "tracking_url"]
    readonly_fields = fields
    verbose_name_plural = "parcels"
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


# ── Payments and parcels ─────────────────────────────────────────────────────────────────────────────────────────────
@admin.register(Payment)
class PaymentAdmin(ReadOnly, ModelAdmin):
    """The token is what pays: it is not shown."""

    list_display = ["order", "state_label", "money", "gateway", "reference", "created_at", "updated_at"]
    list_select_related = ["order"]
    list_filter = ["state", "gateway"]
    search_fields = ["=order__number", "order__email", "=reference"]
    search_help_text = "An order's number, the buyer's e-mail address, or the gateway's reference."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["order", "state", "money", "gateway", "reference", "created_at", "updated_at"]
    readonly_fields = fields

    @display(description="state", ordering="state", label=STATE_COLOURS)
    def state_label(self, payment: Payment) -> tuple[str, str]:
        return payment.state, payment.get_state_display()


class FulfillmentLineInline(ReadOnly, TabularInline):
    model = FulfillmentLine
    fields = ["what", "quantity"]
    readonly_fields = fields
    verbose_name_plural = "what is in it"
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("order_line")

    @display
    def what(self, line: FulfillmentLine) -> str:
        return f"{line.order_line.label} · {line.order_line.sku}"


@admin.register(Fulfillment)
class FulfillmentAdmin(ReadOnly, ModelAdmin):
    list_display = ["order", "carrier", "tracking_number", "created_at"]
    list_select_related = ["order"]
    search_fields = ["=order__number", "=tracking_number"]
    search_help_text = "An order's number, or a tracking number."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["order", "carrier", "tracking_number", "tracking_url", "created_at"]
    readonly_fields = fields
    inlines = [FulfillmentLineInline]


# ── Carts ────────────────────────────────────────────────────────────────────────────────────────────────────────────
class CartLineInline(ReadOnly, TabularInline):
    model = CartLine
    fields = ["what", "quantity", "created_at"]
    readonly_fields = fields
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("variant__product")

    @display
    def what(self, line: CartLine) -> str:
        return f"{line.variant.product.name} · {line.variant.sku}"


@admin.register(Cart)
class CartAdmin(ReadOnly, ModelAdmin):
    list_display = ["id", "customer", "items", "updated_at", "completed_at"]
    list_select_related = ["customer"]
    list_filter = [("completed_at", admin.EmptyFieldListFilter), ("customer", RowFilter)]
    list_filter_submit = True
    search_fields = ["=id", "customer__email"]
    search_help_text = "A cart's id, or its customer's e-mail address."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["id", "customer", "currency", "created_at", "updated_at", "completed_at"]
    readonly_fields = fields
    inlines = [CartLineInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(item_count=Coalesce(Sum("lines__quantity"), 0))

    @display(description="items", ordering="item_count")
    def items(self, cart: Any) -> int:
        return cart.item_count


# ── Shipping methods ─────────────────────────────────────────────────────────────────────────────────────────────────
class CurrencyForm(forms.ModelForm):  # type: ignore[type-arg]
    """For rows with a currency of their own: the shop's unless said otherwise."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.initial.setdefault("currency", settings.SHOP_CURRENCY)

    def clean_currency(self) -> str:
        code = self.cleaned_data["currency"].upper()
        if not money.is_currency(code):
            raise forms.ValidationError("This is not a currency. Write its ISO 4217 code, such as EUR.")
        return code


class ShippingMethodForm(CurrencyForm):
    countries = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="ISO 3166 codes it ships to, separated by commas: DE, FR. Empty means everywhere.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial["countries"] = ", ".join(self.instance.countries)

    def clean_countries(self) -> list[str]:
        codes = [code.strip().upper() for code in self.cleaned_data["countries"].split(",") if code.strip()]
        if wrong := [code for code in codes if not (len(code) == 2 and code.isascii() and code.isalpha())]:
            raise forms.ValidationError(f"“{wrong[0]}” is not the code of a country. It has two letters, such as DE.")
        return list(dict.fromkeys(codes))


@admin.register(ShippingMethod)
class ShippingMethodAdmin(ModelAdmin):
    form = ShippingMethodForm
    list_display = ["name", "price", "free_from", "ships_to", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name"]
    ordering = ["name"]
    fields = ["name", "is_active", ("price_amount", "currency"), "free_above", "countries"]

    @display(description="countries")
    def ships_to(self, method: ShippingMethod) -> str:
        return ", ".join(method.countries) or "everywhere"
