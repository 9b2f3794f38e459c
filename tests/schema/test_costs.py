"""What costs statements for each row of a list is asked for a few times in one request, however it is spelt."""

import pytest

from catalog.models import Category, Vendor
from tests.conftest import make_product

pytestmark = pytest.mark.usefixtures("shelves")


@pytest.fixture
def shelves(db):
    """31 of them, with one below each, and a product there, of a vendor of its own."""
    for number in range(31):
        parent = None
        for depth in range(2):
            slug = f"shelf-{number}-{depth}"
            parent = Category.objects.create(name=slug, slug=slug, parent=parent)
        make_product(category=parent, vendor=Vendor.objects.create(name=f"V{number}", slug=f"v{number}"))
    Category.objects.filter(slug="things").delete()


@pytest.mark.parametrize(
    "query",
    [
        "{ products(first: 31) { edges { node { category { products(first: 1) { totalCount } } } } } }",
        "{ products(first: 31) { edges { node { vendor { products(first: 1) { totalCount } } } } } }",
        "{ vendors(first: 16) { edges { node { a: products { totalCount } b: products { totalCount } } } } }",
        "{ products(first: 31) { edges { node { category { a: ancestors { id } b: ancestors { id } c: ancestors { id } "
        "d: ancestors { id } e: ancestors { id } f: ancestors { id } g: ancestors { id } } } } } }",
    ],
    ids=["categories of products", "vendors of products", "aliases", "ancestors"],
)
def test_lists_of_rows_of_a_list_are_bounded(guest, query):
    assert guest.code(query) == "QUERY_TOO_EXPENSIVE"


def test_a_front_page_with_thirtyshelves_is_answered(guest):
    query = """{ categories(topLevel: true, first: 30) { edges { node {
      ancestors { name } products(first: 4) { edges { node { name category { ancestors { name } } } } } } } } }"""

    found = guest(query)["categories"]["edges"]

    assert len(found) == 30
    assert all(len(edge["node"]["products"]["edges"]) == 1 for edge in found)
