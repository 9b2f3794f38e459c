"""What is measured, as a shop's frontend asks for it: a list of products, and a checkout."""

import uuid
from collections.abc import Callable
from typing import Any

Send = Callable[[str, dict[str, Any]], dict[str, Any]]

PRODUCT_FIELDS = """
edges {
  node {
    id name slug
    category { id name }
    images { url alt }
    variants { id sku name price { amount currency } quantityAvailable }
  }
}
pageInfo { hasNextPage endCursor }
"""
PRODUCTS = f"{{ products(first: 20) {{ {PRODUCT_FIELDS} }} }}"
CART_FIELDS = """
cart {
  id
  lines { id quantity unitPrice { amount } totalPrice { amount } variant { sku } }
  subtotal { amount } shippingTotal { amount } total { amount currency }
}
userErrors { code message }
"""
CREATE = f"mutation($lines: [CartLineInput!]!) {{ cartCreate(input: {{lines: $lines}}) {{ {CART_FIELDS} }} }}"
ADDRESS = f"""
mutation($cart: ID!, $input: CartAddressesSetInput!) {{
  cartAddressesSet(cartId: $cart, input: $input) {{ {CART_FIELDS} }}
}}
"""
METHODS = "query($cart: ID!) { cart(id: $cart) { availableShippingMethods { id name price { amount } } } }"
METHOD = f"""
mutation($cart: ID!, $method: ID!) {{
  cartShippingMethodSet(cartId: $cart, shippingMethodId: $method) {{ {CART_FIELDS} }}
}}
"""
START = f"mutation($cart: ID!) {{ checkoutStart(cartId: $cart) {{ {CART_FIELDS} }} }}"
CHECKOUT = """
mutation($cart: ID!, $key: String!, $input: CheckoutInput!) {
  checkoutComplete(cartId: $cart, idempotencyKey: $key, input: $input) {
    order { id number status } guestToken userErrors { code message }
  }
}
"""
ORDER = """
query($id: ID!, $token: String) {
  order(id: $id, guestToken: $token) {
    number status paymentStatus total { amount currency } lines { sku quantity totalPrice { amount } }
  }
}
"""
BUYER = {
    "email": "buyer@example.com",
    "shippingAddress": {
        "fullName": "Ada Lovelace",
        "line1": "12 High Street",
        "postalCode": "10115",
        "city": "Berlin",
        "country": "DE",
    },
}
PAYMENT = {"payment": {"token": "tok_ok"}}


def variants(send: Send) -> list[str]:
    """The ids of what can be bought."""
    edges = send(PRODUCTS, {})["products"]["edges"]
    return [variant["id"] for edge in edges for variant in edge["node"]["variants"] if variant["quantityAvailable"]]


def buy(send: Send, variant: str) -> dict[str, Any]:
    """A whole anonymous checkout of one piece in seven requests: the cart with a line, the address, the methods of
    shipping, one of them, the reservation, the order, and the order's page. It is paid and told of."""
    cart = _done(send(CREATE, {"lines": [{"variantId": variant, "quantity": 1}]})["cartCreate"])["cart"]["id"]
    _done(send(ADDRESS, {"cart": cart, "input": BUYER})["cartAddressesSet"])
    methods = send(METHODS, {"cart": cart})["cart"]["availableShippingMethods"]
    _done(send(METHOD, {"cart": cart, "method": methods[0]["id"]})["cartShippingMethodSet"])
    _done(send(START, {"cart": cart})["checkoutStart"])
    placed = _done(send(CHECKOUT, {"cart": cart, "key": str(uuid.uuid4()), "input": PAYMENT})["checkoutComplete"])
    send(ORDER, {"id": placed["order"]["id"], "token": placed["guestToken"]})
    return {**placed["order"], "guestToken": placed["guestToken"]}


def buy_at_once(send: Send, variant: str) -> dict[str, Any]:
    """The same in two requests, as a frontend does that asks for everything on one page: a cart, and its order."""
    cart = _done(send(CREATE, {"lines": [{"variantId": variant, "quantity": 1}]})["cartCreate"])["cart"]["id"]
    asked = {"cart": cart, "key": str(uuid.uuid4()), "input": {**BUYER, **PAYMENT}}
    placed = _done(send(CHECKOUT, asked)["checkoutComplete"])
    return {**placed["order"], "guestToken": placed["guestToken"]}


def _done(payload: dict[str, Any]) -> dict[str, Any]:
    if payload["userErrors"]:
        raise RuntimeError(payload["userErrors"])
    return payload
