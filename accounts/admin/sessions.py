"""Where people are signed in, and ending it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import (
    BaseDialogForm,
)

from accounts.admin.kit import actor
from accounts.models import Session
from accounts.permissions import AccountPermission
from accounts.services import staff
from notifications.admin import Buttons, ReadOnly, RowFilter


@admin.register(Session)
class SessionAdmin(Buttons, ReadOnly, ModelAdmin):
    list_display = ["last_used_at", "user", "address", "user_agent", "created_at", "ended_at", "is_open"]
    list_display_links = ["last_used_at"]
    list_select_related = ["user"]
    list_filter = [("user", RowFilter), ("ended_at", admin.EmptyFieldListFilter)]
    list_filter_submit = True
    search_fields = ["user__email", "=address", "=id"]
    search_help_text = "An e-mail address, an IP address, or a session's id."
    date_hierarchy = "created_at"
    ordering = ["-last_used_at", "-pk"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["id", "user", "address", "user_agent", "created_at", "last_used_at", "expires_at", "ended_at", "is_open"]
    readonly_fields = fields
    actions_detail = ["end"]

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """What the button asks, before it shows its form and before the service is called."""
        session = self.get_object(request, str(object_id)) if object_id else None
        may = request.user.has_perm(AccountPermission.MANAGE_USERS)
        return may and (session is None or staff.may_act_on(actor=actor(request), user=session.user))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        session = self.get_object(request, str(object_id))
        return super().get_actions_detail(request, object_id) if session and self.is_open(session) else []

    @action(
        description="End session",
        icon="logout",
        permissions=["manage"],
        dialog={
            "title": "End this session?",
            "description": "The device is signed out at once; its owner can sign in again.",
            "form_class": BaseDialogForm,
            "form_submit_text": "End session",
        },
    )
    def end(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        done = "The session was ended."
        return self.press(request, object_id, staff.end_session, done, actor=actor(request), session_id=object_id)

    @display(description="can be used", boolean=True)
    def is_open(self, session: Session) -> bool:
        return session.ended_at is None and session.expires_at > timezone.now()
