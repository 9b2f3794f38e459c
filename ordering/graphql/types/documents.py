"""Invoices and credit notes, as the API shows them."""

import strawberry
import strawberry_django
from django.urls import reverse
from strawberry import auto, relay

from ordering import models
from ordering.services import documents
from schema import kit

DocumentKind = strawberry.enum(models.DocumentKind, description="What a document is.")


@strawberry_django.type(models.Document)
class Document(kit.Keyed, relay.Node):
    """An invoice, or the credit note of a refund."""

    kind: DocumentKind
    number: str = strawberry_django.field(description='Without gaps within a year: "INV-2026-00042".')
    issued_at: auto

    @strawberry_django.field(
        only=["file"],
        description="Of the PDF: holds for an hour, for whoever has it. Null for the moment until it is made.",
    )
    def url(root: strawberry.Parent[models.Document], info: kit.Info) -> str | None:
        if not root.file:
            return None
        return info.context.absolute(reverse("document-file", args=[documents.link_token(document=root)]))
