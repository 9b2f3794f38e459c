"""The requests of a frontend, kept in one place because many tests make them."""

import uuid
from typing import Any

ADDRESS = {
    "fullName": "Ada Lovelace",
    "line1": "12 High Street",
    "city": "Berlin",
    "country": "DE",
    "postalCode": "10115",
}

CART_FIELDS = """
  id itemCount
  lines { id quantity unitPrice { amount currency } totalPrice { amount } variant { id sku } }
  subtotal { amount } discountTotal { amount } shippingTotal { amount } taxTotal { amount } total { amount currency }
"""
ERRORS = "userErrors { code message field retryable }"
ORDER_FIELDS = """
  id number status paymentStatus total { amount currency }
  lines { id sku quantity totalPrice { amount } }
"""

CART_CREATE = f"""
mutation($input: CartCreateInput) {{ cartCreate(input: $input) {{ cart {{ {CART_FIELDS} }} {ERRORS} }} }}
"""
CHECKOUT_START = f"""
mutation($cartId: ID!) {{
  checkoutStart(cartId: $cartId) {{ cart {{ id reservedUntil lines {{ id reservedUntil }} }} {ERRORS} }}
}}
"""
CHECKOUT = f"""
mutation($cartId: ID!, $key: String!, $input: CheckoutInput!) {{
  checkoutComplete(cartId: $cartId, idempotencyKey: $key, input: $input) {{
    order {{ {ORDER_FIELDS} }} guestToken {ERRORS}
  }}
}}
"""


def cart_with(api: Any, *lines: tuple[str, int]) -> dict[str, Any]:
    """A new cart with lines of (variant's global id, quantity)."""
    payload = api(CART_CREATE, input={"lines": [{"variantId": id, "quantity": n} for id, n in lines]})["cartCreate"]
    assert payload["userErrors"] == []
    return payload["cart"]


def start(api: Any, cart_id: str) -> dict[str, Any]:
    """The payload of checkoutStart."""
    return api(CHECKOUT_START, cartId=cart_id)["checkoutStart"]


def checkout(api: Any, cart_id: str, *, token: str = "tok_ok", key: str | None = None, **input: Any) -> dict[str, Any]:
    """The payload of checkoutComplete."""
    input = {"email": "buyer@example.com", "shippingAddress": ADDRESS, "payment": {"token": token}, **input}
    return api(CHECKOUT, cartId=cart_id, key=key or str(uuid.uuid4()), input=input)["checkoutComplete"]


def order_of(api: Any, *lines: tuple[str, int], **input: Any) -> dict[str, Any]:
    """An order of these lines, checked out without a refusal."""
    payload = checkout(api, cart_with(api, *lines)["id"], **input)
    assert payload["userErrors"] == [], payload
    return payload["order"] | {"guestToken": payload["guestToken"]}
