"""Keeping the variants of products, and what they cost."""

import strawberry
from strawberry import relay

from catalog.graphql import types
from catalog.graphql.types import product_inputs as inputs
from catalog.services import prices as price_lists
from catalog.services import variants
from schema import kit


@strawberry.type
class VariantCreatePayload:
    variant: types.ProductVariant | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class VariantUpdatePayload:
    variant: types.ProductVariant | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class VariantActivatePayload:
    variant: types.ProductVariant | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class VariantDeactivatePayload:
    variant: types.ProductVariant | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class VariantsReorderPayload:
    product: types.Product | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class VariantPricesSetPayload:
    variant: types.ProductVariant | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Adds a variant at the end of a product you keep, with nothing in stock. A product has at most 500 "
        "active ones.",
    )
    def variant_create(
        self, info: kit.Info, product_id: relay.GlobalID, input: inputs.VariantCreateInput
    ) -> VariantCreatePayload | None:
        viewer = kit.signed_in(info)
        product = kit.pk(product_id, types.Product)
        return VariantCreatePayload(
            variant=variants.create(product_id=product, given=inputs.given(input), actor=viewer)
        )

    @strawberry.mutation(
        extensions=[types.refusals], directives=[kit.SignedIn()], description="Changes a variant of a product you keep."
    )
    def variant_update(
        self, info: kit.Info, id: relay.GlobalID, input: inputs.VariantUpdateInput
    ) -> VariantUpdatePayload | None:
        viewer = kit.signed_in(info)
        variant = kit.pk(id, types.ProductVariant)
        return VariantUpdatePayload(
            variant=variants.update(variant_id=variant, given=inputs.given(input), actor=viewer)
        )

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Offers a variant again that was switched off.",
    )
    def variant_activate(self, info: kit.Info, id: relay.GlobalID) -> VariantActivatePayload | None:
        viewer = kit.signed_in(info)
        return VariantActivatePayload(
            variant=variants.activate(variant_id=kit.pk(id, types.ProductVariant), actor=viewer)
        )

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Switches a variant off: it is shown and sold no longer. None is deleted, because orders name it; "
        "`managedVariants` still lists it.",
    )
    def variant_deactivate(self, info: kit.Info, id: relay.GlobalID) -> VariantDeactivatePayload | None:
        viewer = kit.signed_in(info)
        return VariantDeactivatePayload(
            variant=variants.deactivate(variant_id=kit.pk(id, types.ProductVariant), actor=viewer)
        )

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Shows the active variants of a product in this order. Name each of them once.",
    )
    def variants_reorder(
        self, info: kit.Info, product_id: relay.GlobalID, ids: list[relay.GlobalID]
    ) -> VariantsReorderPayload | None:
        viewer = kit.signed_in(info)
        product = kit.pk(product_id, types.Product)
        keys = [kit.pk(id, types.ProductVariant) for id in ids]
        return VariantsReorderPayload(product=variants.reorder(product_id=product, variant_ids=keys, actor=viewer))

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="""Sets what a variant costs in these currencies, one or several; the others stay as they are.

```graphql
mutation {
  variantPricesSet(id: "…", prices: [
    { currency: "USD", amount: "19.90", compareAtAmount: "24.90" }
    { currency: "JPY", amount: null }
  ]) {
    variant { prices { price { amount currency } } }
    userErrors { code field message }
  }
}
```

Without an amount the variant is not for sale in that currency any more. Nothing is ever converted or rounded: "9.999"
is refused with PRICE_INVALID where the currency has two decimals.""",
    )
    def variant_prices_set(
        self, info: kit.Info, id: relay.GlobalID, prices: list[inputs.VariantPriceInput]
    ) -> VariantPricesSetPayload | None:
        viewer = kit.signed_in(info)
        variant = kit.pk(id, types.ProductVariant)
        return VariantPricesSetPayload(
            variant=price_lists.set_listed(variant_id=variant, prices=inputs.listed(prices), actor=viewer)
        )
