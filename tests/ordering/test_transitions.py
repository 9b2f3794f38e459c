"""The table of moves is the whole truth: what it names happens, what it lacks is refused, and one function writes."""

import ast
from collections import deque
from itertools import product

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from notifications.models import Event
from ordering import events
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import TRANSITIONS, Order, OrderAction, OrderStatus, PaymentStatus
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

    assert writers == {("ordering/services/states.py", "move"), ("workflows/services.py", "_move")}
