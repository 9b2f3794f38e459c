"""Searching: what words find, in which order, what they forgive, and filters by what products say of themselves."""

from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Product, ProductStatus, Vendor, searching
from tests.conftest import make_product

NAMES = """
query($filters: ProductFilters, $ordering: [ProductOrdering!], $first: Int, $after: String) {
  products(filters: $filters, ordering: $ordering, first: $first, after: $after) {
    totalCount edges { node { name } } pageInfo { endCursor hasNextPage }
  }
}
"""


def found(api, words, **variables):
    filters = {"search": words, **variables.pop("filters", {})}
    return [edge["node"]["name"] for edge in api(NAMES, filters=filters, **variables)["products"]["edges"]]


def refusal(api, **variables):
    response = api.send(NAMES, **variables)
    assert response["data"] in (None, {"products": None})
    error = response["errors"][0]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    return error["message"]


def vendor(name):
    return Vendor.objects.create(name=name, slug=name.lower())


@pytest.fixture
def postgresql(db):
    if connection.vendor != "postgresql":
        pytest.skip("Stems, typing errors and plans are PostgreSQL's.")


# ── What is found ────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "words", ["oak", "OAK", "  oak  ", "oak desk", "desk oak", "oak, desk!", "oak|desk", "oak & desk"]
)
def test_all_words_must_occur_in_any_order_and_case_whatever_signs_stand_between(guest, words):
    make_product("Oak desk")
    make_product("Glass desk")

    assert found(guest, words) == ["Oak desk"]


@pytest.mark.parametrize("words", ["lamp", "lamps", "desk lamps"])
def test_one_is_found_by_the_word_for_many(guest, words):
    make_product("Desk lamp")
    make_product("Desk")

    assert found(guest, words) == ["Desk lamp"]


def test_the_best_come_first_name_before_tags_before_vendor_before_description(guest):
    make_product("Four", description="<p>Good with walnut.</p>")
    make_product("Three", vendor=vendor("Walnut"))
    make_product("Two", tags=["walnut"])
    make_product("One walnut")
    make_product("None")

    assert found(guest, "walnut") == ["One walnut", "Two", "Three", "Four"]
    assert found(guest, "walnut", ordering=[{"relevance": "DESC"}]) == ["One walnut", "Two", "Three", "Four"]
    assert found(guest, "walnut", ordering=[{"relevance": "ASC"}]) == ["Four", "Three", "Two", "One walnut"]


def test_a_search_may_be_ordered_otherwise_and_narrowed_further(guest):
    make_product("Lamp B", price="30.00")
    make_product("Lamp A", price="10.00")
    make_product("Lamp C", price="20.00")

    assert found(guest, "lamp", ordering=[{"name": "ASC"}]) == ["Lamp A", "Lamp B", "Lamp C"]
    assert found(guest, "lamp", filters={"maxPrice": "20"}, ordering=[{"price": "ASC"}]) == ["Lamp A", "Lamp C"]


def test_the_last_word_may_be_the_beginning_of_one(guest):
    make_product("Desk lamp")
    make_product("Desk chair")

    assert found(guest, "desk lam") == ["Desk lamp"]
    assert found(guest, "desk cha") == ["Desk chair"]


@pytest.mark.parametrize("typed", ["LAMP-1", "lamp-1", " lamp-1 "])
def test_a_sku_is_found_whole_in_any_case_and_comes_first(guest, typed):
    coded = make_product("Anything")
    coded.variants.update(sku="LAMP-1")
    make_product("Lamp 1")

    assert found(guest, typed) == ["Anything", "Lamp 1"]


def test_the_sku_of_what_is_not_on_sale_finds_nothing(guest):
    hidden = make_product("Hidden", status=ProductStatus.DRAFT)

    assert found(guest, hidden.variants.get().sku) == []


