"""Roles, to be read, and the shop's own groups, to be edited."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.admin.kit import actor
from accounts.permissions import Role
from accounts.services import roles

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """The shop's seven roles are kept in code and can be read here; groups of its own, such as who decides approval
    requests, are for administrators to edit."""

    search_fields = ["name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and roles.is_administrator(actor(request))

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        may = super().has_change_permission(request, obj) and roles.is_administrator(actor(request))
        return may and not _is_role(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        may = super().has_delete_permission(request, obj) and roles.is_administrator(actor(request))
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
