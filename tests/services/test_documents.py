"""Many orders paid at the same moment: each has one invoice, and the numbers have no gaps."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.shopping import cart_with, checkout

pytestmark = pytest.mark.services

BUYERS = 30
INVOICES = "SELECT number, order_id FROM ordering_document WHERE kind = 'INVOICE' ORDER BY number"


def test_invoices_of_orders_that_are_paid_at_once_are_numbered_without_gaps(stack):
    variant = stack.variant(stock=100)
    buyers = [stack.guest(web=number % 2) for number in range(BUYERS)]
    carts = [cart_with(buyer, (variant, 1))["id"] for buyer in buyers]
    stack.wait_until_dispatched()
    before = stack.database.rows(INVOICES)

    with ThreadPoolExecutor(BUYERS) as pool:
        payloads = list(pool.map(checkout, buyers, carts))
    stack.wait_until_dispatched()

    assert [payload["userErrors"] for payload in payloads] == [[]] * BUYERS
    issued = stack.database.rows(INVOICES)
    assert len(issued) == len(before) + BUYERS
    assert [int(number[-5:]) for number, _ in issued] == list(range(1, len(issued) + 1))
    assert len({order for _, order in issued}) == len(issued)
    assert stack.unexpected_errors() == []
