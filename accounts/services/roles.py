"""Roles: groups whose permissions are kept in code."""

import importlib
import importlib.util
from collections.abc import Iterable

from django.apps import AppConfig
from django.contrib.auth.models import Group, Permission

from accounts.models import User
from accounts.permissions import STAFF_ROLES, Role


def assign(user: User, roles: Iterable[Role]) -> None:
    """Gives somebody these roles on top of what they have."""
    user.groups.add(*Group.objects.filter(name__in=list(roles)))


def sync(app: AppConfig) -> None:
    """Makes every role hold exactly what one app's `permissions.ROLES` says of that app's permissions, and the
    administrator all of them. Run after every `migrate`; again changes nothing."""
    known = {f"{app.label}.{p.codename}": p for p in Permission.objects.filter(content_type__app_label=app.label)}
    for role in Role:
        group, _ = Group.objects.get_or_create(name=role.value)
        wanted = set(known.values()) if role is Role.ADMINISTRATOR else {known[name] for name in _declared(app, role)}
        held = set(group.permissions.filter(content_type__app_label=app.label))
        if wanted - held:
            group.permissions.add(*(wanted - held))
        if held - wanted:
            group.permissions.remove(*(held - wanted))


def makes_staff(roles: Iterable[str]) -> bool:
    """Whether somebody with these roles works for the shop."""
    return not STAFF_ROLES.isdisjoint(roles)


def _declared(app: AppConfig, role: Role) -> list[str]:
    """The names an app gives a role, of its own permissions: "ordering.manage_orders"."""
    if not importlib.util.find_spec(f"{app.name}.permissions"):
        return []
    declared = getattr(importlib.import_module(f"{app.name}.permissions"), "ROLES", {})
    return list(declared.get(role, []))
