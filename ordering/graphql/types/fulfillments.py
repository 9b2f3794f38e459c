"""Parcels, as the API shows them."""

from typing import Annotated

import strawberry
import strawberry_django
from strawberry import auto, relay

from ordering import models
from schema import kit


@strawberry_django.type(models.FulfillmentLine)
class FulfillmentLine:
    """How many of an order line are in a parcel."""

    order_line: Annotated["OrderLine", strawberry.lazy("ordering.graphql.types.orders")]  # noqa: F821
    quantity: auto


@strawberry_django.type(models.Fulfillment)
class Fulfillment(kit.Keyed, relay.Node):
    """One parcel of an order, or files of it to download."""

    is_digital: bool = strawberry_django.field(description="Nothing travels: the files are in Order.downloads.")
    lines: list[FulfillmentLine]
    carrier: str = strawberry_django.field(description="Empty where it is not known, as the rest of the tracking.")
    tracking_number: auto
    tracking_url: auto
    created_at: auto
