"""The HTTP door: whatever is sent to /graphql is answered in JSON, with a code, and without our inside."""

import json
import time
from dataclasses import dataclass

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from accounts.models import User
from notifications import outbox
from notifications.models import Event
from tests.conftest import Api, make_product

pytestmark = pytest.mark.django_db

INSIDE = (
    "Traceback",
    'File "',
    "Exception",
    "django",
    "strawberry",
    "graphql/",
    "SELECT",
    "sqlite",
    "psycopg",
    "site-packages",
)
PRODUCTS = "{ products { edges { node { name } } } }"


@pytest.fixture
def http():
    return Client(raise_request_exception=False)


def sent(http, body, content_type="application/json", **headers):
    return http.post("/graphql", body, content_type=content_type, headers=headers)


def refusal(response):
    """(status, code) of an answer that is all refusal: JSON, one shape, no inside."""
    assert response["Content-Type"].startswith("application/json"), response.content[:200]
    answer = json.loads(response.content)
    assert answer.keys() == {"data", "errors"}
    assert answer["data"] is None
    assert answer["errors"]
    for error in answer["errors"]:
        assert error["message"]
        assert error.keys() <= {"message", "locations", "path", "extensions"}
        assert error["extensions"].keys() == {"code"}
    assert not [word for word in INSIDE if word in response.content.decode()]
    return response.status_code, answer["errors"][0]["extensions"]["code"]


# ── Bodies ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{]",
        b"query { products }",
        b"{'query': 1}",
        b'{"query": "{ products }"} and more',
        b"\xff\xfe\x00",
        b'{"query": "\xff"}',
        b'{"query": "{ me { email } }", "variables": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    ],
    ids=range(9),
)
def test_what_is_no_json_is_refused(http, body):
    assert refusal(sent(http, body)) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    "body", ["null", "1", "1.5", "true", '"{ me { email } }"', "[]", "[1]", '[{"query": "{me{id}}"}]']
)
def test_json_that_is_no_object_is_refused(http, body):
    assert refusal(sent(http, body)) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize("query", [None, "", 1, True, ["{ me { email } }"], {"a": 1}], ids=str)
def test_a_request_without_a_query_is_refused(http, query):
    assert refusal(sent(http, {"query": query})) == (400, "BAD_USER_INPUT")
    assert refusal(sent(http, {})) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize("variables", ["x", 1, True, [], ["x"]], ids=str)
def test_variables_that_are_no_object_are_refused(http, variables):
    assert refusal(sent(http, {"query": PRODUCTS, "variables": variables})) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize("extensions", ["x", 1, []], ids=str)
def test_extensions_that_are_no_object_are_refused(http, extensions):
    assert refusal(sent(http, {"query": PRODUCTS, "extensions": extensions})) == (400, "BAD_USER_INPUT")


def test_a_text_with_half_a_character_is_refused_wherever_it_stands(http):
    query = "query($s: String!) { productBySlug(slug: $s) { name } }"

    assert refusal(sent(http, {"query": query, "variables": {"s": "\ud83d"}}))[1] == "BAD_USER_INPUT"
    assert refusal(sent(http, {"query": "{ \udc00 }"}))[1] == "BAD_USER_INPUT"
    assert (
        refusal(sent(http, {"query": query, "operationName": "\ud83d", "variables": {"s": "x"}}))[1] == "BAD_USER_INPUT"
    )


def test_a_whole_character_outside_the_first_plane_is_welcome(http):
    make_product("Desk 🔑")

    query = "query($s: String) { products(filters: {search: $s}) { totalCount } }"
    body = json.dumps({"query": query, "variables": {"s": "desk 🔑"}})
    assert r"\ud83d\udd11" in body

    assert sent(http, body).json() == {"data": {"products": {"totalCount": 1}}}


def test_a_body_of_ten_megabytes_is_refused(http):
    response = sent(http, {"query": PRODUCTS, "variables": {"a": "x" * 10_000_000}})

    assert refusal(response) == (413, "BAD_USER_INPUT")


# ── Methods and content types ────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/html"])
def test_a_query_in_the_address_is_refused(http, accept):
    response = http.get("/graphql", {"query": PRODUCTS}, headers={"Accept": accept})

    assert refusal(response) == (400, "BAD_USER_INPUT")


