"""Sellers' shops: who changes what about them, who belongs to them, and what their status does to their products."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from strawberry.relay.utils import to_base64

from catalog.models import Vendor, VendorSlug
from catalog.services import privacy
from notifications.models import Event
from tests.conftest import Api, gid, make_product, make_user
from tests.people import ERRORS, codes
from tests.shopping import CART_CREATE, cart_with, checkout, order_of

pytestmark = pytest.mark.django_db

SHOWN = "vendor { id name slug status description members { email } }"
CREATE = f"mutation($input: VendorCreateInput!) {{ vendorCreate(input: $input) {{ {SHOWN} {ERRORS} }} }}"
UPDATE = f"""
mutation($id: ID!, $input: VendorUpdateInput!) {{ vendorUpdate(id: $id, input: $input) {{ {SHOWN} {ERRORS} }} }}
"""
SET_MEMBERS = f"""
mutation($id: ID!, $users: [ID!]!) {{ vendorMembersSet(id: $id, userIds: $users) {{ {SHOWN} {ERRORS} }} }}
"""
BY_SLUG = "query($slug: String!) { vendorBySlug(slug: $slug) { name slug } }"
BY_ID = "query($id: ID!) { vendor(id: $id) { name members { email roles } } }"
ADD = """
mutation($cart: ID!, $lines: [CartLineInput!]!) {
  cartLinesAdd(cartId: $cart, lines: $lines) { userErrors { code field } }
}
"""
NOBODY = to_base64("User", "00000000-0000-4000-8000-000000000000")


@pytest.fixture
def admin(db):
    return Api(make_user("admin@example.com", roles=("Administrator",), is_staff=True))


@pytest.fixture
def seller(db):
    return make_user("seller@example.com", roles=("Seller",))


@pytest.fixture
def shop(seller):
    vendor = Vendor.objects.create(name="Oak and Iron", slug="oak-and-iron")
    vendor.members.add(seller)
    return vendor


def create(api, **input):
    return api(CREATE, input=input)["vendorCreate"]


def update(api, row, **input):
    return api(UPDATE, id=gid(row), input=input)["vendorUpdate"]


def set_members(api, row, *users):
    return api(SET_MEMBERS, id=gid(row), users=[user if isinstance(user, str) else gid(user) for user in users])[
        "vendorMembersSet"
    ]


def refused(payload):
    """The code and the field of the only refusal."""
    (error,) = payload["userErrors"]
    assert payload["vendor"] is None
    return error["code"], error["field"]


def written():
    """Everything a refusal must leave alone."""
    return (
        list(Vendor.objects.order_by("pk").values()),
        sorted(Vendor.members.through.objects.values_list("vendor_id", "user_id")),
        list(VendorSlug.objects.order_by("pk").values()),
        Event.objects.count(),
    )


def happened():
    found = Event.objects.filter(type__startswith="vendor.").order_by("seq")
    return [(event.type, event.payload) for event in found]


# ── Opening ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_vendor_is_opened_active_and_with_a_slug_of_its_name(admin):
    payload = create(admin, name=" Oak & Iron ", description="<p>Made by <b>hand</b>.</p>")

    assert payload["userErrors"] == []
    assert payload["vendor"] == {
        "id": gid(Vendor.objects.get()),
        "name": "Oak & Iron",
        "slug": "oak-iron",
        "status": "ACTIVE",
        "description": "<p>Made by <b>hand</b>.</p>",
        "members": [],
    }
    assert happened() == [("vendor.created", {"name": "Oak & Iron"})]
    assert Event.objects.get(type="vendor.created").message == "The vendor Oak & Iron was created."


def test_vendors_of_one_name_get_different_slugs(admin):
    slugs = [create(admin, name="Oak", status="PENDING")["vendor"]["slug"] for _ in range(2)]

    assert slugs == ["oak", "oak-2"]


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"name": " "}, "REQUIRED", "name"),
        ({"name": "a" * 201}, "INVALID", "name"),
        ({"name": "Oa\0k"}, "INVALID", "name"),
        ({"name": "Oak", "slug": "oak-and-iron"}, "SLUG_TAKEN", "slug"),
        ({"name": "Oak", "slug": "a" * 200}, "INVALID", "slug"),
        ({"name": "Oak", "slug": "oak and iron"}, "INVALID", "slug"),
        ({"name": "Oak", "description": "<script>alert(1)</script>"}, "INVALID", "description"),
        ({"name": "Oak", "description": '<img src="x" onerror="alert(1)">'}, "INVALID", "description"),
        ({"name": "Oak", "description": '<a href="jAvascript:alert(1)">x</a>'}, "INVALID", "description"),
        ({"name": "Oak", "description": "a\0b"}, "INVALID", "description"),
        ({"name": "Oak", "description": "a" * 100_001}, "INVALID", "description"),
    ],
)
def test_what_is_no_vendor_is_refused_by_its_field(admin, shop, input, code, field):
    before = written()

    assert refused(create(admin, **input)) == (code, ["input", field])
    assert refused(update(admin, Vendor.objects.create(name="Other", slug="other"), **input)) == (
        code,
        ["input", field],
    )
    Vendor.objects.get(slug="other").delete()
    assert written() == before


# ── Changing ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_member_changes_what_the_shop_says_of_itself(seller, shop, guest):
    payload = update(Api(seller), shop, name="Oak", slug="oak", description="New<br>lines")

    assert payload["userErrors"] == []
    assert (payload["vendor"]["name"], payload["vendor"]["description"]) == ("Oak", "New<br>lines")
    found = [guest(BY_SLUG, slug=slug)["vendorBySlug"] for slug in ("oak", "oak-and-iron")]
    assert found == [{"name": "Oak", "slug": "oak"}] * 2
    assert happened() == [("vendor.updated", {"name": "Oak", "fields": ["description", "name", "slug"]})]


def test_what_a_description_may_not_show_is_taken_out(seller, shop):
    shown = update(Api(seller), shop, description='<p style="position:fixed" class="x">Hi</p><blink>!</blink>')

    assert shown["vendor"]["description"] == "<p>Hi</p>!"


def test_whether_it_sells_is_not_for_its_members_to_say(seller, shop):
    before = written()

    assert refused(update(Api(seller), shop, name="Oak", status="PENDING")) == (
        "STATUS_NOT_ALLOWED",
        ["input", "status"],
    )
    assert written() == before
    assert codes(update(Api(seller), shop, status="ACTIVE")) == []
    assert written() == before


def test_who_manages_vendors_suspends_and_readmits_them(admin, shop):
    for status in ("SUSPENDED", "ACTIVE"):
        assert update(admin, shop, status=status)["vendor"]["status"] == status

    assert happened() == [
        ("vendor.status_changed", {"name": "Oak and Iron", "before": "ACTIVE", "after": "SUSPENDED"}),
        ("vendor.status_changed", {"name": "Oak and Iron", "before": "SUSPENDED", "after": "ACTIVE"}),
    ]
    assert Event.objects.filter(type="vendor.status_changed").order_by("seq")[0].message == (
        "The vendor Oak and Iron is suspended."
    )


def test_a_name_and_a_status_at_once_are_two_pieces_of_news(admin, shop):
    update(admin, shop, name="Oak", status="SUSPENDED")

    assert [type_ for type_, _ in happened()] == ["vendor.updated", "vendor.status_changed"]


def test_changing_nothing_writes_nothing(admin, shop):
    before = written()

    assert codes(update(admin, shop, name="Oak and Iron", slug="oak-and-iron", description="", status="ACTIVE")) == []
    assert codes(update(admin, shop)) == []
    assert written() == before


def test_somebody_elses_vendor_and_one_that_is_not_there_are_the_same_refusal(shop):
    other = Vendor.objects.create(name="Other", slug="other")
    member_without_role = make_user()
    shop.members.add(member_without_role)
    stranger = make_user(roles=("Seller",))
    other.members.add(stranger)
    before = written()

    refusals = [
        update(Api(person), row, name="Mine")["userErrors"]
        for person, row in [
            (stranger, shop),
            (stranger, Vendor(pk=999_999)),
            (member_without_role, shop),
            (make_user(roles=("Merchandiser",)), shop),
        ]
    ]

    assert refusals[0][0]["code"] == "NOT_FOUND"
    assert refusals == [refusals[0]] * 4
    assert written() == before


def test_vendors_are_opened_and_staffed_by_those_with_the_permission(seller, shop, guest):
    before = written()
    requests = [(CREATE, {"input": {"name": "Mine"}}), (SET_MEMBERS, {"id": gid(shop), "users": []})]

    for document, variables in requests:
        assert Api(seller).code(document, **variables) == "FORBIDDEN"
        assert guest.code(document, **variables) == "UNAUTHENTICATED"
    assert guest.code(UPDATE, id=gid(shop), input={"name": "Mine"}) == "UNAUTHENTICATED"
    assert written() == before


# ── Members ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_members_are_exactly_those_who_are_named(admin, seller, shop):
    new = make_user("anna@example.com", roles=("Seller",))
    product = make_product(vendor=shop)
    managed = "{ managedProducts { edges { node { id } } } }"

    payload = set_members(admin, shop, new, new)

    assert payload["vendor"]["members"] == [{"email": "anna@example.com"}]
    assert happened() == [
        ("vendor.members_changed", {"name": "Oak and Iron", "added": [str(new.pk)], "removed": [str(seller.pk)]})
    ]
    assert Api(new)(managed)["managedProducts"]["edges"] == [{"node": {"id": gid(product)}}]
    assert Api(seller)(managed)["managedProducts"]["edges"] == []
    assert set_members(admin, shop)["vendor"]["members"] == []


def test_setting_the_members_it_has_writes_nothing(admin, seller, shop):
    before = written()

    assert codes(set_members(admin, shop, seller)) == []
    assert written() == before


def test_nobody_becomes_a_seller_by_the_way(admin, seller, shop):
    nobody = make_user("nobody@example.com")
    before = written()

    payload = set_members(admin, shop, seller, nobody)

    assert refused(payload) == ("INVALID", ["userIds"])
    assert payload["userErrors"][0]["message"] == (
        "Not a seller: nobody@example.com. Give them the role Seller first, then add them."
    )
    assert list(nobody.groups.all()) == []
    assert written() == before


def test_whoever_is_not_there_or_was_deactivated_does_not_become_a_member(admin, seller, shop):
    gone = make_user(roles=("Seller",), is_active=False)
    before = written()

    refusals = [set_members(admin, shop, seller, user)["userErrors"] for user in (gone, NOBODY)]

    assert refusals[0] == refusals[1]
    assert (refusals[0][0]["code"], refusals[0][0]["field"]) == ("NOT_FOUND", ["userIds"])
    assert refused(set_members(admin, Vendor(pk=999_999), seller)) == ("NOT_FOUND", ["id"])
    assert admin.code(SET_MEMBERS, id=gid(shop), users=[gid(shop)]) == "BAD_USER_INPUT"
    assert written() == before


def test_a_vendor_has_fifty_members_at_most(admin, shop):
    sellers = [make_user(roles=("Seller",)) for _ in range(51)]
    before = written()

    assert refused(set_members(admin, shop, *sellers)) == ("TOO_MANY", ["userIds"])
    assert written() == before
    assert len(set_members(admin, shop, *sellers[:50])["vendor"]["members"]) == 50


def test_setting_members_takes_the_same_statements_for_one_and_for_twenty(admin, shop):
    counted = []
    for number in (1, 20):
        sellers = [make_user(roles=("Seller",)) for _ in range(number)]
        with CaptureQueriesContext(connection) as statements:
            set_members(admin, shop, *sellers)
        counted.append(len(statements))

    assert counted[0] == counted[1]


def test_members_are_shown_to_those_who_keep_the_vendor(admin, seller, shop, guest):
    without_role = make_user()
    theirs = {"members": [{"email": "seller@example.com", "roles": ["Seller"]}]}

    assert Api(seller)(BY_ID, id=gid(shop))["vendor"] == {"name": "Oak and Iron", **theirs}
    assert admin(BY_ID, id=gid(shop))["vendor"] == {"name": "Oak and Iron", **theirs}
    shop.members.add(without_role)
    for person in (guest, Api(make_user(roles=("Seller",))), Api(without_role)):
        assert person(BY_ID, id=gid(shop))["vendor"] == {"name": "Oak and Iron", "members": None}


def test_a_seller_finds_the_vendors_they_keep(admin, seller, shop, guest):
    Vendor.objects.create(name="Another", slug="another")
    kept = "{ vendors(isKept: true) { edges { node { id } } } }"

    assert Api(seller)(kept)["vendors"]["edges"] == [{"node": {"id": gid(shop)}}]
    assert len(admin(kept)["vendors"]["edges"]) == 2
    assert guest(kept)["vendors"]["edges"] == []


def test_the_members_of_a_list_take_the_same_statements_for_one_as_for_many(admin):
    query = "{ vendors { edges { node { name members { email roles } } } } }"
    admin(query)
    counted = []
    for number in (1, 6):
        for each in range(number):
            vendor = Vendor.objects.create(name=f"V{number}-{each}", slug=f"v{number}-{each}")
            vendor.members.add(*(make_user(roles=("Seller",)) for _ in range(number)))
        with CaptureQueriesContext(connection) as statements:
            admin(query)
        counted.append(len(statements))

    assert counted[0] == counted[1]


def test_an_erased_member_keeps_nothing_any_more(seller, shop):
    make_product(vendor=shop)
    assert privacy.personal_data(user=seller)["vendors"] == ["Oak and Iron"]
    type(seller).objects.filter(pk=seller.pk).update(erased_at=timezone.now(), is_active=False)

    assert privacy.forget_erased_customers() == 1
    assert privacy.forget_erased_customers() == 0

    assert list(shop.members.all()) == []
    assert privacy.personal_data(user=seller)["vendors"] == []


# ── Suspended ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("status", ["SUSPENDED", "PENDING"])
def test_what_a_vendor_that_does_not_sell_has_is_not_shown(admin, shop, guest, seller, status):
    product = make_product("Chair", vendor=shop, category=None)
    listed = "{ products { totalCount edges { node { name } } } vendors { edges { node { name } } } }"
    by_id = "query($id: ID!) { product(id: $id) { name } }"
    by_slug = "query($slug: String!) { productBySlug(slug: $slug) { name } }"
    assert guest(listed)["products"]["totalCount"] == 1

    update(admin, shop, status=status)

    assert guest(listed)["products"] == {"totalCount": 0, "edges": []}
    assert {"node": {"name": "Oak and Iron"}} not in guest(listed)["vendors"]["edges"]
    assert guest.code(by_id, id=gid(product)) == "NOT_FOUND"
    assert guest.code(by_slug, slug=product.slug) == "NOT_FOUND"
    assert guest.code(BY_SLUG, slug=shop.slug) == "NOT_FOUND"
    assert Api(seller)(by_id, id=gid(product))["product"] == {"name": "Chair"}
    assert Api(seller)(BY_SLUG, slug=shop.slug)["vendorBySlug"] == {"name": "Oak and Iron", "slug": "oak-and-iron"}


def test_what_a_suspended_vendor_has_is_not_sold(admin, shop, guest, shipping):
    variant = make_product(vendor=shop).variants.get()
    cart = cart_with(guest, (gid(variant), 1))
    update(admin, shop, status="SUSPENDED")
    lines = [{"variantId": gid(variant), "quantity": 1}]

    added = guest(ADD, cart=cart["id"], lines=lines)["cartLinesAdd"]["userErrors"]
    new = guest(CART_CREATE, input={"lines": lines})["cartCreate"]
    bought = checkout(guest, cart["id"])

    assert added == [{"code": "VARIANT_UNAVAILABLE", "field": ["lines", "0", "variantId"]}]
    assert codes(new) == ["VARIANT_UNAVAILABLE"]
    assert codes(bought) == ["VARIANT_UNAVAILABLE"]
    assert bought["order"] is None
    update(admin, shop, status="ACTIVE")
    assert codes(checkout(guest, cart["id"])) == []


def test_buying_takes_the_same_statements_from_one_vendor_as_from_many(guest, shipping):
    order_of(guest, (gid(make_product().variants.get()), 1))  # the first request, and the terms of the shop
    counted = []
    for number in (1, 8):
        vendors = [Vendor.objects.create(name=f"V{each}", slug=f"v{number}-{each}") for each in range(number)]
        lines = [(gid(make_product(vendor=vendor).variants.get()), 1) for vendor in vendors]
        with CaptureQueriesContext(connection) as filling:
            cart = cart_with(guest, *lines)
        with CaptureQueriesContext(connection) as buying:
            checkout(guest, cart["id"])
        counted.append((len(filling), len(buying)))

    assert counted[0] == counted[1]
