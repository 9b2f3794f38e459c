"""Roles: groups whose permissions are kept in code."""

import importlib
import importlib.util
from collections.abc import Iterable, Iterator

from django.apps import AppConfig, apps
from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Prefetch, Q

from accounts.models import User
from accounts.permissions import STAFF_ROLES, Role

_NAMED = Permission.objects.select_related("content_type").order_by("pk")
# What `permissions_of` reads, so that a list of users costs no statement for each.
PERMISSIONS = [Prefetch("user_permissions", _NAMED), Prefetch("groups__permissions", _NAMED)]
# Who may do everything.
ADMINISTRATORS = Q(is_superuser=True) | Q(groups__name=Role.ADMINISTRATOR.value)


def assign(user: User, roles: Iterable[Role]) -> None:
    """Gives somebody these roles on top of what they have."""
    user.groups.add(*Group.objects.filter(name__in=[role.value for role in roles]))


@transaction.atomic
def sync(app: AppConfig) -> None:
    """Makes every role hold exactly what the apps' `permissions.ROLES` say of one app's permissions, and the
    administrator all of them. Run after every `migrate`; again costs three statements and changes nothing."""
    names = [role.value for role in Role]
    known = {name_of(each): each.pk for each in _NAMED.filter(content_type__app_label=app.label)}
    groups = dict(Group.objects.filter(name__in=names).values_list("name", "pk"))
    for name in names:
        if name not in groups:
            groups[name] = Group.objects.get_or_create(name=name)[0].pk
    # What is not known yet is of a model whose migration is still to come.
    wanted = {(groups[role], known[name]) for role, name in _declared(app) if name in known}
    wanted |= {(groups[Role.ADMINISTRATOR.value], permission) for permission in known.values()}

    holdings = Group.permissions.through.objects
    rows = holdings.filter(group__in=groups.values(), permission__content_type__app_label=app.label)
    held = {(row.group_id, row.permission_id): row.pk for row in rows}
    if missing := wanted - held.keys():
        holdings.bulk_create(
            [holdings.model(group_id=group, permission_id=permission) for group, permission in sorted(missing)],
            ignore_conflicts=True,
        )
    if surplus := held.keys() - wanted:
        holdings.filter(pk__in=[held[pair] for pair in surplus]).delete()


def all_roles() -> list[Group]:
    """The shop's seven in their order, then groups of its own by name, with their permissions."""
    place = {role.value: number for number, role in enumerate(Role)}
    groups = Group.objects.prefetch_related(Prefetch("permissions", _NAMED))
    return sorted(groups, key=lambda group: (place.get(group.name, len(place)), group.name))


def makes_staff(roles: Iterable[str]) -> bool:
    """Whether somebody with these roles works for the shop."""
    return not STAFF_ROLES.isdisjoint(roles)


def is_administrator(user: User) -> bool:
    """Whether somebody may do everything, provided they are active."""
    return user.is_superuser or any(group.name == Role.ADMINISTRATOR for group in user.groups.all())


def permissions_of(user: User) -> set[str]:
    """What somebody may do, provided they are active. No statement with `PERMISSIONS` prefetched."""
    if user.is_superuser:
        return set(_every_permission())
    held = {name_of(permission) for permission in user.user_permissions.all()}
    return held | {name for group in user.groups.all() for name in permissions_in(group)}


def permissions_in(group: Group) -> set[str]:
    """What its members may do."""
    return {name_of(permission) for permission in group.permissions.all()}


def name_of(permission: Permission) -> str:
    """As code says it: "ordering.manage_orders"."""
    return f"{permission.content_type.app_label}.{permission.codename}"


def _every_permission() -> Iterator[str]:
    """What `migrate` makes permissions of."""
    for model in apps.get_models():
        for action in model._meta.default_permissions:
            yield f"{model._meta.app_label}.{get_permission_codename(action, model._meta)}"
        for codename, _ in model._meta.permissions:
            yield f"{model._meta.app_label}.{codename}"


def _declared(app: AppConfig) -> Iterator[tuple[str, str]]:
    """Role and name of one app's permissions. Any app may give those of the apps it builds on, such as Django's."""
    for config in apps.get_app_configs():
        if not importlib.util.find_spec(f"{config.name}.permissions"):
            continue
        declared = getattr(importlib.import_module(f"{config.name}.permissions"), "ROLES", {})
        for role, names in declared.items():
            yield from ((role.value, name) for name in names if name.startswith(f"{app.label}."))
