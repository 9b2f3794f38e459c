"""Slugs: unique, and kept as redirects when they change."""

from collections.abc import Sequence
from itertools import chain, count
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db.models import Model

from catalog import models
from catalog.errors import CatalogError, CatalogErrorCode

# Whose slugs, and where their former ones are: model and the name of its foreign key.
_FORMER: dict[type[Model], tuple[Any, str]] = {
    models.Category: (models.CategorySlug, "category"),
    models.Vendor: (models.VendorSlug, "vendor"),
    models.Product: (models.ProductSlug, "product"),
}


def free(model: type[Any], wishes: Sequence[str]) -> str:
    """The first of the wishes that no row has or had; if all are taken, the last one with a number."""
    longest = model._meta.get_field("slug").max_length - 10  # a number fits behind it
    numbered = (f"{wishes[-1][:longest]}-{number}" for number in count(2))
    return next(slug for slug in chain((wish[:longest] for wish in wishes), numbered) if not _is_taken(model, slug))


def chosen(model: type[Any], slug: str | None, wishes: Sequence[str], *, field: list[str]) -> str:
    """The slug of a new row: the one that was given, else what is `free` of the wishes.

    INVALID if it is no slug, SLUG_TAKEN if a row has it, or had it.
    """
    if slug is None:
        return free(model, wishes)
    _check(model, slug, field)
    if _is_taken(model, slug):
        raise _taken(slug, field)
    return slug


def _check(model: type[Any], slug: str, field: list[str]) -> None:
    longest = model._meta.get_field("slug").max_length
    try:
        validate_slug(slug)
        if len(slug) > longest:
            raise ValidationError("long")
    except ValidationError:
        raise CatalogError(
            CatalogErrorCode.INVALID,
            f"A slug has from 1 to {longest} of the letters a to z, digits, hyphens and underscores: “desk-lamps”.",
            field=field,
        ) from None


def rename(row: Any, slug: str, *, field: list[str]) -> None:
    """Gives the row, which is locked and still to be saved, another slug; the old one leads to it from now on.

    INVALID if it is no slug, SLUG_TAKEN if another row has it, or had it and is still there.
    """
    if slug == row.slug:
        return
    _check(type(row), slug, field)
    former, name = _FORMER[type(row)]
    if type(row).objects.filter(slug=slug).exists() or former.objects.filter(slug=slug).exclude(**{name: row}).exists():
        raise _taken(slug, field)
    former.objects.filter(slug=slug).delete()
    former.objects.create(**{name: row}, slug=row.slug)
    row.slug = slug


def _taken(slug: str, field: list[str]) -> CatalogError:
    return CatalogError(
        CatalogErrorCode.SLUG_TAKEN,
        f"The slug “{slug}” is taken, or leads somewhere already. Choose another.",
        field=field,
    )


def _is_taken(model: type[Any], slug: str) -> bool:
    return model.objects.filter(slug=slug).exists() or _FORMER[model][0].objects.filter(slug=slug).exists()
