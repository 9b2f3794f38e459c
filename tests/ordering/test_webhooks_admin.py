"""Webhooks in the admin: what is open and what was given up is found, and worked on again at the press of a button."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ordering.models import Payment, WebhookMessage
from ordering.services import webhooks
from tests.conftest import gid, make_user, make_variant
from tests.shopping import order_of

pytestmark = pytest.mark.django_db(transaction=True)

LIST = reverse("admin:ordering_webhookmessage_changelist")


def a_message(message_id="evt_1", **fields):
    fields = {"body": {"reference": "pi_of_nobody"}, **fields}
    return WebhookMessage.objects.create(gateway="stripe", message_id=message_id, type="charge.refunded", **fields)


def _browser(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture(params=["Support", "Supply chain"])
def desk(request, db):
    """The browser of staff who work with orders."""
    return _browser(make_user("desk@example.com", roles=(request.param,), is_staff=True))


@pytest.fixture
def reader(db):
    """The browser of staff who may look at webhooks, and at nothing else."""
    person = make_user("reader@example.com", is_staff=True)
    person.user_permissions.add(*Permission.objects.filter(codename="view_webhookmessage"))
    return _browser(person)


def page(message):
    return reverse("admin:ordering_webhookmessage_change", args=[message.pk])


def press(browser, message_id):
    address = reverse("admin:ordering_webhookmessage_process", args=[message_id])
    return browser.post(address, {"_form_submitted": "on"}, follow=True)


def said(answer):
    return [str(message) for message in answer.context["messages"]]


def test_messages_are_found_by_their_stage_and_by_what_they_are_about(desk):
    a_message("open", tries=2)
    a_message("failed", tries=webhooks.MAX_TRIES)
    a_message("done", processed_at=timezone.now(), body={"reference": "pi_7"})

    found = {
        query: {row.message_id for row in desk.get(LIST + query).context_data["cl"].result_list}
        for query in ("", "?stage=open", "?stage=failed", "?stage=done", "?q=pi_7", "?q=failed")
    }

    assert found == {
        "": {"open", "failed", "done"},
        "?stage=open": {"open"},
        "?stage=failed": {"failed"},
        "?stage=done": {"done"},
        "?q=pi_7": {"done"},
        "?q=failed": {"failed"},
    }


def test_a_message_that_was_given_up_is_worked_on_again(desk, stripe, guest, shipping):
    order_of(guest, (gid(make_variant()), 1), payment={"gateway": "stripe", "token": "pm_card_visa"})
    body = {"reference": Payment.objects.get().reference}
    message = a_message(tries=webhooks.MAX_TRIES, outcome="Stripe gave no answer", body=body)

    answer = press(desk, message.pk)

    message.refresh_from_db()
    assert said(answer) == ["The message was worked on again."]
    assert (message.processed_at is not None, message.outcome) == (True, "Both agree.")


def test_what_a_message_says_is_shown_as_text(desk):
    message = a_message(body={"reference": "<script>alert(1)</script>"})

    shown = desk.get(page(message))

    assert shown.status_code == 200
    assert "<script>alert(1)</script>" not in shown.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown.text


def test_staff_who_may_only_look_press_no_button(reader):
    message = a_message()

    assert reader.get(page(message)).status_code == 200
    assert press(reader, message.pk).status_code == 403
    message.refresh_from_db()
    assert (message.processed_at, message.tries, message.outcome) == (None, 0, "")


@pytest.mark.parametrize("object_id", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_button_of_a_message_that_is_not_there_leads_back(desk, object_id):
    address = reverse("admin:ordering_webhookmessage_process", args=[object_id])

    assert desk.post(address, {"_form_submitted": "on"}).status_code == 302
