"""What approvals hold on a person who is gone, when the news of it was lost."""

from datetime import timedelta

import pytest
from django.utils import timezone
from strawberry.relay.utils import from_base64

from accounts.models import User
from notifications.models import Event
from ordering.models import Order
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import order_of
from workflows import services, tasks
from workflows.models import ApprovalDecision, ApprovalRequest

pytestmark = pytest.mark.django_db

HOME = "203.0.113.7"


@pytest.fixture
def variant(shipping, policy):
    return make_variant(price="600.00")


def asked_for(user, variant, address=HOME):
    """A request about an order of theirs, placed from there."""
    api = Api(user)
    api.http.defaults["REMOTE_ADDR"] = address
    order = order_of(api, (gid(variant), 1))
    return ApprovalRequest.objects.get(order=Order.objects.get(pk=from_base64(order["id"])[1]))


def erased(user):
    """As `accounts` leaves somebody; what follows is the approvals' part."""
    User.objects.filter(pk=user.pk).update(erased_at=timezone.now(), is_active=False)


def test_what_was_said_and_where_it_was_asked_from_is_forgotten_later(customer, approver, variant):
    request = asked_for(customer, variant)
    services.reject(request_id=request.pk, actor=approver, reason="Mrs Lovelace, no.")
    kept = asked_for(make_user(), variant)
    services.approve(request_id=kept.pk, actor=approver, comment="For Bob")
    assert tasks.forget_erased_customers() == 0
    erased(customer)

    assert tasks.forget_erased_customers() == 1

    decision = ApprovalDecision.objects.get(request=request)
    assert (decision.comment, decision.decided_by, decision.status) == ("", approver, "REJECTED")
    history = Event.objects.filter(subject_id=str(request.pk))
    assert set(history.values_list("origin", flat=True)) == {""}
    assert not history.filter(payload__reason="Mrs Lovelace, no.").exists()
    assert ApprovalDecision.objects.get(request=kept).comment == "For Bob"
    assert tasks.forget_erased_customers() == 0


def test_where_an_undecided_request_came_from_is_forgotten_too(customer, variant):
    request = asked_for(customer, variant)
    assert Event.objects.get(subject_id=str(request.pk)).origin == HOME
    erased(customer)

    assert [tasks.forget_erased_customers(), tasks.forget_erased_customers()] == [1, 0]

    assert Event.objects.get(subject_id=str(request.pk)).origin == ""


def test_looking_for_them_costs_three_statements_whoever_was_erased(variant, django_assert_num_queries):
    for _ in range(3):
        user = make_user()
        asked_for(user, variant)
        erased(user)
    tasks.forget_erased_customers()

    with django_assert_num_queries(3):
        assert tasks.forget_erased_customers() == 0


def test_they_are_looked_for_every_ten_minutes(settings):
    entries = settings.CELERY_BEAT_SCHEDULE.values()
    (beat,) = [entry for entry in entries if entry["task"] == tasks.forget_erased_customers.name]
    assert beat["schedule"] == timedelta(minutes=10)
