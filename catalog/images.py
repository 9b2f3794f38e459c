"""What a file of a picture holds: checked by its content, and made anew, so that nothing but the picture is kept."""

import io
import re
import threading
from dataclasses import dataclass
from typing import IO

from PIL import Image, ImageCms, ImageOps

from catalog.errors import CatalogError, CatalogErrorCode

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 50_000_000
# What WebP can hold.
MAX_SIDE = 16_383
# How often a JPEG may go over the whole picture; cameras and editors do it a dozen times. Each takes time, not bytes.
MAX_SCANS = 50
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")

# In pixels, by what `models.ImageSize` calls them.
WIDTHS = {"SMALL": 320, "MEDIUM": 640, "LARGE": 1280}

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
# 50 megapixels take up to 800 MB while they are worked on: one at a time in a process.
_turn = threading.Lock()
# Those of a JPEG after which its length, or a scan, begins; in the data of a scan others stand as well.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_END, _SCAN = 0xD9, 0xDA


@dataclass(frozen=True)
class Picture:
    """A file of ours: its bytes, and how its name ends."""

    content: bytes
    suffix: str


def checked(file: IO[bytes], *, size: int, field: list[str] | None = None) -> Picture:
    """The picture of a file of so many bytes, made anew: upright, in sRGB, without metadata and whatever else was in
    the file. Of several frames the first. Opaque ones become JPEG, others WebP.

    FILE_TOO_LARGE and FILE_INVALID name the `field`. What is too large is refused before it is decoded.
    """
    if size > MAX_BYTES:
        raise CatalogError(
            CatalogErrorCode.FILE_TOO_LARGE,
            f"A picture has at most {MAX_BYTES // 1024**2} MB. Save it smaller.",
            field=field,
        )
    with _turn:
        image = _decoded(file, field)
        if image.mode == "RGBA":
            return Picture(_written(image, "WEBP", quality=88, method=1), ".webp")
        return Picture(_written(image, "JPEG", quality=90), ".jpg")


def thumbnails(content: bytes) -> dict[str, bytes]:
    """WebPs of a picture of ours, by the names of `WIDTHS`. None is wider than the picture."""
    with _turn, Image.open(io.BytesIO(content), formats=FORMATS) as opened:
        image = _as_mode(opened, "RGBA" if opened.has_transparency_data else "RGB")
        made = {}
        # From the widest on: each is made of the one before.
        for name, width in sorted(WIDTHS.items(), key=lambda each: -each[1]):
            if image.width > width:
                height = max(1, round(image.height * width / image.width))
                image = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
            made[name] = _written(image, "WEBP", quality=80, method=4)
        return made


def _decoded(file: IO[bytes], field: list[str] | None) -> Image.Image:
    """The pixels, RGB or RGBA."""
    try:
        file.seek(0)
        content = file.read()
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            _refuse_large(opened, field)
            if opened.format in {"JPEG", "MPO"} and _scans(content) > MAX_SCANS:
                raise ValueError("nobody writes such a file")
            opened.load()
            ImageOps.exif_transpose(opened, in_place=True)
            return _in_srgb(opened)
    except CatalogError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(field) from None
    except Exception:  # Decoders raise whatever comes to them on what somebody made to confuse them.
        raise CatalogError(
            CatalogErrorCode.FILE_INVALID,
            "This is not a whole picture. Send a JPEG, PNG, WebP, GIF or AVIF file.",
            field=field,
        ) from None


def _scans(content: bytes) -> int:
    """How often a JPEG goes over the picture."""
    count = place = 0
    while found := _MARKER.search(content, place):
        marker, place = found[0][1], found.end()
        if marker == _END:
            break
        if marker == _SCAN:
            count += 1
        elif place > 2:  # but not of the file's first marker, which is alone
            place += int.from_bytes(content[place : place + 2])
    return count


def _refuse_large(image: Image.Image, field: list[str] | None) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise _too_many_pixels(field)


def _too_many_pixels(field: list[str] | None) -> CatalogError:
    return CatalogError(
        CatalogErrorCode.FILE_TOO_LARGE,
        f"A picture has at most {MAX_PIXELS // 1_000_000} megapixels, and {MAX_SIDE} pixels a side. Save it smaller.",
        field=field,
    )


def _in_srgb(image: Image.Image) -> Image.Image:
    """Colours as browsers take them where no profile says otherwise."""
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        return _as_mode(image, "RGBA")
    if profile and image.mode in {"RGB", "CMYK"}:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            converted = None  # a profile that means nothing changes nothing
        return converted or _as_mode(image, "RGB")
    if image.mode.startswith("I"):
        # 16 bits of grey, which a plain conversion would clip to white.
        return image.convert("I").point(lambda value: value / 256).convert("L").convert("RGB")
    return _as_mode(image, "RGB")


def _as_mode(image: Image.Image, mode: str) -> Image.Image:
    """Not a copy where it is so already: large pictures would be in memory twice."""
    return image if image.mode == mode else image.convert(mode)


def _written(image: Image.Image, file_format: str, **options: int) -> bytes:
    """The pixels as a file, and nothing else: what came with them would be written again."""
    image.info = {}
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()
