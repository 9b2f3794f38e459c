"""Approvals: which orders wait, who decides, and what follows."""

import asyncio
from decimal import Decimal
from functools import partial

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import Group
from strawberry.relay.utils import to_base64

from catalog.models import StockLevel
from notifications.models import Event, Notification
from ordering.models import Order
from tests.conftest import Api, gid, make_user, make_variant, socket
from tests.shopping import order_of
from workflows import services
from workflows.models import ApprovalDecision, ApprovalPolicy, ApprovalRequest

REQUEST = "approvalRequest { id status summary decisions { comment status decidedBy { email } } }"
APPROVE = f"""mutation($id: ID!, $comment: String! = "") {{ approvalRequestApprove(id: $id, comment: $comment) {{
  {REQUEST} userErrors {{ code field }} }} }}"""
REJECT = f"""mutation($id: ID!, $reason: String! = "Too dear") {{ approvalRequestReject(id: $id, reason: $reason) {{
  {REQUEST} userErrors {{ code field }} }} }}"""
REQUESTS = """query($filters: ApprovalRequestFilters) { approvalRequests(filters: $filters) {
  totalCount edges { node { id status } } } }"""
CANCEL = """mutation($id: ID!, $t: String) { orderCancel(id: $id, reason: "No", guestToken: $t) {
  order { status } userErrors { code } } }"""
FULFIL = "mutation($id: ID!) { orderFulfill(id: $id) { order { id } userErrors { code } } }"
ADDED = "subscription { approvalRequestAdded { status summary group subject { id } requestedBy { email } } }"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _free_shipping(shipping):
    type(shipping).objects.update(price_amount=0)


@pytest.fixture
def decider(approver):
    return Api(approver)


@pytest.fixture
def order(policy, customer):
    """Two things of 300.00: over the threshold of 500.00."""
    return order_of(Api(customer), (gid(make_variant(price="300.00", stock=10)), 2))


@pytest.fixture
def request_(order):
    return gid(ApprovalRequest.objects.get())


@pytest.fixture
def delivered(django_capture_on_commit_callbacks):
    """Runs a request with everything that follows after the commit."""

    def run(api, document, **variables):
        with django_capture_on_commit_callbacks(execute=True):
            return api(document, **variables)

    return run


def approve(api, id, **variables):
    return api(APPROVE, id=id, **variables)["approvalRequestApprove"]


def reject(api, id, **variables):
    return api(REJECT, id=id, **variables)["approvalRequestReject"]


def refusal(payload):
    assert payload["approvalRequest"] is None
    (error,) = payload["userErrors"]
    return error["code"], error["field"]


def listed(api, filters=None):
    found = api(REQUESTS, filters=filters)["approvalRequests"]
    ids = [edge["node"]["id"] for edge in found["edges"]]
    assert found["totalCount"] == len(ids)
    return ids


def in_tables():
    return (
        sorted(Order.objects.values_list("number", "status", "payment_status")),
        sorted(ApprovalRequest.objects.values_list("pk", "status")),
        ApprovalDecision.objects.count(),
        Event.objects.count(),
        sorted(StockLevel.objects.values_list("pk", "on_hand")),
    )


# ── Which orders wait ────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("price", "status", "payment"),
    [
        ("499.99", "CONFIRMED", "PAID"),
        ("500.00", "CONFIRMED", "PAID"),
        ("500.01", "AWAITING_APPROVAL", "AUTHORIZED"),
        ("600.00", "AWAITING_APPROVAL", "AUTHORIZED"),
    ],
)
def test_orders_over_the_threshold_wait_and_are_not_charged(policy, guest, price, status, payment):
    order = order_of(guest, (gid(make_variant(price=price)), 1))

    assert (order["status"], order["paymentStatus"]) == (status, payment)
    assert ApprovalRequest.objects.count() == (status == "AWAITING_APPROVAL")


def test_shipping_counts_towards_the_total(policy, shipping, guest):
    type(shipping).objects.update(price_amount=Decimal("4.90"))

    order = order_of(guest, (gid(make_variant(price="495.11")), 1))

    assert (order["total"]["amount"], order["status"]) == ("500.01", "AWAITING_APPROVAL")


def test_a_policy_that_is_switched_off_holds_nothing_up(policy, guest):
    ApprovalPolicy.objects.update(is_active=False)

    assert order_of(guest, (gid(make_variant(price="900.00")), 1))["status"] == "CONFIRMED"
    assert ApprovalRequest.objects.count() == 0


def test_a_policy_of_another_currency_holds_nothing_up(policy, guest):
    ApprovalPolicy.objects.update(currency="USD")

    assert order_of(guest, (gid(make_variant(price="900.00")), 1))["status"] == "CONFIRMED"


