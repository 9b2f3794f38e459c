"""Products and stock in the admin: what is written there is as clean and as consistent as what services write."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from catalog.models import Category, Product, ProductVariant, StockLevel, Vendor
from tests.conftest import Api, make_product, make_user, make_variant

pytestmark = pytest.mark.django_db(transaction=True)

SENT = {"_form_submitted": "on"}


def test_a_description_is_sanitised_when_it_is_saved(admin_client):
    product = make_product()

    _save(admin_client, product, description='<p onclick="steal()">Oak</p><script>steal()</script>')

    product.refresh_from_db()
    assert product.description == "<p>Oak</p>"


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
            "position": "0",
            "is_active": "on",
        },
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
        "status": "ACTIVE",
        "vendor": vendor.pk,
        "tags": "oak, new, oak",
    }
    variant = {"sku": "STOOL-1", "name": "Oak", "price_amount": "49.90", "position": "0", "is_active": "on"}

    answer = admin_client.post(
        reverse("admin:catalog_product_add"),
        fields
        | {"attributes": "{}"}
        | _formsets(0, 1)
        | {f"variants-0-{name}": value for name, value in variant.items()},
    )

    assert answer.status_code == 302, answer.context_data["errors"]
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


@pytest.mark.parametrize("amount", ["19.999", "-1"])
def test_a_price_that_nobody_could_pay_is_refused(amount, admin_client):
    product = make_product(price="20.00")

    answer = _send(admin_client, product, _row(product.variants.get(), 0, price_amount=amount))

    assert answer.status_code == 200
    assert product.variants.get().price_amount == Decimal("20.000")


@pytest.mark.parametrize("options", ["Size", "Size:", ": M", "Size: M\nSize: L"])
def test_options_that_the_api_could_not_show_are_refused(options, admin_client):
    variant = make_variant()
    before = variant.options

    answer = admin_client.post(
        reverse("admin:catalog_productvariant_change", args=[variant.pk]),
        {"sku": variant.sku, "name": variant.name, "options": options, "price_amount": "20", "position": "0"},
    )

    assert answer.status_code == 200
    variant.refresh_from_db()
    assert variant.options == before


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


def test_a_category_cannot_stand_below_itself(admin_client):
    room = Category.objects.create(name="Room", slug="room")
    shelf = Category.objects.create(name="Shelf", slug="shelf", parent=room)

    answer = admin_client.post(
        reverse("admin:catalog_category_change", args=[room.pk]), {"name": "Room", "slug": "room", "parent": shelf.pk}
    )

    assert answer.status_code == 200
    assert "A category cannot stand below itself." in answer.text
    room.refresh_from_db()
    assert room.parent is None


def test_stock_is_received_and_removed_by_a_difference(admin_client):
    variant = make_variant(stock=10)

    said = [_adjust(admin_client, variant, difference) for difference in (12, -2)]

    assert said == [["The stock was changed by +12."], ["The stock was changed by -2."]]
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 20


def test_more_than_there_is_cannot_be_removed(admin_client):
    variant = make_variant(stock=10)

    said = _adjust(admin_client, variant, -11)

    assert said == ["Only 10 left."]
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10


def test_staff_who_may_only_look_cannot_move_stock(db):
    variant = make_variant(stock=10)
    reader = make_user("reader@example.com", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_stocklevel"))
    client = Client()
    client.force_login(reader)

    answer = client.post(_adjusting(variant), SENT | {"difference": "5"})

    assert answer.status_code == 403
    page = client.get(reverse("admin:catalog_stocklevel_change", args=[variant.pk]))
    assert page.context_data["actions_detail"] == []
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10


@pytest.mark.parametrize("name", ["product", "productvariant"])
def test_what_orders_name_is_not_deleted(name, admin_client):
    variant = make_variant()
    row = variant.product if name == "product" else variant

    answer = admin_client.post(reverse(f"admin:catalog_{name}_delete", args=[row.pk]), {"post": "yes"})

    assert answer.status_code == 403
    assert Product.objects.count() == ProductVariant.objects.count() == 1


def _page(product) -> str:
    return reverse("admin:catalog_product_change", args=[product.pk])


def _adjusting(variant) -> str:
    return reverse("admin:catalog_stocklevel_adjust", args=[variant.pk])


def _adjust(client, variant, difference) -> list[str]:
    answer = client.post(_adjusting(variant), SENT | {"difference": str(difference)})
    return [str(message) for message in client.get(answer.url).context["messages"]]


def _formsets(existing: int, total: int) -> dict[str, str]:
    return {
        "variants-TOTAL_FORMS": str(total),
        "variants-INITIAL_FORMS": str(existing),
        "images-TOTAL_FORMS": "0",
        "images-INITIAL_FORMS": "0",
    }


def _fields(product) -> dict[str, str]:
    return {
        "name": product.name,
        "slug": product.slug,
        "status": product.status,
        "vendor": str(product.vendor_id),
        "category": str(product.category_id),
        "description": product.description,
        "tags": "",
        "attributes": "{}",
    }


def _row(variant, index, **changes) -> dict[str, str]:
    fields = {"sku": variant.sku, "name": variant.name, "price_amount": str(variant.price.amount), "is_active": "on"}
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
