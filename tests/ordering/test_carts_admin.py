"""Carts in the admin: read by staff, with what stands in their way; edited by nobody."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from catalog.models import StockLevel
from ordering.models import Cart
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import cart_with, checkout

pytestmark = pytest.mark.django_db

MERGE = "mutation($id: ID!) { cartMerge(guestCartId: $id) { userErrors { code } } }"


@pytest.fixture
def desk(db):
    person = make_user("reader@example.com", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_cart"))
    browser = Client()
    browser.force_login(person)
    return browser


def page_of(desk, cart):
    return desk.get(reverse("admin:ordering_cart_change", args=[cart.pk])).content.decode()


def listed(desk, state):
    response = desk.get(reverse("admin:ordering_cart_changelist"), {"state": state})
    return {cart.pk for cart in response.context["cl"].queryset}


def test_a_cart_shows_where_it_goes_and_what_stands_in_the_way(desk, guest, shipping):
    variant = make_variant(name="Desk lamp", stock=5)
    cart_with(guest, (gid(variant), 3))
    address = {"country": "DE", "city": "Berlin", "line2": "", "line1": "Markt 1", "full_name": "Ada <b>Lovelace</b>"}
    Cart.objects.update(shipping_address=address, note="Ring twice.", email="ada@example.com")
    StockLevel.objects.update(on_hand=2)

    page = page_of(desk, Cart.objects.get())

    for text in ("Ring twice.", "ada@example.com", "Only 2 of Desk lamp"):
        assert text in page
    lines = ["Ada &lt;b&gt;Lovelace&lt;/b&gt;", "Markt 1", "Berlin", "DE"]
    assert "\n".join(f"<div>{line}</div>" for line in lines) in page
    assert "Open" in page
    assert 'name="note"' not in page


def test_carts_are_listed_by_what_became_of_them(desk, guest, customer, staff, shipping):
    variant = gid(make_variant())
    api = Api(customer)
    own, ordered, merged = (cart_with(each, (variant, 1)) for each in (api, guest, guest))
    assert checkout(guest, ordered["id"])["userErrors"] == []
    assert api(MERGE, id=merged["id"])["cartMerge"]["userErrors"] == []
    draft = Cart.objects.create(currency="EUR", drafted_by=staff)

    open_, ordered, merged, drafts = (listed(desk, state) for state in ("open", "ordered", "merged", "draft"))

    assert open_ == {Cart.objects.get(customer=customer).pk}
    assert ordered == {Cart.objects.get(completed_at__isnull=False).pk}
    assert merged == {Cart.objects.get(merged_into__isnull=False).pk}
    assert drafts == {draft.pk}
    assert own["itemCount"] == 1


@pytest.mark.parametrize("state", ["merged", "ordered", "empty"])
def test_every_kind_of_cart_has_a_page(desk, guest, customer, shipping, state):
    cart = cart_with(guest, (gid(make_variant(price="9.99")), 1))
    match state:
        case "merged":
            cart_with(Api(customer), (gid(make_variant()), 1))
            Api(customer)(MERGE, id=cart["id"])
        case "ordered":
            assert checkout(guest, cart["id"])["userErrors"] == []
        case "empty":
            Cart.objects.get().lines.all().delete()

    for cart in Cart.objects.all():
        assert str(cart.pk) in page_of(desk, cart)


def test_nobody_edits_a_cart(desk, guest):
    cart_with(guest, (gid(make_variant()), 1))
    cart = Cart.objects.get()

    response = desk.post(reverse("admin:ordering_cart_change", args=[cart.pk]), {"note": "x"})

    assert response.status_code == 403
    assert Cart.objects.get().note == ""
    assert Cart.objects.get().updated_at - cart.updated_at == timedelta()
    assert Cart.objects.get().lines.get().agreed_amount == Decimal("20.00")
