"""Files that were bought, and those that are sold, as the API shows them."""

from datetime import datetime
from typing import Self

import strawberry
import strawberry_django
from django.urls import reverse
from strawberry import auto, relay

from ordering import models
from ordering.services import downloading
from schema import kit


@strawberry.type
class Download:
    """A file that the buyer of an order may download: so many times, until a moment."""

    file_name: str
    size: int = strawberry.field(description="In bytes.")
    sku: str = strawberry.field(description="Of the order line it came with.")
    url: str | None = strawberry.field(
        description="For the buyer. Whoever has the address can use it for an hour; ask for the order again for a new "
        "one. Each GET counts; HEAD does not, and nor do parts of the file behind the first byte within an hour. Null "
        "when nothing is left, when it has expired, and when the order was cancelled or wholly paid back."
    )
    downloads_left: int
    expires_at: datetime

    @classmethod
    def of(cls, download: models.Download, order: models.Order, info: kit.Info) -> Self:
        return cls(
            file_name=download.file.name,
            size=download.file.size,
            sku=download.order_line.sku,
            url=_url(download, order, info),
            downloads_left=download.downloads_left,
            expires_at=download.expires_at,
        )


def _url(download: models.Download, order: models.Order, info: kit.Info) -> str | None:
    if not (downloading.is_open(download, order) and downloading.is_for(order, kit.viewer(info))):
        return None
    return info.context.absolute(reverse("download", args=[downloading.link_token(download)]))


@strawberry_django.type(models.DigitalFile)
class DigitalFile(kit.Keyed, relay.Node):
    """A file that buyers of a variant get."""

    name: auto
    created_at: auto

    @strawberry_django.field(only=["size"], description="In bytes.")
    def size(root: strawberry.Parent[models.DigitalFile]) -> int:
        return root.size
