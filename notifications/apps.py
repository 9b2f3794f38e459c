"""The Django app, and the check that no news can get lost for want of a text or a reader."""

import importlib
import importlib.util
from collections.abc import Iterator
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.module_loading import import_string


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        checks.register(check_events)


def check_events(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    """Every event type has its texts; every key of EVENT_REACTIONS is a known type, every value a task."""
    known = set(event_types())
    problems = [_error(f"The event {type_} has no text {name}.") for type_ in known for name in _missing_texts(type_)]
    for type_, reactions in settings.EVENT_REACTIONS.items():
        if type_ not in known:
            problems.append(_error(f"EVENT_REACTIONS names {type_}, which no app records."))
        problems += [_error(f"EVENT_REACTIONS: {name} is no Celery task.") for name in reactions if not _is_task(name)]
    return problems


def event_types() -> Iterator[str]:
    """The `type` of every event class in the apps' `events` modules."""
    for app in apps.get_app_configs():
        if not importlib.util.find_spec(f"{app.name}.events"):
            continue
        module = importlib.import_module(f"{app.name}.events")
        yield from (value.type for value in vars(module).values() if isinstance(getattr(value, "type", None), str))


def _missing_texts(type_: str) -> Iterator[str]:
    for name in (f"events/{type_}.title.txt", f"events/{type_}.body.txt"):
        try:
            get_template(name)
        except TemplateDoesNotExist:
            yield name


def _is_task(name: str) -> bool:
    try:
        return hasattr(import_string(name), "delay")
    except ImportError:
        return False


def _error(message: str) -> checks.CheckMessage:
    return checks.Error(message, id="notifications.E001")
