"""Keeping variants: options, SKUs, pictures and order; switched off and on, never deleted."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.errors import CatalogError
from catalog.models import Product, ProductImage, ProductStatus, ProductVariant, StockLevel, VariantPrice
from catalog.services import variants
from notifications.models import Event
from tests.conftest import Api, gid, make_product, make_user
from tests.keeping import (
    VARIANT_CREATE,
    VARIANT_MOVES,
    VARIANT_UPDATE,
    VARIANTS_REORDER,
    done,
    events,
    make_merchandiser,
    make_seller,
    make_vendor,
    refusal,
    rows,
)

pytestmark = pytest.mark.django_db

MANAGED = """
query($id: ID!, $first: Int, $after: String) { managedVariants(productId: $id, first: $first, after: $after) {
  totalCount edges { node { sku isActive price { amount } } } pageInfo { endCursor hasNextPage }
} }
"""
RED = [{"name": "Colour", "value": "Red"}, {"name": "Size", "value": "M"}]


@pytest.fixture
def maker(db):
    return make_vendor("Maker")


@pytest.fixture
def seller(maker):
    return make_seller(maker)


@pytest.fixture
def product(maker):
    """With one variant: Size 0, 20.00 EUR."""
    return make_product("Shirt", vendor=maker)


@pytest.fixture
def variant(product):
    return product.variants.get()


def create(api, product, **input):
    input = {"sku": "NEW", "price": "12.50", "options": RED, **input}
    return api(VARIANT_CREATE, productId=gid(product), input=input)["variantCreate"]


def update(api, variant, **input):
    return api(VARIANT_UPDATE, id=gid(variant), input=input)["variantUpdate"]


def move(api, name, variant):
    return api(VARIANT_MOVES[name], id=gid(variant))[name]


def reorder(api, product, rows):
    return api(VARIANTS_REORDER, productId=gid(product), ids=[gid(row) for row in rows])["variantsReorder"]


def in_shop(product):
    return list(product.variants.filter(is_active=True).values_list("sku", flat=True))


# ── Making one ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_variant_comes_after_the_others_with_nothing_in_stock(seller, product, variant):
    made = done(create(seller, product, barcode="4006381333931", weightGrams=200, compareAtPrice="15"))

    row = ProductVariant.objects.get(sku="NEW")
    assert made == {
        "id": gid(row),
        "sku": "NEW",
        "name": "Red / M",
        "barcode": "4006381333931",
        "isActive": True,
        "weightGrams": 200,
        "price": {"amount": "12.50", "currency": "EUR"},
        "compareAtPrice": {"amount": "15.00"},
        "options": RED,
        "image": None,
        "prices": [{"price": {"amount": "12.50", "currency": "EUR"}, "compareAtPrice": {"amount": "15.00"}}],
    }
    assert in_shop(product) == [variant.sku, "NEW"]
    assert StockLevel.objects.get(variant=row).on_hand == 0
    product.refresh_from_db()
    assert [end.amount for end in product.price_range] == [row.price_amount, variant.price_amount]
    event = Event.objects.get()
    assert (event.type, event.payload, event.subject) == (
        "variant.created",
        {"variant_id": row.pk, "sku": "NEW"},
        product,
    )


def test_a_variant_without_options_is_called_as_its_product_is(seller, product):
    assert done(create(seller, product, options=None))["name"] == "Shirt"
    assert refusal(create(seller, product, sku="OTHER", options=[])) == ("OPTIONS_TAKEN", ["input", "options"])


def test_its_picture_is_one_of_the_products(seller, product, maker):
    own, other = product.images.get(), make_product(vendor=maker).images.get()
    before = rows()

    for image in (other, ProductImage(pk=987_654)):
        assert refusal(create(seller, product, imageId=gid(image))) == ("NOT_FOUND", ["input", "imageId"])
    assert rows() == before
    assert done(create(seller, product, imageId=gid(own)))["image"] == {"id": gid(own)}
    made = ProductVariant.objects.get(sku="NEW")
    assert done(update(seller, made, imageId=None))["image"] is None


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"sku": ""}, "REQUIRED", ["sku"]),
        ({"sku": "s" * 101}, "INVALID", ["sku"]),
        ({"sku": "a\0"}, "INVALID", ["sku"]),
        ({"name": "n" * 256}, "INVALID", ["name"]),
        ({"barcode": "b" * 65}, "INVALID", ["barcode"]),
        ({"weightGrams": -1}, "INVALID", ["weightGrams"]),
        ({"price": "12.505"}, "PRICE_INVALID", ["price"]),
        ({"price": "-0.01"}, "PRICE_INVALID", ["price"]),
        ({"price": "1000000000.01"}, "PRICE_INVALID", ["price"]),
        ({"price": "NaN"}, "PRICE_INVALID", ["price"]),
        ({"price": "Infinity"}, "PRICE_INVALID", ["price"]),
        ({"compareAtPrice": "12.505"}, "PRICE_INVALID", ["compareAtPrice"]),
        ({"compareAtPrice": "1.00"}, "PRICE_INVALID", ["compareAtPrice"]),
        ({"options": [{"name": f"Option {number}", "value": "x"} for number in range(6)]}, "TOO_MANY", ["options"]),
        ({"options": [*RED, {"name": "size", "value": "L"}]}, "INVALID", ["options"]),
        ({"options": [{"name": "Size", "value": " "}]}, "REQUIRED", ["options", "0", "value"]),
        ({"options": [*RED, {"name": "n" * 101, "value": "x"}]}, "INVALID", ["options", "2", "name"]),
        ({"options": [{"name": "Size", "value": "\u202e"}]}, "INVALID", ["options", "0", "value"]),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_field(seller, product, variant, input, code, field):
    before = rows()

    assert refusal(create(seller, product, **input)) == (code, ["input", *field])
    assert refusal(update(seller, variant, **input)) == (code, ["input", *field])
    assert rows() == before


def test_a_number_beyond_the_columns_is_no_number_of_the_schema(seller, variant):
    assert seller.code(VARIANT_UPDATE, id=gid(variant), input={"weightGrams": 2**31}) == "BAD_USER_INPUT"


# ── SKUs and options ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_sku_is_one_variants_in_the_whole_shop(seller, product, variant):
    elsewhere = make_product(vendor=make_vendor("Other")).variants.get()
    before = rows()

    assert refusal(create(seller, product, sku=elsewhere.sku)) == ("SKU_TAKEN", ["input", "sku"])
    assert refusal(update(seller, variant, sku=elsewhere.sku)) == ("SKU_TAKEN", ["input", "sku"])
    assert rows() == before
    assert done(update(seller, variant, sku=variant.sku))["sku"] == variant.sku


def test_a_combination_of_options_is_there_once_whatever_its_order_and_case(seller, product, variant):
    done(create(seller, product))
    same = [{"name": "SIZE", "value": "m"}, {"name": "colour", "value": "RED"}]
    before = rows()

    assert refusal(create(seller, product, sku="AGAIN", options=same)) == ("OPTIONS_TAKEN", ["input", "options"])
    assert refusal(update(seller, variant, options=same)) == ("OPTIONS_TAKEN", ["input", "options"])
    assert rows() == before
    assert done(update(seller, ProductVariant.objects.get(sku="NEW"), options=same))["options"] == same


def test_a_combination_is_free_once_its_variant_is_off_and_then_it_cannot_be_on_again(seller, product, variant):
    done(move(seller, "variantDeactivate", variant))
    taken = done(create(seller, product, options=[{"name": "Size", "value": "0"}]))
    before = rows()

    assert refusal(move(seller, "variantActivate", variant)) == ("OPTIONS_TAKEN", ["id"])
    assert rows() == before
    done(move(seller, "variantDeactivate", ProductVariant.objects.get(sku=taken["sku"])))
    assert done(move(seller, "variantActivate", variant))["isActive"] is True


def test_a_product_has_at_most_five_hundred_active_variants(seller, product, variant):
    numbered = [[{"name": "Size", "value": str(number)}] for number in range(1, 501)]
    ProductVariant.objects.bulk_create(
        ProductVariant(
            product=product,
            sku=f"N-{number}",
            name=str(number),
            price_amount=1,
            currency="EUR",
            options=options,
            options_key=ProductVariant.key_of(options),
            is_active=number < 500,
        )
        for number, options in enumerate(numbered, start=1)
    )
    off = ProductVariant.objects.get(sku="N-500")
    before = rows()

    assert refusal(create(seller, product)) == ("TOO_MANY", ["input"])
    assert refusal(move(seller, "variantActivate", off)) == ("TOO_MANY", ["id"])
    assert rows() == before
    done(move(seller, "variantDeactivate", variant))
    assert done(create(seller, product))["sku"] == "NEW"


# ── Changing one ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_only_what_is_given_changes_and_is_told(seller, product, variant):
    changed = done(update(seller, variant, name="Small", price="9.90", compareAtPrice="12", barcode=None))

    assert (changed["name"], changed["sku"], changed["options"]) == ("Small", variant.sku, variant.options)
    assert (changed["price"]["amount"], changed["compareAtPrice"]["amount"]) == ("9.90", "12.00")
    fields = ["price_amount", "compare_at_amount", "name"]
    assert events() == [("variant.updated", {"variant_id": variant.pk, "sku": variant.sku, "fields": fields})]
    product.refresh_from_db()
    assert [str(end.amount) for end in product.price_range] == ["9.90", "9.90"]
    assert done(update(seller, variant, compareAtPrice=None))["compareAtPrice"] is None


def test_a_price_is_not_raised_to_what_it_is_compared_with(seller, variant):
    done(update(seller, variant, compareAtPrice="25.00"))
    before = rows()

    assert refusal(update(seller, variant, price="25.00")) == ("PRICE_INVALID", ["input", "price"])
    assert rows() == before
    assert done(update(seller, variant, price="25.00", compareAtPrice="30.00"))["price"]["amount"] == "25.00"
    assert done(update(seller, variant, price="40.00", compareAtPrice=None))["price"]["amount"] == "40.00"


def test_a_price_is_told_in_the_currency_the_shop_has_now(settings, seller, product, variant):
    settings.SHOP_CURRENCY, settings.SHOP_CURRENCIES = "USD", ["USD"]

    assert done(update(seller, variant, price="20.00"))["price"] == {"amount": "20.00", "currency": "USD"}

    product.refresh_from_db()
    assert [str(end.amount) for end in product.price_range_in("USD")] == ["20.00", "20.00"]


def test_what_is_the_same_already_writes_nothing(seller, variant):
    before = rows()

    done(update(seller, variant, sku=variant.sku, price="20", options=variant.options))
    done(update(seller, variant))
    done(move(seller, "variantActivate", variant))

    assert rows() == before


def test_a_variant_that_is_off_is_sold_no_longer_and_costs_nothing_in_the_range(seller, guest, maker):
    product = make_product(vendor=maker, variants=2)
    cheap, dear = product.variants.all()
    ProductVariant.objects.filter(pk=cheap.pk).update(price_amount=5)
    VariantPrice.objects.create(variant=cheap, currency="USD", amount=6)
    query = "query($id: ID!) { product(id: $id) { variants { sku } priceRange { min { amount } } } }"

    assert done(move(seller, "variantDeactivate", cheap))["isActive"] is False

    assert guest(query, id=gid(product))["product"] == {
        "variants": [{"sku": dear.sku}],
        "priceRange": {"min": {"amount": "20.00"}},
    }
    done(move(seller, "variantActivate", cheap))
    assert guest(query, id=gid(product))["product"]["priceRange"] == {"min": {"amount": "5.00"}}
    assert [payload["fields"] for _, payload in events()] == [["is_active"], ["is_active"]]


def test_whoever_keeps_a_product_sees_all_its_variants_a_page_at_a_time(seller, maker):
    product = make_product(vendor=maker, variants=5)
    second = product.variants.all()[1]
    done(move(seller, "variantDeactivate", second))
    seen, after = [], None

    while True:
        page = seller(MANAGED, id=gid(product), first=2, after=after)["managedVariants"]
        seen += [(edge["node"]["sku"], edge["node"]["isActive"]) for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert page["totalCount"] == 5
    assert seen == [(variant.sku, variant.pk != second.pk) for variant in product.variants.all()]


def test_nobody_else_sees_them_there(seller, guest, product):
    assert guest.code(MANAGED, id=gid(product)) == "UNAUTHENTICATED"
    for api in (make_seller(make_vendor("Other")), Api(make_user())):
        assert api(MANAGED, id=gid(product))["managedVariants"]["edges"] == []
    assert make_merchandiser()(MANAGED, id=gid(product))["managedVariants"]["totalCount"] == 1


# ── Their order ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_variants_are_put_in_order(seller, maker):
    product = make_product(vendor=maker, variants=4)
    a, b, c, d = product.variants.all()
    done(move(seller, "variantDeactivate", b))

    shown = done(reorder(seller, product, [d, a, c]))

    assert [variant["sku"] for variant in shown["variants"]] == [d.sku, a.sku, c.sku]
    assert in_shop(product) == [d.sku, a.sku, c.sku]
    assert events()[1:] == [("product.variants_reordered", {"count": 3})]
    before = rows()
    done(reorder(seller, product, [d, a, c]))
    assert rows() == before


def test_each_active_variant_is_named_once(seller, maker):
    product, other = make_product(vendor=maker, variants=3), make_product(vendor=maker)
    a, b, c = product.variants.all()
    before = rows()

    for wanted in (
        [],
        [a, b],
        [a, b, b],
        [a, b, c, c],
        [a, b, other.variants.get()],
        [a, b, ProductVariant(pk=1 << 40)],
    ):
        assert refusal(reorder(seller, product, wanted)) == ("INVALID", ["ids"])
    assert rows() == before


# ── Who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def refusals_of(api, product, variant):
    payloads = [create(api, product), update(api, variant, name="Mine"), reorder(api, product, [variant])]
    payloads += [move(api, name, variant) for name in VARIANT_MOVES]
    return [payload["userErrors"] for payload in payloads]


@pytest.mark.parametrize("roles", [(), ("Seller",), ("Support",), ("Supply chain",)])
def test_somebody_elses_variant_and_one_that_is_not_there_are_the_same_refusal(product, variant, roles):
    api = Api(make_user(roles=roles, is_staff=True))
    before = rows()

    theirs = refusals_of(api, product, variant)
    unknown = refusals_of(api, Product(pk=987_654), ProductVariant(pk=987_654))

    assert theirs == unknown
    assert {error["code"] for errors in theirs for error in errors} == {"NOT_FOUND"}
    assert rows() == before


def test_guests_are_asked_to_sign_in(guest, product, variant):
    before = rows()

    assert guest.code(VARIANT_CREATE, productId=gid(product), input={"sku": "A", "price": "1"}) == "UNAUTHENTICATED"
    assert guest.code(VARIANT_UPDATE, id=gid(variant), input={}) == "UNAUTHENTICATED"
    assert guest.code(VARIANTS_REORDER, productId=gid(product), ids=[gid(variant)]) == "UNAUTHENTICATED"
    for document in VARIANT_MOVES.values():
        assert guest.code(document, id=gid(variant)) == "UNAUTHENTICATED"
    assert rows() == before


def test_nothing_of_an_archived_product_is_changed(seller, product, variant):
    Product.objects.update(status=ProductStatus.ARCHIVED)
    before = rows()

    refused = [create(seller, product), update(seller, variant, name="Other"), reorder(seller, product, [variant])]
    refused += [move(seller, name, variant) for name in VARIANT_MOVES]

    assert [refusal(payload) for payload in refused] == [
        ("STATUS_NOT_ALLOWED", [field]) for field in ("productId", "id", "productId", "id", "id")
    ]
    assert rows() == before


# ── At the same moment ───────────────────────────────────────────────────────────────────────────────────────────────
def at_once(*acts):
    """What each of these came to, run at the same moment: its result, or its refusal."""
    barrier = Barrier(len(acts))

    def run(act):
        barrier.wait(10)
        try:
            return act()
        except CatalogError as refused:
            return refused.code, refused.field
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


@pytest.mark.django_db(transaction=True)
def test_of_two_products_at_the_same_moment_only_one_gets_the_sku():
    keeper = make_merchandiser().user
    products = [make_product(), make_product()]
    wanted = {"sku": "WANTED", "price_amount": Decimal(5)}

    for _ in range(5):
        results = at_once(
            *[
                lambda key=product.pk: variants.create(product_id=key, given=wanted, actor=keeper)
                for product in products
            ]
        )

        refused = [result for result in results if isinstance(result, tuple)]
        assert refused == [("SKU_TAKEN", ["input", "sku"])]
        assert ProductVariant.objects.filter(sku="WANTED").count() == 1
        assert Event.objects.count() == 1
        ProductVariant.objects.filter(sku="WANTED").delete()
        Event.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_only_one_gets_the_combination():
    keeper, product = make_merchandiser().user, make_product()

    results = at_once(
        *[
            lambda sku=sku: variants.create(
                product_id=product.pk,
                given={"sku": sku, "price_amount": Decimal(5), "options": [("Size", "M")]},
                actor=keeper,
            )
            for sku in ("ONE", "TWO")
        ]
    )

    assert [result for result in results if isinstance(result, tuple)] == [("OPTIONS_TAKEN", ["input", "options"])]
    assert product.variants.count() == 2


# ── What it costs ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_list_of_ones_variants_takes_the_same_statements_for_one_and_for_fifty(seller, maker):
    few, many = make_product(vendor=maker), make_product(vendor=maker, variants=50)
    query = """query($id: ID!) { managedVariants(productId: $id, first: 100) { edges { node {
      sku price { amount } compareAtPrice { amount } prices { price { amount } } image { url } quantityAvailable
    } } } }"""
    counted = []

    for product in (few, few, many):
        with CaptureQueriesContext(connection) as statements:
            seller(query, id=gid(product))
        counted.append(len(statements))

    assert counted[1] == counted[2]
