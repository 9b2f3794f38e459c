"""Goods that come back: who may ask, what can come back, every way from one status to another."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from strawberry.relay.utils import from_base64, to_base64

from accounts.models import User
from catalog.models import StockLevel, StockMovement
from notifications.models import Event
from ordering.errors import OrderError
from ordering.models import (
    RETURN_TRANSITIONS,
    Fulfillment,
    Order,
    OrderLine,
    Payment,
    Refund,
    Return,
    ReturnLine,
    ReturnStatus,
)
from ordering.services import privacy, returning
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import order_of

pytestmark = pytest.mark.django_db

RETURN = """return { id status note decisionNote refund { state amount { amount currency } }
  lines { id quantity reason restocked orderLine { sku } } allowedActions { action isAllowed } }
  userErrors { code field message }"""
REQUEST = f"""mutation($id: ID!, $key: String!, $input: ReturnRequestInput!, $token: String) {{
  returnRequest(orderId: $id, idempotencyKey: $key, input: $input, guestToken: $token) {{ {RETURN} }} }}"""
APPROVE = f"mutation($id: ID!, $note: String) {{ returnApprove(id: $id, note: $note) {{ {RETURN} }} }}"
REJECT = f"mutation($id: ID!, $note: String!) {{ returnReject(id: $id, note: $note) {{ {RETURN} }} }}"
CANCEL = f"mutation($id: ID!, $token: String) {{ returnCancel(id: $id, guestToken: $token) {{ {RETURN} }} }}"
CLOSE = f"mutation($id: ID!, $note: String!) {{ returnClose(id: $id, note: $note) {{ {RETURN} }} }}"
RECEIVE = f"""mutation($id: ID!, $key: String!, $lines: [ReturnReceiveLineInput!]) {{
  returnReceive(id: $id, idempotencyKey: $key, lines: $lines) {{ {RETURN} }} }}"""
REFUND = f"""mutation($id: ID!, $key: String!, $amount: Decimal) {{
  returnRefund(id: $id, idempotencyKey: $key, amount: $amount) {{ {RETURN} }} }}"""
FULFIL = """mutation($id: ID!, $input: OrderFulfillInput) {
  orderFulfill(id: $id, input: $input) { order { status } userErrors { code } } }"""
OF_ORDER = "query($id: ID!, $token: String) { order(id: $id, guestToken: $token) { returns { id status } } }"
ONE = "query($id: ID!, $token: String) { return(id: $id, guestToken: $token) { status order { number } } }"
MANY = """query($filters: ReturnFilters) { returns(filters: $filters) {
  totalCount edges { node { id status order { number } lines { quantity orderLine { sku } }
    allowedActions { action isAllowed reason } refund { amount { amount } } } } } }"""


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=10)


@pytest.fixture
def buyer(customer):
    return Api(customer)


@pytest.fixture
def desk(staff):
    return Api(staff)


@pytest.fixture
def order(buyer, desk, variant):
    """Three of one thing and two of another, all of them sent."""
    made = order_of(buyer, (gid(variant), 3), (gid(make_variant(price="5.00")), 2))
    assert desk(FULFIL, id=made["id"])["orderFulfill"]["userErrors"] == []
    return made


def wanted(line, quantity, reason="DAMAGED"):
    return {"orderLineId": line["id"], "quantity": quantity, "reason": reason}


def request(api, order, *lines, key="request", note=None, token=None):
    return api(REQUEST, id=order["id"], key=key, token=token, input={"lines": list(lines), "note": note})[
        "returnRequest"
    ]


def asked(api, order, quantity=2, line=0, key="request"):
    """A return of so many of a line."""
    payload = request(api, order, wanted(order["lines"][line], quantity), key=key, note="It hums.")
    assert payload["userErrors"] == []
    return payload["return"]


def refusal(payload):
    assert payload["return"] is None
    (error,) = payload["userErrors"]
    return error["code"], error["field"]


def in_tables():
    return (
        list(Return.objects.order_by("pk").values_list("status", "note", "decision_note", "refund")),
        list(ReturnLine.objects.order_by("pk").values_list("quantity", "restocked")),
        list(StockLevel.objects.order_by("pk").values_list("on_hand", flat=True)),
        list(Payment.objects.order_by("pk").values_list("refunded_amount", flat=True)),
        StockMovement.objects.count(),
        Refund.objects.count(),
        Event.objects.count(),
    )


# ── Asked for ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_buyer_asks_to_send_goods_back(buyer, order, customer):
    first, second = order["lines"]

    payload = request(buyer, order, wanted(first, 2), wanted(second, 1, "CHANGED_MIND"), note="  It hums. ")

    assert payload["userErrors"] == []
    made = payload["return"]
    assert (made["status"], made["note"], made["decisionNote"], made["refund"]) == ("REQUESTED", "It hums.", "", None)
    assert [(each["quantity"], each["reason"], each["restocked"], each["orderLine"]) for each in made["lines"]] == [
        (2, "DAMAGED", 0, {"sku": first["sku"]}),
        (1, "CHANGED_MIND", 0, {"sku": second["sku"]}),
    ]
    assert [each["action"] for each in made["allowedActions"] if each["isAllowed"]] == ["CANCEL"]
    event = Event.objects.get(type="order.return_requested")
    assert event.payload == {"number": order["number"], "return_id": from_base64(made["id"])[1], "quantity": 3}
    assert (event.actor, event.audience["users"]) == (customer, [str(customer.pk)])
    assert buyer(OF_ORDER, id=order["id"])["order"]["returns"] == [{"id": made["id"], "status": "REQUESTED"}]


def test_a_guest_asks_with_the_token_and_nobody_without(guest, desk, buyer, variant):
    order = order_of(guest, (gid(variant), 1))
    desk(FULFIL, id=order["id"])
    before = in_tables()

    for stranger, token in ((guest, None), (guest, "wrong"), (buyer, None)):
        payload = request(stranger, order, wanted(order["lines"][0], 1), token=token)
        assert refusal(payload) == ("NOT_FOUND", ["orderId"])
    assert in_tables() == before
    made = request(guest, order, wanted(order["lines"][0], 1), token=order["guestToken"])["return"]

    assert made["status"] == "REQUESTED"
    assert guest.code(ONE, id=made["id"]) == "NOT_FOUND"
    assert guest(ONE, id=made["id"], token=order["guestToken"])["return"]["order"] == {"number": order["number"]}
    assert refusal(guest(CANCEL, id=made["id"])["returnCancel"]) == ("NOT_FOUND", ["id"])
    cancelled = guest(CANCEL, id=made["id"], token=order["guestToken"])["returnCancel"]
    assert cancelled["return"]["status"] == "CANCELLED"


def test_staff_ask_for_a_buyer_and_those_who_only_look_do_not(desk, order, buyer):
    looker = make_user(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_all_orders"))
    before = in_tables()

    payload = request(Api(looker), order, wanted(order["lines"][0], 1))

    assert refusal(payload) == ("ACTION_NOT_ALLOWED", ["orderId"])
    assert in_tables() == before
    made = asked(desk, order)
    assert refusal(Api(looker)(CANCEL, id=made["id"])["returnCancel"]) == ("ACTION_NOT_ALLOWED", ["id"])
    assert Api(looker)(ONE, id=made["id"])["return"]["status"] == "REQUESTED"


def test_no_more_comes_back_than_was_sent_and_is_not_on_its_way_back(buyer, desk, order):
    first, _ = order["lines"]
    some = asked(buyer, order, 2, key="some")
    before = in_tables()

    too_many = ("QUANTITY_INVALID", ["input", "lines", "quantity"])
    for quantity in (-1, 0, 2, 2**31 - 1):
        assert refusal(request(buyer, order, wanted(first, quantity), key="more")) == too_many
    assert in_tables() == before
    buyer(CANCEL, id=some["id"])
    again = asked(buyer, order, 3, key="all")
    desk(REJECT, id=again["id"], note="Used.")
    assert asked(buyer, order, 3, key="once-more")["status"] == "REQUESTED"


def test_what_did_not_leave_yet_does_not_come_back(buyer, desk, variant):
    order = order_of(buyer, (gid(variant), 3), (gid(make_variant()), 1))
    first, second = order["lines"]
    assert refusal(request(buyer, order, wanted(first, 1))) == ("ACTION_NOT_ALLOWED", ["orderId"])
    desk(FULFIL, id=order["id"], input={"lines": [{"orderLineId": first["id"], "quantity": 2}]})
    before = in_tables()

    too_many = ("QUANTITY_INVALID", ["input", "lines", "quantity"])
    assert refusal(request(buyer, order, wanted(first, 3))) == too_many
    assert refusal(request(buyer, order, wanted(second, 1))) == too_many
    assert in_tables() == before
    assert asked(buyer, order, 2)["status"] == "REQUESTED"


def test_after_thirty_days_nothing_comes_back_but_of_a_later_parcel(buyer, desk, variant, settings):
    order = order_of(buyer, (gid(variant), 3))
    (line,) = order["lines"]
    desk(FULFIL, id=order["id"], input={"lines": [{"orderLineId": line["id"], "quantity": 2}]})
    Fulfillment.objects.update(created_at=timezone.now() - timedelta(days=30, seconds=1))
    assert refusal(request(buyer, order, wanted(line, 1), key="late"))[0] == "QUANTITY_INVALID"
    desk(FULFIL, id=order["id"])

    assert refusal(request(buyer, order, wanted(line, 2), key="both"))[0] == "QUANTITY_INVALID"
    assert asked(buyer, order, 1)["status"] == "REQUESTED"
    settings.RETURN_DAYS = 60
    assert asked(buyer, order, 2, key="longer")["status"] == "REQUESTED"


def test_what_was_downloaded_does_not_come_back(buyer, order):
    OrderLine.objects.filter(pk=from_base64(order["lines"][1]["id"])[1]).update(is_digital=True)
    before = in_tables()

    payload = request(buyer, order, wanted(order["lines"][0], 1), wanted(order["lines"][1], 1))

    assert refusal(payload) == ("ACTION_NOT_ALLOWED", ["input", "lines", "orderLineId"])
    assert in_tables() == before


def test_bad_lines_and_notes_are_refused(buyer, guest, order):
    other = order_of(guest, (gid(make_variant()), 1))
    first, _ = order["lines"]
    before = in_tables()

    lines = ["input", "lines"]
    assert refusal(request(buyer, order)) == ("REQUIRED", lines)
    assert refusal(request(buyer, order, wanted(first, 1), wanted(first, 1))) == ("INVALID", lines)
    assert refusal(request(buyer, order, wanted(other["lines"][0], 1))) == ("NOT_FOUND", [*lines, "orderLineId"])
    for note in ("x" * 1001, "a\0b", "\x1b[0m", "a\u202eb"):
        assert refusal(request(buyer, order, wanted(first, 1), note=note)) == ("INVALID", ["input", "note"])
    for key in ("", " ", "x" * 129):
        assert refusal(request(buyer, order, wanted(first, 1), key=key)) == ("REQUIRED", ["idempotencyKey"])
    assert in_tables() == before


def test_the_same_key_asks_once_and_another_wish_is_a_conflict(buyer, order):
    first, _ = order["lines"]
    variables = {"id": order["id"], "key": "k", "input": {"lines": [wanted(first, 1)]}}

    made = buyer.send(REQUEST, **variables)
    again = buyer.send(REQUEST, **variables)

    assert again["data"] == made["data"]
    assert made["extensions"]["idempotency"]["replayed"] is False
    assert again["extensions"]["idempotency"]["replayed"] is True
    before = in_tables()
    conflict = request(buyer, order, wanted(first, 2), key="k")
    assert refusal(conflict) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    assert in_tables() == before
    assert Return.objects.count() == 1


def test_an_order_has_fifty_returns_at_most(buyer, order, monkeypatch):
    monkeypatch.setattr(returning, "MAX_RETURNS", 2)
    for key in ("1", "2"):
        buyer(CANCEL, id=asked(buyer, order, key=key)["id"])

    payload = request(buyer, order, wanted(order["lines"][0], 1), key="3")

    assert refusal(payload) == ("ACTION_NOT_ALLOWED", ["orderId"])


# ── Every status ─────────────────────────────────────────────────────────────────────────────────────────────────────
MOVES = {
    "APPROVED": lambda desk, made: desk(APPROVE, id=made)["returnApprove"],
    "REJECTED": lambda desk, made: desk(REJECT, id=made, note="Used.")["returnReject"],
    "CANCELLED": lambda desk, made: desk(CANCEL, id=made)["returnCancel"],
    "RECEIVED": lambda desk, made: desk(RECEIVE, id=made, key=f"receive-{Event.objects.count()}")["returnReceive"],
    "CLOSED": lambda desk, made: desk(CLOSE, id=made, note="Never paid.")["returnClose"],
    "REFUNDED": lambda desk, made: desk(REFUND, id=made, key=f"refund-{Event.objects.count()}")["returnRefund"],
}
WAYS = {
    "REQUESTED": [],
    "APPROVED": ["APPROVED"],
    "REJECTED": ["REJECTED"],
    "CANCELLED": ["CANCELLED"],
    "RECEIVED": ["APPROVED", "RECEIVED"],
    "REFUNDED": ["APPROVED", "RECEIVED", "REFUNDED"],
    "CLOSED": ["APPROVED", "RECEIVED", "CLOSED"],
}


@pytest.mark.parametrize("start", WAYS)
def test_each_status_leads_where_the_table_says_and_nowhere_else(start, desk, order):
    made = asked(desk, order)
    for step in WAYS[start]:
        assert MOVES[step](desk, made["id"])["userErrors"] == []
    before = in_tables()
    leads_to = {str(status) for status in RETURN_TRANSITIONS[ReturnStatus(start)]}

    for target in set(MOVES) - leads_to:
        assert refusal(MOVES[target](desk, made["id"])) == ("ACTION_NOT_ALLOWED", ["id"])
        assert in_tables() == before
    for target in sorted(leads_to):
        Return.objects.update(status=start)  # back, so that each way is gone from the same place
        payload = MOVES[target](desk, made["id"])
        assert payload["userErrors"] == []
        assert payload["return"]["status"] == target
    assert set(ReturnStatus.values) == {*MOVES, "REQUESTED"} == set(WAYS)


@pytest.mark.parametrize("start", WAYS)
def test_the_actions_that_are_allowed_are_those_that_work(start, desk, buyer, order):
    made = asked(desk, order)
    for step in WAYS[start]:
        MOVES[step](desk, made["id"])
    leads_to = {str(status) for status in RETURN_TRANSITIONS[ReturnStatus(start)]}

    def allowed(api):
        (edge,) = api(MANY)["returns"]["edges"]
        actions = edge["node"]["allowedActions"]
        assert all((each["reason"] is None) == each["isAllowed"] for each in actions)
        return {each["action"] for each in actions if each["isAllowed"]}

    assert allowed(desk) == {str(action) for action, status in returning.LEADS_TO.items() if status in leads_to}
    assert allowed(buyer) == ({"CANCEL"} if start == "REQUESTED" else set())


# ── Decided ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db(transaction=True)
def test_the_buyer_hears_by_mail_what_was_decided_and_that_it_arrived(desk, staff, order):
    first, second = (asked(desk, order, 1, line, key=str(line)) for line in (0, 1))
    mail.outbox.clear()

    desk(APPROVE, id=first["id"], note="To: Returns, 1 Dock Road")
    desk(REJECT, id=second["id"], note="It was used.")
    desk(RECEIVE, id=first["id"], key="r")

    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["buyer@example.com"], f"The return of order {order['number']} was approved."),
        (["buyer@example.com"], f"The return of order {order['number']} was not accepted."),
        (["buyer@example.com"], f"The return of order {order['number']} has arrived."),
    ]
    for message, said in zip(mail.outbox, ("1 Dock Road", "It was used.", "We have 1 piece back"), strict=True):
        ((html, _),) = message.alternatives
        assert said in message.body
        assert said in html
    decided = Return.objects.get(status="REJECTED")
    assert (decided.decided_by, decided.decision_note) == (staff, "It was used.")
    assert decided.decided_at is not None


def test_a_decision_needs_words_that_can_be_read(desk, order):
    made = asked(desk, order)
    before = in_tables()

    assert refusal(desk(REJECT, id=made["id"], note="  ")["returnReject"]) == ("REQUIRED", ["note"])
    for note in ("x" * 501, "\0", "\x1b[0m", "a\u202eb"):
        assert refusal(desk(REJECT, id=made["id"], note=note)["returnReject"]) == ("INVALID", ["note"])
        assert refusal(desk(APPROVE, id=made["id"], note=note)["returnApprove"]) == ("INVALID", ["note"])
    assert in_tables() == before


def test_a_buyer_takes_back_what_was_asked_for_until_it_is_approved(buyer, desk, order):
    made = asked(buyer, order)
    desk(APPROVE, id=made["id"])

    payload = buyer(CANCEL, id=made["id"])["returnCancel"]

    assert refusal(payload) == ("ACTION_NOT_ALLOWED", ["id"])
    assert payload["userErrors"][0]["message"] == "It was approved already. Ask the shop's staff."
    assert desk(CANCEL, id=made["id"])["returnCancel"]["return"]["status"] == "CANCELLED"


def test_only_staff_decide_receive_and_pay_back(buyer, order):
    made = asked(buyer, order)
    before = in_tables()
    asking = [(APPROVE, {}), (REJECT, {"note": "No."}), (RECEIVE, {"key": "k"}), (REFUND, {"key": "k"})]

    for mutation, variables in asking:
        assert buyer.code(mutation, id=made["id"], **variables) == "FORBIDDEN"
        assert Api().code(mutation, id=made["id"], **variables) == "UNAUTHENTICATED"
    assert in_tables() == before


def test_what_is_not_there_is_not_found(desk, buyer, order):
    unknown = to_base64("Return", "00000000-0000-4000-8000-000000000000")
    theirs = asked(buyer, order)
    stranger = Api(make_user())

    for move in MOVES.values():
        assert refusal(move(desk, unknown)) == ("NOT_FOUND", ["id"])
    assert refusal(stranger(CANCEL, id=theirs["id"])["returnCancel"]) == ("NOT_FOUND", ["id"])
    assert stranger.code(ONE, id=theirs["id"]) == "NOT_FOUND"
    assert desk.code(APPROVE, id=order["id"]) == "BAD_USER_INPUT"


# ── Received ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def approved(desk, order):
    """Two of the first thing are on their way back."""
    made = asked(desk, order)
    desk(APPROVE, id=made["id"])
    return made


def restock(made, count):
    return [{"returnLineId": made["lines"][0]["id"], "restock": count}]


def test_what_can_be_sold_again_goes_back_on_the_shelf(desk, staff, approved, variant):
    payload = desk(RECEIVE, id=approved["id"], key="r", lines=restock(approved, 1))["returnReceive"]

    assert payload["userErrors"] == []
    assert payload["return"]["status"] == "RECEIVED"
    assert [(line["quantity"], line["restocked"]) for line in payload["return"]["lines"]] == [(2, 1)]
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 8
    movement = StockMovement.objects.filter(variant=variant).latest("pk")
    assert (movement.reason, movement.before, movement.after, movement.actor) == ("RETURNED", 7, 8, staff)
    assert Event.objects.get(type="order.return_received").payload["restocked"] == 1
    assert Return.objects.get().received_at is not None


def test_without_a_word_nothing_goes_back_on_the_shelf(desk, approved):
    stock = list(StockLevel.objects.order_by("pk").values_list("on_hand", flat=True))

    payload = desk(RECEIVE, id=approved["id"], key="r")["returnReceive"]

    assert payload["return"]["lines"][0]["restocked"] == 0
    assert list(StockLevel.objects.order_by("pk").values_list("on_hand", flat=True)) == stock


def test_received_twice_is_restocked_once(desk, approved, variant):
    first = desk(RECEIVE, id=approved["id"], key="r", lines=restock(approved, 2))
    again = desk(RECEIVE, id=approved["id"], key="r", lines=restock(approved, 2))

    assert again == first
    before = in_tables()
    other_key = desk(RECEIVE, id=approved["id"], key="s", lines=restock(approved, 2))["returnReceive"]
    assert refusal(other_key) == ("ACTION_NOT_ALLOWED", ["id"])
    conflict = desk(RECEIVE, id=approved["id"], key="r", lines=restock(approved, 1))["returnReceive"]
    assert refusal(conflict) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    assert in_tables() == before
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 9


def test_no_more_goes_back_on_the_shelf_than_came_back(desk, order, approved):
    other = asked(desk, order, 1, 1, key="other")
    before = in_tables()

    too_many = ("QUANTITY_INVALID", ["lines", "restock"])
    for lines in (restock(approved, 3), restock(approved, -1), restock(approved, 1) + restock(approved, 2)):
        assert refusal(desk(RECEIVE, id=approved["id"], key="r", lines=lines)["returnReceive"]) == too_many
    of_another = desk(RECEIVE, id=approved["id"], key="r", lines=restock(other, 1))["returnReceive"]
    assert refusal(of_another) == ("NOT_FOUND", ["lines", "returnLineId"])
    assert in_tables() == before


def test_what_the_shop_does_not_keep_any_more_has_no_shelf(desk, approved, variant):
    variant.delete()
    before = in_tables()

    payload = desk(RECEIVE, id=approved["id"], key="r", lines=restock(approved, 1))["returnReceive"]

    assert refusal(payload) == ("VARIANT_UNAVAILABLE", ["lines", "restock"])
    assert in_tables() == before
    assert desk(RECEIVE, id=approved["id"], key="r")["returnReceive"]["return"]["status"] == "RECEIVED"


# ── Paid back ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def received(desk, approved):
    desk(RECEIVE, id=approved["id"], key="receive")
    return approved


@pytest.mark.django_db(transaction=True)
def test_what_was_paid_for_the_goods_is_given_back(desk, received):
    payload = desk(REFUND, id=received["id"], key="k")["returnRefund"]

    assert payload["userErrors"] == []
    assert payload["return"]["status"] == "REFUNDED"
    assert payload["return"]["refund"]["amount"] == {"amount": "40.00", "currency": "EUR"}
    (edge,) = desk(MANY)["returns"]["edges"]
    assert edge["node"]["refund"] == {"amount": {"amount": "40.00"}}
    refund = Refund.objects.get()
    assert (refund.state, str(refund.money.amount), refund.return_of) == ("DONE", "40.00", Return.objects.get())
    assert Order.objects.get().payment_status == "PARTIALLY_REFUNDED"
    told = list(Event.objects.filter(type__contains="refund").order_by("seq").values_list("type", flat=True))
    assert told == ["order.refund_requested", "order.return_refunded", "order.refunded"]


def test_less_may_be_given_back(desk, received):
    payload = desk(REFUND, id=received["id"], key="k", amount="12.50")["returnRefund"]

    assert payload["return"]["refund"]["amount"] == {"amount": "12.50", "currency": "EUR"}
    assert [str(row.money.amount) for row in Refund.objects.all()] == ["12.50"]


@pytest.mark.django_db(transaction=True)
def test_what_was_never_paid_is_closed_and_nobody_waits_for_its_money(buyer, desk, customer, variant):
    cash = {"gateway": "manual", "token": "cash_on_delivery"}
    order = order_of(buyer, (gid(variant), 2), payment=cash)
    for step in ("orderFulfill", "orderDeliver"):
        desk(f"mutation($id: ID!) {{ {step}(id: $id) {{ userErrors {{ code }} }} }}", id=order["id"])
    mail.outbox.clear()
    waiting = []
    for key in ("one", "other"):
        made = asked(buyer, order, 1, key=key)
        for step in ("APPROVED", "RECEIVED"):
            assert MOVES[step](desk, made["id"])["userErrors"] == []
        assert refusal(MOVES["REFUNDED"](desk, made["id"])) == ("ACTION_NOT_ALLOWED", ["id"])
        assert MOVES["CLOSED"](desk, made["id"])["userErrors"] == []
        waiting.append((Order.objects.get().is_payment_awaited, privacy.has_open_orders(user=customer)))

    assert waiting == [(True, True), (False, False)]
    assert Payment.objects.get().state == "VOIDED"
    assert mail.outbox[-1].subject == f"The return of order {order['number']} is closed."
    assert "Never paid." in mail.outbox[-1].body
    assert refusal(request(buyer, order, wanted(order["lines"][0], 1), key="more"))[0] == "QUANTITY_INVALID"


def test_closing_a_return_needs_words_for_the_buyer(desk, received):
    assert refusal(desk(CLOSE, id=received["id"], note=" ")["returnClose"]) == ("REQUIRED", ["note"])
    assert (
        desk(CLOSE, id=received["id"], note="Broken by use.")["returnClose"]["return"]["decisionNote"]
        == "Broken by use."
    )


def test_given_back_twice_is_given_back_once(desk, received):
    first = desk(REFUND, id=received["id"], key="k")
    again = desk(REFUND, id=received["id"], key="k")

    assert again == first
    before = in_tables()
    assert refusal(desk(REFUND, id=received["id"], key="l")["returnRefund"]) == ("ACTION_NOT_ALLOWED", ["id"])
    conflict = desk(REFUND, id=received["id"], key="k", amount="1.00")["returnRefund"]
    assert refusal(conflict) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    assert in_tables() == before
    assert Refund.objects.count() == 1


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("0", "AMOUNT_INVALID"),
        ("-1", "AMOUNT_INVALID"),
        ("0.001", "AMOUNT_INVALID"),
        ("74.91", "REFUND_TOO_LARGE"),
        ("1e20", "REFUND_TOO_LARGE"),
    ],
)
def test_an_amount_that_was_never_paid_is_refused(desk, received, amount, code):
    before = in_tables()

    payload = desk(REFUND, id=received["id"], key="k", amount=amount)["returnRefund"]

    assert refusal(payload)[0] == code
    assert in_tables() == before


# ── Listed ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_staff_see_all_returns_by_status_and_buyers_their_own(desk, buyer, order, guest):
    other = order_of(guest, (gid(make_variant()), 1))
    desk(FULFIL, id=other["id"])
    first, second, third = asked(buyer, order, 1), asked(desk, order, 1, 1, key="2"), asked(desk, other, 1)
    desk(APPROVE, id=second["id"])

    def ids(api, **filters):
        return [edge["node"]["id"] for edge in api(MANY, filters=filters)["returns"]["edges"]]

    assert ids(desk) == [third["id"], second["id"], first["id"]]
    assert ids(desk, status=["REQUESTED"]) == [third["id"], first["id"]]
    assert ids(desk, status=["APPROVED", "REFUNDED"]) == [second["id"]]
    assert ids(buyer) == [second["id"], first["id"]]
    assert Api().code(MANY) == "UNAUTHENTICATED"


def test_the_list_costs_the_same_for_one_return_and_for_six(desk, order, guest, django_assert_num_queries):
    asked(desk, order, 1, key="first")
    with CaptureQueriesContext(connection) as one:
        desk(MANY)
    statements = len(one)
    for number in range(5):
        other = order_of(guest, (gid(make_variant()), 2))
        desk(FULFIL, id=other["id"])
        asked(desk, other, 1, key=str(number))

    with django_assert_num_queries(statements):
        assert desk(MANY)["returns"]["totalCount"] == 6


# ── Of a person ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_copy_of_what_is_held_on_a_buyer_has_their_returns(desk, order, customer):
    made = asked(desk, order, 2)
    desk(APPROVE, id=made["id"], note="To: 1 Dock Road")

    (told,) = privacy.personal_data(user=customer)["orders"][0]["returns"]

    assert (told["status"], told["note"], told["decision_note"]) == ("APPROVED", "It hums.", "To: 1 Dock Road")
    assert told["lines"] == [{"sku": order["lines"][0]["sku"], "quantity": 2, "reason": "DAMAGED"}]


def test_an_account_with_a_return_under_way_is_still_needed(desk, order, customer):
    desk("mutation($id: ID!) { orderDeliver(id: $id) { userErrors { code } } }", id=order["id"])
    seen = [privacy.has_open_orders(user=customer)]
    made = asked(desk, order)
    seen.append(privacy.has_open_orders(user=customer))
    desk(REJECT, id=made["id"], note="Used.")
    seen.append(privacy.has_open_orders(user=customer))

    assert seen == [False, True, False]


def test_nothing_is_asked_for_an_account_that_ended_meanwhile(order, customer):
    User.objects.filter(pk=customer.pk).update(is_active=False)
    line = OrderLine.objects.filter(order__number=order["number"]).first()
    wanted = [returning.Wanted(line.pk, 1, "DAMAGED")]
    before = in_tables()

    with pytest.raises(OrderError) as refused:
        returning.request(order_id=line.order_id, lines=wanted, note="It hums.", actor=customer, idempotency_key="late")

    assert refused.value.code == "NOT_FOUND"
    assert in_tables() == before


def test_of_an_erased_buyer_the_words_of_returns_go_and_the_goods_stay(desk, order, customer):
    made = asked(desk, order)
    desk(REJECT, id=made["id"], note="Ada wore it.")
    User.objects.filter(pk=customer.pk).update(erased_at=timezone.now(), is_active=False)

    privacy.forget_customer(user_id=customer.pk)

    left = Return.objects.get()
    assert (left.status, left.note, left.decision_note) == ("REJECTED", "", "")
    assert left.lines.get().quantity == 2
    assert "Ada" not in str(list(Event.objects.values_list("payload", flat=True)))
