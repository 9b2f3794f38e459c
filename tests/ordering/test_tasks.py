"""The tasks of ordering: each is started by something."""

import inspect

from django.conf import settings

from ordering import tasks


def test_every_task_is_started_by_the_clock_or_by_news():
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    reactions = {name for names in settings.EVENT_REACTIONS.values() for name in names}
    every = {task.name for _, task in inspect.getmembers(tasks) if hasattr(task, "delay")}

    assert len(every) > 15
    assert every - scheduled - reactions == set()


def test_what_only_news_starts_and_nothing_else_takes_up_is_named_here():
    """Each of these has a task on the clock that does the same for whatever the news did not reach."""
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    reactions = {name for names in settings.EVENT_REACTIONS.values() for name in names}

    assert {name for name in reactions - scheduled if name.startswith("ordering.")} == {
        "ordering.tasks.apply_webhook",
        "ordering.tasks.forget_customer",
        "ordering.tasks.fulfill_digital",
        "ordering.tasks.issue_credit_note",
        "ordering.tasks.issue_invoice",
        "ordering.tasks.settle_payment",
        "ordering.tasks.settle_refunds",
    }
    assert {
        "ordering.tasks.apply_open_webhooks",
        "ordering.tasks.forget_erased_customers",
        "ordering.tasks.fulfill_open_digital",
        "ordering.tasks.issue_missing_documents",
        "ordering.tasks.settle_open_payments",
        "ordering.tasks.settle_open_refunds",
    } <= scheduled
