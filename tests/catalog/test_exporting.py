"""Products as files, and back: what was exported and is imported again changes nothing."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from catalog import models
from catalog.exporting import shopify
from tests.conftest import make_product

DEMO = Path(models.__file__).parents[1] / "demo" / "products.csv"
FORMATS = ["SHOPIFY_CSV", "JSON_LINES"]

pytestmark = pytest.mark.django_db


def export(path, **options):
    """What the command prints, and what it says it left out."""
    out, err = io.StringIO(), io.StringIO()
    call_command("export_products", str(path), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def imported(path, **options):
    """What the command prints about a file of which nothing is wrong."""
    out, err = io.StringIO(), io.StringIO()
    call_command("import_products", str(path), stdout=out, stderr=err, **options)
    assert err.getvalue() == ""
    return out.getvalue()


def tables():
    """Every row of the catalogue, column by column, with `updated_at`."""
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (
            *(models.Category, models.Vendor, models.Product, models.ProductVariant, models.VariantPrice),
            *(models.PriceRange, models.StockLevel, models.StockMovement, models.ProductImage),
        )
    }


def exactly_back(path, format, count):
    """Exports all products, imports them again, and asserts that nothing is different."""
    before = tables()

    told = export(path, format=format)
    again = imported(path, format=format)

    assert told[0] == f"Products: {count} exported, 0 left out.\n"
    assert bool(told[1]) is (format == "SHOPIFY_CSV")  # that some of it is not in there
    assert again == f"Products: 0 created, 0 updated, {count} unchanged.\n"
    assert tables() == before


# ── There and back ───────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("format", FORMATS)
def test_the_demo_shop_exported_and_imported_again_is_unchanged(tmp_path, format):
    imported(DEMO)

    exactly_back(tmp_path / "products", format, 64)


@pytest.mark.parametrize("format", FORMATS)
def test_another_shop_that_imports_the_file_is_the_same_shop(tmp_path, format):
    imported(DEMO)
    first, second = tmp_path / "first", tmp_path / "second"
    export(first, format=format)
    models.Product.objects.all().delete()

    assert imported(first, format=format) == "Products: 64 created, 0 updated, 0 unchanged.\n"

    export(second, format=format)
    assert _without_moments(second.read_text()) == _without_moments(first.read_text())


def _without_moments(text):
    """A CSV does not say since when something is published, and this import is later than the one before."""
    lines = text.splitlines()
    return lines if not text.startswith("{") else [json.loads(line) | {"publishedAt": ""} for line in lines]


@pytest.mark.parametrize("format", FORMATS)
def test_texts_that_spreadsheets_and_paths_would_change_come_back_exactly(tmp_path, format):
    product = make_product(
        "=1+1", description='<p>-2\n"quoted", and a comma</p>', seo_title="'=already", tags=["@a", "+b"]
    )
    product.seo_description = "'''@deep"
    product.category = models.Category.objects.create(
        name="A > B \\> C", slug="a", parent=models.Category.objects.create(name="-Top", slug="top")
    )
    product.save()
    models.ProductVariant.objects.update(options=[{"name": "-Size", "value": "=1"}], barcode="+490", name="Own name")
    for variant in models.ProductVariant.objects.all():
        variant.save()

    exactly_back(tmp_path / "export", format, 1)


@pytest.mark.parametrize("format", FORMATS)
def test_pictures_positions_and_vendors_of_one_name_stay(tmp_path, format):
    models.Vendor.objects.create(name="Twin", slug="twin")
    second = models.Vendor.objects.create(name="Twin", slug="twin-2")
    product = make_product(vendor=second, variants=3, category=None)
    ours = models.ProductImage(product=product, alt="Ours", position=0)
    ours.file.save("ours.webp", ContentFile(b"webp"))
    product.variants.filter(position=1).update(position=40, image=ours)
    product.variants.filter(position=2).update(position=41, is_active=False)
    product.category = models.Category.objects.create(name="Uncategorized", slug="uncategorized")
    product.save()

    exactly_back(tmp_path / "export", format, 1)


def test_json_lines_bring_prices_in_other_currencies_and_all_else_back(tmp_path, settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD", "JPY"]
    product = make_product(
        variants=2,
        attributes={"material": "oak", "sizes": [1, 2.5, None, True]},
        is_digital=True,
        is_featured=True,
        tax_class="zero",
    )
    first, second = product.variants.all()
    models.VariantPrice.objects.create(variant=first, currency="USD", amount=Decimal("21.50"), compare_at_amount=30)
    models.VariantPrice.objects.create(variant=second, currency="JPY", amount=3000)
    models.VariantPrice.objects.create(variant=second, currency="GBP", amount=17)  # which the shop once sold in
    for currency, amount in (("USD", "21.50"), ("JPY", "3000"), ("GBP", "17")):
        models.PriceRange.objects.create(product=product, currency=currency, lowest=amount, highest=amount)
    product.save()
    path = tmp_path / "products.jsonl"

    exactly_back(path, "JSON_LINES", 1)

    told = json.loads(path.read_text())
    assert told["taxClass"] == "zero"
    assert told["attributes"] == {"material": "oak", "sizes": [1, 2.5, None, True]}
    assert told["variants"][0]["prices"] == [
        {"currency": "EUR", "amount": "20.00", "compareAt": None},
        {"currency": "USD", "amount": "21.50", "compareAt": "30.00"},
        {"currency": "JPY", "amount": None, "compareAt": None},
    ]
    assert told["variants"][1]["prices"][1:] == [
        {"currency": "USD", "amount": None, "compareAt": None},
        {"currency": "JPY", "amount": "3000", "compareAt": None},
    ]


def test_a_file_of_who_knows_fewer_currencies_takes_no_price_away(tmp_path, settings):
    product = make_product()
    models.VariantPrice.objects.create(variant=product.variants.get(), currency="USD", amount=22)
    models.PriceRange.objects.create(product=product, currency="USD", lowest=22, highest=22)
    path, before = tmp_path / "products.jsonl", tables()
    export(path)

    settings.SHOP_CURRENCIES = ["EUR", "USD"]
    imported(path)

    assert tables() == before


@pytest.mark.parametrize("format", FORMATS)
def test_our_pictures_are_known_again_under_another_address_of_the_shop(tmp_path, settings, format):
    product = make_product()
    ours = models.ProductImage(product=product, alt="Ours")
    ours.file.save("ours.webp", ContentFile(b"webp"))
    product.variants.update(image=ours)
    path, before = tmp_path / "export", tables()
    export(path, format=format)

    settings.SHOP_URL = "https://shop.example:8443"
    again = imported(path, format=format)

    assert again == "Products: 0 created, 0 updated, 1 unchanged.\n"
    assert tables() == before


def test_a_picture_elsewhere_that_looks_like_one_of_ours_stays_another(tmp_path):
    product = make_product()
    ours = models.ProductImage(product=product, alt="Ours", position=0)
    ours.file.save("ours.webp", ContentFile(b"webp"))
    address = f"https://a.example{ours.file.url}"
    models.ProductImage.objects.create(product=product, source_url=address, alt="Other", position=1)

    exactly_back(tmp_path / "products.jsonl", "JSON_LINES", 1)


def test_what_a_csv_has_no_column_for_stays_as_it_was(tmp_path, settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD"]
    product = make_product(attributes={"material": "oak"})
    models.VariantPrice.objects.create(variant=product.variants.get(), currency="USD", amount=22)
    models.PriceRange.objects.create(product=product, currency="USD", lowest=22, highest=22)

    exactly_back(tmp_path / "products.csv", "SHOPIFY_CSV", 1)


# ── What is in the file ──────────────────────────────────────────────────────────────────────────────────────────────
def test_a_cell_that_a_spreadsheet_would_run_is_guarded():
    cells = ["=1+1", "+1", "-1", "@x", "'=x", "''-x", "'x", "x=1", ""]

    assert [shopify.guarded(cell) for cell in cells] == [
        *("'=1+1", "'+1", "'-1", "'@x", "''=x", "'''-x"),
        *("'x", "x=1", ""),
    ]


def test_a_row_of_the_csv_is_a_variant_an_image_or_both(tmp_path):
    product = make_product("Mug", variants=2)
    models.ProductImage.objects.create(product=product, source_url="https://a.example/2.jpg", position=1)
    models.ProductImage.objects.create(product=product, source_url="https://a.example/3.jpg", position=2)
    path = tmp_path / "products.csv"

    export(path)

    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["Title"], bool(row["Variant SKU"]), row["Image Position"]) for row in rows] == [
        ("Mug", True, "1"),
        ("", True, "2"),
        ("", False, "3"),
    ]
    assert (rows[0]["Variant Price"], rows[0]["Option1 Name"], rows[1]["Option1 Name"]) == ("20.00", "Size", "")


def test_what_the_csv_cannot_tell_is_left_out_and_named(tmp_path):
    whole, empty, comma, mixed = (make_product(variants=2) for _ in range(4))
    empty.variants.update(is_active=False)
    models.Product.objects.filter(pk=comma.pk).update(tags=["a, b"])
    mixed.variants.filter(position=0).update(options=[{"name": "Colour", "value": "Red"}])
    path = tmp_path / "products.csv"

    told, left_out = export(path)

    assert told == "Products: 1 exported, 3 left out.\n"
    assert left_out.splitlines()[:3] == [
        f"{empty.slug}: It has no active variant, and a row of the CSV needs a price.",
        f"{comma.slug}: A tag of the CSV has no comma, and is not “featured”.",
        f"{mixed.slug}: The CSV has room for 3 options, which all variants have.",
    ]
    assert whole.slug in path.read_text()


def test_what_of_a_product_the_csv_cannot_tell_is_said_once_with_how_many_have_it(tmp_path, settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD"]
    first, _ = (make_product(attributes={"material": "oak"}, variants=2) for _ in range(2))
    models.VariantPrice.objects.create(variant=first.variants.first(), currency="USD", amount=22)
    models.ProductVariant.objects.filter(position=0).update(name="0")  # as their one option says
    first.variants.filter(position=1).update(name="1", is_active=False)
    models.Product.objects.filter(pk=first.pk).update(tax_class="reduced")
    path = tmp_path / "products.csv"

    _, untold = export(path)

    assert untold.splitlines() == [
        "Attributes of 2 products are not in the file: Shopify's CSV has no place for them. JSON Lines has.",
        "Inactive variants of 1 product are not in the file: Shopify's CSV has no place for them. JSON Lines has.",
        "Names of variants of 1 product are not in the file: Shopify's CSV has no place for them. JSON Lines has.",
        "Prices in other currencies of 1 product are not in the file: Shopify's CSV has no place for them. "
        "JSON Lines has.",
        "Publication dates of 2 products are not in the file: Shopify's CSV has no place for them. JSON Lines has.",
        "Tax classes of 1 product are not in the file: Shopify's CSV has no place for them. JSON Lines has.",
    ]
    assert export(tmp_path / "products.jsonl")[1] == ""


# ── Which products ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_filters_narrow_what_is_exported(tmp_path):
    make_product("Draft", status=models.ProductStatus.DRAFT)
    make_product("Cheap", price="5.00")
    dear = make_product("Dear", price="500.00", stock=0)
    path = tmp_path / "products.jsonl"

    export(path, status="ACTIVE", min_price="100", in_stock="false")

    assert [json.loads(line)["handle"] for line in path.read_text().splitlines()] == [dear.slug]


def test_a_filter_that_cannot_be_read_leaves_no_file(tmp_path):
    path = tmp_path / "products.jsonl"

    with pytest.raises(CommandError, match="min_price"):
        export(path, min_price="much")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [1, 7])
def test_statements_do_not_grow_with_the_products(tmp_path, django_assert_num_queries, count):
    for _ in range(count):
        make_product(variants=2)

    # Count; products, images, variants, stock; the way to the one category; and that nothing follows.
    with django_assert_num_queries(7):
        export(tmp_path / "products.jsonl")
