"""Pictures of products: what is kept of a file, and what is done with it then."""

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import ExifTags, Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from catalog import events, models
from catalog.errors import CatalogError
from catalog.services import images
from notifications.models import Event
from tests.catalog.pictures import (
    ADD,
    REMOVE,
    REORDER,
    UPDATE,
    add,
    encoded,
    form,
    opened,
    picture,
    refused,
    stored,
)
from tests.conftest import gid, make_product

pytestmark = pytest.mark.django_db


# ── What is taken ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_pictures_are_added_behind_those_there_are(api, product):
    models.ProductImage.objects.create(product=product, source_url="https://example.com/a.webp", position=4)

    payload = add(api, product, picture(), picture(color=(0, 0, 9)), alts=["  Front ", ""])

    assert [image["alt"] for image in payload["images"]] == ["Front", ""]
    assert [image.position for image in product.images.all()] == [4, 5, 6]
    assert payload["product"]["images"] == [{"alt": ""}, {"alt": "Front"}, {"alt": ""}]
    event = Event.objects.get(type=events.ProductImagesAdded.type)
    assert event.payload == {"image_ids": list(product.images.values_list("pk", flat=True)[1:])}


def test_a_file_has_a_name_of_ours(api, product):
    url = add(api, product, picture())["images"][0]["url"]

    (name,) = stored()
    assert url == f"http://testserver/media/products/{name}"
    assert len(name) == 36 + len(".jpg")
    assert "their" not in name


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_an_opaque_picture_becomes_a_jpeg_of_its_size(api, product, file_format):
    add(api, product, picture(file_format=file_format))

    image = opened(product.images.get().file.name)
    assert (image.format, image.size) == ("JPEG", (40, 30))
    assert all(abs(a - b) < 12 for a, b in zip(image.getpixel((5, 5)), (200, 30, 30), strict=True))


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "AVIF"])
def test_a_picture_that_lets_something_through_becomes_a_webp(api, product, file_format):
    add(api, product, encoded(Image.new("RGBA", (40, 30), (200, 30, 30, 100)), file_format))

    image = opened(product.images.get().file.name)
    assert (image.format, image.mode, image.size) == ("WEBP", "RGBA", (40, 30))
    assert abs(image.getpixel((5, 5))[3] - 100) < 5


def test_of_an_animation_the_first_picture_is_kept(api, product):
    second = Image.new("RGB", (40, 30), (0, 0, 250))
    add(api, product, picture(file_format="GIF", save_all=True, append_images=[second]))

    image = opened(product.images.get().file.name)
    assert image.getpixel((5, 5))[0] > 180
    assert getattr(image, "n_frames", 1) == 1


def test_what_the_camera_wrote_is_gone_and_the_picture_upright(api, product):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # turn it to the right
    exif[ExifTags.Base.Make] = "Camera of Cleo"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    given = picture(file_format="JPEG", exif=exif, icc_profile=profile, comment=b"a comment")
    assert Image.open(io.BytesIO(given)).getexif().get_ifd(ExifTags.IFD.GPSInfo)

    add(api, product, given)

    image = opened(product.images.get().file.name)
    assert image.size == (30, 40)
    assert not image.getexif()
    assert image.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    with default_storage.open(product.images.get().file.name) as file:
        assert b"Cleo" not in file.read()


def test_text_in_a_png_is_gone(api, product):
    info = PngInfo()
    info.add_text("Comment", "<script>alert(1)</script>", zip=False)
    given = encoded(Image.new("RGBA", (9, 9), (1, 2, 3, 4)), "PNG", pnginfo=info)
    assert b"<script>" in given

    add(api, product, given)

    with default_storage.open(product.images.get().file.name) as file:
        assert b"script" not in file.read()


def test_what_stands_behind_a_picture_is_not_kept(api, product):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("evil.js", "alert(1)")

    add(api, product, picture(file_format="JPEG") + archive.getvalue())

    with default_storage.open(product.images.get().file.name) as file:
        assert b"evil" not in file.read()


def test_the_largest_picture_is_taken(api, product):
    (image,) = add(api, product, encoded(Image.new("1", (10_000, 5_000)), "PNG"))["images"]

    assert opened(models.ProductImage.objects.get().file.name).size == (10_000, 5_000)
    assert image["alt"] == ""


def test_one_file_may_stand_for_two(api, product):
    fields = form(ADD, [picture()], product=gid(product))
    fields["operations"] = fields["operations"].replace("[null]", "[null, null]")
    fields["map"] = '{"0": ["variables.files.0", "variables.files.1"]}'

    answer = api.http.post("/graphql", fields, headers={"Authorization": f"Bearer {api.token}"}).json()

    assert len(answer["data"]["productImagesAdd"]["images"]) == 2


# ── Keeping ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def three(product):
    return [
        models.ProductImage.objects.create(product=product, source_url=f"https://example.com/{n}.webp", position=n)
        for n in range(3)
    ]


