"""The Django app, and the check that whoever it has to ask is there."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string


class OrderingConfig(AppConfig):
    name = "ordering"

    def ready(self) -> None:
        checks.register(check_who_is_asked)


def check_who_is_asked(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    """Whoever TAX_STRATEGY and ORDER_APPROVAL_GATE name is there to be asked."""
    return [
        checks.Error(f"There is no {getattr(settings, name)}, which {name} names.", id=f"ordering.E00{number}")
        for number, name in enumerate(["TAX_STRATEGY", "ORDER_APPROVAL_GATE"], 1)
        if not _is_there(getattr(settings, name))
    ]


def _is_there(path: str) -> bool:
    try:
        return callable(import_string(path))
    except ImportError:
        return False
