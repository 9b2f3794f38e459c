"""The HTTP door: /graphql for programs, GraphiQL for people, the page at / and those behind e-mailed links."""

import json
from typing import Any

from cross_web import HTTPException
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from strawberry.django.views import GraphQLView as StrawberryView

from accounts.graphql import cookies
from accounts.services import privacy, sessions
from schema import kit

# Everything a page loads is ours; GraphiQL's editor writes style attributes.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; font-src 'self'; "
    "img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

# What stands behind the links in e-mails where no shop has pages of its own.
ACCOUNT_PAGES = ["verify-email", "reset-password", "change-email"]


class GraphQLView(StrawberryView[kit.Context, None]):
    """Answers every request with JSON, also what is not GraphQL."""

    def get_context(self, request: HttpRequest, response: HttpResponse) -> kit.Context:
        return kit.Context(request, lambda: sessions.viewer_of(authorization=cookies.authorization(request)), response)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return self.run(request=request)
        except HTTPException as refused:
            return _refusal(refused.status_code, refused.reason)
        except UnicodeDecodeError:
            return _refusal(400, "The request is not UTF-8.")
        except RequestDataTooBig:
            return _refusal(413, f"A request has at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.")

    def parse_json(self, data: str | bytes) -> Any:
        """JSON of whole characters that holds an object (or a list, which the library refuses with its own reason)."""
        try:
            decoded = json.loads(data)
            json.dumps(decoded, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise HTTPException(400, "Unable to parse request body as JSON") from None
        if not isinstance(decoded, dict | list):
            raise HTTPException(400, "The request must be a JSON object with the key `query`.")
        return decoded

    def render_graphql_ide(self, request: HttpRequest) -> HttpResponse:
        """Our own GraphiQL when it was built; else the library's page, which loads its scripts from the internet."""
        if _is_built("graphiql"):
            return _page(request, "graphql/graphiql.html")
        return HttpResponse(self.graphql_ide_html)


def _refusal(status: int, message: str) -> JsonResponse:
    error = {"message": message, "extensions": {"code": kit.ErrorCode.BAD_USER_INPUT.value}}
    return JsonResponse({"data": None, "errors": [error]}, status=status)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What this is, for developers; with the demo's accounts and its live order board where there is one."""
    return _page(request, "index.html", live=_is_built("live"), demo=settings.DEBUG)


@require_safe
def account(request: HttpRequest, page: str) -> HttpResponse:
    """The page behind a link in an e-mail. The token is behind the #, so it never reaches this server's log."""
    return _page(request, f"account/{page}.html", page=page, built=_is_built("account"))


@require_safe
def data_export(request: HttpRequest, token: str) -> HttpResponse:
    """The file of `me.dataExport.url`: for whoever has the link, which holds for an hour."""
    export = privacy.export_behind(token=token)
    if export is None:
        gone = "This link has expired. Sign in and ask for a new one: it is in me.dataExport.\n"
        response = HttpResponse(gone, content_type="text/plain", status=404)
    else:
        response = HttpResponse(export.content, content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="personal-data-{export.ready_at:%Y-%m-%d}.json"'
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_safe
def schema_file(request: HttpRequest) -> HttpResponse:
    """The committed picture of the API."""
    return HttpResponse((settings.BASE_DIR / "schema" / "schema.graphql").read_text(), content_type="text/plain")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """For load balancers and containers: the process serves."""
    return HttpResponse("ok", content_type="text/plain")


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    response = render(request, template, context)
    response["Content-Security-Policy"] = PAGE_POLICY
    return response


def _is_built(bundle: str) -> bool:
    return finders.find(f"nexus/{bundle}.js") is not None
