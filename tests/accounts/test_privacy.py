"""What is held on a person: a copy for themselves alone, an erasure that is whole, and what expires by itself."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from celery.schedules import crontab
from channels.db import database_sync_to_async
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.checks import Error, run_checks
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from strawberry.relay.utils import from_base64

from accounts import events, links, postal, tasks
from accounts.errors import AccountError
from accounts.models import (
    EXPORT_LIFETIME,
    Address,
    DataExport,
    EmailLink,
    EmailLinkPurpose,
    RefreshToken,
    Session,
    User,
)
from accounts.permissions import Role
from accounts.services import addresses, email_links, passwords, privacy, profile, registering, sessions
from catalog.services import reviews, wishlists
from notifications import outbox
from notifications.models import Event, Notification
from notifications.tasks import dispatch, send_email
from ordering import services as ordering
from ordering.errors import OrderError
from ordering.models import Cart, Document, Order
from ordering.services import privacy as ordering_privacy
from tests.conftest import PASSWORD, Api, gid, make_user, make_variant, socket
from tests.people import ERRORS, coming_from, everything_stored, forget_attempts, register, sign_in, token_in
from tests.shopping import cart_with, checkout, order_of
from workflows import services as workflows
from workflows.models import ApprovalDecision, ApprovalRequest

EXPORT = f"mutation {{ accountDataExport {{ dataExport {{ id requestedAt readyAt expiresAt url }} {ERRORS} }} }}"
ERASE = f"mutation($password: String!) {{ accountErase(password: $password) {{ isErased {ERRORS} }} }}"
LAST_EXPORT = "{ me { dataExport { id requestedAt readyAt expiresAt url } } }"
EXPORT_OF_BUYER = "query($id: ID!) { order(id: $id) { customer { email dataExport { url } } } }"
ME = "{ me { email } }"

HOME = "203.0.113.77"
# Whatever tells who Ada is, where she lives, how she is reached, where she was and what she paid with.
PERSONAL = [
    "Lovelace",
    "ada@example.com",
    "maiden@example.com",
    "work@example.com",
    "next@example.com",
    "St James's Square",
    "+442079460958",
    "Paddington",
    HOME,
    "Difference Engine 1.0",
    "PARCEL-0042",
    "neighbour on the left",
    "Bernoulli numbers",
    "Lord Byron",
]
ADA = {
    "fullName": "Ada Lovelace",
    "line1": "12 St James's Square",
    "line2": "Paddington",
    "city": "London",
    "region": "Greater London",
    "postalCode": "SW1Y 4LB",
    "country": "GB",
    "phone": "+442079460958",
}


def at_home(user=None):
    api = Api(user)
    api.http = Client(REMOTE_ADDR=HOME, headers={"User-Agent": "Difference Engine 1.0"})
    return api


def export(api):
    return api(EXPORT)["accountDataExport"]


def erase(api, password=PASSWORD):
    return api(ERASE, password=password)["accountErase"]


def last_export(api):
    return api(LAST_EXPORT)["me"]["dataExport"]


def download(url):
    return Client().get(url)


def document_of(api):
    """What the person's browser saves."""
    return json.loads(download(last_export(api)["url"]).content)


def refusal(payload):
    (error,) = payload["userErrors"]
    assert error["message"].endswith(".")
    return error["code"], error["field"]


def rows_with(text):
    return [row for row in everything_stored().splitlines() if text in row]


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=100)


