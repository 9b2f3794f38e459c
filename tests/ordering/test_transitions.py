"""The table of moves is the whole truth: what it names happens, what it lacks is refused, and one function writes."""

import ast
from collections import deque
from itertools import product

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from notifications.models import Event
from ordering import events
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import TRANSITIONS, Order, OrderAction, OrderStatus, Payment, PaymentState, PaymentStatus
from ordering.services import states
from tests.conftest import Api, gid, make_variant
from tests.shopping import order_of


def path_to(status):
    """The shortest way from a new order to this status."""
    ways = deque([[OrderStatus.PENDING]])
    while ways[0][-1] != status:
        way = ways.popleft()
        ways.extend([*way, following] for following in sorted(TRANSITIONS[way[-1]]))
    return ways[0]


def order_in(status):
    placed = order_of(Api(), (gid(make_variant()), 1), payment={"token": "tok_review"})
    order = Order.objects.get(number=placed["number"])
    for following in path_to(status)[1:]:
        states.move(order, following, events.OrderConfirmed(number=order.number))
    return order


@pytest.mark.parametrize(("before", "after"), list(product(OrderStatus, OrderStatus)))
def test_an_order_moves_as_the_table_says_and_not_otherwise(shipping, before, after):
    order = order_in(before)
    recorded = Event.objects.count()

    if after in TRANSITIONS[before]:
        states.move(order, after, events.OrderConfirmed(number=order.number))
        expected, new_events = after, 1
    else:
        with pytest.raises(OrderError) as refused:
            states.move(order, after, events.OrderConfirmed(number=order.number))
        assert refused.value.code == OrderErrorCode.ACTION_NOT_ALLOWED
        expected, new_events = before, 0

    order.refresh_from_db()
    assert order.status == expected
    assert Event.objects.count() == recorded + new_events


def test_the_table_has_every_status_and_ends():
    assert set(TRANSITIONS) == set(OrderStatus)
    assert all(status not in to for status, to in TRANSITIONS.items())
    ends = {status for status, to in TRANSITIONS.items() if not to}
    assert ends == {OrderStatus.DELIVERED, OrderStatus.CANCELLED, OrderStatus.REJECTED}


def test_every_action_has_its_statuses_and_its_words():
    assert set(states._FROM) == set(OrderAction) == set(states._PARTICIPLES)


# ── Through the door ─────────────────────────────────────────────────────────────────────────────────────────────────
CANCELLED_FROM = [
    OrderStatus.PENDING,
    OrderStatus.AWAITING_APPROVAL,
    OrderStatus.CONFIRMED,
    OrderStatus.PROCESSING,
    OrderStatus.ON_HOLD,
]
# Where each mutation leads an order that is paid, and the statuses it takes it from. Everything else is refused.
MUTATIONS = {
    "orderConfirm": ("", {OrderStatus.PENDING: OrderStatus.CONFIRMED}),
    "orderProcess": ("", {OrderStatus.CONFIRMED: OrderStatus.PROCESSING}),
    "orderHold": (
        ', reason: "x"',
        {OrderStatus.CONFIRMED: OrderStatus.ON_HOLD, OrderStatus.PROCESSING: OrderStatus.ON_HOLD},
    ),
    "orderRelease": ("", {OrderStatus.ON_HOLD: OrderStatus.CONFIRMED}),
    "orderCancel": (
        ', reason: "x"',
        dict.fromkeys(CANCELLED_FROM, OrderStatus.CANCELLED),
    ),
    "orderFulfill": (
        "",
        {
            OrderStatus.CONFIRMED: OrderStatus.SHIPPED,
            OrderStatus.PROCESSING: OrderStatus.SHIPPED,
            OrderStatus.PARTIALLY_SHIPPED: OrderStatus.SHIPPED,
        },
    ),
    "orderDeliver": ("", {OrderStatus.SHIPPED: OrderStatus.DELIVERED}),
}


def as_if_paid(order):
    Order.objects.filter(pk=order.pk).update(payment_status=PaymentStatus.PAID)
    Payment.objects.filter(order=order).update(state=PaymentState.CAPTURED, captured_amount=F("amount"))
    return order


@pytest.mark.parametrize(("mutation", "before"), list(product(MUTATIONS, OrderStatus)))
def test_each_mutation_moves_from_its_statuses_and_is_refused_from_all_others(shipping, staff, mutation, before):
    arguments, leads = MUTATIONS[mutation]
    order = order_in(before)
    if before != OrderStatus.PENDING:
        as_if_paid(order)
    recorded = Event.objects.count()
    document = f"mutation($id: ID!) {{ {mutation}(id: $id{arguments}) {{ userErrors {{ code field }} }} }}"

    refusals = Api(staff)(document, id=gid(order))[mutation]["userErrors"]

    order.refresh_from_db()
    if before in leads:
        assert (refusals, order.status) == ([], leads[before])
        assert Event.objects.count() > recorded
    else:
        assert refusals == [{"code": "ACTION_NOT_ALLOWED", "field": ["id"]}]
        assert (order.status, Event.objects.count()) == (before, recorded)


