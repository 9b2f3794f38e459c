"""Of carts and orders."""

from tests.schema.matrix.personas import (
    NOT_FOUND,
    ORDER_DESK,
    Rows,
    errors,
    everybody,
    holders,
    of_id,
    owner_and,
    owner_only,
    signed_in,
)

ROWS: Rows = {
    "cart": ("query($id: ID!) { cart(id: $id) { itemCount } }", "id=cart", owner_only(NOT_FOUND)),
    "cartCreate": ("mutation { cartCreate { userErrors { code } } }", "", everybody()),
    "cartLinesAdd": (
        errors(
            "cartLinesAdd", "cartId: $cart, lines: [{variantId: $variant, quantity: 1}]", "$cart: ID!, $variant: ID!"
        ),
        "cart=cart variant=variant",
        owner_only(NOT_FOUND),
    ),
    "cartLinesUpdate": (
        errors("cartLinesUpdate", "cartId: $cart, lines: [{lineId: $line, quantity: 2}]", "$cart: ID!, $line: ID!"),
        "cart=cart line=line",
        owner_only(NOT_FOUND),
    ),
    "cartLinesRemove": (
        errors("cartLinesRemove", "cartId: $cart, lineIds: [$line]", "$cart: ID!, $line: ID!"),
        "cart=cart line=line",
        owner_only(NOT_FOUND),
    ),
    "checkoutComplete": (
        errors(
            "checkoutComplete",
            'cartId: $cart, idempotencyKey: "k", input: {email: "a@example.com", shippingAddress: $address,'
            ' payment: {token: "tok_ok"}}',
            "$cart: ID!, $address: PostalAddressInput!",
        ),
        "cart=cart address=address_input",
        owner_only(NOT_FOUND),
    ),
    "order": ("query($id: ID!) { order(id: $id) { number } }", "id=order", owner_and(*ORDER_DESK)),
    "orders": ("{ orders { edges { node { number } } } }", "", signed_in()),
    "orderConfirm": (of_id("orderConfirm"), "id=order_in_review", holders(*ORDER_DESK)),
    "orderFulfill": (of_id("orderFulfill"), "id=order", holders(*ORDER_DESK)),
    "orderDeliver": (of_id("orderDeliver"), "id=shipped_order", holders(*ORDER_DESK)),
    "orderHold": (of_id("orderHold", ', reason: "x"'), "id=order", holders(*ORDER_DESK)),
    "orderRelease": (of_id("orderRelease"), "id=held_order", holders(*ORDER_DESK)),
    "orderCancel": (of_id("orderCancel", ', reason: "x"'), "id=order", owner_and(*ORDER_DESK)),
}
