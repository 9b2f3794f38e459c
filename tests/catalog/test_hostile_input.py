"""Input made to break things is refused in a sentence: it costs little, and nothing of it is kept."""

import contextlib
import io
import json
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog import importing
from catalog.errors import CatalogError
from catalog.importing import FileFormat, rows
from catalog.models import Vendor
from catalog.services import content
from tests.conftest import Api, gid, make_product, make_user, socket

pytestmark = pytest.mark.django_db

LIST = "query($filters: ProductFilters) { products(filters: $filters) { totalCount } }"
VENDOR_UPDATE = """
mutation($id: ID!, $name: String!) {
  vendorUpdate(id: $id, input: { name: $name }) { vendor { name } userErrors { code field } }
}
"""


# ── Filters ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("amount", ["1e-999999", "0.0001", "NaN", "1e999999", "-1"])
@pytest.mark.parametrize("bound", ["minPrice", "maxPrice", "minRating"])
def test_an_amount_no_column_holds_is_refused_by_name(guest, bound, amount):
    (error,) = guest.send(LIST, filters={bound: amount})["errors"]

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert bound in error["message"] or "Decimal" in error["message"]


@pytest.mark.parametrize("value", ["1e999", "-1e999", "1" * 200])
def test_a_number_that_json_cannot_hold_is_looked_for_as_a_text(guest, value):
    make_product(attributes={"weight": value})

    found = guest(LIST, filters={"attributes": [{"name": "weight", "value": value}]})

    assert found == {"products": {"totalCount": 1}}