@pytest.fixture
def ada(customer, staff, policy, approver, variant, transactional_db):
    """Somebody who did everything the shop offers, all of it from home; nothing of it is still under way."""
    guest = at_home()
    register(guest, email="maiden@example.com", fullName="Ada Lovelace")
    guest("mutation($t: String!) { accountVerifyEmail(token: $t) { user { email } } }", t=token_in(mail.outbox[-1]))
    ada = User.objects.get(email="maiden@example.com")
    api = at_home()
    api.token = sign_in(guest, "maiden@example.com")["accessToken"]
    with coming_from(HOME):
        change_address(ada, "ada@example.com")
        passwords.request_reset(email="ada@example.com")
        profile.request_email_change(actor=ada, new_email="next@example.com", password=PASSWORD)
    register(guest, email="ada@example.com", fullName="A. Lovelace")
    Address.objects.create(
        user=ada, full_name="Ada Lovelace", line1="12 St James's Square", city="London", country="GB"
    )
    deactivate(ada, staff)
    LogEntry.objects.log_actions(staff.pk, [ada], CHANGE, change_message="")

    delivered(order_of(api, (gid(variant), 1), shippingAddress=ADA, email="work@example.com"), staff)
    cancelled(order_of(api, (gid(variant), 2), shippingAddress=ADA, email="ada@example.com"), ada)
    rejected(order_of(api, (gid(variant), 30), shippingAddress=ADA, email="ada@example.com"), approver)
    checkout(api, cart_with(api, (gid(variant), 1))["id"], token="tok_no", shippingAddress=ADA, key="ada@example.com")
    checkout(api, cart_with(guest, (gid(variant), 1))["id"], shippingAddress=ADA)  # signs in on the way
    delivered({"id": gid(Order.objects.order_by("-created_at").first())}, staff)
    cart_with(api, (gid(variant), 3))
    reviewed(ada, variant.product_id, staff)
    wishlists.create(actor=ada, name="From Lord Byron")
    forget_attempts()
    mail.outbox.clear()
    ada.refresh_from_db()
    return ada


def change_address(user, email):
    profile.request_email_change(actor=user, new_email=email, password=PASSWORD)
    profile.change_email(token=token_in(mail.outbox[-1]))
    user.refresh_from_db()


def deactivate(user, staff):
    """As staff do; the reason is theirs to word."""
    with transaction.atomic():
        outbox.record(events.AccountDeactivated(reason="Ask the neighbour on the left."), about=user, actor=staff)


def row_of(order):
    return Order.objects.get(pk=from_base64(order["id"])[1])


def delivered(order, staff):
    parcel = ordering.Parcel("Royal Mail", "PARCEL-0042", "https://parcels.example/PARCEL-0042")
    ordering.fulfill(order_id=row_of(order).pk, actor=staff, parcel=parcel)
    ordering.deliver(order_id=row_of(order).pk, actor=staff)


def cancelled(order, ada):
    ordering.cancel(order_id=row_of(order).pk, reason="I moved in with my neighbour on the left.", actor=ada)


def rejected(order, approver):
    request = ApprovalRequest.objects.get(order=row_of(order))
    workflows.reject(request_id=request.pk, actor=approver, reason="Mrs Lovelace, no.")


def reviewed(ada, product_id, staff):
    words = "It counts Bernoulli numbers."
    review = reviews.create(actor=ada, product_id=product_id, rating=5, body=words)
    reviews.reject(actor=staff, review_id=review.pk, reason="Nobody looks for Mrs Lovelace's numbers here.")


# ── The copy ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_copy_is_made_told_and_downloaded(customer, transactional_db):
    api = Api(customer)
    before = timezone.now()

    payload = export(api)

    assert payload["userErrors"] == []
    waiting = payload["dataExport"]
    made = last_export(api)
    assert made["id"] == waiting["id"]
    requested_at = parse_datetime(made["requestedAt"])
    assert before < requested_at < parse_datetime(made["readyAt"]) < timezone.now()
    assert parse_datetime(made["expiresAt"]) == requested_at + timedelta(days=7)
    told = Event.objects.filter(type__contains="data_export").order_by("seq")
    assert list(told.values_list("type", flat=True)) == ["account.data_export_requested", "account.data_export_ready"]
    assert [letter.to for letter in mail.outbox] == [["customer@example.com"]]
    assert Notification.objects.get(user=customer).event.type == "account.data_export_ready"
    response = download(made["url"])
    assert response.status_code == 200
    assert json.loads(response.content)["account"]["profile"]["email"] == "customer@example.com"


def test_the_file_is_saved_and_kept_by_nobody_on_the_way(customer, transactional_db):
    api = Api(customer)
    export(api)

    url = last_export(api)["url"]
    response = download(url)

    assert url.startswith("http://testserver/account/data-export/")
    assert response["Content-Type"] == "application/json"
    made_at = DataExport.objects.get().ready_at
    assert response["Content-Disposition"] == f'attachment; filename="personal-data-{made_at:%Y-%m-%d}.json"'
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert Client().head(url).status_code == 200
    assert Client().head(url).content == b""
    assert {Client().generic(method, url).status_code for method in ("POST", "PUT", "DELETE", "PATCH")} == {405}


