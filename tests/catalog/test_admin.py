"""Products, variants and pictures in the admin: services write what is saved there, and refuse what the API refuses."""

import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from catalog.models import Product, ProductImage, ProductVariant, StockLevel, VariantPrice, Vendor
from notifications.models import Event
from tests.conftest import Api, make_product, make_variant

pytestmark = pytest.mark.django_db(transaction=True)

SENT = {"_form_submitted": "on"}
READ_ONLY = [
    *("price_ranges", "versions", "former_slugs", "movements", "alerts"),
    "notifications-event-subject_type-subject_id",
]


@pytest.fixture(autouse=True)
def _two_currencies(settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD"]


# ── Products ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_is_saved_is_recorded_as_who_saved_it(admin_client, admin_user):
    product = make_product()

    _save(admin_client, product, name="Oak stool", tags="oak, new, Oak", attributes='{"wood": "oak"}')

    product.refresh_from_db()
    assert (product.name, product.tags, product.attributes) == ("Oak stool", ["oak", "new"], {"wood": "oak"})
    event = product_events(product).get()
    assert (event.type, event.actor) == ("product.updated", admin_user)
    assert set(event.payload["fields"]) == {"name", "tags", "attributes"}


def test_a_product_is_of_one_of_the_shops_tax_classes(admin_client):
    product = make_product()

    _save(admin_client, product, tax_class="reduced")
    refused = _send(admin_client, product, tax_class="luxury")

    assert list(refused.context_data["adminform"].form.errors) == ["tax_class"]
    product.refresh_from_db()
    assert product.tax_class == "reduced"
    assert product_events(product).get().payload["fields"] == ["tax_class"]


def test_a_class_that_the_shop_has_no_more_stays_until_somebody_chooses_another(admin_client):
    product = make_product(tax_class="luxury")

    _save(admin_client, product, name="Oak stool")

    product.refresh_from_db()
    assert (product.name, product.tax_class) == ("Oak stool", "luxury")


def test_saving_without_a_change_records_nothing(admin_client):
    product = make_product(variants=2)

    _save(admin_client, product)

    assert not product_events(product).exists()


def test_a_description_that_runs_is_refused_by_its_field_and_stays_there(admin_client):
    product = make_product()

    answer = _send(admin_client, product, name="Oak stool", description="<script>steal()</script>")

    assert answer.status_code == 200
    assert list(answer.context_data["adminform"].form.errors) == ["description"]
    assert "Oak stool" in answer.text
    product.refresh_from_db()
    assert (product.description, product.name) == ("", product.name)
    assert not product_events(product).exists()


def test_a_former_slug_leads_to_the_product_and_is_shown(admin_client):
    product = make_product()
    former = product.slug

    _save(admin_client, product, slug="oak-stool")

    assert Product.objects.with_slug(former).get().slug == "oak-stool"
    assert former in admin_client.get(_page(product)).text


def test_a_slug_that_led_to_another_product_is_refused(admin_client):
    first, second = make_product(), make_product()
    former = first.slug
    _save(admin_client, first, slug="oak-stool")

    answer = _send(admin_client, second, slug=former)

    assert answer.status_code == 200
    assert list(answer.context_data["adminform"].form.errors) == ["slug"]


def test_a_product_is_archived_only_looked_at_and_restored(admin_client):
    product = make_product()

    assert _press(admin_client, product, "archive") == ["The product was archived."]
    product.refresh_from_db()
    assert product.status == "ARCHIVED"
    assert _buttons(admin_client, product) == ["Restore"]
    assert _send(admin_client, product, name="Renamed").status_code == 403

    assert _press(admin_client, product, "restore") == ["The product was restored."]
    product.refresh_from_db()
    assert product.status == "DRAFT"
    assert _buttons(admin_client, product) == ["Put on sale", "Archive"]
    assert _press(admin_client, product, "activate") == ["The product is on sale."]


# ── Variants ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_price_range_follows_the_active_variants(admin_client):
    product = make_product(price="20.00", variants=3)
    first, second, _ = product.variants.all()

    _save(admin_client, product, _row(first, 0, price_amount="8.50"), _row(second, 1, price_amount="90", is_active=""))

    product.refresh_from_db()
    assert (product.price_min, product.price_max) == (Decimal("8.500"), Decimal("20.000"))


def test_the_price_range_also_follows_a_variant_saved_on_its_own_page(admin_client):
    variant = make_variant(price="20.00")

    answer = admin_client.post(
        reverse("admin:catalog_productvariant_change", args=[variant.pk]),
        {
            "sku": variant.sku,
            "name": "Large",
            "options": "Size: L\nColour: Sea: green",
            "price_amount": "31.00",
            "is_active": "on",
        }
        | _formsets(0, 0)
        | _rows("prices", []),
    )

    assert answer.status_code == 302
    variant.refresh_from_db()
    assert variant.options == [{"name": "Size", "value": "L"}, {"name": "Colour", "value": "Sea: green"}]
    assert (variant.product.price_min, variant.product.price_max) == (Decimal("31.000"), Decimal("31.000"))


def test_without_an_active_variant_a_product_has_no_price(admin_client):
    product = make_product(price="20.00")

    _save(admin_client, product, _row(product.variants.get(), 0, is_active=""))

    product.refresh_from_db()
    assert product.price_range is None


def test_a_new_product_with_a_variant_can_be_seen_through_the_api(admin_client):
    vendor = Vendor.objects.create(name="Maker", slug="maker")
    fields = {
        "name": "Oak stool",
        "slug": "oak-stool",
        "vendor": vendor.pk,
        "tags": "oak, new, oak",
        "tax_class": "standard",
    }
    variant = {"sku": "STOOL-1", "name": "Oak", "price_amount": "49.90", "position": "0", "is_active": "on"}
    now = dict(zip(["published_at_0", "published_at_1"], ["2020-01-01", "12:00:00"], strict=True))

    answer = admin_client.post(
        reverse("admin:catalog_product_add"),
        fields
        | {"attributes": "{}"}
        | now
        | _formsets(0, 1)
        | {f"variants-0-{name}": value for name, value in variant.items()},
    )

    assert answer.status_code == 302, answer.context_data["errors"]
    assert _press(admin_client, Product.objects.get(), "activate")[-1] == "The product is on sale."
    shown = Api()(
        """{ products(first: 1) { edges { node { name tags priceRange { min { amount currency } }
             variants { sku quantityAvailable price { amount currency } } } } } }"""
    )["products"]["edges"][0]["node"]
    assert shown == {
        "name": "Oak stool",
        "tags": ["oak", "new"],
        "priceRange": {"min": {"amount": "49.90", "currency": "EUR"}},
        "variants": [{"sku": "STOOL-1", "quantityAvailable": 0, "price": {"amount": "49.90", "currency": "EUR"}}],
    }


def test_saving_a_product_leaves_its_stock_alone(admin_client):
    product = make_product(stock=7)
    variant = product.variants.get()

    _save(admin_client, product, _row(variant, 0, on_hand="1000", name="Renamed"))

    variant.refresh_from_db()
    assert variant.name == "Renamed"
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 7


@pytest.mark.parametrize(
    ("field", "value", "refused"),
    [
        ("price_amount", "19.999", "price_amount"),
        ("price_amount", "-1", "price_amount"),
        ("compare_at_amount", "19.99", "compare_at_amount"),
        ("sku", "TAKEN", "sku"),
        ("options", "Size", "options"),
        ("options", ": M", "options"),
        ("options", "Size: M\nsize: L", "options"),
        ("options", "Size: 1", "options"),
    ],
)
def test_what_a_variant_cannot_be_is_refused_in_its_row_and_nothing_of_the_page_is_saved(
    field, value, refused, admin_client
):
    product = make_product(price="20.00", variants=2)
    ProductVariant.objects.filter(product=make_product()).update(sku="TAKEN")
    first, second = product.variants.all()
    before = list(product.variants.values())

    answer = _send(admin_client, product, _row(first, 0, **{field: value}), _row(second, 1, price_amount="30"))

    assert answer.status_code == 200
    rows = answer.context_data["inline_admin_formsets"][0].formset
    assert [list(errors) for errors in rows.errors] == [[refused], []]
    assert list(product.variants.values()) == before
    assert not product_events(product).exists()


def test_variants_change_places(admin_client):
    product = make_product(variants=3)
    first, second, third = product.variants.all()

    _save(admin_client, product, _row(first, 0, position="9"), _row(second, 1), _row(third, 2))

    assert [variant.pk for variant in product.variants.all()] == [second.pk, third.pk, first.pk]


def test_a_variant_has_a_price_in_each_currency(admin_client):
    variant = make_variant(price="20.00")

    added = _save_prices(admin_client, variant, {"currency": "USD", "amount": "21.50", "compare_at_amount": "25"})

    assert added.status_code == 302, added.context_data["errors"]
    shown = Api()('{ products(currency: "USD", first: 1) { edges { node { priceRange { min { amount } } } } } }')
    assert shown["products"]["edges"][0]["node"]["priceRange"]["min"]["amount"] == "21.50"
    listed = variant.prices.get()

    refused = _save_prices(admin_client, variant, {"id": listed.pk, "amount": "21.505"}, existing=1)
    assert refused.status_code == 200
    assert list(refused.context_data["inline_admin_formsets"][0].formset.errors[0]) == ["amount"]
    unlisted = _save_prices(admin_client, variant, {"id": listed.pk, "amount": "21.50", "DELETE": "on"}, existing=1)

    assert unlisted.status_code == 302
    assert not VariantPrice.objects.exists()
    assert not variant.product.price_ranges.exists()


def test_a_product_of_many_variants_is_edited_a_page_at_a_time(admin_client):
    product = make_product(variants=120, price="20.00")
    last = list(product.variants.all())[100:]

    answer = admin_client.get(_page(product) + "?variants-page=3")
    rows = [row for position, variant in enumerate(last) for row in _row(variant, position, price_amount="30").items()]
    saved = admin_client.post(
        _page(product) + "?variants-page=3", _fields(product) | _formsets(20, 20) | dict(rows) | {"variants-page": "3"}
    )

    shown = [sku for sku in product.variants.values_list("sku", flat=True) if f'value="{sku}"' in answer.text]
    assert shown == [variant.sku for variant in last]
    assert saved.status_code == 302, saved.context_data["errors"]
    assert ProductVariant.objects.filter(price_amount=30).count() == 20
    product.refresh_from_db()
    assert (product.price_min, product.price_max) == (Decimal("20.000"), Decimal("30.000"))


# ── Pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_uploaded_picture_is_made_anew_without_what_it_knew_of_its_maker(admin_client):
    product = make_product()

    answer = _upload(admin_client, product, _photograph())

    assert answer.status_code == 302, answer.context_data["errors"]
    image = product.images.exclude(file="").get()
    with image.file, Image.open(image.file) as kept:
        assert (kept.size, kept.format, dict(kept.getexif())) == ((40, 30), "JPEG", {})
    assert (image.alt, image.position) == ("A stool", 1)
    assert product_events(product).get().type == "product.images_added"


def test_what_is_no_picture_is_refused_in_its_row_and_no_file_is_left(admin_client, settings):
    product = make_product()

    answer = _upload(admin_client, product, _photograph(), SimpleUploadedFile("evil.png", b"<script>"))

    assert answer.status_code == 200
    errors = answer.context_data["inline_admin_formsets"][1].formset.errors
    assert [list(each) for each in errors] == [[], [], ["file"]]
    assert product.images.count() == 1
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []


def test_pictures_are_described_ordered_and_removed(admin_client):
    product = make_product()
    ProductImage.objects.create(product=product, source_url="https://images.example/b.webp", position=1)
    first, second = product.images.all()
    rows = [{"id": first.pk, "alt": "Front", "position": "5"}, {"id": second.pk, "alt": "", "position": "1"}]

    changed = admin_client.post(_page(product), _fields(product) | _formsets(0, 0) | _rows("images", rows, 2))

    assert changed.status_code == 302, changed.context_data["errors"]
    assert [(image.pk, image.alt) for image in product.images.all()] == [(second.pk, ""), (first.pk, "Front")]
    rows = [{"id": second.pk, "position": "0"}, {"id": first.pk, "alt": "Front", "position": "1", "DELETE": "on"}]
    removed = admin_client.post(_page(product), _fields(product) | _formsets(0, 0) | _rows("images", rows, 2))

    assert removed.status_code == 302, removed.context_data["errors"]
    assert list(product.images.all()) == [second]


def _photograph() -> SimpleUploadedFile:
    """With the maker's name in its EXIF."""
    exif = Image.Exif()
    exif[0x013B] = "Cleo Customer"
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, "JPEG", exif=exif)
    return SimpleUploadedFile("photograph.jpg", file.getvalue())


