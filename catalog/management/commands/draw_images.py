"""`manage.py draw_images`: a picture for each product that has none, so that a shop without photographs looks whole."""

import io
import math
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

from django.core.management.base import BaseCommand
from PIL import Image, ImageDraw

from catalog import models
from catalog.services import images

SILHOUETTES = Path(__file__).with_name("silhouettes.txt")

SIZE = 800
# Drawn larger and made smaller, which smooths the edges.
OVERSAMPLING = 3
UNIT = SIZE * OVERSAMPLING / 100
HORIZON = 73

# Hues that look well beside each other, in degrees around OKLCH's circle.
HUES = (28, 46, 64, 125, 150, 175, 205, 232, 258, 285, 320, 352)
# Lightness and chroma of the tones in the hue of the category.
TONES = {
    "wall": (0.945, 0.022),
    "disc": (0.905, 0.042),
    "floor": (0.865, 0.052),
    "shadow": (0.785, 0.062),
    "light": (0.985, 0.012),
    "soft": (0.77, 0.075),
    "mid": (0.61, 0.100),
    "deep": (0.455, 0.090),
    "ink": (0.29, 0.045),
}
# Cool things get a warm accent, warm things a cool one.
WARM_ACCENT, COOL_ACCENT = 70, 200

Color = tuple[int, int, int]
Palette = dict[str, Color]
# A tone, the name of a shape, and its numbers.
Shape = tuple[str, str, list[float]]
Silhouette = list[Shape]


class Command(BaseCommand):
    help = "Draws a picture for each product that has no image. Run again, it draws nothing more."

    def handle(self, *args: Any, **options: Any) -> None:
        products = models.Product.objects.filter(images=None).select_related("category").order_by("pk")
        for product in products:
            images.add_file(
                product_id=product.pk,
                name=f"{product.slug[:80]}.webp",
                content=picture(product.slug, product.category.slug if product.category else ""),
                alt=f"{product.name}, drawn as a simple silhouette",
            )
        self.stdout.write(f"Pictures drawn: {len(products)}.")


def picture(slug: str, category: str) -> bytes:
    """A WebP of 800 × 800, the same for the same slugs whenever it is drawn."""
    colors = palette(HUES[crc32(category.encode()) % len(HUES)])
    image = Image.new("RGB", (SIZE * OVERSAMPLING,) * 2, colors["wall"])
    canvas = ImageDraw.Draw(image)
    seed = crc32(slug.encode())
    shapes = silhouette_of(slug)
    draw_room(canvas, colors, seed)
    draw_shadow(canvas, colors, shapes)
    for shape in shapes:
        draw_shape(canvas, colors, *shape)
    file = io.BytesIO()
    image.reduce(OVERSAMPLING).save(file, "WEBP", quality=88, method=4)
    return file.getvalue()


# ── What is drawn ────────────────────────────────────────────────────────────────────────────────────────────────────
def silhouette_of(slug: str) -> Silhouette:
    """Of the things the slug names, what stands last: a "desk-lamp" is a lamp. If it names none, calm forms."""
    words = _singular(slug.split("-"))
    for end in range(len(words), 0, -1):
        for start in range(end):
            if words[start:end] in _silhouettes():
                return _silhouettes()[words[start:end]][0]
    forms = _silhouettes()["*",]
    return forms[crc32(slug.encode()) % len(forms)]


@cache
def _silhouettes() -> dict[tuple[str, ...], list[Silhouette]]:
    """By the words of each name, what the file draws under it."""
    found: dict[tuple[str, ...], list[Silhouette]] = defaultdict(list)
    for paragraph in SILHOUETTES.read_text(encoding="utf-8").split("\n\n"):
        names, _, drawing = paragraph.partition(":\n")
        if not names.startswith("#"):
            shapes = [_shape(line) for line in drawing.strip().split("\n")]
            for name in names.split(","):
                found[_singular(name.split())].append(shapes)
    return dict(found)


def _singular(words: list[str]) -> tuple[str, ...]:
    return tuple(word.lower().removesuffix("s") for word in words)


def _shape(line: str) -> Shape:
    tone, shape, *numbers = line.split()
    return tone, shape, [float(number) for number in numbers]


