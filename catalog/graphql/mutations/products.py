"""Keeping products."""

import strawberry
from strawberry import relay

from catalog.graphql import types
from catalog.graphql.types import product_inputs as inputs
from catalog.services import products
from schema import kit


@strawberry.type
class ProductCreatePayload:
    product: types.Product | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ProductUpdatePayload:
    product: types.Product | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ProductActivatePayload:
    product: types.Product | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ProductArchivePayload:
    product: types.Product | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ProductRestorePayload:
    product: types.Product | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="""A new product with its variants: all of it, or nothing and the reason.

It is a draft: add pictures and stock, then `productActivate`. Sellers create for their own vendors, those with
`catalog.manage_products` for all.

```graphql
mutation {
  productCreate(input: {
    name: "Desk lamp"
    vendorId: "…"
    variants: [{ sku: "LAMP-S", price: "49.90", options: [{ name: "Size", value: "S" }] }]
  }) {
    product { id slug status variants { id sku } }
    userErrors { code field message }
  }
}
```

What is wrong with a variant names it by its index: `["input", "variants", "0", "sku"]`.""",
    )
    def product_create(self, info: kit.Info, input: inputs.ProductCreateInput) -> ProductCreatePayload | None:
        product = products.create(
            given=inputs.given(input),
            variants_given=[inputs.given(variant) for variant in input.variants or []],
            actor=kit.signed_in(info),
        )
        return ProductCreatePayload(product=product)

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Changes a product you keep. A slug that it had before still leads to it.",
    )
    def product_update(
        self, info: kit.Info, id: relay.GlobalID, input: inputs.ProductUpdateInput
    ) -> ProductUpdatePayload | None:
        viewer = kit.signed_in(info)
        product = products.update(product_id=kit.pk(id, types.Product), given=inputs.given(input), actor=viewer)
        return ProductUpdatePayload(product=product)

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Puts a draft on sale: customers see it from `publishedAt` on, where it has a price, and while its "
        "vendor is active. It needs an active variant.",
    )
    def product_activate(self, info: kit.Info, id: relay.GlobalID) -> ProductActivatePayload | None:
        viewer = kit.signed_in(info)
        return ProductActivatePayload(product=products.activate(product_id=kit.pk(id, types.Product), actor=viewer))

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Takes a product off the shop and keeps it: orders still name it, and `productRestore` brings it "
        "back. Nothing of it can be changed until then.",
    )
    def product_archive(self, info: kit.Info, id: relay.GlobalID) -> ProductArchivePayload | None:
        viewer = kit.signed_in(info)
        return ProductArchivePayload(product=products.archive(product_id=kit.pk(id, types.Product), actor=viewer))

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Brings an archived product back, as a draft: look at prices and stock before you activate it.",
    )
    def product_restore(self, info: kit.Info, id: relay.GlobalID) -> ProductRestorePayload | None:
        viewer = kit.signed_in(info)
        return ProductRestorePayload(product=products.restore(product_id=kit.pk(id, types.Product), actor=viewer))
