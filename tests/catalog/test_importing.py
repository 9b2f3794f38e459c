"""`manage.py import_products`, from a file on disk to rows in tables."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog import importing, models
from catalog.services import import_batches

DEMO = Path(models.__file__).parents[1] / "demo" / "products.csv"

COLUMNS = [
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Product Category",
    "Type",
    "Tags",
    "Published",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Variant SKU",
    "Variant Inventory Qty",
    "Variant Inventory Policy",
    "Variant Price",
    "Variant Compare At Price",
    "Image Src",
    "Image Position",
    "Image Alt Text",
    "SEO Title",
    "SEO Description",
    "Status",
]
MUG = {"Handle": "mug", "Title": "Mug", "Variant Price": "12.50"}
LAMP = {"Handle": "lamp", "Title": "Lamp", "Variant Price": "80"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def write(tmp_path):
    """Writes rows as a product CSV with all columns, or with those given."""

    def write(*rows, columns=COLUMNS):
        path = tmp_path / "products.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


def run(path, **options):
    """What the command prints; it must not fail."""
    out, err = io.StringIO(), io.StringIO()
    call_command("import_products", str(path), stdout=out, stderr=err, **options)
    assert err.getvalue() == ""
    return out.getvalue().splitlines()


def failure(path, **options):
    """The problems the command prints, and the sentence it ends with."""
    err = io.StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("import_products", str(path), stdout=io.StringIO(), stderr=err, **options)
    assert raised.value.returncode == 1
    return err.getvalue().splitlines(), str(raised.value)


def parsed(path):
    """The products of a file about which nothing is wrong, and what is wrong about the others."""
    problems = []
    with path.open("rb") as file:
        how = {"name": str(path), "format": importing.format_of(path.name)}
        checked = importing.check(file, **how, report=problems.append)
        return list(importing.read(file, **how, checked=checked)), problems


def tables():
    """Every row of the catalogue, column by column, with `updated_at`."""
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (
            models.Category,
            models.Vendor,
            models.Product,
            models.ProductVariant,
            models.StockLevel,
            models.ProductImage,
        )
    }


# ── What a row becomes ───────────────────────────────────────────────────────────────────────────────────────────────
def test_a_row_becomes_a_product_with_everything_it_says(write):
    path = write(
        {
            **MUG,
            "Body (HTML)": "<p>Two\nlines.</p>",
            "Vendor": "Clay & Co",
            "Tags": "stoneware, Featured , gift",
            "Variant SKU": "MUG-1",
            "Variant Inventory Qty": "25",
            "Variant Compare At Price": "15",
            "SEO Title": "The mug",
            "SEO Description": "A mug.",
        }
    )

    assert run(path) == ["Products: 1 created, 0 updated, 0 unchanged."]

    product = models.Product.objects.get()
    assert (product.slug, product.name, product.description) == ("mug", "Mug", "<p>Two\nlines.</p>")
    assert (product.vendor.name, product.vendor.slug) == ("Clay & Co", "clay-co")
    assert (product.tags, product.is_featured) == (["stoneware", "gift"], True)
    assert (product.seo_title, product.seo_description) == ("The mug", "A mug.")
    assert product.status == models.ProductStatus.ACTIVE
    assert (product.price_min, product.price_max, product.currency) == (Decimal("12.5"), Decimal("12.5"), "EUR")
    variant = product.variants.get()
    assert (variant.sku, variant.name, variant.options, variant.is_active) == ("MUG-1", "Mug", [], True)
    assert (variant.price_amount, variant.compare_at_amount, variant.currency) == (Decimal("12.5"), Decimal(15), "EUR")
    assert variant.stock.on_hand == 25


def test_shopifys_default_title_is_a_product_without_options(write):
    run(write({**MUG, "Option1 Name": "Title", "Option1 Value": "Default Title"}))

    variant = models.ProductVariant.objects.get()
    assert (variant.name, variant.options) == ("Mug", [])


def test_option_names_of_the_first_row_hold_for_the_rows_after_it(write):
    run(
        write(
            {**MUG, "Option1 Name": "Size", "Option1 Value": "S", "Option2 Name": "Colour", "Option2 Value": "Red"},
            {"Handle": "mug", "Option1 Value": "L", "Option2 Value": "Blue", "Variant Price": "14"},
        )
    )

    assert list(models.ProductVariant.objects.values_list("name", "options", "position")) == [
        ("S / Red", [{"name": "Size", "value": "S"}, {"name": "Colour", "value": "Red"}], 0),
        ("L / Blue", [{"name": "Size", "value": "L"}, {"name": "Colour", "value": "Blue"}], 1),
    ]
    product = models.Product.objects.get()
    assert (product.price_min, product.price_max) == (Decimal("12.5"), Decimal(14))


def test_a_row_may_add_only_an_image(write):
    run(
        write(
            {**MUG, "Image Src": "https://example.com/b.jpg", "Image Position": "2"},
            {"Handle": "mug", "Image Src": "https://example.com/a.jpg", "Image Position": "1", "Image Alt Text": "A"},
        )
    )

    assert models.ProductVariant.objects.count() == 1
    assert list(models.ProductImage.objects.values_list("source_url", "alt", "position")) == [
        ("https://example.com/a.jpg", "A", 0),
        ("https://example.com/b.jpg", "", 1),
    ]


def test_rows_of_one_handle_that_stand_apart_are_refused_and_none_of_them_imported(write):
    size = {"Option1 Name": "Size"}

    problems, _ = failure(
        write({**MUG, **size, "Option1 Value": "S"}, LAMP, {**MUG, **size, "Title": "Mug", "Option1 Value": "L"})
    )

    assert problems == [
        "line 4, Handle: Line 2 has this handle already. Put the rows of one product one below the other."
    ]
    assert list(models.Product.objects.values_list("slug", flat=True)) == ["lamp"]


def test_the_product_category_makes_a_path_in_the_tree(write):
    run(
        write(
            {**MUG, "Product Category": "Men > Wool > Shirts"},
            {**LAMP, "Product Category": "Women > Shirts"},
        )
    )

    shirts = models.Product.objects.get(slug="mug").category
    assert (shirts.slug, shirts.parent.slug, shirts.parent.parent.slug) == ("shirts", "wool", "men")
    assert models.Product.objects.get(slug="lamp").category.slug == "women-shirts"
    assert models.Category.objects.count() == 5


@pytest.mark.parametrize("category", ["", "Uncategorized"])
def test_without_a_category_the_type_makes_one_at_the_top(write, category):
    run(write({**MUG, "Product Category": category, "Type": "Mugs"}))

    category = models.Product.objects.get().category
    assert (category.name, category.parent) == ("Mugs", None)


def test_a_blank_vendor_is_the_default_vendor(write):
    run(write(MUG, LAMP))

    assert models.Vendor.objects.get().name == importing.DEFAULT_VENDOR


@pytest.mark.parametrize(
    ("published", "status", "expected"),
    [
        ("true", "active", "ACTIVE"),
        ("TRUE", "", "ACTIVE"),
        ("", "", "ACTIVE"),
        ("false", "active", "DRAFT"),
        ("false", "", "DRAFT"),
        ("true", "draft", "DRAFT"),
        ("false", "archived", "ARCHIVED"),
    ],
)
def test_published_and_status_decide_whether_a_product_is_on_sale(write, published, status, expected):
    run(write({**MUG, "Published": published, "Status": status}))

    assert models.Product.objects.get().status == expected


def test_html_is_sanitised(write):
    run(write({**MUG, "Body (HTML)": '<p onclick="x()">Safe</p><script>alert(1)</script>'}))

    assert models.Product.objects.get().description == "<p>Safe</p>"


def test_selling_beyond_the_stock_is_ignored_with_a_notice(write):
    lines = run(write({**MUG, "Variant Inventory Policy": "continue"}))

    assert lines[0] == (
        "Variant Inventory Policy is “continue” on 1 row: "
        "selling beyond the stock is not supported, and this is ignored."
    )


def test_unknown_columns_are_named_in_one_notice_and_shopifys_own_in_none(write):
    path = write(MUG, columns=[*COLUMNS, "Shelf", "Variant Grams", "Google Shopping / MPN", "Box"])

    lines = run(path)

    assert lines[0] == "These columns are unknown and ignored: Shelf, Box."
    assert len(lines) == 2


def test_a_byte_order_mark_is_no_part_of_the_first_column(write, tmp_path):
    path = tmp_path / "bom.csv"
    path.write_bytes(b"\xef\xbb\xbf" + write(MUG).read_bytes())

    assert run(path) == ["Products: 1 created, 0 updated, 0 unchanged."]


# ── SKUs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_blank_sku_gets_one_that_stays_the_same(write):
    sizes = [
        {**MUG, "Option1 Name": "Size", "Option1 Value": "A+"},
        {"Handle": "mug", "Option1 Value": "A-", "Variant Price": "1"},
    ]

    run(write(*sizes))
    first = list(models.ProductVariant.objects.values_list("pk", "sku"))
    run(write(*sizes))

    assert list(models.ProductVariant.objects.values_list("pk", "sku")) == first
    assert [sku.rpartition("-")[0] for _, sku in first] == ["MUG-A", "MUG-A"]
    assert len({sku for _, sku in first}) == 2


def test_derived_skus_of_handles_that_read_alike_differ(write):
    run(
        write(
            {**MUG, "Handle": "mug", "Option1 Name": "Kind", "Option1 Value": "red-l"},
            {**MUG, "Handle": "mug-red", "Option1 Name": "Kind", "Option1 Value": "l"},
        )
    )

    skus = list(models.ProductVariant.objects.values_list("sku", flat=True))
    assert [sku[:10] for sku in skus] == ["MUG-RED-L-", "MUG-RED-L-"]
    assert skus[0] != skus[1]


def test_a_sku_of_another_product_is_refused(write):
    run(write({**MUG, "Variant SKU": "SAME"}))
    before = tables()

    problems, sentence = failure(write({**LAMP, "Variant SKU": "SAME"}))

    assert problems == [
        "line 2, Variant SKU: “SAME” is a SKU of the product “mug”. Give each variant its own.",
    ]
    assert sentence == ("1 problem: 1 product left as before. Correct these rows and import the file again.")
    assert tables() == before


def test_a_sku_twice_in_the_file_is_refused_the_second_time(write):
    path = write({**MUG, "Variant SKU": "SAME"}, {**LAMP, "Variant SKU": "SAME"})

    problems, _ = failure(path)

    assert problems == ["line 3, Variant SKU: “SAME” stands on line 2 already. Give each variant its own SKU."]
    assert models.Product.objects.get().slug == "mug"


# ── Importing again ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_importing_the_same_file_again_changes_nothing(write):
    path = write(
        {
            **MUG,
            "Body (HTML)": "Tom & Jerry <br>",
            "Product Category": "A > B",
            "Tags": "x, featured",
            "Variant Inventory Qty": "3",
            "Image Src": "https://example.com/a.jpg",
        },
        LAMP,
    )
    run(path)
    before = tables()

    assert run(path) == ["Products: 0 created, 0 updated, 2 unchanged."]

    assert tables() == before


def test_a_changed_file_updates_what_changed(write):
    sizes = {"Option1 Name": "Size", "Option1 Value": "S", "Variant SKU": "S", "Variant Inventory Qty": "5"}
    run(write({**MUG, **sizes, "Image Src": "https://example.com/a.jpg"}))
    before = models.Product.objects.get()
    variant = before.variants.get()

    lines = run(
        write(
            {**MUG, **sizes, "Title": "Big mug", "Variant Price": "13", "Variant Inventory Qty": "7"}
            | {"Image Src": "https://example.com/b.jpg"}
        )
    )

    assert lines == ["Products: 0 created, 1 updated, 0 unchanged."]
    product = models.Product.objects.get()
    assert (product.pk, product.name, product.price_min) == (before.pk, "Big mug", Decimal(13))
    assert product.updated_at > before.updated_at
    assert (product.variants.get().pk, product.variants.get().price_amount) == (variant.pk, Decimal(13))
    assert product.variants.get().stock.on_hand == 7
    assert [image.source_url for image in product.images.all()] == ["https://example.com/b.jpg"]


def test_a_variant_the_file_no_longer_has_becomes_inactive_and_leaves_the_price_range(write):
    small = {**MUG, "Option1 Name": "Size", "Option1 Value": "S", "Variant SKU": "S"}
    large = {"Handle": "mug", "Option1 Value": "L", "Variant SKU": "L", "Variant Price": "99"}
    run(write(small, large))

    run(write(small))

    assert list(models.ProductVariant.objects.values_list("sku", "is_active")) == [("S", True), ("L", False)]
    assert models.Product.objects.get().price_max == Decimal("12.5")

    run(write(small, large))

    assert models.ProductVariant.objects.get(sku="L").is_active
    assert models.Product.objects.get().price_max == Decimal(99)


def test_only_stock_that_is_given_is_set(write):
    run(write({**MUG, "Variant Inventory Qty": "5"}))

    run(write(MUG))

    assert models.StockLevel.objects.get().on_hand == 5


def test_a_column_the_file_does_not_have_leaves_what_the_shop_knows(write):
    run(
        write(
            {**MUG, "Body (HTML)": "Nice", "Vendor": "Clay", "Tags": "a, featured", "Type": "Mugs", "Status": "draft"}
            | {"Image Src": "https://example.com/a.jpg"}
        )
    )

    run(write({**MUG, "Variant Price": "20"}, columns=["Handle", "Title", "Variant Price"]))

    product = models.Product.objects.get()
    assert (product.description, product.vendor.name, product.category.name) == ("Nice", "Clay", "Mugs")
    assert (product.tags, product.is_featured, product.status) == (["a"], True, "DRAFT")
    assert (product.images.count(), product.price_min) == (1, Decimal(20))


def test_our_own_pictures_survive_an_import(write):
    run(write(MUG))
    models.ProductImage.objects.create(product=models.Product.objects.get(), file="products/mug.webp")

    run(write({**MUG, "Image Src": "https://example.com/a.jpg"}))

    assert sorted(image.url for image in models.ProductImage.objects.all()) == [
        "/media/products/mug.webp",
        "https://example.com/a.jpg",
    ]


def test_a_dry_run_reports_and_changes_nothing(write):
    path = write({**MUG, "Product Category": "A > B", "Vendor": "New"}, {**LAMP, "Variant Price": "NaN"})

    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError):
        call_command("import_products", str(path), dry_run=True, stdout=out, stderr=err)

    assert out.getvalue() == "Products: 1 would be created, 0 would be updated, 0 would be unchanged.\n"
    assert err.getvalue().startswith("line 3, Variant Price: ")
    assert not any(tables().values())


@pytest.mark.parametrize("variants", [1, 40])
def test_statements_do_not_grow_with_the_variants(write, django_assert_num_queries, variants):
    rows = [
        {**(MUG if number == 0 else {"Handle": "mug", "Variant Price": "1"}), "Option1 Value": f"No. {number}"}
        for number in range(variants)
    ]
    rows[0] |= {"Option1 Name": "Number", "Type": "Mugs"}
    path = write(*rows)
    product, _ = parsed(path)

    # Savepoint and release. Read: product, former handles, variants by SKU, vendor, categories. A free slug, twice, and
    # the new row: vendor, category. Insert: product, variants and, in a savepoint, stock.
    with django_assert_num_queries(18):
        import_batches.write(parsed=product)
    # Savepoint and release. Read: product, variants, stock, prices, ranges, images, vendor, categories.
    with django_assert_num_queries(10):
        import_batches.write(parsed=product)


# ── Bad rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_row_without_a_price_is_reported_by_line_and_column(write):
    path = write({**MUG, "Body (HTML)": "three\nwhole\nlines"}, {**LAMP, "Variant Price": ""})

    problems, _ = failure(path)

    assert problems == [
        "line 5, Variant Price: The price is missing. Write an amount like 12.50, or 0 if it costs nothing."
    ]


def test_a_product_with_a_bad_row_is_left_entirely_as_it_was_and_the_others_are_imported(write):
    size = {"Option1 Name": "Size", "Option1 Value": "S"}
    run(write({**MUG, **size}))
    before = tables()

    problems, _ = failure(
        write({**MUG, **size, "Title": "New"}, {"Handle": "mug", "Option1 Value": "L", "Variant Price": "-1"}, LAMP)
    )

    assert problems == ["line 3, Variant Price: -1 is below zero. Write 0 or more."]
    assert models.Product.objects.filter(slug="mug").values().get() == before["Product"][0]
    assert models.ProductVariant.objects.filter(product__slug="mug").values().get() == before["ProductVariant"][0]
    assert models.Product.objects.filter(slug="lamp").exists()


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("Handle", "no slug", "“no slug” is not a handle. Use letters a–z, digits, hyphens and underscores."),
        ("Handle", "", "The handle is missing. Write the handle of the product the row belongs to."),
        ("Handle", "h" * 256, "256 characters are too many. Shorten it to 255."),
        ("Title", "", "The title is missing. The first row of each product needs one."),
        ("Title", "t" * 256, "256 characters are too many. Shorten it to 255."),
        ("Title", "Mu\0g", "The cell contains the control character U+0000. Remove it."),
        ("Body (HTML)", "Mu\0g", "The cell contains the control character U+0000. Remove it."),
        ("Tags", "a, b\x1bc", "The cell contains the control character U+001B. Remove it."),
        ("Vendor", "v" * 201, "201 characters are too many. Shorten it to 200."),
        ("Status", "sold", "“sold” is not a status. Write active, draft or archived."),
        ("Published", "maybe", "“maybe” is neither true nor false. Write one of them."),
        ("Product Category", "A > > B", "A step of the path is empty. Write it like “Kitchen > Drinkware > Mugs”."),
        ("Product Category", " > ".join("ABCDEFGHI"), "The path has 9 steps. Shorten it to 8."),
        ("Variant Price", "NaN", "“NaN” is not an amount. Write digits and at most one point, like 1299.50."),
        ("Variant Price", "Infinity", "“Infinity” is not an amount. Write digits and at most one point, like 1299.50."),
        ("Variant Price", "12,50", "“12,50” is not an amount. Write digits and at most one point, like 1299.50."),
        ("Variant Price", "1e3", "“1e3” is not an amount. Write digits and at most one point, like 1299.50."),
        ("Variant Price", "-0.01", "-0.01 is below zero. Write 0 or more."),
        ("Variant Price", "1.005", "1.005 has too many decimals: EUR has 2. Round it."),
        (
            "Variant Price",
            "100000000000",
            "100000000000 is too large. Write an amount with at most 11 digits before the point.",
        ),
        (
            "Variant Compare At Price",
            "much",
            "“much” is not an amount. Write digits and at most one point, like 1299.50.",
        ),
        ("Variant Inventory Qty", "1.5", "“1.5” is not a whole number. Write digits only, like 25."),
        ("Variant Inventory Qty", "-1", "-1 is below zero. Write 0 or more."),
        ("Variant Inventory Qty", "2147483648", "2147483648 is too large. Write at most 2147483647."),
        ("Variant SKU", "s" * 101, "101 characters are too many. Shorten it to 100."),
        (
            "Image Src",
            "ftp://a.example/b",
            "“ftp://a.example/b” is not an address. Write one that begins with https://.",
        ),
        ("Image Src", "javascript:x", "“javascript:x” is not an address. Write one that begins with https://."),
        ("Option1 Name", "Size", "The value of “Size” is missing. Each variant needs one."),
        ("Option1 Value", "S", "“S” is the value of an option without a name. Name it."),
    ],
)
def test_a_bad_value_is_reported_and_nothing_written(write, column, value, complaint):
    problems, _ = failure(write({**MUG, column: value}))

    named = {"Option1 Name": "Option1 Value", "Option1 Value": "Option1 Name"}.get(column, column)
    assert problems == [f"line 2, {named}: {complaint}"]
    assert not any(tables().values())


@pytest.mark.parametrize(("currency", "price", "is_right"), [("JPY", "1500.5", False), ("KWD", "1.005", True)])
def test_decimals_are_counted_in_the_currency_of_the_shop(write, settings, currency, price, is_right):
    settings.SHOP_CURRENCY = currency

    products, problems = parsed(write({**MUG, "Variant Price": price}))

    assert bool(products) is is_right
    assert bool(problems) is not is_right


def test_all_that_is_wrong_in_a_row_is_reported_at_once(write):
    problems, _ = failure(write({**MUG, "Variant Price": "x", "Variant Inventory Qty": "y", "Status": "z"}))

    assert [problem.partition(":")[0] for problem in problems] == [
        "line 2, Status",
        "line 2, Variant Price",
        "line 2, Variant Inventory Qty",
    ]


def test_the_same_options_twice_in_a_product_are_refused(write):
    size = {"Option1 Name": "Size", "Option1 Value": "S"}

    problems, _ = failure(write({**MUG, **size}, {**MUG, **size, "Title": "", "Variant SKU": "OTHER"}))

    assert problems == ["line 3, Option1 Value: Line 2 has the same options. Each variant needs its own combination."]


def test_more_variants_than_a_product_may_have_are_refused(write):
    row = {"Handle": "mug", "Variant Price": "1"}
    rows = [row | {"Option1 Value": str(number)} for number in range(models.MAX_VARIANTS + 1)]
    rows[0] |= {"Title": "Mug", "Option1 Name": "Number"}

    problems, _ = failure(write(*rows))

    assert problems == ["line 502, Handle: A product may have at most 500 variants. Split it into several."]


def test_one_handle_with_two_titles_is_refused(write):
    problems, _ = failure(write(MUG, {**LAMP, "Handle": "mug", "Option1 Value": ""}))

    assert problems[0] == "line 3, Title: Line 2 gives this handle another title. Give each product its own handle."


def test_a_row_that_has_come_apart_is_refused(write):
    path = write(MUG, columns=["Handle", "Title", "Variant Price"])
    path.write_text(path.read_text() + "lamp,Lamp,80,surplus\n")

    problems, _ = failure(path)

    assert problems == [
        "line 3, Variant Price: The row has more cells than the header. Put cells that contain a comma in quotes."
    ]


# ── Files that cannot be imported at all ─────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "{path} is empty."),
        (b"\n\n", "{path} is empty."),
        (b"Handle,Title,Variant Price\n", "{path} has a header but no products."),
        (
            b"Handle;Title;Variant Price\nmug;Mug;1\n",
            "{path} is no product CSV of Shopify's: its first line has no column “Handle”, “Title”, “Variant Price”. "
            "Export the products again, with cells separated by commas.",
        ),
        (
            b"Handle,Title\nmug,Mug\n",
            "{path} is no product CSV of Shopify's: its first line has no column “Variant Price”. "
            "Export the products again, with cells separated by commas.",
        ),
        (
            b"Handle,Title,Variant Price,Title\nmug,Mug,1,Mug\n",
            "{path} has more than one column “Title”. Keep one of each.",
        ),
        (
            "Handle,Title,Variant Price\nmug,Mug,1\ncafé,Café,1\n".encode("latin-1"),
            "{path} is not UTF-8 (line 3). Export it again as “CSV UTF-8”.",
        ),
        (
            "Handle,Title,Variant Price\nmug,Mug,1\n".encode("utf-16"),
            "{path} is not UTF-8 (line 1). Export it again as “CSV UTF-8”.",
        ),
        (
            b'Handle,Title,Variant Price\nmug,Mug,1\nlamp,"Lamp,1\n',
            "{path} is no valid CSV: the row that begins on line 3 has a quotation mark in the wrong place, "
            "one that is never closed, or a cell longer than 131072 characters.",
        ),
    ],
)
def test_a_file_that_is_no_product_csv_is_refused_in_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "products.csv"
    path.write_bytes(content)

    assert failure(path) == ([], sentence.format(path=path))
    assert not any(tables().values())


def test_a_file_that_is_not_there_is_refused_in_one_sentence(tmp_path, monkeypatch):
    path = tmp_path / "nowhere.csv"

    monkeypatch.chdir(path.parent)

    assert failure(Path(path.name)) == ([], f"{path} cannot be read: No such file or directory.")


# ── The demo shop ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_demo_shop_is_imported_whole_and_shows_what_a_shop_can_have():
    assert run(DEMO) == ["Products: 64 created, 0 updated, 0 unchanged."]

    assert models.ProductVariant.objects.count() == 193
    assert sorted(models.Vendor.objects.values_list("name", flat=True)) == [
        "Holm & Dowel",
        "Studio Marrow",
        "Tin & Tide",
    ]
    assert models.Product.objects.filter(price_max__gt=500).count() == 8
    assert models.Product.objects.filter(is_featured=True).count() == 9
    assert models.StockLevel.objects.filter(on_hand=10).count() == 7
    assert models.StockLevel.objects.filter(on_hand=0).count() == 5
    assert set(models.Product.objects.values_list("status", flat=True)) == {"ACTIVE", "DRAFT", "ARCHIVED"}
