"""Orders that staff place for somebody."""

import strawberry
from strawberry import relay

from ordering import services
from ordering.graphql import types
from ordering.graphql.inputs import drafts as inputs
from ordering.services import drafting
from schema import kit


@strawberry.type
class DraftOrderCreatePayload:
    draft_order: types.DraftOrder | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class DraftOrderCompletePayload:
    order: types.Order | None = None
    guest_token: str | None = strawberry.field(
        default=None, description="Where it is nobody's account's: what shows the buyer the order."
    )
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class DraftOrderDeletePayload:
    draft_order: types.DraftOrder | None = strawberry.field(default=None, description="As it was.")
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="""Begins an order for somebody: on the telephone, at the counter.

It is a cart that staff see and its buyer does not. Change it with the cart mutations and the id of its `cart`, then
place it with draftOrderComplete.

```graphql
mutation {
  draftOrderCreate(
    idempotencyKey: "0b6e…"
    input: { email: "ada@example.com", lines: [{ variantId: "…", quantity: 2 }] }
  ) {
    draftOrder { id cart { id total { amount currency } } }
    userErrors { code field message }
  }
}
```""",
    )
    def draft_order_create(
        self, info: kit.Info, idempotency_key: str, input: inputs.DraftOrderCreateInput
    ) -> DraftOrderCreatePayload | None:
        done = drafting.create_draft(
            request=inputs.request_of(input), idempotency_key=idempotency_key, actor=kit.signed_in(info)
        )
        kit.note_replay(info, done.is_replay)
        return DraftOrderCreatePayload(draft_order=done.row)

    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="""Places a draft order, for whom it is, with everything checkoutComplete refuses.

The buyer gets the confirmation and finds the order among their own. Send the same `idempotencyKey` again when no
answer came.

```graphql
mutation {
  draftOrderComplete(
    id: "…", idempotencyKey: "77a0…"
    input: { payment: { gateway: "manual", token: "bank_transfer" }, expectedTotal: "44.90" }
  ) {
    order { number status paymentStatus }
    userErrors { code field message retryable }
  }
}
```""",
    )
    def draft_order_complete(
        self, info: kit.Info, id: relay.GlobalID, idempotency_key: str, input: inputs.DraftOrderCompleteInput
    ) -> DraftOrderCompletePayload | None:
        done = drafting.complete_draft(
            draft_id=kit.pk(id, types.DraftOrder),
            idempotency_key=idempotency_key,
            gateway=input.payment.gateway,
            payment_token=input.payment.token,
            expected_total=input.expected_total,
            actor=kit.signed_in(info),
        )
        kit.note_replay(info, done.is_replay)
        return DraftOrderCompletePayload(order=done.row, guest_token=services.guest_token_of(done.row))

    @strawberry.mutation(extensions=types.refusals_for_staff, description="Removes a draft order that was not placed.")
    def draft_order_delete(self, info: kit.Info, id: relay.GlobalID) -> DraftOrderDeletePayload | None:
        draft = drafting.delete_draft(draft_id=kit.pk(id, types.DraftOrder), actor=kit.signed_in(info))
        return DraftOrderDeletePayload(draft_order=draft)
