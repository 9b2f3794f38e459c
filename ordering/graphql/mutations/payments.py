"""Money that comes by itself, payments that were in review, and money that goes back."""

import strawberry
from strawberry import relay

from ordering import services
from ordering.graphql import types
from ordering.graphql.inputs import payments as inputs
from schema import kit


@strawberry.type
class PaymentReceivePayload:
    payment: types.Payment | None = None
    order: types.Order | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class PaymentAcceptPayload:
    payment: types.Payment | None = None
    order: types.Order | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class RefundCreatePayload:
    refund: types.Refund | None = None
    order: types.Order | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="""Notes that a bank transfer, or the cash of a delivery, has come: exactly what the order owes.

An order that waited for its money goes on: it is confirmed, or asks for its approval. Any other amount is refused with
AMOUNT_INVALID. Make `idempotencyKey` anew for each receipt (a UUID) and send the same one again when no answer came.

```graphql
mutation {
  paymentReceive(orderId: "…", idempotencyKey: "6f1c…", input: { amount: "44.90", reference: "Statement 7" }) {
    order { status paymentStatus }
    userErrors { code field message }
  }
}
```""",
    )
    def payment_receive(
        self, info: kit.Info, order_id: relay.GlobalID, idempotency_key: str, input: inputs.PaymentReceiveInput
    ) -> PaymentReceivePayload | None:
        done = services.payment_receive(
            order_id=kit.pk(order_id, types.Order),
            idempotency_key=idempotency_key,
            receipt=inputs.receipt_of(input),
            actor=kit.signed_in(info),
        )
        kit.note_replay(info, done.is_replay)
        return PaymentReceivePayload(payment=done.row, order=done.row.order)

    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="Ends the review of a payment: it stands as it is. An order that waited for that goes on, as with "
        "orderConfirm; one that was put on hold waits for orderRelease. To refuse it, cancel the order.",
    )
    def payment_accept(
        self, info: kit.Info, order_id: relay.GlobalID, idempotency_key: str
    ) -> PaymentAcceptPayload | None:
        done = services.payment_accept(
            order_id=kit.pk(order_id, types.Order), idempotency_key=idempotency_key, actor=kit.signed_in(info)
        )
        kit.note_replay(info, done.is_replay)
        return PaymentAcceptPayload(payment=done.row, order=done.row.order)

    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="""Gives money back to the buyer: for units of lines, an amount, or all that is left.

The refund is REQUESTED until the payment service answers, within moments as a rule; follow the order's events for
`order.refunded` or `order.refund_failed`. Never more than was collected: REFUND_TOO_LARGE. Make `idempotencyKey` anew
for each refund (a UUID) and send the same one again when no answer came: the money goes back once.

```graphql
mutation {
  refundCreate(
    orderId: "…"
    idempotencyKey: "6f1c…"
    input: { lines: [{ orderLineId: "…", quantity: 1 }], reason: "It arrived broken." }
  ) {
    refund { state amount { amount currency } }
    order { payment { refundable { amount } } }
    userErrors { code field message }
  }
}
```""",
    )
    def refund_create(
        self, info: kit.Info, order_id: relay.GlobalID, idempotency_key: str, input: inputs.RefundCreateInput
    ) -> RefundCreatePayload | None:
        done = services.refund_create(
            order_id=kit.pk(order_id, types.Order),
            idempotency_key=idempotency_key,
            request=inputs.request_of(input),
            actor=kit.signed_in(info),
        )
        kit.note_replay(info, done.is_replay)
        return RefundCreatePayload(refund=done.row, order=done.row.payment.order)
