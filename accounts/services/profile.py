"""What people say about themselves: their name, and the address they sign in with."""

from datetime import timedelta

from django.db import IntegrityError, transaction

from accounts import events, throttling
from accounts.errors import AccountError, AccountErrorCode
from accounts.models import EmailLink, EmailLinkPurpose, User, normalize_email
from accounts.services import checks, credentials, email_links
from notifications import outbox

CHANGE_LIFETIME = timedelta(days=1)


@transaction.atomic
def update(*, actor: User, full_name: str) -> User:
    """Changes one's own name."""
    full_name = full_name.strip()
    checks.check_full_name(full_name, field=["input", "fullName"])
    user = _locked(actor)
    if user.full_name != full_name:
        user.full_name = full_name
        user.save(update_fields=["full_name"])
        outbox.record(events.AccountUpdated(fields=["full_name"]), about=user, actor=actor)
    return user


def request_email_change(*, actor: User, new_email: str, password: str) -> str:
    """Sends a link to the new address; returns where it went. Until it is opened the old one stays.

    An address that has an account is written to as well; nothing else tells that it has.
    """
    new_email = normalize_email(new_email)
    checks.check_email(new_email, field=["newEmail"])
    credentials.confirm(actor, password, field=["password"])
    throttling.SEND_LINK.count(new_email)
    with transaction.atomic():
        user = _locked(actor)
        is_taken = User.objects.filter(email=new_email).exists()
        link = email_links.create(EmailLinkPurpose.CHANGE_EMAIL, new_email, lifetime=CHANGE_LIFETIME, user=user)
        outbox.record(events.EmailChangeRequested(), about=user, actor=actor)
        mail = events.EmailChangeUnavailable() if is_taken else events.EmailChangeLinkSent(link_id=str(link.pk))
        # By nobody: whoever reads what they did must not learn which of the two it was.
        outbox.record(mail, about=link, emails=[new_email])
    return new_email


def change_email(*, token: str) -> User:
    """Makes the address the link was sent to the one to sign in with. The old address is told."""
    throttling.OPEN_LINK.count(token)
    return _change_email(email_links.find(EmailLinkPurpose.CHANGE_EMAIL, token))


@transaction.atomic
def _change_email(link: EmailLink) -> User:
    user = User.objects.select_for_update(of=("self",)).filter(email_links=link, is_active=True).first()
    if user is None:
        raise email_links.invalid()
    email_links.use(link)
    old_email, user.email = user.email, link.email
    try:
        with transaction.atomic():
            user.save(update_fields=["email"])
    except IntegrityError:
        raise email_links.invalid() from None
    # Links of before were asked for, or sent to, an address that is not this account's any more.
    email_links.delete(EmailLink.objects.filter(user=user))
    outbox.record(events.EmailChanged(), about=user, actor=user, users=[user.pk], emails=[old_email])
    return user


def _locked(actor: User) -> User:
    """Not somebody whose account ended meanwhile: nothing personal may come to an erased one."""
    user = User.objects.select_for_update().get(pk=actor.pk)
    if not user.is_active:
        raise AccountError(AccountErrorCode.NOT_FOUND, "Your account has just ended; it has no profile any more.")
    return user
