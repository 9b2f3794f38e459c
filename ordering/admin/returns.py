"""Returns, with the buttons that decide, receive, pay back and close."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanWidget

from notifications.admin import ReadOnly
from ordering.admin import kit
from ordering.admin.colours import RETURN_COLOURS
from ordering.admin.order_parts import ReasonForm
from ordering.models import Return, ReturnAction, ReturnLine
from ordering.services import returning, taking_back


class WordsForm(BaseDialogForm):
    note = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        required=False,
        help_text="The buyer can read it, for example where to send the goods.",
    )


class ReceiveForm(kit.OnceForm):
    restock = forms.BooleanField(
        widget=UnfoldBooleanWidget, required=False, label="All of it can be sold again", help_text="Back on the shelf."
    )


class AmountForm(kit.OnceForm):
    amount = kit.amount("In the order's currency; empty for what was paid for the goods.", required=False)


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
        dialog={"title": f"{title}?", "description": text, "form_class": form, "form_submit_text": title},
        **options,
    )


@admin.register(Return)
class ReturnAdmin(kit.OrderButtons, ReadOnly, ModelAdmin):
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
    actions_detail = ["approve", "receive", "refund", "close", "reject", "cancel"]

    def fitting(self, row: Return, actor: Any) -> set[str]:
        return {name.lower() for name, why_not in returning.allowed_actions(return_=row, actor=actor) if not why_not}

    @_button(
        *(ReturnAction.APPROVE, "Approve", "task_alt", "The buyer is told to send the goods.", WordsForm),
        variant=ActionVariant.PRIMARY,
    )
    def approve(self, request: HttpRequest, form: WordsForm, object_id: str) -> HttpResponse:
        note = form.cleaned_data["note"]
        return self._pressed(request, object_id, returning.approve, "The return was approved.", note=note)

    @_button(ReturnAction.REJECT, "Reject", "block", "The buyer keeps the goods.", ReasonForm)
    def reject(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        note = form.cleaned_data["reason"]
        return self._pressed(request, object_id, returning.reject, "The return was rejected.", note=note)

    @_button(
        *(ReturnAction.RECEIVE, "Receive", "inventory", "The goods are back.", ReceiveForm),
        variant=ActionVariant.PRIMARY,
    )
    def receive(self, request: HttpRequest, form: ReceiveForm, object_id: str) -> HttpResponse:
        row = self.get_object(request, object_id)
        restock = row.lines.order_by("pk").values_list("pk", "quantity") if row and form.cleaned_data["restock"] else []
        asked = {"restock": restock, "idempotency_key": form.cleaned_data["key"]}
        return self._pressed(request, object_id, taking_back.receive, "The return was received.", **asked)

    @_button(
        *(ReturnAction.REFUND, "Refund", "currency_exchange", "The buyer's money is returned.", AmountForm),
        variant=ActionVariant.PRIMARY,
    )
    def refund(self, request: HttpRequest, form: AmountForm, object_id: str) -> HttpResponse:
        asked = {"amount": form.cleaned_data["amount"], "idempotency_key": form.cleaned_data["key"]}
        return self._pressed(request, object_id, taking_back.refund, "The money is on its way.", **asked)

    @_button(ReturnAction.CLOSE, "Close without refund", "archive", "It ends, and no money is returned.", ReasonForm)
    def close(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        note = form.cleaned_data["reason"]
        return self._pressed(request, object_id, taking_back.close, "The return was closed.", note=note)

    @_button(*(ReturnAction.CANCEL, "Cancel", "cancel", "The goods stay with the buyer."), variant=ActionVariant.DANGER)
    def cancel(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        return self._pressed(request, object_id, returning.cancel, "The return was cancelled.")

    def _pressed(self, request: HttpRequest, object_id: str, service: Any, done: str, **arguments: Any) -> HttpResponse:
        return self.press(request, object_id, service, done, return_id=object_id, actor=request.user, **arguments)

    @display(description="status", ordering="status", label=RETURN_COLOURS)
    def status_label(self, found: Return) -> tuple[str, str]:
        return found.status, found.get_status_display()
