"""Sending orders out, in one parcel or several, and noting that they arrived."""

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from accounts.services import checks
from notifications.outbox import EventData
from ordering import events
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import PAID, TO_SHIP, Fulfillment, FulfillmentLine, Order, OrderAction, OrderLine, OrderStatus
from ordering.services import carriers, downloading, once, states

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

BATCH = 200


@dataclass(frozen=True)
class Parcel:
    """What a carrier says of a parcel; all of it may be unknown."""

    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""


# ── Sending ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def fulfill(
    *,
    order_id: UUID | str,
    actor: "User",
    quantities: Iterable[tuple[UUID, int]] | None = None,
    parcel: Parcel = Parcel(),
    idempotency_key: str | None = None,
) -> once.Done[Fulfillment]:
    """Sends so many of each order line, given as (line id, quantity), or all that is open and travels.

    Lines that are delivered as files are sent by themselves as soon as they are paid. Named here they are sent
    without a parcel: that is for those whose files never came, and not before they are paid. QUANTITY_INVALID,
    NOT_FOUND, INVALID, ACTION_NOT_ALLOWED.
    """
    order = states.locked(order_id, actor)
    wanted = None if quantities is None else list(quantities)
    claim = once.claim(
        scope=once.of_order(order),
        key=idempotency_key,
        operation="fulfill",
        asked={"quantities": wanted, **asdict(parcel)},
        actor=actor,
    )
    if claim.answer:
        return once.Done(Fulfillment.objects.select_related("order").get(pk=claim.answer), True)
    states.permit(order, OrderAction.FULFILL, actor)
    parcel = _checked(parcel)
    lines = {line.pk: line for line in order.lines.select_for_update().order_by("pk")}
    sent = _wanted(lines, wanted)

    if _is_digital(sent, parcel):
        _check_paid(order)
        fulfillment = _hand_out(order, list(lines.values()), sent, actor)
    else:
        fulfillment = _write(order, sent, parcel=parcel)
        _note_shipment(order, parcel, all(map(_is_sent, lines.values())), actor)
    claim.keep(fulfillment)
    return once.Done(fulfillment, False)


def _write(
    order: Order, sent: list[tuple[OrderLine, int]], *, parcel: Parcel = Parcel(), is_digital: bool = False
) -> Fulfillment:
    """Counts these units of the lines as sent, in one parcel. The order and its lines are locked."""
    for line, quantity in sent:
        line.quantity_fulfilled += quantity
    OrderLine.objects.bulk_update([line for line, _ in sent], ["quantity_fulfilled"])
    fulfillment = Fulfillment.objects.create(order=order, is_digital=is_digital, **asdict(parcel))
    FulfillmentLine.objects.bulk_create(
        FulfillmentLine(fulfillment=fulfillment, order_line=line, quantity=quantity) for line, quantity in sent
    )
    return fulfillment


@transaction.atomic
def deliver(*, order_id: UUID | str, actor: "User", idempotency_key: str | None = None) -> once.Done[Order]:
    """Notes that everything arrived."""
    order = states.locked(order_id, actor)
    claim = once.claim(
        scope=once.of_order(order), key=idempotency_key, operation="order_deliver", asked={}, actor=actor
    )
    if claim.answer:
        return once.Done(order, is_replay=True)
    states.permit(order, OrderAction.DELIVER, actor)

    states.move(order, OrderStatus.DELIVERED, events.OrderDelivered(number=order.number), actor=actor)
    claim.keep(order)
    return once.Done(order, is_replay=False)


def _note_shipment(order: Order, parcel: Parcel, is_complete: bool, actor: "User") -> None:
    _note(
        order,
        events.OrderShipped(number=order.number, is_complete=is_complete, **asdict(parcel)),
        is_complete,
        actor,
    )


def _note(order: Order, event: EventData, is_complete: bool, actor: "User | None") -> None:
    status = OrderStatus.SHIPPED if is_complete else OrderStatus.PARTIALLY_SHIPPED
    if order.status == status:  # one more parcel, and still not the last
        states.tell(order, event, actor=actor)
    else:
        states.move(order, status, event, actor=actor)


# ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def fulfill_digital(*, order_id: UUID | str) -> Fulfillment | None:
    """Sends all lines of an order that are delivered as files: its buyer may download them from now on.

    None where there is nothing to send: the order is not paid or not going out, a line has no files yet, or all was
    sent before. An order of nothing else has arrived with it.
    """
    if not downloading.open_lines().filter(order__pk=order_id).exists():
        return None
    order = Order.objects.select_for_update(of=("self",)).get(pk=order_id)
    if order.status not in TO_SHIP or order.payment_status not in PAID:
        return None
    lines = list(order.lines.select_for_update().order_by("pk"))
    having_files = downloading.files_of(lines)
    sent = [(line, line.quantity - line.quantity_fulfilled) for line in lines if line.pk in having_files]
    return _hand_out(order, lines, sent, None) if sent else None


def fulfill_open_digital() -> int:
    """The same for the orders that were paid before their files came, or whose news got lost; how many there were."""
    waiting = downloading.open_lines().filter(
        order__status__in=TO_SHIP, order__payment_status__in=PAID, order__placed_at__isnull=False
    )
    order_ids = list(waiting.order_by("order").values_list("order", flat=True).distinct()[:BATCH])
    for order_id in order_ids:
        try:
            fulfill_digital(order_id=order_id)
        except Exception:  # one that cannot be sent must not hold up the others
            logger.exception("The files of order %s are still not its buyer's.", order_id)
    return len(order_ids)


def _hand_out(
    order: Order, lines: list[OrderLine], sent: list[tuple[OrderLine, int]], actor: "User | None"
) -> Fulfillment:
    """These lines are delivered without a parcel, by their files where they have any. Order and lines are locked."""
    files = downloading.files_of([line for line, _ in sent])
    downloading.allow(files)
    fulfillment = _write(order, sent, is_digital=True)
    is_complete = all(map(_is_sent, lines))
    ready = events.OrderDownloadsReady(
        number=order.number,
        is_complete=is_complete,
        files=[file.name for line in sorted(lines, key=_position) for file in files.get(line.pk, [])],
        times=downloading.DOWNLOADS,
        days=downloading.HOLDS.days,
    )
    _note(order, ready, is_complete, actor)
    if is_complete and all(line.is_digital for line in lines):  # nothing travels, so it has arrived
        states.move(order, OrderStatus.DELIVERED, events.OrderDelivered(number=order.number), tell_buyer=False)
    return fulfillment


def _position(line: OrderLine) -> int:
    return line.position


# ── What the carrier says later ──────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Tracking:
    """What is to change of a parcel; None leaves it as it is."""

    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None


@transaction.atomic
def update_tracking(
    *, fulfillment_id: UUID | str, tracking: Tracking, actor: "User", idempotency_key: str | None
) -> once.Done[Fulfillment]:
    """Writes down what the carrier says of a parcel, and tells the buyer; the same again tells nobody.

    Without a URL the page of a carrier that is known here is named. NOT_FOUND, INVALID, ACTION_NOT_ALLOWED.
    """
    order_ids = Fulfillment.objects.filter(pk=fulfillment_id).values_list("order_id", flat=True)
    order = _locked_of_parcel(order_ids.first(), actor)
    claim = once.claim(
        scope=once.of_order(order),
        key=idempotency_key,
        operation="fulfillment_update",
        asked={"fulfillment": str(fulfillment_id), **asdict(tracking)},
        actor=actor,
    )
    fulfillment = order.fulfillments.select_for_update().get(pk=fulfillment_id)
    fulfillment.order = order
    if claim.answer:
        return once.Done(fulfillment, True)
    if not states.may_manage(actor):
        raise OrderError(OrderErrorCode.ACTION_NOT_ALLOWED, "Only the shop's staff can do this.", field=["id"])
    if fulfillment.is_digital:
        raise OrderError(
            OrderErrorCode.ACTION_NOT_ALLOWED, "No carrier has it: its files are downloaded.", field=["id"]
        )
    was = Parcel(fulfillment.carrier, fulfillment.tracking_number, fulfillment.tracking_url)
    now = _checked(_changed(was, tracking))

    if now != was:
        fulfillment.carrier, fulfillment.tracking_number = now.carrier, now.tracking_number
        fulfillment.tracking_url = now.tracking_url
        fulfillment.save(update_fields=list(asdict(now)))
        states.tell(order, events.OrderTrackingChanged(number=order.number, **asdict(now)), actor=actor)
    claim.keep(fulfillment)
    return once.Done(fulfillment, False)


