"""People, their roles and sessions. Passwords are hashed by Django's own forms; refresh tokens are never shown."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.models import Session, User, normalize_email
from notifications.admin import ReadOnly, RowFilter

admin.site.unregister(Group)

# Whoever sets these decides what an account may do.
RIGHTS = ["is_staff", "is_superuser", "groups", "user_permissions"]


class _Address(forms.ModelForm):  # type: ignore[type-arg]
    def clean_email(self) -> str:
        """One spelling, so that signing in finds the account."""
        return normalize_email(self.cleaned_data["email"])


class NewUserForm(_Address, UserCreationForm):
    class Meta:
        model = User
        fields = ["email", "full_name"]


class UserForm(_Address, UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"  # noqa: DJ007 - narrowed by the admin's fieldsets


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    """Rights, and the accounts that have some, are for superusers, so that nobody can give themselves more.

    An account is switched off, not deleted: orders and decisions name it.
    """

    form = UserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "full_name", "is_active", "is_staff", "is_superuser", "date_joined", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser", "groups"]
    search_fields = ["email", "full_name"]
    date_hierarchy = "date_joined"
    ordering = ["email"]
    show_full_result_count = False
    list_per_page = 50
    readonly_fields = ["date_joined", "last_login"]
    autocomplete_fields = ["groups"]
    filter_horizontal = ["user_permissions"]
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["email", "password", "full_name", "is_active"]}),
        ("Rights", {"fields": RIGHTS}),
        ("Dates", {"fields": ["date_joined", "last_login"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "full_name", "usable_password", "password1", "password2"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else [*fields, *RIGHTS]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Also what the password form asks."""
        has_rights = obj is not None and (obj.is_staff or obj.is_superuser)
        return super().has_change_permission(request, obj) and (request.user.is_superuser or not has_rights)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Roles: staff's permissions, and who decides approval requests."""

    search_fields = ["name"]


@admin.register(Session)
class SessionAdmin(ReadOnly, ModelAdmin):
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

    @display(description="can be used", boolean=True)
    def is_open(self, session: Session) -> bool:
        return session.ended_at is None and session.expires_at > timezone.now()