def test_the_request_says_what_and_why_and_the_group_is_told(policy, approver, customer, delivered):
    variant = make_variant(price="600.00")
    other = make_user("gone@example.com", roles=("Approvers",), is_active=False)

    order = order_of(partial(delivered, Api(customer)), (gid(variant), 1))

    summary = f"Order {order['number']} of 600.00 EUR is over 500.00 EUR"
    assert ApprovalRequest.objects.get().summary == summary
    opened = Event.objects.get(type="approval_request.opened")
    assert (opened.seq, opened.payload) == (1, {"number": order["number"], "summary": summary})
    assert Notification.objects.filter(event=opened, user=approver).count() == 1
    assert not Notification.objects.filter(user=other).exists()


def test_an_order_whose_payment_was_in_review_waits_as_well(policy, guest, staff):
    order = order_of(guest, (gid(make_variant(price="600.00")), 1), payment={"token": "tok_review"})
    assert ApprovalRequest.objects.count() == 0
    confirm = "mutation($id: ID!) { orderConfirm(id: $id) { order { status paymentStatus } } }"

    confirmed = Api(staff)(confirm, id=order["id"])["orderConfirm"]["order"]

    assert confirmed == {"status": "AWAITING_APPROVAL", "paymentStatus": "AUTHORIZED"}
    assert ApprovalRequest.objects.count() == 1


def test_nothing_is_shipped_or_collected_while_undecided(order, staff):
    shipped = Api(staff)(FULFIL, id=order["id"])["orderFulfill"]

    assert shipped == {"order": None, "userErrors": [{"code": "ACTION_NOT_ALLOWED"}]}
    assert Order.objects.get().payment_status == "AUTHORIZED"
    assert not Event.objects.filter(type="order.paid").exists()


# ── Deciding ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_approved_order_goes_ahead_and_is_charged(order, request_, decider, delivered):
    payload = delivered(decider, APPROVE, id=request_, comment="  Fine ")["approvalRequestApprove"]

    assert payload["userErrors"] == []
    assert payload["approvalRequest"]["status"] == "APPROVED"
    assert payload["approvalRequest"]["decisions"] == [
        {"comment": "Fine", "status": "APPROVED", "decidedBy": {"email": "approver@example.com"}}
    ]
    approved = Order.objects.get()
    assert (approved.status, approved.payment_status) == ("CONFIRMED", "PAID")
    assert list(approved.events.order_by("seq").values_list("type", flat=True)) == [
        "order.placed",
        "order.awaiting_approval",
        "order.confirmed",
        "order.paid",
        "order.document_issued",
    ]


def test_a_rejected_order_ends_and_stock_and_money_are_free_again(order, request_, decider, delivered):
    assert StockLevel.objects.get().on_hand == 8

    payload = delivered(decider, REJECT, id=request_, reason=" Too dear ")["approvalRequestReject"]

    assert payload["userErrors"] == []
    assert payload["approvalRequest"]["status"] == "REJECTED"
    rejected = Order.objects.get()
    assert (rejected.status, rejected.payment_status, rejected.payment.state) == ("REJECTED", "UNPAID", "VOIDED")
    assert StockLevel.objects.get().on_hand == 10
    assert rejected.events.get(type="order.rejected").payload["reason"] == "Too dear"
    assert rejected.events.filter(type="order.payment_released").count() == 1
    assert not rejected.events.filter(type="order.paid").exists()


@pytest.fixture
def second_policy(policy):
    group = Group.objects.create(name="Board")
    return ApprovalPolicy.objects.create(
        name="Very large orders", group=group, currency="EUR", threshold_amount=Decimal("550.00")
    )


def test_two_policies_need_a_yes_of_each(second_policy, order, decider):
    board = Api(make_user("board@example.com", roles=("Board",)))
    first, second = (gid(ApprovalRequest.objects.get(group__name=name)) for name in ("Approvers", "Board"))

    assert refusal(approve(decider, second)) == ("NOT_FOUND", ["id"])
    assert approve(decider, first)["userErrors"] == []
    assert Order.objects.get().status == "AWAITING_APPROVAL"
    assert approve(board, second)["userErrors"] == []
    assert Order.objects.get().status == "CONFIRMED"


def test_one_no_ends_the_order_and_withdraws_the_other_question(second_policy, order, decider):
    board = Api(make_user("board@example.com", roles=("Board",)))
    first, second = (gid(ApprovalRequest.objects.get(group__name=name)) for name in ("Approvers", "Board"))
    assert approve(decider, first)["userErrors"] == []

    assert reject(board, second)["userErrors"] == []

    assert Order.objects.get().status == "REJECTED"
    statuses = dict(ApprovalRequest.objects.values_list("group__name", "status"))
    assert statuses == {"Approvers": "APPROVED", "Board": "REJECTED"}