def test_a_mutation_in_the_address_is_refused_and_changes_nothing(http):
    query = 'mutation { accountRegister(input: {email: "a@example.com", password: "correct horse"}) { user { id } } }'

    assert refusal(http.get("/graphql", {"query": query})) == (400, "BAD_USER_INPUT")
    assert not User.objects.exists()


def test_a_get_without_a_query_that_wants_json_is_refused(http):
    assert refusal(http.get("/graphql", headers={"Accept": "application/json"})) == (400, "BAD_USER_INPUT")


def test_a_get_with_variables_that_are_no_json_is_refused(http):
    assert refusal(http.get("/graphql", {"query": PRODUCTS, "variables": "{"})) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_other_methods_are_refused(http, method):
    assert refusal(getattr(http, method)("/graphql")) == (405, "BAD_USER_INPUT")


def test_a_form_of_a_guest_is_refused(http):
    file = SimpleUploadedFile("a.txt", b"x")
    form = {"operations": json.dumps({"query": PRODUCTS}), "map": '{"0": ["variables.file"]}', "0": file}

    assert refusal(http.post("/graphql", form)) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/graphql", "application/xml", "json", ";;", " "],
)
def test_a_content_type_that_is_not_json_is_refused(http, content_type):
    assert refusal(sent(http, json.dumps({"query": PRODUCTS}), content_type)) == (400, "BAD_USER_INPUT")


def test_a_charset_beside_the_content_type_does_no_harm(http):
    response = sent(http, {"query": PRODUCTS}, "application/json; charset=utf-8")

    assert response.json() == {"data": {"products": {"edges": []}}}


def test_a_subscription_is_not_answered_over_http(http):
    response = sent(http, {"query": "subscription { notificationReceived { id } }"}, Accept="text/event-stream")

    assert refusal(response) == (400, "BAD_USER_INPUT")


# ── Documents ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "query",
    [
        "{",
        "}",
        "{}",
        " ",
        "#",
        "query",
        "{ me { email }",
        "{ me } }",
        '{ productBySlug(slug: "x) { id } }',
        "\x00",
        "💥",
    ],
)
def test_a_query_that_does_not_parse_is_refused(http, query):
    status, code = refusal(sent(http, {"query": query}))

    assert status < 500
    assert code == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "query",
    [
        "{ nothing }",
        "{ me { password } }",
        "{ me }",
        "{ me { email { x } } }",
        "{ products(page: 1) { totalCount } }",
        "{ product { name } }",
        "mutation { me { email } }",
        "{ me { ...Unknown } }",
        "{ ...Unknown }",
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "{ me { ... on Product { name } } }",
        "fragment A on Query { me { email } }",
        "query($a: Nothing) { me { email } }",
        "query($a: Int) { me { email } }",
        "{ me { email @nothing } }",
        "query A { me { email } } query A { me { email } }",
        "type Query { me: String }",
        '{ products(ordering: [{name: "ASC"}]) { totalCount } }',
        "{ products(ordering: [{name: ASC, price: ASC}]) { totalCount } }",
        "{ products(ordering: [{}]) { totalCount } }",
    ],
)
def test_a_query_that_does_not_fit_the_schema_is_refused(http, query):
    status, code = refusal(sent(http, {"query": query}))

    assert status < 500
    assert code == "BAD_USER_INPUT"


def test_a_query_that_is_too_deep_is_refused(http):
    categories = "parent { " * 11 + "name" + " }" * 11

    assert refusal(
        sent(http, {"query": f"{{ products {{ edges {{ node {{ category {{ {categories} }} }} }} }} }}"})
    ) == (
        200,
        "QUERY_TOO_EXPENSIVE",
    )


# The parser gives up on the deepest before they can be measured.
TOO_LARGE = {"BAD_USER_INPUT", "QUERY_TOO_EXPENSIVE"}


@pytest.mark.parametrize("depth", [100, 500, 990])
def test_a_query_that_is_very_deep_is_refused(http, depth):
    assert refusal(sent(http, {"query": "{ parent " * depth + "}" * depth}))[1] in TOO_LARGE
    assert refusal(sent(http, {"query": f"{{ products(first: {'[' * depth}{']' * depth}) {{ totalCount }} }}"}))[1] == (
        "BAD_USER_INPUT"
    )