def test_the_copy_holds_everything_there_is(ada):
    api = at_home(ada)

    export(api)

    held = json.dumps(document_of(api), ensure_ascii=False)
    assert [text for text in PERSONAL if text not in held] == []
    document = document_of(api)
    assert document["account"]["roles"] == ["Customer"]
    assert [order["status"] for order in document["orders"]["orders"]] == [
        "DELIVERED",
        "CANCELLED",
        "REJECTED",
        "CANCELLED",
        "DELIVERED",
    ]
    assert document["orders"]["orders"][0]["lines"][0]["quantity"] == 1
    assert document["orders"]["orders"][0]["shipping_address"]["line1"] == "12 St James's Square"
    carts = document["orders"]["carts"]
    assert [sum(line["quantity"] for line in cart["lines"]) for cart in carts] == [1, 2, 30, 1, 1, 3]
    assert [request["status"] for request in document["approvals"]["requests"]] == ["REJECTED"]
    assert {link["purpose"] for link in document["account"]["links"]} == {
        "verify-email",
        "reset-password",
        "change-email",
    }


def test_an_approvers_copy_holds_what_they_decided(ada, approver):
    api = Api(approver)

    export(api)

    (decision,) = document_of(api)["approvals"]["decisions"]
    assert (decision["status"], decision["comment"]) == ("REJECTED", "Mrs Lovelace, no.")


def test_the_copy_holds_no_secret_and_nothing_of_others(ada, staff):
    api = at_home(ada)

    export(api)

    held = download(last_export(api)["url"]).content.decode()
    secrets = [
        ada.password,
        PASSWORD,
        "tok_ok",
        staff.email,
        *RefreshToken.objects.values_list("digest", flat=True),
        *(link.password for link in EmailLink.objects.exclude(password="")),
        *(str(link.pk) for link in EmailLink.objects.all()),
        *Order.objects.filter(customer=ada).values_list("request_digest", flat=True),
    ]
    assert [secret for secret in secrets if secret in held] == []


def test_where_staff_did_something_is_not_in_the_copy(customer, staff, transactional_db):
    with coming_from("198.51.100.9"):
        deactivate(customer, staff)

    export(Api(customer))

    assert "198.51.100.9" in everything_stored()
    assert "198.51.100.9" not in DataExport.objects.get().content


def statements_of_a_copy(orders):
    user, variant = make_user(), make_variant()
    api = Api(user)
    for _ in range(orders):
        order_of(api, (gid(variant), 1))
    export_id = DataExport.objects.create(user=user).pk
    with CaptureQueriesContext(connection) as captured:
        privacy.make_export(export_id=export_id)
    return len(captured)


@pytest.mark.django_db
def test_a_copy_costs_the_same_for_one_order_and_for_five(shipping):
    statements_of_a_copy(1)  # content types are read once a process

    one, five = statements_of_a_copy(1), statements_of_a_copy(5)

    assert one == five


@pytest.mark.django_db
def test_a_copy_that_is_being_made_is_not_asked_for_twice(customer):
    api = Api(customer)
    assert export(api)["dataExport"]["readyAt"] is None  # nothing is committed in a test, so nothing is made
    assert last_export(api)["url"] is None
    before = (DataExport.objects.count(), Event.objects.count())

    assert refusal(export(api)) == ("EXPORT_IN_PROGRESS", None)

    assert (DataExport.objects.count(), Event.objects.count()) == before


@pytest.mark.django_db
def test_a_copy_that_got_lost_may_be_asked_for_again(customer):
    api = Api(customer)
    export(api)
    DataExport.objects.update(requested_at=timezone.now() - privacy.EXPORT_TAKES_AT_MOST)

    assert export(api)["userErrors"] == []


@pytest.mark.django_db
def test_copies_are_few_a_day(customer):
    api = Api(customer)
    for _ in range(3):
        export(api)
        DataExport.objects.update(ready_at=timezone.now())
    before = (DataExport.objects.count(), Event.objects.count())

    assert api.code(EXPORT) == "RATE_LIMITED"

    assert (DataExport.objects.count(), Event.objects.count()) == before


