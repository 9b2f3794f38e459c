"""The two requests that are measured, as a shop's frontend makes them."""

import uuid
from collections.abc import Callable
from typing import Any

Send = Callable[[str, dict[str, Any]], dict[str, Any]]

PRODUCTS = """
{
  products(first: 20) {
    edges {
      node {
        id name slug
        category { id name }
        images { url alt }
        variants { id sku name price { amount currency } quantityAvailable }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
CART = "mutation($lines: [CartLineInput!]!) { cartCreate(input: {lines: $lines}) { cart { id } userErrors { code } } }"
CHECKOUT = """
mutation($cart: ID!, $key: String!, $input: CheckoutInput!) {
  checkoutComplete(cartId: $cart, idempotencyKey: $key, input: $input) {
    order { id number status } guestToken userErrors { code message }
  }
}
"""
BUYER = {
    "email": "buyer@example.com",
    "shippingAddress": {"fullName": "Ada Lovelace", "line1": "12 High Street", "city": "Berlin", "country": "DE"},
    "payment": {"token": "tok_ok"},
}


def variants(send: Send) -> list[str]:
    """The ids of what can be bought."""
    edges = send(PRODUCTS, {})["products"]["edges"]
    return [variant["id"] for edge in edges for variant in edge["node"]["variants"] if variant["quantityAvailable"]]


def buy(send: Send, variant: str) -> dict[str, Any]:
    """A whole anonymous checkout of one piece: a cart with a line, then its order, paid and told of."""
    cart = send(CART, {"lines": [{"variantId": variant, "quantity": 1}]})["cartCreate"]["cart"]["id"]
    payload = send(CHECKOUT, {"cart": cart, "key": str(uuid.uuid4()), "input": BUYER})["checkoutComplete"]
    if payload["userErrors"]:
        raise RuntimeError(payload["userErrors"])
    return {**payload["order"], "guestToken": payload["guestToken"]}
