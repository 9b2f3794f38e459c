"""`manage.py test_email ADDRESS`: whether e-mails leave this shop, and if they do not, why."""

import smtplib
import ssl
from socket import gaierror
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import get_connection
from django.core.mail.backends import console, filebased, smtp
from django.core.management import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.template.loader import render_to_string
from django.utils import timezone

from notifications import delivery

SUBJECT = "A test e-mail"

# The first that fits tells what to do next; subclasses stand before what they derive from.
REASONS: list[tuple[type[OSError], str]] = [
    (smtplib.SMTPRecipientsRefused, "{server} refused the address {address}: {reply}. Check how it is written."),
    (
        smtplib.SMTPSenderRefused,
        "{server} refused the sender {sender}: {reply}. Set DEFAULT_FROM_EMAIL to an address it lets you send from.",
    ),
    (smtplib.SMTPAuthenticationError, "{server} refused the user or the password: {reply}. Check those in EMAIL_URL."),
    (smtplib.SMTPNotSupportedError, "{server} lacks something that EMAIL_URL asks for: {reply}"),
    (
        smtplib.SMTPServerDisconnected,
        "{server} hung up. Check that EMAIL_URL begins as the port wants it: smtp+ssl:// on 465, smtp+tls:// on 587.",
    ),
    (smtplib.SMTPException, "{server} did not take the e-mail: {reply}"),
    (gaierror, "The host {host} was not found. Check EMAIL_URL and the name server of this machine."),
    (TimeoutError, "{server} did not answer within {seconds} seconds. Check EMAIL_URL and the firewall between."),
    (ConnectionRefusedError, "Nothing listens on {server}. Check the host and the port in EMAIL_URL."),
    (ssl.SSLError, "{server} and this machine did not agree on TLS: {reply}. Check the port and host in EMAIL_URL."),
    (OSError, "{server} was not reached: {reply}"),
]


class Command(BaseCommand):
    help = "Sends one e-mail, in HTML and text, to an address, and says whether the mail server took it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="Where to send it.")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        try:
            validate_email(address)
        except ValidationError:
            raise CommandError(f"{address!r} is not an e-mail address. It looks like name@example.com.") from None
        try:
            self._send(address)
        except OSError as error:
            raise CommandError(f"The e-mail was not sent. {_why(error, address)}") from error
        self.stdout.write(f"The e-mail to {address} was {_whereto()}")

    def _send(self, address: str) -> None:
        context = {
            "event": {"message": SUBJECT},
            "shop_name": delivery.shop_name(),
            "shop_url": settings.SHOP_URL,
            "sent_at": timezone.now(),
        }
        text = render_to_string("notifications/test_email.txt", context).strip()
        html = render_to_string("notifications/test_email.html", context)
        # Within `with`, so that the connection is closed also when it is refused half-way.
        with get_connection() as connection:
            connection.send_messages([delivery.email_of(address, subject=SUBJECT, text=text, html=html)])


def _whereto() -> str:
    """What has become of an e-mail that was sent; a mail server is only one of the ways."""
    connection = get_connection()
    if isinstance(connection, smtp.EmailBackend):
        return f"handed over to {_server()}. Look for it in the mailbox, and among the spam."
    if isinstance(connection, filebased.EmailBackend):
        return f"written to a file in {connection.file_path}, because EMAIL_URL names no mail server."
    if isinstance(connection, console.EmailBackend):
        return "printed, because EMAIL_URL names no mail server."
    return f"handed over to {settings.EMAIL_BACKEND}."


def _server() -> str:
    return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"


def _why(error: OSError, address: str) -> str:
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, TimeoutError):
        error = error.__context__  # a server that takes the connection and says nothing
    sentence = next(sentence for kind, sentence in REASONS if isinstance(error, kind))
    return sentence.format(
        address=address,
        host=settings.EMAIL_HOST,
        reply=_reply(error),
        seconds=settings.EMAIL_TIMEOUT,
        sender=settings.DEFAULT_FROM_EMAIL,
        server=_server(),
    )


def _reply(error: OSError) -> str:
    """What the other side said, on one line."""
    replies: list[tuple[int, bytes | str]] = []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        replies = list(error.recipients.values())
    elif isinstance(error, smtplib.SMTPResponseException):
        replies = [(error.smtp_code, error.smtp_error)]
    said = [f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}" for code, text in replies]
    return " ".join(("; ".join(said) or error.strerror or str(error)).split()).rstrip(".")
