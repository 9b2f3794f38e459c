"""Accounts: made, changed, deactivated, and given rights."""

import copy
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import (
    BaseDialogForm,
)

from accounts.admin.forms import NewUserForm, PasswordForm, ReasonForm, UserForm
from accounts.admin.kit import actor
from accounts.errors import AccountError
from accounts.models import Address, User
from accounts.permissions import AccountPermission
from accounts.services import staff
from notifications.admin import Buttons, HistoryInline, ReadOnly

# Whoever sets these decides what an account may do.
RIGHTS = ["is_staff", "is_superuser", "groups", "user_permissions"]


class AddressInline(ReadOnly, TabularInline):
    model = Address
    fields = ["full_name", "line1", "line2", "postal_code", "city", "region", "country", "phone"]
    readonly_fields = fields
    verbose_name_plural = "address book"
    extra = 0
    hide_title = True


@admin.register(User)
class UserAdmin(Buttons, DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    """An account is deactivated, not deleted: orders and decisions name it."""

    form = UserForm
    add_form = NewUserForm
    list_display = ["email", "full_name", "is_active", "is_staff", "is_superuser", "date_joined", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser", "groups", "rate_tier"]
    list_filter_submit = True
    search_fields = ["email", "full_name", "=id"]
    search_help_text = "A part of an e-mail address or a name, or a user's id."
    date_hierarchy = "date_joined"
    ordering = ["email"]
    show_full_result_count = False
    list_per_page = 50
    readonly_fields = ["is_active", "date_joined", "last_login"]
    autocomplete_fields = ["groups"]
    filter_horizontal = ["user_permissions"]
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["email", "password", "full_name", "rate_tier", "is_active"]}),
        ("Rights", {"fields": RIGHTS}),
        ("Dates", {"fields": ["date_joined", "last_login"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "full_name", "usable_password", "password1", "password2"]})]
    inlines = [AddressInline, HistoryInline]
    actions_detail = ["deactivate", "reactivate", "end_sessions"]

    # ── Who may ──
    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(AccountPermission.MANAGE_USERS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Also what the password form asks."""
        may = request.user.has_perm(AccountPermission.MANAGE_USERS)
        return may and (obj is None or staff.may_act_on(actor=actor(request), user=obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """What each button asks, before it shows its form and before the service is called."""
        user = self.get_object(request, str(object_id)) if object_id else None
        return self.has_change_permission(request, user)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Roles are for those who may set them; what goes beyond roles is for superusers."""
        fields = super().get_readonly_fields(request, obj)
        if request.user.is_superuser:
            return fields
        may_set_roles = request.user.has_perm(AccountPermission.SET_ROLES)
        return [*fields, *(name for name in RIGHTS if not (may_set_roles and name == "groups"))]

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return super().get_inlines(request, obj) if obj else []

    # ── Saving ──
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except AccountError as refusal:
            return _refused(request, refusal)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            staff.create(actor=actor(request), user=obj)
            return
        given = {name: form.cleaned_data[name] for name in form.changed_data}
        details = {name: given[name] for name in ("email", "full_name", "rate_tier") if name in given}
        if details:
            staff.update(actor=actor(request), user_id=obj.pk, **details)
        if not given.keys().isdisjoint(RIGHTS):
            self._save_rights(request, obj, form.cleaned_data)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Groups and permissions were saved by the service; Django would write them again, past its checks."""
        for formset in formsets:
            self.save_formset(request, form, formset, change=change)

    def _save_rights(self, request: HttpRequest, obj: User, given: dict[str, Any]) -> None:
        names = [group.name for group in given["groups"]]
        if not request.user.is_superuser:
            staff.set_roles(actor=actor(request), user_id=obj.pk, roles=names)
            return
        staff.set_rights(
            actor=actor(request),
            user_id=obj.pk,
            roles=names,
            permissions=given["user_permissions"],
            is_staff=given["is_staff"],
            is_superuser=given["is_superuser"],
        )

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Somebody else's; one's own is changed by who knows the old one."""
        if self.get_object(request, unquote(id)) == request.user:
            return redirect("admin:password_change")
        # Django gives the form no request, and the form must know who asks.
        page = copy.copy(self)
        page.change_password_form = partial(PasswordForm, actor=actor(request))
        try:
            return DjangoUserAdmin.user_change_password(page, request, id, form_url)
        except AccountError as refusal:
            return _refused(request, refusal)

    # ── Buttons ──
    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The buttons this person may press now."""
        user = self.get_object(request, str(object_id))
        if user is None:
            return []
        useful = {
            "deactivate": user.is_active and user != request.user,
            "reactivate": not user.is_active,
            "end-sessions": user.sessions.open().exists(),
        }
        return [button for button in super().get_actions_detail(request, object_id) if useful[button.path]]

    @action(
        description="Deactivate",
        icon="person_off",
        variant=ActionVariant.DANGER,
        permissions=["manage"],
        dialog={
            "title": "Deactivate this account?",
            "description": "Every session ends at once, and signing in is refused until the account is reactivated.",
            "form_class": ReasonForm,
            "form_submit_text": "Deactivate",
        },
    )
    def deactivate(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        done = "The account was deactivated."
        return self.press(
            request, object_id, staff.deactivate, done, actor=actor(request), user_id=object_id, reason=reason
        )

    @action(
        description="Reactivate",
        icon="person_check",
        variant=ActionVariant.PRIMARY,
        permissions=["manage"],
        dialog={
            "title": "Reactivate this account?",
            "description": "Its owner can sign in again, with the password of before.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Reactivate",
        },
    )
    def reactivate(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        done = "The account was reactivated."
        return self.press(request, object_id, staff.reactivate, done, actor=actor(request), user_id=object_id)

    @action(
        description="End all sessions",
        icon="logout",
        url_path="end-sessions",
        permissions=["manage"],
        dialog={
            "title": "End all sessions?",
            "description": "Its owner is signed out on every device, and can sign in again.",
            "form_class": BaseDialogForm,
            "form_submit_text": "End all sessions",
        },
    )
    def end_sessions(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        done = "Every session was ended."
        return self.press(request, object_id, staff.end_sessions, done, actor=actor(request), user_id=object_id)


def _refused(request: HttpRequest, refusal: AccountError) -> HttpResponse:
    messages.error(request, refusal.message)
    return HttpResponseRedirect(request.get_full_path())