@pytest.mark.django_db
def test_making_a_copy_twice_makes_it_once(customer, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        export(Api(customer))
    first = DataExport.objects.get()
    requested = Event.objects.get(type="account.data_export_requested")

    with django_capture_on_commit_callbacks(execute=True):
        tasks.make_data_export.delay(event_id=str(requested.pk))

    assert DataExport.objects.get().ready_at == first.ready_at
    assert Event.objects.filter(type="account.data_export_ready").count() == 1


@pytest.mark.django_db
def test_nobody_else_sees_a_copy_not_even_an_administrator(customer, variant):
    admin = make_user("admin@example.com", roles=(Role.ADMINISTRATOR,), is_staff=True, is_superuser=True)
    order = order_of(Api(customer), (gid(variant), 1))
    DataExport.objects.create(user=customer, ready_at=timezone.now())

    response = Api(admin).send(EXPORT_OF_BUYER, id=order["id"])

    assert response["data"] == {"order": {"customer": {"email": "customer@example.com", "dataExport": None}}}
    assert [error["extensions"]["code"] for error in response["errors"]] == ["FORBIDDEN"]


@pytest.mark.django_db
def test_the_newest_copy_is_shown_until_it_expires(customer):
    week = timedelta(days=7, seconds=1)
    old = DataExport.objects.create(user=customer)
    new = DataExport.objects.create(user=customer)
    assert last_export(Api(customer))["id"] == gid(new)

    DataExport.objects.filter(pk__in=[old.pk, new.pk]).update(requested_at=timezone.now() - week)

    assert last_export(Api(customer)) is None


# ── The link ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def ready(customer):
    return DataExport.objects.create(user=customer, content="{}", ready_at=timezone.now())


def answer_to(token):
    response = download(f"/account/data-export/{token}")
    assert response["Cache-Control"] == "no-store"
    return response.status_code


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "answer"), [(3590, 200), (3610, 404)])
def test_the_link_holds_for_an_hour(ready, monkeypatch, age, answer):
    with monkeypatch.context() as then:
        then.setattr("time.time", lambda moment=time.time() - age: moment)
        token = privacy.link_token(export=ready)

    assert answer_to(token) == answer


@pytest.mark.django_db
def test_a_link_that_is_not_ours_opens_nothing(ready):
    good = privacy.link_token(export=ready)
    key, moment, signature = good.split(":")
    bad = [
        "x",
        str(ready.pk),
        good[:-1],
        f"{key}:{moment}:{signature[::-1]}",
        f"{key}:1zzzzz:{signature}",
        links.token(privacy.EXPORT_PURPOSE, ready.pk),
        links.passing_token("reset-password", ready.pk),
        links.token("reset-password", ready.pk),
        "\N{SNOWMAN}",
        "%00",
    ]

    assert [answer_to(token) for token in bad] == [404] * len(bad)


@pytest.mark.django_db
def test_a_forged_link_costs_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert privacy.export_behind(token="forged") is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda export: DataExport.objects.update(ready_at=None), id="not ready"),
        pytest.param(
            lambda export: DataExport.objects.update(requested_at=timezone.now() - EXPORT_LIFETIME), id="expired"
        ),
        pytest.param(lambda export: export.delete(), id="deleted"),
        pytest.param(lambda export: User.objects.update(is_active=False), id="account switched off"),
        pytest.param(lambda export: privacy.erase(actor=export.user, password=PASSWORD), id="account erased"),
    ],
)
def test_the_link_ends_with_what_it_leads_to(ready, end):
    token = privacy.link_token(export=ready)
    assert answer_to(token) == 200

    end(ready)

    assert answer_to(token) == 404


# ── Erasing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_after_an_erasure_nothing_of_the_person_is_left_in_any_table(ada):
    assert [text for text in PERSONAL if text not in everything_stored()] == []
    export(at_home(ada))

    assert erase(at_home(ada)) == {"isErased": True, "userErrors": []}

    left = {text: [row for row in rows_with(text) if not row.startswith("ordering_document ")] for text in PERSONAL}
    assert {text: rows for text, rows in left.items() if rows} == {}
    assert not Order.objects.filter(customer=ada).exclude(payment__token="").exists()
    assert not Order.objects.filter(customer=ada).exclude(request_digest="").exists()


