"""Payments, with the buttons for what a person has to do about them, and refunds."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from notifications.admin import ReadOnly
from ordering import services
from ordering.admin import kit
from ordering.admin.colours import REFUND_COLOURS, STATE_COLOURS
from ordering.models import Payment, PaymentState, Refund, RefundState


class AttentionFilter(admin.SimpleListFilter):
    """What waits for a person: payments in review, and money that the gateway refused to give back."""

    title = "attention"
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("review", "Needs review"), ("refund", "A refund failed"), ("awaited", "Money is awaited")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "review":
                return queryset.filter(state=PaymentState.IN_REVIEW)
            case "refund":
                failed = Refund.objects.filter(state=RefundState.FAILED)
                return queryset.filter(state=PaymentState.CAPTURED, pk__in=failed.values("payment"))
            case "awaited":
                return queryset.filter(state=PaymentState.AWAITED)
        return queryset


class ReceiptForm(kit.OnceForm):
    amount = kit.amount("What came.")
    reference = forms.CharField(
        widget=UnfoldAdminTextInputWidget,
        required=False,
        max_length=255,
        help_text="What the bank's statement or the carrier calls it.",
    )


class RefundForm(kit.OnceForm):
    amount = kit.amount("All that is left when empty.", required=False)
    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), help_text="The buyer can read it.", strip=True
    )


class RefundInline(ReadOnly, TabularInline):
    model = Refund
    fields = ["created_at", "state_label", "money", "units", "reason", "created_by", "reference", "settled_at"]
    readonly_fields = fields
    extra = 0
    hide_title = True

    def has_view_permission(self, *args: Any) -> bool:
        """Whoever may look at the payment may look at what went back of it."""
        return True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("created_by").prefetch_related("lines__order_line")

    @display(description="state", label=REFUND_COLOURS)
    def state_label(self, refund: Refund) -> tuple[str, str]:
        return refund.state, refund.get_state_display()

    @display(description="for")
    def units(self, refund: Refund) -> str:
        return ", ".join(f"{line.quantity} × {line.order_line.sku}" for line in refund.lines.all())


def _button(path: str, title: str, icon: str, text: str, form: type[BaseDialogForm], variant: ActionVariant) -> Any:
    """A button of a payment's page; its address is the name of what it does."""
    return action(
        description=title,
        icon=icon,
        url_path=path,
        permissions=["manage"],
        variant=variant,
        dialog={"title": f"{title}?", "description": text, "form_class": form, "form_submit_text": title},
    )


@admin.register(Payment)
class PaymentAdmin(kit.OrderButtons, ReadOnly, ModelAdmin):
    """The token is what pays: it is not shown."""

    list_display = ["order", "state_label", "money", "captured", "refunded", "gateway", "reference", "created_at"]
    list_select_related = ["order"]
    list_filter = [AttentionFilter, "state", "gateway"]
    search_fields = ["=order__number", "order__email", "=reference"]
    search_help_text = "An order's number, the buyer's e-mail address, or the gateway's reference."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = [
        *["order", "state", "review_reason", "money", "captured", "refunded"],
        *["gateway", "reference", "created_at", "updated_at", "reconciled_at"],
    ]
    readonly_fields = fields
    inlines = [RefundInline]
    actions_detail = ["accept", "receive", "refund"]

    def fitting(self, row: Payment, actor: Any) -> list[str]:
        match row.state:
            case PaymentState.IN_REVIEW:
                return ["accept"]
            case PaymentState.AWAITED:
                return ["receive"]
            case PaymentState.CAPTURED if row.refundable.amount > 0:
                return ["refund"]
        return []

    @_button(
        "accept",
        "Accept the payment",
        "task_alt",
        "It stands as it is. To refuse it, cancel its order: then the money goes back.",
        kit.OnceForm,
        ActionVariant.PRIMARY,
    )
    def accept(self, request: HttpRequest, form: kit.OnceForm, object_id: str) -> HttpResponse:
        done = "The payment was accepted."
        return self._press(request, form, object_id, services.payment_accept, done)

    @_button(
        "receive",
        "Note the money",
        "price_check",
        "The transfer, or the cash of the delivery, has come: exactly what the order owes.",
        ReceiptForm,
        ActionVariant.PRIMARY,
    )
    def receive(self, request: HttpRequest, form: ReceiptForm, object_id: str) -> HttpResponse:
        receipt = services.Receipt(amount=form.cleaned_data["amount"], reference=form.cleaned_data["reference"])
        done = "The money was noted."
        return self._press(request, form, object_id, services.payment_receive, done, {"receipt": receipt})

    @_button(
        "refund",
        "Give money back",
        "currency_exchange",
        "Units of lines are given back through the API.",
        RefundForm,
        ActionVariant.DANGER,
    )
    def refund(self, request: HttpRequest, form: RefundForm, object_id: str) -> HttpResponse:
        wanted = services.RefundRequest(reason=form.cleaned_data["reason"], amount=form.cleaned_data["amount"])
        done = "The payment service is asked to give it back."
        return self._press(request, form, object_id, services.refund_create, done, {"request": wanted})

    def _press(
        self,
        request: HttpRequest,
        form: kit.OnceForm,
        object_id: str,
        service: Callable[..., object],
        done: str,
        asked: Mapping[str, object] = MappingProxyType({}),
    ) -> HttpResponse:
        """Calls the service for the payment's order, once however often the form is sent."""

        def of_its_order() -> None:
            order_id = Payment.objects.values_list("order_id", flat=True).get(pk=object_id)
            service(order_id=order_id, idempotency_key=form.cleaned_data["key"], actor=request.user, **asked)

        return self.press(request, object_id, of_its_order, done)

    @display(description="state", ordering="state", label=STATE_COLOURS)
    def state_label(self, payment: Payment) -> tuple[str, str]:
        return payment.state, payment.get_state_display()
