"""The HTTP door: /graphql for programs, GraphiQL for people, the page at / and those behind e-mailed links."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from cross_web import HTTPException
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.base import File
from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe
from django.views.static import serve
from strawberry.django.views import GraphQLView as StrawberryView

from accounts.graphql import cookies
from accounts.services import privacy, sessions
from catalog.services import jobs
from ordering.services import documents, downloading, exporting
from schema import kit, ranges

# Everything a page loads is ours; GraphiQL's editor writes style attributes.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; font-src 'self'; "
    "img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

# Of who is refused before the request is read.
_STATUSES = {kit.ErrorCode.UNAUTHENTICATED.value: 401, kit.ErrorCode.FORBIDDEN.value: 403}

# What stands behind the links in e-mails where no shop has pages of its own.
ACCOUNT_PAGES = ["verify-email", "reset-password", "change-email", "stock-alert", "cart"]


class GraphQLView(StrawberryView[kit.Context, None]):
    """Answers every request with JSON, also what is not GraphQL."""

    def get_context(self, request: HttpRequest, response: HttpResponse) -> kit.Context:
        return kit.Context(request, lambda: sessions.viewer_of(authorization=cookies.authorization(request)), response)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            if int(request.META.get("CONTENT_LENGTH") or 0) > settings.MAX_REQUEST_BYTES:
                return _refusal(413, f"A request has at most {settings.MAX_REQUEST_BYTES} bytes.")
            return self.run(request=request)
        except HTTPException as refused:
            return _refusal(refused.status_code, refused.reason)
        except kit.ApiError as refused:
            code = (refused.extensions or {})["code"]
            return _refusal(_STATUSES[code], refused.message, code)
        except UnicodeDecodeError:
            return _refusal(400, "The request is not UTF-8.")
        except RequestDataTooBig:
            return _refusal(413, f"A request has at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.")

    def execute_operation(self, request: HttpRequest, context: kit.Context, *args: Any, **kwargs: Any) -> Any:
        """Opens a form with files for those only who are signed in, and whose browser was asked whether it may."""
        if request.content_type == "multipart/form-data":
            cookies.refuse_plain_forms(request)
            context.signed_in()
        return super().execute_operation(request, context, *args, **kwargs)

    def parse_multipart(self, request: Any) -> Any:
        """The operations with the files in their places."""
        if not request.request.META.get("CONTENT_LENGTH"):
            raise HTTPException(411, "A multipart request says how long it is, in the header Content-Length.")
        try:
            return super().parse_multipart(request)
        except MultiPartParserError:
            raise HTTPException(400, "The form cannot be read.") from None
        except (TooManyFieldsSent, TooManyFilesSent):
            raise HTTPException(400, "The form has too many fields.") from None
        except (AttributeError, IndexError, RecursionError, TypeError, ValueError):
            reason = 'The field `map` says for each file where it goes: { "0": ["variables.files.0"] }.'
            raise HTTPException(400, reason) from None

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


def _refusal(status: int, message: str, code: str = kit.ErrorCode.BAD_USER_INPUT.value) -> JsonResponse:
    error = {"message": message, "extensions": {"code": code}}
    return JsonResponse({"data": None, "errors": [error]}, status=status)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What this is, for developers; with the demo's accounts and its live order board where there is one."""
    return _page(request, "index.html", live=_is_built("live"), demo=settings.DEBUG)


@require_safe
def account(request: HttpRequest, page: str) -> HttpResponse:
    """The page behind a link in an e-mail. What opens it is behind the #, so it never reaches this server's log."""
    return _page(request, f"account/{page}.html", page=page, built=_is_built("account"))


