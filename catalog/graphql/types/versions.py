"""Versions of products, as those who keep the product see them."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
import strawberry_django
from django.db.models import QuerySet
from moneyed import Money
from strawberry import auto, relay
from strawberry.scalars import JSON

from accounts.graphql.types import User
from catalog import models
from catalog.services import versions
from schema import kit

if TYPE_CHECKING:
    from catalog.graphql.types.products import Product

ProductVersionStatus = strawberry.enum(
    models.VersionStatus, name="ProductVersionStatus", description="How far a version has come."
)
# The columns of a product that `diff` reads.
CONTENT = versions.COLUMNS
# How the columns of a version are called in the API.
_NAMES = {"seo_title": "seoTitle", "seo_description": "seoDescription"}


@strawberry.type
class ProposedPrice:
    """What one of a variant shall cost in one currency."""

    variant_id: strawberry.ID = strawberry.field(description="The global id of one of the product's variants.")
    price: kit.Money
    compare_at_price: kit.Money | None

    @classmethod
    def of(cls, line: dict[str, Any]) -> "ProposedPrice":
        def money(amount: str | None) -> kit.Money | None:
            return None if amount is None else kit.Money.of(Money(Decimal(amount), line["currency"]))

        return cls(
            variant_id=strawberry.ID(_variant_id(line)),
            price=kit.Money.of(Money(Decimal(line["amount"]), line["currency"])),
            compare_at_price=money(line["compare_at"]),
        )


@strawberry.type
class VersionChange:
    """One part in which a version differs from its product as it is now."""

    field: str = strawberry.field(description='"name", "description", "attributes", "seoTitle" … or "prices".')
    current: JSON = strawberry.field(description="What the product says.")
    proposed: JSON = strawberry.field(
        description='What it would say; of "prices" the lines that differ: '
        '`[{ "variantId": "…", "currency": "EUR", "amount": "12.50", "compareAtAmount": null }]`.'
    )

    @classmethod
    def of(cls, change: versions.Change) -> "VersionChange":
        current, proposed = change.current, change.proposed
        if change.part == "prices":
            current, proposed = [_line(each) for each in current], [_line(each) for each in proposed]
        return cls(field=_NAMES.get(change.part, change.part), current=current, proposed=proposed)


@strawberry_django.type(models.ProductVersion)
class ProductVersion(kit.Keyed, relay.Node):
    """A numbered proposal for what a product says of itself and costs. It never changes; its status does."""

    number: int = strawberry_django.field(description="1, 2, 3 … for each product.")
    status: ProductVersionStatus
    note: str = strawberry_django.field(description="Why it was proposed.")
    name: auto
    description: str = strawberry_django.field(description="HTML, sanitised: safe to insert as it is.")
    attributes: JSON
    seo_title: auto
    seo_description: auto
    author: User | None = strawberry_django.field(description="Null when the account is gone.")
    created_at: auto
    published_at: auto
    product: Annotated["Product", strawberry.lazy("catalog.graphql.types.products")]

    @strawberry_django.field(
        only=["status", "published_at"],
        description="Whether the product's content was last taken from it. The product may have been changed since: "
        "then `diff` says how.",
    )
    def is_published(root: strawberry.Parent[models.ProductVersion]) -> bool:
        return root.is_published

    @strawberry_django.field(only=["status"], description="Where it can move from its `status`.")
    def allowed_transitions(root: strawberry.Parent[models.ProductVersion]) -> list[ProductVersionStatus]:
        return sorted(models.VERSION_TRANSITIONS[models.VersionStatus(root.status)])

    @strawberry_django.field(only=["prices"], description="Every price of every variant, as they shall be.")
    def prices(root: strawberry.Parent[models.ProductVersion]) -> list[ProposedPrice]:
        return [ProposedPrice.of(line) for line in root.prices]

    @strawberry_django.field(
        only=["product_id", "prices", *versions.COLUMNS],
        description="""In what it differs from the product as it is now; empty when publishing it would change nothing.

```graphql
{ productVersion(id: "…") { number status diff { field current proposed } } }
```""",
    )
    def diff(root: strawberry.Parent[models.ProductVersion]) -> list[VersionChange]:
        return [VersionChange.of(change) for change in versions.changes(version=root)]


def of_product(product: models.Product, info: kit.Info) -> "QuerySet[models.ProductVersion]":
    """Newest first. Refused for a list of products: it costs statements for each."""
    kit.refuse_in_lists(info, "Ask for `versions` of one product at a time.")
    return product.versions.order_by("-number")


def _variant_id(line: dict[str, Any]) -> str:
    return str(relay.GlobalID("ProductVariant", str(line["variant"])))


def _line(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "variantId": _variant_id(line),
        "currency": line["currency"],
        "amount": line["amount"],
        "compareAtAmount": line["compare_at"],
    }
