"""Products from files and into files, in the background."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry

from catalog.graphql import types
from catalog.permissions import CatalogPermission
from catalog.services import jobs
from schema import kit


@strawberry.type
class ProductsImportPayload:
    job: types.Job | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ProductsExportPayload:
    job: types.Job | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[*kit.needs(CatalogPermission.MANAGE_PRODUCTS), types.refusals],
        description="""Imports products from a file of at most 100 MB, in UTF-8. Follow it with `jobProgress`.

Products are matched by handle, variants by SKU, images by address. What the file says nothing about stays; variants
that it no longer has become inactive. Vendors and categories that it names and the shop lacks are made. A price in
another currency goes where JSON Lines say so: `{"currency": "USD", "amount": null}`. Each product is imported as a
whole or left as it was. What is wrong is in `Job.reportUrl`, by line. One job of yours at a time: JOB_IN_PROGRESS.
FILE_INVALID for what is no such file at all.

```graphql
mutation ($file: Upload!) {
  productsImport(file: $file, format: SHOPIFY_CSV, policy: ATOMIC) { job { id } userErrors { code message } }
}
```""",
    )
    def products_import(
        self,
        info: kit.Info,
        file: kit.Upload,
        format: types.ProductFileFormat = types.ProductFileFormat.SHOPIFY_CSV,
        policy: types.ImportPolicy = types.ImportPolicy.SKIP_BAD,
    ) -> ProductsImportPayload | None:
        job = jobs.start_import(actor=kit.signed_in(info), file=file, format=format, policy=policy)
        return ProductsImportPayload(job=job)

    @strawberry.mutation(
        extensions=[*kit.needs(CatalogPermission.MANAGE_PRODUCTS), types.refusals],
        description="""Writes products into a file that `productsImport` reads again without changing anything; all of
them, or what the filters of `managedProducts` leave. Follow it with `jobProgress`; the file is `Job.resultUrl`. What
Shopify's CSV cannot tell is left out: `Job.reportUrl` names each product that is, and what is not told of how many
others. One job of yours at a time: JOB_IN_PROGRESS.""",
    )
    def products_export(
        self,
        info: kit.Info,
        format: types.ProductFileFormat = types.ProductFileFormat.SHOPIFY_CSV,
        filters: types.ManagedProductFilters | None = None,
    ) -> ProductsExportPayload | None:
        job = jobs.start_export(actor=kit.signed_in(info), format=format, filtered_by=_plain(filters))
        return ProductsExportPayload(job=job)


def _plain(filters: Any) -> dict[str, Any]:
    """The filters as they can be kept until the job runs."""
    given = vars(filters) if filters else {}
    return {name: _plain_value(value) for name, value in given.items() if value not in (None, strawberry.UNSET)}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list):
        return [_plain_value(each) for each in value]
    return vars(value) if isinstance(value, types.AttributeFilter) else value