@require_safe
def data_export(request: HttpRequest, token: str) -> HttpResponseBase:
    """The file of `me.dataExport.url`: for whoever has the link, which holds for an hour."""
    export = privacy.export_behind(token=token)
    if export is None:
        return _gone("This link has expired. Sign in and ask for a new one: it is in me.dataExport.")
    response = HttpResponse(export.content, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="personal-data-{export.ready_at:%Y-%m-%d}.json"'
    return _private(response)


@require_safe
def job_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """The file of `Job.resultUrl` or `Job.reportUrl`: for whoever has the link, which holds for an hour."""
    found = jobs.file_behind(token=token)
    if found is None:
        return _gone("This link has expired. Ask for the job again: it has a new one.")
    file, name = found
    kind = "text/csv; charset=utf-8" if name.endswith(".csv") else "application/jsonl; charset=utf-8"
    return _handed_out(request, file, name, kind)


@require_safe
def document_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """The file of `Order.documents.url`: for whoever has the link, which holds for an hour."""
    found = documents.file_behind(token=token)
    if found is None:
        return _gone("This link has expired. Ask for the order again: its documents have new ones.")
    return _handed_out(request, *found, "application/pdf")


@require_safe
def orders_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """The file of `ordersExport`: for whoever has the link, which holds for an hour. It is written while it is read."""
    texts = exporting.file_behind(token=token)
    if texts is None:
        return _gone("This link has expired. Ask for a new one with ordersExport.")
    pieces = (text.encode() for text in texts)
    streamed = StreamingHttpResponse(_awaited(pieces) if isinstance(request, ASGIRequest) else pieces)
    streamed["Content-Type"] = "text/csv; charset=utf-8"
    streamed["Content-Disposition"] = f'attachment; filename="orders-{timezone.now():%Y-%m-%d}.csv"'
    return _private(streamed)


async def _awaited(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """In the thread of the request, whose connection to the database is closed after it."""
    while piece := await sync_to_async(lambda: next(pieces, b""))():
        yield piece


@require_safe
def download(request: HttpRequest, token: str) -> HttpResponseBase:
    """A file that was bought, of `Order.downloads.url`: for whoever has the link, which holds for an hour.

    A GET counts as one of the buyer's downloads. HEAD does not; nor does, within an hour of what was counted, a part
    that begins behind the first byte: a broken connection goes on, a program that fetches parts at once counts once.
    """
    found = downloading.offered(token=token)
    if found is None:
        return _gone("This link has expired. Ask for the order again: its downloads have new ones while they last.")
    etag = f'"{found.file_id}"'
    part = ranges.asked_for(request, size=found.file.size, etag=etag)
    is_continued = part.start > 0 and downloading.goes_on(found)
    response: HttpResponseBase
    if not part.length:
        response = _private(HttpResponse())
    elif request.method == "HEAD" and (is_continued or found.downloads_left):
        response = _described(HttpResponse(), part.length, found.file.name)
    elif request.method == "GET" and (file := downloading.opened(download=found, is_continued=is_continued)):
        response = _handed_out(request, ranges.PartOfFile(file, part), found.file.name)
    else:
        return _gone("This file was downloaded as often as it may be.")
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    if not part.is_whole:
        named = f"{part.start}-{part.stop - 1}" if part.length else "*"
        response["Content-Range"] = f"bytes {named}/{found.file.size}"
        response.status_code = 206 if part.length else 416
    return response


def _handed_out(
    request: HttpRequest, file: "File[Any] | ranges.PartOfFile", name: str, kind: str = "application/octet-stream"
) -> HttpResponseBase:
    """A private file under this name, which no cache keeps."""
    # A server that waits for no answer needs pieces it can wait for; it would read a file to its end at once.
    is_async = isinstance(request, ASGIRequest)
    response: HttpResponseBase = StreamingHttpResponse(_pieces(file)) if is_async else FileResponse(file)
    return _described(response, file.size, name, kind)


def _described(
    response: HttpResponseBase, size: int, name: str, kind: str = "application/octet-stream"
) -> HttpResponseBase:
    response["Content-Type"] = kind
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["Content-Length"] = str(size)
    return _private(response)


def _gone(message: str) -> HttpResponseBase:
    return _private(HttpResponse(f"{message}\n", content_type="text/plain", status=404))


def _private(response: HttpResponseBase) -> HttpResponseBase:
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


async def _pieces(file: "File[Any] | ranges.PartOfFile") -> AsyncIterator[bytes]:
    read = sync_to_async(file.read, thread_sensitive=False)
    try:
        while piece := await read(1 << 16):
            yield piece
    finally:
        file.close()


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """A picture of the local folder."""
    try:
        return serve(request, path, document_root=settings.MEDIA_ROOT)
    except OSError:  # no file can have such a name
        raise Http404 from None


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
