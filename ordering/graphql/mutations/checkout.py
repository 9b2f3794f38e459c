"""A cart becomes an order."""

import strawberry
from strawberry import relay

from ordering import services
from ordering.graphql import types
from ordering.graphql.inputs import checkout as inputs
from schema import kit


@strawberry.type
class CheckoutCompletePayload:
    order: types.Order | None = None
    guest_token: str | None = strawberry.field(
        default=None, description="For guests: what shows them their order. Keep it; it is given here only."
    )
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        description="""Turns the cart into an order and asks for its payment.

Make `idempotencyKey` anew for each attempt (a UUID) and send the same one again when no answer came: the same key
gives the same order, never a second one, also when both calls run at once.

```graphql
mutation {
  checkoutComplete(
    cartId: "…"
    idempotencyKey: "6f1c…"
    input: {
      email: "buyer@example.com"
      shippingAddress: { fullName: "Ada Lovelace", line1: "12 High Street", city: "London", country: "GB" }
      payment: { token: "tok_ok" }
    }
  ) {
    order { number status paymentStatus total { amount currency } }
    guestToken
    userErrors { code field message retryable }
  }
}
```""",
    )
    def checkout_complete(
        self, info: kit.Info, cart_id: relay.GlobalID, idempotency_key: str, input: inputs.CheckoutInput
    ) -> CheckoutCompletePayload | None:
        order = services.checkout(
            cart_id=kit.pk(cart_id, types.Cart),
            idempotency_key=idempotency_key,
            request=inputs.request_of(input),
            actor=kit.viewer(info),
        )
        return CheckoutCompletePayload(order=order, guest_token=services.guest_token_of(order))
