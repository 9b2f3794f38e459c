"""The outbox: an event is written with the change it tells about, numbered, or not at all."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from accounts.events import AccountRegistered, RefreshTokenReused
from accounts.models import User
from catalog.models import Vendor
from notifications import outbox
from notifications.models import Event, Notification
from tests.conftest import make_product, make_user

NEWS = AccountRegistered(email="a@example.com", full_name="Ada")


def record(about, event=NEWS, **told):
    with transaction.atomic():
        outbox.record(event, about=about, **told)


def record_and_roll_back(about, event=NEWS, **told):
    with transaction.atomic():
        User.objects.filter(pk=about.pk).update(full_name="changed")
        outbox.record(event, about=about, **told)
        raise ZeroDivisionError


def numbers(about):
    return list(Event.objects.filter(subject_id=str(about.pk)).order_by("seq").values_list("seq", flat=True))


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_a_transaction():
    user = make_user()

    with pytest.raises(RuntimeError, match="transaction"):
        outbox.record(NEWS, about=user, users=[user.pk])

    assert not Event.objects.exists()
    assert not Notification.objects.exists()


@pytest.mark.django_db
def test_an_event_keeps_what_it_was_told(customer, staff):
    record(customer, actor=staff, users=[customer.pk, staff.pk], emails=["a@example.com"])

    event = Event.objects.get()
    assert event.type == "account.registered"
    assert event.subject == customer
    assert event.actor == staff
    assert event.seq == 1
    assert event.payload == {"email": "a@example.com", "full_name": "Ada"}
    assert event.audience == {"users": [str(customer.pk), str(staff.pk)], "emails": ["a@example.com"]}
    assert event.topic == f"user.{customer.pk}"
    assert event.dispatched_at is None


@pytest.mark.django_db
def test_an_event_may_be_for_nobody_and_by_nobody(customer):
    record(customer, RefreshTokenReused())

    event = Event.objects.get()
    assert (event.actor, event.payload, event.audience) == (None, {}, {"users": [], "emails": []})


@pytest.mark.django_db
def test_events_of_one_subject_are_numbered_without_a_gap(customer):
    for _ in range(5):
        record(customer)
    with transaction.atomic():
        for _ in range(3):
            outbox.record(NEWS, about=customer)

    assert numbers(customer) == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.django_db
def test_each_subject_has_its_own_numbers(customer, staff):
    for about in (customer, staff, customer, customer, staff):
        record(about)

    assert (numbers(customer), numbers(staff)) == ([1, 2, 3], [1, 2])


@pytest.mark.django_db
def test_subjects_of_two_tables_with_one_key_are_two_subjects():
    product = make_product()
    vendor, _ = Vendor.objects.get_or_create(pk=product.pk, defaults={"name": "Other", "slug": "other"})

    record(product)
    record(vendor)
    record(product)

    assert [(event.topic, event.seq) for event in Event.objects.order_by("occurred_at")] == [
        (f"product.{product.pk}", 1),
        (f"vendor.{product.pk}", 1),
        (f"product.{product.pk}", 2),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_is_rolled_back_records_and_delivers_nothing():
    user = make_user()

    with pytest.raises(ZeroDivisionError):
        record_and_roll_back(user, users=[user.pk])

    user.refresh_from_db()
    assert user.full_name == ""
    assert not Event.objects.exists()
    assert not Notification.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_leaves_no_gap():
    user = make_user()
    record(user)
    with pytest.raises(ZeroDivisionError):
        record_and_roll_back(user)

    record(user)

    assert numbers(user) == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_only_the_inner_part_that_was_rolled_back_is_forgotten():
    user = make_user()

    with transaction.atomic():
        outbox.record(AccountRegistered(email="kept@example.com", full_name=""), about=user, users=[user.pk])
        with pytest.raises(ZeroDivisionError):
            record_and_roll_back(user, AccountRegistered(email="lost@example.com", full_name=""), users=[user.pk])

    assert [event.payload["email"] for event in Event.objects.all()] == ["kept@example.com"]
    assert Notification.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_nothing_is_delivered_before_the_commit():
    user = make_user()

    with transaction.atomic():
        outbox.record(NEWS, about=user, users=[user.pk])
        assert Event.objects.get().dispatched_at is None
        assert not Notification.objects.exists()

    assert Event.objects.get().dispatched_at is not None
    assert Notification.objects.get().user == user


@pytest.mark.django_db
def test_a_number_cannot_be_given_twice(customer):
    record(customer)
    first = Event.objects.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.create(
            type="account.registered", subject_type=first.subject_type, subject_id=first.subject_id, seq=1
        )

    assert Event.objects.count() == 1


@dataclass(frozen=True)
class Priced:
    type = "test.priced"
    amount: object


@pytest.mark.django_db
@pytest.mark.parametrize("value", [Decimal("1.50"), uuid4(), object()], ids=["decimal", "uuid", "object"])
def test_what_is_no_plain_value_is_refused_when_it_is_recorded(customer, value):
    with pytest.raises(TypeError, match="JSON"):
        record(customer, Priced(amount=value))

    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_outlives_its_subject_and_its_actor():
    user = make_user()
    record(user, actor=user)

    user.delete()

    event = Event.objects.get()
    assert (event.subject, event.actor, event.seq) == (None, None, 1)
