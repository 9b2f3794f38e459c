"""Of carts and orders."""

from tests.schema.matrix.personas import (
    NOT_FOUND,
    ORDER_DESK,
    PROMOTION_DESK,
    Rows,
    errors,
    everybody,
    holders,
    keepers,
    of_id,
    owner_and,
    owner_only,
    signed_in,
)

_KEY = ', idempotencyKey: "k"'
_STAFF = holders(*ORDER_DESK)
_PROMOTERS = holders(*PROMOTION_DESK)


def _of_cart(name: str, more: str) -> tuple[str, str, dict[str, str]]:
    return errors(name, f"cartId: $cart{more}", "$cart: ID!"), "cart=cart", owner_only(NOT_FOUND)


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
    # ── Carts ──
    "carts": ("{ carts { totalCount } }", "", signed_in()),
    "cartAddressesSet": _of_cart("cartAddressesSet", ', input: {email: "a@example.com"}'),
    "cartCouponApply": _of_cart("cartCouponApply", ', code: "WELCOME"'),
    "cartCouponRemove": (
        errors("cartCouponRemove", 'cartId: $cart, code: "APPLIED"', "$cart: ID!"),
        "cart=cart_with_coupon",
        owner_only(NOT_FOUND),
    ),
    "cartMerge": (errors("cartMerge", "guestCartId: $cart", "$cart: ID!"), "cart=guest_cart", signed_in()),
    "cartNoteSet": _of_cart("cartNoteSet", ', note: "Ring twice"'),
    "cartShippingMethodSet": _of_cart("cartShippingMethodSet", ""),
    "checkoutStart": _of_cart("checkoutStart", ""),
    # ── Promotions ──
    "promotions": ("{ promotions { totalCount } }", "", _PROMOTERS),
    "promotion": ("query($id: ID!) { promotion(id: $id) { name } }", "id=coupon", _PROMOTERS),
    "customerGroups": ("{ customerGroups { totalCount } }", "", _PROMOTERS),
    "couponCreate": (
        'mutation { couponCreate(input: {name: "New", code: "NEW", kind: FREE_SHIPPING}) { userErrors { code } } }',
        "",
        _PROMOTERS,
    ),
    "couponUpdate": (of_id("couponUpdate", ', input: {name: "Other"}'), "id=coupon", _PROMOTERS),
    "couponDeactivate": (of_id("couponDeactivate"), "id=coupon", _PROMOTERS),
    "promotionCreate": (
        'mutation { promotionCreate(input: {name: "New", kind: FREE_SHIPPING}) { userErrors { code } } }',
        "",
        _PROMOTERS,
    ),
    "promotionUpdate": (of_id("promotionUpdate", ', input: {name: "Other"}'), "id=promotion", _PROMOTERS),
    "promotionDeactivate": (of_id("promotionDeactivate"), "id=promotion", _PROMOTERS),
    "customerGroupCreate": (
        'mutation { customerGroupCreate(name: "Friends") { userErrors { code } } }',
        "",
        _PROMOTERS,
    ),
    "customerGroupMembersSet": (
        errors("customerGroupMembersSet", "id: $id, userIds: [$user]", "$id: ID!, $user: ID!"),
        "id=customer_group user=user",
        _PROMOTERS,
    ),
    # ── Orders by staff ──
    "draftOrder": ("query($id: ID!) { draftOrder(id: $id) { id } }", "id=draft_order", _STAFF),
    "draftOrders": ("{ draftOrders { totalCount } }", "", _STAFF),
    "draftOrderCreate": (
        'mutation { draftOrderCreate(idempotencyKey: "k", input: {email: "a@example.com"}) { userErrors { code } } }',
        "",
        _STAFF,
    ),
    "draftOrderComplete": (
        of_id("draftOrderComplete", _KEY + ', input: {payment: {token: "tok_ok"}}'),
        "id=draft_order",
        _STAFF,
    ),
    "draftOrderDelete": (of_id("draftOrderDelete"), "id=draft_order", _STAFF),
    "orderProcess": (of_id("orderProcess"), "id=order", _STAFF),
    "orderNoteAdd": (of_id("orderNoteAdd", ', note: "Called"'), "id=order", _STAFF),
    "orderTrack": (
        'mutation($n: String!) { orderTrack(number: $n, email: "buyer@example.com") { userErrors { code } } }',
        "n=guest_order_number",
        everybody(),
    ),
    "ordersExport": ("mutation { ordersExport { userErrors { code } } }", "", _STAFF),
    "salesReport": ("{ salesReport(period: {lastDays: 7}) { currency } }", "", _STAFF),
    # ── Money ──
    "paymentGateways": ("{ paymentGateways { name } }", "", everybody()),
    "paymentReceive": (
        errors("paymentReceive", f'orderId: $id{_KEY}, input: {{amount: "24.90"}}', "$id: ID!"),
        "id=awaited_order",
        _STAFF,
    ),
    "paymentAccept": (errors("paymentAccept", f"orderId: $id{_KEY}", "$id: ID!"), "id=order_in_review", _STAFF),
    "refundCreate": (
        errors("refundCreate", f'orderId: $id{_KEY}, input: {{reason: "Late"}}', "$id: ID!"),
        "id=order",
        _STAFF,
    ),
    # ── Parcels, files and returns ──
    "fulfillmentUpdate": (
        of_id("fulfillmentUpdate", _KEY + ', input: {trackingNumber: "1"}'),
        "id=fulfillment",
        _STAFF,
    ),
    "variantFiles": (
        "query($id: ID!) { variantFiles(variantId: $id) { totalCount } }",
        "id=digital_variant",
        signed_in(),
    ),
    "variantFileAdd": (
        errors("variantFileAdd", "variantId: $id, file: $file", "$id: ID!, $file: Upload!"),
        "id=digital_variant file=file",
        keepers(),
    ),
    "variantFileRemove": (of_id("variantFileRemove"), "id=digital_file", keepers()),
    "return": ("query($id: ID!) { return(id: $id) { status } }", "id=requested_return", owner_and(*ORDER_DESK)),
    "returns": ("{ returns { totalCount } }", "", signed_in()),
    "returnRequest": (
        errors(
            "returnRequest",
            f"orderId: $id{_KEY}, input: {{lines: [{{orderLineId: $line, quantity: 1, reason: OTHER}}]}}",
            "$id: ID!, $line: ID!",
        ),
        "id=shipped_order line=shipped_line",
        owner_and(*ORDER_DESK),
    ),
    "returnApprove": (of_id("returnApprove"), "id=requested_return", _STAFF),
    "returnClose": (of_id("returnClose", ', note: "Broken"'), "id=received_return", _STAFF),
    "returnReject": (of_id("returnReject", ', note: "Too late"'), "id=requested_return", _STAFF),
    "returnCancel": (of_id("returnCancel"), "id=requested_return", owner_and(*ORDER_DESK)),
    "returnReceive": (of_id("returnReceive", _KEY), "id=approved_return", _STAFF),
    "returnRefund": (of_id("returnRefund", _KEY), "id=received_return", _STAFF),
}
