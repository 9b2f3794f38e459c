"""The Django app: nothing starts without keys to sign with, and every `migrate` leaves the roles as the code says."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.apps.registry import Apps
from django.conf import settings
from django.core import checks
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        # After Django's own, which makes the permissions of the same app.
        post_migrate.connect(_sync_roles, dispatch_uid="accounts.roles")
        checks.register(check_who_is_asked)
        _read_keys()


def check_who_is_asked(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    """Whoever PERSONAL_DATA and ACCOUNT_ERASURE_GATE name is there to be asked."""
    names = [*settings.PERSONAL_DATA.values(), settings.ACCOUNT_ERASURE_GATE]
    return [
        checks.Error(f"There is no {name}, which the settings name.", id="accounts.E001")
        for name in names
        if not _is_there(name)
    ]


def _is_there(name: str) -> bool:
    try:
        return callable(import_string(name))
    except ImportError:
        return False


def _read_keys() -> None:
    """Not a system check: web processes run none."""
    from accounts import tokens  # models are not loaded yet when this module is

    tokens.keys()


def _sync_roles(app_config: AppConfig, apps: Apps = installed, **_: Any) -> None:
    from accounts.services import roles  # models are not loaded yet when this module is

    # Without groups nobody has come far enough with `migrate`.
    if "auth" in apps.app_configs:
        roles.sync(app_config)
