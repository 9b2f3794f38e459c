"""Pictures in smaller sizes: made once, of what is there, and made up for when they are missing."""

import io

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from catalog import models, tasks
from catalog.services import images
from tests.catalog.pictures import (
    add,
    encoded,
    opened,
    picture,
    stored,
)
from tests.conftest import gid

pytestmark = pytest.mark.django_db


# ── Thumbnails ───────────────────────────────────────────────────────────────────────────────────────────────────────
def sizes(image):
    return [opened(file.name).size for file in (image.small, image.medium, image.large)]


def test_thumbnails_are_there_after_the_commit(api, product, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        (before,) = add(api, product, picture(2000, 1000))["images"]

    assert before["small"] == before["large"] == before["url"]
    image = product.images.get()
    assert sizes(image) == [(320, 160), (640, 320), (1280, 640)]
    assert opened(image.small.name).format == "WEBP"
    after = api("query($id: ID!) { product(id: $id) { images { small: url(size: SMALL) } } }", id=gid(product))
    assert after["product"]["images"] == [{"small": f"http://testserver/media/{image.small.name}"}]


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (500, 100, [(320, 64), (500, 100), (500, 100)]),
        (100, 3000, [(100, 3000)] * 3),
        (5000, 1, [(320, 1), (640, 1), (1280, 1)]),
    ],
)
def test_thumbnails_are_never_enlarged(product, width, height, expected):
    image = images.add_file(product_id=product.pk, name="a.png", content=picture(width, height), alt="")
    images.make_thumbnails(image_id=image.pk)

    image.refresh_from_db()
    assert sizes(image) == expected


def test_thumbnails_let_through_what_the_picture_does(product):
    content = encoded(Image.new("RGBA", (400, 400), (9, 9, 9, 0)), "PNG")
    image = images.add_file(product_id=product.pk, name="a.png", content=content, alt="")
    images.make_thumbnails(image_id=image.pk)

    image.refresh_from_db()
    assert opened(image.small.name).getpixel((1, 1))[3] == 0


def test_making_thumbnails_again_changes_nothing(product):
    image = images.add_file(product_id=product.pk, name="a.png", content=picture(), alt="")
    images.make_thumbnails(image_id=image.pk)
    before = stored()

    assert images.make_thumbnails(image_id=image.pk)

    assert stored() == before
    assert len(before) == 4


def test_what_a_process_that_died_left_behind_is_overwritten(api, product):
    add(api, product, picture())
    image = product.images.get()
    stem = image.file.name.removesuffix(".jpg")
    for width in (320, 640, 1280):
        default_storage.save(f"{stem}-{width}.webp", io.BytesIO(b"half a pict"))

    tasks.make_missing_thumbnails()

    image.refresh_from_db()
    assert sizes(image) == [(40, 30)] * 3
    assert len(stored()) == 4


def test_a_picture_that_is_gone_gets_no_thumbnails(api, product, monkeypatch):
    add(api, product, picture())
    image = product.images.get()
    made = images.pictures.thumbnails

    def remove_meanwhile(content):
        images.remove(image_id=image.pk, actor=api.user)
        return made(content)

    monkeypatch.setattr(images.pictures, "thumbnails", remove_meanwhile)

    assert images.make_thumbnails(image_id=image.pk)
    assert [name for name in stored() if name.endswith(".webp")] == []
    assert images.make_thumbnails(image_id=image.pk)


def test_two_processes_make_them_once(api, product, monkeypatch):
    add(api, product, picture())
    image = product.images.get()
    made = images.pictures.thumbnails

    def be_second(content):
        monkeypatch.setattr(images.pictures, "thumbnails", made)
        images.make_thumbnails(image_id=image.pk)
        return made(content)

    monkeypatch.setattr(images.pictures, "thumbnails", be_second)
    images.make_thumbnails(image_id=image.pk)

    image.refresh_from_db()
    assert sizes(image) == [(40, 30)] * 3
    assert len(stored()) == 4


def test_the_sweep_makes_what_is_missing_and_passes_over_what_cannot_be(api, product, caplog):
    add(api, product, picture(), picture())
    lost, kept = product.images.all()
    default_storage.delete(lost.file.name)
    models.ProductImage.objects.create(product=product, source_url="https://example.com/a.webp")

    assert tasks.make_missing_thumbnails() == 1

    assert list(models.ProductImage.objects.exclude(small="")) == [kept]
    assert f"No thumbnails of picture {lost.pk}" in caplog.text


def test_an_address_elsewhere_is_shown_in_every_size(api, product):
    models.ProductImage.objects.create(product=product, source_url="https://example.com/a.webp")

    shown = api("query($id: ID!) { product(id: $id) { images { url(size: SMALL) } } }", id=gid(product))

    assert shown["product"]["images"] == [{"url": "https://example.com/a.webp"}]
