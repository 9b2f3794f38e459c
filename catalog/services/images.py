"""Pictures of products."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Max

from accounts.models import User
from catalog import events, models
from catalog import images as pictures
from catalog.errors import CatalogError, CatalogErrorCode
from catalog.services import access, content
from notifications import outbox

logger = logging.getLogger(__name__)

# A request has at most so many, a product so many.
MAX_FILES = 10
MAX_IMAGES = 30

_FOLDER = PurePosixPath("products")


# ── Adding ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def add(
    *, product_id: int, files: Sequence["UploadedFile[bytes]"], alts: Sequence[str] | None = None, actor: User
) -> list[models.ProductImage]:
    """Adds pictures behind those a product has; all of them or none. `alts` are theirs, in the same order.

    FILE_INVALID and FILE_TOO_LARGE name the file, ["files", "0"]; TOO_MANY when the request or the product has more
    than it may. Nothing is decoded for somebody who does not keep the product.
    """
    texts = _alts(files, alts)
    with transaction.atomic():
        _product_with_room(product_id, len(files), actor)
    # Decoding takes seconds, and storage may be far away: no lock waits for them.
    names: list[str] = []
    try:
        for number, file in enumerate(files):
            picture = pictures.checked(file, size=file.size or 0, field=["files", str(number)])
            names.append(str(_FOLDER / f"{uuid4()}{picture.suffix}"))
            default_storage.save(names[-1], ContentFile(picture.content))
        return _add_stored(product_id=product_id, names=names, alts=texts, actor=actor)
    except BaseException:
        _forget(names)
        raise


@transaction.atomic
def _add_stored(*, product_id: int, names: list[str], alts: list[str], actor: User) -> list[models.ProductImage]:
    product = _product_with_room(product_id, len(names), actor)
    last = product.images.aggregate(last=Max("position"))["last"]
    first = 0 if last is None else last + 1
    added = models.ProductImage.objects.bulk_create(
        models.ProductImage(product=product, file=name, alt=alt, position=first + number)
        for number, (name, alt) in enumerate(zip(names, alts, strict=True))
    )
    outbox.record(events.ProductImagesAdded(image_ids=[image.pk for image in added]), about=product, actor=actor)
    return added


def add_file(*, product_id: int, name: str, content: bytes, alt: str, position: int = 0) -> models.ProductImage:
    """Shows a picture that we drew with the product. `name` ends as the format does: .webp. Thumbnails are left to the
    sweep: what we draw is as small as they are."""
    image = models.ProductImage(product_id=product_id, alt=alt, position=position)
    # Storage may be far away: no transaction waits for it.
    image.file.save(name, ContentFile(content), save=False)
    image.save()
    return image


def _alts(files: Sequence["UploadedFile[bytes]"], alts: Sequence[str] | None) -> list[str]:
    if not files:
        raise CatalogError(CatalogErrorCode.REQUIRED, "Send at least one file.", field=["files"])
    if len(files) > MAX_FILES:
        message = f"One request brings at most {MAX_FILES} files. Send the others in another."
        raise CatalogError(CatalogErrorCode.TOO_MANY, message, field=["files"])
    texts = [""] * len(files) if alts is None else alts
    if len(texts) != len(files):
        message = "`alts` has one text for each file, in the same order; an empty one for none."
        raise CatalogError(CatalogErrorCode.INVALID, message, field=["alts"])
    return [_alt(text, field=["alts", str(number)]) for number, text in enumerate(texts)]


def _alt(text: str, *, field: list[str]) -> str:
    return content.checked_line(text, field=field, longest=512)


def _product_with_room(product_id: int, count: int, actor: User) -> models.Product:
    product = access.kept_product(product_id, actor, field=["productId"])
    access.check_unarchived(product, field=["productId"])
    if product.images.count() + count > MAX_IMAGES:
        message = f"A product has at most {MAX_IMAGES} pictures. Remove some with productImageRemove first."
        raise CatalogError(CatalogErrorCode.TOO_MANY, message, field=["files"])
    return product


# ── Keeping ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def reorder(*, product_id: int, image_ids: Sequence[int], actor: User) -> models.Product:
    """Puts all pictures of a product in this order; the first is the one that lists show."""
    product = access.kept_product(product_id, actor, field=["productId"])
    access.check_unarchived(product, field=["productId"])
    images = list(product.images.all())
    if sorted(image_ids) != sorted(image.pk for image in images):
        message = "`ids` names all pictures of this product, each once, in their new order."
        raise CatalogError(CatalogErrorCode.INVALID, message, field=["ids"])
    places = {image_id: place for place, image_id in enumerate(image_ids)}
    moved = [image for image in images if image.position != places[image.pk]]
    if moved:
        for image in moved:
            image.position = places[image.pk]
        models.ProductImage.objects.bulk_update(moved, ["position"])
        outbox.record(events.ProductImagesReordered(count=len(images)), about=product, actor=actor)
    return product


@transaction.atomic
def update(*, image_id: int, alt: str, actor: User) -> models.ProductImage:
    """Says what a picture shows."""
    image = access.kept_image(image_id, actor)
    access.check_unarchived(image.product)
    text = _alt(alt, field=["alt"])
    if text != image.alt:
        image.alt = text
        image.save(update_fields=["alt"])
        outbox.record(events.ProductImageUpdated(image_id=image.pk), about=image.product, actor=actor)
    return image


@transaction.atomic
def remove(*, image_id: int, actor: User) -> models.Product:
    """Takes a picture from its product, which is returned, and from its variants. Its files go after the commit."""
    image = access.kept_image(image_id, actor)
    product = image.product
    access.check_unarchived(product)
    image.delete()
    _forget_later(image)
    outbox.record(events.ProductImageRemoved(image_id=image_id), about=product, actor=actor)
    return product


def _forget_later(image: models.ProductImage) -> None:
    """Removes the files of a deleted picture, as soon as that is certain."""
    names = [str(file) for file in (image.file, image.small, image.medium, image.large) if file]
    transaction.on_commit(lambda: _forget(names), robust=True)


# ── Thumbnails ───────────────────────────────────────────────────────────────────────────────────────────────────────
def make_thumbnails(*, image_id: int) -> bool:
    """Makes the sizes of a file of ours that has none; again, or of one that was removed meanwhile, does nothing.

    False where there was a file to make them of, and it is lost or no picture.
    """
    image = models.ProductImage.objects.without_thumbnails().filter(pk=image_id).first()
    if image is None:
        return True
    try:
        with image.file.open("rb") as file:
            made = pictures.thumbnails(file.read())
    except Exception:  # whatever comes to a decoder, or to a storage that is far away
        logger.warning("No thumbnails of picture %s: its file %s cannot be read.", image.pk, image.file, exc_info=True)
        return False
    stem = PurePosixPath(str(image.file)).stem
    names = {}
    for size, thumbnail in made.items():
        path = str(_FOLDER / f"{stem}-{pictures.WIDTHS[size]}.webp")
        default_storage.delete(path)  # what a process that died has left there
        names[size] = default_storage.save(path, ContentFile(thumbnail))
    _forget(set(names.values()) - set(_keep_thumbnails(image_id, names)))
    return True


@transaction.atomic
def _keep_thumbnails(image_id: int, names: dict[str, str]) -> list[str]:
    """The thumbnails that the picture has now; these, unless another process was first."""
    image = models.ProductImage.objects.select_for_update(no_key=True).filter(pk=image_id).first()
    if image is None:
        return []
    if not image.small:
        image.small, image.medium, image.large = (names[size] for size in models.ImageSize.values)
        image.save(update_fields=["small", "medium", "large"])
    return [str(file) for file in (image.small, image.medium, image.large)]


def make_missing_thumbnails(*, most: int) -> int:
    """Makes those of so many pictures that have none, and says of how many it could."""
    # In no order: those of which none can be made do not stand before the others for ever.
    missing = models.ProductImage.objects.without_thumbnails().order_by("?").values_list("pk", flat=True)
    return sum(make_thumbnails(image_id=image_id) for image_id in list(missing[:most]))


def _forget(names: Iterable[str]) -> None:
    for name in names:
        default_storage.delete(name)