def test_a_released_order_goes_on_where_it_was_held(shipping, staff):
    order = as_if_paid(order_in(OrderStatus.PROCESSING))
    desk = Api(staff)

    for mutation, expected in (
        ('orderHold(id: $id, reason: "x")', "ON_HOLD"),
        ("orderRelease(id: $id)", "PROCESSING"),
    ):
        document = f"mutation($id: ID!) {{ {mutation} {{ order {{ status }} userErrors {{ code }} }} }}"
        (payload,) = desk(document, id=gid(order)).values()
        assert payload == {"order": {"status": expected}, "userErrors": []}

    order.refresh_from_db()
    assert order.held_from == ""


def test_what_is_paid_at_the_door_is_shipped_unpaid(shipping, staff):
    order = order_in(OrderStatus.CONFIRMED)
    fulfil = "mutation($id: ID!) { orderFulfill(id: $id) { userErrors { message } } }"
    assert Api(staff)(fulfil, id=gid(order))["orderFulfill"]["userErrors"] == [
        {"message": "The order is not paid yet."}
    ]
    Order.objects.filter(pk=order.pk).update(is_due_on_delivery=True, is_payment_awaited=True)

    assert Api(staff)(fulfil, id=gid(order))["orderFulfill"]["userErrors"] == []

    order.refresh_from_db()
    assert (order.status, order.payment_status) == (OrderStatus.SHIPPED, PaymentStatus.UNPAID)


# What the money says of an action, where the status would allow it.
BY_MONEY = [
    (OrderAction.CONFIRM, "PENDING", {"is_payment_awaited": True}, "Its payment is awaited."),
    (OrderAction.RELEASE, "ON_HOLD", {"payment_status": "FAILED"}, "Its payment could not be collected. Cancel it."),
    (OrderAction.FULFILL, "CONFIRMED", {"payment_status": "AUTHORIZED"}, "The order is not paid yet."),
    (OrderAction.FULFILL, "CONFIRMED", {"payment_status": "REFUNDED"}, "All that was paid was given back."),
    (OrderAction.FULFILL, "CONFIRMED", {"payment_status": "PARTIALLY_REFUNDED"}, None),
    (OrderAction.RECEIVE_PAYMENT, "PENDING", {}, "No payment of it is awaited."),
    (OrderAction.RECEIVE_PAYMENT, "PENDING", {"is_payment_awaited": True}, None),
    (OrderAction.RECEIVE_PAYMENT, "DELIVERED", {"is_payment_awaited": True}, None),
    (
        OrderAction.RECEIVE_PAYMENT,
        "DELIVERED",
        {"is_payment_awaited": True, "payment_status": "PAID"},
        "No payment of it is awaited.",
    ),
    (OrderAction.REFUND, "CONFIRMED", {}, "Nothing that was paid is left to give back."),
    (OrderAction.REFUND, "DELIVERED", {"payment_status": "REFUNDED"}, "Nothing that was paid is left to give back."),
    (OrderAction.REFUND, "DELIVERED", {"payment_status": "PARTIALLY_REFUNDED"}, None),
    (OrderAction.REFUND, "CANCELLED", {"payment_status": "PAID"}, None),
]


@pytest.mark.parametrize(("action", "status", "columns", "reason"), BY_MONEY)
def test_what_the_money_says_of_an_action(staff, action, status, columns, reason):
    order = Order(**{"status": status, "payment_status": "UNPAID"} | columns)

    said = states.why_not(order, action, staff)

    assert said is None if reason is None else said.startswith(reason)


@pytest.mark.parametrize("column", ["status", "payment_status"])
def test_the_database_refuses_an_unknown_status(shipping, column):
    order = order_in(OrderStatus.PENDING)

    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(**{column: "LOST"})

    order.refresh_from_db()
    assert (order.status, order.payment_status) == (OrderStatus.PENDING, PaymentStatus.UNPAID)


def writers_of_status(path):
    """Names of the functions in a file that write the `status` of a row."""
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef) and any(writes_status(node) for node in ast.walk(function)):
            yield function.name


def writes_status(node):
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(target, ast.Attribute) and target.attr == "status" for target in targets)
    if isinstance(node, ast.Call):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        named = {keyword.arg for keyword in node.keywords}
        listed = {value.value for value in ast.walk(node) if isinstance(value, ast.Constant)}
        return (called in {"update", "update_or_create", "Order"} and "status" in named) or (
            called == "bulk_update" and "status" in listed
        )
    return False


def test_only_the_move_of_each_machine_writes_a_status():
    rooms = ["accounts", "notifications", "ordering", "workflows", "schema", "config"]
    files = [
        path for room in rooms for path in (settings.BASE_DIR / room).rglob("*.py") if "migrations" not in str(path)
    ]

    writers = {(str(path.relative_to(settings.BASE_DIR)), name) for path in files for name in writers_of_status(path)}

    assert writers == {
        ("ordering/services/returning.py", "move"),
        ("ordering/services/states.py", "move"),
        ("workflows/services.py", "_move"),
    }
