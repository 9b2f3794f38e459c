"""The Django app: nothing starts without keys to sign with, and every `migrate` leaves the roles as the code says."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.apps.registry import Apps
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        # After Django's own, which makes the permissions of the same app.
        post_migrate.connect(_sync_roles, dispatch_uid="accounts.roles")
        _read_keys()


def _read_keys() -> None:
    """Not a system check: web processes run none."""
    from accounts import tokens  # models are not loaded yet when this module is

    tokens.keys()


def _sync_roles(app_config: AppConfig, apps: Apps = installed, **_: Any) -> None:
    from accounts.services import roles  # models are not loaded yet when this module is

    # Without groups nobody has come far enough with `migrate`.
    if "auth" in apps.app_configs:
        roles.sync(app_config)
