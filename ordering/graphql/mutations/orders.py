"""Every move of an order but sending it, what the shop notes of it, and how a guest finds it again."""

import strawberry
from strawberry import relay

from ordering import services
from ordering.graphql import types
from schema import kit


@strawberry.type
class OrderConfirmPayload:
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
class OrderProcessPayload:
    order: types.Order | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class OrderNoteAddPayload:
    order: types.Order | None = None
    note: types.OrderNote | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class OrderTrackPayload:
    order: types.Order | None = None
    guest_token: str | None = strawberry.field(
        default=None, description="What shows the order from now on: `order(id: …, guestToken: …)`."
    )
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="Accepts an order whose payment was in review. With an `idempotencyKey` the same call again "
        "gives the first answer; so with every mutation that moves an order.",
    )
    def order_confirm(
        self, info: kit.Info, id: relay.GlobalID, idempotency_key: str | None = None
    ) -> OrderConfirmPayload | None:
        done = services.confirm(
            order_id=kit.pk(id, types.Order), actor=kit.signed_in(info), idempotency_key=idempotency_key
        )
        kit.note_replay(info, done.is_replay)
        return OrderConfirmPayload(order=done.row)

    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="""Takes a confirmed order into work. Its buyer cannot cancel it any more, staff can.

```graphql
mutation { orderProcess(id: "…") { order { status } userErrors { code field message } } }
```""",
    )
    def order_process(
        self, info: kit.Info, id: relay.GlobalID, idempotency_key: str | None = None
    ) -> OrderProcessPayload | None:
        done = services.process(
            order_id=kit.pk(id, types.Order), actor=kit.signed_in(info), idempotency_key=idempotency_key
        )
        kit.note_replay(info, done.is_replay)
        return OrderProcessPayload(order=done.row)

    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="Stops an order before it is shipped, until its release. The buyer reads the `reason`, of 1 to 500 "
        "characters, in `Order.events`.",
    )
    def order_hold(
        self, info: kit.Info, id: relay.GlobalID, reason: str, idempotency_key: str | None = None
    ) -> OrderHoldPayload | None:
        done = services.hold(
            order_id=kit.pk(id, types.Order),
            reason=reason,
            actor=kit.signed_in(info),
            idempotency_key=idempotency_key,
        )
        kit.note_replay(info, done.is_replay)
        return OrderHoldPayload(order=done.row)

    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="Lets an order that was held go on: CONFIRMED or PROCESSING, as it was.",
    )
    def order_release(
        self, info: kit.Info, id: relay.GlobalID, idempotency_key: str | None = None
    ) -> OrderReleasePayload | None:
        done = services.release(
            order_id=kit.pk(id, types.Order), actor=kit.signed_in(info), idempotency_key=idempotency_key
        )
        kit.note_replay(info, done.is_replay)
        return OrderReleasePayload(order=done.row)

    @strawberry.mutation(
        extensions=[types.refusals],
        description="""Ends an order of which nothing was shipped: its buyer, a guest with the token, or staff.

Buyers can until the shop works on it, which is PROCESSING, or holds it; staff can until something was shipped. Then
a return is what remains. Stock and coupons are free at once; the money goes back right after, told by
`order.payment_released` or `order.refunded`. The buyer reads the `reason`, of 1 to 500 characters, in `Order.events`,
whoever gave it.

```graphql
mutation {
  orderCancel(id: "…", reason: "Ordered twice") { order { status paymentStatus } userErrors { code field message } }
}
```""",
    )
    def order_cancel(
        self,
        info: kit.Info,
        id: relay.GlobalID,
        reason: str,
        guest_token: str | None = None,
        idempotency_key: str | None = None,
    ) -> OrderCancelPayload | None:
        done = services.cancel(
            order_id=kit.pk(id, types.Order),
            reason=reason,
            actor=kit.viewer(info),
            guest_token=guest_token,
            idempotency_key=idempotency_key,
        )
        kit.note_replay(info, done.is_replay)
        return OrderCancelPayload(order=done.row)

    @strawberry.mutation(
        extensions=types.refusals_for_staff,
        description="Notes something of an order, in 1 to 2000 characters, for the shop's staff alone: read it in "
        "`Order.notes`. What the buyer wrote is `Order.note`.",
    )
    def order_note_add(
        self, info: kit.Info, id: relay.GlobalID, note: str, idempotency_key: str | None = None
    ) -> OrderNoteAddPayload | None:
        done = services.add_note(
            order_id=kit.pk(id, types.Order), note=note, actor=kit.signed_in(info), idempotency_key=idempotency_key
        )
        kit.note_replay(info, done.is_replay)
        return OrderNoteAddPayload(order=done.row.order, note=done.row)

    @strawberry.mutation(
        extensions=[types.refusals],
        description="""Finds an order that was placed without an account, by its number and the e-mail address.

Case, spaces and hyphens in the number do not matter. NOT_FOUND for every pair that is not one, and for orders of an
account: those are read by signing in. The error RATE_LIMITED, with the seconds to wait in `extensions.retryAfter`,
after a few attempts.

```graphql
mutation {
  orderTrack(number: "7GKM-4XTR", email: "ada@example.com") {
    order { id status } guestToken userErrors { code message }
  }
}
```""",
    )
    def order_track(self, info: kit.Info, number: str, email: str) -> OrderTrackPayload | None:
        order = services.track(number=number, email=email)
        return OrderTrackPayload(order=order, guest_token=services.guest_token_of(order))
