"""Promotions in the admin: kept by merchandisers, refused in the words of the API."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Category
from notifications.models import Event
from ordering.models import CustomerGroup, Promotion
from tests.conftest import gid, make_user, make_variant
from tests.shopping import cart_with, checkout

pytestmark = pytest.mark.django_db(transaction=True)

ADD = "admin:ordering_promotion_add"
LIST = "admin:ordering_promotion_changelist"
NO_ROWS = {
    f"{prefix}-{name}_FORMS": "0"
    for prefix in ("uses", "notifications-event-subject_type-subject_id")
    for name in ("TOTAL", "INITIAL")
}
FORM = {
    "name": "Ten off",
    "code": "save10",
    "kind": "PERCENTAGE",
    "percent": "10",
    "is_active": "on",
    "priority": "100",
}


def browser(*roles, **fields):
    client = Client()
    client.force_login(make_user(roles=roles, is_staff=True, **fields))
    return client


@pytest.fixture
def merchandiser(db):
    return browser("Merchandiser", email="keeper@example.com")


def page(promotion):
    return reverse("admin:ordering_promotion_change", args=[promotion.pk])


def errors(response):
    assert response.status_code == 200
    form = response.context_data["adminform"].form
    return {name: list(messages) for name, messages in form.errors.items()}


def test_a_coupon_is_made_as_the_api_makes_it(merchandiser):
    room = Category.objects.create(name="Room", slug="room")

    response = merchandiser.post(reverse(ADD), {**FORM, "categories": [room.pk], "usage_limit": "5"})

    assert response.status_code == 302
    made = Promotion.objects.get()
    assert (made.code, made.percent, made.usage_limit, made.is_active) == ("SAVE10", Decimal(10), 5, True)
    assert list(made.categories.all()) == [room]
    event = Event.objects.get(type="promotion.created")
    assert event.actor.email == "keeper@example.com"


@pytest.mark.parametrize(
    ("input", "field", "message"),
    [
        ({"percent": "101"}, "percent", "A percentage is above 0, at most 100, and has at most 2 decimals."),
        ({"code": "no spaces"}, "code", "A code has 3 to 40 of A to Z"),
        ({"minimum_amount": "5"}, "currency", "Say in which currency the amounts are."),
        ({"minimum_amount": "0", "currency": "EUR"}, "minimum_amount", "An amount in EUR is above 0"),
        ({"kind": "FIXED"}, "percent", "FIXED has no `percent`. Leave it out."),
        ({"code": "TAKEN"}, "code", "There is a coupon with the code TAKEN already."),
    ],
)
def test_what_the_api_refuses_stands_by_its_field(merchandiser, input, field, message):
    Promotion.objects.create(name="First", kind="FREE_SHIPPING", code="TAKEN")

    found = errors(merchandiser.post(reverse(ADD), {**FORM, **input}))

    assert list(found) == [field]
    assert found[field][0].startswith(message)
    assert Promotion.objects.count() == 1


def test_a_coupon_is_changed_but_not_what_it_is(merchandiser):
    merchandiser.post(reverse(ADD), FORM)
    made = Promotion.objects.get()

    response = merchandiser.post(page(made), {**FORM, **NO_ROWS, "percent": "15", "kind": "FREE_SHIPPING"})
    emptied = errors(merchandiser.post(page(made), {**FORM, **NO_ROWS, "percent": "15", "code": ""}))

    assert response.status_code == 302
    made.refresh_from_db()
    assert (made.kind, made.percent, made.code) == ("PERCENTAGE", Decimal(15), "SAVE10")
    assert emptied == {"code": ["A coupon has a code."]}
    assert Event.objects.get(type="promotion.updated").payload["fields"] == ["percent"]


def test_the_page_lists_the_orders_that_have_it_and_what_happened_to_it(merchandiser, guest, shipping):
    merchandiser.post(reverse(ADD), FORM)
    cart = cart_with(guest, (gid(make_variant(price="20.00")), 1))
    guest('mutation($c: ID!) { cartCouponApply(cartId: $c, code: "SAVE10") { userErrors { code } } }', c=cart["id"])
    number = checkout(guest, cart["id"])["order"]["number"]

    shown = merchandiser.get(page(Promotion.objects.get())).content.decode()
    listed = merchandiser.get(reverse(LIST)).content.decode()

    assert number in shown
    assert "€\u00a02.00" in shown
    assert "buyer@example.com" not in shown
    assert "The promotion Ten off was created." in shown
    assert "SAVE10" in listed
    assert "10.00 %" in listed


def test_nobody_deletes_a_promotion_and_support_only_reads(merchandiser):
    merchandiser.post(reverse(ADD), FORM)
    made = Promotion.objects.get()
    support = browser("Support")

    assert support.get(page(made)).status_code == 200
    assert support.post(page(made), {**FORM, **NO_ROWS, "percent": "99"}).status_code == 403
    assert support.get(reverse(ADD)).status_code == 403
    assert browser("Supply chain").get(reverse(LIST)).status_code == 403
    delete = reverse("admin:ordering_promotion_delete", args=[made.pk])
    assert merchandiser.post(delete, {"post": "yes"}).status_code == 403
    assert Promotion.objects.get().percent == Decimal(10)


def test_a_group_shows_its_members_to_those_who_may_see_users(merchandiser):
    member = make_user("member@example.com")
    merchandiser.post(reverse("admin:ordering_customergroup_add"), {"name": "Wholesale"})
    group = CustomerGroup.objects.get()
    address = reverse("admin:ordering_customergroup_change", args=[group.pk])
    administrator = browser("Administrator")
    rows = {name: value for name, value in NO_ROWS.items() if not name.startswith("uses")}

    assert administrator.post(address, {**rows, "members": [str(member.pk)]}).status_code == 302

    assert list(group.members.all()) == [member]
    assert "member@example.com" in administrator.get(address).content.decode()
    assert "member@example.com" not in merchandiser.get(address).content.decode()
    merchandiser.post(address, rows)
    assert list(group.members.all()) == [member]
    assert Event.objects.get(type="customer_group.changed").payload == {"name": "Wholesale", "added": 1, "removed": 0}
