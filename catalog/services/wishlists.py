"""Wishlists: one person's, in several named lists, which may be shared by a link. The owner's row is the lock."""

import secrets
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from catalog import events, models
from catalog.errors import CatalogError, CatalogErrorCode, not_found
from catalog.services import access, content
from notifications import outbox

if TYPE_CHECKING:
    from accounts.models import User

MAX_LISTS = 20
MAX_ITEMS = 200
MAX_NAME = 100
# Where a variant goes when no list is named.
DEFAULT_NAME = "Wishlist"


@transaction.atomic
def create(*, actor: "User", name: str) -> models.Wishlist:
    """An empty list. NAME_TAKEN among one's own; TOO_MANY from the 21st on."""
    access.person(actor)
    return _create(actor, content.checked_name(name, field=["name"], longest=MAX_NAME))


@transaction.atomic
def rename(*, actor: "User", wishlist_id: int, name: str) -> models.Wishlist:
    """Gives one's own list another name. The link to it stays the same."""
    access.person(actor)
    wishlist = _own(actor, wishlist_id, field=["id"])
    name = content.checked_name(name, field=["name"], longest=MAX_NAME)
    _check_free(actor.wishlists.exclude(pk=wishlist.pk), name)
    wishlist.name = name
    wishlist.save(update_fields=["name"])
    return wishlist


@transaction.atomic
def delete(*, actor: "User", wishlist_id: int) -> models.Wishlist:
    """Removes one's own list with what is on it, and returns it as it was."""
    access.person(actor)
    wishlist = _own(actor, wishlist_id, field=["id"])
    models.Wishlist.objects.filter(pk=wishlist.pk).delete()
    return wishlist


@transaction.atomic
def add(*, actor: "User", variant_id: int, wishlist_id: int | None = None) -> models.Wishlist:
    """Puts a variant that is on sale on a list; without one, on "Wishlist", which comes to be. Again changes nothing.

    TOO_MANY from the 201st on.
    """
    access.person(actor)
    offered = models.ProductVariant.objects.filter(
        is_active=True, product__in=models.Product.objects.reachable_by(actor)
    )
    if not offered.filter(pk=variant_id).exists():
        raise CatalogError(
            CatalogErrorCode.NOT_FOUND, "There is no such variant, or it is not on sale.", field=["variantId"]
        )
    wishlist = _named(actor, wishlist_id) or _create(actor, DEFAULT_NAME)
    if wishlist.items.filter(variant=variant_id).exists():
        return wishlist
    if wishlist.items.count() >= MAX_ITEMS:
        raise CatalogError(
            CatalogErrorCode.TOO_MANY,
            f"A wishlist has room for {MAX_ITEMS} things. Remove one, or add it to another list.",
            field=["wishlistId"],
        )
    models.WishlistItem.objects.create(wishlist=wishlist, variant_id=variant_id)
    return wishlist


@transaction.atomic
def remove(*, actor: "User", variant_id: int, wishlist_id: int | None = None) -> models.Wishlist:
    """Takes a variant off a list; without one, off "Wishlist". What is not on it changes nothing."""
    access.person(actor)
    wishlist = _named(actor, wishlist_id)
    if wishlist is None:
        raise not_found("wishlist", field=["wishlistId"])
    wishlist.items.filter(variant=variant_id).delete()
    return wishlist


@transaction.atomic
def share(*, actor: "User", wishlist_id: int) -> models.Wishlist:
    """Gives one's own list a key with which anybody may read it. A list that has one keeps it."""
    access.person(actor)
    wishlist = _own(actor, wishlist_id, field=["id"])
    if wishlist.share_key is None:
        wishlist.share_key = secrets.token_urlsafe(32)
        wishlist.save(update_fields=["share_key"])
        outbox.record(events.WishlistShared(), about=wishlist, actor=actor)
    return wishlist


@transaction.atomic
def unshare(*, actor: "User", wishlist_id: int) -> models.Wishlist:
    """Makes the key of one's own list open nothing any more, for good: sharing again gives another."""
    access.person(actor)
    wishlist = _own(actor, wishlist_id, field=["id"])
    if wishlist.share_key is not None:
        wishlist.share_key = None
        wishlist.save(update_fields=["share_key"])
        outbox.record(events.WishlistUnshared(), about=wishlist, actor=actor)
    return wishlist


def forget(*, user: "User") -> None:
    """Deletes the lists of somebody erased. Again changes nothing."""
    models.Wishlist.objects.filter(owner=user).delete()


def remembered() -> Q:
    """Of a user, for a filter: whether anything is known that `forget` would delete."""
    return Q(Exists(models.Wishlist.objects.filter(owner=OuterRef("pk"))))


def _create(actor: "User", name: str) -> models.Wishlist:
    _check_free(actor.wishlists.all(), name)
    if actor.wishlists.count() >= MAX_LISTS:
        raise CatalogError(
            CatalogErrorCode.TOO_MANY, f"You may have {MAX_LISTS} wishlists. Delete one that is not needed any more."
        )
    return models.Wishlist.objects.create(owner=actor, name=name)


def _check_free(among: "models.WishlistQuerySet", name: str) -> None:
    if among.filter(name=name).exists():
        raise CatalogError(
            CatalogErrorCode.NAME_TAKEN, "You have a wishlist of this name already. Choose another.", field=["name"]
        )


def _named(actor: "User", wishlist_id: int | None) -> models.Wishlist | None:
    """The list a client named; else the one of the default's name, if there is one."""
    if wishlist_id is None:
        return models.Wishlist.objects.filter(owner=actor, name=DEFAULT_NAME).first()
    return _own(actor, wishlist_id, field=["wishlistId"])


def _own(actor: "User", wishlist_id: int, *, field: list[str]) -> models.Wishlist:
    wishlist = models.Wishlist.objects.filter(owner=actor, pk=wishlist_id).first()
    if wishlist is None:
        raise not_found("wishlist", field=field)
    return wishlist
