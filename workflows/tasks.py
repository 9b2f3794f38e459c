"""Celery entry points: what follows from news of the apps below."""

from typing import Any

from celery import shared_task

from workflows import services


@shared_task(autoretry_for=(Exception,), retry_backoff=5, max_retries=5)
def withdraw_approvals(*, subject_id: str, **_: Any) -> None:
    """An order ended: nobody needs to decide about it any more."""
    services.withdraw(order_id=subject_id)


@shared_task
def withdraw_moot_approvals(**_: Any) -> int:
    """The same, for whatever the news did not reach."""
    return services.withdraw_moot()


@shared_task(autoretry_for=(Exception,), retry_backoff=5, max_retries=5)
def forget_customer(*, subject_id: str, **_: Any) -> None:
    """Somebody erased their account: what was said about their orders is forgotten, what was decided is kept."""
    services.forget_customer(user_id=subject_id)


@shared_task
def forget_erased_customers(**_: Any) -> int:
    """The same, for whomever the news did not reach."""
    return services.forget_erased_customers()
