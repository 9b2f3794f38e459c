"""Bank transfers and cash on delivery: nobody collects them, staff note them, and their orders go on."""

from datetime import timedelta

import pytest
from django.db.models import F

from catalog.models import StockLevel
from notifications.models import Event
from ordering import tasks
from ordering.models import Fulfillment, Order, Payment
from tests.conftest import Api, gid, make_variant
from tests.shopping import ADDRESS, CHECKOUT, cart_with, checkout, order_of
from workflows.models import ApprovalRequest

pytestmark = pytest.mark.django_db

RECEIVE = """
mutation($id: ID!, $key: String!, $input: PaymentReceiveInput!) {
  paymentReceive(orderId: $id, idempotencyKey: $key, input: $input) {
    payment { id state captured { amount } reference }
    order { status paymentStatus }
    userErrors { code message field }
  }
}
"""
MOVE = "mutation($id: ID!) {{ {} {{ order {{ status }} userErrors {{ code message }} }} }}"
CANCEL = """mutation($id: ID!, $t: String) { orderCancel(id: $id, reason: "No", guestToken: $t) {
  userErrors { code } } }"""
REJECT = 'mutation($id: ID!) { approvalRequestReject(id: $id, reason: "Too dear") { userErrors { code } } }'
INBOX = "{ notifications { edges { node { type body } } } }"
LOOKED_AT = ["order.awaiting_approval", "order.rejected"]
GATEWAYS = "{ paymentGateways { name title kind token instructions } }"
TRANSFER = {"gateway": "manual", "token": "bank_transfer"}
CASH = {"gateway": "manual", "token": "cash_on_delivery"}


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=10)


@pytest.fixture
def transfer(guest, variant):
    """An order of 44.90 that is paid by bank transfer."""
    return order_of(guest, (gid(variant), 2), payment=TRANSFER)


@pytest.fixture
def cash(guest, variant):
    """An order of 44.90 that is paid at the door."""
    return order_of(guest, (gid(variant), 2), payment=CASH)


@pytest.fixture
def receive(staff, django_capture_on_commit_callbacks):
    """The payload of money that staff note."""

    def note(order, amount="44.90", key="1", reference="Statement 7"):
        with django_capture_on_commit_callbacks(execute=True):
            sent = {"amount": amount, "reference": reference}
            return Api(staff)(RECEIVE, id=order["id"], key=key, input=sent)["paymentReceive"]

    return note


def states():
    order = Order.objects.select_related("payment").get()
    return order.status, order.payment_status, order.payment.state


def log():
    return [each for each in _types() if not each.startswith("order.document")]


def _types():
    return Event.objects.order_by("occurred_at", "seq").values_list("type", flat=True)


def codes(payload):
    return [(error["code"], error["field"]) for error in payload["userErrors"]]


