"""What is no picture, or too large a one, or not theirs: it is refused, and nothing stays behind of it."""

import struct
import subprocess
import sys
import zlib

import pytest
from django.conf import settings
from django.db import DatabaseError
from django.test import Client
from PIL import Image

from accounts.graphql import cookies
from accounts.services import sessions
from catalog import models
from catalog.services import images
from notifications.models import Event
from tests.catalog.pictures import (
    ADD,
    REMOVE,
    REORDER,
    SVG,
    UPDATE,
    add,
    bomb,
    encoded,
    form,
    nothing_happened,
    picture,
    png,
    refused,
    sent,
    stored,
)
from tests.conftest import Api, gid, make_user

pytestmark = pytest.mark.django_db


# ── What is refused ──────────────────────────────────────────────────────────────────────────────────────────────────
WRONG = {
    "empty": b"",
    "text": b"I am a picture",
    "svg": SVG,
    "html": b"<!doctype html><script>alert(1)</script>",
    "a page that begins as a gif": b"GIF89a/*<script>alert(1)</script>*/=1;",
    "a script that begins as a jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF<script>",
    "the beginning of a png": picture(900, 900)[:700],
    "the beginning of a jpeg": encoded(Image.effect_noise((300, 300), 90), "JPEG")[:9000],
    "the beginning of a webp": encoded(Image.effect_noise((300, 300), 90).convert("RGB"), "WEBP")[:3000],
    "the beginning of a gif": encoded(Image.effect_noise((300, 300), 90), "GIF")[:3000],
    "an avif without a picture": picture(file_format="AVIF")[:200],
    "a bmp": picture(file_format="BMP"),
    "a tiff": picture(file_format="TIFF"),
    "a png without a side": png(0, 10, zlib.compress(b"")),
    "a png of other pixels": png(100, 100, zlib.compress(b"\0" * 50)),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_what_is_no_whole_picture_is_refused_and_nothing_stays(api, product, content):
    assert refused(add(api, product, content)) == ("FILE_INVALID", ["files", "0"])
    assert nothing_happened()


def test_one_bad_file_refuses_all(api, product):
    payload = add(api, product, picture(), picture(), SVG, picture())

    assert refused(payload) == ("FILE_INVALID", ["files", "2"])
    assert nothing_happened()


def test_a_file_of_eleven_megabytes_is_refused(api, product):
    content = picture() + bytes(11 * 1024 * 1024)

    assert refused(add(api, product, content)) == ("FILE_TOO_LARGE", ["files", "0"])
    assert nothing_happened()


@pytest.mark.parametrize(("width", "height"), [(8_500, 6_000), (60_000, 60_000), (50_000_001, 1), (16_384, 1)])
def test_a_picture_of_too_many_pixels_is_refused_by_its_header(api, product, width, height):
    content = png(width, height, zlib.compress(b"\0"))

    assert refused(add(api, product, content)) == ("FILE_TOO_LARGE", ["files", "0"])
    assert nothing_happened()


def test_a_bomb_is_refused(api, product):
    content = bomb()
    assert len(content) < 2_000_000

    assert refused(add(api, product, content)) == ("FILE_TOO_LARGE", ["files", "0"])
    assert nothing_happened()


MEASURED = """
import io, resource, sys
from catalog import images
from catalog.errors import CatalogError

content = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    images.checked(io.BytesIO(content), size=len(content))
except CatalogError as refused:
    print(refused.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_bomb_takes_no_memory():
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MEASURED],
        cwd=settings.BASE_DIR,
        input=bomb(),
        capture_output=True,
        check=True,
    )

    code, kilobytes = process.stdout.split()
    assert code == b"FILE_TOO_LARGE"
    # Unpacked it has 400 MB.
    assert int(kilobytes) < 20_000


def test_a_jpeg_that_goes_over_itself_a_thousand_times_is_refused(api, product):
    """Each scan takes 60 bytes, and as much time as the picture is large."""
    plain = picture(3000, 3000, file_format="JPEG", progressive=True)
    last = plain.rindex(b"\xff\xda")

    content = plain[:-2] + plain[last:-2] * 1000 + plain[-2:]

    assert refused(add(api, product, content)) == ("FILE_INVALID", ["files", "0"])
    assert nothing_happened()
    assert add(api, product, plain)["userErrors"] == []


def test_a_text_bomb_in_a_png_is_refused(api, product):
    """A compressed comment that unpacks to 200 MB."""
    packed = zlib.compress(bytes(200_000_000), 9)
    data = b"Comment\0\0" + packed
    chunk = struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))
    plain = picture()

    assert refused(add(api, product, plain[:33] + chunk + plain[33:])) == ("FILE_INVALID", ["files", "0"])
    assert nothing_happened()


@pytest.mark.parametrize(
    ("count", "alts", "refusal"),
    [
        (0, None, ("REQUIRED", ["files"])),
        (11, None, ("TOO_MANY", ["files"])),
        (2, ["one"], ("INVALID", ["alts"])),
        (1, ["one", "two"], ("INVALID", ["alts"])),
        (2, ["", "x" * 513], ("INVALID", ["alts", "1"])),
        (1, ["a\0b"], ("INVALID", ["alts", "0"])),
        (1, ["two\nlines"], ("INVALID", ["alts", "0"])),
    ],
)
def test_what_does_not_fit_together_is_refused(api, product, count, alts, refusal):
    assert refused(add(api, product, *[picture()] * count, alts=alts)) == refusal
    assert nothing_happened()


def test_one_request_adds_pictures_once(api, product):
    two = "mutation($product: ID!, $files: [Upload!]!) {" + "".join(
        f" a{n}: productImagesAdd(productId: $product, files: $files) {{ images {{ id }} }}" for n in range(2)
    )
    answer = api.http.post(
        "/graphql",
        form(two + "}", [picture()], product=gid(product)),
        headers={"Authorization": f"Bearer {api.token}"},
    ).json()

    assert len(answer["data"]["a0"]["images"]) == 1
    assert answer["data"]["a1"] is None
    assert answer["errors"][0]["extensions"]["code"] == "QUERY_TOO_EXPENSIVE"
    assert len(stored()) == 1


def test_a_product_has_thirty_pictures_at_most(api, product):
    models.ProductImage.objects.bulk_create(
        models.ProductImage(product=product, source_url=f"https://example.com/{n}.webp") for n in range(29)
    )

    assert refused(add(api, product, picture(), picture())) == ("TOO_MANY", ["files"])
    assert stored() == []

    add(api, product, picture())
    assert refused(add(api, product, picture())) == ("TOO_MANY", ["files"])
    assert len(stored()) == 1


def test_an_archived_product_gets_no_pictures(api, product):
    models.Product.objects.update(status=models.ProductStatus.ARCHIVED)

    assert refused(add(api, product, picture())) == ("STATUS_NOT_ALLOWED", ["productId"])
    assert nothing_happened()


def test_no_file_is_left_when_the_database_refuses(api, product, monkeypatch):
    def refuse(*args, **kwargs):
        assert len(stored()) == 2
        raise DatabaseError

    monkeypatch.setattr(images.outbox, "record", refuse)

    answer = sent(api, [picture(), picture()], product=gid(product)).json()

    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert nothing_happened()


def test_a_text_in_place_of_a_file_is_refused(api, product):
    given = {"product": gid(product), "files": ["/etc/passwd"]}

    assert api.code(ADD, **given) == "BAD_USER_INPUT"
    written_out = 'mutation($p: ID!) { productImagesAdd(productId: $p, files: ["x"]) { userErrors { code } } }'
    assert api.code(written_out, p=gid(product)) == "BAD_USER_INPUT"
    assert nothing_happened()


# ── Who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("roles", [(), ("Seller",), ("Support",), ("Supply Chain",)], ids=str)
def test_whoever_does_not_keep_the_product_gets_the_same_answer_as_for_none(product, roles, monkeypatch):
    monkeypatch.setattr(images.pictures, "checked", lambda *args, **kwargs: pytest.fail("it was decoded"))
    stranger = Api(make_user(roles=roles))
    image = models.ProductImage.objects.create(product=product, source_url="https://example.com/a.webp", alt="A")

    missing = gid(models.Product(pk=10**9))
    for target in (gid(product), missing):
        answer = sent(stranger, [picture()], product=target).json()["data"]["productImagesAdd"]
        assert refused(answer) == ("NOT_FOUND", ["productId"])
        assert refused(stranger(REORDER, product=target, ids=[])["productImagesReorder"]) == (
            "NOT_FOUND",
            ["productId"],
        )
    for target in (gid(image), gid(models.ProductImage(pk=10**9))):
        assert refused(stranger(UPDATE, id=target, alt="B")["productImageUpdate"]) == ("NOT_FOUND", ["id"])
        assert refused(stranger(REMOVE, id=target)["productImageRemove"]) == ("NOT_FOUND", ["id"])

    assert [each.alt for each in product.images.all()] == ["A"]
    assert stored() == []
    assert not Event.objects.filter(type__contains="image").exists()


def test_a_merchandiser_keeps_the_pictures_of_all(product):
    payload = add(Api(make_user(roles=("Merchandiser",))), product, picture())

    assert len(payload["images"]) == 1


def test_nobody_else_sends_files_at_all(product):
    response = sent(Api(), [picture()], product=gid(product))

    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    assert sent(Api(token="made up"), [picture()], product=gid(product)).status_code == 401
    assert nothing_happened()


def test_the_form_of_a_guest_is_not_even_read(monkeypatch):
    monkeypatch.setattr("django.http.HttpRequest.parse_file_upload", lambda *args: pytest.fail("it was read"))

    assert Client().post("/graphql", form(ADD, [picture()])).status_code == 401


# ── Sessions in cookies ──────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def browser(seller):
    http = Client()
    http.cookies[cookies.ACCESS] = sessions.open_session(seller).access_token
    return http


@pytest.mark.parametrize("header", ["GraphQL-Require-Preflight", "Apollo-Require-Preflight"])
def test_a_page_of_ours_sends_files_with_its_cookie(browser, product, header):
    headers = {"Origin": "https://testserver", header: "1"}
    response = browser.post("/graphql", form(ADD, [picture()], product=gid(product)), headers=headers, secure=True)

    assert len(response.json()["data"]["productImagesAdd"]["images"]) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://testserver"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "GraphQL-Require-Preflight": "1"},
        {"GraphQL-Require-Preflight": "1"},
    ],
    ids=str,
)
def test_the_form_of_another_page_is_refused(browser, product, headers):
    response = browser.post("/graphql", form(ADD, [picture()], product=gid(product)), headers=headers, secure=True)

    assert response.status_code == 403
    assert response.json()["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
    assert nothing_happened()
