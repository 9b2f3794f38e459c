"""From an e-mail address to an account: registering, and opening the link that proves the address."""

from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare

from accounts import events, throttling
from accounts.errors import AccountError, AccountErrorCode
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
        last = next(iter(credentials.waiting_for(email)), None)
        _send(email, last.full_name if last else "", last.password if last else "")


def verify_email(*, token: str, password: str | None = None) -> User:
    """Opens the account of the registration that has this password.

    It need not be said where all that wait for the address have one; where somebody else registered with the address
    as well, only the password tells whose account it is to be: PASSWORD_REQUIRED, and the link can be used again.
    """
    throttling.OPEN_LINK.count(token)
    link = email_links.find(EmailLinkPurpose.VERIFY_EMAIL, token)
    return _verified(link, _chosen(link, password))


def _chosen(link: EmailLink, password: str | None) -> EmailLink:
    """Of all registrations that wait for the address, the one whose account it is to be."""
    waiting = credentials.waiting_for(link.email)
    if password is None:
        if len({each.password for each in waiting}) > 1:
            raise AccountError(
                AccountErrorCode.PASSWORD_REQUIRED,
                "There is more than one registration with this address. Say the password you registered with.",
                field=["password"],
            )
        return link
    hashed = credentials.hashed_like(password, link.password or None)
    for each in waiting:
        if constant_time_compare(each.password, hashed):
            return each
    raise AccountError(
        AccountErrorCode.PASSWORD_WRONG,
        "There is no registration with this address and password. Say the password you registered with.",
        field=["password"],
    )


@transaction.atomic
def _verified(link: EmailLink, chosen: EmailLink) -> User:
    # All of the address first, in order: two of its links may be opened at the same moment.
    list(_registrations(link.email).select_for_update().order_by("pk").values_list("pk"))
    email_links.use(link)
    try:
        return _open_account(chosen)
    except IntegrityError:
        raise email_links.invalid() from None


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
        with suppress(IntegrityError):  # somebody was faster with the same address: the same answer
            _open_account(link)


def _open_account(link: EmailLink) -> User:
    user = User(email=link.email, full_name=link.full_name, password=link.password)
    with transaction.atomic():
        user.save(force_insert=True)
    roles.assign(user, [Role.CUSTOMER])
    # What others registered with the address stays until it expires: its passwords are answered as they were before.
    email_links.delete(_registrations(link.email).filter(password=link.password))
    outbox.record(events.AccountRegistered(email=user.email, full_name=user.full_name), about=user, actor=user)
    return user


def _registrations(email: str) -> QuerySet[EmailLink]:
    return EmailLink.objects.filter(email=email, purpose=EmailLinkPurpose.VERIFY_EMAIL)
