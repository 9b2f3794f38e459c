"""Forms with files: where a file may stand, and what of a form that is not one is answered."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests.conftest import Api, gid, make_product, make_user
from tests.schema.test_requests import refusal

pytestmark = pytest.mark.django_db

ME = "{ me { email } }"
ADD = """
mutation($id: ID!, $files: [Upload!]!) { productImagesAdd(productId: $id, files: $files) { userErrors { code } } }
"""


@pytest.fixture
def http(customer):
    client = Client(raise_request_exception=False)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {Api(customer).token}"
    return client


def operations(query=ME, **variables):
    return json.dumps({"query": query, "variables": variables})


def file(content=b"x"):
    return SimpleUploadedFile("a.txt", content)


def test_a_form_without_files_is_a_request_like_any_other(http, customer):
    response = http.post("/graphql", {"operations": operations(), "map": "{}"})

    assert response.json() == {"data": {"me": {"email": customer.email}}}


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"map": "{}"},
        {"operations": ""},
        {"operations": "{"},
        {"operations": "1", "map": "{}"},
        {"operations": "[]", "map": "{}"},
        {"operations": f"[{operations()}]", "map": "{}"},
        {"operations": operations(), "map": "{"},
        {"operations": operations(), "map": "[]", "0": file()},
        {"operations": operations(), "map": "[1]", "0": file()},
        {"operations": operations(), "map": '{"0": null}', "0": file()},
        {"operations": operations(), "map": '{"0": [1]}', "0": file()},
        {"operations": operations(), "map": '{"0": ["variables.files.0"]}', "0": file()},
        {"operations": operations(files=[]), "map": '{"0": ["variables.files.7"]}', "0": file()},
        {"operations": operations(files=[]), "map": '{"0": ["variables.files.x"]}', "0": file()},
        {"operations": operations(files=None), "map": '{"0": ["variables.files.0"]}', "0": file()},
        {"operations": operations(files=[None]), "map": '{"0": ["variables.files.0"]}'},
        {"operations": operations(files=[None]), "map": '{"1": ["variables.files.0"]}', "0": file()},
        {"operations": operations(), "map": '{"0": ["query"]}', "0": file()},
        {"operations": operations(), "map": '{"0": ["variables"]}', "0": file()},
        {"operations": operations(), "map": '{"0": ["extensions"]}', "0": file()},
        {"operations": operations(), "map": '{"0": ["operationName"]}', "0": file()},
        {"operations": '{"a":' * 900 + "1" + "}" * 900, "map": '{"0": ["query"]}', "0": file()},
    ],
    ids=range(23),
)
def test_a_form_that_is_no_request_is_refused(http, form):
    status, code = refusal(http.post("/graphql", form))

    assert (status < 500, code) == (True, "BAD_USER_INPUT")


@pytest.mark.parametrize("body", [b"", b"x", b"--x", b"--x\r\n\r\n", b"--x--", b"\xff" * 100], ids=str)
@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=x"])
def test_what_is_no_form_is_refused(http, body, content_type):
    assert refusal(http.post("/graphql", body, content_type=content_type)) == (400, "BAD_USER_INPUT")


def test_a_file_where_none_belongs_is_refused(http):
    query = "query($slug: String!) { productBySlug(slug: $slug) { name } }"
    form = {"operations": operations(query, slug=None), "map": '{"0": ["variables.slug"]}', "0": file()}

    assert refusal(http.post("/graphql", form))[1] == "BAD_USER_INPUT"


def test_null_in_place_of_a_file_is_refused(http):
    product = gid(make_product())

    assert refusal(http.post("/graphql", {"operations": operations(ADD, id=product, files=[None])}))[1] == (
        "BAD_USER_INPUT"
    )


def test_too_many_files_are_refused(http):
    form = {"operations": operations(files=[]), "map": "{}"} | {str(n): file() for n in range(101)}

    assert refusal(http.post("/graphql", form)) == (400, "BAD_USER_INPUT")


def test_too_much_beside_the_files_is_refused(http):
    assert refusal(http.post("/graphql", {"operations": "x" * 3_000_000})) == (413, "BAD_USER_INPUT")


def test_a_form_that_says_it_is_too_large_is_not_read(http, settings):
    form = {"operations": operations(), "map": "{}"}
    settings.MAX_REQUEST_BYTES = len(encode_multipart(BOUNDARY, form)) - 1

    assert refusal(http.post("/graphql", form)) == (413, "BAD_USER_INPUT")


def test_a_form_that_does_not_say_how_long_it_is_is_refused(http):
    body = encode_multipart(BOUNDARY, {"operations": operations(), "map": "{}"})

    response = http.generic("POST", "/graphql", body, content_type=MULTIPART_CONTENT, CONTENT_LENGTH="")

    assert refusal(response) == (411, "BAD_USER_INPUT")


def test_only_those_named_may_be_asked_for_by_a_page_elsewhere(settings):
    settings.CORS_ALLOW_ALL_ORIGINS = False
    settings.CORS_ALLOWED_ORIGINS = ["https://www.example.com"]
    headers = {
        "Origin": "https://www.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "graphql-require-preflight",
    }

    response = Client().options("/graphql", headers=headers)

    assert "graphql-require-preflight" in response["Access-Control-Allow-Headers"]


def test_a_session_that_ended_opens_no_form():
    user = make_user()
    api = Api(user)
    api("mutation { tokensRevokeAll { revokedCount } }")

    response = api.http.post("/graphql", {"operations": operations()}, headers={"Authorization": f"Bearer {api.token}"})

    assert refusal(response) == (401, "UNAUTHENTICATED")
