"""Files that were bought: who may download them, how often and until when."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.storage import storages
from django.db.models import Exists, F, OuterRef, Prefetch, QuerySet
from django.utils import timezone

from accounts import links
from ordering.models import ENDED, DigitalFile, Download, Order, OrderLine, PaymentStatus

if TYPE_CHECKING:
    from accounts.models import User

# What a buyer may do with each file.
DOWNLOADS = 5
HOLDS = timedelta(days=30)
# A link is handed out with an answer, to be followed soon; the order can be asked for a new one.
LINK_SECONDS = 3600
# What was begun so lately may be gone on with: a connection that broke, or a program that fetches a file in parts.
CONTINUES = timedelta(hours=1)
_LINK = "download"
_PREFETCHED = "lines_with_downloads"


# ── The right to them ────────────────────────────────────────────────────────────────────────────────────────────────
def open_lines() -> QuerySet[OrderLine]:
    """The lines that were not delivered yet and have files that they could be delivered with."""
    files = DigitalFile.objects.filter(variant=OuterRef("variant"))
    return OrderLine.objects.filter(Exists(files), is_digital=True, quantity_fulfilled__lt=F("quantity"))


def files_of(lines: Iterable[OrderLine]) -> dict[UUID, list[DigitalFile]]:
    """The files of each line that has any and was not delivered yet, by the line's id. One statement."""
    wanted = [line for line in lines if line.is_digital and line.quantity_fulfilled < line.quantity]
    by_variant = defaultdict(list)
    for file in DigitalFile.objects.filter(variant__in=[line.variant_id for line in wanted if line.variant_id]):
        by_variant[file.variant_id].append(file)
    return {line.pk: by_variant[line.variant_id] for line in wanted if line.variant_id in by_variant}


def allow(files: Mapping[UUID, Collection[DigitalFile]]) -> None:
    """The buyer of each line may download its files from now on; again changes nothing."""
    expires_at = timezone.now() + HOLDS
    Download.objects.bulk_create(
        [
            Download(order_line_id=line_id, file=file, downloads_left=DOWNLOADS, expires_at=expires_at)
            for line_id, of_line in files.items()
            for file in of_line
        ],
        ignore_conflicts=True,
    )


def of_order(order: Order) -> list[Download]:
    """The downloads of an order, in the order of its lines: those of `prefetched`, or looked for."""
    lines = getattr(order, _PREFETCHED, None)
    if lines is None:
        found = Download.objects.filter(order_line__order=order).select_related("file", "order_line")
        return list(found.order_by("order_line__position", "created_at", "pk"))
    return [download for line in lines for download in line.downloads.all()]


def prefetched() -> "Prefetch[str]":
    """What loads the downloads of many orders at once."""
    lines = OrderLine.objects.filter(is_digital=True).order_by("position")
    files = Prefetch("downloads", Download.objects.select_related("file").order_by("created_at", "pk"))
    return Prefetch("lines", lines.prefetch_related(files), to_attr=_PREFETCHED)


def is_for(order: Order, person: "User | AnonymousUser") -> bool:
    """Whether they are this person's. Of a guest's order: whoever was let in by its token, and is not staff."""
    if order.customer_id:
        return order.customer_id == person.pk
    return not person.is_staff


def is_open(download: Download, order: Order) -> bool:
    """Whether it can be begun now. Nothing more is handed out of what was cancelled, or paid back as a whole."""
    has_ended = order.status in ENDED or order.payment_status == PaymentStatus.REFUNDED
    return not has_ended and download.downloads_left > 0 and download.expires_at > timezone.now()


def link_token(download: Download) -> str:
    """What the link to it carries; it holds for an hour."""
    return links.passing_token(_LINK, download.pk)


# ── Using it ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def offered(*, token: str) -> Download | None:
    """The download behind a link of the last hour, used up or not. None if its time is over, or its order ended."""
    key = links.key_in_passing(_LINK, token, seconds=LINK_SECONDS)
    try:
        return _alive().select_related("file").filter(pk=key).first() if key else None
    except ValidationError:
        return None


def goes_on(download: Download) -> bool:
    """Whether it was begun so lately that another part of the file is no further download."""
    return download.started_at is not None and download.started_at > timezone.now() - CONTINUES


def opened(*, download: Download, is_continued: bool) -> "File[Any] | None":
    """The file, which whoever gets it closes. Counted, unless it goes on with what was counted lately: None when
    nothing is left, also for the slower of two at the same moment, or when the storage has lost it, uncounted."""
    try:
        file = storages["private"].open(download.file.file)
    except OSError:
        return None
    if not is_continued and not _count(download):
        file.close()
        return None
    return file


def _count(download: Download) -> bool:
    """One statement that checks and counts: however many come at once, no more are let through than are left."""
    left = _alive().filter(pk=download.pk, downloads_left__gt=0)
    return left.update(downloads_left=F("downloads_left") - 1, started_at=timezone.now()) == 1


def _alive() -> QuerySet[Download]:
    going = Order.objects.exclude(status__in=ENDED).exclude(payment_status=PaymentStatus.REFUNDED)
    # A subquery, not a join: an UPDATE with a join would look for what is left in a copy of the rows.
    lines = OrderLine.objects.filter(pk=OuterRef("order_line"), order__in=going.values("pk"))
    return Download.objects.filter(Exists(lines), expires_at__gt=timezone.now())
