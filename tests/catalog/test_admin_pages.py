"""Categories, vendors, stock, reviews and versions in the admin: who may, and what the services make of it."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from catalog.models import Category, Product, ProductVariant, StockLevel, Vendor
from catalog.services import reviews, versions
from notifications.models import Event
from tests.conftest import make_product, make_user, make_variant

pytestmark = pytest.mark.django_db(transaction=True)

SENT = {"_form_submitted": "on"}
HISTORY = "notifications-event-subject_type-subject_id"
NO_ROWS = {f"{prefix}-{name}_FORMS": "0" for prefix in ("former_slugs", HISTORY) for name in ("TOTAL", "INITIAL")}


def _browser(*roles: str) -> Client:
    client = Client()
    client.force_login(make_user(roles=roles, is_staff=True))
    return client


@pytest.fixture
def merchandiser(db):
    return _browser("Merchandiser")


@pytest.fixture
def administrator(db):
    return _browser("Administrator")


@pytest.mark.parametrize("name", ["product", "productvariant"])
def test_what_orders_name_is_not_deleted(name, administrator):
    variant = make_variant()
    row = variant.product if name == "product" else variant

    answer = administrator.post(reverse(f"admin:catalog_{name}_delete", args=[row.pk]), {"post": "yes"})

    assert answer.status_code == 403
    assert Product.objects.count() == ProductVariant.objects.count() == 1


# ── Categories ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_categories_stand_in_the_order_of_their_tree(merchandiser):
    room = Category.objects.create(name="Room", slug="room")
    lamps = Category.objects.create(name="Lamps", slug="lamps", parent=room)
    Category.objects.create(name="Desk lamps", slug="desk-lamps", parent=lamps)
    Category.objects.create(name="Beds", slug="beds", parent=room)
    Category.objects.create(name="Roof", slug="roof")

    page = merchandiser.get(reverse("admin:catalog_category_changelist"))

    shown = [category.path for category in page.context_data["cl"].result_list]
    assert shown == ["Roof", "Room", "Room › Beds", "Room › Lamps", "Room › Lamps › Desk lamps"]


def test_a_category_is_made_moved_and_renamed(merchandiser):
    room = Category.objects.create(name="Room", slug="room")

    made = merchandiser.post(reverse("admin:catalog_category_add"), {"name": "Lamps", "slug": "lamps", "parent": ""})
    lamps = Category.objects.get(slug="lamps")
    saved = _save(merchandiser, lamps, name="Lights", slug="lights", parent=room.pk)

    assert (made.status_code, saved.status_code) == (302, 302)
    lamps.refresh_from_db()
    assert (lamps.name, lamps.slug, lamps.parent) == ("Lights", "lights", room)
    assert Category.objects.with_slug("lamps").get() == lamps
    assert _history(lamps) == ["category.created", "category.moved", "category.updated"]


def test_a_category_cannot_stand_below_itself_and_nothing_else_of_the_page_is_saved(merchandiser):
    room = Category.objects.create(name="Room", slug="room")
    shelf = Category.objects.create(name="Shelf", slug="shelf", parent=room)

    answer = _save(merchandiser, room, name="Renamed", slug="room", parent=shelf.pk)

    assert answer.status_code == 200
    assert list(answer.context_data["adminform"].form.errors) == ["parent"]
    room.refresh_from_db()
    assert (room.name, room.parent) == ("Room", None)
    assert _history(room) == []


def test_a_category_with_products_is_not_deleted(merchandiser):
    full = make_product().category
    empty = Category.objects.create(name="Empty", slug="empty")

    for category in (full, empty):
        merchandiser.post(reverse("admin:catalog_category_delete", args=[category.pk]), {"post": "yes"})

    assert list(Category.objects.all()) == [full]


# ── Vendors ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_vendor_gets_members_who_sell(administrator):
    seller, customer = make_user(roles=("Seller",)), make_user(roles=("Customer",))
    vendor = Vendor.objects.create(name="Maker", slug="maker")

    refused = _save(administrator, vendor, name="Renamed", slug="maker", status="ACTIVE", members=[customer.pk])
    assert refused.status_code == 200
    assert "Not a seller" in refused.text
    saved = _save(administrator, vendor, name="Maker", slug="maker", status="SUSPENDED", members=[seller.pk])

    assert saved.status_code == 302
    vendor.refresh_from_db()
    assert (vendor.name, vendor.status, list(vendor.members.all())) == ("Maker", "SUSPENDED", [seller])
    assert _history(vendor) == ["vendor.status_changed", "vendor.members_changed"]


def test_a_merchandiser_only_looks_at_vendors(merchandiser):
    vendor = Vendor.objects.create(name="Maker", slug="maker")

    looked = merchandiser.get(reverse("admin:catalog_vendor_change", args=[vendor.pk]))
    saved = _save(merchandiser, vendor, name="Renamed", slug="maker", status="ACTIVE")

    assert (looked.status_code, saved.status_code) == (200, 403)
    vendor.refresh_from_db()
    assert vendor.name == "Maker"


# ── Stock ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_stock_is_received_removed_and_counted_with_a_reason():
    variant, keeper = make_variant(stock=10), _browser("Supply chain")

    said = [
        _press(keeper, variant.stock, "adjust", delta=12, reason="RECEIVED", note="Note 7"),
        _press(keeper, variant.stock, "adjust", delta=-2, reason="DAMAGED"),
        _press(keeper, variant.stock, "count", quantity=19, reason="COUNTED"),
    ]

    assert said == [
        ["The stock was changed by +12."],
        ["The stock was changed by -2."],
        ["The stock is 19 now."],
    ]
    moved = variant.movements.order_by("pk").values_list("reason", "note", "before", "after", "actor__groups__name")
    assert list(moved) == [
        ("RECEIVED", "Note 7", 10, 22, "Supply chain"),
        ("DAMAGED", "", 22, 20, "Supply chain"),
        ("COUNTED", "", 20, 19, "Supply chain"),
    ]


def test_more_than_there_is_cannot_be_removed():
    variant = make_variant(stock=10)

    said = _press(_browser("Supply chain"), variant.stock, "adjust", delta=-11, reason="LOST")

    assert said == ["10 are on hand: at most 10 can go."]
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10
    assert not variant.movements.exists()


def test_what_is_low_is_found_by_the_filter():
    keeper = _browser("Supply chain")
    low, plenty, none = make_variant(stock=3), make_variant(stock=50), make_variant(stock=0)

    for variant in (low, plenty):
        assert _press(keeper, variant.stock, "threshold", low_below=5) == ["The threshold was set."]

    page = reverse("admin:catalog_stocklevel_changelist")
    found = {
        value: [level.pk for level in keeper.get(f"{page}?left={value}").context_data["cl"].result_list]
        for value in ("none", "low", "some")
    }
    assert found == {"none": [none.pk], "low": [low.pk], "some": [low.pk, plenty.pk]}


def test_staff_who_may_only_look_cannot_move_stock():
    variant = make_variant(stock=10)
    reader = make_user("reader@example.com", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_stocklevel"))
    client = Client()
    client.force_login(reader)

    answer = client.post(_button(variant.stock, "adjust"), SENT | {"delta": "5", "reason": "RECEIVED"})

    assert answer.status_code == 403
    page = client.get(reverse("admin:catalog_stocklevel_change", args=[variant.pk]))
    assert page.context_data["actions_detail"] == []
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10


# ── Reviews ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_support_publishes_and_rejects_reviews(customer):
    product, support = make_product(), _browser("Support")
    review = reviews.create(actor=customer, product_id=product.pk, rating=4, title="Fine")

    assert _buttons(support, review) == ["Publish", "Reject"]
    assert _press(support, review, "publish") == ["The review was published."]
    product.refresh_from_db()
    assert (product.rating_average, product.rating_count) == (4, 1)
    assert _buttons(support, review) == ["Reject"]
    assert _press(support, review, "reject", reason="An advertisement.") == ["The review was rejected."]

    product.refresh_from_db()
    assert product.rating_count == 0
    assert Event.objects.get(type="review.rejected").payload["reason"] == "An advertisement."


def test_a_review_is_not_rejected_without_a_reason(customer):
    support = _browser("Support")
    review = reviews.create(actor=customer, product_id=make_product().pk, rating=4)

    answer = support.post(_button(review, "reject"), SENT | {"reason": " "})

    assert answer.status_code == 200
    review.refresh_from_db()
    assert review.status == "PENDING"


def test_who_does_not_moderate_has_no_buttons(customer):
    review = reviews.create(actor=customer, product_id=make_product().pk, rating=4)
    reader = make_user(is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_review"))
    client = Client()
    client.force_login(reader)

    assert _buttons(client, review) == []
    assert client.post(_button(review, "publish"), SENT).status_code == 403


# ── Versions ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_version_shows_what_it_would_change_and_is_published(merchandiser):
    product, author = make_product("Oak stool"), make_user(roles=("Merchandiser",))
    given = {"name": "Oak chair", "description": "<p>Solid</p>"}
    version = versions.create(actor=author, product_id=product.pk, given=given, note="It has a back.")

    page = merchandiser.get(reverse("admin:catalog_productversion_change", args=[version.pk]))
    said = _press(merchandiser, version, "publish")

    assert ">stool</del>" in page.text
    assert ">chair</ins>" in page.text
    assert "&lt;p&gt;Solid&lt;/p&gt;" in page.text
    assert said == ["The version was published."]
    product.refresh_from_db()
    assert (product.name, product.description) == ("Oak chair", "<p>Solid</p>")


def test_a_version_that_takes_the_former_price_away_shows_it(merchandiser):
    product, author = make_product(price="20.00"), make_user(roles=("Merchandiser",))
    variant = product.variants.get()
    ProductVariant.objects.update(compare_at_amount=Decimal("25.00"))
    proposed = versions.ProposedPrice(variant_id=variant.pk, currency="EUR", amount=Decimal("18.00"), compare_at=None)
    version = versions.create(actor=author, product_id=product.pk, given={}, proposed_prices=[proposed])

    page = merchandiser.get(reverse("admin:catalog_productversion_change", args=[version.pk]))

    assert f"{variant.sku} 20.00 EUR, before 25.00" in page.text
    assert f"{variant.sku} 18.00 EUR; " in page.text


def test_who_only_looks_at_versions_does_not_publish_them():
    author = make_user(roles=("Merchandiser",))
    version = versions.create(actor=author, product_id=make_product().pk, given={"name": "Oak chair"})
    manager = _browser("R&D manager")

    assert _buttons(manager, version) == []
    assert manager.post(_button(version, "publish"), SENT).status_code == 403


# ── Sending ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _save(client, row, **values):
    page = reverse(f"admin:catalog_{row._meta.model_name}_change", args=[row.pk])
    return client.post(page, values | NO_ROWS)


def _button(row, name) -> str:
    return reverse(f"admin:catalog_{row._meta.model_name}_{name}", args=[row.pk])


def _press(client, row, name, **values) -> list[str]:
    answer = client.post(_button(row, name), SENT | values)
    return [str(message) for message in client.get(answer.url).context["messages"]]


def _buttons(client, row) -> list[str]:
    page = reverse(f"admin:catalog_{row._meta.model_name}_change", args=[row.pk])
    return [button["title"] for button in client.get(page).context_data["actions_detail"]]


def _history(row) -> list[str]:
    events = Event.objects.filter(subject_type__model=row._meta.model_name, subject_id=str(row.pk))
    return list(events.order_by("seq").values_list("type", flat=True))
