"""Goods that come back."""

from decimal import Decimal

import strawberry
from strawberry import relay

from ordering.graphql import types
from ordering.graphql.inputs import returns as inputs
from ordering.services import returning, taking_back
from schema import kit


@strawberry.type
class ReturnRequestPayload:
    return_: types.Return | None = strawberry.field(name="return", default=None)
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ReturnApprovePayload:
    return_: types.Return | None = strawberry.field(name="return", default=None)
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ReturnRejectPayload:
    return_: types.Return | None = strawberry.field(name="return", default=None)
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ReturnCancelPayload:
    return_: types.Return | None = strawberry.field(name="return", default=None)
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ReturnReceivePayload:
    return_: types.Return | None = strawberry.field(name="return", default=None)
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ReturnRefundPayload:
    return_: types.Return | None = strawberry.field(name="return", default=None)
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ReturnClosePayload:
    return_: types.Return | None = strawberry.field(name="return", default=None)
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        description="""Asks to send goods back: the order's buyer, a guest with the token, or staff.

Only what was shipped within the shop's time for returns, is not downloaded and is in no other return. Make
`idempotencyKey` anew for each request (a UUID) and send the same one again when no answer came.

```graphql
mutation {
  returnRequest(
    orderId: "…"
    idempotencyKey: "6f1c…"
    input: { lines: [{ orderLineId: "…", quantity: 1, reason: DAMAGED }], note: "The handle is broken." }
  ) {
    return { id status lines { quantity orderLine { sku } } }
    userErrors { code field message }
  }
}
```""",
    )
    def return_request(
        self,
        info: kit.Info,
        order_id: relay.GlobalID,
        idempotency_key: str,
        input: inputs.ReturnRequestInput,
        guest_token: str | None = None,
    ) -> ReturnRequestPayload | None:
        done = returning.request(
            order_id=kit.pk(order_id, types.Order),
            lines=inputs.wanted_in(input),
            note=input.note or "",
            actor=kit.viewer(info),
            guest_token=guest_token,
            idempotency_key=idempotency_key,
        )
        kit.note_replay(info, done.is_replay)
        return ReturnRequestPayload(return_=done.row)

    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="Tells the buyer to send the goods; `note` may say where to.",
    )
    def return_approve(
        self, info: kit.Info, id: relay.GlobalID, note: str | None = None
    ) -> ReturnApprovePayload | None:
        found = returning.approve(return_id=kit.pk(id, types.Return), actor=kit.signed_in(info), note=note or "")
        return ReturnApprovePayload(return_=found)

    @strawberry.mutation(
        extensions=types.refusals_for_staff, description="Tells the buyer that the goods are not taken back, and why."
    )
    def return_reject(self, info: kit.Info, id: relay.GlobalID, note: str) -> ReturnRejectPayload | None:
        found = returning.reject(return_id=kit.pk(id, types.Return), actor=kit.signed_in(info), note=note)
        return ReturnRejectPayload(return_=found)

    @strawberry.mutation(
        extensions=[types.refusals],
        description="The goods stay with the buyer: the buyer, or a guest with the token, before it is approved; staff "
        "also afterwards.",
    )
    def return_cancel(
        self, info: kit.Info, id: relay.GlobalID, guest_token: str | None = None
    ) -> ReturnCancelPayload | None:
        found = returning.cancel(return_id=kit.pk(id, types.Return), actor=kit.viewer(info), guest_token=guest_token)
        return ReturnCancelPayload(return_=found)

    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="""Notes that the goods of an approved return are back, and puts what can be sold again \
on the shelf.

`lines` says how many units of each; of lines that it does not name none are. The same `idempotencyKey` again changes
nothing. Money is given back by returnRefund.

```graphql
mutation {
  returnReceive(id: "…", idempotencyKey: "6f1c…", lines: [{ returnLineId: "…", restock: 1 }]) {
    return { status lines { quantity restocked } }
    userErrors { code field message }
  }
}
```""",
    )
    def return_receive(
        self,
        info: kit.Info,
        id: relay.GlobalID,
        idempotency_key: str,
        lines: list[inputs.ReturnReceiveLineInput] | None = None,
    ) -> ReturnReceivePayload | None:
        done = taking_back.receive(
            return_id=kit.pk(id, types.Return),
            actor=kit.signed_in(info),
            restock=inputs.restock_of(lines),
            idempotency_key=idempotency_key,
        )
        kit.note_replay(info, done.is_replay)
        return ReturnReceivePayload(return_=done.row)

    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="Gives back what was paid for the goods of a received return, or the `amount`, in the order's "
        "currency. The payment service is asked right afterwards; the same `idempotencyKey` again gives back nothing "
        "more.",
    )
    def return_refund(
        self, info: kit.Info, id: relay.GlobalID, idempotency_key: str, amount: Decimal | None = None
    ) -> ReturnRefundPayload | None:
        done = taking_back.refund(
            return_id=kit.pk(id, types.Return),
            actor=kit.signed_in(info),
            amount=amount,
            idempotency_key=idempotency_key,
        )
        kit.note_replay(info, done.is_replay)
        return ReturnRefundPayload(return_=done.row)

    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="Ends a received return without giving money back, and tells the buyer why: an order that is paid "
        "on delivery was sent back before it was paid, or the goods are in no state to be taken back.",
    )
    def return_close(self, info: kit.Info, id: relay.GlobalID, note: str) -> ReturnClosePayload | None:
        found = taking_back.close(return_id=kit.pk(id, types.Return), actor=kit.signed_in(info), note=note)
        return ReturnClosePayload(return_=found)
