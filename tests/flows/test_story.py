"""The main story: browse, fill a cart, check out, have it approved, ship it, receive it."""

import pytest
from django.core import mail

from catalog.models import StockLevel
from tests.conftest import Api, gid, make_variant
from tests.shopping import cart_with, checkout, order_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_guest_buys_and_follows_the_order(shipping, guest):
    variant = make_variant(price="20.00", stock=10)

    cart = cart_with(guest, (gid(variant), 2))
    payload = checkout(guest, cart["id"])

    assert payload["userErrors"] == []
    assert payload["order"]["status"] == "CONFIRMED"
    assert payload["order"]["paymentStatus"] == "PAID"
    assert payload["order"]["total"] == {"amount": "44.90", "currency": "EUR"}
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 8
    assert [message.to for message in mail.outbox] == [["buyer@example.com"]]
    followed = guest(
        "query($id: ID!, $t: String) { order(id: $id, guestToken: $t) { events { edges { node { seq type } } } } }",
        id=payload["order"]["id"],
        t=payload["guestToken"],
    )
    assert [(edge["node"]["seq"], edge["node"]["type"]) for edge in followed["order"]["events"]["edges"]] == [
        (1, "order.placed"),
        (2, "order.confirmed"),
        (3, "order.paid"),
        (4, "order.document_issued"),
    ]


def test_a_large_order_waits_for_approval_and_is_then_shipped(shipping, approver, customer, staff):
    variant = make_variant(price="300.00")
    order = order_of(Api(customer), (gid(variant), 2))
    assert (order["status"], order["paymentStatus"]) == ("AWAITING_APPROVAL", "AUTHORIZED")

    waiting = Api(approver)(
        "{ approvalRequests(filters: {waitingForMe: true}) { edges { node { id summary subject { id } } } } }"
    )["approvalRequests"]["edges"]
    assert [edge["node"]["subject"]["id"] for edge in waiting] == [order["id"]]
    approved = Api(approver)(
        """mutation($id: ID!) { approvalRequestApprove(id: $id, comment: "fine") {
             approvalRequest { status decisions { comment decidedBy { email } } } userErrors { code } } }""",
        id=waiting[0]["node"]["id"],
    )["approvalRequestApprove"]
    assert approved["approvalRequest"]["status"] == "APPROVED"
    shipped = Api(staff)(
        """mutation($id: ID!) { orderFulfill(id: $id, input: {carrier: "DHL", trackingNumber: "1"}) {
             order { status paymentStatus fulfillments { carrier } } userErrors { code message } } }""",
        id=order["id"],
    )["orderFulfill"]
    delivered = Api(staff)(
        "mutation($id: ID!) { orderDeliver(id: $id) { order { status } userErrors { code } } }", id=order["id"]
    )["orderDeliver"]

    assert shipped == {
        "order": {"status": "SHIPPED", "paymentStatus": "PAID", "fulfillments": [{"carrier": "DHL"}]},
        "userErrors": [],
    }
    assert delivered["order"]["status"] == "DELIVERED"
    inbox = Api(customer)("{ notifications { totalCount edges { node { title type subject { id } } } } }")
    assert {edge["node"]["subject"]["id"] for edge in inbox["notifications"]["edges"]} == {order["id"]}
    assert [edge["node"]["type"] for edge in inbox["notifications"]["edges"]] == [
        "order.delivered",
        "order.shipped",
        "order.confirmed",
        "order.awaiting_approval",
        "order.placed",
    ]
