"""Filling a cart."""

import strawberry
from strawberry import relay

from ordering import services
from ordering.graphql import types
from ordering.graphql.inputs import carts as inputs
from schema import kit


@strawberry.type
class CartCreatePayload:
    cart: types.Cart | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CartLinesAddPayload:
    cart: types.Cart | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CartLinesUpdatePayload:
    cart: types.Cart | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CartLinesRemovePayload:
    cart: types.Cart | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(extensions=[types.refusals], description="A new cart; the signed-in customer's, or a guest's.")
    def cart_create(self, info: kit.Info, input: inputs.CartCreateInput | None = None) -> CartCreatePayload | None:
        wanted = input or inputs.CartCreateInput()
        cart = services.create_cart(
            actor=kit.viewer(info), lines=inputs.lines_of(wanted.lines), currency=wanted.currency
        )
        return CartCreatePayload(cart=cart)

    @strawberry.mutation(
        extensions=[types.refusals],
        description="""Puts so many more of each variant into the cart; all of them, or none and the reason.

A refusal's `field` names the line by its place, from 0: `["lines", "1", "quantity"]`.

```graphql
mutation {
  cartLinesAdd(cartId: "…", lines: [{ variantId: "…", quantity: 2 }]) {
    cart { itemCount total { amount currency } problems { __typename message } }
    userErrors { code field message }
  }
}
```""",
    )
    def cart_lines_add(
        self, info: kit.Info, cart_id: relay.GlobalID, lines: list[inputs.CartLineInput]
    ) -> CartLinesAddPayload | None:
        cart = services.add_lines(
            cart_id=kit.pk(cart_id, types.Cart), lines=inputs.lines_of(lines), actor=kit.viewer(info)
        )
        return CartLinesAddPayload(cart=cart)

    @strawberry.mutation(
        extensions=[types.refusals],
        description="Sets the quantity of lines; 0 removes a line. Whoever sets a quantity, the same one included, "
        "agrees to the price of now: the line's PriceChanged goes away.",
    )
    def cart_lines_update(
        self, info: kit.Info, cart_id: relay.GlobalID, lines: list[inputs.CartLineUpdateInput]
    ) -> CartLinesUpdatePayload | None:
        cart = services.update_lines(
            cart_id=kit.pk(cart_id, types.Cart),
            lines=[(kit.pk(line.line_id, types.CartLine), line.quantity) for line in lines],
            actor=kit.viewer(info),
        )
        return CartLinesUpdatePayload(cart=cart)

    @strawberry.mutation(extensions=[types.refusals], description="Takes lines out of the cart.")
    def cart_lines_remove(
        self, info: kit.Info, cart_id: relay.GlobalID, line_ids: list[relay.GlobalID]
    ) -> CartLinesRemovePayload | None:
        cart = services.remove_lines(
            cart_id=kit.pk(cart_id, types.Cart),
            line_ids=[kit.pk(line_id, types.CartLine) for line_id in line_ids],
            actor=kit.viewer(info),
        )
        return CartLinesRemovePayload(cart=cart)
