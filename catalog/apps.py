"""The Django app, and the check that whoever it has to ask is there."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string


class CatalogConfig(AppConfig):
    name = "catalog"

    def ready(self) -> None:
        checks.register(check_who_is_asked)


def check_who_is_asked(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    """Whoever PURCHASE_CHECK names is there to be asked."""
    try:
        is_there = callable(import_string(settings.PURCHASE_CHECK))
    except ImportError:
        is_there = False
    message = f"There is no {settings.PURCHASE_CHECK}, which PURCHASE_CHECK names."
    return [] if is_there else [checks.Error(message, id="catalog.E001")]
