"""The first page of the admin: what was sold and what there is to do, for those who may see all orders."""

import json
import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ordering.models import Order, Payment
from ordering.permissions import OrderPermission
from tests.conftest import gid, make_user, make_variant
from tests.shopping import order_of

pytestmark = pytest.mark.django_db(transaction=True)

INDEX = "admin:index"


@pytest.fixture
def desk(staff):
    return browser(staff)


@pytest.fixture
def lamp(shipping):
    return make_variant(name="Oak lamp", price="20.00")


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def page(client):
    answer = client.get(reverse(INDEX))
    assert answer.status_code == 200
    return answer.text


def charts(text):
    """What the charts of a page show."""
    return [json.loads(unescape(found)) for found in re.findall(r'class="chart"[^>]*data-value="([^"]*)"', text)]


def work(text):
    """The counts on the cards, by where each leads."""
    found = re.findall(r'href="([^"]*/ordering/[^"]*__[^"]*)"[^>]*>.*?text-2xl[^>]*>\s*(\d+)', text, re.DOTALL)
    return {unescape(link).split("/ordering/")[1]: int(count) for link, count in found}


def test_it_shows_sales_by_day_orders_by_status_and_what_sold_most(desk, guest, lamp):
    order_of(guest, (gid(lamp), 2))
    order_of(guest, (gid(lamp), 1), payment={"token": "tok_review"})

    text = page(desk)

    revenue, statuses = charts(text)
    assert len(revenue["labels"]) == 30
    assert revenue["datasets"][0]["data"] == [*["0.00"] * 29, "69.80"]
    assert dict(zip(statuses["labels"], statuses["datasets"][0]["data"], strict=True)) == {
        "Pending": 1,
        "Confirmed": 1,
    }
    assert "Oak lamp" in text
    assert "€ 69.80" in text.replace("\xa0", " ")


def test_what_waits_is_counted_and_leads_to_its_list(desk, guest, lamp):
    for token in ("tok_ok", "tok_ok", "tok_review"):
        order_of(guest, (gid(lamp), 1), payment={"token": token})

    found = work(page(desk))

    assert found == {
        "order/?status__in=AWAITING_APPROVAL": 0,
        "order/?status__in=CONFIRMED,PROCESSING,PARTIALLY_SHIPPED": 2,
        "order/?status__in=ON_HOLD": 0,
        "return/?status__in=REQUESTED": 0,
        "payment/?state__in=IN_REVIEW": 1,
    }
    assert (Order.objects.count(), Payment.objects.count()) == (3, 3)


def test_each_card_leads_to_a_page_that_opens(guest, lamp, admin_client):
    order_of(guest, (gid(lamp), 1))

    for link in work(page(admin_client)):
        assert admin_client.get(f"/admin/ordering/{link}").status_code == 200


def test_a_shop_that_sold_nothing_has_a_page_as_well(desk):
    revenue, statuses = charts(page(desk))

    assert revenue["datasets"][0]["data"] == ["0.00"] * 30
    assert statuses["labels"] == []


def test_who_may_not_see_orders_sees_none_of_it(guest, lamp):
    order_of(guest, (gid(lamp), 1))
    clerk = browser(make_user("clerk@example.com", is_staff=True))

    with CaptureQueriesContext(connection) as statements:
        text = page(clerk)

    assert charts(text) == []
    assert "Oak lamp" not in text
    assert not any("ordering_" in statement["sql"] for statement in statements)


def test_it_costs_the_same_for_many_orders_as_for_none(desk, guest, lamp):
    def asked():
        with CaptureQueriesContext(connection) as statements:
            page(desk)
        return sum("ordering_" in statement["sql"] for statement in statements)

    page(desk)
    none = asked()
    for number in range(4):
        order_of(guest, (gid(make_variant(name=f"Thing {number}")), 1), (gid(lamp), 1))

    assert asked() == none <= 12


def test_nothing_on_it_comes_from_another_host(desk, staff):
    text = page(desk)

    assert staff.has_perm(OrderPermission.VIEW_ALL_ORDERS)
    assert re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?:https?:)?//', text) == []
