"""Keeping products: who may, what is refused, and the way from draft to sale and to the archive."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from catalog.models import Category, Product, ProductImage, ProductStatus, ProductVariant, StockLevel, VendorStatus
from notifications.models import Event
from tests.conftest import Api, gid, make_product, make_user
from tests.keeping import (
    PRODUCT_CREATE,
    PRODUCT_MOVES,
    PRODUCT_UPDATE,
    done,
    events,
    make_merchandiser,
    make_seller,
    make_vendor,
    new_product,
    refusal,
    rows,
)

pytestmark = pytest.mark.django_db

SHOWN = "query($id: ID!) { product(id: $id) { name status } }"
MANAGED = "{ managedProducts { edges { node { name status } } } }"


@pytest.fixture
def maker(db):
    return make_vendor("Maker")


@pytest.fixture
def seller(maker):
    return make_seller(maker)


def update(api, product, **input):
    return api(PRODUCT_UPDATE, id=product if isinstance(product, str) else gid(product), input=input)["productUpdate"]


def move(api, name, product):
    return api(PRODUCT_MOVES[name], id=product if isinstance(product, str) else gid(product))[name]


# ── Making one ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_seller_makes_a_product_of_their_own_vendor_and_it_is_a_draft(seller, maker):
    product = done(new_product(seller, maker))

    made = Product.objects.get()
    assert product == {
        "id": gid(made),
        "name": "Desk lamp",
        "slug": "desk-lamp",
        "status": "DRAFT",
        "description": "",
        "tags": [],
        "attributes": {},
        "seoTitle": "",
        "seoDescription": "",
        "isFeatured": False,
        "isDigital": False,
        "taxClass": "standard",
        "publishedAt": made.published_at.isoformat(),
        "allowedTransitions": ["ACTIVE", "ARCHIVED"],
        "category": None,
        "vendor": {"name": "Maker"},
        "priceRange": None,
        "variants": [],
    }
    event = Event.objects.get()
    assert (event.type, event.payload, event.subject, event.actor) == (
        "product.created",
        {"name": "Desk lamp", "variants": 0},
        made,
        seller.user,
    )
    assert event.message == "The product “Desk lamp” was created."


def test_all_that_is_given_is_kept(maker):
    category = Category.objects.create(name="Lighting", slug="lighting")
    said = {
        "slug": "lamp",
        "description": "<p>Bright.</p>",
        "tags": ["light", "desk"],
        "attributes": {"watts": 5, "colours": ["red"]},
        "seoTitle": "A lamp",
        "seoDescription": "For desks.\nBright.",
        "isFeatured": True,
        "isDigital": True,
        "taxClass": "reduced",
        "publishedAt": "2030-01-02T03:04:05+00:00",
    }

    product = done(new_product(make_merchandiser(), maker, categoryId=gid(category), **said))

    assert {name: product[name] for name in said} == said
    assert product["category"] == {"name": "Lighting"}
    assert Product.objects.get().category == category


def test_a_product_comes_with_its_variants(seller, maker):
    variants = [
        {"sku": "L-S", "price": "49.90", "options": [{"name": "Size", "value": "S"}]},
        {"sku": "L-M", "price": "59.90", "compareAtPrice": "69", "options": [{"name": "Size", "value": "M"}],
         "barcode": "4006381333931", "weightGrams": 1200, "name": "Middle"},
    ]  # fmt: skip

    product = done(new_product(seller, maker, variants=variants))

    assert product["variants"] == [
        {
            "sku": "L-S",
            "name": "S",
            "barcode": "",
            "isActive": True,
            "weightGrams": None,
            "price": {"amount": "49.90", "currency": "EUR"},
            "compareAtPrice": None,
            "options": [{"name": "Size", "value": "S"}],
            "quantityAvailable": 0,
            "image": None,
        },
        {
            "sku": "L-M",
            "name": "Middle",
            "barcode": "4006381333931",
            "isActive": True,
            "weightGrams": 1200,
            "price": {"amount": "59.90", "currency": "EUR"},
            "compareAtPrice": {"amount": "69.00"},
            "options": [{"name": "Size", "value": "M"}],
            "quantityAvailable": 0,
            "image": None,
        },
    ]
    assert product["priceRange"] == {"min": {"amount": "49.90"}, "max": {"amount": "59.90", "currency": "EUR"}}
    assert list(ProductVariant.objects.values_list("sku", "position")) == [("L-S", 0), ("L-M", 1)]
    assert StockLevel.objects.count() == 2
    assert events() == [("product.created", {"name": "Desk lamp", "variants": 2})]


@pytest.mark.parametrize(
    ("variant", "code", "field"),
    [
        ({"sku": "TAKEN"}, "SKU_TAKEN", ["sku"]),
        ({"sku": "L-0"}, "SKU_TAKEN", ["sku"]),
        ({"sku": ""}, "REQUIRED", ["sku"]),
        ({"sku": "x" * 101}, "INVALID", ["sku"]),
        ({"options": [{"name": "Size", "value": "0"}]}, "OPTIONS_TAKEN", ["options"]),
        ({"price": "1.999"}, "PRICE_INVALID", ["price"]),
        ({"price": "-1"}, "PRICE_INVALID", ["price"]),
        ({"compareAtPrice": "5.00"}, "PRICE_INVALID", ["compareAtPrice"]),
        ({"weightGrams": -1}, "INVALID", ["weightGrams"]),
        ({"barcode": "4\0"}, "INVALID", ["barcode"]),
        ({"imageId": "any"}, "NOT_FOUND", ["imageId"]),
        ({"options": [{"name": "", "value": "S"}]}, "REQUIRED", ["options", "0", "name"]),
    ],
)
def test_one_variant_that_is_wrong_leaves_nothing_and_is_named_by_its_index(seller, maker, variant, code, field):
    other = make_product(vendor=maker)
    ProductVariant.objects.filter(product=other).update(sku="TAKEN")
    if "imageId" in variant:
        variant = {"imageId": gid(ProductImage.objects.get())}
    variants = [
        {"sku": f"L-{size}", "price": "5.00", "options": [{"name": "Size", "value": str(size)}]} for size in range(5)
    ]
    variants[3] |= variant
    before = rows()

    payload = new_product(seller, maker, variants=variants)

    assert refusal(payload) == (code, ["input", "variants", "3", *field])
    assert rows() == before


def test_at_most_a_hundred_variants_come_with_a_product(seller, maker):
    variants = [
        {"sku": f"L-{size}", "price": "5.00", "options": [{"name": "Size", "value": str(size)}]} for size in range(101)
    ]
    before = rows()

    assert refusal(new_product(seller, maker, variants=variants)) == ("TOO_MANY", ["input", "variants"])
    assert rows() == before
    assert len(done(new_product(seller, maker, variants=variants[:100]))["variants"]) == 100


# ── Slugs ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_products_of_one_name_have_slugs_of_their_own(seller, maker):
    slugs = [done(new_product(seller, maker))["slug"] for _ in range(3)]

    assert slugs == ["desk-lamp", "desk-lamp-maker", "desk-lamp-maker-2"]


@pytest.mark.parametrize(("name", "slug"), [("灯", "product"), ("!?", "product"), ("n" * 255, "n" * 100)])
def test_any_name_has_a_slug(seller, maker, name, slug):
    assert done(new_product(seller, maker, name=name))["slug"] == slug


def test_a_product_is_found_by_the_slug_it_had(guest, seller, maker):
    product = make_product(vendor=maker)
    former = product.slug
    query = "query($slug: String!) { productBySlug(slug: $slug) { slug } }"

    assert done(update(seller, product, slug="new-address"))["slug"] == "new-address"

    for slug in (former, "new-address"):
        assert guest(query, slug=slug) == {"productBySlug": {"slug": "new-address"}}
    assert refusal(new_product(seller, maker, slug=former)) == ("SLUG_TAKEN", ["input", "slug"])
    assert done(update(seller, product, slug=former))["slug"] == former


def test_a_slug_another_product_has_is_refused(seller, maker):
    product, other = make_product(vendor=maker), make_product(vendor=maker)
    before = rows()

    assert refusal(new_product(seller, maker, slug=other.slug)) == ("SLUG_TAKEN", ["input", "slug"])
    assert refusal(update(seller, product, slug=other.slug)) == ("SLUG_TAKEN", ["input", "slug"])
    assert rows() == before


# ── What cannot be kept ──────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("input", "code"),
    [
        ({"name": " "}, "REQUIRED"),
        ({"taxClass": "luxury"}, "INVALID"),
        ({"taxClass": ""}, "INVALID"),
        ({"name": "n" * 256}, "INVALID"),
        ({"name": "a\0b"}, "INVALID"),
        ({"slug": "s" * 101}, "INVALID"),
        ({"slug": "no/slug"}, "INVALID"),
        ({"slug": ""}, "INVALID"),
        ({"slug": "a\0"}, "INVALID"),
        ({"description": "<script>alert(1)</script>"}, "INVALID"),
        ({"description": "<p onclick='x()'>"}, "INVALID"),
        ({"description": "\0"}, "INVALID"),
        ({"description": "d" * 100_001}, "INVALID"),
        ({"tags": ["t" * 51]}, "INVALID"),
        ({"tags": [f"tag {number}" for number in range(51)]}, "TOO_MANY"),
        ({"attributes": ["oak"]}, "INVALID"),
        ({"attributes": {"a": "\0"}}, "INVALID"),
        ({"attributes": {"a": "x" * 20_000}}, "INVALID"),
        ({"seoTitle": "s" * 256}, "INVALID"),
        ({"seoTitle": "two\nlines"}, "INVALID"),
        ({"seoDescription": "s" * 1001}, "INVALID"),
        ({"publishedAt": "0001-01-01T00:00:00+14:00"}, "INVALID"),
        ({"publishedAt": "9999-12-31T23:59:59-14:00"}, "INVALID"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_field(seller, maker, input, code):
    product = make_product(vendor=maker)
    field = ["input", *input]
    before = rows()

    assert refusal(new_product(seller, maker, **input)) == (code, field)
    assert refusal(update(seller, product, **input)) == (code, field)
    assert rows() == before


def test_a_moment_without_a_zone_is_in_utc(seller, maker):
    assert done(new_product(seller, maker, publishedAt="2030-01-02T03:04:05"))["publishedAt"] == (
        "2030-01-02T03:04:05+00:00"
    )


def test_a_category_or_vendor_that_is_not_there_is_refused(maker):
    api, product = make_merchandiser(), make_product(vendor=maker)
    gone = gid(Category(pk=987_654)), gid(type(maker)(pk=987_654))
    before = rows()

    for field, id in zip(("categoryId", "vendorId"), gone, strict=True):
        assert refusal(new_product(api, maker, **{field: id})) == ("NOT_FOUND", ["input", field])
        assert refusal(update(api, product, **{field: id})) == ("NOT_FOUND", ["input", field])
        assert api.code(PRODUCT_UPDATE, id=gid(product), input={field: gid(product)}) == "BAD_USER_INPUT"
    assert rows() == before


def test_the_status_is_no_field_of_the_input(seller, maker):
    response = seller.send(PRODUCT_UPDATE, id=gid(make_product(vendor=maker)), input={"status": "ACTIVE"})

    assert "status" in response["errors"][0]["message"]


# ── Changing one ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_only_what_is_given_changes_and_is_told(seller, maker):
    product = make_product("Lamp", vendor=maker, tags=["old"], seo_title="Lamps")

    changed = done(update(seller, product, name="Desk lamp", tags=["New", "new"], seoTitle=None, isDigital=False))

    assert (changed["name"], changed["tags"], changed["seoTitle"]) == ("Desk lamp", ["New"], "Lamps")
    assert changed["category"] == {"name": "Things"}
    assert events() == [("product.updated", {"name": "Desk lamp", "fields": ["name", "tags"]})]
    product.refresh_from_db()
    assert product.updated_at > product.created_at


def test_null_takes_a_product_out_of_its_category(seller, maker):
    assert done(update(seller, make_product(vendor=maker), categoryId=None))["category"] is None


def test_what_is_the_same_already_writes_nothing(seller, maker):
    product = make_product("Lamp", vendor=maker)
    before = rows()

    done(update(seller, product, name="Lamp", slug=product.slug, vendorId=gid(maker), tags=[]))
    done(update(seller, product))

    assert rows() == before


def test_featuring_is_for_those_who_manage_all_products(seller, maker):
    product = make_product(vendor=maker)
    before = rows()

    assert refusal(new_product(seller, maker, isFeatured=True)) == ("INVALID", ["input", "isFeatured"])
    assert refusal(update(seller, product, isFeatured=True)) == ("INVALID", ["input", "isFeatured"])
    assert rows() == before
    assert done(update(make_merchandiser(), product, isFeatured=True))["isFeatured"] is True
    assert done(update(seller, product, isFeatured=True, name="Still featured"))["isFeatured"] is True
    assert refusal(update(seller, product, isFeatured=False)) == ("INVALID", ["input", "isFeatured"])


# ── Its status ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_way_from_draft_to_sale_to_the_archive_and_back(seller, maker, guest):
    id = done(new_product(seller, maker, variants=[{"sku": "L", "price": "5.00"}]))["id"]
    assert guest.code(SHOWN, id=id) == "NOT_FOUND"

    active = done(move(seller, "productActivate", id))
    assert (active["status"], active["allowedTransitions"]) == ("ACTIVE", ["ARCHIVED"])
    assert guest(SHOWN, id=id)["product"]["status"] == "ACTIVE"

    archived = done(move(seller, "productArchive", id))
    assert (archived["status"], archived["allowedTransitions"]) == ("ARCHIVED", ["DRAFT"])
    assert guest.code(SHOWN, id=id) == "NOT_FOUND"
    assert seller(SHOWN, id=id)["product"]["status"] == "ARCHIVED"

    restored = done(move(seller, "productRestore", id))
    assert (restored["status"], restored["allowedTransitions"]) == ("DRAFT", ["ACTIVE", "ARCHIVED"])
    assert guest.code(SHOWN, id=id) == "NOT_FOUND"
    assert [type for type, _ in events()] == [
        "product.created",
        "product.activated",
        "product.archived",
        "product.restored",
    ]
    assert events()[1][1] == {"name": "Desk lamp"}


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("productActivate", "ACTIVE"),
        ("productActivate", "ARCHIVED"),
        ("productArchive", "ARCHIVED"),
        ("productRestore", "DRAFT"),
        ("productRestore", "ACTIVE"),
    ],
)
def test_a_move_the_table_lacks_is_refused(seller, maker, name, status):
    product = make_product(vendor=maker, status=status)
    before = rows()

    assert refusal(move(seller, name, product)) == ("STATUS_NOT_ALLOWED", ["id"])
    assert rows() == before


def test_a_draft_without_an_active_variant_is_not_put_on_sale(seller, maker):
    bare = make_product(vendor=maker, variants=0, status=ProductStatus.DRAFT)
    off = make_product(vendor=maker, status=ProductStatus.DRAFT)
    ProductVariant.objects.filter(product=off).update(is_active=False)
    before = rows()

    for product in (bare, off):
        assert refusal(move(seller, "productActivate", product)) == ("STATUS_NOT_ALLOWED", ["id"])
    assert rows() == before


def test_what_is_archived_is_not_changed(seller, maker):
    product = make_product(vendor=maker, status=ProductStatus.ARCHIVED)
    before = rows()

    assert refusal(update(seller, product, name="Other")) == ("STATUS_NOT_ALLOWED", ["id"])
    assert rows() == before


def test_what_is_active_is_not_shown_before_its_publication(seller, maker, guest):
    product = make_product(vendor=maker)

    done(update(seller, product, publishedAt="2999-01-01T00:00:00Z"))

    assert guest.code(SHOWN, id=gid(product)) == "NOT_FOUND"
    assert Product.objects.get().published_at == datetime(2999, 1, 1, tzinfo=UTC)


# ── Who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def refusals_of(api, product, vendor):
    payloads = [new_product(api, vendor), update(api, product, name="Mine now")]
    payloads += [move(api, name, product) for name in PRODUCT_MOVES]
    return [payload["userErrors"] for payload in payloads]


@pytest.mark.parametrize("who", ["another seller", "a customer", "a member without the role", "support"])
def test_somebody_elses_product_and_one_that_is_not_there_are_the_same_refusal(maker, who):
    product = make_product(vendor=maker)
    api = {
        "another seller": lambda: make_seller(make_vendor("Other")),
        "a customer": lambda: Api(make_user()),
        "a member without the role": lambda: Api(member(maker)),
        "support": lambda: Api(make_user(roles=("Support",), is_staff=True)),
    }[who]()
    before = rows()

    theirs = refusals_of(api, product, maker)
    unknown = refusals_of(api, Product(pk=product.pk + 1), type(maker)(pk=987_654))

    assert theirs == unknown
    assert {error["code"] for errors in theirs for error in errors} == {"NOT_FOUND"}
    assert rows() == before


def member(vendor):
    user = make_user()
    user.vendors.add(vendor)
    return user


def test_guests_are_asked_to_sign_in(guest, maker):
    product = gid(make_product(vendor=maker))
    before = rows()

    assert guest.code(PRODUCT_CREATE, input={"name": "Lamp", "vendorId": gid(maker)}) == "UNAUTHENTICATED"
    assert guest.code(PRODUCT_UPDATE, id=product, input={}) == "UNAUTHENTICATED"
    for document in PRODUCT_MOVES.values():
        assert guest.code(document, id=product) == "UNAUTHENTICATED"
    assert rows() == before


def test_a_merchandiser_keeps_everybodys_products(maker):
    api = make_merchandiser()
    product = make_product(vendor=make_vendor("Other"))

    assert done(new_product(api, maker))["vendor"] == {"name": "Maker"}
    assert done(update(api, product, vendorId=gid(maker)))["vendor"] == {"name": "Maker"}


def test_a_seller_moves_a_product_only_between_their_own_vendors(maker):
    second, other = make_vendor("Second"), make_vendor("Other")
    api, product = make_seller(maker, second), make_product(vendor=maker)

    assert done(update(api, product, vendorId=gid(second)))["vendor"] == {"name": "Second"}
    before = rows()
    assert refusal(update(api, product, vendorId=gid(other))) == ("NOT_FOUND", ["input", "vendorId"])
    assert rows() == before


def test_a_seller_sees_their_own_drafts_and_nobody_elses(seller, maker, guest):
    make_product("Mine", vendor=maker, status=ProductStatus.DRAFT)
    other = make_product("Theirs", vendor=make_vendor("Other"), status=ProductStatus.DRAFT)

    listed = seller(MANAGED)["managedProducts"]["edges"]

    assert listed == [{"node": {"name": "Mine", "status": "DRAFT"}}]
    assert seller(SHOWN, id=gid(Product.objects.get(name="Mine")))["product"] == {"name": "Mine", "status": "DRAFT"}
    assert seller.code(SHOWN, id=gid(other)) == "NOT_FOUND"
    assert seller("{ products { edges { node { name } } } }")["products"]["edges"] == []


def test_a_seller_whose_vendor_is_suspended_still_keeps_its_products(seller, maker, guest):
    product = make_product(vendor=maker)
    type(maker).objects.update(status=VendorStatus.SUSPENDED)

    assert done(update(seller, product, name="Kept"))["name"] == "Kept"
    assert guest.code(SHOWN, id=gid(product)) == "NOT_FOUND"


# ── What it costs ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_product_with_a_hundred_variants_takes_as_many_statements_as_with_one(
    seller, maker, django_assert_max_num_queries
):
    query = "mutation($input: ProductCreateInput!) { productCreate(input: $input) { product { id } } }"

    def create(name, count):
        variants = [
            {"sku": f"{name}-{size}", "price": "5.00", "options": [{"name": "Size", "value": str(size)}]}
            for size in range(count)
        ]
        seller(query, input={"name": name, "vendorId": gid(maker), "variants": variants})

    create("first", 1)
    with django_assert_max_num_queries(40) as one:
        create("second", 1)
    with django_assert_max_num_queries(40) as hundred:
        create("third", 100)

    # SQLite takes so many values in one statement only.
    assert len(hundred) - len(one) <= (connection.vendor == "sqlite")
