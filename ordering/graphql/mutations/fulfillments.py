"""Sending orders out."""

import strawberry
from strawberry import relay

from ordering import services
from ordering.graphql import types
from ordering.graphql.inputs import fulfillments as inputs
from ordering.services import fulfilling
from schema import kit


@strawberry.type
class OrderFulfillPayload:
    order: types.Order | None = None
    fulfillment: types.Fulfillment | None = strawberry.field(default=None, description="The parcel that was sent.")
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class FulfillmentUpdatePayload:
    order: types.Order | None = None
    fulfillment: types.Fulfillment | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class OrderDeliverPayload:
    order: types.Order | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="""Sends a parcel: the lines given, or all that is open and travels.

With an `idempotencyKey` (a UUID, new for each parcel) the same call again gives the first parcel, never a second one.
Lines that are delivered as files are sent by themselves once they are paid; naming them here is for those without
files. They have no carrier, and are named in a call of their own.

```graphql
mutation {
  orderFulfill(
    id: "…"
    idempotencyKey: "6f1c…"
    input: { lines: [{ orderLineId: "…", quantity: 1 }], carrier: "DHL", trackingNumber: "00340434" }
  ) {
    fulfillment { trackingUrl lines { quantity orderLine { sku } } }
    order { status }
    userErrors { code field message }
  }
}
```""",
    )
    def order_fulfill(
        self,
        info: kit.Info,
        id: relay.GlobalID,
        input: inputs.OrderFulfillInput | None = None,
        idempotency_key: str | None = None,
    ) -> OrderFulfillPayload | None:
        done = services.fulfill(
            order_id=kit.pk(id, types.Order),
            actor=kit.signed_in(info),
            quantities=inputs.quantities_of(input),
            parcel=inputs.parcel_of(input),
            idempotency_key=idempotency_key,
        )
        kit.note_replay(info, done.is_replay)
        return OrderFulfillPayload(order=done.row.order, fulfillment=done.row)

    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="Writes down what the carrier said of a parcel after it left, and tells the buyer.",
    )
    def fulfillment_update(
        self, info: kit.Info, id: relay.GlobalID, idempotency_key: str, input: inputs.FulfillmentUpdateInput
    ) -> FulfillmentUpdatePayload | None:
        done = fulfilling.update_tracking(
            fulfillment_id=kit.pk(id, types.Fulfillment),
            tracking=inputs.tracking_of(input),
            actor=kit.signed_in(info),
            idempotency_key=idempotency_key,
        )
        kit.note_replay(info, done.is_replay)
        return FulfillmentUpdatePayload(order=done.row.order, fulfillment=done.row)

    @strawberry.mutation(extensions=types.refusals_for_staff, description="Notes that everything arrived.")
    def order_deliver(
        self, info: kit.Info, id: relay.GlobalID, idempotency_key: str | None = None
    ) -> OrderDeliverPayload | None:
        done = services.deliver(
            order_id=kit.pk(id, types.Order), actor=kit.signed_in(info), idempotency_key=idempotency_key
        )
        kit.note_replay(info, done.is_replay)
        return OrderDeliverPayload(order=done.row)
