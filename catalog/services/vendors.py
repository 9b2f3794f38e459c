"""Sellers' shops: what they are called, whether they sell, and who keeps their products."""

from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.text import slugify

from accounts.permissions import Role
from catalog import events, importing, models
from catalog.errors import CatalogError, CatalogErrorCode, not_found
from catalog.permissions import CatalogPermission
from catalog.services import access, content, races, slugs
from notifications import outbox

if TYPE_CHECKING:
    from accounts.models import User

MAX_MEMBERS = 50
MAX_NAME = 200


@races.refused()
@transaction.atomic
def create(
    *,
    actor: "User",
    name: str,
    slug: str | None = None,
    description: str = "",
    status: models.VendorStatus = models.VendorStatus.ACTIVE,
) -> models.Vendor:
    """A new shop without members. Without a slug it gets one of its name."""
    name = content.checked_name(name, field=["input", "name"], longest=MAX_NAME)
    description = content.checked_html(description, field=["input", "description"])
    slug = slugs.chosen(models.Vendor, slug, [slugify(name) or "vendor"], field=["input", "slug"])
    vendor = models.Vendor.objects.create(name=name, slug=slug, description=description, status=status)
    outbox.record(events.VendorCreated(name=name), about=vendor, actor=actor)
    return vendor


@races.refused()
@transaction.atomic
def update(
    *,
    actor: "User",
    vendor_id: int,
    name: str | None = None,
    slug: str | None = None,
    description: str | None = None,
    status: models.VendorStatus | None = None,
) -> models.Vendor:
    """Changes what is given. Members change what their shop says of itself; whether it sells, who manages vendors."""
    vendor = access.kept_vendor(vendor_id, actor)
    before = {part: getattr(vendor, part) for part in ("name", "slug", "description", "status")}
    if name is not None:
        vendor.name = content.checked_name(name, field=["input", "name"], longest=MAX_NAME)
        if vendor.name != before["name"] and not actor.has_perm(CatalogPermission.MANAGE_VENDORS):
            _check_name(vendor)
    if description is not None:
        vendor.description = content.checked_html(description, field=["input", "description"])
    if status is not None and status != vendor.status:
        if not actor.has_perm(CatalogPermission.MANAGE_VENDORS):
            raise CatalogError(
                CatalogErrorCode.STATUS_NOT_ALLOWED,
                "Whether a vendor sells is decided by the shop. Ask its staff.",
                field=["input", "status"],
            )
        vendor.status = status
    if slug is not None:
        slugs.rename(vendor, slug, field=["input", "slug"])

    changed = sorted(part for part, value in before.items() if value != getattr(vendor, part))
    if not changed:
        return vendor
    vendor.save(update_fields=changed)
    if changed != ["status"]:
        fields = [part for part in changed if part != "status"]
        outbox.record(events.VendorUpdated(name=vendor.name, fields=fields), about=vendor, actor=actor)
    if "status" in changed:
        event = events.VendorStatusChanged(name=vendor.name, before=before["status"], after=vendor.status)
        outbox.record(event, about=vendor, actor=actor)
    return vendor


@races.refused()
@transaction.atomic
def set_members(*, actor: "User", vendor_id: int, user_ids: Collection[UUID]) -> models.Vendor:
    """Exactly these people keep the vendor's products from now on, if their role lets them.

    INVALID names who lacks the role Seller: a right to sell is given by who may give roles, not by the way.
    """
    if len(user_ids) > MAX_MEMBERS:
        raise CatalogError(CatalogErrorCode.TOO_MANY, f"A vendor has at most {MAX_MEMBERS} members.", field=["userIds"])
    vendor = models.Vendor.objects.select_for_update(no_key=True).filter(pk=vendor_id).first()
    if vendor is None:
        raise not_found("vendor", field=["id"])
    wanted = set(user_ids)
    users = get_user_model().objects.filter(pk__in=wanted, is_active=True)
    if len(users) < len(wanted):
        raise not_found("user with an active account", field=["userIds"])
    strangers = users.exclude(groups__name=Role.SELLER).order_by("email").values_list("email", flat=True)
    if strangers:
        raise CatalogError(
            CatalogErrorCode.INVALID,
            f"Not a seller: {', '.join(strangers)}. Give them the role {Role.SELLER} first, then add them.",
            field=["userIds"],
        )

    before = set(vendor.members.values_list("pk", flat=True))
    if before != wanted:
        vendor.members.set(users)
        added, removed = (sorted(map(str, keys)) for keys in (wanted - before, before - wanted))
        event = events.VendorMembersChanged(name=vendor.name, added=added, removed=removed)
        outbox.record(event, about=vendor, actor=actor)
    return vendor


@transaction.atomic
def forget(*, user: "User") -> None:
    """Takes somebody erased out of all vendors. Again changes nothing."""
    user.vendors.clear()


def remembered() -> Q:
    """Of a user, for a filter: whether anything is known that `forget` would delete."""
    return Q(Exists(models.Vendor.members.through.objects.filter(user=OuterRef("pk"))))


def _check_name(vendor: models.Vendor) -> None:
    """Members take nobody's name: imports find vendors by it, and whose the products are would be theirs to say."""
    others = models.Vendor.objects.filter(name__iexact=vendor.name).exclude(pk=vendor.pk)
    if others.exists() or vendor.name.casefold() == importing.DEFAULT_VENDOR.casefold():
        raise CatalogError(
            CatalogErrorCode.NAME_TAKEN, "Another vendor has this name. Choose your own.", field=["input", "name"]
        )
