"""The log in the admin: read, searched, and written by nobody."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from notifications.models import Event, Notification
from ordering.models import Order
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import order_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(shipping, customer) -> Order:
    return Order.objects.get(number=order_of(Api(customer), (gid(make_variant()), 1))["number"])


def test_an_event_leads_to_what_it_is_about(admin_client, order):
    page = admin_client.get(reverse("admin:notifications_event_changelist"))

    assert reverse("admin:ordering_order_change", args=[order.pk]) in page.text


def test_the_log_is_searched_by_subject_and_by_type(admin_client, order):
    searches = {"subject": str(order.pk), "type": "order.pai", "nothing": "nothing.like.it"}

    found = {name: _types(admin_client, f"?q={term}") for name, term in searches.items()}

    assert found == {
        "subject": {"order.placed", "order.confirmed", "order.paid", "order.document_issued"},
        "type": {"order.paid"},
        "nothing": set(),
    }


def test_what_was_not_dispatched_yet_is_found(admin_client, order):
    assert _types(admin_client, "?dispatched=no") == set()
    assert _types(admin_client, "?dispatched=yes") == {
        "order.placed",
        "order.confirmed",
        "order.paid",
        "order.document_issued",
    }


def test_who_was_told_is_on_the_events_page(admin_client, order, customer):
    event = Event.objects.get(type="order.placed")

    page = admin_client.get(reverse("admin:notifications_event_change", args=[event.pk]))

    assert customer.email in page.text
    assert "buyer@example.com" in page.text


@pytest.mark.parametrize("model", [Event, Notification], ids=["event", "notification"])
def test_no_permission_is_enough_to_write_the_log(model, order):
    name = model._meta.model_name
    clerk = make_user("clerk@example.com", is_staff=True)
    may = [f"{verb}_{name}" for verb in ("add", "change", "delete", "view")]
    clerk.user_permissions.add(*Permission.objects.filter(codename__in=may))
    client = Client()
    client.force_login(clerk)
    row = model.objects.first()
    before = list(model.objects.order_by("pk").values())

    answers = [
        client.get(reverse(f"admin:notifications_{name}_change", args=[row.pk])).status_code,
        client.post(reverse(f"admin:notifications_{name}_change", args=[row.pk]), {"type": "x"}).status_code,
        client.post(reverse(f"admin:notifications_{name}_add"), {"type": "x"}).status_code,
        client.post(reverse(f"admin:notifications_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code,
    ]

    assert answers == [200, 403, 403, 403]
    assert list(model.objects.order_by("pk").values()) == before


def _types(client, query) -> set[str]:
    page = client.get(reverse("admin:notifications_event_changelist") + query)
    return {event.type for event in page.context_data["cl"].result_list}
