"""What clients send about parcels."""

from uuid import UUID

import strawberry
from strawberry import relay

from ordering import services
from ordering.graphql import types
from ordering.services import fulfilling
from schema import kit


@strawberry.input
class OrderFulfillLineInput:
    order_line_id: relay.GlobalID
    quantity: int


@strawberry.input
class OrderFulfillInput:
    lines: list[OrderFulfillLineInput] | None = strawberry.field(
        default=None, description="Everything that is still open and travels when absent."
    )
    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = strawberry.field(
        default=None,
        description="Made of carrier and number when absent, for DHL, DPD, FedEx, GLS, Royal Mail, UPS and USPS.",
    )


@strawberry.input(description="What is absent or null stays as it is; an empty text takes it away.")
class FulfillmentUpdateInput:
    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = strawberry.field(
        default=None, description="When absent and carrier or number change: as in OrderFulfillInput."
    )


def quantities_of(input: OrderFulfillInput | None) -> list[tuple[UUID, int]] | None:
    """(order line id, quantity) of each line to send; None for all."""
    if input is None or input.lines is None:
        return None
    return [(kit.pk(line.order_line_id, types.OrderLine), line.quantity) for line in input.lines]


def parcel_of(input: OrderFulfillInput | None) -> services.Parcel:
    """What was said of the parcel."""
    if input is None:
        return services.Parcel()
    return services.Parcel(
        carrier=input.carrier or "", tracking_number=input.tracking_number or "", tracking_url=input.tracking_url or ""
    )


def tracking_of(input: FulfillmentUpdateInput) -> fulfilling.Tracking:
    """What is to change of a parcel."""
    return fulfilling.Tracking(
        carrier=input.carrier, tracking_number=input.tracking_number, tracking_url=input.tracking_url
    )