def test_what_accounting_needs_is_left(ada):
    facts = ["number", "status", "payment_status", "currency", "placed_at", "created_at"]
    amounts = ["subtotal_amount", "discount_amount", "shipping_amount", "tax_amount", "total_amount"]
    columns = [*facts, *amounts, "lines__sku", "lines__quantity", "lines__unit_amount", "payment__reference"]
    orders = Order.objects.filter(customer=ada).order_by("created_at")
    before = list(orders.values(*columns))
    totals = [Decimal(total) for total in ("24.90", "44.90", "604.90", "24.90", "24.90")]
    assert [row["total_amount"] for row in before] == totals

    erase(at_home(ada))

    assert list(orders.values(*columns)) == before
    nobody = dict.fromkeys(("full_name", "line1", "line2", "city", "phone"), "")
    where = {"region": "", "postal_code": "SW1Y 4LB", "country": "GB"}
    assert [order.shipping_address for order in orders] == [nobody | where] * 5
    assert [order.billing_address for order in orders] == [nobody | where] * 5
    assert {order.email for order in orders} == {""}


def test_invoices_stay_as_they_were_issued_as_the_law_wants_it(ada):
    before = list(Document.objects.order_by("number").values("number", "data", "order"))
    assert [row["data"]["buyer"][0] for row in before] == ["Ada Lovelace"] * 4

    erase(at_home(ada))

    assert list(Document.objects.order_by("number").values("number", "data", "order")) == before


def test_the_history_still_tells_what_happened_and_who_decided(ada, staff, approver):
    def history():
        """But for that of links, which goes with them."""
        others = Event.objects.exclude(subject_type__model="emaillink").exclude(type="account.erased")
        return list(others.order_by("occurred_at", "pk").values_list("pk", "type", "seq", "actor", "occurred_at"))

    before = history()
    assert {ada.pk, staff.pk, approver.pk} <= {actor for _, _, _, actor, _ in before}

    erase(at_home(ada))

    assert history() == before
    erased = Event.objects.get(type="account.erased")
    assert (erased.actor, erased.origin, erased.payload) == (ada, "", {})
    decision = ApprovalDecision.objects.get()
    assert (decision.decided_by, decision.status, decision.comment) == (approver, "REJECTED", "")
    for event in Event.objects.all():
        assert event.message
        assert event.details is not None


def test_an_erased_account_is_nobodys(ada):
    make_user("admin@example.com", roles=(Role.ADMINISTRATOR,))
    ada.groups.add(*make_user(roles=(Role.ADMINISTRATOR, "Approvers")).groups.all())
    ada.user_permissions.add(Permission.objects.first())
    User.objects.filter(pk=ada.pk).update(is_staff=True, is_superuser=True, rate_tier="PREMIUM")

    erase(at_home(ada))

    erased = User.objects.get(pk=ada.pk)
    assert erased.email == f"erased-{ada.pk}@erased.invalid"
    assert (erased.full_name, erased.last_login, erased.rate_tier) == ("", None, "STANDARD")
    assert (erased.is_active, erased.is_staff, erased.is_superuser) == (False, False, False)
    assert not erased.has_usable_password()
    assert not erased.groups.exists()
    assert not erased.user_permissions.exists()
    assert erased.erased_at is not None
    assert not Cart.objects.filter(orders__customer=ada).exists()
    assert not Cart.objects.filter(customer=ada).exists()


def test_others_keep_what_is_theirs(ada, customer, variant):
    order = order_of(Api(customer), (gid(variant), 1))
    guest = order_of(Api(), (gid(variant), 1), email="ada@example.com", shippingAddress=ADA)
    with coming_from("198.51.100.9"):
        sessions.open_session(customer)
    before = rows_with("customer@example.com"), rows_with("198.51.100.9"), len(Session.objects.filter(user=customer))

    erase(at_home(ada))

    kept = rows_with("customer@example.com"), rows_with("198.51.100.9"), len(Session.objects.filter(user=customer))
    assert kept == before
    assert row_of(order).email == "buyer@example.com"
    # Whoever orders without signing in, with whatever address, is no account.
    assert row_of(guest).email == "ada@example.com"
    assert row_of(guest).shipping_address["full_name"] == "Ada Lovelace"


