"""Sending orders out, in one parcel or several, and noting that they arrived."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from ordering import events
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import Fulfillment, FulfillmentLine, Order, OrderAction, OrderLine, OrderStatus
from ordering.services import states

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Parcel:
    """What a carrier says of a parcel; all of it may be unknown."""

    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""


@transaction.atomic
def fulfill(
    *,
    order_id: UUID | str,
    actor: "User",
    quantities: Iterable[tuple[UUID, int]] | None = None,
    parcel: Parcel = Parcel(),
) -> Order:
    """Sends so many of each order line, given as (line id, quantity), or all that is open."""
    order = states.locked(order_id, actor)
    states.permit(order, OrderAction.FULFILL, actor)
    _check_parcel(parcel)
    lines = {line.pk: line for line in order.lines.select_for_update().order_by("pk")}
    sent = _wanted(lines, quantities)

    for line, quantity in sent:
        line.quantity_fulfilled += quantity
    OrderLine.objects.bulk_update([line for line, _ in sent], ["quantity_fulfilled"])
    fulfillment = Fulfillment.objects.create(order=order, **vars(parcel))
    FulfillmentLine.objects.bulk_create(
        FulfillmentLine(fulfillment=fulfillment, order_line=line, quantity=quantity) for line, quantity in sent
    )
    is_complete = all(line.quantity_fulfilled == line.quantity for line in lines.values())
    _note_shipment(order, parcel, is_complete, actor)
    return order


@transaction.atomic
def deliver(*, order_id: UUID | str, actor: "User") -> Order:
    """Notes that everything arrived."""
    order = states.locked(order_id, actor)
    states.permit(order, OrderAction.DELIVER, actor)

    states.move(order, OrderStatus.DELIVERED, events.OrderDelivered(number=order.number), actor=actor)
    return order


def _note_shipment(order: Order, parcel: Parcel, is_complete: bool, actor: "User") -> None:
    event = events.OrderShipped(number=order.number, is_complete=is_complete, **vars(parcel))
    status = OrderStatus.SHIPPED if is_complete else OrderStatus.PARTIALLY_SHIPPED
    if order.status == status:  # one more parcel, and still not the last
        states.tell(order, event, actor=actor)
    else:
        states.move(order, status, event, actor=actor)


def _wanted(lines: dict[UUID, OrderLine], quantities: Iterable[tuple[UUID, int]] | None) -> list[tuple[OrderLine, int]]:
    if quantities is None:
        return [(line, line.quantity - line.quantity_fulfilled) for line in lines.values() if not _is_sent(line)]
    wanted: dict[UUID, int] = {}
    for line_id, quantity in quantities:
        if line_id not in lines:
            raise OrderError(
                OrderErrorCode.NOT_FOUND, "The order has no such line.", field=["input", "lines", "orderLineId"]
            )
        _check_quantity(quantity, lines[line_id], wanted.get(line_id, 0))
        wanted[line_id] = wanted.get(line_id, 0) + quantity
    if not wanted:
        raise OrderError(
            OrderErrorCode.REQUIRED,
            "Name at least one line, or leave `lines` out to send all.",
            field=["input", "lines"],
        )
    return [(lines[line_id], quantity) for line_id, quantity in wanted.items()]


def _is_sent(line: OrderLine) -> bool:
    return line.quantity_fulfilled == line.quantity


def _check_quantity(quantity: int, line: OrderLine, already_wanted: int) -> None:
    still_open = line.quantity - line.quantity_fulfilled - already_wanted
    if not 1 <= quantity <= still_open:
        raise OrderError(
            OrderErrorCode.QUANTITY_INVALID,
            f"{still_open} of {line.sku} are still to be sent; the quantity was {quantity}.",
            field=["input", "lines", "quantity"],
        )


def _check_parcel(parcel: Parcel) -> None:
    if len(parcel.carrier) > 100 or len(parcel.tracking_number) > 100:
        raise OrderError(
            OrderErrorCode.INVALID, "Carrier and tracking number have at most 100 characters.", field=["input"]
        )
    if any("\0" in part for part in vars(parcel).values()):
        raise OrderError(OrderErrorCode.INVALID, "What a carrier says has printable characters only.", field=["input"])
    if parcel.tracking_url:
        try:
            URLValidator(schemes=["http", "https"])(parcel.tracking_url)
            if len(parcel.tracking_url) > 500:
                raise ValidationError("too long")
        except ValidationError:
            raise OrderError(
                OrderErrorCode.INVALID,
                "The tracking address must be an http or https URL of at most 500 characters.",
                field=["input", "trackingUrl"],
            ) from None
