"""Sessions in cookies, for browsers that ask for them: the page's scripts never see a token.

Cross-site requests are kept out three times: the cookies are SameSite=Lax, the body must be JSON or multipart with a
preflight, and the Origin header, which browsers put on every POST and every WebSocket, must be this host's or one of
ALLOWED_ORIGINS by name.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, parse_cookie
from django.utils import timezone

from accounts.services.sessions import Tokens
from schema import kit

# Browsers accept a cookie of this prefix from this host alone, over TLS alone (or from localhost), for all its paths.
ACCESS = "__Host-nexus-access"
REFRESH = "__Host-nexus-refresh"

# A form can be sent by any page, but not with one of these: a browser then asks first whether it may.
PREFLIGHT_HEADERS = ["GraphQL-Require-Preflight", "Apollo-Require-Preflight"]


def authorization(request: HttpRequest) -> str:
    """The Authorization header; without one, what the access cookie says in its place. Refuses another site's page."""
    header = request.headers.get("Authorization", "")
    token = request.COOKIES.get(ACCESS)
    if header or not token:
        return header
    refuse_other_sites(request)
    return f"Bearer {token}"


def socket_authorization(headers: dict[str, str]) -> str:
    """The same of a WebSocket's handshake; without a browser's Origin that is allowed, nobody."""
    token = parse_cookie(headers.get("cookie", "")).get(ACCESS)
    host = headers.get("host", "")
    # Whether a socket came over TLS is not known behind a proxy. Where http is sent to https, no page of http is ours.
    own = [f"https://{host}"] if settings.SECURE_SSL_REDIRECT else [f"https://{host}", f"http://{host}"]
    return f"Bearer {token}" if token and headers.get("origin") in [*own, *settings.CORS_ALLOWED_ORIGINS] else ""


def refresh_token(request: HttpRequest) -> str | None:
    """The refresh token of the request's cookie. Refuses another site's page."""
    token = request.COOKIES.get(REFRESH)
    if token:
        refuse_other_sites(request)
    return token


def refuse_other_sites(request: HttpRequest) -> None:
    """FORBIDDEN unless the request was made by a page of this host or of an origin that is allowed by name."""
    origin = request.headers.get("Origin")
    own = f"{request.scheme}://{request.get_host()}"
    if origin != own and origin not in settings.CORS_ALLOWED_ORIGINS:
        raise kit.ApiError(
            kit.ErrorCode.FORBIDDEN,
            "A session in cookies is for pages of this host and of ALLOWED_ORIGINS. "
            "Others send the access token in an Authorization header.",
        )


def refuse_plain_forms(request: HttpRequest) -> None:
    """FORBIDDEN for a form with the access cookie that a page could have sent without being asked by its browser."""
    is_asked_first = any(name in request.headers for name in ["Authorization", *PREFLIGHT_HEADERS])
    if ACCESS in request.COOKIES and not is_asked_first:
        raise kit.ApiError(
            kit.ErrorCode.FORBIDDEN,
            f"With a session in cookies a multipart request needs the header {PREFLIGHT_HEADERS[0]}, whatever it says.",
        )


def put(response: HttpResponse, tokens: Tokens) -> None:
    """Hands the tokens to the browser alone."""
    for name, value, expires_at in (
        (ACCESS, tokens.access_token, tokens.expires_at),
        (REFRESH, tokens.refresh_token, tokens.refresh_expires_at),
    ):
        seconds = int((expires_at - timezone.now()).total_seconds())
        response.set_cookie(name, value, max_age=seconds, secure=True, httponly=True, samesite="Lax")


def clear(response: HttpResponse) -> None:
    """Takes them back. Not `delete_cookie`, which browsers ignore for this prefix unless it says Secure."""
    for name in (ACCESS, REFRESH):
        response.set_cookie(name, "", max_age=0, secure=True, httponly=True, samesite="Lax")
