"""The vendors and categories a file names: found by their names, and made where they are missing."""

from collections.abc import Collection, Sequence

from django.utils.text import slugify

from catalog import models
from catalog.services import slugs


class Vendors:
    """Those of these names. Of several with one name the oldest counts."""

    def __init__(self, names: Collection[str]):
        found = models.Vendor.objects.filter(name__in=set(names)).order_by("-pk")
        self._known = {vendor.name: vendor.pk for vendor in found}

    def find(self, name: str) -> int | None:
        return self._known.get(name)

    def make(self, name: str) -> int:
        """The vendor with this name, made if there is none."""
        if name not in self._known:
            slug = slugs.free(models.Vendor, [slugify(name) or "vendor"])
            self._known[name] = models.Vendor.objects.create(name=name, slug=slug).pk
        return self._known[name]


class Categories:
    """Those on these ways through the tree."""

    def __init__(self, paths: Collection[Sequence[str]]):
        names = {name for path in paths for name in path}
        found = models.Category.objects.filter(name__in=names).order_by("-pk") if names else ()
        self._known = {(category.parent_id, category.name): category for category in found}

    def find(self, path: Sequence[str]) -> int | None:
        """The category at the end of the path; None where something of it is missing, and for no path."""
        key: int | None = None
        for name in path:
            category = self._known.get((key, name))
            if category is None:
                return None
            key = category.pk
        return key

    def make(self, path: Sequence[str]) -> int | None:
        """The category at the end of the path; what is missing of it is made."""
        category: models.Category | None = None
        for name in path:
            place = (category.pk if category else None, name)
            if place not in self._known:
                self._known[place] = _new_category(name, category)
            category = self._known[place]
        return category.pk if category else None


def _new_category(name: str, parent: models.Category | None) -> models.Category:
    """Its slug is its name, with the parent's before it where two shelves have one name."""
    slug = slugify(name) or "category"
    wishes = [slug, f"{parent.slug}-{slug}"] if parent else [slug]
    return models.Category.objects.create(name=name, parent=parent, slug=slugs.free(models.Category, wishes))
