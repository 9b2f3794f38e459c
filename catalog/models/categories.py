"""The tree of categories."""

from collections.abc import Iterable
from typing import Self

from django.db import connections, models
from django.db.models.expressions import RawSQL

from catalog.permissions import CatalogPermission


class CategoryQuerySet(models.QuerySet["Category"]):
    def below(self, key: int) -> Self:
        """The category with this key and all its descendants, at any depth."""
        table = self.model._meta.db_table
        # UNION, not UNION ALL: a cycle ends instead of running for ever.
        tree = (  # the table's name is ours, the key a parameter
            f"WITH RECURSIVE tree(id) AS (SELECT id FROM {table} WHERE id = %s "  # noqa: S608
            f"UNION SELECT child.id FROM {table} child JOIN tree ON child.parent_id = tree.id) SELECT id FROM tree"
        )
        return self.filter(pk__in=RawSQL(tree, [key]))  # noqa: S611

    def above(self, key: int) -> Self:
        """The ancestors of the category with this key, in no order."""
        table = self.model._meta.db_table
        path = (
            f"WITH RECURSIVE path(id) AS (SELECT parent_id FROM {table} WHERE id = %s "  # noqa: S608
            f"UNION SELECT parent.parent_id FROM {table} parent JOIN path ON parent.id = path.id) "
            "SELECT id FROM path WHERE id IS NOT NULL"
        )
        return self.filter(pk__in=RawSQL(path, [key]))  # noqa: S611

    def paths(self, keys: Iterable[int]) -> dict[int, set[int]]:
        """Of each of these categories itself and all its ancestors. One statement for all, none for no category."""
        found: dict[int, set[int]] = {key: {key} for key in keys}
        if not found:
            return found
        table = self.model._meta.db_table
        places = ", ".join(["%s"] * len(found))
        path = (
            f"WITH RECURSIVE path(leaf, id) AS (SELECT id, parent_id FROM {table} WHERE id IN ({places}) "  # noqa: S608
            f"UNION SELECT path.leaf, parent.parent_id FROM {table} parent JOIN path ON parent.id = path.id) "
            "SELECT leaf, id FROM path WHERE id IS NOT NULL"
        )
        with connections[self.db].cursor() as cursor:
            cursor.execute(path, list(found))
            for leaf, ancestor in cursor.fetchall():
                found[leaf].add(ancestor)
        return found

    def with_slug(self, slug: str) -> Self:
        """The category that has this slug, or had it before: an old address still leads somewhere."""
        former = CategorySlug.objects.filter(slug=slug).values("category")
        return self.filter(models.Q(slug=slug) | models.Q(pk__in=former))


class Category(models.Model):
    """A shelf of the shop. Categories form a tree; a product stands in one of them."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=100, unique=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "categories"
        permissions = [(CatalogPermission.MANAGE_CATEGORIES.split(".")[1], "Can keep the tree of categories")]
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], name="category_name_is_unique_beside_its_siblings"),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(parent=None), name="category_name_is_unique_at_the_top"
            ),
        ]
        indexes = [models.Index(fields=["name", "id"], name="category_by_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def ancestors(self) -> list["Category"]:
        """From the top of the tree to its parent. One statement."""
        above = {category.pk: category for category in Category.objects.above(self.pk)}
        path: list[Category] = []
        key = self.parent_id
        while key in above:
            path.insert(0, above.pop(key))
            key = path[0].parent_id
        return path


class CategorySlug(models.Model):
    """A slug that a category had before. Nothing else takes it while the category is there."""

    category = models.ForeignKey(Category, models.CASCADE, related_name="former_slugs")
    slug = models.SlugField(max_length=100, unique=True)

    def __str__(self) -> str:
        return self.slug
