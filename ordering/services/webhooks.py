"""What gateways tell by themselves: stored once when it comes, worked on by a task, in any order."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils import timezone

from notifications import outbox
from notifications.models import Event
from ordering import events
from ordering.gateways import GatewayError, gateway
from ordering.models import Payment, PaymentState, WebhookMessage
from ordering.services import asking, matching, paying, recovering

logger = logging.getLogger(__name__)

# The first try comes with the news of it; the others wait for 1, 2, 4 … minutes, the last for about a day and a half.
MAX_TRIES = 12
BATCH = 200
# So long a message can be looked at, done or given up.
KEPT_FOR = timedelta(days=90)
PURGE_BATCH = 5000
MAX_OUTCOME = 255
MAX_TYPE = 100


class LaterError(Exception):
    """Nothing can be done about a message yet."""


def receive(*, gateway_name: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Stores a verified message and has it worked on; told again, it changes nothing. The gateway is asked nothing.

    KeyError for a gateway the shop does not have, `ForgedError` for a message that it did not send.
    """
    message = gateway(gateway_name).message(body=body, headers=headers)
    if message is None:
        return
    body_kept = {**message.body, "reference": message.reference, "key": message.key}
    with transaction.atomic():
        stored, is_new = WebhookMessage.objects.get_or_create(
            gateway=gateway_name,
            message_id=message.id,
            defaults={
                "type": message.type[:MAX_TYPE],
                "body": {name: _storable(value) for name, value in body_kept.items()},
            },
        )
        if is_new:
            outbox.record(events.WebhookReceived(gateway=gateway_name, message_type=stored.type), about=stored)


def _storable(value: Any) -> Any:
    """PostgreSQL keeps no NUL, and metadata may be anybody's."""
    return value.replace("\0", "") if isinstance(value, str) else value


def apply(*, message_id: UUID | str) -> WebhookMessage:
    """Brings the payment a message is about to where the gateway's books say it is; returns the message.

    What the message says is not believed, so it may come in any order and more than once. Where the gateway does not
    answer, or a checkout still runs, it stays open for `apply_open`. Never call it inside a transaction.
    """
    message = WebhookMessage.objects.get(pk=message_id)
    with suppress(GatewayError):
        _try(message)
    return message


def apply_open() -> int:
    """Tries again what is still open and due; returns how many messages that were. Those of a gateway that has fallen
    silent are not tried: they have as many tries left as before."""
    due = list(_due(timezone.now()).order_by("received_at").values_list("pk", "gateway")[:BATCH])
    asked = asking.Round()
    for message_id, name in due:
        asked.is_done(partial(_try_by_id, message_id), gateway=name, about=f"The webhook message {message_id}")
    return len(due)


def _try_by_id(message_id: UUID) -> None:
    _try(WebhookMessage.objects.get(pk=message_id))


def _try(message: WebhookMessage) -> None:
    """Works on a message, or puts it off: with `GatewayError` where the gateway does not answer."""
    if message.processed_at:
        return
    try:
        outcome = _applied(message)
    except GatewayError as silence:
        _put_off(message, str(silence))
        raise
    except LaterError as reason:
        _put_off(message, str(reason))
    except Exception as error:  # one that cannot be worked on must not hold up the others
        logger.exception("The webhook message %s cannot be worked on.", message.pk)
        _put_off(message, f"{type(error).__name__}: {error}")
    else:
        _close(message, outcome)


def apply_again(*, message_id: UUID | str) -> WebhookMessage:
    """Works on a message once more, also on one that was given up or is done: its payment may need it."""
    WebhookMessage.objects.filter(pk=message_id).update(processed_at=None, tries=0)
    return apply(message_id=message_id)


@transaction.atomic
def purge() -> int:
    """Deletes the messages that came more than 90 days ago and are done or given up, with the news of them; returns how
    many went."""
    ended = models.Q(processed_at__isnull=False) | models.Q(tries__gte=MAX_TRIES)
    old = WebhookMessage.objects.filter(ended, received_at__lt=timezone.now() - KEPT_FOR).order_by("received_at", "pk")
    keys = list(old.values_list("pk", flat=True)[:PURGE_BATCH])
    Event.objects.filter(
        subject_type=ContentType.objects.get_for_model(WebhookMessage), subject_id__in=[str(key) for key in keys]
    ).delete()
    WebhookMessage.objects.filter(pk__in=keys).delete()
    return len(keys)


def _due(now: datetime) -> "models.QuerySet[WebhookMessage]":
    waited = models.Q()
    for tries in range(MAX_TRIES):
        waited |= models.Q(tries=tries, received_at__lt=now - timedelta(minutes=2**tries))
    return WebhookMessage.objects.filter(waited, processed_at=None)


def _put_off(message: WebhookMessage, reason: str) -> None:
    message.outcome = reason[:MAX_OUTCOME]
    message.tries += 1
    WebhookMessage.objects.filter(pk=message.pk, processed_at=None).update(
        outcome=message.outcome, tries=models.F("tries") + 1
    )


def _close(message: WebhookMessage, outcome: str) -> None:
    message.outcome = outcome[:MAX_OUTCOME]
    message.processed_at = timezone.now()
    message.save(update_fields=["outcome", "processed_at"])


def _applied(message: WebhookMessage) -> str:
    payment = _payment_of(message)
    if payment is None:
        return "It is about no payment of this shop."
    if payment.state == PaymentState.REQUESTED and payment.updated_at > timezone.now() - recovering.RECOVER_AFTER:
        raise LaterError("The checkout is still running.")
    paying.settle_payment(order_id=payment.order_id)
    if message.body.get("is_disputed"):  # the bank may take the money back; the parcel had better stay until then
        return matching.hold(payment_id=payment.pk, reason="The buyer disputes the charge.")
    return matching.match(payment_id=payment.pk)


def _payment_of(message: WebhookMessage) -> Payment | None:
    """The payment by our own id, which the gateway gives back, or by the gateway's name for it."""
    payments = Payment.objects.select_related("order").filter(gateway=message.gateway)
    key, reference = message.body.get("key"), message.body.get("reference")
    try:
        if key and (found := payments.filter(pk=UUID(key)).first()):
            return found
    except ValueError:  # somebody else's
        pass
    return payments.filter(reference=reference).first() if reference else None