def test_pictures_are_put_in_another_order(api, product, three):
    order = [gid(three[n]) for n in (2, 0, 1)]

    payload = api(REORDER, product=gid(product), ids=order)["productImagesReorder"]

    assert [image["id"] for image in payload["product"]["images"]] == order
    assert Event.objects.get(type="product.images_reordered").payload == {"count": 3}


def test_the_same_order_is_no_news(api, product, three):
    api(REORDER, product=gid(product), ids=[gid(image) for image in three])

    assert not Event.objects.filter(type="product.images_reordered").exists()


@pytest.mark.parametrize("chosen", [(), (0, 1), (0, 1, 1), (0, 1, 2, 2), (0, 1, 3)], ids=str)
def test_an_order_names_each_picture_once(api, product, three, chosen):
    others = make_product("Plate").images.get()

    payload = api(REORDER, product=gid(product), ids=[gid([*three, others][n]) for n in chosen])

    assert refused(payload["productImagesReorder"]) == ("INVALID", ["ids"])
    assert list(product.images.values_list("position", flat=True)) == [0, 1, 2]


def test_an_order_of_other_things_is_refused(api, product):
    assert api.code(REORDER, product=gid(product), ids=[gid(product)]) == "BAD_USER_INPUT"


def test_what_a_picture_shows_is_said_anew(api, three):
    assert api(UPDATE, id=gid(three[0]), alt=" A mug ")["productImageUpdate"]["image"] == {"alt": "A mug"}
    api(UPDATE, id=gid(three[0]), alt="A mug")

    assert Event.objects.get(type="product.image_updated").payload == {"image_id": three[0].pk}


@pytest.mark.parametrize("alt", ["x" * 513, "a\0b", "two\nlines", "\u0007"])
def test_a_bad_text_for_a_picture_is_refused(api, three, alt):
    assert refused(api(UPDATE, id=gid(three[0]), alt=alt)["productImageUpdate"]) == ("INVALID", ["alt"])
    assert models.ProductImage.objects.get(pk=three[0].pk).alt == ""


def test_a_picture_goes_with_its_files_and_from_its_variants(api, product, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        add(api, product, picture(), picture())
    gone, kept = product.images.all()
    product.variants.update(image=gone)
    assert len(stored()) == 8

    with django_capture_on_commit_callbacks(execute=True):
        payload = api(REMOVE, id=gid(gone))["productImageRemove"]

    assert payload["product"] == {"images": [{"id": gid(kept)}], "variants": [{"image": None}]}
    kept.refresh_from_db()
    assert stored() == sorted(
        file.name.removeprefix("products/") for file in (kept.file, kept.small, kept.medium, kept.large)
    )
    assert Event.objects.get(type="product.image_removed").payload == {"image_id": gone.pk}
    assert refused(api(REMOVE, id=gid(gone))["productImageRemove"]) == ("NOT_FOUND", ["id"])


def test_the_files_stay_until_the_commit(api, product):
    add(api, product, picture())

    images.remove(image_id=product.images.get().pk, actor=api.user)

    assert len(stored()) == 1  # the test's own transaction never commits


@pytest.mark.parametrize("count", [1, 10])
def test_adding_costs_the_same_statements_for_one_and_for_ten(product, seller, count, django_assert_num_queries):
    files = [SimpleUploadedFile("a.png", picture()) for _ in range(count)]
    seller.has_perm("catalog.sell")
    ContentType.objects.get_for_model(models.Product)  # these two are read once a process

    with django_assert_num_queries(11):
        images.add(product_id=product.pk, files=files, actor=seller)


# ── At once ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def in_threads(count, work):
    """What `work(number)` gives in so many threads at once, or the code it is refused with."""

    def one(number):
        try:
            return work(number)
        except CatalogError as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no locks of rows.")
def test_a_product_never_has_more_than_thirty_however_many_add(product, seller):
    models.ProductImage.objects.bulk_create(
        models.ProductImage(product=product, source_url=f"https://example.com/{n}.webp", position=n) for n in range(27)
    )

    def add_one(number):
        images.add(product_id=product.pk, files=[SimpleUploadedFile("a.png", picture())], actor=seller)

    answers = in_threads(6, add_one)

    assert sorted(filter(None, answers)) == ["TOO_MANY"] * 3
    assert list(product.images.values_list("position", flat=True)) == list(range(30))
    assert len([name for name in stored() if name.endswith(".jpg")]) == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no locks of rows.")
def test_a_picture_is_removed_once(product, seller):
    image = images.add(product_id=product.pk, files=[SimpleUploadedFile("a.png", picture())], actor=seller)[0]

    def remove(number):
        images.remove(image_id=image.pk, actor=seller)

    answers = in_threads(4, remove)

    assert sorted(filter(None, answers)) == ["NOT_FOUND"] * 3
    assert stored() == []
    assert Event.objects.filter(type="product.image_removed").count() == 1
