"""The tree of categories: grown, renamed, moved and cut by those who keep it, and walked by everybody."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from strawberry.relay.utils import to_base64

from catalog.errors import CatalogError
from catalog.models import Category, CategorySlug
from catalog.services import categories
from notifications.models import Event
from tests.conftest import Api, gid, make_product, make_user
from tests.people import ERRORS, codes

pytestmark = pytest.mark.django_db

SHOWN = "category { id name slug parent { name } }"
CREATE = f"mutation($input: CategoryCreateInput!) {{ categoryCreate(input: $input) {{ {SHOWN} {ERRORS} }} }}"
UPDATE = f"""
mutation($id: ID!, $input: CategoryUpdateInput!) {{ categoryUpdate(id: $id, input: $input) {{ {SHOWN} {ERRORS} }} }}
"""
MOVE = f"mutation($id: ID!, $to: ID) {{ categoryMove(id: $id, parentId: $to) {{ {SHOWN} {ERRORS} }} }}"
DELETE = f"mutation($id: ID!) {{ categoryDelete(id: $id) {{ {SHOWN} {ERRORS} }} }}"
BY_SLUG = "query($slug: String!) { categoryBySlug(slug: $slug) { name slug } }"
NOWHERE = to_base64("Category", "999999")


@pytest.fixture
def api(db):
    """Somebody who keeps the tree."""
    return Api(make_user(roles=("Merchandiser",), is_staff=True))


def shelf(name, parent=None):
    return Category.objects.create(name=name, slug=name.lower(), parent=parent)


def chain(length, name="Level"):
    """Categories below one another, from the top."""
    made = []
    for depth in range(length):
        made.append(shelf(f"{name}{depth}", made[-1] if made else None))
    return made


def create(api, **input):
    return api(CREATE, input=input)["categoryCreate"]


def update(api, row, **input):
    return api(UPDATE, id=gid(row), input=input)["categoryUpdate"]


def move(api, row, to=None):
    return api(MOVE, id=gid(row), to=to and gid(to))["categoryMove"]


def delete(api, row):
    return api(DELETE, id=gid(row))["categoryDelete"]


def refused(payload):
    """The code and the field of the only refusal."""
    (error,) = payload["userErrors"]
    assert payload["category"] is None
    return error["code"], error["field"]


def written():
    """Everything a refusal must leave alone."""
    return (
        list(Category.objects.order_by("pk").values()),
        list(CategorySlug.objects.order_by("pk").values()),
        Event.objects.count(),
    )


def happened():
    return list(Event.objects.filter(type__startswith="category.").order_by("occurred_at").values_list("type", "seq"))


# ── Growing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_category_gets_a_slug_of_its_name(api):
    payload = create(api, name="  Desk lamps ")

    assert payload["userErrors"] == []
    assert payload["category"]["name"] == "Desk lamps"
    assert payload["category"]["slug"] == "desk-lamps"
    assert payload["category"]["parent"] is None
    event = Event.objects.get(type="category.created")
    assert (event.subject, event.actor, event.payload) == (Category.objects.get(), api.user, {"name": "Desk lamps"})
    assert event.message == "The category Desk lamps was created."


def test_a_category_stands_below_another_with_the_slug_somebody_chose(api):
    home = shelf("Home")

    payload = create(api, name="Lamps", parentId=gid(home), slug="light")

    assert payload["category"] == {
        "id": gid(Category.objects.get(slug="light")),
        "name": "Lamps",
        "slug": "light",
        "parent": {"name": "Home"},
    }


def test_shelves_of_one_name_in_different_places_get_different_slugs(api):
    home, garden = shelf("Home"), shelf("Garden")
    shelf("Lamps", home)

    made = [create(api, name="Lamps", parentId=gid(garden)), create(api, name="Lamps")]

    assert [payload["category"]["slug"] for payload in made] == ["garden-lamps", "lamps-2"]


def test_a_name_no_slug_can_be_made_of_still_has_an_address(api):
    assert create(api, name="灯")["category"]["slug"] == "category"


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"name": ""}, "REQUIRED", "name"),
        ({"name": " \n "}, "REQUIRED", "name"),
        ({"name": "a" * 201}, "INVALID", "name"),
        ({"name": "Lam\0ps"}, "INVALID", "name"),
        ({"name": "Lam\nps"}, "INVALID", "name"),
        ({"name": "Lam\u202eps"}, "INVALID", "name"),
        ({"name": "Things"}, "NAME_TAKEN", "name"),
        ({"name": "Lamps", "slug": "things"}, "SLUG_TAKEN", "slug"),
        ({"name": "Lamps", "slug": "stuff"}, "SLUG_TAKEN", "slug"),
        ({"name": "Lamps", "slug": ""}, "INVALID", "slug"),
        ({"name": "Lamps", "slug": "desk lamps"}, "INVALID", "slug"),
        ({"name": "Lamps", "slug": "lam\0ps"}, "INVALID", "slug"),
        ({"name": "Lamps", "slug": "lämps"}, "INVALID", "slug"),
        ({"name": "Lamps", "slug": "../lamps"}, "INVALID", "slug"),
        ({"name": "Lamps", "slug": "a" * 101}, "INVALID", "slug"),
        ({"name": "Lamps", "slug": "a" * 200}, "INVALID", "slug"),
        ({"name": "Lamps", "parentId": NOWHERE}, "NOT_FOUND", "parentId"),
    ],
)
def test_what_is_no_category_is_refused_by_its_field(api, input, code, field):
    update(api, shelf("Stuff"), name="Things", slug="things")
    before = written()

    assert refused(create(api, **input)) == (code, ["input", field])
    assert written() == before


def test_names_are_unique_beside_siblings_only(api):
    home, garden = shelf("Home"), shelf("Garden")
    shelf("Lamps", home)
    before = written()

    assert refused(create(api, name="Lamps", parentId=gid(home))) == ("NAME_TAKEN", ["input", "name"])
    assert refused(create(api, name="Home")) == ("NAME_TAKEN", ["input", "name"])
    assert written() == before
    assert codes(create(api, name="Lamps", parentId=gid(garden))) == []


def test_a_tree_is_twenty_deep_and_no_deeper(api):
    levels = chain(19)

    assert codes(create(api, name="Lowest", parentId=gid(levels[-1]))) == []
    before = written()
    assert refused(create(api, name="Lower", parentId=gid(Category.objects.get(name="Lowest")))) == (
        "INVALID",
        ["input", "parentId"],
    )
    assert written() == before


@pytest.mark.parametrize("id", [to_base64("Product", "1"), to_base64("Category", "x"), to_base64("Category", 10**30)])
def test_an_id_that_is_none_of_a_category_is_refused(api, id):
    assert api.code(CREATE, input={"name": "Lamps", "parentId": id}) == "BAD_USER_INPUT"
    assert api.code(MOVE, id=id) == "BAD_USER_INPUT"
    assert api.code(DELETE, id=id) == "BAD_USER_INPUT"


# ── Renaming ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_old_slugs_lead_to_the_category_until_it_takes_them_back(api, guest):
    lamps = shelf("Lamps")

    for slug in ("lights", "lighting"):
        assert codes(update(api, lamps, slug=slug)) == []

    found = [guest(BY_SLUG, slug=slug)["categoryBySlug"] for slug in ("lamps", "lights", "lighting")]
    assert found == [{"name": "Lamps", "slug": "lighting"}] * 3

    assert codes(update(api, lamps, slug="lamps")) == []
    assert guest(BY_SLUG, slug="lighting")["categoryBySlug"] == {"name": "Lamps", "slug": "lamps"}
    assert sorted(CategorySlug.objects.values_list("slug", flat=True)) == ["lighting", "lights"]


def test_renaming_leaves_the_slug_and_what_is_not_given(api):
    lamps = shelf("Lamps")

    assert update(api, lamps, name="Lighting")["category"]["slug"] == "lamps"
    assert update(api, lamps, slug="light", name=None)["category"]["name"] == "Lighting"
    assert [seq for _, seq in happened()] == [1, 2]


def test_changing_nothing_writes_nothing(api):
    lamps = shelf("Lamps")
    before = written()

    assert codes(update(api, lamps, name="Lamps", slug="lamps")) == []
    assert codes(update(api, lamps)) == []
    assert written() == before


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"name": "Rugs"}, "NAME_TAKEN", "name"),
        ({"name": " "}, "REQUIRED", "name"),
        ({"name": "Lights", "slug": "rugs"}, "SLUG_TAKEN", "slug"),
        ({"slug": "a" * 200}, "INVALID", "slug"),
    ],
)
def test_a_change_that_is_refused_changes_nothing_at_all(api, input, code, field):
    lamps = shelf("Lamps")
    shelf("Rugs")
    before = written()

    assert refused(update(api, lamps, **input)) == (code, ["input", field])
    assert written() == before


# ── Moving ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_category_moves_with_all_below_it(api, guest):
    home, garden = shelf("Home"), shelf("Garden")
    lamps = shelf("Lamps", home)
    make_product("Lamp", category=shelf("Desk", lamps))

    assert move(api, lamps, garden)["category"]["parent"] == {"name": "Garden"}

    filtered = "query($c: String!) { products(filters: { category: $c }) { edges { node { name } } } }"
    assert guest(filtered, c="home")["products"]["edges"] == []
    assert guest(filtered, c="garden")["products"]["edges"] == [{"node": {"name": "Lamp"}}]
    assert move(api, lamps)["category"]["parent"] is None
    assert happened() == [("category.moved", 1), ("category.moved", 2)]


def test_a_category_never_stands_below_itself(api):
    top, middle, low = chain(3)
    before = written()

    for target in (top, middle, low):
        assert refused(move(api, top, target)) == ("CATEGORY_CYCLE", ["parentId"])
    assert refused(move(api, middle, low)) == ("CATEGORY_CYCLE", ["parentId"])
    assert written() == before


def test_moving_to_where_it_stands_writes_nothing(api):
    top, middle, _ = chain(3)
    before = written()

    assert codes(move(api, middle, top)) == []
    assert codes(move(api, top)) == []
    assert written() == before


def test_a_move_to_a_sibling_of_the_same_name_is_refused(api):
    home, garden = shelf("Home"), shelf("Garden")
    lamps = shelf("Lamps", home)
    Category.objects.create(name="Lamps", slug="garden-lamps", parent=garden)
    before = written()

    assert refused(move(api, lamps, garden)) == ("NAME_TAKEN", ["parentId"])
    assert refused(move(api, lamps, Category(pk=999_999))) == ("NOT_FOUND", ["parentId"])
    assert refused(move(api, Category(pk=999_999))) == ("NOT_FOUND", ["id"])
    assert written() == before


def test_a_tree_does_not_get_too_deep_by_what_hangs_below(api):
    long, short = chain(18), chain(3, "Other")
    before = written()

    assert refused(move(api, short[0], long[-1])) == ("INVALID", ["parentId"])
    assert written() == before
    assert codes(move(api, short[1], long[-1])) == []


def test_a_move_takes_the_same_statements_in_a_tree_of_any_size(api):
    counted = []
    for size in (3, 15):
        rows = chain(size, f"Size{size}-")
        with CaptureQueriesContext(connection) as statements:
            move(api, rows[-1], rows[0])
        counted.append(len(statements))

    assert counted[0] == counted[1]


def at_once(*acts):
    """What each of these came to, run at the same moment: its result, or the code of its refusal."""
    barrier = Barrier(len(acts))

    def run(act):
        barrier.wait(10)
        try:
            return act()
        except CatalogError as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(5))
def test_moves_at_the_same_moment_that_would_make_a_circle_together_do_not(api, attempt):
    """Each alone is allowed; whichever comes second is not."""
    tops = chain(1, "A") + chain(1, "B") + chain(1, "C")
    lows = [shelf(f"Below{top.name}", top) for top in tops]

    results = at_once(
        *(
            lambda top=top, to=to: categories.move(actor=api.user, category_id=top.pk, parent_id=to.pk)
            for top, to in zip(tops, [*lows[1:], lows[0]], strict=True)
        )
    )

    assert sum(result == "CATEGORY_CYCLE" for result in results) == 1
    roots = Category.objects.filter(parent=None)
    assert len(roots) == 1
    assert Category.objects.below(roots[0].pk).count() == 6
    assert Event.objects.filter(type="category.moved").count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_siblings_of_one_name_at_the_same_moment_one_is_refused(api):
    results = at_once(*[lambda: categories.create(actor=api.user, name="Lamps")] * 2)

    assert sorted(isinstance(result, Category) for result in results) == [False, True]
    assert {result for result in results if not isinstance(result, Category)} <= {"NAME_TAKEN", "INVALID"}
    assert Category.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
def test_nothing_is_put_below_a_category_that_is_deleted_at_the_same_moment(api, attempt):
    top = shelf("Top")

    results = at_once(
        lambda: categories.delete(actor=api.user, category_id=top.pk) and "deleted",
        lambda: categories.create(actor=api.user, name="Low", parent_id=top.pk) and "created",
    )

    assert results in (["deleted", "NOT_FOUND"], ["CATEGORY_NOT_EMPTY", "created"])
    assert Category.objects.count() == (0 if results[0] == "deleted" else 2)


# ── Cutting ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_empty_category_goes_with_its_redirects(api, guest):
    lamps = shelf("Lamps", shelf("Home"))
    update(api, lamps, slug="light")

    assert delete(api, lamps)["category"] == {
        "id": gid(lamps),
        "name": "Lamps",
        "slug": "light",
        "parent": {"name": "Home"},
    }

    assert guest.code(BY_SLUG, slug="lamps") == "NOT_FOUND"
    assert CategorySlug.objects.count() == 0
    assert Event.objects.get(type="category.deleted").subject_id == str(lamps.pk)
    assert refused(delete(api, lamps)) == ("NOT_FOUND", ["id"])
    assert codes(create(api, name="Lamps", slug="lamps")) == []


@pytest.mark.parametrize("status", ["ACTIVE", "ARCHIVED"])
def test_a_category_with_products_stays(api, status):
    product = make_product(status=status)
    before = written()

    assert refused(delete(api, product.category)) == ("CATEGORY_NOT_EMPTY", ["id"])
    assert written() == before


def test_a_category_with_categories_stays(api):
    top, _ = chain(2)
    before = written()

    assert refused(delete(api, top)) == ("CATEGORY_NOT_EMPTY", ["id"])
    assert written() == before


# ── Who ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("roles", [(), ("Seller",), ("Support",)])
def test_the_tree_is_kept_by_those_with_the_permission(roles, guest):
    lamps = shelf("Lamps")
    person = Api(make_user(roles=roles))
    before = written()
    requests = [
        (CREATE, {"input": {"name": "Rugs"}}),
        (UPDATE, {"id": gid(lamps), "input": {"name": "Rugs"}}),
        (MOVE, {"id": gid(lamps)}),
        (DELETE, {"id": gid(lamps)}),
    ]

    for document, variables in requests:
        assert person.code(document, **variables) == "FORBIDDEN"
        assert guest.code(document, **variables) == "UNAUTHENTICATED"
    assert written() == before


# ── Walking ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_breadcrumbs_lead_from_the_top(guest):
    low = chain(4)[-1]

    shown = guest("query($id: ID!) { category(id: $id) { name ancestors { name } } }", id=gid(low))["category"]

    assert [each["name"] for each in shown["ancestors"]] == ["Level0", "Level1", "Level2"]


def test_breadcrumbs_take_one_statement_at_any_depth(guest):
    rows = chain(15)
    query = "query($id: ID!) { category(id: $id) { name ancestors { name } } }"
    counted = []
    for row in (rows[1], rows[-1]):
        with CaptureQueriesContext(connection) as statements:
            guest(query, id=gid(row))
        counted.append(len(statements))

    assert counted == [2, 2]


def test_the_breadcrumbs_of_a_list_take_one_statement_for_each_category(guest):
    query = "{ categories { edges { node { ancestors { name } } } } }"
    counted = []
    for more in (1, 4):
        chain(more, f"More{more}-")
        with CaptureQueriesContext(connection) as statements:
            guest(query)
        counted.append(len(statements))

    assert counted == [1 + 1, 1 + 5]


def test_a_menu_takes_as_many_statements_for_one_as_for_many(guest):
    menu = "{ categories(topLevel: true) { edges { node { name children { name } } } } }"
    counted = []
    for number in (1, 6):
        for each in range(number):
            top = shelf(f"Top{number}-{each}")
            for inner in range(number):
                shelf(f"Low{number}-{each}-{inner}", top)
        with CaptureQueriesContext(connection) as statements:
            shown = guest(menu)["categories"]["edges"]
        counted.append(len(statements))

    assert counted == [2, 2]
    assert [len(edge["node"]["children"]) for edge in shown] == [1, *[6] * 6]


def test_children_come_by_name_and_only_the_next_level(guest):
    home = shelf("Home")
    for name in ("Rugs", "Art", "Lamps"):
        shelf(f"{name}-small", shelf(name, home))

    shown = guest("{ categories(topLevel: true) { totalCount edges { node { name children { name } } } } }")

    assert shown["categories"] == {
        "totalCount": 1,
        "edges": [{"node": {"name": "Home", "children": [{"name": "Art"}, {"name": "Lamps"}, {"name": "Rugs"}]}}],
    }


def test_a_category_shows_what_is_on_sale_in_it_and_below(guest):
    home, lamps, desk = chain(3)
    make_product("Sofa", category=home)
    make_product("Lamp", category=lamps)
    make_product("Desk lamp", category=desk)
    make_product("Draft", category=desk, status="DRAFT")
    make_product("Elsewhere", category=shelf("Garden"))
    query = """query($id: ID!, $after: String) { category(id: $id) { products(first: 2, after: $after) {
      totalCount edges { node { name } } pageInfo { endCursor hasNextPage } } } }"""

    page = guest(query, id=gid(home))["category"]["products"]
    rest = guest(query, id=gid(home), after=page["pageInfo"]["endCursor"])["category"]["products"]

    assert page["totalCount"] == 3
    assert [edge["node"]["name"] for edge in page["edges"]] == ["Desk lamp", "Lamp"]
    assert [edge["node"]["name"] for edge in rest["edges"]] == ["Sofa"]
    assert guest(query, id=gid(desk))["category"]["products"]["totalCount"] == 1


def test_a_category_that_is_not_there_is_not_found(guest):
    assert guest.code("query($id: ID!) { category(id: $id) { name } }", id=NOWHERE) == "NOT_FOUND"
    assert guest.code(BY_SLUG, slug="no-such-shelf") == "NOT_FOUND"
    assert guest.code(BY_SLUG, slug="no\0shelf") == "NOT_FOUND"
