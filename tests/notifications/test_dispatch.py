"""Delivery: everybody is told once, whatever fails beside it; what was left lying is swept up."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from celery import shared_task
from channels.layers import get_channel_layer
from django.core import mail
from django.db import transaction
from django.utils import timezone

from accounts.events import AccountRegistered
from accounts.services import privacy
from notifications import outbox, tasks
from notifications.apps import check_events, event_types
from notifications.models import Event, Notification, topic_of
from tests.conftest import PASSWORD, gid, make_user, make_variant
from tests.shopping import order_of

REACTION = "account.registered"

reacted = []


@shared_task(name="tests.reaction")
def reaction(*, event_id, **_):
    reacted.append(event_id)


@shared_task(name="tests.failing_reaction")
def failing_reaction(*, event_id, **_):
    raise ZeroDivisionError(event_id)


@pytest.fixture(autouse=True)
def _nothing_has_reacted():
    reacted.clear()


def recorded(about, **told):
    """An event that was written. In a test's transaction it is never committed, so nothing delivers it."""
    with transaction.atomic():
        outbox.record(AccountRegistered(email="a@example.com", full_name="Ada"), about=about, **told)
    return Event.objects.order_by("-occurred_at").first()


def aged(event, **age):
    Event.objects.filter(pk=event.pk).update(occurred_at=timezone.now() - timedelta(**age))


def is_dispatched(event):
    return Event.objects.filter(pk=event.pk, dispatched_at__isnull=False).exists()


def told(event):
    return sorted(str(row.user or row.email) for row in event.notifications.select_related("user"))


# ── Once ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_everybody_in_the_audience_is_told(customer, staff):
    event = recorded(customer, users=[customer.pk, staff.pk])

    tasks.dispatch.delay(event_id=str(event.pk))

    assert told(event) == ["customer@example.com", "staff@example.com"]
    assert is_dispatched(event)


@pytest.mark.django_db
def test_dispatching_twice_tells_nobody_twice(customer, settings):
    settings.EVENT_REACTIONS = {REACTION: [f"{__name__}.reaction"]}
    event = recorded(customer, users=[customer.pk])

    tasks.dispatch.delay(event_id=str(event.pk))
    first = Event.objects.get().dispatched_at
    tasks.dispatch.delay(event_id=str(event.pk))

    assert told(event) == ["customer@example.com"]
    assert reacted == [str(event.pk)]
    assert Event.objects.get().dispatched_at == first


@pytest.mark.django_db
def test_a_dispatch_that_died_half_way_is_finished_without_telling_twice(customer, staff):
    event = recorded(customer, users=[customer.pk, staff.pk])
    Notification.objects.create(event=event, user=customer)

    tasks.dispatch.delay(event_id=str(event.pk))

    assert told(event) == ["customer@example.com", "staff@example.com"]


@pytest.mark.django_db
def test_a_user_named_twice_is_told_once(customer):
    event = recorded(customer, users=[customer.pk, customer.pk])

    tasks.dispatch.delay(event_id=str(event.pk))

    assert told(event) == ["customer@example.com"]


@pytest.mark.django_db(transaction=True)
def test_a_recipient_who_is_gone_does_not_keep_the_others_from_being_told():
    stays, leaves = make_user("stays@example.com"), make_user("leaves@example.com")
    gone = leaves.pk
    leaves.delete()

    event = recorded(stays, users=[gone, stays.pk])

    assert told(event) == ["stays@example.com"]
    assert is_dispatched(event)


@pytest.mark.django_db
def test_nothing_comes_to_an_account_that_ended_meanwhile(customer, staff):
    event = recorded(customer, users=[customer.pk, staff.pk])
    privacy.erase(actor=customer, password=PASSWORD)

    tasks.dispatch.delay(event_id=str(event.pk))

    assert told(event) == ["staff@example.com"]


