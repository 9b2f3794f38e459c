"""Pictures to send, requests to send them with, and what is stored then."""

import io
import json
import struct
import zlib
from functools import cache

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from catalog import models
from notifications.models import Event
from tests.conftest import gid

ADD = """
mutation($product: ID!, $files: [Upload!]!, $alts: [String!]) {
  productImagesAdd(productId: $product, files: $files, alts: $alts) {
    images { id alt url small: url(size: SMALL) medium: url(size: MEDIUM) large: url(size: LARGE) }
    product { images { alt } }
    userErrors { code field message }
  }
}
"""
REORDER = """
mutation($product: ID!, $ids: [ID!]!) {
  productImagesReorder(productId: $product, ids: $ids) { product { images { id } } userErrors { code field } }
}
"""
UPDATE = """
mutation($id: ID!, $alt: String!) {
  productImageUpdate(id: $id, alt: $alt) { image { alt } userErrors { code field } }
}
"""
REMOVE = """
mutation($id: ID!) {
  productImageRemove(id: $id) { product { images { id } variants { image { id } } } userErrors { code field } }
}
"""

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def form(query, files, **variables):
    """The fields of a multipart request for `files` of the mutation."""
    given = {str(number): SimpleUploadedFile("../their name.exe", file) for number, file in enumerate(files)}
    return {
        "operations": json.dumps({"query": query, "variables": {**variables, "files": [None] * len(files)}}),
        "map": json.dumps({name: [f"variables.files.{name}"] for name in given}),
        **given,
    }


def sent(api, files, **variables):
    headers = {"Authorization": f"Bearer {api.token}"} if api.token else {}
    return api.http.post("/graphql", form(ADD, files, **variables), headers=headers)


def add(api, product, *files, **variables):
    answer = sent(api, files, product=gid(product), **variables).json()
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["productImagesAdd"]


def refused(payload):
    """(code, field) of the one refusal of a payload that is nothing else."""
    (error,) = payload.pop("userErrors")
    assert not any(payload.values())
    return error["code"], error["field"]


def encoded(image, file_format, **options):
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def picture(width=40, height=30, color=(200, 30, 30), file_format="PNG", **options):
    return encoded(Image.new("RGB", (width, height), color), file_format, **options)


def opened(name):
    with default_storage.open(name) as file:
        image = Image.open(io.BytesIO(file.read()))
        image.load()
        return image


def stored():
    """The names of all files there are."""
    return sorted(default_storage.listdir("products")[1]) if default_storage.exists("products") else []


def nothing_happened():
    return not (models.ProductImage.objects.exists() or stored() or Event.objects.filter(type__contains="image"))


def png(width, height, scanlines):
    """A PNG of 8 bits of grey whose header says this, whatever is in it."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", scanlines) + chunk(b"IEND", b"")


@cache
def bomb():
    """A picture of 400 megapixels in less than two megabytes."""
    packer = zlib.compressobj(1)
    line = bytes(20_001)
    return png(20_000, 20_000, b"".join([packer.compress(line) for _ in range(20_000)]) + packer.flush())
