"""`manage.py draw_images`: products without a picture get one."""

import io

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from PIL import Image

from catalog import models
from catalog.management.commands import draw_images

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def mug():
    vendor = models.Vendor.objects.create(name="Clay", slug="clay")
    category = models.Category.objects.create(name="Mugs", slug="mugs")
    return models.Product.objects.create(
        name="Red mug", slug="red-mug", vendor=vendor, category=category, currency="EUR"
    )


def run():
    out = io.StringIO()
    call_command("draw_images", stdout=out)
    return out.getvalue()


def pixels(slug, category):
    return Image.open(io.BytesIO(draw_images.picture(slug, category))).convert("RGB")


def test_a_product_without_an_image_gets_a_picture(mug):
    assert run() == "Pictures drawn: 1.\n"

    image = mug.images.get()
    assert (image.file.name, image.source_url, image.position) == ("products/red-mug.webp", "", 0)
    assert image.alt == "Red mug, drawn as a simple silhouette"
    with default_storage.open(image.file.name) as file, Image.open(file) as picture:
        assert (picture.format, picture.size) == ("WEBP", (800, 800))


def test_drawing_again_draws_nothing_more(mug):
    run()

    assert run() == "Pictures drawn: 0.\n"

    assert mug.images.count() == 1
    assert default_storage.listdir("products")[1] == ["red-mug.webp"]


def test_a_product_with_an_image_elsewhere_keeps_it_as_its_only_one(mug):
    models.ProductImage.objects.create(product=mug, source_url="https://example.com/a.jpg")

    assert run() == "Pictures drawn: 0.\n"

    assert mug.images.get().source_url == "https://example.com/a.jpg"


def test_a_product_without_a_category_gets_a_picture_too(mug):
    models.Product.objects.update(category=None)

    assert run() == "Pictures drawn: 1.\n"


def test_the_same_product_is_always_drawn_alike():
    assert draw_images.picture("red-mug", "mugs") == draw_images.picture("red-mug", "mugs")


def test_the_category_decides_the_colour_of_the_wall():
    corner = (5, 5)

    assert pixels("red-mug", "mugs").getpixel(corner) == pixels("oak-chair", "mugs").getpixel(corner)
    assert pixels("red-mug", "mugs").getpixel(corner) != pixels("red-mug", "cookware").getpixel(corner)


def test_the_last_thing_a_slug_names_is_what_is_drawn():
    silhouette_of = draw_images.silhouette_of

    assert silhouette_of("elbow-desk-lamp") == silhouette_of("lamp")
    assert silhouette_of("elbow-desk-lamp") != silhouette_of("desk")
    assert silhouette_of("heron-floor-lamp") != silhouette_of("lamp")
    assert silhouette_of("three-pocket-notebooks") == silhouette_of("pocket-notebook")


def test_a_thing_without_a_silhouette_is_drawn_as_calm_forms():
    forms = draw_images.silhouette_of("zephyr")

    assert forms == draw_images.silhouette_of("zephyr")
    assert forms not in [draw_images.silhouette_of(name) for name in ("mug", "chair", "lamp", "bag")]