@pytest.mark.django_db
def test_a_task_takes_arguments_of_tomorrow(customer):
    event = recorded(customer, users=[customer.pk])

    tasks.dispatch.delay(event_id=str(event.pk), priority="high")

    assert is_dispatched(event)


# ── Reactions and bells ──────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_a_failing_reaction_stops_neither_the_inbox_nor_the_next_reaction(customer, settings):
    settings.EVENT_REACTIONS = {REACTION: [f"{__name__}.failing_reaction", f"{__name__}.reaction"]}
    event = recorded(customer, users=[customer.pk])

    tasks.dispatch.delay(event_id=str(event.pk))

    assert told(event) == ["customer@example.com"]
    assert reacted == [str(event.pk)]
    assert is_dispatched(event)


@pytest.mark.django_db
def test_a_reaction_to_another_type_is_not_asked(customer, settings):
    settings.EVENT_REACTIONS = {"order.placed": [f"{__name__}.reaction"]}
    event = recorded(customer)

    tasks.dispatch.delay(event_id=str(event.pk))

    assert reacted == []


@pytest.mark.django_db
def test_the_subject_and_the_audience_are_rung(customer, staff):
    layer = get_channel_layer()
    event = recorded(customer, users=[staff.pk])
    topics = [f"user.{customer.pk}", topic_of("user", staff.pk)]
    channel = async_to_sync(layer.new_channel)()
    for topic in topics:
        async_to_sync(layer.group_add)(topic, channel)

    tasks.dispatch.delay(event_id=str(event.pk))

    rung = [async_to_sync(layer.receive)(channel) for _ in topics]
    assert rung == [{"type": "bell", "topic": topic} for topic in topics]


@pytest.mark.django_db
def test_a_channel_layer_that_is_away_stops_neither_the_inbox_nor_a_reaction(customer, settings, caplog):
    settings.EVENT_REACTIONS = {REACTION: [f"{__name__}.reaction"]}
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:1"]},
        }
    }
    event = recorded(customer, users=[customer.pk])

    tasks.dispatch.delay(event_id=str(event.pk))

    assert told(event) == ["customer@example.com"]
    assert reacted == [str(event.pk)]
    assert is_dispatched(event)
    assert [record.message for record in caplog.records if record.name == "notifications.delivery"] == [
        f"No bell for user.{customer.pk}: the channel layer does not answer."
    ]


@pytest.mark.django_db(transaction=True)
def test_an_order_is_placed_although_nobody_can_be_rung_or_mailed(shipping, guest, settings):
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:1"]},
        }
    }
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    order = order_of(guest, (gid(make_variant()), 1))

    assert order["status"] == "CONFIRMED"
    assert Notification.objects.get().emailed_at is None


# ── The sweep ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_the_sweep_delivers_what_was_never_dispatched(customer):
    event = recorded(customer, users=[customer.pk])
    aged(event, seconds=11)

    assert tasks.sweep() == 1

    assert told(event) == ["customer@example.com"]
    assert is_dispatched(event)


@pytest.mark.django_db
def test_the_sweep_leaves_young_events_on_their_ordinary_way(customer):
    event = recorded(customer, users=[customer.pk])
    aged(event, seconds=5)

    assert tasks.sweep() == 0

    assert told(event) == []
    assert not is_dispatched(event)


@pytest.mark.django_db
def test_the_sweep_finds_nothing_twice(customer):
    event = recorded(customer, users=[customer.pk])
    aged(event, days=3)

    assert (tasks.sweep(), tasks.sweep()) == (1, 0)
    assert told(event) == ["customer@example.com"]


@pytest.mark.django_db
def test_the_sweep_goes_on_after_an_event_that_cannot_be_delivered(customer, settings):
    broken, good = (recorded(customer, users=[customer.pk]) for _ in range(2))
    Event.objects.filter(pk=broken.pk).update(type="test.broken")
    settings.EVENT_REACTIONS = {"test.broken": ["tests.nowhere.reaction"]}
    for event in (broken, good):
        aged(event, minutes=1)

    tasks.sweep()

    assert (is_dispatched(broken), is_dispatched(good)) == (False, True)
    assert told(good) == ["customer@example.com"]


