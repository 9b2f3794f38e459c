"""The tokens of links in e-mails and of downloads: signed, each for one purpose, and kept nowhere."""

from django.conf import settings
from django.core import signing

# A link that is handed out with an answer, to be followed at once; the answer can be asked for again.
EXPORT_LINK_SECONDS = 3600


def token(purpose: str, key: object) -> str:
    """What the link for this row carries. How long it holds is the row's to say."""
    return signing.Signer(salt=f"accounts.{purpose}").sign(str(key))


def key_in(purpose: str, token: str) -> str | None:
    """The row's key in a token that was made for this purpose; None in any other."""
    try:
        return signing.Signer(salt=f"accounts.{purpose}").unsign(token)
    except signing.BadSignature:
        return None


def passing_token(purpose: str, key: object) -> str:
    """A token that says itself since when it holds: for links that are made anew whenever somebody asks."""
    return signing.TimestampSigner(salt=f"accounts.{purpose}.passing").sign(str(key))


def key_in_passing(purpose: str, token: str, *, seconds: int) -> str | None:
    """The row's key in a token of `passing_token` that is at most so old; None in any other."""
    try:
        return signing.TimestampSigner(salt=f"accounts.{purpose}.passing").unsign(token, max_age=seconds)
    except signing.BadSignature:
        return None


def url(purpose: str, key: object) -> str:
    """The address of the frontend's page for it. Behind the # it reaches no server's log and no other site."""
    return f"{settings.FRONTEND_URL.rstrip('/')}/{purpose}#token={token(purpose, key)}"
