"""What staff do with people: changing, deactivating and reactivating them, setting roles, ending sessions.

Nobody reaches beyond themselves: they neither give what they lack, nor act on somebody who may do more than they may,
because whoever changes an e-mail address can have a password sent to it. What counts are permissions, and membership
in groups of the shop's own, which stand for what no permission says, such as deciding approval requests.
Administrators may do everything, except act on superusers.
"""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, transaction
from django.db.models import prefetch_related_objects

from accounts import events
from accounts.errors import AccountError, AccountErrorCode
from accounts.models import EmailLink, RateTier, Session, User, normalize_email
from accounts.permissions import AccountPermission, Role
from accounts.services import checks, email_links, passwords, sessions
from accounts.services.roles import (
    ADMINISTRATORS,
    PERMISSIONS,
    assign,
    is_administrator,
    makes_staff,
    name_of,
    permissions_in,
    permissions_of,
)
from notifications import outbox

MAX_REASON = 500


# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def create(*, actor: User, user: User) -> User:
    """Opens an account that somebody at the shop filled in, without rights. Address, name and password were checked."""
    if not actor.has_perm(AccountPermission.MANAGE_USERS):
        raise _not_permitted("You do not have the permission this needs.")
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise _email_taken() from None
    assign(user, [Role.CUSTOMER])
    outbox.record(events.AccountRegistered(email=user.email, full_name=user.full_name), about=user, actor=actor)
    return user


@transaction.atomic
def update(
    *,
    actor: User,
    user_id: UUID | str,
    full_name: str | None = None,
    email: str | None = None,
    rate_tier: RateTier | None = None,
) -> User:
    """Changes what is given. A new e-mail address needs no link; the old one is told. Sessions go on."""
    actor, user = _enter(actor, user_id, AccountPermission.MANAGE_USERS)
    _refuse_beyond(actor, user)
    given = {
        "full_name": None if full_name is None else full_name.strip(),
        "email": None if email is None else normalize_email(email),
        "rate_tier": rate_tier,
    }
    changed = {name: value for name, value in given.items() if value is not None and value != getattr(user, name)}
    if "full_name" in changed:
        checks.check_full_name(str(changed["full_name"]), field=["input", "fullName"])
    if "rate_tier" in changed and actor == user:
        raise _not_permitted("You cannot change your own limit. Ask another member of staff.", ["input", "rateTier"])
    if "email" in changed:
        _check_new_email(actor, user, str(changed["email"]))
    if not changed:
        return user

    old_email = user.email
    for name, value in changed.items():
        setattr(user, name, value)
    try:
        with transaction.atomic():
            user.save(update_fields=[*changed])
    except IntegrityError:
        raise _email_taken() from None
    outbox.record(events.AccountUpdated(fields=sorted(changed)), about=user, actor=actor)
    if "email" in changed:
        # Links of before were asked for, or sent to, an address that is not this account's any more.
        email_links.delete(EmailLink.objects.filter(user=user))
        outbox.record(events.EmailChanged(), about=user, actor=actor, users=[user.pk], emails=[old_email])
    return user


@transaction.atomic
def deactivate(*, actor: User, user_id: UUID | str, reason: str) -> User:
    """Shuts somebody out and ends all their sessions. Again changes nothing."""
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON or not all(map(checks.is_text, reason.splitlines())):
        raise AccountError(
            AccountErrorCode.REASON_INVALID, f"Give a reason of at most {MAX_REASON} characters.", field=["reason"]
        )
    actor, user = _enter(actor, user_id, AccountPermission.MANAGE_USERS)
    if actor == user:
        raise _not_permitted("You cannot deactivate your own account. Ask another member of staff.")
    _refuse_beyond(actor, user)
    if not user.is_active:
        return user
    refuse_last_administrator(user)

    user.is_active = False
    user.save(update_fields=["is_active"])
    email_links.delete(EmailLink.objects.filter(user=user))
    sessions.end_all(user)
    outbox.record(events.AccountDeactivated(reason=reason), about=user, actor=actor)
    return user


@transaction.atomic
def reactivate(*, actor: User, user_id: UUID | str) -> User:
    """Lets somebody in again who was deactivated. Again changes nothing."""
    actor, user = _enter(actor, user_id, AccountPermission.MANAGE_USERS)
    _refuse_beyond(actor, user)
    if user.is_active:
        return user

    user.is_active = True
    user.save(update_fields=["is_active"])
    outbox.record(events.AccountReactivated(), about=user, actor=actor)
    return user