def _locked_of_parcel(order_id: UUID | None, actor: "User") -> Order:
    gone = OrderError(OrderErrorCode.NOT_FOUND, "There is no such parcel, or you may not see it.", field=["id"])
    if order_id is None:
        raise gone
    try:
        return states.locked(order_id, actor)
    except OrderError:
        raise gone from None


def _changed(was: Parcel, tracking: Tracking) -> Parcel:
    carrier = was.carrier if tracking.carrier is None else tracking.carrier
    number = was.tracking_number if tracking.tracking_number is None else tracking.tracking_number
    url = tracking.tracking_url
    if url is None:  # the page of another carrier, or of another number, would be the wrong one
        url = was.tracking_url if (carrier, number) == (was.carrier, was.tracking_number) else ""
    return Parcel(carrier, number, url)


# ── What is asked ────────────────────────────────────────────────────────────────────────────────────────────────────
def _wanted(lines: dict[UUID, OrderLine], quantities: list[tuple[UUID, int]] | None) -> list[tuple[OrderLine, int]]:
    if quantities is None:
        return _all_open(lines)
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


def _all_open(lines: dict[UUID, OrderLine]) -> list[tuple[OrderLine, int]]:
    """What travels; what does not once nothing else is open."""
    still_open = [(line, line.quantity - line.quantity_fulfilled) for line in lines.values() if not _is_sent(line)]
    return [(line, quantity) for line, quantity in still_open if not line.is_digital] or still_open


def _is_digital(sent: list[tuple[OrderLine, int]], parcel: Parcel) -> bool:
    kinds = {line.is_digital for line, _ in sent}
    if True in kinds and (False in kinds or parcel != Parcel()):
        raise OrderError(
            OrderErrorCode.INVALID,
            "What is downloaded does not go into a parcel. Fulfil it in a call of its own, without a carrier.",
            field=["input", "lines"],
        )
    return True in kinds


def _check_paid(order: Order) -> None:
    """What is downloaded comes to no door where cash could be taken for it."""
    if order.payment_status not in PAID:
        raise OrderError(OrderErrorCode.ACTION_NOT_ALLOWED, "Its files are the buyer's once it is paid.", field=["id"])


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


def _checked(parcel: Parcel) -> Parcel:
    """The parcel, with the page of a carrier that is known here where no other one is named."""
    if len(parcel.carrier) > 100 or len(parcel.tracking_number) > 100:
        raise OrderError(
            OrderErrorCode.INVALID, "Carrier and tracking number have at most 100 characters.", field=["input"]
        )
    if not all(checks.is_text(part) for part in asdict(parcel).values()):
        raise OrderError(OrderErrorCode.INVALID, "What a carrier says has printable characters only.", field=["input"])
    url = parcel.tracking_url or carriers.tracking_url(parcel.carrier, parcel.tracking_number)
    if url:
        try:
            URLValidator(schemes=["http", "https"])(url)
            if len(url) > 500:
                raise ValidationError("too long")
        except ValidationError:
            raise OrderError(
                OrderErrorCode.INVALID,
                "The tracking address must be an http or https URL of at most 500 characters.",
                field=["input", "trackingUrl"],
            ) from None
    return Parcel(parcel.carrier, parcel.tracking_number, url)
