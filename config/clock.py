"""Beat for a shop without a broker: what is due is done in one thread of the server's own process."""

from typing import Any

from celery import beat
from django.conf import settings
from django.db import connections

from config.celery import app


class _Clock(beat.Scheduler):
    """Keeps in memory what is due when: no file, and with the process it is forgotten."""

    # Nothing is sent anywhere: tasks run here, one after the other.
    producer = None

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        try:
            super().apply_entry(entry, producer)
        finally:
            connections.close_all()


def start() -> bool:
    """Runs the schedule from now on; False where a broker is configured, since then beat is a process of its own."""
    if not settings.CELERY_TASK_ALWAYS_EAGER:
        return False
    app.loader.import_default_modules()
    beat.EmbeddedService(app, thread=True, scheduler_cls=_Clock).start()
    return True