def test_an_erased_persons_tokens_are_refused_at_once(ada):
    api = at_home(ada)
    other = sign_in(Api(), "ada@example.com")

    erase(api)

    assert api.code(ME) == "UNAUTHENTICATED"
    assert Api(token=other["accessToken"]).code(ME) == "UNAUTHENTICATED"
    again = Api()("mutation($t: String!) { tokenRefresh(refreshToken: $t) { accessToken } }", t=other["refreshToken"])
    assert again == {"tokenRefresh": {"accessToken": None}}
    for email in ("ada@example.com", f"erased-{ada.pk}@erased.invalid"):
        assert refusal(sign_in(Api(), email))[0] == "INVALID_CREDENTIALS"


@pytest.mark.django_db(transaction=True)
async def test_an_erased_persons_sockets_are_closed(customer):
    async with socket(customer) as client:
        await database_sync_to_async(privacy.erase)(actor=customer, password=PASSWORD)

        closed = await client.receive_output(timeout=5)

    assert closed["type"] == "websocket.close"
    assert closed["code"] == 4401


@pytest.mark.django_db
def test_cookies_go_with_the_account(customer):
    api = Api(customer)

    api(ERASE, password=PASSWORD)

    assert {name: (cookie.value, cookie["max-age"]) for name, cookie in api.http.cookies.items()} == {
        "__Host-nexus-access": ("", 0),
        "__Host-nexus-refresh": ("", 0),
    }


def test_the_address_can_be_registered_anew(ada, guest):
    erase(at_home(ada))

    register(guest, email="ada@example.com", fullName="Ada Byron")
    registering.verify_email(token=token_in(mail.outbox[-1]))

    anew = User.objects.get(email="ada@example.com")
    assert anew.pk != ada.pk
    api = Api(token=sign_in(guest, "ada@example.com")["accessToken"])
    assert api("{ me { email } orders { totalCount } }") == {
        "me": {"email": "ada@example.com"},
        "orders": {"totalCount": 0},
    }


def test_links_that_were_sent_before_open_nothing_after(ada):
    link = EmailLink.objects.get(purpose=EmailLinkPurpose.VERIFY_EMAIL)
    token = links.token("verify-email", link.pk)

    erase(at_home(ada))

    with pytest.raises(AccountError, match="expired or was used"):
        registering.verify_email(token=token)
    with pytest.raises(AccountError):
        email_links.find(EmailLinkPurpose.VERIFY_EMAIL, token)


def test_an_email_that_waits_to_be_sent_is_not_sent_any_more(customer, transactional_db, settings):
    with coming_from(HOME):
        passwords.request_reset(email="customer@example.com")
    notification = Notification.objects.get(email="customer@example.com")
    Notification.objects.update(emailed_at=None)
    mail.outbox.clear()

    erase(Api(customer))
    send_email.delay(notification_id=str(notification.pk))

    assert mail.outbox == []


def test_forgetting_again_changes_nothing(ada):
    erase(at_home(ada))
    after = sorted(everything_stored().splitlines())
    erased = Event.objects.get(type="account.erased")

    Event.objects.filter(pk=erased.pk).update(dispatched_at=None)
    dispatch.delay(event_id=str(erased.pk))
    Event.objects.filter(pk=erased.pk).update(dispatched_at=erased.dispatched_at)

    assert sorted(everything_stored().splitlines()) == after


@pytest.mark.django_db
def test_nobody_is_forgotten_who_did_not_erase_their_account(customer, variant):
    order = order_of(Api(customer), (gid(variant), 1))

    for forget in (ordering_privacy.forget_customer, workflows.forget_customer):
        with pytest.raises(User.DoesNotExist):
            forget(user_id=customer.pk)

    assert row_of(order).email == "buyer@example.com"


# ── Refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def refused_and_unchanged(api, password=PASSWORD):
    before = everything_stored()
    payload = erase(api, password)
    assert payload["isErased"] is False
    assert everything_stored() == before
    return refusal(payload)


@pytest.mark.django_db
@pytest.mark.parametrize("password", ["", "not it", PASSWORD + " ", "x" * 10_000, "\x00"])
def test_a_wrong_password_erases_nothing(customer, password):
    assert refused_and_unchanged(Api(customer), password) == ("PASSWORD_WRONG", ["password"])


@pytest.mark.django_db
def test_passwords_are_not_guessed_here_either(customer):
    api = Api(customer)
    for _ in range(5):
        erase(api, "not it")

    assert api.code(ERASE, password=PASSWORD) == "RATE_LIMITED"

    assert User.objects.get(pk=customer.pk).erased_at is None


