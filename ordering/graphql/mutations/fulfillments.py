"""Sending orders out."""

import strawberry
from strawberry import relay

from ordering import services
from ordering.graphql import types
from ordering.graphql.inputs import fulfillments as inputs
from ordering.permissions import OrderPermission
from schema import kit

_for_staff = [*kit.needs(OrderPermission.MANAGE_ORDERS), types.refusals]


@strawberry.type
class OrderFulfillPayload:
    order: types.Order | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class OrderDeliverPayload:
    order: types.Order | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
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
