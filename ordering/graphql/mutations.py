"""Filling a cart, checking out, and every move of an order."""

import strawberry
from strawberry import relay

from ordering import errors, services
from ordering.graphql import inputs, types
from ordering.permissions import OrderPermission
from schema import kit

_refusals = kit.refusals(errors.OrderError, types.OrderUserError)
_for_staff = [*kit.needs(OrderPermission.MANAGE_ORDERS), _refusals]


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
class CheckoutCompletePayload:
    order: types.Order | None = None
    guest_token: str | None = strawberry.field(
        default=None, description="For guests: what shows them their order. Keep it; it is given here only."
    )
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class OrderConfirmPayload:
    order: types.Order | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class OrderFulfillPayload:
    order: types.Order | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class OrderDeliverPayload:
    order: types.Order | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class OrderHoldPayload:
    order: types.Order | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class OrderReleasePayload:
    order: types.Order | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class OrderCancelPayload:
    order: types.Order | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(extensions=[_refusals], description="A new cart; the signed-in customer's, or a guest's.")
    def cart_create(self, info: kit.Info, input: inputs.CartCreateInput | None = None) -> CartCreatePayload | None:
        wanted = input or inputs.CartCreateInput()
        cart = services.create_cart(
            actor=kit.viewer(info), lines=inputs.lines_of(wanted.lines), currency=wanted.currency
        )
        return CartCreatePayload(cart=cart)

    @strawberry.mutation(extensions=[_refusals], description="Puts so many more of each variant into the cart.")
    def cart_lines_add(
        self, info: kit.Info, cart_id: relay.GlobalID, lines: list[inputs.CartLineInput]
    ) -> CartLinesAddPayload | None:
        cart = services.add_lines(
            cart_id=kit.pk(cart_id, types.Cart), lines=inputs.lines_of(lines), actor=kit.viewer(info)
        )
        return CartLinesAddPayload(cart=cart)

    @strawberry.mutation(extensions=[_refusals], description="Sets the quantity of lines; 0 removes a line.")
    def cart_lines_update(
        self, info: kit.Info, cart_id: relay.GlobalID, lines: list[inputs.CartLineUpdateInput]
    ) -> CartLinesUpdatePayload | None:
        cart = services.update_lines(
            cart_id=kit.pk(cart_id, types.Cart),
            lines=[(kit.pk(line.line_id, types.CartLine), line.quantity) for line in lines],
            actor=kit.viewer(info),
        )
        return CartLinesUpdatePayload(cart=cart)

    @strawberry.mutation(extensions=[_refusals], description="Takes lines out of the cart.")
    def cart_lines_remove(
        self, info: kit.Info, cart_id: relay.GlobalID, line_ids: list[relay.GlobalID]
    ) -> CartLinesRemovePayload | None:
        cart = services.remove_lines(
            cart_id=kit.pk(cart_id, types.Cart),
            line_ids=[kit.pk(line_id, types.CartLine) for line_id in line_ids],
            actor=kit.viewer(info),
        )
        return CartLinesRemovePayload(cart=cart)

    @strawberry.mutation(
        extensions=[_refusals],
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

    @strawberry.mutation(extensions=_for_staff, description="Accepts an order whose payment was in review.")
    def order_confirm(self, info: kit.Info, id: relay.GlobalID) -> OrderConfirmPayload | None:
        order = services.confirm(order_id=kit.pk(id, types.Order), actor=kit.signed_in(info))
        return OrderConfirmPayload(order=order)

    @strawberry.mutation(extensions=_for_staff, description="Sends a parcel: the lines given, or all that is open.")
    def order_fulfill(
        self, info: kit.Info, id: relay.GlobalID, input: inputs.OrderFulfillInput | None = None
    ) -> OrderFulfillPayload | None:
        order = services.fulfill(
            order_id=kit.pk(id, types.Order),
            actor=kit.signed_in(info),
            quantities=inputs.quantities_of(input),
            parcel=inputs.parcel_of(input),
        )
        return OrderFulfillPayload(order=order)

    @strawberry.mutation(extensions=_for_staff, description="Notes that everything arrived.")
    def order_deliver(self, info: kit.Info, id: relay.GlobalID) -> OrderDeliverPayload | None:
        order = services.deliver(order_id=kit.pk(id, types.Order), actor=kit.signed_in(info))
        return OrderDeliverPayload(order=order)

    @strawberry.mutation(extensions=_for_staff, description="Stops an order before it is shipped, until its release.")
    def order_hold(self, info: kit.Info, id: relay.GlobalID, reason: str) -> OrderHoldPayload | None:
        order = services.hold(order_id=kit.pk(id, types.Order), reason=reason, actor=kit.signed_in(info))
        return OrderHoldPayload(order=order)

    @strawberry.mutation(extensions=_for_staff, description="Lets an order that was held go on.")
    def order_release(self, info: kit.Info, id: relay.GlobalID) -> OrderReleasePayload | None:
        order = services.release(order_id=kit.pk(id, types.Order), actor=kit.signed_in(info))
        return OrderReleasePayload(order=order)

    @strawberry.mutation(
        extensions=[_refusals],
        description="Ends an order of which nothing was shipped: its buyer, a guest with the token, or staff.",
    )
    def order_cancel(
        self, info: kit.Info, id: relay.GlobalID, reason: str, guest_token: str | None = None
    ) -> OrderCancelPayload | None:
        order = services.cancel(
            order_id=kit.pk(id, types.Order), reason=reason, actor=kit.viewer(info), guest_token=guest_token
        )
        return OrderCancelPayload(order=order)