def set_password(*, actor: User, user_id: UUID | str, password: str | None) -> User:
    """Sets somebody's password, or none to sign in with, and ends every session; the person is told.

    One's own is set by whoever has just proved to know the old one. The password was checked.
    """
    hashed = make_password(password)
    with transaction.atomic():
        actor, user = _enter(actor, user_id, None if str(actor.pk) == str(user_id) else AccountPermission.MANAGE_USERS)
        _refuse_beyond(actor, user)
        passwords.replace(user, hashed)
        outbox.record(events.PasswordChanged(), about=user, actor=actor, users=[user.pk], emails=[user.email])
    return user


# ── Sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def end_sessions(*, actor: User, user_id: UUID | str) -> int:
    """Signs somebody out everywhere. Returns how many sessions there were."""
    actor, user = _enter(actor, user_id, AccountPermission.MANAGE_USERS)
    _refuse_beyond(actor, user)
    count = sessions.end_all(user)
    if count:
        outbox.record(events.SessionsRevoked(count=count), about=user, actor=actor)
    return count


@transaction.atomic
def end_session(*, actor: User, session_id: UUID | str) -> Session:
    """Signs one device of somebody out. Again changes nothing."""
    session = Session.objects.filter(pk=session_id).first()
    if session is None:
        raise AccountError(AccountErrorCode.NOT_FOUND, "There is no such session.", field=["id"])
    actor, user = _enter(actor, session.user_id, AccountPermission.MANAGE_USERS)
    _refuse_beyond(actor, user)
    if sessions.end(session):
        outbox.record(events.SessionRevoked(session_id=str(session.pk)), about=user, actor=actor)
    return session


# ── Rights ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def set_roles(*, actor: User, user_id: UUID | str, roles: Iterable[str]) -> User:
    """Makes these somebody's roles, and no others: the shop's seven, and groups of its own.

    Whoever gets a role of staff may open the admin; whoever loses the last one may not any more.
    """
    actor, user = _enter(actor, user_id, AccountPermission.SET_ROLES)
    _refuse_beyond(actor, user)
    groups = _groups(roles)
    _refuse_giving(actor, [group for group in groups if group not in user.groups.all()])
    had = {group.name for group in user.groups.all()}
    names = {group.name for group in groups}
    # Who may open the admin without a role of staff was let in by a superuser's hand.
    by_hand = user.is_staff and not makes_staff(had)
    is_staff = user.is_superuser or by_hand or makes_staff(names)
    if had == names and is_staff == user.is_staff:
        return user
    if Role.ADMINISTRATOR not in names and not user.is_superuser:
        refuse_last_administrator(user)

    user.groups.set(groups)
    user.is_staff = is_staff
    user.save(update_fields=["is_staff"])
    _record_rights(user, before=had, after=names, actor=actor)
    return user


@transaction.atomic
def set_rights(
    *,
    actor: User,
    user_id: UUID | str,
    roles: Iterable[str],
    permissions: Iterable[Permission],
    is_staff: bool,
    is_superuser: bool,
) -> User:
    """Makes these somebody's rights, and no others. For superusers, who may do by hand what roles do not foresee."""
    actor, user = _enter(actor, user_id, AccountPermission.SET_ROLES)
    if not actor.is_superuser:
        raise _not_permitted("Only a superuser sets rights by hand. Set roles instead.")
    groups, permissions = _groups(roles), list(permissions)
    before = _rights(user)
    if not (is_superuser or any(group.name == Role.ADMINISTRATOR for group in groups)):
        refuse_last_administrator(user)

    user.groups.set(groups)
    user.user_permissions.set(permissions)
    user.is_superuser = is_superuser
    user.is_staff = is_staff or is_superuser or makes_staff(group.name for group in groups)
    user.save(update_fields=["is_superuser", "is_staff"])
    _record_rights(user, before=before, after=_rights(user), actor=actor)
    return user


def refuse_last_administrator(user: User, *, field: str | None = "id") -> None:
    """Raises LAST_ADMINISTRATOR when nobody else who is active may do everything. The user's row is locked.

    Whoever takes an administrator away waits here for whoever takes away another, so that the two cannot leave none.
    """
    if not (user.is_active and is_administrator(user)):
        return
    # After the users' own rows, always; and not the stronger lock, so that nobody waits who becomes an administrator.
    list(Group.objects.select_for_update(no_key=True).filter(name=Role.ADMINISTRATOR.value))
    if not User.objects.filter(ADMINISTRATORS, is_active=True).exclude(pk=user.pk).exists():
        raise AccountError(
            AccountErrorCode.LAST_ADMINISTRATOR,
            "This is the last administrator. Make somebody else an administrator first.",
            field=[field] if field else None,
        )


