"""Where a cart goes, how, with what note; and whose it becomes at sign-in."""

import strawberry
from strawberry import relay

from ordering import services
from ordering.graphql import types
from ordering.graphql.inputs import addresses as inputs
from ordering.services import cart_details
from schema import kit


@strawberry.type
class CartAddressesSetPayload:
    cart: types.Cart | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CartShippingMethodSetPayload:
    cart: types.Cart | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CartNoteSetPayload:
    cart: types.Cart | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CartMergePayload:
    cart: types.Cart | None = strawberry.field(default=None, description="The customer's cart: go on with this one.")
    outcomes: list[types.CartMergeOutcome] = strawberry.field(
        default_factory=list, description="One for each line of the guest's cart, in its order."
    )
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        description="""Where it is sent, where the invoice goes, whom to write to. What is left out stays, null empties.

From then on shipping and tax are those of the address. A chosen shipping method stays; where it does not ship there,
`problems` says so.

```graphql
mutation {
  cartAddressesSet(
    cartId: "…"
    input: {
      email: "buyer@example.com"
      shippingAddress: {
        fullName: "Ada Lovelace", line1: "12 High Street", city: "Berlin", postalCode: "10115", country: "DE"
      }
    }
  ) {
    cart { total { amount currency } availableShippingMethods { id name price { amount } } problems { message } }
    userErrors { code field message }
  }
}
```""",
    )
    def cart_addresses_set(
        self, info: kit.Info, cart_id: relay.GlobalID, input: inputs.CartAddressesSetInput
    ) -> CartAddressesSetPayload | None:
        cart = services.set_addresses(
            cart_id=kit.pk(cart_id, types.Cart),
            shipping_address=inputs.choice_of(
                input.shipping_address, input.shipping_address_id, field="shippingAddressId"
            ),
            billing_address=inputs.choice_of(input.billing_address, input.billing_address_id, field="billingAddressId"),
            email=cart_details.UNCHANGED if input.email is strawberry.UNSET else input.email,
            actor=kit.viewer(info),
        )
        return CartAddressesSetPayload(cart=cart)

    @strawberry.mutation(
        extensions=[types.refusals],
        description="How it is sent: one of the cart's `availableShippingMethods`, others are refused with "
        "SHIPPING_UNAVAILABLE. Null leaves it to be the cheapest.",
    )
    def cart_shipping_method_set(
        self, info: kit.Info, cart_id: relay.GlobalID, shipping_method_id: relay.GlobalID | None = None
    ) -> CartShippingMethodSetPayload | None:
        cart = services.set_shipping_method(
            cart_id=kit.pk(cart_id, types.Cart),
            method_id=kit.pk(shipping_method_id, types.ShippingMethod) if shipping_method_id else None,
            actor=kit.viewer(info),
        )
        return CartShippingMethodSetPayload(cart=cart)

    @strawberry.mutation(
        extensions=[types.refusals],
        description='From the buyer, for the shop; at most 1000 characters. "" empties it.',
    )
    def cart_note_set(self, info: kit.Info, cart_id: relay.GlobalID, note: str) -> CartNoteSetPayload | None:
        cart = services.set_note(cart_id=kit.pk(cart_id, types.Cart), note=note, actor=kit.viewer(info))
        return CartNoteSetPayload(cart=cart)

    @strawberry.mutation(
        directives=[kit.SignedIn()],
        extensions=[types.refusals],
        description="""After sign-in: what a guest put into a cart comes into the customer's own.

That is the newest open one of the same currency, or the one named by `cartId`; without any the guest's cart becomes the
customer's. Coupons, note, addresses and shipping method come along where the customer's cart has none. Calling it again
changes nothing and gives the same outcomes. The guest's cart refuses everything with CART_MERGED from then on.

```graphql
mutation {
  cartMerge(guestCartId: "…") {
    cart { id itemCount }
    outcomes { sku outcome quantity }
    userErrors { code message }
  }
}
```""",
    )
    def cart_merge(
        self, info: kit.Info, guest_cart_id: relay.GlobalID, cart_id: relay.GlobalID | None = None
    ) -> CartMergePayload | None:
        merged = services.merge_carts(
            guest_cart_id=kit.pk(guest_cart_id, types.Cart),
            cart_id=kit.pk(cart_id, types.Cart) if cart_id else None,
            actor=kit.signed_in(info),
        )
        return CartMergePayload(cart=merged.cart, outcomes=types.CartMergeOutcome.all_of(merged))
