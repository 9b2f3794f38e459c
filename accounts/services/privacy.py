"""What is held on a person: handing it out, erasing it, and clearing away what has expired."""

import json
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import events, links, throttling
from accounts.errors import AccountError, AccountErrorCode
from accounts.models import EXPORT_LIFETIME, DataExport, EmailLink, RateTier, RefreshToken, Session, User
from accounts.services import credentials, email_links, staff
from notifications import origin, outbox
from notifications import services as notifications
from notifications.models import history_of

EXPORT_PURPOSE = "data-export"
# An export that is not ready by then was lost, and may be asked for again.
EXPORT_TAKES_AT_MOST = timedelta(minutes=10)
# How long the history of sign-ins is kept, for whoever has to find out what happened.
SESSIONS_KEPT = timedelta(days=30)
BATCH = 500


# ── Handing it out ───────────────────────────────────────────────────────────────────────────────────────────────────
def request_export(*, actor: User) -> DataExport:
    """Has a copy of everything held on somebody made; EXPORT_IN_PROGRESS while the last one is being made."""
    throttling.EXPORT.count(str(actor.pk))
    return _request_export(actor)


@transaction.atomic
def _request_export(actor: User) -> DataExport:
    user = User.objects.select_for_update().get(pk=actor.pk)
    if not user.is_active:
        raise AccountError(AccountErrorCode.NOT_FOUND, "Your account has just ended; there is nothing to hand out.")
    under_way = DataExport.objects.filter(
        user=user, ready_at=None, requested_at__gt=timezone.now() - EXPORT_TAKES_AT_MOST
    )
    if under_way.exists():
        raise AccountError(
            AccountErrorCode.EXPORT_IN_PROGRESS,
            "Your data is being put together already. Look at me.dataExport in a moment.",
            retryable=True,
        )

    export = DataExport.objects.create(user=user)
    outbox.record(events.DataExportRequested(export_id=str(export.pk)), about=user, actor=actor)
    return export


def make_export(*, export_id: UUID | str) -> None:
    """Writes the document of an export and tells its owner; again, or of somebody erased meanwhile, changes nothing."""
    export = DataExport.objects.filter(pk=export_id, ready_at=None).select_related("user").first()
    if export is None:
        return
    content = _document(export.user)
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=export.user_id)
        unmade = DataExport.objects.filter(pk=export_id, ready_at=None)
        if unmade.update(content=content, ready_at=timezone.now()):
            ready = events.DataExportReady(export_id=str(export_id))
            outbox.record(ready, about=user, users=[user.pk], emails=[user.email])


def newest_export(*, user: User) -> DataExport | None:
    """The last one that has not expired, without its content."""
    return DataExport.objects.unexpired().filter(user=user).order_by("-requested_at").defer("content").first()


def link_token(*, export: DataExport) -> str:
    """What the link to an export carries, for `links.EXPORT_LINK_SECONDS` from now."""
    return links.passing_token(EXPORT_PURPOSE, export.pk)


def export_behind(*, token: str) -> DataExport | None:
    """The export of a link, if it may still be fetched. A forged token costs no statement."""
    key = links.key_in_passing(EXPORT_PURPOSE, token, seconds=links.EXPORT_LINK_SECONDS)
    if key is None:
        return None
    ready = DataExport.objects.unexpired().filter(ready_at__isnull=False, user__is_active=True)
    return ready.filter(pk=UUID(key)).first()


def _document(user: User) -> str:
    """What every app holds, as JSON. `settings.PERSONAL_DATA` names who tells."""
    held = {name: import_string(teller)(user=user) for name, teller in settings.PERSONAL_DATA.items()}
    document = {"made_at": timezone.now(), "person": str(user.pk), **held}
    return json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def account_data(*, user: User) -> dict[str, Any]:
    """What accounts hold on somebody. No secrets: neither hashes, nor tokens, nor what links are made of."""
    profile = ["id", "email", "full_name", "is_staff", "is_superuser", "is_active", "rate_tier", "date_joined"]
    address = ["full_name", "line1", "line2", "city", "region", "postal_code", "country", "phone"]
    of_address = [*address, "is_default_shipping", "is_default_billing", "created_at"]
    session = ["address", "user_agent", "created_at", "last_used_at", "expires_at", "ended_at"]
    link = ["purpose", "email", "full_name", "created_at", "expires_at"]
    sent = EmailLink.objects.filter(Q(user=user) | Q(email=user.email)).order_by("created_at", "pk")
    permissions = Permission.objects.filter(user=user).order_by("content_type__app_label", "codename")
    return {
        "profile": _columns(user, [*profile, "last_login"]),
        "roles": list(user.groups.order_by("name").values_list("name", flat=True)),
        "permissions": [permission.name for permission in permissions],
        "addresses": [_columns(entry, of_address) for entry in user.addresses.all()],
        "sessions": [_columns(row, session) for row in user.sessions.order_by("created_at", "pk").iterator(BATCH)],
        "links": [_columns(row, link) for row in sent.iterator(BATCH)],
        "exports": [_columns(row, ["requested_at", "ready_at"]) for row in user.data_exports.defer("content")],
        "history": [
            notifications.told(event=event, user=user) for event in history_of(user).order_by("seq").iterator(BATCH)
        ],
        "admin": [
            {"at": entry.action_time, "about": str(entry.content_type), "action": entry.get_action_flag_display()}
            for entry in LogEntry.objects.filter(user=user)
            .select_related("content_type")
            .order_by("action_time", "pk")
            .iterator(BATCH)
        ],
    }


