"""`manage.py test_email`: what it sends, and what it says of a mail server that does not take it."""

import socket
import socketserver
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import StringIO
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

SMTP = "django.core.mail.backends.smtp.EmailBackend"


class MailServer(socketserver.ThreadingTCPServer):
    """Takes every e-mail, unless `replies` has another answer to a verb; "" hangs up, None says nothing."""

    daemon_threads = True

    def __init__(self, **replies: str | None):
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.replies: dict[str, str | None] = {"HELLO": "220 ready", "DATA": "354 go on", "QUIT": "221 bye", **replies}
        self.taken: list[EmailMessage] = []
        self.let_go = threading.Event()


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        verb = "HELLO"
        while verb:
            reply = self.server.replies.get(verb, "250 ok")
            if reply is None:
                self.server.let_go.wait()
            if not reply:
                return
            self.wfile.write(f"{reply}\r\n".encode())
            if reply.startswith("354"):
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.taken.append(message_from_bytes(b"".join(lines), policy=policy.default))
                self.wfile.write(b"250 taken\r\n")
            verb = self.rfile.readline()[:4].decode().strip().upper()


@pytest.fixture
def server(settings):
    """Starts a mail server that is the configured one."""
    running = []

    def start(**replies):
        listening = MailServer(**replies)
        running.append(listening)
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = SMTP
        settings.EMAIL_HOST, settings.EMAIL_PORT = listening.server_address
        return listening

    yield start
    for listening in running:
        listening.let_go.set()
        listening.shutdown()
        listening.server_close()


def sent(address="ada@example.com"):
    """What the command says when it succeeds."""
    said = StringIO()
    call_command("test_email", address, stdout=said)
    return said.getvalue().strip()


def refused(address="ada@example.com"):
    """What it says when it fails; `manage.py` then ends with exit code 1."""
    with pytest.raises(CommandError) as failure:
        call_command("test_email", address, stdout=StringIO())
    assert failure.value.returncode == 1
    return str(failure.value)


def test_a_mail_server_gets_one_e_mail_in_text_and_html(server, settings):
    taking = server()

    said = sent()

    assert said == (
        f"The e-mail to ada@example.com was handed over to 127.0.0.1:{settings.EMAIL_PORT}. "
        "Look for it in the mailbox, and among the spam."
    )
    (message,) = taking.taken
    assert (message["To"], message["From"]) == ("ada@example.com", "Nexus <shop@example.com>")
    assert (message["Subject"], message["Auto-Submitted"]) == ("A test e-mail", "auto-generated")
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for part in message.iter_parts():
        assert "If you can read this, Nexus can send e-mails to you." in part.get_content()


def test_an_address_the_server_does_not_know_is_told_with_its_answer(server, settings):
    refusing = server(RCPT="550 5.1.1 No such user here")

    said = refused()

    assert said == (
        f"The e-mail was not sent. 127.0.0.1:{settings.EMAIL_PORT} refused the address ada@example.com: "
        "550 5.1.1 No such user here. Check how it is written."
    )
    assert refusing.taken == []


def test_a_sender_the_server_does_not_like_is_told(server):
    server(MAIL="553 5.7.1 Not yours")

    assert "refused the sender Nexus <shop@example.com>: 553 5.7.1 Not yours. Set DEFAULT_FROM_EMAIL" in refused()


def test_a_password_the_server_refuses_is_told_and_not_shown(server, settings):
    server(EHLO="250-here\r\n250 AUTH PLAIN", AUTH="535 5.7.8 Wrong")
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "shop", "a-secret"

    said = refused()

    assert "refused the user or the password: 535 5.7.8 Wrong. Check those in EMAIL_URL." in said
    assert "a-secret" not in said


def test_a_server_without_the_encryption_that_is_asked_for_is_told(server, settings):
    server()
    settings.EMAIL_USE_TLS = True

    assert "lacks something that EMAIL_URL asks for: STARTTLS" in refused()


def test_a_server_that_takes_no_such_content_is_told_with_its_answer(server):
    server(DATA="554 5.7.0 Not today")

    assert "did not take the e-mail: 554 5.7.0 Not today" in refused()


def test_a_server_that_hangs_up_is_told_with_what_is_usually_wrong(server):
    server(HELLO="")

    assert "hung up. Check that EMAIL_URL begins as the port wants it" in refused()


def test_a_server_that_says_nothing_is_not_waited_for_longer_than_the_timeout(server, settings):
    server(HELLO=None)
    settings.EMAIL_TIMEOUT = 0.2

    assert refused() == (
        f"The e-mail was not sent. 127.0.0.1:{settings.EMAIL_PORT} did not answer within 0.2 seconds. "
        "Check EMAIL_URL and the firewall between."
    )


def test_a_port_without_a_server_is_told(settings):
    settings.EMAIL_BACKEND = SMTP
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = free.getsockname()

    assert refused() == (
        f"The e-mail was not sent. Nothing listens on 127.0.0.1:{settings.EMAIL_PORT}. "
        "Check the host and the port in EMAIL_URL."
    )


def test_a_host_that_does_not_exist_is_told(settings):
    settings.EMAIL_BACKEND = SMTP
    settings.EMAIL_HOST = "mail.invalid"

    assert refused().startswith("The e-mail was not sent. The host mail.invalid was not found.")


def test_tls_to_a_server_that_speaks_none_is_told(server, settings):
    server()
    settings.EMAIL_USE_SSL = True

    assert "did not agree on TLS" in refused()


@pytest.mark.parametrize("address", ["ada", "", "a@b", "ada@example.com\nBcc: bob@example.com"])
def test_what_is_no_address_is_refused_and_nothing_is_sent(address):
    assert refused(address).endswith("is not an e-mail address. It looks like name@example.com.")
    assert mail.outbox == []


def test_in_development_the_e_mail_is_printed(settings, capsys):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

    assert sent().endswith("was printed, because EMAIL_URL names no mail server.")
    assert "Subject: A test e-mail" in capsys.readouterr().out


def test_a_folder_for_e_mails_is_named(settings, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)

    assert sent().endswith(f"was written to a file in {tmp_path}, because EMAIL_URL names no mail server.")
    (written,) = Path(tmp_path).iterdir()
    assert b"To: ada@example.com" in written.read_bytes()
