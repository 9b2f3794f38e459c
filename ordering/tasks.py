"""Celery entry points: payments brought to where their orders want them, customers forgotten, sales counted."""

from typing import Any

from celery import shared_task

from notifications.models import Event
from ordering import services
from ordering.gateways import GatewayError
from ordering.services import digital_files, documents, expiring, fulfilling, once, privacy, selling, webhooks


@shared_task(autoretry_for=(GatewayError,), retry_backoff=5, max_retries=5)
def settle_payment(*, subject_id: str, **_: Any) -> None:
    """An order moved: collect its money, or give it back."""
    services.settle_payment(order_id=subject_id)


@shared_task
def settle_open_payments(**_: Any) -> int:
    """What a killed process or a silent gateway left open."""
    return services.settle_open_payments()


@shared_task
def reconcile_payments(**_: Any) -> int:
    """Compares lately changed payments with the books of their gateways."""
    return services.reconcile_payments()


@shared_task(autoretry_for=(GatewayError,), retry_backoff=5, max_retries=5)
def settle_refunds(*, subject_id: str, **_: Any) -> None:
    """Money is to go back."""
    services.settle_refunds(order_id=subject_id)


@shared_task
def settle_open_refunds(**_: Any) -> int:
    """Refunds that a killed process or a silent gateway left open."""
    return services.settle_open_refunds()


@shared_task(autoretry_for=(Exception,), retry_backoff=5, max_retries=5)
def forget_customer(*, subject_id: str, **_: Any) -> None:
    """Somebody erased their account: their orders are kept without them."""
    privacy.forget_customer(user_id=subject_id)


@shared_task
def forget_erased_customers(**_: Any) -> int:
    """The same, for whomever the news did not reach."""
    return privacy.forget_erased_customers()


@shared_task
def count_sales(**_: Any) -> int:
    """How much of each product was sold lately, for the list of best sellers."""
    return selling.count_sales()


@shared_task(autoretry_for=(Exception,), retry_backoff=5, max_retries=5)
def issue_invoice(*, subject_id: str, **_: Any) -> None:
    """An order was paid."""
    documents.issue_invoice(order_id=subject_id)


@shared_task(autoretry_for=(Exception,), retry_backoff=5, max_retries=5)
def issue_credit_note(*, event_id: str, **_: Any) -> None:
    """Money was given back."""
    documents.issue_credit_note(refund_id=Event.objects.get(pk=event_id).payload["refund_id"])


@shared_task
def issue_missing_documents(**_: Any) -> int:
    """The same, for what the news did not bring about."""
    return documents.issue_missing()


@shared_task
def make_documents(**_: Any) -> int:
    """Prints the documents that have a number and no file yet."""
    return documents.make_files()


@shared_task
def apply_webhook(*, subject_id: str, **_: Any) -> None:
    """A gateway told something: its payment is brought to where the gateway's books say it is."""
    webhooks.apply(message_id=subject_id)


@shared_task
def apply_open_webhooks(**_: Any) -> int:
    """The same, for what could not be worked on yet."""
    return webhooks.apply_open()


@shared_task
def purge_webhooks(**_: Any) -> int:
    """What gateways told 90 days ago and was done, or given up."""
    return webhooks.purge()


@shared_task
def release_reservations(**_: Any) -> int:
    """Gives back what carts hold beyond their time, and warns those whose time is nearly over."""
    services.tell_expiring()
    return services.release_expired()


@shared_task(autoretry_for=(Exception,), retry_backoff=5, max_retries=5)
def fulfill_digital(*, subject_id: str, **_: Any) -> None:
    """An order was paid, or goes on: what is downloaded needs no parcel."""
    fulfilling.fulfill_digital(order_id=subject_id)


@shared_task
def fulfill_open_digital(**_: Any) -> int:
    """The same, for orders that were paid before their files came or whose news got lost."""
    return fulfilling.fulfill_open_digital()


@shared_task
def purge_digital_files(**_: Any) -> int:
    """Files that are not sold any more and that nobody may download any longer."""
    return digital_files.purge()


@shared_task
def delete_expired_carts(**_: Any) -> int:
    """Carts that nobody touched for 60 days go."""
    return expiring.delete_expired()


@shared_task
def remind_of_carts(**_: Any) -> int:
    """One e-mail about what somebody left in a cart for a day."""
    return expiring.remind()


@shared_task
def forget_old_keys(**_: Any) -> int:
    """Idempotency keys that nobody will repeat any more."""
    return once.forget_old_keys()
