"""A cart becomes an order."""

import strawberry
from strawberry import relay

from ordering import services
from ordering.errors import OrderErrorCode
from ordering.graphql import types
from ordering.graphql.inputs import checkout as inputs
from schema import kit


@strawberry.type
class CheckoutStartPayload:
    cart: types.Cart | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class PaymentAction:
    """What the buyer's browser has to do before the payment can go on, such as 3-D Secure."""

    client_secret: str | None = strawberry.field(description="For the gateway's own script, such as Stripe.js.")
    url: str | None = strawberry.field(description="Where to send the buyer, if the gateway has such a page.")


@strawberry.type
class CheckoutCompletePayload:
    order: types.Order | None = None
    payment_action: PaymentAction | None = strawberry.field(
        default=None,
        description="With PAYMENT_ACTION_REQUIRED: have the buyer do it, then call again with the same "
        "`idempotencyKey` and input. There is no order until then.",
    )
    guest_token: str | None = strawberry.field(
        default=None, description="For guests: what shows them their order. Keep it; it is given here only."
    )
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        description="""Holds the stock of every line back for this cart, for 15 minutes: nobody else can buy it.

Call it when the buyer goes to the checkout page, and again after the cart was changed there: what was added is held
too, until the same moment (`Cart.reservedUntil`). After that moment it may be called anew. Refused with OUT_OF_STOCK
when there is too little, and then nothing more is held. Follow `cartEvents` to learn that the time runs out.
Checkout works without it, from what is left.

```graphql
mutation {
  checkoutStart(cartId: "…") {
    cart { reservedUntil lines { quantity reservedUntil } }
    userErrors { code message }
  }
}
```""",
    )
    def checkout_start(self, info: kit.Info, cart_id: relay.GlobalID) -> CheckoutStartPayload | None:
        cart = services.start_checkout(cart_id=kit.pk(cart_id, types.Cart), actor=kit.viewer(info))
        return CheckoutStartPayload(cart=cart)

    @strawberry.mutation(
        extensions=[types.refusals],
        description="""Turns the cart into an order and asks for its payment.

Make `idempotencyKey` anew for each attempt (a UUID) and send the same one again when no answer came: the same key
gives the same order, never a second one, also when both calls run at once; `extensions.idempotency.replayed`
says that it was so.

```graphql
mutation {
  checkoutComplete(
    cartId: "…"
    idempotencyKey: "6f1c…"
    input: {
      email: "buyer@example.com"
      shippingAddress: {
        fullName: "Ada Lovelace", line1: "12 High Street", city: "London", postalCode: "N1 9GU", country: "GB"
      }
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
        done = services.checkout(
            cart_id=kit.pk(cart_id, types.Cart),
            idempotency_key=idempotency_key,
            request=inputs.request_of(input),
            actor=kit.viewer(info),
        )
        kit.note_replay(info, done.is_replay)
        if done.row.placed_at is None:
            return _action_required(done.row.payment.action)
        return CheckoutCompletePayload(order=done.row, guest_token=services.guest_token_of(done.row))


def _action_required(action: dict[str, str]) -> CheckoutCompletePayload:
    return CheckoutCompletePayload(
        payment_action=PaymentAction(client_secret=action.get("client_secret"), url=action.get("url")),
        user_errors=[
            types.OrderUserError(
                code=OrderErrorCode.PAYMENT_ACTION_REQUIRED,
                message="The bank wants the buyer to confirm. Then call again with the same idempotencyKey.",
                field=["input", "payment", "token"],
                retryable=True,
            )
        ],
    )
