"""Proposing what a product shall say of itself, and publishing it."""

from decimal import Decimal

import strawberry
from strawberry import UNSET, relay
from strawberry.scalars import JSON

from catalog.graphql import types
from catalog.services import versions
from schema import kit


@strawberry.input
class ProposedPriceInput:
    variant_id: relay.GlobalID
    currency: str = strawberry.field(description="One of `currencies`.")
    amount: Decimal = strawberry.field(description="With at most the currency's own decimals: nothing is rounded.")
    compare_at_amount: Decimal | None = strawberry.field(
        default=None, description="What it cost before: above the price."
    )


@strawberry.input(description="What is left out or null is taken from the product as it is now.")
class ProductVersionCreateInput:
    name: str | None = UNSET
    description: str | None = strawberry.field(
        default=UNSET, description="HTML, at most 100,000 characters. Scripts and what else could run is refused."
    )
    attributes: JSON | None = strawberry.field(default=UNSET, description="All of them.")
    seo_title: str | None = UNSET
    seo_description: str | None = UNSET
    prices: list[ProposedPriceInput] | None = strawberry.field(
        default=None, description="Those that shall be others than now."
    )
    note: str = strawberry.field(default="", description="Why you propose this: at most 500 characters.")


@strawberry.type
class ProductVersionCreatePayload:
    product_version: types.ProductVersion | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ProductVersionPublishPayload:
    product_version: types.ProductVersion | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="""Proposes other content for a product you keep.

The product stays as it is until somebody publishes the version, which holds what you give here and, for the rest, what
the product says now.""",
    )
    def product_version_create(
        self, info: kit.Info, product_id: relay.GlobalID, input: ProductVersionCreateInput
    ) -> ProductVersionCreatePayload | None:
        viewer = kit.signed_in(info)
        given = {column: getattr(input, column) for column in versions.COLUMNS}
        version = versions.create(
            actor=viewer,
            product_id=kit.pk(product_id, types.Product),
            given={column: value for column, value in given.items() if value is not UNSET and value is not None},
            proposed_prices=[_proposed(price) for price in input.prices or ()],
            note=input.note,
        )
        return ProductVersionCreatePayload(product_version=version)

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="""Makes a version the content of its product: name, description, attributes, SEO and prices.

It becomes APPROVED, and the one that was published before OBSOLETE. STATUS_NOT_ALLOWED for an obsolete version, and
while the product is archived. Look at its `diff` first.""",
    )
    def product_version_publish(self, info: kit.Info, id: relay.GlobalID) -> ProductVersionPublishPayload | None:
        viewer = kit.signed_in(info)
        version = versions.publish(actor=viewer, version_id=kit.pk(id, types.ProductVersion))
        return ProductVersionPublishPayload(product_version=version)


def _proposed(price: ProposedPriceInput) -> versions.ProposedPrice:
    return versions.ProposedPrice(
        variant_id=kit.pk(price.variant_id, types.ProductVariant),
        currency=price.currency,
        amount=price.amount,
        compare_at=price.compare_at_amount,
    )
