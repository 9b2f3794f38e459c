"""The Django app: the keys that sign tokens are checked, and every `migrate` leaves the roles as the code says."""

from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        checks.register(check_keys)
        # After Django's own, which makes the permissions of the same app.
        post_migrate.connect(_sync_roles, dispatch_uid="accounts.roles")


def check_keys(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    """The keys of JWT_KEYS can be read."""
    from accounts import tokens  # models are not loaded yet when this module is

    try:
        tokens.keys()
    except ImproperlyConfigured as problem:
        return [checks.Error(str(problem), id="accounts.E001")]
    return []


def _sync_roles(app_config: AppConfig, **_: Any) -> None:
    from accounts.services import roles  # models are not loaded yet when this module is

    roles.sync(app_config)
