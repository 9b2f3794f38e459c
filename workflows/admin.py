"""Approval requests with the buttons that decide them, and the policies that open them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from catalog import money
from notifications.admin import Buttons, EventInline, ReadOnly, RowFilter
from ordering.admin.order_parts import ReasonForm
from ordering.admin.shipping import CurrencyForm
from workflows import services
from workflows.models import ApprovalDecision, ApprovalPolicy, ApprovalRequest, ApprovalStatus

STATUS_COLOURS = {
    ApprovalStatus.PENDING: "warning",
    ApprovalStatus.APPROVED: "success",
    ApprovalStatus.REJECTED: "danger",
}


class CommentForm(BaseDialogForm):
    comment = forms.CharField(widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), required=False)


class WaitingForMeFilter(admin.SimpleListFilter):
    """Those that whoever looks at the list may decide."""

    title = "waiting for"
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("me", "Me")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != "me":
            return queryset
        return queryset.filter(pk__in=ApprovalRequest.objects.waiting_for(request.user).values("pk"))


class ApprovalDecisionInline(ReadOnly, TabularInline):
    model = ApprovalDecision
    fields = ["decided_at", "decided_by", "status", "comment"]
    readonly_fields = fields
    verbose_name_plural = "decisions"
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("decided_by")


@admin.register(ApprovalRequest)
class ApprovalRequestAdmin(Buttons, ReadOnly, ModelAdmin):
    """Whoever is in the request's group decides it; no permission stands in for that, not even a superuser's."""

    list_display = ["summary", "status_label", "order", "policy", "group", "requested_by", "requested_at"]
    list_select_related = ["order", "policy", "group", "requested_by"]
    list_filter = [
        WaitingForMeFilter,
        "status",
        "group",
        ("policy", RowFilter),
        ("requested_by", RowFilter),
    ]
    list_filter_submit = True
    search_fields = ["=order__number", "summary", "requested_by__email"]
    search_help_text = "An order's number, words of the summary, or who asked."
    date_hierarchy = "requested_at"
    ordering = ["-requested_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["summary", "status", "order", ("policy", "group"), ("requested_by", "requested_at")]
    readonly_fields = ["summary", "status", "order", "policy", "group", "requested_by", "requested_at"]
    inlines = [ApprovalDecisionInline, EventInline]
    actions_detail = ["approve", "reject"]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The buttons, for those who may decide this one now."""
        found = self.get_object(request, str(object_id))
        if found is None or not ApprovalRequest.objects.waiting_for(request.user).filter(pk=found.pk).exists():
            return []
        return super().get_actions_detail(request, object_id)

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """To open the small form; who decides is for the service to say, which knows the group."""
        return self.has_view_permission(request)

    @action(
        description="Approve",
        icon="thumb_up",
        variant=ActionVariant.SUCCESS,
        permissions=["decide"],
        dialog={
            "title": "Approve this request?",
            "description": "The order goes ahead as soon as no other request of it is undecided.",
            "form_class": CommentForm,
            "form_submit_text": "Approve",
        },
    )
    def approve(self, request: HttpRequest, form: CommentForm, object_id: str) -> HttpResponse:
        comment = form.cleaned_data["comment"]
        return self.press(
            request,
            object_id,
            services.approve,
            "The request was approved.",
            request_id=object_id,
            actor=request.user,
            comment=comment,
        )

    @action(
        description="Reject",
        icon="thumb_down",
        variant=ActionVariant.DANGER,
        permissions=["decide"],
        dialog={
            "title": "Reject this request?",
            "description": "The order ends: its stock goes back, and what was charged is given back.",
            "form_class": ReasonForm,
            "form_submit_text": "Reject",
        },
    )
    def reject(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        return self.press(
            request,
            object_id,
            services.reject,
            "The request was rejected.",
            request_id=object_id,
            actor=request.user,
            reason=reason,
        )

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def status_label(self, request: ApprovalRequest) -> tuple[str, str]:
        return request.status, request.get_status_display()


@admin.register(ApprovalPolicy)
class ApprovalPolicyAdmin(ModelAdmin):
    form = CurrencyForm
    list_display = ["name", "group", "threshold", "is_active"]
    list_select_related = ["group"]
    list_filter = ["is_active", "group"]
    search_fields = ["name"]
    ordering = ["name"]
    autocomplete_fields = ["group"]
    fields = ["name", "is_active", "group", ("threshold_amount", "currency")]

    @display(ordering="threshold_amount")
    def threshold(self, policy: ApprovalPolicy) -> str:
        return str(money.rounded(policy.threshold_amount, policy.currency))
