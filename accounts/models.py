"""People who sign in, their sessions and addresses, and the links that e-mails bring them."""

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from notifications.models import Event

MAX_EMAIL = 254
MAX_ADDRESSES = 20
# How long what was made of a person's data waits to be fetched.
EXPORT_LIFETIME = timedelta(days=7)


def normalize_email(email: str) -> str:
    """One spelling of an address: no surrounding space, lower case throughout, an international domain as `xn--`."""
    email = email.strip()
    if len(email) > MAX_EMAIL:  # nobody's; and encoding a domain costs the square of its length
        return email
    local, at, domain = email.rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        return email
    # Lower case would turn some letters outside ASCII into those of another address, such as the Kelvin sign into k.
    return f"{local}{at}{domain}".lower() if local.isascii() else email


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """The user with this e-mail address, in whichever case it is written."""
        return self.get(email=normalize_email(username or ""))

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})


class RateTier(models.TextChoices):
    STANDARD = "STANDARD"
    PREMIUM = "PREMIUM"


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in with an e-mail address. The id is what tokens and events name; it never changes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField(default=False, help_text="May open the admin.")
    is_active = models.BooleanField(default=True, help_text="Unset instead of deleting an account.")
    rate_tier = models.CharField(
        max_length=16, choices=RateTier, default=RateTier.STANDARD, help_text="How many requests an hour."
    )
    date_joined = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)
    sessions_ended_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="All of them, at once.")

    # Of the access token the user came with; see `accounts.tokens`.
    session_id: uuid.UUID | None = None

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_is_unique_in_any_case"),
            models.CheckConstraint(condition=models.Q(rate_tier__in=RateTier.values), name="user_rate_tier_is_known"),
        ]
        indexes = [
            models.Index(fields=["-date_joined", "id"], name="user_by_date_joined"),
            models.Index(fields=["full_name", "id"], name="user_by_full_name"),
            models.Index(fields=["last_login", "id"], name="user_by_last_login"),
            models.Index(fields=["erased_at"], condition=models.Q(erased_at__isnull=False), name="user_erased"),
        ]
        permissions = [
            ("manage_users", "Can change, deactivate and reactivate users"),
            ("set_roles", "Can set users' roles"),
        ]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Where a password is set without a service, such as by `manage.py changepassword`, every session ends too."""
        is_password_new = getattr(self, "_password", None) is not None and not self._state.adding
        super().save(*args, **kwargs)
        if is_password_new:
            self.sessions.filter(ended_at=None).update(ended_at=timezone.now())

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session of the admin must agree with: it ends when all sessions are ended, as with a new password."""
        bound_to = f"{self.password} {self.sessions_ended_at}"
        return salted_hmac("accounts.User.session", bound_to, secret=secret, algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        return self.full_name or self.email

    @property
    def requests_per_hour(self) -> int:
        """How many requests this person may send in an hour; whoever is not signed in, `RATE_TIERS["ANONYMOUS"]`."""
        return settings.RATE_TIERS[self.rate_tier]


class SessionQuerySet(models.QuerySet["Session"]):
    def open(self) -> Self:
        """Those whose tokens are still accepted."""
        return self.filter(ended_at=None, expires_at__gt=timezone.now())


class Session(models.Model):
    """One sign-in on one device, with all the tokens that came of it. When it has ended, none of them is accepted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="sessions")
    user_agent = models.CharField(max_length=300, blank=True)
    address = models.CharField(max_length=45, blank=True, help_text="The IP address it was last used from.")
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(help_text="When it was opened or last refreshed.")
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-last_used_at", "id"], name="session_by_user"),
            models.Index(fields=["expires_at"], name="session_by_expiry"),
            models.Index(fields=["ended_at"], name="session_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.created_at:%Y-%m-%d %H:%M}"


class RefreshToken(models.Model):
    """One refresh token, as a digest. Using it makes its successor in the same session."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="refresh_tokens")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=models.Q(used_at=None), name="refresh_token_one_unused_per_session"
            )
        ]
        indexes = [models.Index(fields=["expires_at"], name="refresh_token_by_expiry")]

    def __str__(self) -> str:
        return f"{self.session_id} {self.created_at:%Y-%m-%d %H:%M}"


class EmailLinkPurpose(models.TextChoices):
    VERIFY_EMAIL = "verify-email"
    RESET_PASSWORD = "reset-password"
    CHANGE_EMAIL = "change-email"


class EmailLink(models.Model):
    """A link that was sent to an e-mail address. Using it proves who reads there; then it is gone, so it works once.

    An account comes to be when the link of its registration is opened: until then name and password wait here, each
    registration's with its own link, so that nobody can put a password under somebody else's account.
    One is also made for what nobody will get a link to, so that the two cannot be told apart.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=16, choices=EmailLinkPurpose)
    email = models.EmailField()
    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="email_links")
    full_name = models.CharField(max_length=150, blank=True)
    password = models.CharField(max_length=128, blank=True, editable=False, help_text="Hashed.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    # They go with the link: nothing remains of an address that never became an account.
    events = GenericRelation(Event, "subject_id", "subject_type")

    class Meta:
        indexes = [
            models.Index(fields=["email", "purpose", "-created_at"], name="email_link_by_address"),
            models.Index(fields=["expires_at"], name="email_link_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.email}"


class Address(models.Model):
    """One entry of a person's address book, in the form its country uses."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="addresses")
    full_name = models.CharField(max_length=150)
    line1 = models.CharField(max_length=200)
    line2 = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100)
    region = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, help_text="ISO 3166 code.")
    phone = models.CharField(max_length=16, blank=True, help_text="E.164: +4930123456.")
    is_default_shipping = models.BooleanField(default=False)
    is_default_billing = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(is_default_shipping=True), name="address_one_default_shipping"
            ),
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(is_default_billing=True), name="address_one_default_billing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.full_name}, {self.city}"


class DataExportQuerySet(models.QuerySet["DataExport"]):
    def unexpired(self) -> Self:
        """Those that wait to be fetched, or made."""
        return self.filter(requested_at__gt=timezone.now() - EXPORT_LIFETIME)


class DataExport(models.Model):
    """All that is held on a person, as the JSON document they asked for. Empty until the task has made it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="data_exports")
    content = models.TextField(blank=True, editable=False)
    requested_at = models.DateTimeField(auto_now_add=True)
    ready_at = models.DateTimeField(null=True, blank=True)

    objects = DataExportQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-requested_at"], name="data_export_by_user"),
            models.Index(fields=["requested_at"], name="data_export_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.requested_at:%Y-%m-%d %H:%M}"

    @property
    def expires_at(self) -> datetime:
        """When it is deleted."""
        return self.requested_at + EXPORT_LIFETIME