def move(staff, mutation, order, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        (payload,) = Api(staff)(MOVE.format(mutation), id=order["id"]).values()
    return [error["message"] for error in payload["userErrors"]] or payload["order"]["status"]


# ── Choosing ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_everybody_sees_the_ways_to_pay(guest, settings):
    settings.BANK_TRANSFER_INSTRUCTIONS = "Transfer to DE00 and name the order."

    shown = guest(GATEWAYS)["paymentGateways"]

    assert shown == [
        {"name": "sandbox", "title": "Test card", "kind": "CARD", "token": None, "instructions": None},
        {
            "name": "manual",
            "title": "Bank transfer",
            "kind": "BANK_TRANSFER",
            "token": "bank_transfer",
            "instructions": "Transfer to DE00 and name the order.",
        },
        {
            "name": "manual",
            "title": "Cash on delivery",
            "kind": "CASH_ON_DELIVERY",
            "token": "cash_on_delivery",
            "instructions": None,
        },
    ]


def test_a_shop_without_manual_payments_does_not_offer_them(guest, variant, settings):
    settings.PAYMENT_GATEWAYS = {"sandbox": settings.PAYMENT_GATEWAYS["sandbox"]}

    assert [gateway["name"] for gateway in guest(GATEWAYS)["paymentGateways"]] == ["sandbox"]
    refused = checkout(guest, cart_with(guest, (gid(variant), 1))["id"], payment=TRANSFER)
    assert codes(refused) == [("GATEWAY_UNKNOWN", ["input", "payment", "gateway"])]


def test_another_way_to_pay_is_declined(guest, variant):
    payload = checkout(
        guest, cart_with(guest, (gid(variant), 2))["id"], payment={"gateway": "manual", "token": "cheque"}
    )

    assert codes(payload) == [("PAYMENT_DECLINED", ["input", "payment", "token"])]
    assert states() == ("CANCELLED", "FAILED", "DECLINED")
    assert "bank_transfer" in Event.objects.get(type="order.payment_declined").payload["reason"]
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10


# ── A bank transfer ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_order_waits_for_its_transfer(transfer, staff, variant, django_capture_on_commit_callbacks):
    assert (transfer["status"], transfer["paymentStatus"]) == ("PENDING", "UNPAID")
    assert states() == ("PENDING", "UNPAID", "AWAITED")
    assert log() == ["order.placed"]
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 8
    for mutation in ("orderConfirm(id: $id)", "orderFulfill(id: $id)"):
        refusals = move(staff, mutation, transfer, django_capture_on_commit_callbacks)
        assert isinstance(refusals, list), mutation
    Payment.objects.update(updated_at=F("updated_at") - timedelta(hours=1))
    assert tasks.settle_open_payments() == 0
    assert states() == ("PENDING", "UNPAID", "AWAITED")


def test_the_order_goes_on_when_the_money_is_there(transfer, receive, staff, django_capture_on_commit_callbacks):
    payload = receive(transfer)

    assert payload["userErrors"] == []
    assert payload["payment"]["captured"] == {"amount": "44.90"}
    assert payload["payment"]["reference"] == "Statement 7"
    assert payload["order"] == {"status": "CONFIRMED", "paymentStatus": "PAID"}
    assert states() == ("CONFIRMED", "PAID", "CAPTURED")
    assert log() == ["order.placed", "order.paid", "order.confirmed"]
    assert Event.objects.get(type="order.confirmed").payload["cause"] == "payment"  # nobody had to look at it
    assert move(staff, "orderFulfill(id: $id)", transfer, django_capture_on_commit_callbacks) == "SHIPPED"


def test_it_asks_for_its_approval_first(receive, guest, variant, policy):
    policy.threshold_amount = 10
    policy.save()
    order = order_of(guest, (gid(variant), 2), payment=TRANSFER)
    assert order["status"] == "PENDING"

    assert receive(order)["order"] == {"status": "AWAITING_APPROVAL", "paymentStatus": "PAID"}


@pytest.mark.parametrize("amount", ["44.89", "44.91", "0", "-44.90", "NaN", "1E+9000"])
def test_another_amount_is_refused(transfer, receive, amount):
    payload = receive(transfer, amount)

    assert codes(payload) == [("AMOUNT_INVALID", ["input", "amount"])]
    assert payload["userErrors"][0]["message"].startswith("The order owes 44.90 EUR.")
    assert states() == ("PENDING", "UNPAID", "AWAITED")
    assert log() == ["order.placed"]


def test_a_reference_nobody_can_read_is_refused(transfer, receive):
    assert codes(receive(transfer, reference="a\0b")) == [("INVALID", ["input", "reference"])]
    assert codes(receive(transfer, reference="x" * 256)) == [("INVALID", ["input", "reference"])]


def test_money_is_noted_once(transfer, receive):
    first = receive(transfer)["payment"]

    again = receive(transfer)
    other = receive(transfer, key="2")
    conflict = receive(transfer, reference="Statement 8")

    assert (again["payment"], again["userErrors"]) == (first, [])
    assert codes(other) == [("ACTION_NOT_ALLOWED", ["orderId"])]
    assert codes(conflict) == [("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])]
    assert log().count("order.paid") == 1


def test_only_staff_note_money(transfer, customer):
    sent = {"id": transfer["id"], "key": "1", "input": {"amount": "44.90"}}

    assert Api().code(RECEIVE, **sent) == "UNAUTHENTICATED"
    assert Api(customer).code(RECEIVE, **sent) == "FORBIDDEN"
    assert states() == ("PENDING", "UNPAID", "AWAITED")


def test_a_card_payment_is_not_noted(guest, variant, receive):
    order = order_of(guest, (gid(variant), 2))

    assert codes(receive(order)) == [("ACTION_NOT_ALLOWED", ["orderId"])]


def test_an_order_that_waits_for_its_transfer_can_be_cancelled(
    transfer, guest, receive, variant, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert guest(CANCEL, id=transfer["id"], t=transfer["guestToken"])["orderCancel"] == {"userErrors": []}

    assert states() == ("CANCELLED", "UNPAID", "VOIDED")
    assert log() == ["order.placed", "order.cancelled"]
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10
    assert codes(receive(transfer)) == [("ACTION_NOT_ALLOWED", ["orderId"])]


def test_a_transfer_that_never_comes_ends_the_order(transfer, variant, django_capture_on_commit_callbacks):
    Payment.objects.update(
        created_at=F("created_at") - timedelta(days=15), updated_at=F("updated_at") - timedelta(days=15)
    )

    with django_capture_on_commit_callbacks(execute=True):
        assert tasks.settle_open_payments() == 1

    assert states() == ("CANCELLED", "UNPAID", "VOIDED")
    assert Event.objects.get(type="order.cancelled").payload["reason"] == "The payment did not arrive within 14 days."
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10


def test_what_was_transferred_is_given_back_when_the_order_is_cancelled(
    transfer, receive, staff, guest, django_capture_on_commit_callbacks
):
    receive(transfer)

    with django_capture_on_commit_callbacks(execute=True):
        assert guest(CANCEL, id=transfer["id"], t=transfer["guestToken"])["orderCancel"] == {"userErrors": []}

    assert states() == ("CANCELLED", "REFUNDED", "REFUNDED")
    assert Event.objects.get(type="order.refunded").payload["amount"] == "44.90"


def test_a_buyer_whose_transfer_came_is_not_told_that_nothing_was_charged(
    policy, approver, customer, variant, receive, django_capture_on_commit_callbacks
):
    policy.threshold_amount = 10
    policy.save()
    order = order_of(Api(customer), (gid(variant), 2), payment=TRANSFER)
    assert receive(order)["order"] == {"status": "AWAITING_APPROVAL", "paymentStatus": "PAID"}

    with django_capture_on_commit_callbacks(execute=True):
        request = gid(ApprovalRequest.objects.get())
        assert Api(approver)(REJECT, id=request)["approvalRequestReject"] == {"userErrors": []}

    assert states() == ("REJECTED", "REFUNDED", "REFUNDED")
    told = [edge["node"] for edge in Api(customer)(INBOX)["notifications"]["edges"]]
    assert {each["type"]: each["body"] for each in told if each["type"] in LOOKED_AT} == {
        "order.awaiting_approval": "An order of this size is looked at by a person first. You hear what was decided.",
        "order.rejected": "What was charged is given back. Reason: Too dear",
    }


# ── Cash on delivery ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_is_paid_at_the_door_goes_ahead_unpaid(cash, staff, receive, django_capture_on_commit_callbacks):
    assert (cash["status"], cash["paymentStatus"]) == ("CONFIRMED", "UNPAID")
    assert states() == ("CONFIRMED", "UNPAID", "AWAITED")

    assert move(staff, "orderFulfill(id: $id)", cash, django_capture_on_commit_callbacks) == "SHIPPED"
    assert move(staff, "orderDeliver(id: $id)", cash, django_capture_on_commit_callbacks) == "DELIVERED"
    assert states() == ("DELIVERED", "UNPAID", "AWAITED")

    assert receive(cash)["order"] == {"status": "DELIVERED", "paymentStatus": "PAID"}
    assert log() == ["order.placed", "order.confirmed", "order.shipped", "order.delivered", "order.paid"]


def test_where_nothing_travels_there_is_no_door_to_pay_at(guest, staff, receive):
    order = order_of(guest, (gid(make_variant(is_digital=True, price="3.00")), 1), payment=CASH)

    assert (order["status"], states()) == ("PENDING", ("PENDING", "UNPAID", "AWAITED"))
    refused = Api(staff)(MOVE.format("orderFulfill(id: $id)"), id=order["id"])["orderFulfill"]
    assert [error["code"] for error in refused["userErrors"]] == ["ACTION_NOT_ALLOWED"]
    assert not Fulfillment.objects.exists()
    assert receive(order, "3.00")["order"] == {"status": "CONFIRMED", "paymentStatus": "PAID"}


def test_cash_is_not_expected_within_a_time(cash):
    Payment.objects.update(
        created_at=F("created_at") - timedelta(days=60), updated_at=F("updated_at") - timedelta(days=60)
    )

    assert tasks.settle_open_payments() == 0
    assert states() == ("CONFIRMED", "UNPAID", "AWAITED")


def test_a_large_order_is_approved_before_it_goes_to_the_door(guest, variant, policy):
    policy.threshold_amount = 10
    policy.save()

    assert order_of(guest, (gid(variant), 2), payment=CASH)["status"] == "AWAITING_APPROVAL"


# ── Placed by anybody, for anybody ───────────────────────────────────────────────────────────────────────────────────
def test_a_checkout_that_is_refused_does_not_count_as_an_unpaid_order(guest, variant):
    sent = {"email": "ada@example.com", "shippingAddress": ADDRESS, "payment": TRANSFER}
    cart = cart_with(guest, (gid(variant), 1))["id"]
    for number in range(12):
        refused = guest(CHECKOUT, cartId=cart, key=f"{number}", input=sent | {"expectedTotal": "1.00"})
        assert codes(refused["checkoutComplete"]) == [("PRICE_CHANGED", ["input", "expectedTotal"])]

    assert guest(CHECKOUT, cartId=cart, key="right", input=sent)["checkoutComplete"]["userErrors"] == []


def test_an_address_is_written_to_of_so_many_unpaid_orders(guest, variant):
    StockLevel.objects.update(on_hand=100)
    for _ in range(10):
        order_of(guest, (gid(variant), 1), payment=TRANSFER, email="victim@example.com")
    cart = cart_with(guest, (gid(variant), 1))["id"]

    sent = {"email": " Victim@Example.com", "shippingAddress": ADDRESS, "payment": CASH}
    assert guest.code(CHECKOUT, cartId=cart, key="one more", input=sent) == "RATE_LIMITED"
    assert (Order.objects.count(), StockLevel.objects.get(pk=variant.pk).on_hand) == (10, 90)
    assert checkout(guest, cart, email="victim@example.com")["userErrors"] == []
    others = cart_with(guest, (gid(variant), 1))["id"]
    assert checkout(guest, others, payment=TRANSFER, email="other@example.com")["userErrors"] == []


def test_the_same_call_again_is_no_other_order(guest, variant):
    cart = cart_with(guest, (gid(variant), 1))["id"]

    answers = [checkout(guest, cart, key="same", payment=TRANSFER)["order"]["id"] for _ in range(12)]

    assert len(set(answers)) == 1