@pytest.mark.django_db
@pytest.mark.parametrize("document", [EXPORT, 'mutation { accountErase(password: "x") { isErased } }'])
def test_nothing_is_done_for_who_is_not_signed_in(guest, document):
    before = everything_stored()

    assert guest.code(document) == "UNAUTHENTICATED"

    assert everything_stored() == before


@pytest.mark.django_db
def test_who_still_waits_for_an_order_cannot_go(customer, staff, variant):
    api = Api(customer)
    order = order_of(api, (gid(variant), 1))
    assert refused_and_unchanged(api) == ("ACCOUNT_IN_USE", None)
    ordering.fulfill(order_id=row_of(order).pk, actor=staff)
    assert refused_and_unchanged(api) == ("ACCOUNT_IN_USE", None)

    ordering.deliver(order_id=row_of(order).pk, actor=staff)

    assert erase(api)["isErased"]


@pytest.mark.django_db
def test_the_last_administrator_cannot_go(customer):
    admin = make_user("admin@example.com", roles=(Role.ADMINISTRATOR,), is_staff=True)
    make_user("left@example.com", roles=(Role.ADMINISTRATOR,), is_staff=True, is_active=False)
    assert refused_and_unchanged(Api(admin)) == ("LAST_ADMINISTRATOR", None)

    make_user("second@example.com", roles=(Role.ADMINISTRATOR,), is_staff=True)

    assert erase(Api(admin))["isErased"]


@pytest.mark.django_db
def test_nothing_is_ordered_for_an_account_that_ended_meanwhile(customer, variant):
    cart = cart_with(Api(), (gid(variant), 1))
    request = ordering.CheckoutRequest(ordering.Address("Ada", "1 Street", "Berlin", "DE"), "tok_ok")
    privacy.erase(actor=customer, password=PASSWORD)
    before = everything_stored()

    with pytest.raises(OrderError, match="ended"):
        ordering.checkout(cart_id=from_base64(cart["id"])[1], idempotency_key="1", request=request, actor=customer)

    assert everything_stored() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda actor: profile.update(actor=actor, full_name="Cleo"), id="profile"),
        pytest.param(
            lambda actor: profile.request_email_change(actor=actor, new_email="c@example.com", password=PASSWORD),
            id="e-mail address",
        ),
        pytest.param(
            lambda actor: addresses.create(actor=actor, address=postal.Address("Cleo", "1 Street", "Berlin", "DE")),
            id="address",
        ),
        pytest.param(lambda actor: privacy.request_export(actor=actor), id="copy"),
    ],
)
def test_nothing_personal_comes_to_an_account_that_ended_meanwhile(customer, act):
    privacy.erase(actor=User.objects.get(), password=PASSWORD)
    before = everything_stored()

    with pytest.raises(AccountError, match="ended"):
        act(customer)

    assert everything_stored() == before


# ── At the same moment ───────────────────────────────────────────────────────────────────────────────────────────────
def at_once(*acts):
    """What each of these came to, run at the same moment: its result, or what it raised."""
    barrier = Barrier(len(acts))

    def run(act):
        barrier.wait(10)
        try:
            return act()
        except Exception as raised:
            return raised
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


@pytest.mark.django_db(transaction=True)
def test_two_erasures_at_once_are_one(customer):
    def act(actor):
        return lambda: privacy.erase(actor=actor, password=PASSWORD)

    assert at_once(*(act(User.objects.get()) for _ in range(2))) == [None, None]

    assert Event.objects.filter(type="account.erased").count() == 1
    assert User.objects.get().email == f"erased-{customer.pk}@erased.invalid"


@pytest.mark.django_db(transaction=True)
def test_an_erasure_and_a_checkout_at_once_leave_no_order_of_nobody(customer, variant):
    cart_id = from_base64(cart_with(Api(customer), (gid(variant), 1))["id"])[1]
    request = ordering.CheckoutRequest(ordering.Address("Cleo", "1 Street", "Berlin", "DE"), "tok_ok")

    erased, order = at_once(
        lambda: privacy.erase(actor=User.objects.get(), password=PASSWORD),
        lambda: ordering.checkout(cart_id=cart_id, idempotency_key="1", request=request, actor=User.objects.get()),
    )

    customer.refresh_from_db()
    if isinstance(order, OrderError):
        assert (erased, customer.is_active, Order.objects.exists()) == (None, False, False)
    else:
        assert isinstance(erased, AccountError)
        assert (erased.code, customer.is_active) == ("ACCOUNT_IN_USE", True)