@pytest.mark.parametrize("bound", ["createdAfter", "createdBefore"])
@pytest.mark.parametrize("moment", ["0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_beyond_the_calendar_is_refused(guest, bound, moment):
    answer = guest.send(LIST, filters={bound: moment})

    assert [error["extensions"]["code"] for error in answer.get("errors", [])] in ([], ["BAD_USER_INPUT"])


def test_a_product_counts_once_in_a_facet_however_often_it_says_the_same(guest):
    make_product(attributes={"colour": ["red"] * 50 + ["blue"]})
    make_product(attributes={"colour": "red"})

    facets = guest("{ products { facets { attributes { name values { value count } } } } }")["products"]["facets"]

    (colour,) = facets["attributes"]
    assert colour["values"] == [{"value": "red", "count": 2}, {"value": "blue", "count": 1}]


# ── Files where no files belong ──────────────────────────────────────────────────────────────────────────────────────
def test_a_file_inside_the_attributes_is_refused():
    seller = make_user(roles=("Seller",))
    product = make_product(attributes={"material": "oak"})
    product.vendor.members.add(seller)
    query = """mutation($id: ID!, $attributes: JSON) {
      productUpdate(id: $id, input: { attributes: $attributes }) { userErrors { code field } } }"""
    form = {
        "operations": json.dumps({"query": query, "variables": {"id": gid(product), "attributes": {"material": None}}}),
        "map": json.dumps({"0": ["variables.attributes.material"]}),
        "0": SimpleUploadedFile("mug.jpg", b"a file"),
    }
    api = Api(seller)

    answer = api.http.post("/graphql", form, headers={"Authorization": f"Bearer {api.token}"}).json()

    refusal = {"code": "INVALID", "field": ["input", "attributes"]}
    assert answer["data"]["productUpdate"]["userErrors"] == [refusal]
    product.refresh_from_db()
    assert product.attributes == {"material": "oak"}


@pytest.mark.parametrize("name", ["a" * 5000, "ü" * 200, "products/"])
def test_a_picture_no_file_can_be_called_is_not_found(guest, name):
    assert guest.http.get(f"/media/{name}").status_code == 404


# ── Descriptions ─────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "piece", ["<b ", "<!--", "<![", "</", '<a b="', "<a b='", "<a = ", "<a b=\"'", "<a\n", "&#", "<"]
)
def test_a_description_of_open_ends_is_read_at_once(piece):
    text = (piece * content.MAX_HTML)[: content.MAX_HTML]

    before = time.process_time()
    with contextlib.suppress(CatalogError):
        content.checked_html(text, field=["input", "description"])

    assert time.process_time() - before < 2


def test_a_description_that_grows_beyond_what_an_import_takes_is_refused():
    with pytest.raises(CatalogError, match="more than 100000 characters"):
        content.checked_html("<" * 50_000, field=["input", "description"])


@pytest.mark.parametrize("html", ['<a title="one > two">x</a>', '<a title="on sale > now">x</a>', "<p>1 <on 2</p>"])
def test_a_description_is_not_refused_for_what_it_quotes(html):
    assert content.checked_html(html, field=["input", "description"])


@pytest.mark.parametrize("html", ['<a title="a > b" onclick="x()">', "<b><![<script>", "<a href = ' javascript:x'>"])
def test_a_description_is_refused_for_what_runs_behind_what_it_quotes(html):
    with pytest.raises(CatalogError):
        content.checked_html(html, field=["input", "description"])


# ── Imports ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_csv_with_hundreds_of_columns_is_refused_before_its_rows_are_read():
    header = ",".join(["Handle", "Title", "Variant Price", *(f"c{number}" for number in range(rows.MAX_COLUMNS))])
    file = io.BytesIO(f"{header}\nmug,Mug,1.00\n".encode())

    with pytest.raises(importing.UnreadableFileError, match="has 503 columns"):
        importing.look_at(file, name="The file", format=FileFormat.SHOPIFY_CSV)


def test_a_line_with_thousands_of_faults_is_reported_in_a_hundred():
    wrong = {"handle": "mug", **{f"key-{number}": 1 for number in range(5000)}}
    file = io.BytesIO(json.dumps(wrong).encode())
    problems = []

    checked = importing.check(file, name="The file", format=FileFormat.JSON_LINES, report=problems.append)

    assert len(problems) == checked.problems == 100
    assert checked.faulty == {1}


@pytest.mark.parametrize("name", ["Clay and Co", "CLAY AND CO", importing.DEFAULT_VENDOR])
def test_a_seller_does_not_take_the_name_by_which_imports_find_another_vendor(name):
    seller = make_user(roles=("Seller",))
    mine = Vendor.objects.create(name="Mine", slug="mine")
    mine.members.add(seller)
    Vendor.objects.create(name="Clay and Co", slug="clay-and-co")

    payload = Api(seller)(VENDOR_UPDATE, id=gid(mine), name=name)["vendorUpdate"]

    assert payload == {"vendor": None, "userErrors": [{"code": "NAME_TAKEN", "field": ["input", "name"]}]}
    mine.refresh_from_db()
    assert mine.name == "Mine"


def test_a_seller_may_write_their_own_name_otherwise():
    seller = make_user(roles=("Seller",))
    mine = Vendor.objects.create(name="Mine", slug="mine")
    mine.members.add(seller)

    payload = Api(seller)(VENDOR_UPDATE, id=gid(mine), name="MINE")["vendorUpdate"]

    assert payload == {"vendor": {"name": "MINE"}, "userErrors": []}


# ── Sockets ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "message",
    [
        {"id": "1", "payload": {"query": "subscription { x }", "variables": []}},
        {"id": "1", "payload": {"query": "subscription { x }", "variables": "x"}},
        {"id": {"a": 1}, "payload": {"query": "subscription { x }"}},
        {"payload": {"query": "subscription { x }"}},
    ],
    ids=["variables in a list", "variables in a text", "an object for an id", "no id"],
)
async def test_a_socket_closes_on_a_subscription_of_another_form(message):
    api = socket()
    await api.gql_init()

    await api.send_json_to({"type": "subscribe", **message})

    assert (await api.receive_output(5))["code"] == 4400
