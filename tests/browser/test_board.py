"""The page at /: what one tab does, the other sees."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def _place(page: Page, button: str) -> str:
    """Clicks, and gives the number of the order that was not there before."""
    page.wait_for_load_state("networkidle")
    known = _numbers(page)
    page.get_by_test_id(button).click()
    expect(page.get_by_test_id("order-card")).to_have_count(len(known) + 1)
    return (_numbers(page) - known).pop()


def _numbers(page: Page) -> set[str]:
    return {card.get_attribute("data-number") for card in page.get_by_test_id("order-card").all()}


def _order(page: Page, number: str):
    return page.locator(f'[data-testid="order-card"][data-number="{number}"]')


def _events(card) -> list[str]:
    return [event.get_attribute("data-seq") for event in card.get_by_test_id("event").all()]


def test_the_buyers_tab_changes_by_itself_while_others_approve_and_ship(tab):
    buyer = tab("customer@example.com")
    approver = tab("approver@example.com")
    staff = tab("staff@example.com")
    expect(buyer.get_by_test_id("connection")).to_have_text(re.compile("live"))

    number = _place(buyer, "place-large-order")
    expect(_order(buyer, number).get_by_test_id("order-status")).to_have_attribute("data-value", "AWAITING_APPROVAL")
    request = approver.locator(f'[data-testid="approval-card"][data-number="{number}"]')
    request.get_by_test_id("approve").click()
    expect(_order(buyer, number).get_by_test_id("payment-status")).to_have_attribute("data-value", "PAID")
    on_desk = _order(staff, number)
    on_desk.get_by_test_id("action-FULFILL").click()
    on_desk.get_by_test_id("carrier").fill("DHL")
    on_desk.get_by_test_id("submit-FULFILL").click()

    expect(_order(buyer, number).get_by_test_id("order-status")).to_have_attribute("data-value", "SHIPPED")
    assert _events(_order(buyer, number)) == ["1", "2", "3", "4", "5", "6"]
    expect(buyer.get_by_test_id("notification-count")).not_to_have_text("0")


def test_a_declined_card_is_said_in_a_sentence_and_leaves_no_order(tab):
    buyer = tab("second@example.com")

    buyer.get_by_test_id("payment-token").select_option("tok_declined")
    buyer.get_by_test_id("place-order").click()

    expect(buyer.locator('[data-testid="error"]:visible').first).to_contain_text("declined")
    expect(buyer.get_by_test_id("order-card")).to_have_count(0)


def test_the_board_survives_a_server_that_is_killed(tab, demo):
    buyer = tab("customer@example.com")
    staff = tab("staff@example.com")
    number = _place(buyer, "place-order")
    expect(_order(buyer, number).get_by_test_id("payment-status")).to_have_attribute("data-value", "PAID")

    demo.kill()
    expect(buyer.get_by_test_id("connection")).to_have_text(re.compile("reconnecting"))
    demo.start()
    expect(buyer.get_by_test_id("connection")).to_have_text(re.compile("live"), timeout=60_000)
    on_desk = _order(staff, number)
    on_desk.get_by_test_id("action-FULFILL").click()
    on_desk.get_by_test_id("submit-FULFILL").click()

    expect(_order(buyer, number).get_by_test_id("order-status")).to_have_attribute("data-value", "SHIPPED")
    assert _events(_order(buyer, number)) == ["1", "2", "3", "4", "5"]


def test_graphiql_answers_a_query_with_nothing_from_another_host(demo, chromium):
    page = chromium.new_context().new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{demo.url}/graphql")
    page.get_by_role("button", name=re.compile("Execute query")).click()

    expect(page.locator(".result-window")).to_contain_text("totalCount", timeout=20_000)
    assert [url for url in asked if not url.startswith((demo.url, "data:", "blob:"))] == []