@pytest.mark.django_db(transaction=True)
def test_an_erasure_while_news_is_being_delivered_leaves_nothing_of_it(customer):
    with coming_from(HOME):
        passwords.request_reset(email="customer@example.com")
    event = Event.objects.get()
    Event.objects.update(dispatched_at=None)
    Notification.objects.all().delete()

    results = at_once(
        lambda: privacy.erase(actor=User.objects.get(), password=PASSWORD),
        lambda: dispatch(event_id=str(event.pk)),
    )

    assert results == [None, None]
    assert rows_with("customer@example.com") == []


# ── What expires ─────────────────────────────────────────────────────────────────────────────────────────────────────
def days_ago(days):
    return timezone.now() - timedelta(days=days)


@pytest.mark.django_db
def test_links_go_when_they_expire_and_with_them_what_happened_to_them(guest, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        register(guest, email="old@example.com")
    EmailLink.objects.update(expires_at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        register(guest, email="new@example.com")
    assert Notification.objects.count() == 2

    assert tasks.purge() == 1

    assert EmailLink.objects.get().email == "new@example.com"
    assert rows_with("old@example.com") == []
    assert Notification.objects.get().email == "new@example.com"


@pytest.mark.django_db
def test_sessions_go_a_month_after_their_end_with_their_tokens(customer):
    def session(**fields):
        opened = sessions.open_session(customer).user.session_id
        Session.objects.filter(pk=opened).update(**fields)
        return opened

    kept = [session(), session(ended_at=days_ago(29)), session(expires_at=days_ago(29))]
    gone = [session(ended_at=days_ago(31), expires_at=days_ago(2)), session(expires_at=days_ago(31))]

    assert tasks.purge() == len(gone)

    assert set(Session.objects.values_list("pk", flat=True)) == set(kept)
    assert set(RefreshToken.objects.values_list("session", flat=True)) == set(kept)


@pytest.mark.django_db
def test_tokens_of_a_session_that_lives_on_go_a_month_after_they_expired(customer):
    first = sessions.open_session(customer)
    sessions.refresh(refresh_token=first.refresh_token)
    RefreshToken.objects.exclude(used_at=None).update(expires_at=days_ago(31))

    assert tasks.purge() == 1

    assert RefreshToken.objects.get().used_at is None
    assert Session.objects.open().count() == 1


@pytest.mark.django_db
def test_copies_go_after_a_week(customer):
    old, new = DataExport.objects.create(user=customer), DataExport.objects.create(user=customer)
    DataExport.objects.filter(pk=old.pk).update(requested_at=days_ago(7))
    DataExport.objects.filter(pk=new.pk).update(requested_at=days_ago(6))

    assert tasks.purge() == 1

    assert DataExport.objects.get() == new


@pytest.mark.django_db
def test_more_than_a_batch_goes_too_and_then_nothing_is_left_to_do():
    EmailLink.objects.bulk_create(
        EmailLink(purpose="verify-email", email=f"{number}@example.com", expires_at=days_ago(1))
        for number in range(privacy.BATCH + 1)
    )

    assert [tasks.purge(), tasks.purge()] == [privacy.BATCH + 1, 0]

    assert not EmailLink.objects.exists()


def test_it_happens_every_night(settings):
    (nightly,) = [beat for beat in settings.CELERY_BEAT_SCHEDULE.values() if beat["task"] == tasks.purge.name]
    assert nightly["schedule"] == crontab(hour=3, minute=30)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("PERSONAL_DATA", {"orders": "ordering.nobody"}), ("ACCOUNT_ERASURE_GATE", "nowhere.nobody")],
    ids=["export", "erasure"],
)
def test_a_name_in_the_settings_that_nobody_answers_to_is_found_at_start_up(settings, setting, value):
    setattr(settings, setting, value)

    problems = [problem.id for problem in run_checks() if isinstance(problem, Error)]

    assert problems == ["accounts.E001"]