def _upload(client, product, *files):
    (kept,) = product.images.all()
    rows = [{"id": kept.pk, "alt": kept.alt, "position": "0"}]
    rows += [{"file": file, "alt": "A stool", "position": "0"} for file in files]
    return client.post(_page(product), _fields(product) | _formsets(0, 0) | _rows("images", rows, 1))


# ── Sending ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def product_events(product):
    return Event.objects.filter(subject_id=str(product.pk), type__startswith="product.").order_by("seq")


def _press(client, product, button) -> list[str]:
    answer = client.post(reverse(f"admin:catalog_product_{button}", args=[product.pk]), SENT)
    return [str(message) for message in client.get(answer.url).context["messages"]]


def _buttons(client, product) -> list[str]:
    return [button["title"] for button in client.get(_page(product)).context_data["actions_detail"]]


def _rows(prefix, rows, existing=0) -> dict[str, Any]:
    values: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": existing}
    for index, row in enumerate(rows):
        values |= {f"{prefix}-{index}-{name}": value for name, value in row.items()}
    return values


def _save_prices(client, variant, *rows, existing=0):
    own = {"sku": variant.sku, "name": variant.name, "options": "Size: 0", "price_amount": "20.00", "is_active": "on"}
    page = reverse("admin:catalog_productvariant_change", args=[variant.pk])
    return client.post(page, own | _formsets(0, 0) | _rows("prices", rows, existing))


