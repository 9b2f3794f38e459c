"""What payment gateways told by themselves: read by staff, and worked on again at the press of a button."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from notifications.admin import ReadOnly
from ordering.admin import kit
from ordering.models import WebhookMessage
from ordering.services import webhooks


class StageFilter(admin.SimpleListFilter):
    """What is done, what is tried again by itself, and what was given up."""

    title = "stage"
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("failed", "Failed"), ("done", "Done")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "open":
                return queryset.filter(processed_at=None, tries__lt=webhooks.MAX_TRIES)
            case "failed":
                return queryset.filter(processed_at=None, tries__gte=webhooks.MAX_TRIES)
            case "done":
                return queryset.filter(processed_at__isnull=False)
        return queryset


@admin.register(WebhookMessage)
class WebhookMessageAdmin(kit.OrderButtons, ReadOnly, ModelAdmin):
    list_display = ["type", "gateway", "stage", "tries", "outcome", "received_at", "processed_at"]
    list_filter = [StageFilter, "gateway"]
    search_fields = ["=message_id", "=body__reference", "=body__key"]
    search_help_text = "The message's id, the gateway's reference or the id of the payment."
    date_hierarchy = "received_at"
    ordering = ["-received_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = [
        *["type", "gateway", "message_id", "stage", "tries", "outcome"],
        *["received_at", "processed_at", "what_it_says"],
    ]
    readonly_fields = fields
    actions_detail = ["process"]

    @action(
        description="Process again",
        icon="replay",
        url_path="process",
        permissions=["manage"],
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": "Process this message again?",
            "description": "The payment it is about is compared with the gateway's books.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Process again",
        },
    )
    def process(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        return self.press(
            request, object_id, webhooks.apply_again, "The message was worked on again.", message_id=object_id
        )

    @display(description="stage", label={"Done": "success", "Open": "warning", "Failed": "danger"})
    def stage(self, message: WebhookMessage) -> str:
        if message.processed_at:
            return "Done"
        return "Open" if message.tries < webhooks.MAX_TRIES else "Failed"

    @display(description="what it says")
    def what_it_says(self, message: WebhookMessage) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(message.body, indent=2, ensure_ascii=False))
