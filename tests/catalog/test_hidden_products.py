"""What is not on sale stays hidden from whoever came to it while it was, and from who no longer keeps it."""

import pytest

from catalog.models import ProductStatus, Vendor, VendorStatus
from tests.conftest import Api, gid, make_product, make_user

pytestmark = pytest.mark.django_db

CART = "query($id: ID!) { cart(id: $id) { lines { variant { sku product { name variants { sku } } } } } }"
ORDER = """
query($id: ID!, $token: String) {
  order(id: $id, guestToken: $token) { lines { productName variant { sku product { name variants { sku } } } } }
}
"""
CART_CREATE = """
mutation($id: ID!) { cartCreate(input: { lines: [{ variantId: $id, quantity: 1 }] }) { cart { id } } }
"""
CHECKOUT = """
mutation($cart: ID!) {
  checkoutComplete(cartId: $cart, idempotencyKey: "once", input: {
    email: "you@example.com", payment: { token: "tok_ok" },
    shippingAddress: { fullName: "You", line1: "1 High Street", postalCode: "10115", city: "Berlin", country: "DE" }
  }) { order { id } guestToken userErrors { code } }
}
"""
MOVE = """
mutation($id: ID!, $vendor: ID!) {
  productUpdate(id: $id, input: { vendorId: $vendor }) { userErrors { code field } }
}
"""


def cart_with(api, variant):
    return api(CART_CREATE, id=gid(variant))["cartCreate"]["cart"]["id"]


def hide(product):
    """As `productArchive` and `productRestore` do, before the seller writes something new."""
    product.status, product.name = ProductStatus.DRAFT, "Secret of the next season"
    product.save()


# ── From carts and orders ────────────────────────────────────────────────────────────────────────────────────────────
def test_a_cart_leads_to_the_product_while_it_is_on_sale(guest):
    product = make_product("Lamp")
    variant = product.variants.get()
    cart = cart_with(guest, variant)

    (line,) = guest(CART, id=cart)["cart"]["lines"]

    assert line["variant"] == {"sku": variant.sku, "product": {"name": "Lamp", "variants": [{"sku": variant.sku}]}}


def test_a_cart_does_not_lead_to_a_draft(guest):
    product = make_product("Lamp")
    variant = product.variants.get()
    cart = cart_with(guest, variant)
    hide(product)

    (line,) = guest(CART, id=cart)["cart"]["lines"]

    assert line["variant"] == {"sku": variant.sku, "product": None}


def test_an_order_does_not_lead_to_a_draft(guest, shipping):
    product = make_product("Lamp")
    variant = product.variants.get()
    placed = guest(CHECKOUT, cart=cart_with(guest, variant))["checkoutComplete"]
    hide(product)

    (line,) = guest(ORDER, id=placed["order"]["id"], token=placed["guestToken"])["order"]["lines"]

    assert line == {"productName": "Lamp", "variant": {"sku": variant.sku, "product": None}}


def test_who_keeps_a_draft_is_led_to_it():
    product = make_product("Lamp")
    seller = make_user(roles=("Seller",))
    product.vendor.members.add(seller)
    api = Api(seller)
    cart = cart_with(api, product.variants.get())
    hide(product)

    (line,) = api(CART, id=cart)["cart"]["lines"]

    assert line["variant"]["product"]["name"] == "Secret of the next season"


# ── From the vendor ──────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("roles", [(), ("Customer",), ("Support",)])
def test_a_member_who_is_no_seller_any_more_sees_no_draft(roles):
    product = make_product("Lamp", status=ProductStatus.DRAFT)
    member = make_user(roles=roles)
    product.vendor.members.add(member)
    api = Api(member)

    assert api.code("query($id: ID!) { product(id: $id) { name } }", id=gid(product)) == "NOT_FOUND"
    assert api.code("query($slug: String!) { productBySlug(slug: $slug) { name } }", slug=product.slug) == "NOT_FOUND"


def test_a_seller_sees_the_drafts_of_their_own_vendor():
    product = make_product("Lamp", status=ProductStatus.DRAFT)
    seller = make_user(roles=("Seller",))
    product.vendor.members.add(seller)

    found = Api(seller)("query($id: ID!) { product(id: $id) { name } }", id=gid(product))

    assert found == {"product": {"name": "Lamp"}}


@pytest.mark.parametrize("status", [VendorStatus.SUSPENDED, VendorStatus.PENDING])
def test_a_product_does_not_leave_a_vendor_that_may_not_sell(status):
    seller = make_user(roles=("Seller",))
    closed = Vendor.objects.create(name="Closed", slug="closed", status=status)
    product = make_product(vendor=closed)
    other = Vendor.objects.create(name="Open", slug="open")
    for vendor in (closed, other):
        vendor.members.add(seller)

    payload = Api(seller)(MOVE, id=gid(product), vendor=gid(other))["productUpdate"]

    assert payload["userErrors"] == [{"code": "STATUS_NOT_ALLOWED", "field": ["input", "vendorId"]}]
    product.refresh_from_db()
    assert product.vendor == closed


def test_merchandisers_move_it_all_the_same():
    product = make_product(vendor=Vendor.objects.create(name="Closed", slug="closed", status=VendorStatus.SUSPENDED))
    other = Vendor.objects.create(name="Open", slug="open")

    payload = Api(make_user(roles=("Merchandiser",)))(MOVE, id=gid(product), vendor=gid(other))["productUpdate"]

    assert payload["userErrors"] == []
    product.refresh_from_db()
    assert product.vendor == other
