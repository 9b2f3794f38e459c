"""`load_demo`: a whole shop, once, and never by accident on a real one."""

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from moneyed import Money

from accounts.models import User
from catalog.models import (
    Product,
    ProductImage,
    ProductVariant,
    ProductVersion,
    Review,
    StockLevel,
    VariantPrice,
    Vendor,
    Wishlist,
)
from notifications.models import Event
from ordering.models import Promotion, ShippingMethod, ShippingTier, ShippingZone, TaxRate
from tests.conftest import Api, gid
from tests.shopping import ADDRESS, cart_with
from workflows.models import ApprovalPolicy

pytestmark = [pytest.mark.embedded, pytest.mark.django_db(transaction=True)]


LOADED = (
    *(Product, ProductImage, User, ApprovalPolicy, VariantPrice, Review, Wishlist, ProductVersion, Event),
    *(ShippingMethod, ShippingTier, ShippingZone, TaxRate, Promotion),
)


def test_the_demo_is_loaded_once_however_often_it_is_asked_for(settings):
    settings.DEBUG = True
    call_command("load_demo")
    sold = StockLevel.objects.filter(on_hand=10).first()
    StockLevel.objects.filter(pk=sold.pk).update(on_hand=7)
    counted = [model.objects.count() for model in LOADED]

    call_command("load_demo")

    assert [model.objects.count() for model in LOADED] == counted
    assert counted[2:4] == [6, 1]
    assert StockLevel.objects.get(pk=sold.pk).on_hand == 7, "what was sold stays sold"
    assert User.objects.get(email="customer@example.com").check_password("demo-password")


def test_the_demo_shows_all_of_the_catalogue(settings):
    settings.DEBUG = True
    settings.SHOP_CURRENCIES = ["EUR", "USD"]

    call_command("load_demo")

    assert Vendor.objects.get(name="Studio Marrow").members.get().email == "seller@example.com"
    assert ShippingMethod.objects.filter(currency="USD").count() == 3
    assert VariantPrice.objects.filter(currency="USD").count() == ProductVariant.objects.count()
    mug = Product.objects.get(slug="stoneware-mug")
    assert mug.price_range_in("USD") == (Money("19.80", "USD"), Money("19.80", "USD"))
    assert (str(mug.rating_average), mug.rating_count) == ("4.67", 3)
    assert mug.attributes == {"material": ["stoneware"]}
    assert {review.status for review in Review.objects.all()} == {"PUBLISHED", "PENDING", "REJECTED"}
    assert {review.is_verified_purchase for review in Review.objects.all()} == {True, False}
    assert mug.versions.get().author.email == "seller@example.com"
    assert Wishlist.objects.get().share_key
    assert StockLevel.objects.filter(is_low=True).exists()


CART = """
query($id: ID!, $country: String) { cart(id: $id) {
  availableShippingMethods(country: $country) { name price { amount } }
  priceBreakdown { kind label amount { amount } }
} }
"""
CHANGES = """
mutation($id: ID!, $address: CartAddressesSetInput!, $code: String!) {
  cartAddressesSet(cartId: $id, input: $address) { userErrors { code } }
  cartCouponApply(cartId: $id, code: $code) { userErrors { code } }
}
"""


def test_the_demo_shows_what_a_cart_can_cost(settings):
    settings.DEBUG = True
    call_command("load_demo")
    guest = Api()
    mug = ProductVariant.objects.get(product__slug="stoneware-mug", position=0)
    cart = cart_with(guest, (gid(mug), 3))

    input = {"shippingAddress": ADDRESS, "email": "new@example.com"}
    answers = guest(CHANGES, id=cart["id"], address=input, code="WELCOME10")
    found = guest(CART, id=cart["id"], country="US")["cart"]

    assert [answer["userErrors"] for answer in answers.values()] == [[], []]
    assert [each["name"] for each in found["availableShippingMethods"]] == ["International"]
    assert [(step["kind"], step["label"], step["amount"]["amount"]) for step in found["priceBreakdown"]] == [
        ("GOODS", "Goods", "54.00"),
        ("DISCOUNT", "Three mugs for two", "-18.00"),
        ("DISCOUNT", "Welcome", "-3.60"),
        ("SHIPPING", "Standard", "4.90"),
        ("INCLUDED_TAX", "VAT", "5.96"),
    ]


def test_a_currency_that_comes_later_gets_its_price_list(settings):
    settings.DEBUG = True
    call_command("load_demo")
    assert not VariantPrice.objects.exists()

    settings.SHOP_CURRENCIES = ["EUR", "JPY"]
    call_command("load_demo")

    mug = Product.objects.get(slug="stoneware-mug")
    assert mug.price_range_in("JPY") == (Money(2880, "JPY"), Money(2880, "JPY"))


ROLES = {
    "customer@example.com": ["Customer"],
    "second@example.com": ["Customer"],
    "seller@example.com": ["Seller"],
    "approver@example.com": ["Approvers"],
    "staff@example.com": ["Merchandiser", "Supply chain", "Support"],
    "admin@example.com": ["Administrator"],
}


def test_each_demo_account_has_its_role_and_staff_opens_the_pages_of_the_admin(settings):
    settings.DEBUG = True

    call_command("load_demo")

    assert _roles() == ROLES
    staff = Client()
    assert staff.login(username="staff@example.com", password="demo-password")
    pages = [
        *("ordering_order", "ordering_payment", "ordering_fulfillment", "ordering_cart", "ordering_shippingmethod"),
        *("catalog_product", "catalog_productvariant", "catalog_category", "catalog_vendor", "catalog_stocklevel"),
        *("catalog_review", "catalog_wishlist", "catalog_productversion", "catalog_variantprice", "catalog_job"),
        "catalog_stockmovement",
        *("workflows_approvalrequest", "workflows_approvalpolicy", "notifications_event", "notifications_notification"),
        *("accounts_user", "accounts_session"),
    ]
    answers = {page: staff.get(reverse(f"admin:{page}_changelist")).status_code for page in pages}
    assert set(answers.values()) == {200}, answers


def test_what_an_earlier_demo_called_its_groups_becomes_roles(settings):
    settings.DEBUG = True
    call_command("load_demo")
    for person in User.objects.exclude(email="approver@example.com"):
        person.groups.clear()
    for name, email in (("Sellers", "seller@example.com"), ("Order desk", "staff@example.com")):
        User.objects.get(email=email).groups.add(Group.objects.create(name=name))

    call_command("load_demo")

    assert _roles() == ROLES
    assert not Group.objects.filter(name__in=["Sellers", "Order desk"]).exists()


def test_a_role_that_was_changed_in_the_demo_stays_changed(settings):
    settings.DEBUG = True
    call_command("load_demo")
    User.objects.get(email="staff@example.com").groups.set(Group.objects.filter(name="Support"))

    call_command("load_demo")

    assert _roles() == ROLES | {"staff@example.com": ["Support"]}


def _roles():
    return {
        user.email: list(user.groups.order_by("name").values_list("name", flat=True)) for user in User.objects.all()
    }


def test_the_demo_refuses_a_real_shop_unless_forced(settings):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="--force"):
        call_command("load_demo")

    assert not User.objects.exists()
    assert not Product.objects.exists()