def _columns(row: models.Model, names: list[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


# ── Erasing it ───────────────────────────────────────────────────────────────────────────────────────────────────────
def erase(*, actor: User, password: str) -> None:
    """Makes an account nobody's: what was personal is gone, what happened remains, and apps above follow by the event.

    Refuses a wrong password, whoever still waits for an order (ACCOUNT_IN_USE), and the last administrator. Again
    changes nothing.
    """
    credentials.confirm(actor, password, field=["password"])
    with transaction.atomic():
        # Not the stronger lock: a delivery that tells this person something must be able to end while it is waited for.
        user = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
        if user.erased_at:
            return
        if user.password != actor.password or not user.is_active:
            raise AccountError(AccountErrorCode.PASSWORD_WRONG, "This is not your password.", field=["password"])
        staff.refuse_last_administrator(user, field=None)
        if _is_in_use(user=user):
            raise AccountError(
                AccountErrorCode.ACCOUNT_IN_USE,
                "An order of yours is under way. Erase the account once it has arrived or is cancelled.",
            )

        notifications.forget_person(user=user)
        notifications.forget_history(model=User, keys=[user.pk], user=user, texts=events.PERSONAL)
        _delete_what_is_theirs(user)
        _anonymise(user)
        with origin.entered(origin.Origin()):  # the one event that does not say where from
            outbox.record(events.AccountErased(), about=user, actor=user)


def _is_in_use(*, user: User) -> bool:
    has_open_business: Callable[..., bool] = import_string(settings.ACCOUNT_ERASURE_GATE)
    return has_open_business(user=user)


def _delete_what_is_theirs(user: User) -> None:
    user.sessions.all().delete()
    user.addresses.all().delete()
    user.data_exports.all().delete()
    # Also those that somebody asked for who was not signed in, and with them what happened to them.
    email_links.delete(EmailLink.objects.filter(Q(user=user) | Q(email=user.email)))


def _anonymise(user: User) -> None:
    user.email = f"erased-{user.pk}@erased.invalid"
    user.full_name = ""
    user.set_unusable_password()
    user.is_active = user.is_staff = user.is_superuser = False
    user.rate_tier = RateTier.STANDARD
    user.last_login = None
    user.erased_at = timezone.now()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
    # The admin notes what a row was called when somebody changed it.
    about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
    about.update(object_repr=user.email)


# ── Clearing away ────────────────────────────────────────────────────────────────────────────────────────────────────
def purge() -> int:
    """Deletes what has expired: links at once, exports after a week, sessions and their tokens after a month. Returns
    how many rows of these there were. Again, or at the same time, does no harm."""
    now = timezone.now()
    long_ago = now - SESSIONS_KEPT
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()  # those of the admin
    return sum(
        _delete_in_batches(expired)
        for expired in (
            EmailLink.objects.filter(expires_at__lte=now),
            DataExport.objects.filter(requested_at__lte=now - EXPORT_LIFETIME),
            RefreshToken.objects.filter(expires_at__lt=long_ago),
            Session.objects.filter(Q(ended_at__lt=long_ago) | Q(expires_at__lt=long_ago)),
        )
    )


def _delete_in_batches(expired: "models.QuerySet[Any]") -> int:
    """So that no transaction holds more than a few rows for longer than a moment."""
    count = 0
    while keys := list(expired.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        expired.model._default_manager.filter(pk__in=keys).delete()
        count += len(keys)
    return count
