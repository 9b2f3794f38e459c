"""Keeping the tree of categories."""

import strawberry
from strawberry import relay

from catalog.graphql import types
from catalog.permissions import CatalogPermission
from catalog.services import categories
from schema import kit


@strawberry.input
class CategoryCreateInput:
    name: str = strawberry.field(description="At most 200 characters, and no sibling has the same.")
    parent_id: relay.GlobalID | None = strawberry.field(default=None, description="Null: at the top of the tree.")
    slug: str | None = strawberry.field(
        default=None, description='For addresses such as "/categories/desk-lamps". Made of the name if absent.'
    )


@strawberry.input(description="What is left out or null stays as it is.")
class CategoryUpdateInput:
    name: str | None = None
    slug: str | None = strawberry.field(default=None, description="The one before leads to the category from now on.")


@strawberry.type
class CategoryCreatePayload:
    category: types.Category | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CategoryUpdatePayload:
    category: types.Category | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CategoryMovePayload:
    category: types.Category | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CategoryDeletePayload:
    category: types.Category | None = strawberry.field(default=None, description="As it was.")
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[*kit.needs(CatalogPermission.MANAGE_CATEGORIES), types.refusals],
        description="""Adds a category to the tree, which is at most 20 deep.

NAME_TAKEN when a sibling has this name; SLUG_TAKEN when another category has this slug, or had it.""",
    )
    def category_create(self, info: kit.Info, input: CategoryCreateInput) -> CategoryCreatePayload | None:
        category = categories.create(
            actor=kit.signed_in(info),
            name=input.name,
            parent_id=kit.pk(input.parent_id, types.Category) if input.parent_id else None,
            slug=input.slug,
        )
        return CategoryCreatePayload(category=category)

    @strawberry.mutation(
        extensions=[*kit.needs(CatalogPermission.MANAGE_CATEGORIES), types.refusals],
        description="Changes a category's name or slug. An old slug still leads to it: `categoryBySlug` finds it.",
    )
    def category_update(
        self, info: kit.Info, id: relay.GlobalID, input: CategoryUpdateInput
    ) -> CategoryUpdatePayload | None:
        category = categories.update(
            actor=kit.signed_in(info), category_id=kit.pk(id, types.Category), name=input.name, slug=input.slug
        )
        return CategoryUpdatePayload(category=category)

    @strawberry.mutation(
        extensions=[*kit.needs(CatalogPermission.MANAGE_CATEGORIES), types.refusals],
        description="Puts a category, with all below it, under another one; without `parentId` at the top of the tree. "
        "CATEGORY_CYCLE when that is the category itself or below it.",
    )
    def category_move(
        self, info: kit.Info, id: relay.GlobalID, parent_id: relay.GlobalID | None = None
    ) -> CategoryMovePayload | None:
        category = categories.move(
            actor=kit.signed_in(info),
            category_id=kit.pk(id, types.Category),
            parent_id=kit.pk(parent_id, types.Category) if parent_id else None,
        )
        return CategoryMovePayload(category=category)

    @strawberry.mutation(
        extensions=[*kit.needs(CatalogPermission.MANAGE_CATEGORIES), types.refusals],
        description="Deletes a category with no products, archived ones included, and no categories in it; "
        "CATEGORY_NOT_EMPTY otherwise. Its slugs are free again.",
    )
    def category_delete(self, info: kit.Info, id: relay.GlobalID) -> CategoryDeletePayload | None:
        return CategoryDeletePayload(
            category=categories.delete(actor=kit.signed_in(info), category_id=kit.pk(id, types.Category))
        )