def test_pages_of_a_search_hold_every_row_once(guest):
    for number in range(7):
        make_product(f"Lamp {number}" if number % 2 else f"Desk {number}", description="a lamp")
    names, after = [], None

    while True:
        page = guest(NAMES, filters={"search": "lamp"}, first=2, after=after)["products"]
        names += [edge["node"]["name"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert page["totalCount"] == 7
    assert names == ["Lamp 5", "Lamp 3", "Lamp 1", "Desk 6", "Desk 4", "Desk 2", "Desk 0"]


def test_a_change_of_name_tags_description_or_vendor_is_found_at_once(guest):
    product = make_product("Before", vendor=vendor("Aldous"))

    for change in ({"name": "Granite"}, {"tags": ["marble"]}, {"description": "<b>onyx</b>"}):
        Product.objects.filter(pk=product.pk).update(**change)
    Vendor.objects.filter(pk=product.vendor_id).update(name="Basalt")

    for word in ("granite", "marble", "onyx", "basalt"):
        assert found(guest, word) == ["Granite"]
    for word in ("before", "aldous"):
        assert found(guest, word) == []


def test_a_vendors_other_products_keep_their_words_when_one_moves(guest):
    first, second = vendor("Aldous"), vendor("Basalt")
    moved, kept = make_product("Moved", vendor=first), make_product("Kept", vendor=first)

    moved.vendor = second
    moved.save()

    assert found(guest, "aldous") == [kept.name]
    assert found(guest, "basalt") == [moved.name]


# ── What only PostgreSQL forgives ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("lamps", "Desk lamp"),
        ("lamp", "Two lamps"),
        ("running", "Run further"),
        ("painted", "Painting"),
        ("lightin", "Lighting"),
        ("creme brulee", "Crème brûlée"),
        ("crème", "Creme"),
        ("lamp for the desk", "Desk lamp"),
        ("t-shirt", "T shirt"),
        ("4.5", "Size 4.5"),
    ],
)
def test_other_forms_of_a_word_and_accents_count_as_the_word(guest, postgresql, typed, name):
    make_product(name)
    make_product("Something else")

    assert found(guest, typed) == [name]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("chiar", "Chair"),
        ("lampp", "Lamp"),
        ("wodden", "Wooden"),
        ("headfones", "Headphones"),
        ("oak tabel", "Oak table"),
        ("wallnut", "Walnut"),
    ],
)
def test_a_misspelt_word_finds_what_it_may_mean(guest, postgresql, typed, name):
    make_product(name)
    make_product("Something else")

    assert found(guest, typed) == [name]


def test_a_word_that_is_known_is_not_taken_for_another(guest, postgresql):
    make_product("Lamp")
    make_product("Lamb")

    assert found(guest, "lamp") == ["Lamp"]
    assert found(guest, "lamd") == ["Lamb", "Lamp"]


def test_nothing_alike_finds_nothing(guest, postgresql):
    make_product("Lamp")

    assert found(guest, "zzzzzz") == []
    assert found(guest, "xy") == []


def test_tags_of_html_are_no_words(guest, postgresql):
    make_product("Desk", description='<p class="teak">Solid &amp; heavy</p>')

    assert found(guest, "solid") == ["Desk"]
    assert found(guest, "teak") == []


# ── Bad input ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("x" * 10_000, "filters.search: Ensure this value has at most 100 characters (it has 10000)."),
        ("& | ! <-> :*", "filters.search: There is no word in it. Search for letters or digits."),
        ("🙂", "filters.search: There is no word in it. Search for letters or digits."),
        ("_", "filters.search: There is no word in it. Search for letters or digits."),
        ("oak\0desk", "filters.search: Null characters are not allowed."),
    ],
)
def test_a_search_for_nothing_or_too_much_is_refused(guest, words, message):
    assert refusal(guest, filters={"search": words}) == message


@pytest.mark.parametrize(
    "words",
    [
        "'; DROP TABLE catalog_product; --",
        "lamp:*",
        "!lamp",
        "lamp <-> lamp",
        '"lamp',
        "lamp\\",
        "%",
        "🙂 lamp",
        "l'amp",
    ],
)
def test_signs_with_a_meaning_to_databases_have_none(guest, words):
    make_product("Other")

    if searching.words(words):
        assert found(guest, words) == []
    else:
        refusal(guest, filters={"search": words})
    assert Product.objects.count() == 1


def test_an_empty_search_is_none(guest):
    make_product("Lamp")

    assert found(guest, "") == found(guest, "   ") == ["Lamp"]


def test_only_the_first_five_words_count(guest):
    make_product("One two three four five")

    assert found(guest, "one two three four five six seven") == ["One two three four five"]


def test_relevance_needs_a_search(guest, db):
    message = "ordering.relevance: There is nothing to be relevant to. Give filters.search as well."

    assert refusal(guest, ordering=[{"relevance": "DESC"}]) == message


def test_a_cursor_of_another_ordering_is_refused(guest):
    for number in range(3):
        make_product(f"Lamp {number}")
    cursor = guest(NAMES, filters={"search": "lamp"}, first=1)["products"]["pageInfo"]["endCursor"]

    assert guest.code(NAMES, filters={"search": "lamp"}, ordering=[{"name": "ASC"}], after=cursor) == "BAD_USER_INPUT"


