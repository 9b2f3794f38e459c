"""Returns, with the buttons that decide, receive and pay back."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextareaWidget, UnfoldBooleanWidget

from notifications.admin import Buttons, ReadOnly
from ordering.admin.colours import RETURN_COLOURS
from ordering.models import Return, ReturnAction, ReturnLine
from ordering.permissions import OrderPermission
from ordering.services import returning


class WordsForm(BaseDialogForm):
    note = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        required=False,
        help_text="The buyer can read it, for example where to send the goods.",
    )


class ReasonForm(BaseDialogForm):
    note = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), label="Reason", help_text="The buyer can read it."
    )


class ReceiveForm(BaseDialogForm):
    restock = forms.BooleanField(
        widget=UnfoldBooleanWidget, required=False, label="All of it can be sold again", help_text="Back on the shelf."
    )


class AmountForm(BaseDialogForm):
    amount = forms.DecimalField(
        widget=UnfoldAdminDecimalFieldWidget,
        required=False,
        help_text="In the order's currency; empty for what was paid for the goods.",
    )


class ReturnLineInline(ReadOnly, TabularInline):
    model = ReturnLine
    fields = ["what", "quantity", "reason", "restocked"]
    readonly_fields = fields
    verbose_name_plural = "what comes back"
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("order_line")

    @display
    def what(self, line: ReturnLine) -> str:
        return f"{line.order_line.label} · {line.order_line.sku}"


class ReturnInline(ReadOnly, TabularInline):
    """The returns of an order, on its page."""

    model = Return
    fields = ["requested_at", "status", "note", "decision_note"]
    readonly_fields = fields
    extra = 0
    hide_title = True
    show_change_link = True


def _button(name: ReturnAction, title: str, icon: str, text: str, form: type = BaseDialogForm, **options: Any) -> Any:
    """A button of the return's page; its address is the name of what it does."""
    return action(
        description=title,
        icon=icon,
        url_path=name.lower(),
        permissions=["manage"],
        dialog={"title": f"{title} this return?", "description": text, "form_class": form, "form_submit_text": title},
        **options,
    )


@admin.register(Return)
class ReturnAdmin(Buttons, ReadOnly, ModelAdmin):
    """Nothing of it is edited, services move it."""

    list_display = ["order", "status_label", "note", "requested_at", "decided_at", "received_at"]
    list_display_links = ["order", "status_label"]
    list_select_related = ["order"]
    list_filter = ["status"]
    search_fields = ["=order__number", "order__email"]
    search_help_text = "An order's number, or the buyer's e-mail address."
    date_hierarchy = "requested_at"
    ordering = ["-requested_at", "-id"]
    show_full_result_count = False
    list_per_page = 50
    fields = [
        *(("order", "status"), "note", "decision_note", "decided_by"),
        *(("requested_at", "decided_at", "received_at"), "refund"),
    ]
    readonly_fields = [
        *("order", "status", "note", "decision_note", "decided_by"),
        *("requested_at", "decided_at", "received_at", "refund"),
    ]
    inlines = [ReturnLineInline]
    actions_detail = ["approve", "receive", "refund", "reject", "cancel"]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The buttons this person may press now."""
        found = self.get_object(request, str(object_id))
        if found is None:
            return []
        answers = returning.allowed_actions(return_=found, actor=request.user)
        allowed = {name.lower() for name, refusal in answers if refusal is None}
        return [button for button in super().get_actions_detail(request, object_id) if button.path in allowed]

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """What each button asks, before it shows its form and before the service is called."""
        return request.user.has_perms([OrderPermission.MANAGE_ORDERS, OrderPermission.VIEW_ALL_ORDERS])

    @_button(
        *(ReturnAction.APPROVE, "Approve", "task_alt", "The buyer is told to send the goods.", WordsForm),
        variant=ActionVariant.PRIMARY,
    )
    def approve(self, request: HttpRequest, form: WordsForm, object_id: str) -> HttpResponse:
        note = form.cleaned_data["note"]
        return self._pressed(request, object_id, returning.approve, "The return was approved.", note=note)

    @_button(ReturnAction.REJECT, "Reject", "block", "The buyer keeps the goods.", ReasonForm)
    def reject(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        note = form.cleaned_data["note"]
        return self._pressed(request, object_id, returning.reject, "The return was rejected.", note=note)

    @_button(
        *(ReturnAction.RECEIVE, "Receive", "inventory", "The goods are back.", ReceiveForm),
        variant=ActionVariant.PRIMARY,
    )
    def receive(self, request: HttpRequest, form: ReceiveForm, object_id: str) -> HttpResponse:
        found = self.get_object(request, object_id)
        restock = found.lines.values_list("pk", "quantity") if found and form.cleaned_data["restock"] else []
        return self._pressed(
            request, object_id, returning.receive, "The return was received.", restock=restock, idempotency_key=None
        )

    @_button(
        *(ReturnAction.REFUND, "Refund", "currency_exchange", "The buyer's money is returned.", AmountForm),
        variant=ActionVariant.PRIMARY,
    )
    def refund(self, request: HttpRequest, form: AmountForm, object_id: str) -> HttpResponse:
        amount = form.cleaned_data["amount"]
        return self._pressed(
            request, object_id, returning.refund, "The money is on its way.", amount=amount, idempotency_key=None
        )

    @_button(*(ReturnAction.CANCEL, "Cancel", "cancel", "The goods stay with the buyer."), variant=ActionVariant.DANGER)
    def cancel(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        return self._pressed(request, object_id, returning.cancel, "The return was cancelled.")

    def _pressed(self, request: HttpRequest, object_id: str, service: Any, done: str, **arguments: Any) -> HttpResponse:
        return self.press(request, object_id, service, done, return_id=object_id, actor=request.user, **arguments)

    @display(description="status", ordering="status", label=RETURN_COLOURS)
    def status_label(self, found: Return) -> tuple[str, str]:
        return found.status, found.get_status_display()
