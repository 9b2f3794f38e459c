"""The HTTP door: /graphql for programs, GraphiQL for people, and the page at /."""

from functools import partial
from typing import Any

from cross_web import HTTPException
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from strawberry.django.views import GraphQLView as StrawberryView

from accounts import services as accounts
from schema import kit


class GraphQLView(StrawberryView[kit.Context, None]):
    """Answers every request with JSON, also what is not GraphQL. Who asks is in the Authorization header alone."""

    def get_context(self, request: HttpRequest, response: HttpResponse) -> kit.Context:
        authorization = request.headers.get("Authorization", "")
        return kit.Context(request, partial(accounts.viewer_of, authorization=authorization), response)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return self.run(request=request)
        except HTTPException as refused:
            error = {"message": refused.reason, "extensions": {"code": kit.ErrorCode.BAD_USER_INPUT.value}}
            return JsonResponse({"data": None, "errors": [error]}, status=refused.status_code)

    def render_graphql_ide(self, request: HttpRequest) -> HttpResponse:
        """Our own GraphiQL when it was built; else the library's page, which loads its scripts from the internet."""
        if _is_built("graphiql"):
            return render(request, "graphql/graphiql.html")
        return HttpResponse(self.graphql_ide_html)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What this is, for developers; with the demo's accounts and its live order board where there is one."""
    return render(request, "index.html", {"live": _is_built("live"), "demo": settings.DEBUG})


@require_safe
def schema_file(request: HttpRequest) -> HttpResponse:
    """The committed picture of the API."""
    return HttpResponse((settings.BASE_DIR / "schema" / "schema.graphql").read_text(), content_type="text/plain")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """For load balancers and containers: the process serves."""
    return HttpResponse("ok", content_type="text/plain")


def _is_built(bundle: str) -> bool:
    return finders.find(f"nexus/{bundle}.js") is not None
