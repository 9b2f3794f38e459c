"""Versions of a product: proposed, compared with it, published; numbered without gaps, and never rewritten."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from strawberry.relay.utils import to_base64

from catalog.errors import CatalogError
from catalog.models import (
    PriceRange,
    Product,
    ProductVariant,
    ProductVersion,
    VariantPrice,
    Vendor,
    VersionStatus,
)
from catalog.services import privacy, versions
from notifications.models import Event
from tests.conftest import Api, gid, make_product, make_user
from tests.people import ERRORS, codes

pytestmark = pytest.mark.django_db

DIFF = "diff { field current proposed }"
SHOWN = f"""
productVersion {{
  id number status note name description attributes seoTitle seoDescription isPublished publishedAt
  allowedTransitions author {{ email }} product {{ name }} {DIFF}
  prices {{ variantId price {{ amount currency }} compareAtPrice {{ amount }} }}
}}
"""
CREATE = f"""
mutation($product: ID!, $input: ProductVersionCreateInput!) {{
  productVersionCreate(productId: $product, input: $input) {{ {SHOWN} {ERRORS} }}
}}
"""
PUBLISH = f"mutation($id: ID!) {{ productVersionPublish(id: $id) {{ {SHOWN} {ERRORS} }} }}"
BY_ID = "query($id: ID!) { productVersion(id: $id) { number } }"
OF_PRODUCT = f"""
query($id: ID!, $first: Int, $after: String) {{
  product(id: $id) {{ versions(first: $first, after: $after) {{
    totalCount edges {{ node {{ number {DIFF} }} }} pageInfo {{ endCursor hasNextPage }}
  }} }}
}}
"""
NOWHERE = to_base64("ProductVersion", "999999")


@pytest.fixture
def seller(db):
    return make_user("seller@example.com", roles=("Seller",))


@pytest.fixture
def api(seller):
    return Api(seller)


@pytest.fixture
def product(seller):
    vendor = Vendor.objects.create(name="Oak", slug="oak")
    vendor.members.add(seller)
    return make_product("Chair", vendor=vendor, variants=2, description="<p>Old</p>", attributes={"material": "oak"})


@pytest.fixture(autouse=True)
def _currencies(settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD", "JPY"]


def create(api, product, **input):
    return api(CREATE, product=gid(product), input=input)["productVersionCreate"]


def publish(api, id):
    return api(PUBLISH, id=id)["productVersionPublish"]


def proposed(api, product, **input):
    payload = create(api, product, **input)
    assert payload["userErrors"] == []
    return payload["productVersion"]


def published(api, id):
    payload = publish(api, id)
    assert payload["userErrors"] == []
    return payload["productVersion"]


def refused(payload):
    """The code and the field of the only refusal."""
    (error,) = payload["userErrors"]
    assert payload["productVersion"] is None
    return error["code"], error["field"]


def written():
    """Everything a refusal must leave alone."""
    models = (Product, ProductVariant, VariantPrice, PriceRange, ProductVersion)
    return *(list(model.objects.order_by("pk").values()) for model in models), Event.objects.count()


def statuses():
    return list(ProductVersion.objects.order_by("number").values_list("number", "status"))


def price_line(variant, currency="EUR", amount="20.00", before=None):
    return {"variantId": gid(variant), "currency": currency, "amount": amount, "compareAtAmount": before}


# ── Proposing ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_is_left_out_is_taken_from_the_product_as_it_is(api, product):
    first, second = product.variants.all()
    VariantPrice.objects.create(variant=first, currency="USD", amount=Decimal("22"), compare_at_amount=Decimal("25.5"))

    version = proposed(api, product, name=" Armchair ", note="Sells better")

    assert version == {
        "id": gid(ProductVersion.objects.get()),
        "number": 1,
        "status": "DRAFT",
        "note": "Sells better",
        "name": "Armchair",
        "description": "<p>Old</p>",
        "attributes": {"material": "oak"},
        "seoTitle": "",
        "seoDescription": "",
        "isPublished": False,
        "publishedAt": None,
        "allowedTransitions": ["APPROVED", "OBSOLETE", "TRIAL"],
        "author": {"email": "seller@example.com"},
        "product": {"name": "Chair"},
        "diff": [{"field": "name", "current": "Chair", "proposed": "Armchair"}],
        "prices": [
            {"variantId": gid(first), "price": {"amount": "20.00", "currency": "EUR"}, "compareAtPrice": None},
            {
                "variantId": gid(first),
                "price": {"amount": "22.00", "currency": "USD"},
                "compareAtPrice": {"amount": "25.50"},
            },
            {"variantId": gid(second), "price": {"amount": "20.00", "currency": "EUR"}, "compareAtPrice": None},
        ],
    }
    event = Event.objects.get(type="product_version.created")
    assert event.payload == {"product_id": product.pk, "number": 1, "name": "Armchair"}
    assert (event.subject, event.actor) == (ProductVersion.objects.get(), api.user)
    assert event.message == "Version 1 of Armchair was proposed."


def test_a_proposal_leaves_the_product_alone(api, product):
    before = list(Product.objects.values()), list(ProductVariant.objects.order_by("pk").values())

    proposed(api, product, name="Armchair", prices=[price_line(product.variants.first(), amount="9")])

    assert (list(Product.objects.values()), list(ProductVariant.objects.order_by("pk").values())) == before


def test_versions_of_each_product_are_numbered_from_one(api, product):
    other = make_product(vendor=product.vendor)

    numbers = [proposed(api, each)["number"] for each in (product, product, other, product)]

    assert numbers == [1, 2, 1, 3]


def test_null_is_the_same_as_left_out(api, product):
    fields = ("name", "description", "attributes", "seoTitle", "seoDescription", "prices")

    assert proposed(api, product, **dict.fromkeys(fields))["diff"] == []


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"name": " "}, "REQUIRED", ["name"]),
        ({"name": "a" * 256}, "INVALID", ["name"]),
        ({"name": "Cha\0ir"}, "INVALID", ["name"]),
        ({"description": "<script>alert(1)</script>"}, "INVALID", ["description"]),
        ({"description": "<p onclick='alert(1)'>Hi</p>"}, "INVALID", ["description"]),
        ({"seoTitle": "a" * 256}, "INVALID", ["seoTitle"]),
        ({"seoDescription": "a" * 1001}, "INVALID", ["seoDescription"]),
        ({"note": "a" * 501}, "INVALID", ["note"]),
        ({"note": "a\0"}, "INVALID", ["note"]),
        ({"attributes": ["oak"]}, "INVALID", ["attributes"]),
        ({"attributes": "oak"}, "INVALID", ["attributes"]),
        ({"attributes": {"": "oak"}}, "REQUIRED", ["attributes"]),
        ({"attributes": {"a" * 101: "oak"}}, "INVALID", ["attributes"]),
        ({"attributes": {"material": "o\0ak"}}, "INVALID", ["attributes"]),
        ({"attributes": {"a": {"b": {"c": {"d": {}}}}}}, "INVALID", ["attributes"]),
        ({"attributes": {"material": "o" * 17_000}}, "INVALID", ["attributes"]),
        ({"attributes": {"weight": float("nan")}}, "INVALID", ["attributes"]),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_field(api, product, input, code, field):
    before = written()

    assert refused(create(api, product, **input)) == (code, ["input", *field])
    assert written() == before


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ({"amount": "-1"}, "PRICE_INVALID", "amount"),
        ({"amount": "1.001"}, "PRICE_INVALID", "amount"),
        ({"amount": "1.5", "currency": "JPY"}, "PRICE_INVALID", "amount"),
        ({"amount": "10000000000"}, "PRICE_INVALID", "amount"),
        ({"amount": "10", "compareAtAmount": "9"}, "PRICE_INVALID", "compareAtAmount"),
        ({"amount": "10", "compareAtAmount": "11.111"}, "PRICE_INVALID", "compareAtAmount"),
        ({"currency": "CHF"}, "CURRENCY_NOT_SUPPORTED", "currency"),
        ({"currency": "eur"}, "CURRENCY_NOT_SUPPORTED", "currency"),
        ({"variantId": to_base64("ProductVariant", "999999")}, "NOT_FOUND", "variantId"),
    ],
)
def test_what_is_no_price_of_the_product_is_refused_by_its_field(api, product, line, code, field):
    good = price_line(product.variants.last())
    before = written()

    payload = create(api, product, prices=[good, price_line(product.variants.first()) | line])

    assert refused(payload) == (code, ["input", "prices", "1", field])
    assert written() == before


def test_a_price_of_another_product_or_one_given_twice_is_refused(api, product):
    variant, foreign = product.variants.first(), make_product(vendor=product.vendor).variants.get()
    before = written()

    assert refused(create(api, product, prices=[price_line(foreign)])) == (
        "NOT_FOUND",
        ["input", "prices", "0", "variantId"],
    )
    assert refused(create(api, product, prices=[price_line(variant), price_line(variant, amount="3")])) == (
        "INVALID",
        ["input", "prices", "1"],
    )
    assert written() == before


def test_an_archived_product_takes_no_versions(api, product):
    id = proposed(api, product, name="Armchair")["id"]
    Product.objects.update(status="ARCHIVED")
    before = written()

    assert refused(create(api, product, name="Bench")) == ("STATUS_NOT_ALLOWED", ["productId"])
    assert refused(publish(api, id)) == ("STATUS_NOT_ALLOWED", ["id"])
    assert written() == before


# ── Comparing ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_diff_says_what_publishing_would_change(api, product):
    first, second = product.variants.all()

    version = proposed(
        api,
        product,
        name="Chair",
        description="<p>New</p>",
        attributes={"material": "ash", "legs": 4},
        seoTitle="Buy it",
        seoDescription="Now",
        prices=[price_line(first), price_line(second, amount="18.5", before="20"), price_line(second, "JPY", "3000")],
    )

    assert version["diff"] == [
        {"field": "description", "current": "<p>Old</p>", "proposed": "<p>New</p>"},
        {"field": "attributes", "current": {"material": "oak"}, "proposed": {"material": "ash", "legs": 4}},
        {"field": "seoTitle", "current": "", "proposed": "Buy it"},
        {"field": "seoDescription", "current": "", "proposed": "Now"},
        {
            "field": "prices",
            "current": [price_line(second)],
            "proposed": [price_line(second, amount="18.50", before="20.00"), price_line(second, "JPY", "3000")],
        },
    ]


def test_the_diff_is_against_the_product_as_it_is_now(api, product):
    version = proposed(api, product, name="Armchair")
    Product.objects.update(name="Armchair", seo_title="Changed since")

    page = api(OF_PRODUCT, id=gid(product))["product"]["versions"]

    assert page["edges"] == [
        {"node": {"number": 1, "diff": [{"field": "seoTitle", "current": "Changed since", "proposed": ""}]}}
    ]
    assert version["number"] == 1


def test_the_diff_sees_variants_that_are_not_on_sale(api, product):
    ProductVariant.objects.update(is_active=False)
    version = proposed(api, product)
    query = f"query($id: ID!) {{ productVersion(id: $id) {{ product {{ name variants {{ id }} }} {DIFF} }} }}"

    shown = api(query, id=version["id"])["productVersion"]

    assert shown == {"product": {"name": "Chair", "variants": []}, "diff": []}


def test_a_page_of_versions_takes_the_same_statements_for_one_as_for_ten(api, product):
    api(OF_PRODUCT, id=gid(product))
    counted = []
    for more in (1, 9):
        for number in range(more):
            proposed(api, product, name=f"Armchair {number}", prices=[price_line(product.variants.first(), amount="1")])
        with CaptureQueriesContext(connection) as statements:
            page = api(OF_PRODUCT, id=gid(product))["product"]["versions"]
        counted.append(len(statements))

    assert page["totalCount"] == 10
    assert [len(edge["node"]["diff"]) for edge in page["edges"]] == [2] * 10
    assert counted[0] == counted[1]


def test_versions_come_newest_first_in_pages(api, product):
    for _ in range(3):
        proposed(api, product)

    page = api(OF_PRODUCT, id=gid(product), first=2)["product"]["versions"]
    rest = api(OF_PRODUCT, id=gid(product), first=2, after=page["pageInfo"]["endCursor"])["product"]["versions"]

    assert [edge["node"]["number"] for edge in page["edges"] + rest["edges"]] == [3, 2, 1]
    assert (page["totalCount"], rest["pageInfo"]["hasNextPage"]) == (3, False)


def test_versions_of_a_list_of_products_are_refused(api, product):
    query = "{ managedProducts { edges { node { versions { totalCount } } } } }"

    assert api.code(query) == "QUERY_TOO_EXPENSIVE"


# ── Publishing ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_publishing_makes_it_the_products_content(api, product, guest):
    first, second = product.variants.all()
    version = proposed(
        api,
        product,
        name="Armchair",
        description="<p>New</p>",
        attributes={"material": "ash"},
        seoTitle="Buy it",
        seoDescription="Now",
        prices=[price_line(first, amount="10", before="12"), price_line(first, "USD", "11.25")],
    )

    shown = published(api, version["id"])

    assert (shown["status"], shown["isPublished"], shown["diff"]) == ("APPROVED", True, [])
    assert shown["publishedAt"] is not None
    product.refresh_from_db()
    assert (product.name, product.description, product.attributes) == ("Armchair", "<p>New</p>", {"material": "ash"})
    assert (product.seo_title, product.seo_description) == ("Buy it", "Now")
    assert (product.price_min, product.price_max) == (Decimal(10), Decimal(20))
    assert PriceRange.objects.values_list("currency", "lowest", "highest").get() == (
        "USD",
        Decimal("11.25"),
        Decimal("11.25"),
    )
    query = """query($id: ID!, $currency: String) { product(id: $id, currency: $currency) {
      variants { id price { amount } compareAtPrice { amount } } } }"""
    assert guest(query, id=gid(product))["product"]["variants"] == [
        {"id": gid(first), "price": {"amount": "10.00"}, "compareAtPrice": {"amount": "12.00"}},
        {"id": gid(second), "price": {"amount": "20.00"}, "compareAtPrice": None},
    ]
    assert guest(query, id=gid(product), currency="USD")["product"]["variants"] == [
        {"id": gid(first), "price": {"amount": "11.25"}, "compareAtPrice": None}
    ]
    event = Event.objects.get(type="product_version.published")
    assert event.payload == {"product_id": product.pk, "number": 1, "name": "Armchair", "replaced": None}
    assert event.seq == 2


def test_the_one_published_before_becomes_obsolete_for_good(api, product):
    ids = [proposed(api, product, name=f"Chair {number}")["id"] for number in (1, 2, 3)]
    ProductVersion.objects.filter(number=2).update(status=VersionStatus.TRIAL)

    published(api, ids[0])
    published(api, ids[1])

    assert statuses() == [(1, "OBSOLETE"), (2, "APPROVED"), (3, "DRAFT")]
    event = Event.objects.filter(type="product_version.published").latest("occurred_at")
    assert event.payload["replaced"] == 1
    assert event.details == "It is what the product says of itself now. Version 1 is obsolete."
    before = written()
    assert refused(publish(api, ids[0])) == ("STATUS_NOT_ALLOWED", ["id"])
    assert written() == before


def test_one_that_was_approved_in_a_trial_is_published_like_a_draft(api, product):
    id = proposed(api, product, name="Armchair")["id"]
    ProductVersion.objects.update(status=VersionStatus.APPROVED)
    assert ProductVersion.objects.get().is_published is False

    assert published(api, id)["isPublished"] is True
    product.refresh_from_db()
    assert product.name == "Armchair"


def test_publishing_again_writes_nothing_unless_the_product_was_changed(api, product):
    id = proposed(api, product, name="Armchair")["id"]
    published(api, id)
    before = written()

    published(api, id)
    assert written() == before

    Product.objects.update(name="Bench")
    assert published(api, id)["diff"] == []
    product.refresh_from_db()
    assert product.name == "Armchair"
    assert statuses() == [(1, "APPROVED")]


def test_currencies_and_variants_that_came_since_keep_their_prices(api, product):
    first, _ = product.variants.all()
    id = proposed(api, product, prices=[price_line(first, amount="10")])["id"]
    VariantPrice.objects.create(variant=first, currency="USD", amount=Decimal(7))
    new = ProductVariant.objects.create(
        product=product,
        sku="NEW",
        name="New",
        price_amount=Decimal(99),
        currency="EUR",
        options=[{"name": "Size", "value": "new"}],
    )

    published(api, id)

    product.refresh_from_db()
    new.refresh_from_db()
    assert (product.price_min, product.price_max, new.price_amount) == (Decimal(10), Decimal(99), Decimal(99))
    assert VariantPrice.objects.get().amount == Decimal(7)


def test_publishing_takes_the_same_statements_for_one_variant_as_for_many(api, product):
    counted = []
    for number in (1, 30):
        row = make_product(vendor=product.vendor, variants=number)
        lines = [
            price_line(variant, currency, "5") for variant in row.variants.all() for currency in ("EUR", "USD", "JPY")
        ]
        id = proposed(api, row, name="Bench", prices=lines)["id"]
        with CaptureQueriesContext(connection) as statements:
            published(api, id)
        counted.append(len(statements))

    assert counted[0] == counted[1]


# ── What never changes ───────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "write",
    [
        lambda version: version.save(),
        lambda version: version.save(update_fields=["name"]),
        lambda version: version.save(update_fields=["status", "prices"]),
        lambda version: ProductVersion.objects.update(name="Other"),
        lambda version: ProductVersion.objects.filter(pk=version.pk).update(status="OBSOLETE", attributes={}),
        lambda version: ProductVersion.objects.bulk_update([version], ["description"]),
        lambda version: version.product.versions.update(number=7),
    ],
)
def test_the_content_of_a_version_is_written_once(api, product, write):
    proposed(api, product, name="Armchair")
    version = ProductVersion.objects.get()
    version.name = "Other"
    before = written()

    with pytest.raises(TypeError, match="Make a new version"), transaction.atomic():
        write(version)

    assert written() == before


def test_a_version_outlives_its_author(api, product, seller):
    id = proposed(api, product)["id"]
    admin = Api(make_user(roles=("Administrator",), is_staff=True))
    seller.delete()

    query = "query($id: ID!) { productVersion(id: $id) { number author { email } } }"
    assert admin(query, id=id)["productVersion"] == {"number": 1, "author": None}


def test_what_somebody_proposed_is_handed_out(api, product, seller):
    proposed(api, product, name="Armchair", note="Sells better")

    (held,) = privacy.personal_data(user=seller)["product_versions"]

    assert (held["name"], held["number"], held["note"]) == ("Armchair", 1, "Sells better")
    assert privacy.personal_data(user=make_user())["product_versions"] == []


# ── Who ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_version_that_is_somebody_elses_and_one_that_is_not_there_are_the_same_refusal(api, product):
    id = proposed(api, product)["id"]
    former = make_user()
    product.vendor.members.add(former)
    strangers = [Api(make_user(roles=("Seller",))), Api(make_user(roles=("Support",))), Api(former)]
    before = written()

    for person in strangers:
        assert publish(person, id) == publish(person, NOWHERE)
        assert refused(publish(person, id)) == ("NOT_FOUND", ["id"])
        assert refused(create(person, product)) == ("NOT_FOUND", ["productId"])
        assert person.code(BY_ID, id=id) == person.code(BY_ID, id=NOWHERE) == "NOT_FOUND"
    assert written() == before


def test_who_is_not_signed_in_neither_proposes_nor_sees(api, product, guest):
    id = proposed(api, product)["id"]
    before = written()

    assert guest.code(CREATE, product=gid(product), input={}) == "UNAUTHENTICATED"
    assert guest.code(PUBLISH, id=id) == "UNAUTHENTICATED"
    assert guest.code(BY_ID, id=id) == "UNAUTHENTICATED"
    assert guest(OF_PRODUCT, id=gid(product))["product"] == {"versions": None}
    assert written() == before


def test_the_versions_of_a_product_are_for_those_who_keep_it(api, product):
    id = proposed(api, product)["id"]
    merchandiser = Api(make_user(roles=("Merchandiser",), is_staff=True))
    customer = Api(make_user())

    for keeper in (api, merchandiser):
        assert keeper(OF_PRODUCT, id=gid(product))["product"]["versions"]["totalCount"] == 1
        assert keeper(BY_ID, id=id)["productVersion"] == {"number": 1}
    assert customer(OF_PRODUCT, id=gid(product))["product"] == {"versions": None}
    assert codes(create(merchandiser, product, name="Bench")) == []


@pytest.mark.parametrize("id", [to_base64("Product", "1"), to_base64("ProductVersion", "x"), "nonsense"])
def test_an_id_that_is_none_of_a_version_is_refused(api, id):
    assert api.code(PUBLISH, id=id) == "BAD_USER_INPUT"
    assert api.code(BY_ID, id=id) == "BAD_USER_INPUT"


# ── At the same moment ───────────────────────────────────────────────────────────────────────────────────────────────
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
def test_versions_proposed_at_the_same_moment_get_numbers_without_gaps(seller, product):
    made = at_once(*[lambda: versions.create(actor=seller, product_id=product.pk, given={}).number] * 8)

    assert sorted(made) == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.django_db(transaction=True)
def test_of_versions_published_at_the_same_moment_one_is_the_products(seller, product):
    keys = [
        versions.create(actor=seller, product_id=product.pk, given={"name": f"Chair {number}"}).pk
        for number in range(4)
    ]

    at_once(*(lambda key=key: versions.publish(actor=seller, version_id=key) for key in keys))

    last = ProductVersion.objects.published().get()
    product.refresh_from_db()
    assert product.name == last.name
    assert sorted(status for _, status in statuses()) == ["APPROVED", "OBSOLETE", "OBSOLETE", "OBSOLETE"]
