"""Of subscriptions."""

from tests.schema.matrix.personas import NOT_FOUND, ORDER_DESK, Rows, owner_and, owner_only, signed_in

ROWS: Rows = {
    "orderStatusChanged": (
        "subscription($id: ID!) { orderStatusChanged(id: $id) { number } }",
        "id=order",
        owner_and(*ORDER_DESK),
    ),
    "orderEvents": (
        "subscription($id: ID!) { orderEvents(orderId: $id, after: 0) { seq } }",
        "id=order",
        owner_and(*ORDER_DESK),
    ),
    "cartEvents": (
        "subscription($id: ID!) { cartEvents(cartId: $id) { seq } }",
        "id=cart",
        owner_only(NOT_FOUND),
    ),
    "jobProgress": ("subscription($id: ID!) { jobProgress(id: $id) { status } }", "id=job", owner_only()),
    "approvalRequestAdded": ("subscription { approvalRequestAdded { summary } }", "", signed_in()),
    "notificationReceived": ("subscription { notificationReceived { title } }", "", signed_in()),
}
