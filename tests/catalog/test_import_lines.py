"""JSON Lines: read as strictly as the CSV; and what a batch of changes comes to in every table."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from catalog import models
from catalog.importing import FileFormat
from catalog.services import importing, stock
from tests.conftest import make_product

pytestmark = pytest.mark.django_db

EUR = {"currency": "EUR", "amount": "12.50"}
VARIANT = {"sku": "S", "options": [{"name": "Size", "value": "S"}], "prices": [EUR]}
MUG = {"handle": "mug", "title": "Mug", "variants": [VARIANT]}


@pytest.fixture
def write(tmp_path):
    """Writes products, or lines as they are, as JSON Lines."""

    def write(*products):
        path = tmp_path / "products.jsonl"
        lines = [each if isinstance(each, str) else json.dumps(each) for each in products]
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


def run(path, **options):
    """What the command prints; it must not fail."""
    out, err = io.StringIO(), io.StringIO()
    call_command("import_products", str(path), stdout=out, stderr=err, **options)
    assert err.getvalue() == ""
    return out.getvalue()


def problems(path, **options):
    """What the command complains of."""
    err = io.StringIO()
    with pytest.raises(CommandError):
        call_command("import_products", str(path), stdout=io.StringIO(), stderr=err, **options)
    return err.getvalue().splitlines()


def variant(sku, size, **more):
    return VARIANT | {"sku": sku, "options": [{"name": "Size", "value": size}]} | more


# ── What a line becomes ──────────────────────────────────────────────────────────────────────────────────────────────
def test_a_line_becomes_a_product_with_everything_it_says(write, settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD"]
    usd = {"currency": "USD", "amount": "14", "compareAt": "20"}
    path = write(
        MUG
        | {
            "description": "<p>Nice<script>x</script></p>",
            "status": "DRAFT",
            "publishedAt": "2026-03-01T10:00:00+01:00",
            "category": ["Kitchen", "Mugs"],
            "vendor": "Clay & Co",
            "tags": ["stoneware", "a, b"],
            "attributes": {"material": "clay"},
            "isFeatured": True,
            "isDigital": True,
            "taxClass": "reduced",
            "seoTitle": "The mug",
            "seoDescription": "A mug.",
            "images": [{"url": "https://a.example/1.jpg", "alt": "One"}],
            "variants": [
                variant("S", "S", prices=[EUR, usd], barcode="4", weightGrams=380, stock=5, name="Small")
                | {"image": "https://a.example/1.jpg"},
                variant("L", "L", isActive=False, prices=[{"currency": "EUR", "amount": "99"}]),
            ],
        }
    )

    assert run(path) == "Products: 1 created, 0 updated, 0 unchanged.\n"

    product = models.Product.objects.get()
    assert (product.description, product.status, product.tags) == ("<p>Nice</p>", "DRAFT", ["stoneware", "a, b"])
    assert product.published_at.isoformat() == "2026-03-01T09:00:00+00:00"
    assert (product.category.name, product.category.parent.name, product.vendor.name) == (
        "Mugs",
        "Kitchen",
        "Clay & Co",
    )
    assert (product.attributes, product.is_featured, product.is_digital) == ({"material": "clay"}, True, True)
    assert product.tax_class == "reduced"
    assert (product.seo_title, product.seo_description) == ("The mug", "A mug.")
    assert (product.price_min, product.price_max) == (Decimal("12.5"), Decimal("12.5"))
    small, large = product.variants.all()
    assert (small.name, small.barcode, small.weight_grams, small.stock.on_hand) == ("Small", "4", 380, 5)
    assert (small.image, large.is_active) == (product.images.get(), False)
    assert small.prices.values_list("currency", "amount", "compare_at_amount").get() == ("USD", 14, 20)
    assert product.price_ranges.values_list("currency", "lowest", "highest").get() == ("USD", 14, 14)
    assert small.options_key == models.ProductVariant.key_of(small.options)
    assert list(models.StockMovement.objects.values_list("variant", "reason", "before", "after")) == [
        (small.pk, "IMPORTED", 0, 5)
    ]


def test_a_key_that_is_not_there_says_nothing(write):
    run(write(MUG | {"tags": ["a"], "attributes": {"x": 1}, "images": [{"url": "https://a.example/1.jpg"}]}))

    run(write({"handle": "mug", "title": "Big mug"}))

    product = models.Product.objects.get()
    assert (product.name, product.tags, product.attributes) == ("Big mug", ["a"], {"x": 1})
    assert (product.images.count(), product.variants.filter(is_active=True).count()) == (1, 1)


# ── What changes ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_variants_may_swap_their_options(write):
    run(write(MUG | {"variants": [variant("A", "S"), variant("B", "L")]}))
    keys = dict(models.ProductVariant.objects.values_list("sku", "pk"))

    assert run(write(MUG | {"variants": [variant("A", "L"), variant("B", "S")]})).startswith("Products: 0 created, 1")

    found = {row.sku: (row.pk, row.name, row.is_active) for row in models.ProductVariant.objects.all()}
    assert found == {"A": (keys["A"], "L", True), "B": (keys["B"], "S", True)}


def test_a_new_variant_takes_the_options_of_one_that_goes(write):
    run(write(MUG | {"variants": [variant("OLD", "S")]}))

    run(write(MUG | {"variants": [variant("NEW", "S")]}))

    assert set(models.ProductVariant.objects.values_list("sku", "is_active")) == {("OLD", False), ("NEW", True)}


def test_stock_that_changes_leaves_a_movement(write):
    run(write(MUG | {"variants": [variant("S", "S", stock=5)]}))
    path = write(MUG | {"variants": [variant("S", "S", stock=8)]})

    run(path)
    run(path)

    movements = models.StockMovement.objects.order_by("pk").values_list("reason", "before", "after")
    assert list(movements) == [("IMPORTED", 0, 5), ("IMPORTED", 5, 8)]


def test_all_or_nothing_writes_stock_last_so_that_nobody_waits_for_the_rest_of_the_file(write, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 1)
    lamp = MUG | {"handle": "lamp", "title": "Lamp"}
    run(write(MUG | {"variants": [variant("S", "S", stock=5)]}, lamp | {"variants": [variant("L", "L", stock=5)]}))
    path = write(lamp | {"variants": [variant("L", "L", stock=8)]}, MUG | {"variants": [variant("S", "S", stock=9)]})
    on_the_way = []

    with path.open("rb") as file:
        importing.import_products(
            file=file,
            name="The file",
            format=FileFormat.JSON_LINES,
            policy=importing.ImportPolicy.ATOMIC,
            report=lambda _: None,
            progress=lambda imported: on_the_way.append((imported.done, *on_hand())),
        )

    assert on_the_way == [(0, 5, 5), (1, 5, 5), (2, 5, 5)]
    assert on_hand() == [9, 8]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no locks of rows.")
def test_an_order_does_not_wait_for_an_import_that_is_all_or_nothing(write, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 1)
    lamp = MUG | {"handle": "lamp", "title": "Lamp"}
    run(write(MUG | {"variants": [variant("S", "S", stock=5)]}, lamp | {"variants": [variant("L", "L", stock=5)]}))
    path = write(lamp | {"variants": [variant("L", "L", stock=8)]}, MUG | {"variants": [variant("S", "S", stock=9)]})
    wanted = dict.fromkeys(models.ProductVariant.objects.values_list("pk", flat=True), 1)

    def order():
        try:
            stock.take(quantities=wanted)
        finally:
            connection.close()

    def progress(imported):
        if imported.done == 1:
            pool.submit(order).result(timeout=10)

    with ThreadPoolExecutor(1) as pool, path.open("rb") as file:
        importing.import_products(
            file=file,
            name="The file",
            format=FileFormat.JSON_LINES,
            policy=importing.ImportPolicy.ATOMIC,
            report=lambda _: None,
            progress=progress,
        )

    assert on_hand() == [9, 8]
    moved = models.StockMovement.objects.order_by("variant__sku", "pk").values_list("variant__sku", "before", "after")
    assert list(moved) == [("L", 0, 5), ("L", 5, 4), ("L", 4, 8), ("S", 0, 5), ("S", 5, 4), ("S", 4, 9)]


def on_hand():
    """Of S, then of L."""
    return list(models.StockLevel.objects.order_by("-variant__sku").values_list("on_hand", flat=True))


def test_less_stock_than_is_reserved_is_refused(write):
    run(write(MUG | {"variants": [variant("S", "S", stock=5)]}))
    models.StockLevel.objects.update(reserved=3)

    assert problems(write(MUG | {"title": "New", "variants": [variant("S", "S", stock=2)]})) == [
        "line 1, variants.0.stock: 3 of it are reserved; 2 on hand would be too few."
    ]

    assert models.Product.objects.get().name == "Mug"


def test_prices_in_other_currencies_are_set_changed_and_taken_away(write, settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD", "JPY"]

    def prices(*others):
        return write(MUG | {"variants": [variant("S", "S", prices=[EUR, *others])]})

    run(prices({"currency": "USD", "amount": "14"}, {"currency": "JPY", "amount": "1500"}))
    run(prices({"currency": "USD", "amount": "15"}, {"currency": "JPY", "amount": None}))

    assert list(models.VariantPrice.objects.values_list("currency", "amount")) == [("USD", 15)]
    assert list(models.PriceRange.objects.values_list("currency", "lowest", "highest")) == [("USD", 15, 15)]


def test_a_price_stays_in_a_currency_that_a_file_does_not_mention_or_the_shop_does_not_know(write, settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD"]
    usd, none = {"currency": "USD", "amount": "14"}, {"currency": "USD", "amount": None}
    run(write(MUG | {"variants": [variant("S", "S", prices=[EUR, usd])]}))

    run(write(MUG | {"title": "New", "variants": [variant("S", "S", prices=[EUR])]}))
    settings.SHOP_CURRENCIES = ["EUR"]
    run(write(MUG | {"title": "Newer", "variants": [variant("S", "S", prices=[EUR, none])]}))

    assert list(models.VariantPrice.objects.values_list("currency", "amount")) == [("USD", 14)]
    assert list(models.PriceRange.objects.values_list("currency", "lowest", "highest")) == [("USD", 14, 14)]


def test_no_price_has_nothing_to_compare_with_and_the_shop_s_own_is_needed(write, settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD"]
    usd, eur = {"currency": "USD", "amount": None, "compareAt": "20"}, {"currency": "EUR", "amount": None}

    assert problems(write(MUG | {"variants": [variant("S", "S", prices=[eur, usd])]})) == [
        "line 1, variants.0.prices.1.compareAt: There is no price it could be compared with. Leave it out.",
        "line 1, variants.0.prices: The price in EUR, the shop's own currency, is missing.",
    ]


def test_a_handle_that_leads_to_another_product_since_is_refused(write):
    product = make_product()
    models.ProductSlug.objects.create(product=product, slug="mug")

    assert problems(write(MUG)) == [
        f"line 1, handle: This handle leads to the product “{product.slug}” now. Write that handle."
    ]
    assert models.Product.objects.count() == 1


def test_one_bad_product_of_a_batch_does_not_hold_up_the_others(write):
    taken = make_product().variants.get().sku
    lines = [{"handle": f"p{n}", "title": "P", "variants": [VARIANT | {"sku": f"P{n}"}]} for n in range(20)]
    lines[7]["variants"][0]["sku"] = taken

    assert len(problems(write(*lines))) == 1

    assert models.Product.objects.filter(slug__startswith="p", name="P").count() == 19


def test_all_or_nothing_is_nothing_if_anything_is_wrong(write):
    path = write(MUG, {"handle": "lamp", "title": ""})

    assert problems(path, policy="ATOMIC") == ["line 2, title: The title is missing."]

    assert not models.Product.objects.exists()


# ── What is wrong ────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("nonsense", "line: The line is not JSON: Expecting value. Write one object a line."),
        ("[1]", "line: This is not an object. Write it in { }."),
        ('{"handle": "a", "handle": "b"}', "line: A key stands twice in one object. Keep one of them."),
        ('{"handle": NaN}', "line: NaN is no number in JSON."),
        ("[" * 100_000, "line: Objects and lists are nested too deeply."),
        (f'{{"a": {"1" * 5000}}}', "line: The line is not JSON: a number is too long. Write one object a line."),
        (
            MUG | {"handle": "no slug"},
            "handle: “no slug” is not a handle. Use letters a–z, digits, hyphens and underscores.",
        ),
        (MUG | {"title": 5}, "title: This is not a text. Write it in quotation marks."),
        (MUG | {"title": "a\0b"}, "title: The cell contains the control character U+0000. Remove it."),
        (MUG | {"title": "\ud800"}, "title: The text holds half a character (a lone surrogate). Remove it."),
        (MUG | {"description": "x" * 131_073}, "description: 131073 characters are too many. Shorten it to 131072."),
        (MUG | {"status": "SOLD"}, "status: “SOLD” is not a status. Write ACTIVE, DRAFT or ARCHIVED."),
        (
            MUG | {"publishedAt": "2026-03-01T10:00:00"},
            "publishedAt: This is not a moment with its time zone. Write it like 2026-03-01T09:00:00Z.",
        ),
        (
            MUG | {"category": ["A", ""]},
            'category: A step of the path is empty. Write it like ["Kitchen", "Drinkware", "Mugs"].',
        ),
        (MUG | {"vendor": ""}, "vendor: The name of the vendor is missing. Write it, or leave the key out."),
        (MUG | {"tags": "a"}, "tags: This is not a list. Write it in [ ]."),
        (
            MUG | {"taxClass": "luxury"},
            "taxClass: “luxury” is not a tax class of this shop. It has: standard, reduced, zero.",
        ),
        (MUG | {"isFeatured": "yes"}, "isFeatured: Write true or false, without quotation marks."),
        (MUG | {"attributes": []}, 'attributes: These are an object such as { "material": "oak" }.'),
        (
            MUG | {"images": [{"url": "javascript:x"}]},
            "images.0.url: “javascript:x” is not an address. Write one that begins with https://.",
        ),
        (
            MUG | {"variants": [VARIANT | {"prices": []}]},
            "variants.0.prices: The price in EUR, the shop's own currency, is missing.",
        ),
        (
            MUG | {"variants": [VARIANT | {"prices": [{"currency": "EUR", "amount": 12.5}]}]},
            "variants.0.prices.0.amount: This is not a text. Write it in quotation marks.",
        ),
        (
            MUG | {"variants": [VARIANT | {"prices": [{"currency": "EUR", "amount": "1.005"}]}]},
            "variants.0.prices.0.amount: 1.005 has too many decimals: EUR has 2. Round it.",
        ),
        (
            MUG | {"variants": [VARIANT | {"prices": [EUR, {"currency": "XTS", "amount": "1"}]}]},
            "variants.0.prices.1.currency: This is not a currency of the shop, which has EUR.",
        ),
        (MUG | {"variants": [VARIANT | {"stock": -1}]}, "variants.0.stock: This is not a number from 0 to 2147483647."),
        (
            MUG | {"variants": [VARIANT | {"stock": True}]},
            "variants.0.stock: This is not a whole number. Write digits only, like 25.",
        ),
        (
            MUG | {"variants": [VARIANT, VARIANT | {"sku": "T"}]},
            "variants.1: variants.0 has the same options. Each needs its own.",
        ),
        (
            MUG | {"variants": [VARIANT, variant("S", "L")]},
            "variants.1: variants.0 has the same SKU. Each needs its own.",
        ),
        (
            MUG | {"variants": [VARIANT | {"image": "https://a.example/1.jpg"}]},
            "variants.0.image: This is not the address of one of the product's images. Add it to them.",
        ),
        (
            MUG | {"variants": [variant(str(n), str(n)) for n in range(501)]},
            "variants: 501 are too many. Keep at most 500.",
        ),
    ],
)
def test_a_bad_line_is_reported_by_its_path_and_nothing_written(write, line, complaint):
    (first, *_) = problems(write(line))

    assert first == f"line 1, {complaint}"
    assert not models.Product.objects.exists()
    assert not models.Vendor.objects.exists()


def test_a_key_nobody_knows_is_refused(write):
    (problem,) = problems(write(MUG | {"titel": "x"}))

    assert problem.startswith("line 1, titel: There is no such key. Known are attributes, category,")


def test_one_handle_on_two_lines_is_refused_and_neither_imported(write):
    assert problems(write(MUG, MUG | {"variants": [VARIANT | {"sku": "T"}]})) == [
        "line 2, handle: Line 1 has this handle already. Write each product once."
    ]
    assert not models.Product.objects.exists()