# ── Attributes, tags, ratings ────────────────────────────────────────────────────────────────────────────────────────
def named(api, filters):
    edges = api(NAMES, filters=filters, ordering=[{"name": "ASC"}])["products"]["edges"]
    return [edge["node"]["name"] for edge in edges]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("material", "oak")], ["A", "B"]),
        ([("material", "oak"), ("watts", "5")], ["A"]),
        ([("watts", "2.5")], ["B"]),
        ([("colour", "red")], ["A", "C"]),
        ([("foldable", "true")], ["A"]),
        ([("foldable", "false")], ["B"]),
        ([("material", "OAK")], []),
        ([('a "quoted" name', "x")], ["C"]),
        ([("material", "%")], []),
        ([], ["A", "B", "C"]),
    ],
)
def test_attributes_that_a_product_has(guest, pairs, expected):
    make_product("A", attributes={"material": "oak", "watts": 5, "colour": ["red", "blue"], "foldable": True})
    make_product("B", attributes={"material": "oak", "watts": 2.5, "foldable": False})
    make_product("C", attributes={"colour": "red", 'a "quoted" name': "x"})

    assert named(guest, {"attributes": [{"name": name, "value": value} for name, value in pairs]}) == expected


def test_tags_that_a_product_has(guest):
    make_product("A", tags=["sale", "new"])
    make_product("B", tags=["sale"])
    make_product("C")

    assert named(guest, {"tags": ["sale"]}) == ["A", "B"]
    assert named(guest, {"tags": ["new", "sale"]}) == ["A"]
    assert named(guest, {"tags": ["sal"]}) == []


def test_ratings_from_so_many_stars(guest):
    for name, stars in (("A", "4.50"), ("B", "3.99"), ("C", "0")):
        Product.objects.filter(pk=make_product(name).pk).update(rating_average=Decimal(stars))

    assert named(guest, {"minRating": "4"}) == ["A"]
    assert named(guest, {"minRating": "1"}) == ["A", "B"]


def test_what_is_delivered_as_a_file(guest):
    make_product("File", is_digital=True)
    make_product("Thing")

    assert named(guest, {"isDigital": True}) == ["File"]
    assert named(guest, {"isDigital": False}) == ["Thing"]


@pytest.mark.parametrize(
    ("filters", "named_field"),
    [
        ({"attributes": [{"name": "a", "value": "b"}] * 11}, "attributes"),
        ({"attributes": [{"name": "a" * 201, "value": "b"}]}, "attributes"),
        ({"attributes": [{"name": "a", "value": "b\0"}]}, "attributes"),
        ({"attributes": [{"name": "", "value": "b"}]}, "attributes"),
        ({"attributes": [{"name": "a"}]}, "attributes"),
        ({"attributes": {"material": 5}}, "attributes"),
        ({"attributes": "oak"}, "attributes"),
        ({"tags": ["a"] * 11}, "tags"),
        ({"tags": ["\0"]}, "tags"),
        ({"tags": [5]}, "tags"),
        ({"minRating": "0.5"}, "minRating"),
        ({"minRating": "6"}, "minRating"),
        ({"minRating": "many"}, "minRating"),
        ({"isDigital": "yes"}, "isDigital"),
        ({"search": 5}, "search"),
    ],
)
def test_a_filter_of_another_kind_is_refused_by_name(guest, db, filters, named_field):
    assert f"filters.{named_field}" in refusal(guest, filters=filters)


# ── What it costs ────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("count", [1, 20])
def test_a_search_costs_two_statements_more_than_the_page(guest, django_assert_num_queries, postgresql, count):
    for _ in range(count):
        make_product("Lamp")

    with django_assert_num_queries(4):  # the SKU, the words, the page, the count
        found(guest, "lamp")


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "product_by_newest"),
        ({"search": "kettlebell"}, "product_by_words"),
        ({"attributes": [{"name": "watts", "value": "5"}], "search": "torch"}, "product_by_words"),
    ],
)
def test_a_page_among_many_is_read_by_an_index(guest, postgresql, filters, index):
    call_command("seed_catalog", products=3000, force=True, verbosity=0)

    with CaptureQueriesContext(connection) as queries:
        guest(
            "query($filters: ProductFilters) { products(filters: $filters) { edges { node { name } } } }",
            filters=filters,
        )

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {queries.captured_queries[-1]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert index in plan
    assert "Seq Scan on catalog_product" not in plan
