"""The addresses of the project: the developers' page, the API, the admin."""

from django.contrib import admin
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

from schema.root import schema
from schema.views import (
    ACCOUNT_PAGES,
    GraphQLView,
    account,
    data_export,
    document_file,
    download,
    healthz,
    index,
    job_file,
    media,
    orders_file,
    schema_file,
)
from schema.webhooks import webhook

_OPTIONS = {"schema": schema, "allow_queries_via_get": False, "multipart_uploads_enabled": True}

urlpatterns = [
    path("", index),
    # Exempt because Django's own cookies are not read there; those that are, accounts.graphql.cookies protects.
    path("graphql", csrf_exempt(GraphQLView.as_view(**_OPTIONS))),
    # The addresses in e-mails, of `accounts.links` and of carts that were left; a shop serves its own at FRONTEND_URL.
    *(path(page, account, {"page": page}) for page in ACCOUNT_PAGES),
    path("account/data-export/<str:token>", data_export, name="data-export"),
    path("jobs/<str:token>", job_file, name="job-file"),
    path("orders/<str:token>", orders_file, name="orders-file"),
    path("documents/<str:token>", document_file, name="document-file"),
    path("downloads/<str:token>", download, name="download"),
    path("webhooks/<str:gateway>", webhook),
    path("schema.graphql", schema_file),
    path("healthz", healthz),
    path("admin/", admin.site.urls),
    re_path(r"^media/(?P<path>.*)$", media),
]