def test_the_first_no_withdraws_what_is_still_undecided(second_policy, order, decider):
    board = Api(make_user("board@example.com", roles=("Board",)))
    first, second = (gid(ApprovalRequest.objects.get(group__name=name)) for name in ("Approvers", "Board"))

    assert reject(decider, first)["userErrors"] == []

    assert ApprovalRequest.objects.get(group__name="Board").status == "CANCELLED"
    assert refusal(approve(board, second)) == ("ALREADY_DECIDED", ["id"])
    assert Order.objects.get().status == "REJECTED"


@pytest.mark.parametrize("decide", [approve, reject])
def test_nobody_decides_their_own_order(policy, approver, decider, decide):
    order_of(decider, (gid(make_variant(price="600.00")), 1))
    request = gid(ApprovalRequest.objects.get())
    before = in_tables()

    assert refusal(decide(decider, request)) == ("OWN_REQUEST", ["id"])
    assert in_tables() == before


@pytest.mark.parametrize("email", ["approver@example.com", "Approver@Example.COM"])
def test_nobody_decides_what_they_ordered_as_a_guest(policy, approver, decider, guest, email):
    order_of(guest, (gid(make_variant(price="600.00")), 1), email=email)
    request = gid(ApprovalRequest.objects.get())
    before = in_tables()

    assert refusal(approve(decider, request)) == ("OWN_REQUEST", ["id"])
    assert refusal(reject(decider, request)) == ("OWN_REQUEST", ["id"])
    assert in_tables() == before


def test_what_one_ordered_as_a_guest_does_not_wait_for_oneself(policy, approver, decider, guest):
    order_of(guest, (gid(make_variant(price="600.00")), 1), email="Approver@example.com")
    request = gid(ApprovalRequest.objects.get())
    colleague = Api(make_user(roles=("Approvers",)))

    assert listed(decider, {"waitingForMe": True}) == []
    assert listed(colleague, {"waitingForMe": True}) == [request]


@pytest.mark.parametrize("decide", [approve, reject])
def test_who_is_not_a_member_finds_no_such_request(order, request_, staff, decide):
    before = in_tables()

    for stranger in (Api(make_user()), Api(staff), Api(make_user(roles=("Board",)))):
        assert refusal(decide(stranger, request_)) == ("NOT_FOUND", ["id"])
    assert in_tables() == before


def test_deciding_needs_an_account_and_a_requests_id(order, request_, guest, decider):
    assert guest.code(APPROVE, id=request_) == "UNAUTHENTICATED"
    assert guest.code(REJECT, id=request_) == "UNAUTHENTICATED"
    assert decider.code(APPROVE, id=order["id"]) == "BAD_USER_INPUT"
    unknown = to_base64("ApprovalRequest", "00000000-0000-4000-8000-000000000000")
    assert refusal(approve(decider, unknown)) == ("NOT_FOUND", ["id"])


@pytest.mark.parametrize("first", [approve, reject])
@pytest.mark.parametrize("second", [approve, reject])
def test_a_request_is_decided_once(order, request_, decider, first, second):
    assert first(decider, request_)["userErrors"] == []
    before = in_tables()

    for api in (decider, Api(make_user(roles=("Approvers",)))):
        assert refusal(second(api, request_)) == ("ALREADY_DECIDED", ["id"])
    assert in_tables()[:4] == before[:4]


def test_a_member_who_was_taken_out_of_the_group_decides_nothing(order, request_, approver, decider):
    approver.groups.clear()

    assert refusal(approve(decider, request_)) == ("NOT_FOUND", ["id"])


@pytest.mark.parametrize("comment", ["x" * 2001, "a\0b"])
def test_a_comment_that_cannot_be_kept_is_refused(order, request_, decider, comment):
    before = in_tables()

    assert refusal(approve(decider, request_, comment=comment)) == ("INVALID", ["comment"])
    assert refusal(reject(decider, request_, reason=comment)) == ("INVALID", ["reason"])
    assert in_tables() == before


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_no_needs_a_reason(order, request_, decider, reason):
    before = in_tables()

    assert refusal(reject(decider, request_, reason=reason)) == ("REQUIRED", ["reason"])
    assert in_tables() == before


# ── When the order ends meanwhile ────────────────────────────────────────────────────────────────────────────────────
def test_a_cancelled_order_withdraws_its_requests(order, request_, customer, decider, delivered):
    assert delivered(Api(customer), CANCEL, id=order["id"])["orderCancel"]["userErrors"] == []

    assert ApprovalRequest.objects.get().status == "CANCELLED"
    cancelled = Order.objects.get()
    assert (cancelled.status, cancelled.payment_status, cancelled.payment.state) == ("CANCELLED", "UNPAID", "VOIDED")
    assert StockLevel.objects.get().on_hand == 10
    assert Event.objects.filter(type="approval_request.cancelled").count() == 1
    assert refusal(approve(decider, request_)) == ("ALREADY_DECIDED", ["id"])
    assert listed(decider, {"waitingForMe": True}) == []


