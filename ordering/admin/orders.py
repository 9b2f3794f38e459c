"""Orders, with the buttons that move them."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeNumericFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from notifications.admin import EventInline, ReadOnly, RowFilter
from ordering import services
from ordering.admin import kit, places
from ordering.admin.colours import PAYMENT_COLOURS, STATUS_COLOURS
from ordering.admin.documents import DocumentInline
from ordering.admin.fulfillments import FulfillmentInline, ParcelForm
from ordering.admin.order_parts import NoteForm, NoteInline, OrderLineInline, PaymentInline, PromotionInline, ReasonForm
from ordering.admin.payments import ReceiptForm, RefundForm
from ordering.admin.returns import ReturnInline
from ordering.filters import MAX_SEARCH
from ordering.models import Order, OrderAction, Payment


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


def _button(name: OrderAction, title: str, icon: str, **options: Any) -> Any:
    """A button of the order page; its address is the name of what it does."""
    form = options.pop("form_class", BaseDialogForm)
    text = options.pop("text", "")
    question = options.pop("question", f"{title} this order?")
    return action(
        description=title,
        icon=icon,
        url_path=name.lower(),
        permissions=["manage"],
        dialog={"title": question, "description": text, "form_class": form, "form_submit_text": title},
        **options,
    )


@admin.register(Order)
class OrderAdmin(kit.OrderButtons, ReadOnly, ModelAdmin):
    """An order is a snapshot: nothing of it is edited, services move it."""

    list_display = ["number", "status_label", "payment_label", "email", "customer", "total", "placed_at"]
    list_select_related = ["customer"]
    list_filter = [
        PlacedFilter,
        "status",
        "payment_status",
        ("total_amount", RangeNumericFilter),
        "currency",
        "is_payment_awaited",
        ("customer", RowFilter),
        ("customer", admin.EmptyFieldListFilter),
        ("drafted_by", admin.EmptyFieldListFilter),
    ]
    list_filter_submit = True
    search_fields = ["number"]  # so that there is a search; `get_search_results` says how
    search_help_text = "A number, a part of an e-mail address or of a name, or a whole SKU."
    date_hierarchy = "placed_at"
    # Follows the index of placed orders, which are what the list shows unless asked otherwise.
    ordering = ["-placed_at", "-id"]
    show_full_result_count = False
    list_per_page = 50
    inlines = [
        *[OrderLineInline, NoteInline, PromotionInline, PaymentInline],
        *[FulfillmentInline, ReturnInline, DocumentInline, EventInline],
    ]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("number", "placed_at"),
                    ("status", "payment_status"),
                    ("email", "customer"),
                    ("note", "drafted_by"),
                ]
            },
        ),
        ("Amounts", {"fields": [("subtotal", "discount"), ("shipping", "tax"), ("total", "refunds"), "breakdown"]}),
        ("Where to", {"fields": ["shipping_method", ("ship_to", "bill_to")]}),
    ]
    readonly_fields = [
        *["number", "placed_at", "status", "payment_status", "email", "customer", "note", "drafted_by"],
        *["subtotal", "discount", "shipping", "tax", "total", "refunds", "breakdown"],
        *["shipping_method", "ship_to", "bill_to"],
    ]
    actions_detail = [
        *["confirm", "receive_payment", "release", "process", "fulfill", "deliver"],
        *["add_note", "hold", "refund", "cancel"],
    ]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """As in the API, each way by an index of its own."""
        if not search_term.strip() or "\0" in search_term:
            return queryset, False
        return queryset.filter(pk__in=Order.objects.matching(search_term[:MAX_SEARCH])), False

    def fitting(self, row: Order, actor: Any) -> set[str]:
        # A checkout that was never placed is shown here, but services do not know it.
        if row.placed_at is None:
            return set()
        return {name.lower() for name, refusal in services.allowed_actions(order=row, actor=actor) if refusal is None}

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

    @_button(
        OrderAction.PROCESS,
        "Process",
        "package_2",
        text="The shop works on it from now on, and its buyer cannot cancel it any more.",
    )
    def process(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        return self.press(
            request,
            object_id,
            services.process,
            "The order was taken into work.",
            order_id=object_id,
            actor=request.user,
        )

    @_button(
        OrderAction.RECEIVE_PAYMENT,
        "Note the money of",
        "price_check",
        variant=ActionVariant.PRIMARY,
        text="The transfer, or the cash of the delivery, has come: exactly what the order owes.",
        form_class=ReceiptForm,
    )
    def receive_payment(self, request: HttpRequest, form: ReceiptForm, object_id: str) -> HttpResponse:
        receipt = services.Receipt(amount=form.cleaned_data["amount"], reference=form.cleaned_data["reference"])
        return self.press(
            request,
            object_id,
            services.payment_receive,
            "The money was noted.",
            order_id=object_id,
            idempotency_key=form.cleaned_data["key"],
            receipt=receipt,
            actor=request.user,
        )

    @_button(
        OrderAction.REFUND,
        "Refund",
        "currency_exchange",
        text="Units of lines are given back through the API.",
        form_class=RefundForm,
    )
    def refund(self, request: HttpRequest, form: RefundForm, object_id: str) -> HttpResponse:
        wanted = services.RefundRequest(reason=form.cleaned_data["reason"], amount=form.cleaned_data["amount"])
        return self.press(
            request,
            object_id,
            partial(services.refund_create, request=wanted),
            "The payment service is asked to give it back.",
            order_id=object_id,
            idempotency_key=form.cleaned_data["key"],
            actor=request.user,
        )

    @_button(OrderAction.ADD_NOTE, "Add note", "sticky_note_2", form_class=NoteForm, question="Add a note?")
    def add_note(self, request: HttpRequest, form: NoteForm, object_id: str) -> HttpResponse:
        return self.press(
            request,
            object_id,
            services.add_note,
            "The note was added.",
            order_id=object_id,
            note=form.cleaned_data["note"],
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

    @display
    def tax(self, order: Order) -> str:
        if order.prices_include_tax:
            return f"{order.money(order.included_tax_amount)}, in the prices"
        return str(order.money(order.tax_amount))

    @display(description="given back")
    def refunds(self, order: Order) -> str:
        payment = Payment.objects.filter(order=order).first()
        return str(order.money(payment.refunded_amount)) if payment and payment.refunded_amount else ""

    @display(description="how it came to be")
    def breakdown(self, order: Order) -> SafeString:
        steps = ((step["label"], step["reason"], step["amount"], order.currency) for step in order.price_breakdown)
        return format_html_join("\n", "<div>{}: {} — {} {}</div>", steps)

    @display(description="ship to")
    def ship_to(self, order: Order) -> SafeString:
        return places.envelope(order.shipping_address)

    @display(description="bill to")
    def bill_to(self, order: Order) -> SafeString:
        return places.envelope(order.billing_address)