@pytest.mark.parametrize(("age", "sent"), [({"minutes": 9}, 0), ({"minutes": 11}, 1), ({"hours": 25}, 0)])
@pytest.mark.django_db(transaction=True)
def test_the_sweep_sends_an_e_mail_whose_task_was_lost_within_a_day(shipping, guest, age, sent):
    order_of(guest, (gid(make_variant()), 1))
    Notification.objects.update(emailed_at=None, created_at=timezone.now() - timedelta(**age))
    mail.outbox.clear()

    tasks.sweep_emails()

    assert len(mail.outbox) == sent


# ── E-mail ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db(transaction=True)
def test_an_order_is_confirmed_by_one_e_mail_of_text_and_html(shipping, guest):
    order = order_of(guest, (gid(make_variant(name="Desk & Lamp <b>")), 1), email="Buyer@example.com")

    (message,) = mail.outbox
    assert message.to == [Notification.objects.get().email]
    assert message.from_email == "Nexus <shop@example.com>"
    assert order["number"] in message.subject
    assert "\n" not in message.subject
    assert order["number"] in message.body
    ((html, kind),) = message.alternatives
    assert kind == "text/html"
    assert html.lstrip().startswith("<!doctype html>")
    assert order["number"] in html
    assert "<b>" not in html.replace("<body", "")
    assert Notification.objects.get().emailed_at is not None


@pytest.mark.django_db(transaction=True)
def test_an_e_mail_is_sent_once(shipping, guest):
    order_of(guest, (gid(make_variant()), 1))
    notification = Notification.objects.get()

    tasks.send_email.delay(notification_id=str(notification.pk))
    Event.objects.filter(pk=notification.event_id).update(dispatched_at=None)
    tasks.dispatch.delay(event_id=str(notification.event_id))

    assert len(mail.outbox) == 1
    assert Notification.objects.filter(user=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_e_mail_that_could_not_be_sent_is_sent_later(shipping, guest, settings):
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    order_of(guest, (gid(make_variant()), 1))
    notification = Notification.objects.get()
    assert notification.emailed_at is None

    settings.EMAIL_BACKEND = working
    tasks.send_email.delay(notification_id=str(notification.pk))

    assert len(mail.outbox) == 1


# ── The system check ─────────────────────────────────────────────────────────────────────────────────────────────────
def messages():
    return [problem.msg for problem in check_events(None)]


def test_the_project_has_no_problem():
    assert messages() == []
    assert {"account.registered", "order.placed", "approval_request.opened"} <= set(event_types())


def test_a_reaction_to_an_event_nobody_records_is_found(settings):
    settings.EVENT_REACTIONS = {"order.plcaed": [f"{__name__}.reaction"]}

    assert messages() == ["EVENT_REACTIONS names order.plcaed, which no app records."]
    assert [problem.id for problem in check_events(None)] == ["notifications.E001"]


@pytest.mark.parametrize(
    "name",
    ["tests.nowhere.reaction", f"{__name__}.nothing", f"{__name__}.messages", "reaction", "", "django.db.models"],
)
def test_a_reaction_that_is_no_task_is_found(settings, name):
    settings.EVENT_REACTIONS = {REACTION: [f"{__name__}.reaction", name]}

    assert messages() == [f"EVENT_REACTIONS: {name} is no Celery task."]


def test_an_event_without_its_texts_is_found(settings):
    templates = [{**settings.TEMPLATES[0], "APP_DIRS": False}]
    settings.TEMPLATES = templates

    found = messages()

    assert "The event account.registered has no text events/account.registered.title.txt." in found
    assert "The event account.registered has no text events/account.registered.body.txt." in found
    assert len(found) == 2 * len(set(event_types()))