def test_an_order_cancelled_a_moment_ago_cannot_be_approved_any_more(order, request_, customer, decider):
    Api(customer)(CANCEL, id=order["id"])
    assert ApprovalRequest.objects.get().status == "PENDING", "the news is still on its way"
    before = in_tables()

    assert refusal(approve(decider, request_)) == ("ALREADY_DECIDED", ["id"])
    assert refusal(reject(decider, request_)) == ("ALREADY_DECIDED", ["id"])
    assert in_tables() == before


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_requests_are_seen_by_their_group_and_by_who_asked(order, request_, customer, decider, guest, staff):
    assert listed(decider) == listed(Api(customer)) == [request_]
    assert listed(Api(make_user())) == listed(Api(staff)) == []
    assert guest.code(REQUESTS) == "UNAUTHENTICATED"


def test_every_filter_of_the_list(policy, approver, decider, customer):
    variant = gid(make_variant(price="600.00"))
    requests = []
    for api in (Api(customer), Api(customer), decider):
        order_of(api, (variant, 1))
        requests.append(gid(ApprovalRequest.objects.latest("requested_at")))
    decided, waiting, own = requests
    approve(decider, decided)

    assert listed(decider) == [own, waiting, decided]
    assert listed(decider, {"status": "PENDING"}) == [own, waiting]
    assert listed(decider, {"status": "APPROVED"}) == [decided]
    assert listed(decider, {"waitingForMe": True}) == [waiting]
    assert listed(decider, {"waitingForMe": False}) == [own, decided]
    assert listed(decider, {"requestedByMe": True}) == [own]
    assert listed(decider, {"requestedByMe": False}) == [waiting, decided]
    assert listed(Api(customer), {"requestedByMe": True}) == [waiting, decided]
    assert listed(Api(customer), {"waitingForMe": True}) == []
    assert decider.code(REQUESTS, filters={"status": "LOST"}) == "BAD_USER_INPUT"


def test_an_order_shows_its_requests(order, request_, customer):
    query = "query($id: ID!) { order(id: $id) { approvalRequests { id group status requestedBy { email } } } }"

    assert Api(customer)(query, id=order["id"])["order"]["approvalRequests"] == [
        {"id": request_, "group": "Approvers", "status": "PENDING", "requestedBy": {"email": "customer@example.com"}}
    ]


def test_requests_that_missed_the_end_of_their_order_are_withdrawn_later(order, request_, customer):
    Api(customer)(CANCEL, id=order["id"])
    assert ApprovalRequest.objects.get().status == "PENDING", "the news was lost"

    assert (services.withdraw_moot(), services.withdraw_moot()) == (1, 0)

    assert ApprovalRequest.objects.get().status == "CANCELLED"


# ── Live ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db(transaction=True)
async def test_new_requests_reach_the_group_live(policy, approver, customer):
    @database_sync_to_async
    def buy(price):
        return order_of(Api(customer), (gid(make_variant(price=price)), 1))

    await buy("700.00")  # before anybody listened: not news
    async with socket(approver) as client:
        coming = asyncio.ensure_future(anext(client.subscribe(ADDED)))
        await asyncio.sleep(0.3)
        assert not coming.done()
        order = await buy("600.00")
        result = await coming

    assert result.data["approvalRequestAdded"] == {
        "status": "PENDING",
        "summary": f"Order {order['number']} of 600.00 EUR is over 500.00 EUR",
        "group": "Approvers",
        "subject": {"id": order["id"]},
        "requestedBy": {"email": "customer@example.com"},
    }


@pytest.mark.django_db(transaction=True)
async def test_requests_of_other_groups_are_not_heard_and_guests_hear_nothing(policy, customer):
    @database_sync_to_async
    def prepare():
        return make_user("board@example.com", roles=("Board",))

    @database_sync_to_async
    def buy():
        return order_of(Api(customer), (gid(make_variant(price="600.00")), 1))

    async with socket(await prepare()) as client:
        coming = asyncio.ensure_future(anext(client.subscribe(ADDED)))
        await asyncio.sleep(0.3)
        await buy()
        await asyncio.sleep(0.3)
        assert not coming.done()
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
    async with socket(None) as client:
        refused = await anext(client.subscribe(ADDED))
        assert refused.errors[0].extensions["code"] == "UNAUTHENTICATED"