def test_a_query_of_depth_twelve_is_answered(http):
    query = "{ products { edges { node { " + "category { " + "parent { " * 7 + "name" + " }" * 12

    assert sent(http, {"query": query}).json() == {"data": {"products": {"edges": []}}}


def test_a_query_with_too_many_aliases_is_refused(http):
    thirty = " ".join(f"a{n}: me {{ email }}" for n in range(30))

    assert sent(http, {"query": f"{{ {thirty} }}"}).json()["data"].keys() == {f"a{n}" for n in range(30)}
    assert refusal(sent(http, {"query": f"{{ {thirty} more: me {{ email }} }}"})) == (200, "QUERY_TOO_EXPENSIVE")


def test_a_query_with_too_many_tokens_is_refused(http):
    assert refusal(sent(http, {"query": "{ me { " + "email " * 3000 + "} }"})) == (200, "BAD_USER_INPUT")


def test_aliases_hidden_in_fragments_count_each_time(http):
    fragment = "fragment F on Query { " + " ".join(f"a{n}: me {{ email }}" for n in range(16)) + " }"

    assert refusal(sent(http, {"query": "{ ...F ... { ...F } } " + fragment})) == (200, "QUERY_TOO_EXPENSIVE")


def test_fragments_that_double_at_every_step_are_answered_at_once(http):
    doubling = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(18))
    query = f"{{ ...F0 }} {doubling} fragment F18 on Query {{ me {{ email }} }}"
    started = time.monotonic()

    response = sent(http, {"query": query})

    assert response.status_code == 200
    assert time.monotonic() - started < 0.5


def test_introspection_that_follows_itself_is_refused(http):
    fields = "fields { type { " * 5 + "name" + " } }" * 5

    assert refusal(sent(http, {"query": f"{{ __schema {{ types {{ {fields} }} }} }}"}))[1] == "BAD_USER_INPUT"


# ── Operations and variables ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", ["C", "", "__proto__", 5, True, {"a": 1}, ["A"]], ids=str)
def test_an_operation_name_that_is_not_in_the_document_is_refused(http, name):
    body = {"query": "query A { me { email } } query B { me { id } }", "operationName": name}

    status, code = refusal(sent(http, body))

    assert (status, code) == (400, "BAD_USER_INPUT")


def test_the_named_operation_is_the_one_that_is_answered(http):
    body = {"query": "query A { me { email } } query B { categories { totalCount } }", "operationName": "B"}

    assert sent(http, body).json() == {"data": {"categories": {"totalCount": 0}}}


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("Int", "5"),
        ("Int", 1.5),
        ("Int", True),
        ("Int", 2**31),
        ("Int", 10**400),
        ("Int", float("inf")),
        ("Int", float("nan")),
        ("Int", [1, 2]),
        ("Int", {"a": 1}),
    ],
    ids=str,
)
def test_a_variable_of_the_wrong_type_is_refused(http, declared, value):
    body = {"query": f"query($n: {declared}) {{ products(first: $n) {{ totalCount }} }}", "variables": {"n": value}}

    assert refusal(sent(http, body)) == (200, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    "filters",
    [
        1,
        "x",
        [[]],
        {"nothing": 1},
        {"minPrice": "cheap"},
        {"minPrice": "NaN"},
        {"minPrice": "Infinity"},
        {"minPrice": "1e999999999"},
        {"minPrice": "-1"},
        {"minPrice": "9" * 400},
        {"minPrice": {}},
        {"maxPrice": "-0.01"},
        {"inStock": "yes"},
        {"search": 5},
        {"search": "x" * 201},
        {"createdAfter": "yesterday"},
        {"createdAfter": "2026-13-45T00:00:00Z"},
        {"createdAfter": 5},
        {"createdAfter": ""},
    ],
    ids=lambda filters: str(filters)[:40],
)
def test_a_filter_that_cannot_be_read_is_refused(http, filters):
    query = "query($f: ProductFilters) { products(filters: $f) { edges { node { id } } } }"

    assert refusal(sent(http, {"query": query, "variables": {"f": filters}})) == (200, "BAD_USER_INPUT")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59"])
