"""The tree of categories: growing, renaming, moving and cutting it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.text import slugify

from catalog import events, models
from catalog.errors import CatalogError, CatalogErrorCode, not_found
from catalog.services import content, races, slugs
from notifications import outbox

if TYPE_CHECKING:
    from accounts.models import User

# From the top of the tree to the lowest shelf, both counted.
MAX_DEPTH = 20
MAX_NAME = 200


@races.refused()
@transaction.atomic
def create(*, actor: "User", name: str, parent_id: int | None = None, slug: str | None = None) -> models.Category:
    """A new shelf, at the top of the tree or below another one. Without a slug it gets one of its name.

    NAME_TAKEN beside a sibling of this name, SLUG_TAKEN, and INVALID for what is no slug or lies too deep.
    """
    name = content.checked_name(name, field=["input", "name"], longest=MAX_NAME)
    # Locked, so that it neither goes nor sinks while something is put below it.
    parent = None if parent_id is None else _locked(parent_id, field=["input", "parentId"])
    if parent is not None and models.Category.objects.above(parent.pk).count() + 2 > MAX_DEPTH:
        raise _too_deep(["input", "parentId"])
    _check_name(name, parent_id, field=["input", "name"])
    wish = slugify(name) or "category"
    wishes = [wish, f"{parent.slug}-{wish}"] if parent else [wish]
    slug = slugs.chosen(models.Category, slug, wishes, field=["input", "slug"])
    category = models.Category.objects.create(name=name, slug=slug, parent=parent)
    outbox.record(events.CategoryCreated(name=name), about=category, actor=actor)
    return category


@races.refused()
@transaction.atomic
def update(*, actor: "User", category_id: int, name: str | None = None, slug: str | None = None) -> models.Category:
    """Changes what is given. A slug that it had leads to it from now on."""
    category = _locked(category_id, field=["id"])
    before = category.name, category.slug
    if name is not None:
        category.name = content.checked_name(name, field=["input", "name"], longest=MAX_NAME)
    if category.name != before[0]:
        _check_name(category.name, category.parent_id, field=["input", "name"])
    if slug is not None:
        slugs.rename(category, slug, field=["input", "slug"])
    if (category.name, category.slug) != before:
        category.save(update_fields=["name", "slug"])
        outbox.record(events.CategoryUpdated(name=category.name), about=category, actor=actor)
    return category


@races.refused()
@transaction.atomic
def move(*, actor: "User", category_id: int, parent_id: int | None) -> models.Category:
    """Puts the category with all below it under another one, or at the top.

    CATEGORY_CYCLE if that is itself or below it, NAME_TAKEN if its new siblings have its name.
    """
    # Moves happen one after the other, whatever they move: of two at the same moment, each harmless, cycles are made.
    # What comes to the tree meanwhile hangs below a row that is locked, and is read after it.
    list(models.Category.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    category = models.Category.objects.filter(pk=category_id).first()
    if category is None:
        raise not_found("category", field=["id"])
    if category.parent_id == parent_id:
        return category

    parents = dict(models.Category.objects.values_list("pk", "parent_id"))
    if parent_id is not None and parent_id not in parents:
        raise not_found("category", field=["parentId"])
    path = _path(parent_id, parents)
    if category_id in path:
        raise CatalogError(
            CatalogErrorCode.CATEGORY_CYCLE,
            "A category cannot stand below itself. Choose a place outside of it.",
            field=["parentId"],
        )
    below = [_path(key, parents) for key in parents]
    height = max(each.index(category_id) + 1 for each in below if category_id in each)
    if len(path) + height > MAX_DEPTH:
        raise _too_deep(["parentId"])
    _check_name(category.name, parent_id, field=["parentId"])

    category.parent_id = parent_id
    category.save(update_fields=["parent"])
    outbox.record(events.CategoryMoved(name=category.name), about=category, actor=actor)
    return category


@races.refused()
@transaction.atomic
def delete(*, actor: "User", category_id: int) -> models.Category:
    """Takes an empty shelf away, with its redirects, and returns it as it was. CATEGORY_NOT_EMPTY otherwise."""
    # The whole row, so that whoever puts a product here waits, and finds it gone.
    category = models.Category.objects.select_for_update().filter(pk=category_id).first()
    if category is None:
        raise not_found("category", field=["id"])
    if category.children.exists() or category.products.exists():
        raise CatalogError(
            CatalogErrorCode.CATEGORY_NOT_EMPTY,
            "There are products or categories in it, archived ones too. Move them elsewhere first.",
            field=["id"],
        )
    outbox.record(events.CategoryDeleted(name=category.name), about=category, actor=actor)
    models.Category.objects.filter(pk=category.pk).delete()
    return category


def _locked(category_id: int, *, field: list[str]) -> models.Category:
    category = models.Category.objects.select_for_update(no_key=True).filter(pk=category_id).first()
    if category is None:
        raise not_found("category", field=field)
    return category


def _path(key: int | None, parents: Mapping[int, int | None]) -> list[int]:
    """This category and all above it, lowest first."""
    path: list[int] = []
    while key is not None and key not in path:
        path.append(key)
        key = parents[key]
    return path


def _check_name(name: str, parent_id: int | None, *, field: list[str]) -> None:
    if models.Category.objects.filter(parent=parent_id, name=name).exists():
        raise CatalogError(
            CatalogErrorCode.NAME_TAKEN, f"There is a category “{name}” in this place already. Rename one.", field=field
        )


def _too_deep(field: list[str]) -> CatalogError:
    return CatalogError(
        CatalogErrorCode.INVALID, f"Categories stand at most {MAX_DEPTH} deep. Choose a higher place.", field=field
    )
