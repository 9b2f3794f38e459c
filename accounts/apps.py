"""The Django app: nothing starts without keys to sign with, and every `migrate` leaves the roles as the code says."""

from typing import Any

from django.apps import AppConfig
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


def _sync_roles(app_config: AppConfig, **_: Any) -> None:
    from accounts.services import roles  # models are not loaded yet when this module is

    roles.sync(app_config)
