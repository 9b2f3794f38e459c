"""`manage.py seed_catalog`: a large catalogue, the same for the same seed."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Category, PriceRange, Product, ProductVariant, StockLevel, VariantPrice, Vendor
from catalog.services import prices


def seed(**options):
    out = StringIO()
    call_command("seed_catalog", force=True, stdout=out, **options)
    return out.getvalue()


def shown():
    products = Product.objects.order_by("slug")
    return list(products.values("slug", "name", "description", "tags", "attributes", "price_min", "vendor__slug"))


@pytest.fixture
def currencies(settings, db):
    settings.SHOP_CURRENCIES = ["EUR", "JPY"]


def test_it_makes_what_a_shop_has(currencies):
    said = seed(products=200)

    assert said == "200 products made, 0 were there.\n"
    assert Product.objects.count() == 200
    assert Product.objects.on_sale().count() > 150
    assert Product.objects.on_sale().in_stock(False).exists()
    assert Product.objects.filter(rating_count__gt=0, units_sold__gt=0, category__parent__parent__parent=None).exists()
    assert ProductVariant.objects.count() == StockLevel.objects.count() > 300
    assert len(set(Product.objects.values_list("category", flat=True))) > 50
    assert len(set(Product.objects.values_list("vendor", flat=True))) > 30
    assert VariantPrice.objects.filter(currency="JPY").exists()
    assert all(price.amount == int(price.amount) for price in VariantPrice.objects.all())


def test_what_follows_from_prices_is_as_services_keep_it(currencies):
    seed(products=50)
    before = [(each.price_min, each.price_max) for each in Product.objects.order_by("pk")]
    ranges = list(PriceRange.objects.order_by("product", "currency").values("product", "lowest", "highest"))

    prices.refresh_ranges(list(Product.objects.all()))

    assert [(each.price_min, each.price_max) for each in Product.objects.order_by("pk")] == before
    assert list(PriceRange.objects.order_by("product", "currency").values("product", "lowest", "highest")) == ranges
    for variant in ProductVariant.objects.all():
        assert variant.options_key == ProductVariant.key_of(variant.options)


def test_again_it_adds_what_is_missing(currencies):
    seed(products=20)
    first = shown()

    said = seed(products=30)

    assert said == "10 products made, 20 were there.\n"
    assert [each for each in shown() if each in first] == first
    assert Category.objects.filter(slug="seeded-desk").count() == Vendor.objects.filter(slug="seeded-0").count() == 1


def test_it_fills_the_categories_that_a_shop_has_already(currencies):
    lighting = Category.objects.create(name="Lighting", slug="lighting")

    seed(products=20)
    said = seed(products=20)

    assert said == "0 products made, 20 were there.\n"
    assert Category.objects.filter(parent=lighting).exists()
    assert Category.objects.get(name="Lighting", parent=None) == lighting


def test_the_same_seed_makes_the_same_and_another_another(currencies):
    seed(products=20)
    first = shown()
    Product.objects.all().delete()

    seed(products=20)
    assert shown() == first

    seed(products=20, seed=2)
    assert Product.objects.count() == 40
    assert [each["name"] for each in shown()[20:]] != [each["name"] for each in first]


def test_a_real_shop_is_left_alone(settings, db):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="--force"):
        call_command("seed_catalog", products=1)

    assert not Product.objects.exists()


@pytest.mark.parametrize(("products", "number"), [(0, 1), (-1, 1), (10_000_001, 1), (1, -1), (1, 1000)])
def test_numbers_out_of_range_are_refused(db, products, number):
    with pytest.raises(CommandError, match="must be from"):
        call_command("seed_catalog", products=products, seed=number, force=True)


def test_a_batch_costs_as_many_statements_for_one_as_for_many(currencies, django_assert_max_num_queries):
    seed(products=1)

    with django_assert_max_num_queries(600):
        seed(products=300)
