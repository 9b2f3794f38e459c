"""What is done by the clock: what `settings.CELERY_BEAT_SCHEDULE` is. A task that waits longer than it `expires` is due
again already."""

from datetime import timedelta

from celery.schedules import crontab

SCHEDULE = {
    "sweep": {"task": "notifications.tasks.sweep", "schedule": timedelta(seconds=10), "options": {"expires": 10}},
    "sweep-emails": {"task": "notifications.tasks.sweep_emails", "schedule": timedelta(minutes=10)},
    "purge": {"task": "accounts.tasks.purge", "schedule": crontab(hour=3, minute=30)},
    "withdraw-moot-approvals": {
        "task": "workflows.tasks.withdraw_moot_approvals",
        "schedule": timedelta(seconds=60),
        "options": {"expires": 60},
    },
    "make-missing-thumbnails": {
        "task": "catalog.tasks.make_missing_thumbnails",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "answer-open-stock-alerts": {
        "task": "catalog.tasks.answer_open_stock_alerts",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "forget-erased-customers-catalogue": {
        "task": "catalog.tasks.forget_erased_customers",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "forget-erased-customers-orders": {
        "task": "ordering.tasks.forget_erased_customers",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "forget-erased-customers-approvals": {
        "task": "workflows.tasks.forget_erased_customers",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "count-sales": {
        "task": "ordering.tasks.count_sales",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "issue-missing-documents": {
        "task": "ordering.tasks.issue_missing_documents",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "make-documents": {
        "task": "ordering.tasks.make_documents",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 15},
    },
    "delete-expired-carts": {
        "task": "ordering.tasks.delete_expired_carts",
        "schedule": crontab(hour=4, minute=0),
    },
    "remind-of-carts": {
        "task": "ordering.tasks.remind_of_carts",
        "schedule": timedelta(minutes=30),
        "options": {"expires": 1800},
    },
    "sweep-jobs": {
        "task": "catalog.tasks.sweep_jobs",
        "schedule": timedelta(seconds=20),
        "options": {"expires": 20},
    },
    "purge-jobs": {"task": "catalog.tasks.purge_jobs", "schedule": crontab(hour=3, minute=45)},
    "apply-open-webhooks": {
        "task": "ordering.tasks.apply_open_webhooks",
        "schedule": timedelta(seconds=60),
        "options": {"expires": 60},
    },
    "settle-open-refunds": {
        "task": "ordering.tasks.settle_open_refunds",
        "schedule": timedelta(seconds=60),
        "options": {"expires": 60},
    },
    "fulfill-open-digital": {
        "task": "ordering.tasks.fulfill_open_digital",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "purge-digital-files": {"task": "ordering.tasks.purge_digital_files", "schedule": crontab(hour=4, minute=15)},
    "purge-webhooks": {"task": "ordering.tasks.purge_webhooks", "schedule": timedelta(hours=1)},
    "forget-old-keys": {"task": "ordering.tasks.forget_old_keys", "schedule": timedelta(hours=1)},
    "release-reservations": {
        "task": "ordering.tasks.release_reservations",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "reconcile-payments": {
        "task": "ordering.tasks.reconcile_payments",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "settle-open-payments": {
        "task": "ordering.tasks.settle_open_payments",
        "schedule": timedelta(seconds=60),
        "options": {"expires": 60},
    },
}
