"""Approval requests in the admin: decided by the group's members, with the service's own refusals."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from notifications.models import Event
from ordering.models import Order
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import order_of
from workflows.models import ApprovalDecision, ApprovalPolicy, ApprovalRequest

pytestmark = pytest.mark.django_db(transaction=True)

SENT = {"_form_submitted": "on"}


@pytest.fixture
def member(approver):
    """An approver who works in the admin, and may only look at requests there."""
    approver.is_staff = True
    approver.save()
    return _with_view(approver)


@pytest.fixture
def waiting(shipping, policy, customer) -> ApprovalRequest:
    order_of(Api(customer), (gid(make_variant(price="300.00")), 2))
    return ApprovalRequest.objects.get()


def test_a_member_approves_and_the_order_goes_ahead(member, waiting):
    client = _browser(member)
    offered = _buttons(client, waiting)

    said = _press(client, waiting, "approve", comment="Within the budget.")

    assert offered == ["approve", "reject"]
    assert said == ["The request was approved."]
    decision = ApprovalDecision.objects.get()
    assert (decision.status, decision.decided_by, decision.comment) == ("APPROVED", member, "Within the budget.")
    assert Order.objects.get().status == "CONFIRMED"
    assert _buttons(client, waiting) == []


def test_a_member_rejects_with_a_reason_and_the_order_ends(member, waiting):
    client = _browser(member)

    said = _press(client, waiting, "reject", reason="Too dear.")

    assert said == ["The request was rejected."]
    waiting.refresh_from_db()
    assert waiting.status == "REJECTED"
    assert Order.objects.get().status == "REJECTED"


def test_without_a_reason_nothing_is_rejected(member, waiting):
    events = Event.objects.count()

    answer = _browser(member).post(_address(waiting, "reject"), SENT | {"reason": ""})

    assert answer.status_code == 200
    assert "This field is required." in answer.text
    _assert_undecided(waiting, events)


def test_what_is_decided_already_is_said_in_the_services_words(member, waiting):
    client = _browser(member)
    _press(client, waiting, "approve", comment="")
    events = Event.objects.count()

    said = _press(client, waiting, "reject", reason="Too late.")

    assert said == ["This was decided already, or the order has ended."]
    waiting.refresh_from_db()
    assert waiting.status == "APPROVED"
    assert Event.objects.count() == events


@pytest.mark.parametrize("button", ["approve", "reject"])
def test_staff_outside_the_group_sees_no_button_and_decides_nothing(button, waiting):
    outsider = _with_view(make_user("outsider@example.com", is_staff=True))
    events = Event.objects.count()
    client = _browser(outsider)

    said = _press(client, waiting, button, comment="Yes.", reason="No.")

    assert _buttons(client, waiting) == []
    assert said == ["There is no such approval request, or you may not see it."]
    _assert_undecided(waiting, events)


def test_not_even_a_superuser_stands_in_for_the_group(waiting, admin_client):
    events = Event.objects.count()

    said = _press(admin_client, waiting, "approve", comment="")

    assert _buttons(admin_client, waiting) == []
    assert said == ["There is no such approval request, or you may not see it."]
    _assert_undecided(waiting, events)


def test_nobody_decides_their_own_request(shipping, policy):
    buyer = _with_view(make_user("buyer@example.com", is_staff=True, roles=("Approvers",)))
    order_of(Api(buyer), (gid(make_variant(price="300.00")), 2))
    own = ApprovalRequest.objects.get()
    events = Event.objects.count()
    client = _browser(buyer)

    said = _press(client, own, "approve", comment="Mine.")

    assert _buttons(client, own) == []
    assert said == ["Nobody decides their own request."]
    _assert_undecided(own, events)


def test_a_member_without_the_right_to_look_is_kept_out(approver, waiting):
    approver.is_staff = True
    approver.save()
    events = Event.objects.count()

    answer = _browser(approver).post(_address(waiting, "approve"), SENT)

    assert answer.status_code == 403
    _assert_undecided(waiting, events)


def test_the_list_shows_those_that_wait_for_me(member, waiting):
    address = reverse("admin:workflows_approvalrequest_changelist") + "?waiting=me"
    outsider = _with_view(make_user("outsider@example.com", is_staff=True))

    lists = [list(_browser(person).get(address).context_data["cl"].result_list) for person in (member, outsider)]

    assert lists == [[waiting], []]


def test_a_policy_is_written_in_a_real_currency(admin_client):
    group = Group.objects.create(name="Board")
    fields = {"name": "Huge", "is_active": "on", "group": group.pk, "threshold_amount": "9000"}

    refused = admin_client.post(reverse("admin:workflows_approvalpolicy_add"), fields | {"currency": "QQQ"})
    count = ApprovalPolicy.objects.count()
    admin_client.post(reverse("admin:workflows_approvalpolicy_add"), fields | {"currency": "eur"})

    assert refused.status_code == 200
    assert count == 0
    assert ApprovalPolicy.objects.get().currency == "EUR"


def _with_view(person):
    person.user_permissions.add(Permission.objects.get(codename="view_approvalrequest"))
    return person


def _browser(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def _page(request) -> str:
    return reverse("admin:workflows_approvalrequest_change", args=[request.pk])


def _address(request, button) -> str:
    return reverse(f"admin:workflows_approvalrequest_{button}", args=[request.pk])


def _buttons(client, request) -> list[str]:
    buttons = client.get(_page(request)).context_data["actions_detail"]
    return [button["path"].rstrip("/").rsplit("/", 1)[-1] for button in buttons]


def _press(client, request, button, **fields) -> list[str]:
    answer = client.post(_address(request, button), SENT | fields)
    assert answer.status_code == 302, answer.text
    return [str(message) for message in client.get(answer.url).context["messages"]]


def _assert_undecided(request, events: int) -> None:
    request.refresh_from_db()
    assert request.status == "PENDING"
    assert Order.objects.get().status == "AWAITING_APPROVAL"
    assert ApprovalDecision.objects.count() == 0
    assert Event.objects.count() == events
