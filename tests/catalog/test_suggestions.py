"""Suggestions: names that complete what is typed."""

import pytest
from django.db import connection

from catalog.models import Category, ProductStatus, Vendor, VendorStatus
from tests.conftest import make_product

SUGGEST = (
    "query($prefix: String!, $first: Int) { productSuggestions(prefix: $prefix, first: $first) { kind name slug } }"
)


def suggested(api, prefix, first=10):
    return [(each["kind"], each["name"]) for each in api(SUGGEST, prefix=prefix, first=first)["productSuggestions"]]


def test_shelves_vendors_and_products_whose_names_begin_so(guest):
    Category.objects.create(name="Lamps", slug="lamps")
    Vendor.objects.create(name="Lampe & Co", slug="lampe")
    product = make_product("Lampshade")
    make_product("Chair")

    assert guest(SUGGEST, prefix="lam")["productSuggestions"] == [
        {"kind": "CATEGORY", "name": "Lamps", "slug": "lamps"},
        {"kind": "VENDOR", "name": "Lampe & Co", "slug": "lampe"},
        {"kind": "PRODUCT", "name": "Lampshade", "slug": product.slug},
    ]


def test_names_that_begin_so_come_before_those_with_a_word_that_does(guest):
    make_product("Desk lamp")
    make_product("Lamp oil")

    assert suggested(guest, "lam") == [("PRODUCT", "Lamp oil"), ("PRODUCT", "Desk lamp")]
    assert suggested(guest, "LAMP") == [("PRODUCT", "Lamp oil"), ("PRODUCT", "Desk lamp")]
    assert suggested(guest, "desk  la") == [("PRODUCT", "Desk lamp")]


def test_a_name_is_suggested_once_and_ten_at_most(guest):
    for number in range(12):
        make_product(f"Lamp {number:02}")

    assert suggested(guest, "lamp") == [("PRODUCT", f"Lamp {number:02}") for number in range(10)]
    assert suggested(guest, "lamp", first=2) == [("PRODUCT", "Lamp 00"), ("PRODUCT", "Lamp 01")]
    assert suggested(guest, "lamp", first=0) == []


def test_what_is_not_on_sale_is_not_suggested(guest):
    make_product("Lamp", status=ProductStatus.DRAFT)
    make_product("Lamp", vendor=Vendor.objects.create(name="Lampe", slug="l", status=VendorStatus.SUSPENDED))

    assert suggested(guest, "lamp") == []


def test_a_misspelt_name_is_understood(guest):
    if connection.vendor != "postgresql":
        pytest.skip("Typing errors are forgiven by PostgreSQL.")
    make_product("Headphones")
    Category.objects.create(name="Headphones", slug="headphones")

    assert suggested(guest, "hedphones") == [("CATEGORY", "Headphones"), ("PRODUCT", "Headphones")]


@pytest.mark.parametrize("prefix", ["", "   ", "%", "_", "& | !", "🙂", "'"])
def test_nothing_completes_what_is_no_word(guest, prefix):
    make_product("Lamp")

    assert suggested(guest, prefix) == []


@pytest.mark.parametrize(("prefix", "first"), [("x" * 101, 10), ("x\0", 10), ("lamp", 11), ("lamp", -1)])
def test_too_much_is_refused(guest, db, prefix, first):
    assert guest.code(SUGGEST, prefix=prefix, first=first) == "BAD_USER_INPUT"


def test_a_percent_sign_means_itself(guest):
    make_product("100% wool")
    make_product("1000 nails")

    assert suggested(guest, "100%")[0] == ("PRODUCT", "100% wool")
