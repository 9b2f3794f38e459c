"""The project's settings, with a gateway that can be made to wait and a beat that does not."""

from datetime import timedelta

from config.settings import *  # noqa: F403
from config.settings import CELERY_BEAT_SCHEDULE, PAYMENT_GATEWAYS

PAYMENT_GATEWAYS = {**PAYMENT_GATEWAYS, "slow": "tests.services.slow_gateway.SlowGateway"}
# What would keep the worker busy, and nobody waits for here.
UNHURRIED = {"make-missing-thumbnails", "count-sales", "purge", "purge-jobs"}
CELERY_BEAT_SCHEDULE = {
    name: entry if name in UNHURRIED else {**entry, "schedule": timedelta(seconds=1)}
    for name, entry in CELERY_BEAT_SCHEDULE.items()
}
