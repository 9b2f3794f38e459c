"""Lists that can grow: page sizes, cursors and the order of their rows."""

import base64
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.permissions import Role
from catalog.models import Category, Product, ProductStatus, Vendor
from tests.conftest import Api, gid, make_product, make_user
from tests.shopping import order_of

pytestmark = pytest.mark.django_db

PAGE = """
query(
  $first: Int, $after: String, $last: Int, $before: String, $ordering: [ProductOrdering!], $filters: ProductFilters
) {
  products(first: $first, after: $after, last: $last, before: $before, ordering: $ordering, filters: $filters) {
    totalCount
    edges { cursor node { name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
ORDERINGS = [
    None,
    [],
    [{"name": "ASC"}],
    [{"name": "DESC"}],
    [{"price": "ASC"}],
    [{"price": "DESC"}],
    [{"createdAt": "ASC"}],
    [{"createdAt": "DESC"}],
    [{"price": "DESC"}, {"name": "ASC"}],
    [{"name": "ASC"}, {"price": "DESC"}],
    [{"price": "ASC"}, {"price": "DESC"}],
]


def make_rows(count, **fields):
    vendor = Vendor.objects.get_or_create(name="Maker", slug="maker")[0]
    fields = {"price_min": Decimal(20), "price_max": Decimal(20), **fields}
    return Product.objects.bulk_create(
        Product(name=f"P{n:03}", slug=f"p{n}", vendor=vendor, currency="EUR", status=ProductStatus.ACTIVE, **fields)
        for n in range(count)
    )


@pytest.fixture
def shelf(db):
    """23 products, of which many share a name or a price."""
    rows = make_rows(23)
    for number, row in enumerate(rows):
        row.name = f"Name {number % 5}"
        row.price_min = row.price_max = Decimal(number % 4) + Decimal("0.005")
    Product.objects.bulk_update(rows, ["name", "price_min", "price_max"])
    return rows


def page(api, **variables):
    return api(PAGE, **variables)["products"]


def names(found):
    return [edge["node"]["name"] for edge in found["edges"]]


def walk(api, size, *, backward=False, ordering=None, query=None):
    """The ids of all rows, page by page, in the list's order."""
    query = query or (
        "query($first: Int, $after: String, $last: Int, $before: String, $ordering: [ProductOrdering!]) {"
        " products(first: $first, after: $after, last: $last, before: $before, ordering: $ordering) {"
        " edges { node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
    )
    seen, cursor = [], None
    for _ in range(100):
        sizes = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        found = api(query, ordering=ordering, **sizes)["products"]
        ids = [edge["node"]["id"] for edge in found["edges"]]
        seen = ids + seen if backward else seen + ids
        info = found["pageInfo"]
        cursor = info["startCursor"] if backward else info["endCursor"]
        if not info["hasPreviousPage" if backward else "hasNextPage"]:
            return seen
    raise AssertionError("The pages do not end.")


# ── Sizes ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_page_has_twenty_rows_unless_told(guest):
    make_rows(25)

    found = page(guest)

    assert len(found["edges"]) == 20
    assert found["totalCount"] == 25
    assert found["pageInfo"]["hasNextPage"] is True
    assert found["pageInfo"]["hasPreviousPage"] is False


def test_a_page_has_at_most_a_hundred_rows(guest):
    make_rows(105)

    assert len(page(guest, first=100)["edges"]) == 100
    assert len(page(guest, last=100)["edges"]) == 100


