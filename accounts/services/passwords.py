"""Changing a password, and getting a new one through the e-mail address."""

from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import events, throttling
from accounts.errors import AccountError, AccountErrorCode
from accounts.models import EmailLink, EmailLinkPurpose, User, normalize_email
from accounts.services import checks, credentials, email_links, sessions
from notifications import outbox

RESET_LIFETIME = timedelta(hours=1)


def change(*, actor: User, old_password: str, new_password: str) -> sessions.Tokens:
    """Sets a new password, ends every session, and opens a new one for whoever changed it."""
    credentials.confirm(actor, old_password, field=["oldPassword"])
    checks.check_password(new_password, actor, field=["newPassword"])
    hashed = make_password(new_password)
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=actor.pk)
        if user.password != actor.password or not user.is_active:
            raise AccountError(AccountErrorCode.PASSWORD_WRONG, "This is not your password.", field=["oldPassword"])
        replace(user, hashed)
        outbox.record(events.PasswordChanged(), about=user, actor=user, users=[user.pk], emails=[user.email])
        return sessions.open_session(user)


def request_reset(*, email: str) -> None:
    """Sends a link to set a new password, to an address that has an account. Nothing tells whether it has."""
    email = normalize_email(email)
    checks.check_email(email, field=["email"])
    throttling.SEND_LINK.count(email)
    with transaction.atomic():
        owner = User.objects.select_for_update().filter(email=email).first()
        link = email_links.create(EmailLinkPurpose.RESET_PASSWORD, email, lifetime=RESET_LIFETIME, user=owner)
        reader = [email] if owner and owner.is_active else []
        outbox.record(events.PasswordResetRequested(link_id=str(link.pk)), about=owner or link, emails=reader)


def reset(*, token: str, new_password: str) -> User:
    """Sets a new password by the link of `request_reset`, and ends every session."""
    throttling.OPEN_LINK.count(token)
    link = email_links.find(EmailLinkPurpose.RESET_PASSWORD, token)
    if link.user is None or not link.user.is_active:
        raise email_links.invalid()
    checks.check_password(new_password, link.user, field=["password"])
    hashed = make_password(new_password)
    with transaction.atomic():
        user = User.objects.select_for_update().filter(pk=link.user.pk, email=link.email, is_active=True).first()
        if user is None:
            raise email_links.invalid()
        email_links.use(link)
        replace(user, hashed)
        outbox.record(events.PasswordReset(), about=user, actor=user, users=[user.pk], emails=[user.email])
    throttling.SIGN_IN.forgive(user.email)
    return user


def replace(user: User, hashed: str) -> None:
    """Puts a new password in place of the old one of somebody whose row is locked, and ends every session."""
    user.password = hashed
    user.save(update_fields=["password"])
    # Those to another address as well: whoever knew the old password may have asked for one.
    email_links.delete(EmailLink.objects.filter(user=user))
    sessions.end_all(user)
