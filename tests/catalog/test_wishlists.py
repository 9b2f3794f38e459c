"""Wishlists: one's own, bounded, shared by a link nobody can guess, and never a way to what is not on sale."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from strawberry.relay.utils import to_base64

from accounts.models import User
from catalog import tasks
from catalog.errors import CatalogError
from catalog.models import Product, ProductStatus, ProductVariant, Vendor, VendorStatus, Wishlist, WishlistItem
from catalog.services import privacy, wishlists
from notifications.models import Event
from tests.conftest import Api, gid, make_product, make_user, make_variant
from tests.people import ERRORS, codes

pytestmark = pytest.mark.django_db

ITEMS = "items { totalCount edges { node { addedAt variantId variant { sku product { name } } } } }"
LIST = f"wishlist {{ id name shareKey itemCount {ITEMS} }} {ERRORS}"
CREATE = f"mutation($name: String!) {{ wishlistCreate(name: $name) {{ {LIST} }} }}"
RENAME = f"mutation($id: ID!, $name: String!) {{ wishlistRename(id: $id, name: $name) {{ {LIST} }} }}"
DELETE = f"mutation($id: ID!) {{ wishlistDelete(id: $id) {{ {LIST} }} }}"
ADD = f"mutation($variant: ID!, $id: ID) {{ wishlistAdd(variantId: $variant, wishlistId: $id) {{ {LIST} }} }}"
REMOVE = f"mutation($variant: ID!, $id: ID) {{ wishlistRemove(variantId: $variant, wishlistId: $id) {{ {LIST} }} }}"
SHARE = f"mutation($id: ID!) {{ wishlistShare(id: $id) {{ {LIST} }} }}"
UNSHARE = f"mutation($id: ID!) {{ wishlistUnshare(id: $id) {{ {LIST} }} }}"
MINE = "{ wishlists { totalCount edges { node { name itemCount shareKey } } } }"
ONE = f"query($id: ID!) {{ wishlist(id: $id) {{ name {ITEMS} }} }}"
SHARED = f"query($key: String!) {{ sharedWishlist(key: $key) {{ name ownerName {ITEMS} }} }}"
NOWHERE = to_base64("Wishlist", 999_999_999)


@pytest.fixture
def api(customer):
    return Api(customer)


def done(payload):
    assert payload["userErrors"] == []
    return payload["wishlist"]


def create(api, name="Birthday"):
    return api(CREATE, name=name)["wishlistCreate"]


def add(api, variant, id=None):
    return api(ADD, variant=gid(variant), id=id)["wishlistAdd"]


def remove(api, variant, id=None):
    return api(REMOVE, variant=gid(variant), id=id)["wishlistRemove"]


def skus(wishlist):
    return [edge["node"]["variant"] and edge["node"]["variant"]["sku"] for edge in wishlist["items"]["edges"]]


def mine(api):
    return [(edge["node"]["name"], edge["node"]["itemCount"]) for edge in api(MINE)["wishlists"]["edges"]]


def everything():
    return (
        list(Wishlist.objects.order_by("pk").values()),
        list(WishlistItem.objects.order_by("pk").values()),
        Event.objects.count(),
    )


# ── Lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_list_is_made_named_anew_and_deleted(api, guest):
    made = done(create(api, "  Birthday "))
    assert made == {
        "id": gid(Wishlist.objects.get()),
        "name": "Birthday",
        "shareKey": None,
        "itemCount": 0,
        "items": {"totalCount": 0, "edges": []},
    }

    assert done(api(RENAME, id=made["id"], name="Christmas")["wishlistRename"])["name"] == "Christmas"
    assert mine(api) == [("Christmas", 0)]
    gone = done(api(DELETE, id=made["id"])["wishlistDelete"])

    assert (gone["id"], gone["name"]) == (made["id"], "Christmas")
    assert mine(api) == []


def test_lists_are_oldest_first(api):
    for name in ("b", "a", "c"):
        create(api, name)

    assert mine(api) == [("b", 0), ("a", 0), ("c", 0)]


@pytest.mark.parametrize(
    ("name", "code"),
    [("", "REQUIRED"), ("  ", "REQUIRED"), ("x" * 101, "INVALID"), ("a\nb", "INVALID"), ("a\0b", "INVALID")],
)
def test_a_list_has_a_name_that_can_be_read(api, name, code):
    made = done(create(api))
    before = everything()

    assert codes(create(api, name)) == [code]
    assert codes(api(RENAME, id=made["id"], name=name)["wishlistRename"]) == [code]
    assert everything() == before


def test_two_lists_of_one_person_have_two_names(api):
    first, second = done(create(api, "One")), done(create(api, "Two"))
    before = everything()

    assert codes(create(api, "One")) == ["NAME_TAKEN"]
    assert codes(api(RENAME, id=second["id"], name=" One ")["wishlistRename"]) == ["NAME_TAKEN"]
    assert everything() == before
    assert done(api(RENAME, id=first["id"], name="One")["wishlistRename"])["name"] == "One"
    assert done(create(Api(make_user()), "One"))["name"] == "One"


def test_twenty_lists_are_enough(api, customer):
    Wishlist.objects.bulk_create(Wishlist(owner=customer, name=str(number)) for number in range(20))
    before = everything()

    assert codes(create(api)) == ["TOO_MANY"]
    assert codes(add(api, make_variant())) == ["TOO_MANY"]
    assert everything() == before
    assert codes(create(Api(make_user()))) == []


# ── What is on them ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_without_a_list_it_goes_on_the_one_that_comes_to_be(api):
    first, second = make_variant(name="Lamp"), make_variant(name="Desk")

    add(api, first)
    wishlist = done(add(api, second))

    assert (wishlist["name"], wishlist["itemCount"], wishlist["items"]["totalCount"]) == ("Wishlist", 2, 2)
    assert skus(wishlist) == [second.sku, first.sku]
    assert wishlist["items"]["edges"][0]["node"]["variantId"] == gid(second)
    assert mine(api) == [("Wishlist", 2)]


def test_it_goes_on_the_list_that_is_named(api):
    birthday, variant = done(create(api)), make_variant()

    add(api, variant, birthday["id"])

    assert mine(api) == [("Birthday", 1)]
    assert skus(api(ONE, id=birthday["id"])["wishlist"]) == [variant.sku]


def test_adding_again_changes_nothing(api):
    variant = make_variant()
    add(api, variant)
    before = everything()

    assert done(add(api, variant))["itemCount"] == 1
    assert everything() == before


def test_what_is_taken_off_is_gone_and_taking_it_off_again_changes_nothing(api):
    first, second = make_variant(), make_variant()
    wishlist = done(add(api, first))
    add(api, second)

    assert skus(done(remove(api, first))) == [second.sku]
    assert skus(done(remove(api, first, wishlist["id"]))) == [second.sku]
    assert mine(api) == [("Wishlist", 1)]


def test_without_a_list_there_is_nothing_to_take_off(api):
    assert codes(remove(api, make_variant())) == ["NOT_FOUND"]
    assert mine(api) == []


def test_two_hundred_things_are_enough(api, customer):
    wishlist = Wishlist.objects.create(owner=customer, name="Wishlist")
    product = make_product(variants=201)
    *most, one_more = product.variants.all()
    WishlistItem.objects.bulk_create(WishlistItem(wishlist=wishlist, variant=variant) for variant in most)
    before = everything()

    assert codes(add(api, one_more)) == ["TOO_MANY"]
    assert codes(add(api, most[0])) == []
    assert everything() == before
    remove(api, most[0])
    assert done(add(api, one_more))["itemCount"] == 200


@pytest.mark.parametrize(
    "hide",
    [
        lambda variant: Product.objects.update(status=ProductStatus.DRAFT),
        lambda variant: Product.objects.update(status=ProductStatus.ARCHIVED),
        lambda variant: Product.objects.update(published_at=timezone.now() + timedelta(days=1)),
        lambda variant: Vendor.objects.update(status=VendorStatus.SUSPENDED),
        lambda variant: ProductVariant.objects.update(is_active=False),
    ],
    ids=["draft", "archived", "not yet", "vendor suspended", "inactive"],
)
def test_what_is_off_sale_is_not_added_and_not_shown_but_stays(api, guest, hide):
    variant, never = make_variant(), make_variant()
    wishlist = done(add(api, variant))
    key = done(api(SHARE, id=wishlist["id"])["wishlistShare"])["shareKey"]
    hide(variant)
    before = everything()

    refused = add(api, never)

    assert refused == api(ADD, variant=to_base64("ProductVariant", 999_999_999))["wishlistAdd"]
    assert codes(refused) == ["NOT_FOUND"]
    assert everything() == before
    for seen in (api(ONE, id=wishlist["id"])["wishlist"], guest(SHARED, key=key)["sharedWishlist"]):
        assert skus(seen) == [None]
        assert seen["items"]["edges"][0]["node"]["variantId"] == gid(variant)
    assert skus(done(remove(api, variant))) == []


def test_a_mutation_shows_no_more_than_the_list_does(api):
    variant = make_variant()
    add(api, variant)
    Product.objects.update(status=ProductStatus.DRAFT)
    other = make_variant()

    assert skus(done(add(api, other))) == [other.sku, None]


# ── Whose they are ───────────────────────────────────────────────────────────────────────────────────────────────────
MUTATIONS = {
    "wishlistRename": (RENAME, {"name": "Mine now"}),
    "wishlistDelete": (DELETE, {}),
    "wishlistShare": (SHARE, {}),
    "wishlistUnshare": (UNSHARE, {}),
    "wishlistAdd": (ADD, {"variant": "variant"}),
    "wishlistRemove": (REMOVE, {"variant": "variant"}),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_somebody_elses_list_and_one_that_is_not_there_are_the_same_refusal(api, guest, name):
    document, variables = MUTATIONS[name]
    variant = make_variant()
    variables = {key: gid(variant) if value == "variant" else value for key, value in variables.items()}
    wishlist = done(add(api, variant))
    api(SHARE, id=wishlist["id"])
    stranger = Api(make_user(is_staff=True, is_superuser=True))
    before = everything()

    theirs = stranger(document, id=wishlist["id"], **variables)
    unknown = stranger(document, id=NOWHERE, **variables)

    assert theirs == unknown
    assert codes(theirs[name]) == ["NOT_FOUND"]
    assert guest.code(document, id=wishlist["id"], **variables) == "UNAUTHENTICATED"
    assert api.code(document, id=gid(variant), **variables) == "BAD_USER_INPUT"
    assert everything() == before


def test_lists_are_read_by_their_owner_alone(api, guest):
    wishlist = done(create(api))
    api(SHARE, id=wishlist["id"])
    stranger = Api(make_user(is_staff=True, is_superuser=True))

    assert api(ONE, id=wishlist["id"])["wishlist"]["name"] == "Birthday"
    assert stranger.code(ONE, id=wishlist["id"]) == stranger.code(ONE, id=NOWHERE) == "NOT_FOUND"
    assert stranger(MINE)["wishlists"] == {"totalCount": 0, "edges": []}
    assert guest.code(ONE, id=wishlist["id"]) == "UNAUTHENTICATED"
    assert guest.code(MINE) == "UNAUTHENTICATED"
    assert guest.code(CREATE, name="x") == "UNAUTHENTICATED"


# ── Sharing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_whoever_has_the_key_reads_the_list_and_no_more_of_its_owner_than_a_first_name(api, guest):
    variant = make_variant(name="Lamp")
    wishlist = done(add(api, variant))

    key = done(api(SHARE, id=wishlist["id"])["wishlistShare"])["shareKey"]

    assert len(key) == 43  # 256 bits
    response = guest.send(SHARED, key=key)
    seen = response["data"]["sharedWishlist"]
    assert (seen["name"], seen["ownerName"], skus(seen)) == ("Wishlist", "Cleo", [variant.sku])
    assert "Customer" not in str(response)
    assert "example.com" not in str(response)
    assert Event.objects.get(type="wishlist.shared").payload == {}


def test_a_shared_list_keeps_its_key_until_it_is_shared_no_more(api, guest):
    wishlist = done(create(api))
    first = done(api(SHARE, id=wishlist["id"])["wishlistShare"])["shareKey"]
    assert done(api(SHARE, id=wishlist["id"])["wishlistShare"])["shareKey"] == first
    assert done(api(RENAME, id=wishlist["id"], name="New")["wishlistRename"])["shareKey"] == first

    assert done(api(UNSHARE, id=wishlist["id"])["wishlistUnshare"])["shareKey"] is None
    assert guest.code(SHARED, key=first) == "NOT_FOUND"
    api(UNSHARE, id=wishlist["id"])
    second = done(api(SHARE, id=wishlist["id"])["wishlistShare"])["shareKey"]

    assert second != first
    assert guest.code(SHARED, key=first) == "NOT_FOUND"
    assert guest(SHARED, key=second)["sharedWishlist"]["name"] == "New"
    told = Event.objects.filter(type__startswith="wishlist.").order_by("seq")
    assert list(told.values_list("type", flat=True)) == ["wishlist.shared", "wishlist.unshared", "wishlist.shared"]


def test_a_key_that_opens_nothing_is_not_found(api, guest):
    create(api)

    for key in ("", "x", "a\0b", "x" * 5000, "None", "null"):
        assert guest.code(SHARED, key=key) == "NOT_FOUND"


def test_a_deleted_list_and_one_of_an_account_that_ended_open_no_more(api, customer, guest):
    keys = []
    for name in ("One", "Two"):
        keys.append(done(api(SHARE, id=done(create(api, name))["id"])["wishlistShare"])["shareKey"])
    api(DELETE, id=gid(Wishlist.objects.get(name="One")))
    assert guest.code(SHARED, key=keys[0]) == "NOT_FOUND"
    assert guest(SHARED, key=keys[1])["sharedWishlist"]["name"] == "Two"

    User.objects.filter(pk=customer.pk).update(is_active=False)

    assert guest.code(SHARED, key=keys[1]) == "NOT_FOUND"


# ── What it costs ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_one_thing_and_twenty_take_the_same_statements(api, customer, guest):
    wishlist = Wishlist.objects.create(owner=customer, name="Wishlist", share_key="key")
    counted = []
    for more in (1, 19):
        for _ in range(more):
            WishlistItem.objects.create(wishlist=wishlist, variant=make_variant())
        for read in (lambda: api(ONE, id=gid(wishlist)), lambda: guest(SHARED, key="key")):
            with CaptureQueriesContext(connection) as statements:
                read()
            counted.append(len(statements))

    assert counted[:2] == counted[2:]


def test_one_list_and_twenty_take_the_same_statements(api, customer):
    counted = []
    for more in (1, 19):
        for _ in range(more):
            wishlist = Wishlist.objects.create(owner=customer, name=str(Wishlist.objects.count()))
            WishlistItem.objects.create(wishlist=wishlist, variant=make_variant())
        with CaptureQueriesContext(connection) as statements:
            mine(api)
        counted.append(len(statements))

    assert counted[0] == counted[1]


def test_what_is_on_lists_is_asked_for_of_one_at_a_time(api):
    add(api, make_variant())

    assert api.code("{ wishlists { edges { node { items { totalCount } } } } }") == "QUERY_TOO_EXPENSIVE"


# ── The account ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_nothing_comes_to_an_account_that_ended_meanwhile(customer):
    variant = make_variant()
    wishlist = wishlists.create(actor=customer, name="One")
    User.objects.filter(pk=customer.pk).update(is_active=False)
    before = everything()

    for act in (
        lambda: wishlists.create(actor=customer, name="Two"),
        lambda: wishlists.rename(actor=customer, wishlist_id=wishlist.pk, name="Two"),
        lambda: wishlists.add(actor=customer, variant_id=variant.pk),
        lambda: wishlists.remove(actor=customer, variant_id=variant.pk, wishlist_id=wishlist.pk),
        lambda: wishlists.share(actor=customer, wishlist_id=wishlist.pk),
        lambda: wishlists.unshare(actor=customer, wishlist_id=wishlist.pk),
        lambda: wishlists.delete(actor=customer, wishlist_id=wishlist.pk),
    ):
        with pytest.raises(CatalogError) as refusal:
            act()
        assert refusal.value.code == "NOT_FOUND"

    assert everything() == before


def test_the_copy_of_a_persons_data_holds_their_lists(api, customer):
    variant = make_variant()
    wishlist = done(add(api, variant))
    key = done(api(SHARE, id=wishlist["id"])["wishlistShare"])["shareKey"]
    create(Api(make_user()), "Others'")

    (held,) = privacy.personal_data(user=customer)["wishlists"]

    assert (held["name"], held["is_shared"], [item["sku"] for item in held["items"]]) == (
        "Wishlist",
        True,
        [variant.sku],
    )
    assert key not in str(held)


def test_an_erased_persons_lists_are_gone_also_when_the_news_was_lost(api, customer):
    add(api, make_variant())
    kept = done(create(Api(make_user())))
    assert tasks.forget_erased_customers() == 0
    User.objects.filter(pk=customer.pk).update(erased_at=timezone.now(), is_active=False)

    assert tasks.forget_erased_customers() == 1

    assert [gid(wishlist) for wishlist in Wishlist.objects.all()] == [kept["id"]]
    assert not WishlistItem.objects.exists()
    assert tasks.forget_erased_customers() == 0


# ── At the same moment ───────────────────────────────────────────────────────────────────────────────────────────────
on_postgresql = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="needs locks on rows"
)


def at_once(*acts):
    """What each of these came to, run at the same moment: "OK", or the code of its refusal."""
    barrier = Barrier(len(acts))

    def run(act):
        barrier.wait(10)
        try:
            act()
        except CatalogError as refusal:
            return refusal.code
        finally:
            connection.close()
        return "OK"

    with ThreadPoolExecutor(len(acts)) as threads:
        return sorted(threads.map(run, acts))


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_of_four_lists_made_at_once_only_the_last_place_is_taken(customer):
    Wishlist.objects.bulk_create(Wishlist(owner=customer, name=str(number)) for number in range(19))

    came_to = at_once(*(lambda name=name: wishlists.create(actor=customer, name=name) for name in "abcd"))

    assert came_to == ["OK", "TOO_MANY", "TOO_MANY", "TOO_MANY"]
    assert Wishlist.objects.count() == 20


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_one_name_is_given_once(customer):
    assert at_once(*[lambda: wishlists.create(actor=customer, name="One")] * 3) == ["NAME_TAKEN", "NAME_TAKEN", "OK"]


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_what_is_added_at_once_goes_on_one_list_and_no_further_than_there_is_room(customer):
    variants = list(make_product(variants=205).variants.all())
    came_to = at_once(*(lambda pk=variant.pk: wishlists.add(actor=customer, variant_id=pk) for variant in variants[:4]))
    assert came_to == ["OK"] * 4
    wishlist = Wishlist.objects.get()
    WishlistItem.objects.bulk_create(WishlistItem(wishlist=wishlist, variant=each) for each in variants[4:198])

    came_to = at_once(
        *(lambda pk=variant.pk: wishlists.add(actor=customer, variant_id=pk) for variant in variants[198:203])
    )

    assert came_to == ["OK", "OK", "TOO_MANY", "TOO_MANY", "TOO_MANY"]
    assert wishlist.items.count() == 200
