"""People, their roles and sessions. What is done here is done by services, so that it is recorded and nobody reaches
beyond themselves. Tokens, links and exports are not here: what they open is for their owners alone."""

import copy
from functools import partial
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import (
    AdminOwnPasswordChangeForm,
    AdminPasswordChangeForm,
    AuthenticationForm,
    BaseDialogForm,
    UserChangeForm,
    UserCreationForm,
)
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.errors import AccountError, RateLimited
from accounts.models import Address, Session, User, normalize_email
from accounts.permissions import AccountPermission, Role
from accounts.services import checks, credentials, roles, sessions, staff
from notifications.admin import Buttons, HistoryInline, ReadOnly, RowFilter

admin.site.unregister(Group)

# Whoever sets these decides what an account may do.
RIGHTS = ["is_staff", "is_superuser", "groups", "user_permissions"]


# ── Forms ────────────────────────────────────────────────────────────────────────────────────────────────────────────
class _Person(forms.ModelForm):  # type: ignore[type-arg]
    """The rules of the API for what is changed here."""

    def clean_email(self) -> str:
        """One spelling, so that signing in finds the account."""
        email = normalize_email(self.cleaned_data["email"])
        if email != self.initial.get("email"):
            checks.check_email(email, field=["email"])
        return email

    def clean_full_name(self) -> str:
        full_name: str = self.cleaned_data["full_name"]
        if full_name != self.initial.get("full_name"):
            checks.check_full_name(full_name, field=["fullName"])
        return full_name


class _Password(forms.BaseForm):
    def validate_password_for_user(self, user: User, *args: Any, **kwargs: Any) -> None:
        """Also not longer than what signing in compares."""
        super().validate_password_for_user(user, *args, **kwargs)  # type: ignore[misc]
        for name in ("password1", "new_password1"):
            if len(self.cleaned_data.get(name) or "") > checks.MAX_PASSWORD:
                self.add_error(name, f"A password has at most {checks.MAX_PASSWORD} characters.")


class NewUserForm(_Person, _Password, UserCreationForm):
    class Meta:
        model = User
        fields = ["email", "full_name"]


class UserForm(_Person, UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"  # noqa: DJ007 - narrowed by the admin's fieldsets


class PasswordForm(_Password, AdminPasswordChangeForm):
    """Somebody else's password."""

    user: User

    def __init__(self, *args: Any, actor: User, **kwargs: Any):
        self.actor = actor
        super().__init__(*args, **kwargs)

    def save(self, commit: bool = True) -> User:
        password = self.cleaned_data["password1"] if self.cleaned_data["set_usable_password"] else None
        self.user = staff.set_password(actor=self.actor, user_id=self.user.pk, password=password)
        return self.user


class OwnPasswordForm(_Password, AdminOwnPasswordChangeForm):
    """One's own, which asks for the old one."""

    user: User

    def clean_old_password(self) -> str:
        old_password: str = self.cleaned_data["old_password"]
        try:
            credentials.confirm(self.user, old_password, field=["old_password"])
        except RateLimited as refusal:
            raise forms.ValidationError(str(refusal)) from None
        return old_password

    def save(self, commit: bool = True) -> User:
        password = self.cleaned_data["new_password1"]
        self.user = staff.set_password(actor=self.user, user_id=self.user.pk, password=password)
        return self.user


class SignInForm(AuthenticationForm):
    """The way in, which is counted and recorded like the API's."""

    def clean(self) -> dict[str, Any]:
        email, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if email and password:
            try:
                self.user_cache = sessions.sign_in_to_admin(email=email, password=password)
            except RateLimited as refusal:
                raise forms.ValidationError(str(refusal)) from None
            if self.user_cache is None:
                raise self.get_invalid_login_error()
        return self.cleaned_data


class ReasonForm(BaseDialogForm):
    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        max_length=staff.MAX_REASON,
        help_text="It is kept in the account's history.",
    )


# ── Users ────────────────────────────────────────────────────────────────────────────────────────────────────────────
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
        return may and (obj is None or staff.may_act_on(actor=_actor(request), user=obj))

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
            staff.create(actor=_actor(request), user=obj)
            return
        given = {name: form.cleaned_data[name] for name in form.changed_data}
        details = {name: given[name] for name in ("email", "full_name", "rate_tier") if name in given}
        if details:
            staff.update(actor=_actor(request), user_id=obj.pk, **details)
        if not given.keys().isdisjoint(RIGHTS):
            self._save_rights(request, obj, form.cleaned_data)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Groups and permissions were saved by the service; Django would write them again, past its checks."""
        for formset in formsets:
            self.save_formset(request, form, formset, change=change)

    def _save_rights(self, request: HttpRequest, obj: User, given: dict[str, Any]) -> None:
        names = [group.name for group in given["groups"]]
        if not request.user.is_superuser:
            staff.set_roles(actor=_actor(request), user_id=obj.pk, roles=names)
            return
        staff.set_rights(
            actor=_actor(request),
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
        page.change_password_form = partial(PasswordForm, actor=_actor(request))
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
            request, object_id, staff.deactivate, done, actor=_actor(request), user_id=object_id, reason=reason
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
        return self.press(request, object_id, staff.reactivate, done, actor=_actor(request), user_id=object_id)

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
        return self.press(request, object_id, staff.end_sessions, done, actor=_actor(request), user_id=object_id)


def _actor(request: HttpRequest) -> User:
    """The admin lets nobody in who is not signed in."""
    return cast(User, request.user)


def _refused(request: HttpRequest, refusal: AccountError) -> HttpResponse:
    messages.error(request, refusal.message)
    return HttpResponseRedirect(request.get_full_path())


def _change_own_password(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
    request.current_app = admin.site.name
    page = PasswordChangeView.as_view(
        form_class=OwnPasswordForm,
        success_url=reverse("admin:password_change_done"),
        extra_context={**admin.site.each_context(request), **(extra_context or {})},
    )
    return page(request)


# Not by the setting: the form would be imported while the site comes to be.
admin.site.login_form = SignInForm
# The site has no setting for this page's form.
admin.site.password_change = _change_own_password  # type: ignore[method-assign,assignment]


# ── Roles ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """The shop's seven roles are kept in code and can be read here; groups of its own, such as who decides approval
    requests, are for administrators to edit."""

    search_fields = ["name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and roles.is_administrator(_actor(request))

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        may = super().has_change_permission(request, obj) and roles.is_administrator(_actor(request))
        return may and not _is_role(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        may = super().has_delete_permission(request, obj) and roles.is_administrator(_actor(request))
        return may and not _is_role(obj)

    def get_fieldsets(self, request: HttpRequest, obj: Group | None = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": ["name", "may"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "may"]

    @display(description="permissions")
    def may(self, group: Group) -> SafeString:
        permissions = group.permissions.select_related("content_type")
        return format_html_join("\n", "<div>{}</div>", ([str(permission)] for permission in permissions))


def _is_role(group: Group | None) -> bool:
    return group is not None and group.name in {role.value for role in Role}


# ── Sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────────
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
        return may and (session is None or staff.may_act_on(actor=_actor(request), user=session.user))

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
        return self.press(request, object_id, staff.end_session, done, actor=_actor(request), session_id=object_id)

    @display(description="can be used", boolean=True)
    def is_open(self, session: Session) -> bool:
        return session.ended_at is None and session.expires_at > timezone.now()
