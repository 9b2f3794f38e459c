"""The Django app, and the roles that every `migrate` leaves as the code says."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        # After Django's own, which makes the permissions of the same app.
        post_migrate.connect(_sync_roles, dispatch_uid="accounts.roles")


def _sync_roles(app_config: AppConfig, **_: Any) -> None:
    from accounts.services import roles  # models are not loaded yet when this module is

    roles.sync(app_config)