def _page(product) -> str:
    return reverse("admin:catalog_product_change", args=[product.pk])


def _formsets(existing: int, total: int) -> dict[str, str]:
    """What a browser sends with every page: how many rows it has of each kind. Those that are only read are none."""
    read = {f"{prefix}-{name}_FORMS": "0" for prefix in READ_ONLY for name in ("TOTAL", "INITIAL")}
    return read | {
        "variants-TOTAL_FORMS": str(total),
        "variants-INITIAL_FORMS": str(existing),
        "images-TOTAL_FORMS": "0",
        "images-INITIAL_FORMS": "0",
    }


def _fields(product) -> dict[str, str]:
    return {
        "name": product.name,
        "slug": product.slug,
        "published_at_0": product.published_at.date().isoformat(),
        "published_at_1": product.published_at.time().isoformat("seconds"),
        "vendor": str(product.vendor_id),
        "category": str(product.category_id),
        "description": product.description,
        "tags": "",
        "attributes": "{}",
        "tax_class": product.tax_class,
    }


def _row(variant, index, **changes) -> dict[str, str]:
    fields = {"sku": variant.sku, "name": variant.name, "price_amount": str(variant.price.amount), "is_active": "on"}
    fields |= {"options": "\n".join(f"{each['name']}: {each['value']}" for each in variant.options)}
    fields |= {"position": str(variant.position), "id": str(variant.pk), "product": str(variant.product_id)} | changes
    return {f"variants-{index}-{name}": value for name, value in fields.items() if value != ""}


def _send(client, product, *rows, **changes):
    rows = rows or tuple(_row(variant, index) for index, variant in enumerate(product.variants.all()))
    values = _fields(product) | changes | _formsets(len(rows), len(rows))
    for row in rows:
        values |= row
    return client.post(_page(product), values)


def _save(client, product, *rows, **changes) -> None:
    answer = _send(client, product, *rows, **changes)
    assert answer.status_code == 302, answer.context_data["errors"]
