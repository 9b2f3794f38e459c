"""E-mails about accounts: who gets one, what it says in both its parts, and what never stands in it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.apps import apps
from django.utils import timezone

from accounts import links
from accounts.models import EmailLink
from accounts.services import passwords, privacy, profile, registering, sessions
from notifications import origin
from tests.conftest import PASSWORD, make_user
from tests.people import sent_to, token_in

pytestmark = pytest.mark.django_db

STRONG = "a quite unlikely password"
NAME = "<b>x</b> {{ shop_url }} & “Co”"
HERE = origin.Origin(address="203.0.113.7")


@pytest.fixture
def owner(customer):
    customer.full_name = NAME
    customer.save(update_fields=["full_name"])
    return customer


def register(owner):
    registering.register(email="new@example.com", password=STRONG, full_name=NAME)


def register_again(owner):
    registering.register(email=owner.email, password=STRONG, full_name=NAME)


def resend(owner):
    registering.resend_verification(email="new@example.com")


def request_reset(owner):
    passwords.request_reset(email=owner.email)


def reset(owner):
    link = EmailLink.objects.get(email=owner.email)
    passwords.reset(token=links.token("reset-password", link.pk), new_password=STRONG)


def change_password(owner):
    passwords.change(actor=owner, old_password=PASSWORD, new_password=STRONG)


def request_change(owner):
    profile.request_email_change(actor=owner, new_email="new@example.com", password=PASSWORD)


def request_taken(owner):
    make_user("taken@example.com", full_name=NAME)
    profile.request_email_change(actor=owner, new_email="taken@example.com", password=PASSWORD)


def change_email(owner):
    link = EmailLink.objects.get(email="new@example.com")
    profile.change_email(token=links.token("change-email", link.pk))


def reuse(owner):
    first = sessions.sign_in(email=owner.email, password=PASSWORD).refresh_token
    second = sessions.refresh(refresh_token=first).refresh_token
    sessions.refresh(refresh_token=second)
    with pytest.raises(sessions.AccountError):
        sessions.refresh(refresh_token=first)


def export(owner):
    privacy.request_export(actor=owner)


NEW, OWNER, TAKEN = "new@example.com", "customer@example.com", "taken@example.com"
# What is done, and who gets which e-mail for it.
SENT = [
    (register, "Confirm your e-mail address", NEW),
    (register_again, "You have an account already", OWNER),
    (resend, "Confirm your e-mail address", NEW),
    (request_reset, "A link to set a new password", OWNER),
    (reset, "A new password was set by e-mail.", OWNER),
    (change_password, "The password was changed.", OWNER),
    (request_change, "Confirm your new e-mail address", NEW),
    (request_taken, "This address has an account already", TAKEN),
    (change_email, "The e-mail address was changed.", OWNER),
    (reuse, "A session was ended for safety", OWNER),
    (export, "Your data is ready", OWNER),
]
# What has to be done, and committed, before.
BEFORE = {resend: register, reset: request_reset, change_email: request_change}
LINKED = [(register, "verify-email"), (request_reset, "reset-password"), (request_change, "change-email")]
TOLD_FROM_WHERE = [reset, change_password, change_email, reuse]
every_act = pytest.mark.parametrize("act", [act for act, *_ in SENT], ids=lambda act: act.__name__)


@pytest.fixture
def letters(owner, mailed):
    """`letters(act)`: the e-mails that are sent for it when it is committed."""

    def after(act):
        with origin.entered(HERE):
            if act in BEFORE:
                with mailed():
                    BEFORE[act](owner)
            with mailed() as sent:
                act(owner)
        return sent

    return after


class _Words(HTMLParser):
    """What a person reads of a page."""

    def __init__(self):
        super().__init__()
        self.words, self.tags = [], []

    def handle_data(self, data):
        self.words += data.split()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def html_of(message):
    ((html, kind),) = message.alternatives
    assert kind == "text/html"
    page = _Words()
    page.feed(html)
    return " ".join(page.words), page.tags


@pytest.mark.parametrize(("act", "subject", "reader"), SENT, ids=[act.__name__ for act, *_ in SENT])
def test_each_act_is_told_to_its_reader_and_to_nobody_else(letters, act, subject, reader):
    (message,) = letters(act)

    assert (message.subject, message.to, message.cc, message.bcc) == (subject, [reader], [], [])


def test_every_e_mail_of_accounts_is_tried_here():
    folder = Path(apps.get_app_config("accounts").path, "templates", "events")
    written = {path.name.partition(".email.")[0] for path in folder.glob("*.email.*")}
    titles = {(folder / f"{name}.title.txt").read_text().strip() for name in written}

    assert titles == {subject for _, subject, _ in SENT}
    for name in written:
        assert (folder / f"{name}.email.txt").exists()
        assert (folder / f"{name}.email.html").exists()


@every_act
def test_both_parts_say_the_same(letters, act):
    for message in letters(act):
        read, _ = html_of(message)

        assert message.subject in read
        for paragraph in message.body.split("\n\n"):
            assert " ".join(paragraph.split()) in read


@every_act
def test_no_name_stands_in_an_e_mail(letters, act):
    """Anybody can register anybody's address under any name: an e-mail with it would carry a stranger's words."""
    for message in letters(act):
        read, tags = html_of(message)

        for text in (message.subject, message.body, message.alternatives[0][0], read):
            assert "<b>" not in text
            assert "&lt;b" not in text
            assert "“Co”" not in text
        assert "b" not in [tag for tag, _ in tags]


@every_act
def test_an_e_mail_holds_no_password_and_no_session(letters, act):
    for message in letters(act):
        whole = message.message().as_string()

        for secret in (PASSWORD, STRONG, "Bearer", "md5$"):
            assert secret not in whole


@every_act
def test_an_e_mail_is_signed_by_the_shop_and_loads_nothing(letters, act, settings):
    settings.DEFAULT_FROM_EMAIL = "Tea & Co <tea@example.com>"
    settings.SHOP_URL = "https://tea.example.com"

    for message in letters(act):
        read, tags = html_of(message)
        assert message.from_email == "Tea & Co <tea@example.com>"
        assert read.endswith("Tea & Co · https://tea.example.com")
        assert {tag for tag, _ in tags}.isdisjoint({"img", "script", "link", "iframe", "style"})
        assert ("html", {"lang": "en"}) in tags


@pytest.mark.parametrize(("act", "page"), LINKED, ids=[page for _, page in LINKED])
def test_a_link_is_the_same_in_both_parts_and_leads_to_the_frontends_page(letters, act, page, settings):
    settings.FRONTEND_URL = "https://www.example.com/shop/"

    (message,) = letters(act)

    address = f"https://www.example.com/shop/{page}#token={token_in(message)}"
    _, tags = html_of(message)
    hrefs = [attributes["href"] for tag, attributes in tags if tag == "a"]
    assert hrefs == [address, address, settings.SHOP_URL]
    assert address in message.body.splitlines()


@pytest.mark.parametrize("act", [act for act, _ in LINKED], ids=lambda act: act.__name__)
def test_a_link_can_be_copied_out_of_what_is_sent(letters, act):
    """Quoted-printable would break it over lines, and write its = as =3D."""
    (message,) = letters(act)

    sent = message.message().as_bytes().decode()

    text = sent.partition("text/html")[0]
    assert re.search(rf"^http\S+#token={re.escape(token_in(message))}$", text, re.MULTILINE)
    assert "quoted-printable" not in sent
    assert "base64" not in sent


def test_a_name_from_all_over_the_world_does_not_break_a_link(letters, settings):
    settings.DEFAULT_FROM_EMAIL = "Łukaszs Tëe 茶 <tea@example.com>"

    (message,) = letters(register)

    assert f"#token={token_in(message)}\n" in message.message().as_bytes().decode()


@pytest.mark.parametrize("act", TOLD_FROM_WHERE, ids=lambda act: act.__name__)
def test_what_happened_to_an_account_is_told_with_when_and_from_where(letters, act):
    (message,) = letters(act)

    now = timezone.now()
    assert f"It was done on {now.day} {now:%B %Y} at " in message.body
    assert "UTC, from the IP address 203.0.113.7." in message.body


def test_nobody_gets_an_e_mail_for_an_address_without_an_account(letters):
    assert letters(lambda owner: passwords.request_reset(email="nobody@example.com")) == []
    assert letters(lambda owner: registering.resend_verification(email="nobody@example.com")) == []


def test_an_account_that_was_switched_off_gets_no_link(letters, owner):
    type(owner).objects.update(is_active=False)

    assert letters(request_reset) == []


def test_the_new_address_hears_nothing_of_what_happened_before(letters, owner):
    letters(change_email)

    assert [message.subject for message in sent_to("new@example.com")] == ["Confirm your new e-mail address"]
