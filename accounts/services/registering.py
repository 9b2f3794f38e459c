"""From an e-mail address to an account: registering, and opening the link that proves the address."""

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import events, throttling
from accounts.models import EmailLink, EmailLinkPurpose, User, normalize_email
from accounts.permissions import Role
from accounts.services import checks, credentials, email_links, roles
from notifications import outbox

VERIFICATION_LIFETIME = timedelta(days=1)


def register(*, email: str, password: str, full_name: str = "") -> str:
    """Sends a link that opens the account; returns the address it went to. Refuses an invalid address or name and a
    weak password.

    An address that has an account is written to as well, and nothing but its owner's mail tells.
    """
    email = normalize_email(email)
    full_name = full_name.strip()
    checks.check_email(email, field=["input", "email"])
    checks.check_full_name(full_name, field=["input", "fullName"])
    checks.check_password(password, User(email=email, full_name=full_name), field=["input", "password"])
    throttling.REGISTER.count(email)
    hashed = credentials.hashed_for(email, password)
    with transaction.atomic():
        _send(email, full_name, hashed)
    return email


def resend_verification(*, email: str) -> None:
    """Sends the link of the last registration of an address again. Nothing tells whether there was one."""
    email = normalize_email(email)
    checks.check_email(email, field=["email"])
    throttling.SEND_LINK.count(email)
    with transaction.atomic():
        waiting = EmailLink.objects.filter(
            email=email, purpose=EmailLinkPurpose.VERIFY_EMAIL, expires_at__gt=timezone.now()
        ).exclude(password="")
        last = waiting.order_by("-created_at").first()
        _send(email, last.full_name if last else "", last.password if last else "")


@transaction.atomic
def verify_email(*, token: str) -> User:
    """Opens the account whose registration the link belongs to."""
    throttling.OPEN_LINK.count(token)
    link = email_links.find(EmailLinkPurpose.VERIFY_EMAIL, token)
    email_links.use(link)
    return _open_account(link)


def _send(email: str, full_name: str, hashed: str) -> None:
    """The same work whether the address has an account, waits for one, or neither."""
    owner = User.objects.select_for_update().filter(email=email).first()
    link = email_links.create(
        EmailLinkPurpose.VERIFY_EMAIL, email, lifetime=VERIFICATION_LIFETIME, full_name=full_name, password=hashed
    )
    reader = [email] if hashed else []
    if owner is not None and hashed:
        outbox.record(events.RegistrationRepeated(), about=owner, emails=reader)
    elif settings.EMAIL_VERIFICATION or not hashed:
        outbox.record(events.RegistrationRequested(link_id=str(link.pk)), about=link, emails=reader)
    else:
        _open_account(link)


def _open_account(link: EmailLink) -> User:
    user = User(email=link.email, full_name=link.full_name, password=link.password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise email_links.invalid() from None
    roles.assign(user, [Role.CUSTOMER])
    EmailLink.objects.filter(email=link.email, purpose=EmailLinkPurpose.VERIFY_EMAIL).delete()
    outbox.record(events.AccountRegistered(email=user.email, full_name=user.full_name), about=user, actor=user)
    return user
