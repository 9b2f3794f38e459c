"""Pictures in a bucket: an S3 of the tests' own, over HTTP, with the settings a shop would have."""

import json

import httpx
import pytest
from moto.server import ThreadedMotoServer

from tests.catalog.pictures import SVG, add, picture, refused
from tests.catalog.test_images import REMOVE
from tests.config.test_settings import REAL, printed
from tests.conftest import gid

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:(botocore|moto|werkzeug|storages).*"),
]


@pytest.fixture(scope="module")
def s3():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pictures/*"}
    httpx.put(f"{address}/pictures")
    httpx.put(f"{address}/pictures?policy", json={"Version": "2012-10-17", "Statement": [everybody]})
    yield address
    server.stop()


@pytest.fixture
def bucket(s3, settings):
    process = printed(
        "__import__('json').dumps(settings.STORAGES)",
        **REAL,
        MEDIA_S3_BUCKET="pictures",
        MEDIA_S3_ENDPOINT=s3,
        MEDIA_S3_REGION="eu-central-1",
        MEDIA_S3_ACCESS_KEY="key",
        MEDIA_S3_SECRET_KEY="secret",
        MEDIA_S3_PUBLIC_URL=f"{s3}/pictures/",
    )
    settings.STORAGES = json.loads(process.stdout.splitlines()[-1])
    return s3


def keys(address):
    return httpx.get(f"{address}/pictures").text.count("<Key>")


def test_pictures_are_kept_in_the_bucket_and_leave_it(bucket, api, product, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        (image,) = add(api, product, picture())["images"]

    assert image["url"].startswith(f"{bucket}/pictures/products/")
    served = httpx.get(image["url"])
    assert (served.status_code, served.headers["Content-Type"]) == (200, "image/jpeg")
    assert served.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    small = product.images.get().small.url
    assert httpx.get(small).headers["Content-Type"] == "image/webp"
    assert keys(bucket) == 4

    with django_capture_on_commit_callbacks(execute=True):
        api(REMOVE, id=gid(product.images.get()))

    assert keys(bucket) == 0


def test_nothing_of_what_is_refused_stays_in_the_bucket(bucket, api, product):
    assert refused(add(api, product, picture(), SVG)) == ("FILE_INVALID", ["files", "1"])

    assert keys(bucket) == 0