@pytest.mark.parametrize("argument", ["first", "last"])
@pytest.mark.parametrize("size", [101, 10_000, 2**31 - 1, -1, -(2**31)])
def test_a_page_of_another_size_is_refused(guest, argument, size):
    response = guest.send(PAGE, **{argument: size})

    assert response["data"] is None
    (error,) = response["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert error["message"] == f"`{argument}` must be from 0 to 100; it was {size}."


@pytest.mark.parametrize("argument", ["first", "last"])
def test_a_page_of_nothing_still_counts(guest, shelf, argument):
    found = page(guest, **{argument: 0})

    assert (found["edges"], found["totalCount"]) == ([], 23)
    assert (found["pageInfo"]["startCursor"], found["pageInfo"]["endCursor"]) == (None, None)


def test_an_empty_list_is_a_page_without_rows_and_cursors(guest):
    assert page(guest) == {
        "totalCount": 0,
        "edges": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    }


def test_the_whole_list_in_one_page_has_no_next(guest, shelf):
    assert page(guest, first=23)["pageInfo"]["hasNextPage"] is False
    assert page(guest, first=22)["pageInfo"]["hasNextPage"] is True


def test_first_and_last_together_are_the_end_of_the_beginning(guest, shelf):
    ordering = [{"name": "ASC"}]
    everything = page(guest, first=100, ordering=ordering)["edges"]

    assert page(guest, first=10, last=3, ordering=ordering)["edges"] == everything[7:10]


def test_the_count_is_of_all_pages_and_of_what_the_filters_leave(guest, shelf):
    second = page(guest, first=5, after=page(guest, first=5)["pageInfo"]["endCursor"])
    filtered = page(guest, first=2, filters={"maxPrice": "1"})

    assert second["totalCount"] == 23
    expected = Product.objects.filter(price_min__lte=1).count()
    assert 0 < expected < 23
    assert filtered["totalCount"] == expected


def test_the_count_alone_is_one_statement(guest, shelf):
    with CaptureQueriesContext(connection) as statements:
        assert guest("{ products { totalCount } }") == {"products": {"totalCount": 23}}

    assert len(statements) == 1


def test_a_page_without_the_count_does_not_count(guest, shelf):
    with CaptureQueriesContext(connection) as statements:
        guest("{ products { edges { node { name } } } }")

    assert len(statements) == 1


def test_the_rules_hold_for_lists_inside_lists_too(customer, shipping):
    variant = make_product().variants.get()
    order = order_of(Api(customer), (f"{base64.b64encode(f'ProductVariant:{variant.pk}'.encode()).decode()}", 1))
    query = "query($id: ID!, $n: Int) { order(id: $id) { events(first: $n) { totalCount edges { node { seq } } } } }"

    assert Api(customer).code(query, id=order["id"], n=101) == "BAD_USER_INPUT"
    assert Api(customer).code(query, id=order["id"], n=-1) == "BAD_USER_INPUT"
    assert Api(customer)(query, id=order["id"], n=1)["order"]["events"]["edges"] == [{"node": {"seq": 1}}]


# ── Walking ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("ordering", ORDERINGS, ids=str)
@pytest.mark.parametrize("size", [1, 4, 23])
def test_paging_forward_visits_every_row_once_in_order(guest, shelf, ordering, size):
    everything = walk(guest, 100, ordering=ordering)

    assert len(set(everything)) == 23
    assert walk(guest, size, ordering=ordering) == everything


@pytest.mark.parametrize("ordering", ORDERINGS, ids=str)
@pytest.mark.parametrize("size", [1, 4, 23])
def test_paging_backward_visits_every_row_once_in_order(guest, shelf, ordering, size):
    everything = walk(guest, 100, ordering=ordering)

    assert walk(guest, size, backward=True, ordering=ordering) == everything


def test_rows_come_in_the_order_that_was_asked_for(guest):
    for name, price in (("b", "2.00"), ("a", "10.00"), ("c", "9.99"), ("d", "2.00")):
        make_product(name, price=price)

    assert names(page(guest)) == ["d", "c", "a", "b"]
    assert names(page(guest, ordering=[{"createdAt": "ASC"}])) == ["b", "a", "c", "d"]
    assert names(page(guest, ordering=[{"name": "DESC"}])) == ["d", "c", "b", "a"]
    assert names(page(guest, ordering=[{"price": "ASC"}])) == ["b", "d", "c", "a"]
    assert names(page(guest, ordering=[{"price": "DESC"}, {"name": "DESC"}])) == ["a", "c", "d", "b"]


@pytest.mark.parametrize("size", [1, 4, 23])
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("ordering", [[{"price": "ASC"}], [{"price": "DESC"}], [{"name": "ASC"}, {"price": "DESC"}]])
def test_rows_without_a_price_are_listed_once_and_last_by_price(shelf, ordering, backward, size):
    without = {gid(row) for row in shelf[::7]}
    Product.objects.filter(pk__in=[row.pk for row in shelf[::7]]).update(price_min=None, price_max=None)
    keeper = Api(make_user(roles=(Role.MERCHANDISER,)))
    query = """query($first: Int, $after: String, $last: Int, $before: String, $ordering: [ProductOrdering!]) {
      products: managedProducts(first: $first, after: $after, last: $last, before: $before, ordering: $ordering) {
        edges { node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""

    seen = walk(keeper, size, backward=backward, ordering=ordering, query=query)

    assert len(seen) == len(set(seen)) == 23
    if "price" in ordering[0]:
        assert set(seen[-len(without) :]) == without


def test_a_row_added_in_front_moves_nothing_into_the_next_page(guest):
    for name in ("c", "d", "e", "f"):
        make_product(name)
    first = page(guest, first=2, ordering=[{"name": "ASC"}])

    make_product("a")
    second = page(guest, first=2, after=first["pageInfo"]["endCursor"], ordering=[{"name": "ASC"}])

    assert (names(first), names(second)) == (["c", "d"], ["e", "f"])


def test_the_row_of_a_cursor_may_be_gone(guest):
    for name in ("a", "b", "c"):
        make_product(name)
    cursor = page(guest, first=2, ordering=[{"name": "ASC"}])["pageInfo"]["endCursor"]

    Product.objects.filter(name="b").update(status=ProductStatus.ARCHIVED)

    assert names(page(guest, after=cursor, ordering=[{"name": "ASC"}])) == ["c"]


def test_after_the_last_row_there_is_an_empty_page(guest, shelf):
    last = page(guest, first=100)["pageInfo"]["endCursor"]

    assert page(guest, after=last)["edges"] == []


def test_every_edge_has_the_cursor_to_go_on_from_it(guest, shelf):
    ordering = [{"price": "DESC"}]
    edges = page(guest, first=100, ordering=ordering)["edges"]

    for place in (0, 11, 21):
        assert page(guest, first=1, after=edges[place]["cursor"], ordering=ordering)["edges"] == [edges[place + 1]]
        assert page(guest, last=1, before=edges[place + 1]["cursor"], ordering=ordering)["edges"] == [edges[place]]


def test_between_two_cursors_are_the_rows_between_them(guest, shelf):
    ordering = [{"createdAt": "ASC"}]
    edges = page(guest, first=100, ordering=ordering)["edges"]

    between = page(guest, after=edges[3]["cursor"], before=edges[9]["cursor"], ordering=ordering)

    assert between["edges"] == edges[4:9]


# ── Cursors ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("argument", ["after", "before"])
@pytest.mark.parametrize(
    "cursor",
    [
        "",
        " ",
        "x",
        "!!!",
        "null",
        "ü",
        "\x00",
        "\ud800",
        "x" * 100_000,
        base64.b64encode(b"arrayconnection:5").decode(),
        base64.b64encode(b'orderedcursor:["2026-01-01T00:00:00+00:00","1"]').decode(),
        base64.urlsafe_b64encode(b"b3JkZXJlZGN1cnNvcjpbIjEiXQ==:signature").decode(),
        base64.b64encode(b"\xff\xfe").decode(),
    ],
    ids=range(13),
)
def test_a_cursor_that_is_not_ours_is_refused(guest, shelf, argument, cursor):
    assert guest.code(PAGE, **{argument: cursor}) == "BAD_USER_INPUT"


def test_a_cursor_of_which_any_character_was_changed_is_refused(guest, shelf):
    cursor = page(guest, first=1)["pageInfo"]["endCursor"]
    plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))

    for place in range(0, len(plain), 5):
        changed = plain[:place] + (b"A" if plain[place : place + 1] != b"A" else b"B") + plain[place + 1 :]
        tampered = base64.urlsafe_b64encode(changed).decode().rstrip("=")
        assert guest.code(PAGE, after=tampered) == "BAD_USER_INPUT"
    for cut in (cursor[:-4], cursor[4:], cursor + cursor):
        assert guest.code(PAGE, after=cut) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("taken", "used"),
    [
        (None, [{"createdAt": "ASC"}]),
        ([{"name": "ASC"}], [{"name": "DESC"}]),
        ([{"price": "ASC"}], [{"price": "DESC"}]),
        ([{"name": "ASC"}], [{"price": "ASC"}]),
        ([{"name": "ASC"}, {"price": "ASC"}], [{"price": "ASC"}, {"name": "ASC"}]),
        ([{"name": "ASC"}], None),
    ],
    ids=str,
)
def test_a_cursor_of_another_ordering_is_refused(guest, shelf, taken, used):
    cursor = page(guest, first=3, ordering=taken)["pageInfo"]["endCursor"]

    assert guest.code(PAGE, after=cursor, ordering=used) == "BAD_USER_INPUT"
    assert guest.code(PAGE, before=cursor, ordering=used) == "BAD_USER_INPUT"
    assert page(guest, after=cursor, ordering=taken)["edges"]


def test_a_cursor_of_another_list_is_refused(guest, shelf):
    Category.objects.create(name="Things", slug="things")
    categories = guest("{ categories { pageInfo { endCursor } } }")["categories"]["pageInfo"]["endCursor"]
    products = page(guest, first=3, ordering=[{"name": "ASC"}])["pageInfo"]["endCursor"]

    assert guest.code(PAGE, after=categories, ordering=[{"name": "ASC"}]) == "BAD_USER_INPUT"
    assert guest.code(
        "query($c: String) { categories(after: $c) { totalCount edges { node { id } } } }", c=products
    ) == ("BAD_USER_INPUT")


def test_a_bad_cursor_is_refused_also_where_only_the_count_is_asked_for(guest, shelf):
    assert guest.code('{ products(after: "x") { totalCount } }') == "BAD_USER_INPUT"
    assert guest.code("{ products(first: 101) { totalCount } }") == "BAD_USER_INPUT"


def test_a_cursor_opens_no_rows_one_may_not_see(shelf):
    Product.objects.filter(slug="p22").update(status=ProductStatus.DRAFT)
    cursor = page(Api(make_user()), first=1)["pageInfo"]["endCursor"]

    assert len(page(Api(), first=100, after=cursor)["edges"]) == page(Api())["totalCount"] - 1
