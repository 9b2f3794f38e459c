"""The files that buyers of a variant get: added and removed by those who keep its product."""

import logging
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.services import checks
from catalog.errors import CatalogError
from catalog.models import ProductVariant
from catalog.services import access
from notifications import outbox
from ordering import events
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import DigitalFile, Download

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

# A request has to have room for it: MAX_REQUEST_BYTES.
MAX_BYTES = 100 * 1024 * 1024
MAX_FILES = 20
MAX_NAME = 200
BATCH = 200


def add(*, variant_id: int, file: "UploadedFile[Any]", name: str | None = None, actor: "User") -> DigitalFile:
    """Has every buyer of the variant get this file from now on, under this name or its own.

    FILE_INVALID for one that is empty, too large or one too many; INVALID for a variant that is no digital product's,
    or a name that no file can have. After a refusal nothing is stored.
    """
    if not 1 <= (file.size or 0) <= MAX_BYTES:
        raise OrderError(
            OrderErrorCode.FILE_INVALID,
            f"A file has from 1 byte to {MAX_BYTES // 1024 // 1024} MB. Split it.",
            field=["file"],
        )
    name = _checked_name(file.name or "" if name is None else name)
    with transaction.atomic():
        _variant_with_room(variant_id, actor)
    # The storage may be far away: no lock waits for it.
    stored = _storage().save(f"files/{uuid4()}", cast("File[Any]", file))
    try:
        return _add_stored(variant_id=variant_id, stored=stored, name=name, size=file.size or 0, actor=actor)
    except BaseException:
        _storage().delete(stored)
        raise


@transaction.atomic
def _add_stored(*, variant_id: int, stored: str, name: str, size: int, actor: "User") -> DigitalFile:
    variant = _variant_with_room(variant_id, actor)
    added = DigitalFile.objects.create(variant=variant, name=name, file=stored, size=size)
    outbox.record(events.ProductFileAdded(sku=variant.sku, name=name), about=variant.product, actor=actor)
    return added


@transaction.atomic
def remove(*, file_id: UUID | str, actor: "User") -> DigitalFile:
    """Takes a file from its variant. Those who bought it before may download it for as long as they might have."""
    variant_ids = DigitalFile.objects.filter(pk=file_id, variant__isnull=False).values_list("variant_id", flat=True)
    gone = OrderError(OrderErrorCode.NOT_FOUND, "There is no such file, or you do not keep its product.", field=["id"])
    variant_id = variant_ids.first()
    if variant_id is None:
        raise gone
    variant = _kept(variant_id, actor, gone)
    file = variant.digital_files.filter(pk=file_id).first()
    if file is None:  # somebody else who had the lock removed it
        raise gone

    file.variant = None
    file.save(update_fields=["variant"])
    outbox.record(events.ProductFileRemoved(sku=variant.sku, name=file.name), about=variant.product, actor=actor)
    return file


def purge() -> int:
    """Deletes the files that are not sold any more and that nobody may download any longer; how many there were."""
    alive = Download.objects.filter(file=OuterRef("pk"), expires_at__gt=timezone.now())
    unused = DigitalFile.objects.filter(~Exists(alive), variant=None).order_by("created_at", "pk")
    files = list(unused[:BATCH])
    for file in files:
        with transaction.atomic():
            Download.objects.filter(file=file).delete()
            file.delete()
        _delete(file.file)
    return len(files)


def _delete(name: str) -> None:
    try:
        _storage().delete(name)
    except OSError:  # the row is gone already: what is left of it costs room, and nothing else
        logger.warning("The file %s could not be deleted.", name, exc_info=True)


def _storage() -> Storage:
    return storages["private"]


# ── What is asked ────────────────────────────────────────────────────────────────────────────────────────────────────
def _variant_with_room(variant_id: int, actor: "User") -> ProductVariant:
    variant = _kept(
        variant_id,
        actor,
        OrderError(
            OrderErrorCode.NOT_FOUND,
            "There is no such variant, or you do not keep its product.",
            field=["variantId"],
        ),
    )
    if not variant.product.is_digital:
        raise OrderError(
            OrderErrorCode.INVALID,
            "This product is sent in parcels. Make it a digital one with productUpdate first.",
            field=["variantId"],
        )
    if variant.digital_files.count() >= MAX_FILES:
        raise OrderError(
            OrderErrorCode.FILE_INVALID,
            f"A variant has at most {MAX_FILES} files. Remove some with variantFileRemove first.",
            field=["file"],
        )
    return variant


def _kept(variant_id: int, actor: "User", gone: OrderError) -> ProductVariant:
    """The variant, with its product for update."""
    try:
        return access.kept_variant(variant_id, actor)
    except CatalogError:
        raise gone from None


def _checked_name(name: str) -> str:
    name = name.strip()
    is_text = len(name) <= MAX_NAME and checks.is_text(name)
    if not is_text or name in ("", ".", "..") or "/" in name or "\\" in name:
        raise OrderError(
            OrderErrorCode.INVALID,
            f"Give the file a name of at most {MAX_NAME} printable characters, without a folder.",
            field=["name"],
        )
    return name
