"""The history of an order: every change of it, who made it and what brought it about."""

from itertools import pairwise

import pytest

from ordering import services
from ordering.gateways import Outcome
from ordering.models import Order
from tests.conftest import Api, gid, make_variant
from tests.shopping import order_of
from workflows.models import ApprovalRequest
from workflows.services import approve, reject

pytestmark = pytest.mark.django_db

HISTORY = """query($id: ID!, $t: String) { order(id: $id, guestToken: $t) { events(first: 50) { edges { node {
  type actorKind actor { email } cause message } } } } }"""
QUIET = {"order.document_issued"}


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=1000)


def history(api, order):
    """(type, actor's kind, actor's e-mail or None, cause) of every event but those of documents."""
    edges = api(HISTORY, id=order["id"], t=order.get("guestToken"))["order"]["events"]["edges"]
    nodes = [edge["node"] for edge in edges if edge["node"]["type"] not in QUIET]
    assert all(node["message"] for node in nodes)
    return [
        (
            node["type"].removeprefix("order."),
            node["actorKind"],
            node["actor"] and node["actor"]["email"],
            node["cause"],
        )
        for node in nodes
    ]


def moved(api, order, *mutations):
    for mutation in mutations:
        document = f"mutation($id: ID!, $t: String) {{ {mutation} {{ userErrors {{ code }} }} }}"
        variables = {"id": order["id"]} | ({"t": order["guestToken"]} if "$t" in mutation else {})
        if "$t" not in mutation:
            document = document.replace(", $t: String", "")
        (payload,) = api(document, **variables).values()
        assert payload["userErrors"] == [], mutation


def test_staff_read_who_did_what_and_why(customer, staff, variant):
    order = order_of(Api(customer), (gid(variant), 1))
    moved(
        Api(staff),
        order,
        'orderHold(id: $id, reason: "Unclear address")',
        "orderRelease(id: $id)",
        "orderProcess(id: $id)",
        "orderFulfill(id: $id)",
        "orderDeliver(id: $id)",
    )

    assert history(Api(staff), order) == [
        ("placed", "CUSTOMER", customer.email, "checkout"),
        ("confirmed", "SYSTEM", None, "payment"),
        ("paid", "SYSTEM", None, "payment"),
        ("held", "STAFF", staff.email, "Unclear address"),
        ("released", "STAFF", staff.email, None),
        ("processing_started", "STAFF", staff.email, "fulfilment"),
        ("shipped", "STAFF", staff.email, "fulfilment"),
        ("delivered", "STAFF", staff.email, "fulfilment"),
    ]


def test_a_buyer_reads_which_kind_of_person_did_it_and_no_name(customer, staff, variant):
    order = order_of(Api(customer), (gid(variant), 1))
    moved(Api(staff), order, 'orderHold(id: $id, reason: "Unclear address")')

    assert history(Api(customer), order) == [
        ("placed", "CUSTOMER", None, "checkout"),
        ("confirmed", "SYSTEM", None, "payment"),
        ("paid", "SYSTEM", None, "payment"),
        ("held", "STAFF", None, "Unclear address"),
    ]


def test_a_guest_is_a_customer(guest, staff, variant):
    order = order_of(guest, (gid(variant), 1))
    moved(guest, order, 'orderCancel(id: $id, reason: "Ordered twice", guestToken: $t)')

    for api in (guest, Api(staff)):
        told = [event for event in history(api, order) if event[1] == "CUSTOMER"]
        assert told == [
            ("placed", "CUSTOMER", None, "checkout"),
            ("cancelled", "CUSTOMER", None, "Ordered twice"),
        ]


def test_an_order_whose_payment_was_in_review_says_so(guest, staff, variant):
    order = order_of(guest, (gid(variant), 1), payment={"token": "tok_review"})
    moved(Api(staff), order, "orderConfirm(id: $id)")

    told = history(Api(staff), order)

    assert [event[0] for event in told][:2] == ["placed", "payment_in_review"]
    assert ("confirmed", "STAFF", staff.email, "review") in told


def test_an_approved_order_says_by_whom(customer, approver, staff, variant):
    order = order_of(Api(customer), (gid(variant), 40))
    approve(request_id=ApprovalRequest.objects.get().pk, actor=approver, comment="")

    assert history(Api(staff), order)[:3] == [
        ("placed", "CUSTOMER", customer.email, "checkout"),
        ("awaiting_approval", "SYSTEM", None, "approval"),
        ("confirmed", "STAFF", approver.email, "approval"),
    ]


def test_a_rejected_order_says_why(guest, approver, staff, variant):
    order = order_of(guest, (gid(variant), 40))
    reject(request_id=ApprovalRequest.objects.get().pk, actor=approver, reason="Too much at once")

    assert ("rejected", "STAFF", approver.email, "Too much at once") in history(Api(staff), order)
    assert ("rejected", "STAFF", None, "Too much at once") in history(guest, order)


def test_every_move_leaves_an_event(customer, staff, variant):
    """Whatever changed the status has been told: the last status is that of the last event which says one."""
    order = order_of(Api(customer), (gid(variant), 1))
    row = Order.objects.get()
    counted = [row.events.count()]
    for move in (
        lambda: services.process(order_id=row.pk, actor=staff),
        lambda: services.hold(order_id=row.pk, reason="x", actor=staff),
        lambda: services.release(order_id=row.pk, actor=staff),
        lambda: services.cancel(order_id=row.pk, reason="x", actor=staff),
    ):
        move()
        counted.append(row.events.count())

    assert [after - before for before, after in pairwise(counted)] == [1, 1, 1, 1]
    assert [event.seq for event in row.events.order_by("seq")] == list(range(1, counted[-1] + 1))
    assert order["number"] == row.number


def test_histories_are_read_of_one_order_at_a_time(customer, variant):
    order_of(Api(customer), (gid(variant), 1))

    assert Api(customer).code("{ orders { edges { node { events { totalCount } } } } }") == "QUERY_TOO_EXPENSIVE"


def test_what_a_payment_service_says_of_a_refund_is_for_staff(
    bank, customer, staff, variant, django_capture_on_commit_callbacks
):
    bank.outcomes["refund"] = Outcome.DECLINED
    order = order_of(Api(customer), (gid(variant), 1), payment={"gateway": "bank", "token": "card"})
    wanted = services.RefundRequest(reason="Broken")
    with django_capture_on_commit_callbacks(execute=True):
        services.refund_create(order_id=Order.objects.get().pk, idempotency_key="1", request=wanted, actor=staff)
    document = """query($id: ID!) { order(id: $id) { events(first: 50) { edges { node { type cause payload } } } } }"""

    refusal, seen = "Insufficient funds.", {}
    for who, api in (("buyer", Api(customer)), ("staff", Api(staff))):
        nodes = [edge["node"] for edge in api(document, id=order["id"])["order"]["events"]["edges"]]
        (failed,) = [node for node in nodes if node["type"] == "order.refund_failed"]
        seen[who] = (failed["cause"], failed["payload"].get("reason"), failed["payload"]["amount"])

    assert seen == {"buyer": ("refund", None, "24.90"), "staff": (refusal, refusal, "24.90")}