def may_act_on(*, actor: User, user: User) -> bool:
    """Whether the user is there to be acted on, and may do nothing that the actor may not."""
    prefetch_related_objects([actor, user], *PERMISSIONS)
    return user.erased_at is None and not _is_beyond(actor, user)


# ── Who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _enter(actor: User, user_id: UUID | str, permission: AccountPermission | None) -> tuple[User, User]:
    """Actor and user as they are now, locked in the order of their keys: of two who act on each other one waits, and
    then finds out. Refuses an actor without the permission, and a user who is not there or was erased."""
    keys = {actor.pk, UUID(str(user_id))}
    locked = User.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
    found = {row.pk: row for row in locked.prefetch_related(*PERMISSIONS)}
    actor = found[actor.pk]
    if not actor.is_active or (permission and permission not in permissions_of(actor)):
        raise _not_permitted("You do not have the permission this needs.")
    user = found.get(UUID(str(user_id)))
    if user is None or user.erased_at:
        raise AccountError(AccountErrorCode.NOT_FOUND, "There is no such user.", field=["id"])
    return actor, user


def _refuse_beyond(actor: User, user: User) -> None:
    if _is_beyond(actor, user):
        raise _not_permitted("This person may do more than you may. Ask an administrator.")


def _is_beyond(actor: User, user: User) -> bool:
    if actor.is_superuser or actor == user:
        return False
    return user.is_superuser or not (is_administrator(actor) or _powers(user) <= _powers(actor))


def _refuse_giving(actor: User, groups: Iterable[Group]) -> None:
    if is_administrator(actor):
        return
    lacking = sorted(group.name for group in groups if not _powers_in(group) <= _powers(actor))
    if lacking:
        raise _not_permitted(f"You may not do yourself what {', '.join(lacking)} may.", field=["roles"])


def _powers(user: User) -> set[str]:
    powers = permissions_of(user)
    return powers.union(*(_powers_in(group) for group in user.groups.all()))


def _powers_in(group: Group) -> set[str]:
    """What a group lets its members do: its permissions, and what the shop means by a group of its own."""
    powers = permissions_in(group)
    return powers if group.name in {role.value for role in Role} else powers | {f"group {group.name}"}


# ── Details ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _check_new_email(actor: User, user: User, email: str) -> None:
    if actor == user:
        raise _not_permitted(
            "Change your own address with emailChangeRequest, which asks for your password.", field=["input", "email"]
        )
    checks.check_email(email, field=["input", "email"])
    if User.objects.filter(email=email).exists():
        raise _email_taken()


def _groups(names: Iterable[str]) -> list[Group]:
    """The groups of these names; ROLE_UNKNOWN with those that are none."""
    names = set(names)
    storable = [name for name in names if checks.is_text(name)]
    groups = list(Group.objects.filter(name__in=storable).order_by("pk").prefetch_related("permissions__content_type"))
    unknown = sorted(repr(name) for name in names - {group.name for group in groups})
    if unknown:
        raise AccountError(
            AccountErrorCode.ROLE_UNKNOWN,
            f"There is no role {', '.join(unknown)}. `roles` lists those there are.",
            field=["roles"],
        )
    return groups


def _rights(user: User) -> set[str]:
    """Everything that was given to somebody, by name."""
    flags = {name for name in ("superuser", "staff") if getattr(user, f"is_{name}")}
    permissions = user.user_permissions.select_related("content_type")
    return flags | set(user.groups.values_list("name", flat=True)) | {name_of(each) for each in permissions}


def _record_rights(user: User, *, before: set[str], after: set[str], actor: User) -> None:
    if before != after:
        changed = events.RolesChanged(added=sorted(after - before), removed=sorted(before - after))
        outbox.record(changed, about=user, actor=actor, users=[user.pk])


def _not_permitted(message: str, field: list[str] | None = None) -> AccountError:
    return AccountError(AccountErrorCode.NOT_PERMITTED, message, field=field or ["id"])


def _email_taken() -> AccountError:
    return AccountError(
        AccountErrorCode.EMAIL_TAKEN, "Somebody else has this e-mail address.", field=["input", "email"]
    )