def palette(hue: float) -> Palette:
    """The tones of one picture."""
    accent = WARM_ACCENT if 110 < hue < 330 else COOL_ACCENT
    return {
        **{tone: color(lightness, chroma, hue) for tone, (lightness, chroma) in TONES.items()},
        "accent": color(0.76, 0.115, accent),
        "glow": color(0.965, 0.06, 95),
    }


def color(lightness: float, chroma: float, hue: float) -> Color:
    """An OKLCH colour in sRGB, see https://bottosson.github.io/posts/oklab/: equal lightness looks equally light."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _channel(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _channel(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _channel(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _channel(linear: float) -> int:
    clipped = min(max(linear, 0.0), 1.0)
    return round(255 * (12.92 * clipped if clipped <= 0.0031308 else 1.055 * clipped ** (1 / 2.4) - 0.055))


# ── How it is drawn ──────────────────────────────────────────────────────────────────────────────────────────────────
def draw_room(canvas: ImageDraw.ImageDraw, colors: Palette, seed: int) -> None:
    """A wall with a sun, an arch or a hill behind the thing, and the floor it stands on."""
    x, radius = 42 + seed // 3 % 17, 31 + seed // 7 % 5
    if seed % 3 == 0:
        draw_shape(canvas, colors, "disc", "oval", [x - radius, 42 - radius, x + radius, 42 + radius])
    elif seed % 3 == 1:
        draw_shape(canvas, colors, "disc", "box", [x - radius, 12, x + radius, 140, radius])
    else:
        draw_shape(canvas, colors, "disc", "oval", [x - 46, HORIZON - 36, x + 46, HORIZON + 56])
    draw_shape(canvas, colors, "floor", "box", [-5, HORIZON, 105, 105, 0])


def draw_shadow(canvas: ImageDraw.ImageDraw, colors: Palette, shapes: list[Shape]) -> None:
    """Where the thing touches the floor; what hangs has none."""
    feet = [box for tone, shape, numbers in shapes if tone != "glow" for box in [extent(shape, numbers)] if box[3] > 77]
    if feet:
        left, right = min(box[0] for box in feet), max(box[2] for box in feet)
        draw_shape(canvas, colors, "shadow", "oval", [left - 3, 77.2, right + 3, 82.6])


def extent(shape: str, numbers: list[float]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a shape."""
    if shape in ("poly", "line"):
        margin, points = (numbers[0] / 2, numbers[1:]) if shape == "line" else (0, numbers)
        xs, ys = points[::2], points[1::2]
        return min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin
    left, top, right, bottom = numbers[:4]
    return left, top, right, bottom


def draw_shape(canvas: ImageDraw.ImageDraw, colors: Palette, tone: str, shape: str, numbers: list[float]) -> None:
    """One line of a silhouette."""
    fill = colors[tone]
    scaled = [number * UNIT for number in numbers]
    match shape:
        case "box":
            canvas.rounded_rectangle(scaled[:4], scaled[4], fill=fill)
        case "oval":
            canvas.ellipse(scaled, fill=fill)
        case "pie":
            canvas.pieslice(scaled[:4], numbers[4], numbers[5], fill=fill)
        case "ring":
            canvas.ellipse(scaled[:4], outline=fill, width=round(scaled[4]))
        case "arc":
            _draw_arc(canvas, fill, scaled[:4], numbers[4], numbers[5], scaled[6])
        case "poly":
            canvas.polygon(scaled, fill=fill)
        case "line":
            canvas.line(scaled[1:], fill=fill, width=round(scaled[0]), joint="curve")
            _dot(canvas, fill, scaled[1], scaled[2], scaled[0])
            _dot(canvas, fill, scaled[-2], scaled[-1], scaled[0])


def _draw_arc(
    canvas: ImageDraw.ImageDraw, fill: Color, box: list[float], start: float, end: float, width: float
) -> None:
    canvas.arc(box, start, end, fill=fill, width=round(width))
    left, top, right, bottom = box
    for angle in (math.radians(start), math.radians(end)):
        x = (left + right) / 2 + (right - left - width) / 2 * math.cos(angle)
        y = (top + bottom) / 2 + (bottom - top - width) / 2 * math.sin(angle)
        _dot(canvas, fill, x, y, width)


def _dot(canvas: ImageDraw.ImageDraw, fill: Color, x: float, y: float, width: float) -> None:
    canvas.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=fill)