def test_the_ends_of_time_are_moments_like_others(http, moment):
    query = "query($m: DateTime) { products(filters: {createdAfter: $m}) { totalCount } }"

    answer = sent(http, {"query": query, "variables": {"m": moment}}).json()

    assert (
        answer.get("errors", [{"extensions": {"code": "BAD_USER_INPUT"}}])[0]["extensions"]["code"] == "BAD_USER_INPUT"
    )


def test_a_missing_variable_is_refused_by_name(http):
    response = sent(http, {"query": "query($id: ID!) { product(id: $id) { name } }"})

    assert refusal(response) == (200, "BAD_USER_INPUT")
    assert "$id" in response.json()["errors"][0]["message"]


def test_an_unknown_slug_is_not_found_whatever_it_contains(guest):
    query = "query($s: String!) { productBySlug(slug: $s) { name } }"

    for slug in ("", "x", "x" * 100_000, "' OR 1=1 --", "%", "../../etc/passwd", "💥"):
        assert guest.code(query, s=slug) == "NOT_FOUND"


# ── Errors inside an answer ──────────────────────────────────────────────────────────────────────────────────────────
def test_a_refusal_leaves_its_neighbours_alone(guest):
    response = guest.send('{ missing: productBySlug(slug: "x") { name } products { totalCount } }')

    assert response["data"] == {"missing": None, "products": {"totalCount": 0}}
    assert [(error["path"], error["extensions"]["code"]) for error in response["errors"]] == [
        (["missing"], "NOT_FOUND")
    ]


@dataclass(frozen=True)
class WithoutTexts:
    """Something no template was written for: to show it is a bug."""

    type = "test.without_texts"


def test_an_unexpected_exception_is_hidden_from_the_client_and_logged(
    customer, caplog, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        outbox.record(WithoutTexts(), about=customer, users=[customer.pk])

    response = Api(customer).send("{ notifications { edges { node { title } } } }")

    assert response["data"] is None
    (error,) = response["errors"]
    assert error["message"] == "Something went wrong on our side. It was logged."
    assert error["extensions"] == {"code": "INTERNAL"}
    assert error["path"] == ["notifications", "edges", 0, "node", "title"]
    assert "test.without_texts" not in json.dumps(response)
    (logged,) = [record for record in caplog.records if record.name == "schema.root"]
    assert logged.levelname == "ERROR"
    assert logged.exc_info[0].__name__ == "TemplateDoesNotExist"


def test_a_refusal_is_no_error_in_the_log(guest, caplog):
    guest.send("{ nothing }")
    guest.send("{ notifications { totalCount } }")
    guest.send('{ product(id: "x") { name } }')

    assert [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "selection",
    [
        "variants { product { variants { id } } }",
        "variants { ...V } } } } } fragment V on ProductVariant { product { ... on Product { variants { sku } } }",
    ],
    ids=["spelled out", "by fragments"],
)
def test_a_list_inside_itself_is_refused(http, selection):
    query = f"{{ products {{ edges {{ node {{ {selection} }} }} }} }}"
    if "fragment" in selection:
        query = f"{{ products {{ edges {{ node {{ {selection} }}"

    (error,) = sent(http, {"query": query}).json()["errors"]

    assert error["extensions"]["code"] == "QUERY_TOO_EXPENSIVE"
    assert "Product.variants inside Product.variants" in error["message"]


def test_a_few_mutations_at_once_are_plenty(http):
    def guesses(number):
        return "mutation { " + " ".join(f'a{n}: tokenRevoke(refreshToken: "x") {{ isRevoked }}' for n in range(number))

    assert sent(http, {"query": guesses(5) + " }"}).json()["data"]["a4"] == {"isRevoked": False}
    assert refusal(sent(http, {"query": guesses(6) + " }"})) == (200, "QUERY_TOO_EXPENSIVE")


@pytest.mark.parametrize("id", ["", "1", "abc", "nope", "<the cart's id>"])
def test_an_id_that_is_none_is_refused_in_a_sentence(http, id):
    (error,) = sent(http, {"query": "query($id: ID!) { product(id: $id) { name } }", "variables": {"id": id}}).json()[
        "errors"
    ]

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "an id that this server never gave out" in error["message"]


def test_a_number_of_a_thousand_digits_is_refused(http):
    query = "{ products(first: " + "1" * 5000 + ") { totalCount } }"

    assert refusal(sent(http, {"query": query}))[1] == "BAD_USER_INPUT"
