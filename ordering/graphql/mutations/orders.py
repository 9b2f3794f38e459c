"""Every move of an order but sending it."""

import strawberry
from strawberry import relay

from ordering import services
from ordering.graphql import types
from ordering.permissions import OrderPermission
from schema import kit

_for_staff = [*kit.needs(OrderPermission.MANAGE_ORDERS), types.refusals]


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
class Mutation:
    @strawberry.mutation(extensions=_for_staff, description="Accepts an order whose payment was in review.")
    def order_confirm(self, info: kit.Info, id: relay.GlobalID) -> OrderConfirmPayload | None:
        order = services.confirm(order_id=kit.pk(id, types.Order), actor=kit.signed_in(info))
        return OrderConfirmPayload(order=order)

    @strawberry.mutation(extensions=_for_staff, description="Stops an order before it is shipped, until its release.")
    def order_hold(self, info: kit.Info, id: relay.GlobalID, reason: str) -> OrderHoldPayload | None:
        order = services.hold(order_id=kit.pk(id, types.Order), reason=reason, actor=kit.signed_in(info))
        return OrderHoldPayload(order=order)

    @strawberry.mutation(extensions=_for_staff, description="Lets an order that was held go on.")
    def order_release(self, info: kit.Info, id: relay.GlobalID) -> OrderReleasePayload | None:
        order = services.release(order_id=kit.pk(id, types.Order), actor=kit.signed_in(info))
        return OrderReleasePayload(order=order)

    @strawberry.mutation(
        extensions=[types.refusals],
        description="Ends an order of which nothing was shipped: its buyer, a guest with the token, or staff.",
    )
    def order_cancel(
        self, info: kit.Info, id: relay.GlobalID, reason: str, guest_token: str | None = None
    ) -> OrderCancelPayload | None:
        order = services.cancel(
            order_id=kit.pk(id, types.Order), reason=reason, actor=kit.viewer(info), guest_token=guest_token
        )
        return OrderCancelPayload(order=order)
