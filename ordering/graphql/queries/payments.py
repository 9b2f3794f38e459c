"""Ways to pay."""

import strawberry

from ordering.graphql import types


@strawberry.type
class Query:
    @strawberry.field(description="The ways to pay that this shop offers, for everybody.")
    def payment_gateways(self) -> list[types.PaymentGateway]:
        return types.PaymentGateway.offered()
