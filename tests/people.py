"""Registering, signing in, and reading the e-mails, as a frontend and its user would."""

import re
from contextlib import contextmanager

from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.db import connection

from accounts import throttling
from notifications import origin
from tests.conftest import PASSWORD

ERRORS = "userErrors { code message field retryable }"
REGISTER = f"mutation($input: AccountRegisterInput!) {{ accountRegister(input: $input) {{ email {ERRORS} }} }}"
VERIFY_EMAIL = f"""
mutation($token: String!, $password: String) {{
  accountVerifyEmail(token: $token, password: $password) {{ user {{ email fullName isStaff isActive roles }} {ERRORS} }}
}}
"""
RESEND = f"mutation($email: String!) {{ accountVerificationResend(email: $email) {{ isAccepted {ERRORS} }} }}"
REQUEST_RESET = f"mutation($email: String!) {{ passwordResetRequest(email: $email) {{ isAccepted {ERRORS} }} }}"
RESET = f"""
mutation($token: String!, $password: String!) {{
  passwordReset(token: $token, password: $password) {{ isReset {ERRORS} }}
}}
"""
CHANGE_PASSWORD = f"""
mutation($old: String!, $new: String!) {{
  passwordChange(oldPassword: $old, newPassword: $new) {{ accessToken refreshToken expiresAt {ERRORS} }}
}}
"""
SIGN_IN = f"""
mutation($email: String!, $password: String!) {{
  tokenCreate(email: $email, password: $password) {{ accessToken refreshToken expiresAt user {{ email }} {ERRORS} }}
}}
"""
REFRESH = (
    f"mutation($t: String!) {{ tokenRefresh(refreshToken: $t) {{ accessToken refreshToken expiresAt {ERRORS} }} }}"
)
REVOKE = f"mutation($t: String!) {{ tokenRevoke(refreshToken: $t) {{ isRevoked {ERRORS} }} }}"
REVOKE_ALL = "mutation { tokensRevokeAll { revokedCount } }"
REVOKE_SESSION = f"mutation($id: ID!) {{ sessionRevoke(id: $id) {{ session {{ id }} {ERRORS} }} }}"
VERIFY = "mutation($t: String!) { tokenVerify(token: $t) { isValid expiresAt user { email } } }"
ME = "{ me { email } }"

LINK_INVALID = {
    "code": "LINK_INVALID",
    "message": "The link has expired or was used. Ask for a new one.",
    "field": ["token"],
    "retryable": False,
}


class CountingHasher(MD5PasswordHasher):
    """The tests' quick password hash, counted."""

    calls = 0

    def encode(self, password, salt):
        CountingHasher.calls += 1
        return super().encode(password, salt)


@contextmanager
def hashes_counted(settings):
    """A list that holds the number of password hashes that were computed within."""
    settings.PASSWORD_HASHERS = ["tests.people.CountingHasher"]
    CountingHasher.calls = 0
    counted = []
    yield counted
    counted.append(CountingHasher.calls)


def register(api, **input):
    return api(REGISTER, input={"email": "new@example.com", "password": PASSWORD, **input})["accountRegister"]


def sign_in(api, email="customer@example.com", password=PASSWORD):
    return api(SIGN_IN, email=email, password=password)["tokenCreate"]


def refresh(api, token):
    return api(REFRESH, t=token)["tokenRefresh"]


def codes(payload):
    return [error["code"] for error in payload["userErrors"]]


def token_in(message):
    """The token of the link in an e-mail, which is the same in both its parts."""
    (html, kind), *others = message.alternatives
    found = {*re.findall(r"#token=([^\s\"<]+)", message.body), *re.findall(r"#token=([^\s\"<]+)", html)}
    assert (kind, others) == ("text/html", [])
    assert len(found) == 1, found
    return found.pop()


def forget_attempts():
    """As if nobody had tried anything yet."""
    throttling._local_limiter().storage.reset()


def coming_from(address):
    """Services called within find themselves asked from this IP address."""
    return origin.entered(origin.Origin(address=address))


def everything_stored():
    """All rows of all tables, as text."""
    with connection.cursor() as cursor:
        texts = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            texts += [f"{table} {row}" for row in cursor.fetchall()]
    return "\n".join(texts)


def sent_to(address):
    """The e-mails this address got."""
    return [message for message in mail.outbox if message.to == [address]]
