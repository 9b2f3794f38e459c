"""Waiting for what is sold out: whoever asked is written to once, and nothing tells who asked."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.core.signing import Signer
from django.db import connection
from django.utils import timezone

from accounts import links
from accounts.models import User
from accounts.permissions import Role
from accounts.services import privacy as accounts_privacy
from catalog import tasks
from catalog.errors import CatalogError
from catalog.models import Product, ProductStatus, ProductVariant, StockAlert, StockLevel
from catalog.services import privacy, stock, stock_alerts
from notifications.models import Event, Notification
from tests.conftest import PASSWORD, Api, gid, make_user, make_variant
from tests.people import coming_from, everything_stored, forget_attempts, sent_to, token_in

pytestmark = pytest.mark.django_db

ERRORS = "userErrors { code message field retryable }"
CREATE = f"""
mutation($id: ID!, $email: String) {{
  stockAlertCreate(variantId: $id, email: $email) {{ isAccepted stockAlert {{ id variant {{ sku }} }} {ERRORS} }}
}}
"""
DELETE = f"""
mutation($id: ID, $token: String) {{ stockAlertDelete(id: $id, token: $token) {{ isDeleted {ERRORS} }} }}
"""
MINE = "{ stockAlerts { totalCount edges { node { id variant { sku } } } } }"
ACCEPTED = {"isAccepted": True, "stockAlert": None, "userErrors": []}
READER = "reader@example.com"


@pytest.fixture
def variant(db):
    return make_variant(name="Desk lamp", stock=0)


@pytest.fixture
def keeper(db):
    return make_user("keeper@example.com", roles=(Role.SUPPLY_CHAIN,))


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """`with committed():` what is done within is committed, and delivered."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def ask(api, variant, email=None):
    return api(CREATE, id=gid(variant), email=email)["stockAlertCreate"]


def waiting(variant):
    return list(StockAlert.objects.filter(variant=variant).order_by("email").values_list("email", "user__email"))


def refusal(payload):
    assert payload["isAccepted"] is False
    assert payload["stockAlert"] is None
    (error,) = payload["userErrors"]
    return error["code"], error["field"]


def restock(keeper, variant, delta=3):
    stock.adjust(actor=keeper, variant_id=variant.pk, delta=delta, reason=stock.AdjustmentReason.RECEIVED)


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_guest_asks_and_gets_a_link_to_take_it_back(guest, variant, committed):
    with committed():
        assert ask(guest, variant, " Reader@Example.com ") == ACCEPTED

    assert waiting(variant) == [(READER, None)]
    (letter,) = sent_to(READER)
    assert letter.subject == "We will write when Desk lamp (Variant 0) is back"
    assert links.key_in("stock-alert", token_in(letter)) == str(StockAlert.objects.get().pk)
    assert f"http://127.0.0.1:8000/stock-alert#token={token_in(letter)}" in letter.body


def test_who_is_signed_in_asks_for_their_own_address_and_finds_it_in_a_list(customer, variant, committed):
    with committed():
        payload = ask(Api(customer), variant)

    alert = StockAlert.objects.get()
    assert payload == {
        "isAccepted": True,
        "stockAlert": {"id": gid(alert), "variant": {"sku": variant.sku}},
        "userErrors": [],
    }
    assert waiting(variant) == [(customer.email, customer.email)]
    assert mail.outbox == []
    shown = {"totalCount": 1, "edges": [{"node": {"id": gid(alert), "variant": {"sku": variant.sku}}}]}
    assert Api(customer)(MINE)["stockAlerts"] == shown
    assert Api(make_user())(MINE)["stockAlerts"]["totalCount"] == 0


def test_the_list_is_for_those_signed_in(guest):
    assert guest.code(MINE) == "UNAUTHENTICATED"


def test_asking_again_changes_nothing_and_is_answered_alike(guest, customer, variant, committed):
    with committed():
        first = [ask(guest, variant, READER), ask(Api(customer), variant)]
        again = [ask(guest, variant, READER), ask(Api(customer), variant)]

    assert again == first
    assert waiting(variant) == [(customer.email, customer.email), (READER, None)]
    assert [letter.to for letter in mail.outbox] == [[READER]]
    assert Event.objects.filter(type="stock_alert.created").count() == 2


def test_somebody_elses_address_is_nobodys_alert(customer, variant):
    other = make_user("other@example.com")
    ask(Api(other), variant)

    assert ask(Api(customer), variant, "other@example.com") == ACCEPTED
    assert ask(Api(customer), variant, READER) == ACCEPTED

    assert waiting(variant) == [("other@example.com", "other@example.com"), (READER, None)]
    assert Api(customer)(MINE)["stockAlerts"]["totalCount"] == 0


def test_what_somebody_asked_for_as_a_guest_becomes_their_own(guest, customer, variant):
    ask(guest, variant, customer.email)
    token = links.token("stock-alert", StockAlert.objects.get().pk)

    assert ask(Api(customer), variant)["stockAlert"]
    guest(DELETE, token=token)

    assert waiting(variant) == [(customer.email, customer.email)]
    (event,) = Event.objects.filter(type="stock_alert.created")
    assert (event.actor, event.audience["emails"]) == (customer, [])


def test_a_guest_says_where_to(guest, variant):
    assert refusal(ask(guest, variant)) == ("REQUIRED", ["email"])

    assert waiting(variant) == []


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b", "a\0@example.com", "a\nb@example.com", "x" * 300 + "@e.de", "é@e.de"]
)
def test_what_is_no_address_is_refused(guest, variant, email):
    assert refusal(ask(guest, variant, email)) == ("INVALID", ["email"])

    assert waiting(variant) == []
    assert not Event.objects.exists()


def test_what_can_be_bought_is_not_waited_for(guest):
    variant = make_variant(stock=1)

    assert refusal(ask(guest, variant, READER)) == ("IN_STOCK", ["variantId"])

    assert waiting(variant) == []
    assert not Event.objects.exists()


def test_what_is_reserved_to_the_last_can_be_waited_for(guest):
    variant = make_variant(stock=2)
    StockLevel.objects.update(reserved=2)

    assert ask(guest, variant, READER) == ACCEPTED


def test_what_is_not_on_sale_is_not_there(guest, customer, variant):
    hidden = [
        make_variant(stock=0, status=ProductStatus.DRAFT),
        make_variant(stock=0, published_at=timezone.now() + timedelta(days=1)),
        make_variant(stock=0),
        ProductVariant(pk=variant.pk + 1000),
    ]
    ProductVariant.objects.filter(pk=hidden[2].pk).update(is_active=False)

    for each in hidden:
        assert refusal(ask(guest, each, READER)) == ("NOT_FOUND", ["variantId"])
        assert refusal(ask(Api(customer), each)) == ("NOT_FOUND", ["variantId"])

    assert not StockAlert.objects.exists()


def test_an_address_and_a_client_may_ask_so_often(guest):
    variants = [make_variant(stock=0) for _ in range(6)]

    with coming_from("203.0.113.1"):
        for variant in variants[:5]:
            stock_alerts.create(actor=make_user(), variant_id=variant.pk, email=READER)
    assert guest.code(CREATE, id=gid(variants[5]), email=READER) == "RATE_LIMITED"
    forget_attempts()
    for number in range(10):
        ask(guest, variants[0], f"reader{number}@example.com")
    assert guest.code(CREATE, id=gid(variants[0]), email="one-more@example.com") == "RATE_LIMITED"

    assert StockAlert.objects.filter(variant=variants[5]).count() == 0


# ── Taking it back ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_link_takes_it_back_without_a_trace_and_again_changes_nothing(guest, variant, committed):
    with committed():
        ask(guest, variant, READER)
    token = token_in(sent_to(READER)[0])

    for _ in range(2):
        assert guest(DELETE, token=token)["stockAlertDelete"] == {"isDeleted": True, "userErrors": []}

    assert waiting(variant) == []
    assert READER not in everything_stored()


@pytest.mark.parametrize("salt", ["accounts.stock-alert", "accounts.verify-email"])
def test_a_link_that_no_email_brought_takes_nothing_back(guest, variant, salt):
    ask(guest, variant, READER)
    key = str(StockAlert.objects.get().pk)
    forged = Signer(salt=salt, key="another").sign(key) if "stock" in salt else Signer(salt=salt).sign(key)

    for token in (forged, key, "", "\0", "x" * 5000):
        (error,) = guest(DELETE, token=token)["stockAlertDelete"]["userErrors"]
        assert (error["code"], error["field"]) == ("LINK_INVALID", ["token"])

    assert waiting(variant) == [(READER, None)]


def test_ones_own_is_taken_back_by_its_id_and_nobody_elses(guest, customer, variant):
    ask(Api(customer), variant)
    ask(guest, variant, READER)
    mine, a_guests = StockAlert.objects.get(user=customer), StockAlert.objects.get(user=None)

    for person, alert in ((make_user(), mine), (customer, a_guests), (customer, StockAlert(pk=mine.pk + 1000))):
        (error,) = Api(person)(DELETE, id=gid(alert))["stockAlertDelete"]["userErrors"]
        assert (error["code"], error["field"]) == ("NOT_FOUND", None)
    assert guest.code(DELETE, id=gid(mine)) == "UNAUTHENTICATED"
    assert StockAlert.objects.count() == 2
    payload = Api(customer)(DELETE, id=gid(mine))["stockAlertDelete"]

    assert payload == {"isDeleted": True, "userErrors": []}
    assert waiting(variant) == [(READER, None)]


@pytest.mark.parametrize("both", [True, False])
def test_either_an_id_or_a_token(customer, variant, both):
    ask(Api(customer), variant)
    key = StockAlert.objects.get()
    given = {"id": gid(key), "token": links.token("stock-alert", key.pk)} if both else {}

    (error,) = Api(customer)(DELETE, **given)["stockAlertDelete"]["userErrors"]

    assert (error["code"], error["field"]) == ("REQUIRED", ["id"])
    assert StockAlert.objects.count() == 1


# ── The answer ───────────────────────────────────────────────────────────────────────────────────────────────────────
def adjusted(keeper, variant):
    restock(keeper, variant)


def counted(keeper, variant):
    stock.set_quantity(actor=keeper, variant_id=variant.pk, quantity=1, reason=stock.AdjustmentReason.COUNTED)


def put_back(keeper, variant):
    stock.put_back(quantities={variant.pk: 1})


def imported(keeper, variant):
    stock.set_imported(quantities={variant.pk: 7})


@pytest.mark.parametrize("move", [adjusted, counted, put_back, imported])
def test_whoever_waits_is_told_once_whatever_brought_it_back(guest, customer, keeper, variant, committed, move):
    with committed():
        ask(guest, variant, READER)
        ask(Api(customer), variant)
    mail.outbox.clear()

    with committed():
        move(keeper, variant)

    (event,) = Event.objects.filter(type="variant.back_in_stock")
    assert (event.subject, event.payload) == (variant, {"name": "Desk lamp (Variant 0)", "sku": variant.sku})
    assert sorted(letter.to for letter in mail.outbox) == [[customer.email], [READER]]
    for letter in mail.outbox:
        ((html, kind),) = letter.alternatives
        assert letter.subject == "Desk lamp (Variant 0) is back in stock"
        assert f"Desk lamp (Variant 0) (SKU {variant.sku}) can be bought again." in letter.body
        assert kind == "text/html"
        assert letter.body.split(".")[0] in html
    inbox = Api(customer)("{ notifications { edges { node { type } } } }")["notifications"]["edges"]
    assert inbox == [{"node": {"type": "stock_alert.answered"}}]
    assert waiting(variant) == []


def test_the_news_delivered_twice_writes_once(guest, keeper, variant, committed):
    ask(guest, variant, READER)
    with committed():
        restock(keeper, variant)
    before = len(mail.outbox)
    event = Event.objects.get(type="variant.back_in_stock")

    with committed():
        tasks.answer_stock_alerts(subject_id=event.subject_id)
        assert tasks.answer_open_stock_alerts() == 0

    assert len(mail.outbox) == before
    assert Event.objects.filter(type="stock_alert.answered").count() == 1


def test_news_is_of_what_was_sold_out_and_is_waited_for(guest, keeper, variant):
    restock(keeper, variant)
    unwaited = Event.objects.filter(type="variant.back_in_stock").count()
    stock.take(quantities={variant.pk: 3})
    ask(guest, variant, READER)
    told = []
    for delta in (2, 1, -1, -2, 4):
        restock(keeper, variant, delta)
        told.append(Event.objects.filter(type="variant.back_in_stock").count())

    # The alert was not answered between, so it is waited for still when it comes back the second time.
    assert unwaited == 0
    assert told == [1, 1, 1, 1, 2]
    seqs = Event.objects.filter(type="variant.back_in_stock").order_by("seq").values_list("seq", flat=True)
    assert list(seqs) == [1, 2]


def test_what_is_sold_out_again_before_the_letters_are_written_is_waited_for_still(guest, keeper, variant, committed):
    ask(guest, variant, READER)
    with committed():
        restock(keeper, variant, 1)
        stock.take(quantities={variant.pk: 1})

    assert waiting(variant) == [(READER, None)]
    assert not Event.objects.filter(type="stock_alert.answered").exists()


def test_many_are_told_in_batches(keeper, variant, committed, monkeypatch):
    monkeypatch.setattr(stock_alerts, "BATCH", 3)
    StockAlert.objects.bulk_create(StockAlert(variant=variant, email=f"{n}@example.com") for n in range(8))

    with committed():
        restock(keeper, variant)

    assert sorted(letter.to for letter in mail.outbox) == [[f"{n}@example.com"] for n in range(8)]
    assert waiting(variant) == []


def test_whom_the_news_did_not_reach_is_told_by_the_sweep(guest, keeper, variant, committed):
    ask(guest, variant, READER)
    Product.objects.filter(pk=variant.product_id).update(status=ProductStatus.ARCHIVED)
    with committed():
        restock(keeper, variant)
    mail.outbox.clear()
    assert tasks.answer_open_stock_alerts() == 0
    Product.objects.filter(pk=variant.product_id).update(status=ProductStatus.ACTIVE)

    with committed():
        assert tasks.answer_open_stock_alerts() == 1

    assert [letter.to for letter in mail.outbox] == [[READER]]


def test_who_has_an_account_hears_at_the_address_it_has_now(customer, keeper, variant, committed):
    gone = make_user("gone@example.com")
    for person in (customer, gone):
        ask(Api(person), variant)
    User.objects.filter(pk=customer.pk).update(email="new@example.com")
    User.objects.filter(pk=gone.pk).update(is_active=False)

    with committed():
        restock(keeper, variant)

    assert [letter.to for letter in mail.outbox] == [["new@example.com"]]
    assert waiting(variant) == []


def test_a_name_of_several_lines_is_one_in_an_email(guest, keeper, committed):
    variant = make_variant(name="Desk\r\nBcc: all@example.com", stock=0)

    with committed():
        ask(guest, variant, READER)

    assert sent_to(READER)[0].subject == "We will write when Desk Bcc: all@example.com (Variant 0) is back"


# ── What is held on a person ─────────────────────────────────────────────────────────────────────────────────────────
def test_what_somebody_waits_for_and_moved_is_handed_out(keeper, variant):
    ask(Api(keeper), variant)
    restock(keeper, variant, 2)

    held = privacy.personal_data(user=keeper)

    (alert,), (movement,) = held["stock_alerts"], held["stock_movements"]
    assert (alert["sku"], alert["email"]) == (variant.sku, keeper.email)
    assert (movement["sku"], movement["reason"], movement["before"], movement["after"]) == (
        variant.sku,
        "RECEIVED",
        0,
        2,
    )
    other = privacy.personal_data(user=make_user())
    assert other["stock_alerts"] == other["stock_movements"] == []


def test_nothing_is_left_of_an_erased_customers_alerts(guest, customer, keeper, variant, committed):
    answered = make_variant(stock=0)
    with committed():
        for each in (variant, answered):
            ask(Api(customer), each)
            ask(guest, each, READER)
        restock(keeper, answered)
    assert Notification.objects.filter(email=customer.email).exists()

    with committed():
        accounts_privacy.erase(actor=User.objects.get(pk=customer.pk), password=PASSWORD)

    assert waiting(variant) == [(READER, None)]
    assert "customer@example.com" not in everything_stored()
    assert not Event.objects.filter(actor=customer, type__startswith="stock_alert").exists()
    assert Event.objects.filter(type="stock_alert.answered").count() == 1


def test_whom_the_news_of_an_erasure_did_not_reach_is_forgotten_later(customer, variant):
    ask(Api(customer), variant)
    told = make_user()
    ask(Api(told), variant)
    StockAlert.objects.filter(user=told).delete()
    assert tasks.forget_erased_customers() == 0
    for user in (customer, told):
        User.objects.filter(pk=user.pk).update(erased_at=timezone.now(), is_active=False)

    assert tasks.forget_erased_customers() == 2

    assert waiting(variant) == []
    assert tasks.forget_erased_customers() == 0


def test_the_sweeps_run_every_ten_minutes(settings):
    every = {each["task"]: each["schedule"] for each in settings.CELERY_BEAT_SCHEDULE.values()}

    for task in (tasks.forget_erased_customers, tasks.answer_open_stock_alerts):
        assert every[task.name] == timedelta(minutes=10)


def test_nothing_is_asked_for_by_an_account_that_just_ended(customer, variant):
    User.objects.filter(pk=customer.pk).update(is_active=False)

    with pytest.raises(CatalogError) as refused:
        stock_alerts.create(actor=customer, variant_id=variant.pk)

    assert refused.value.code == "NOT_FOUND"
    assert waiting(variant) == []


# ── At once ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no locks of rows.")
def test_whoever_asks_while_it_comes_back_is_told_or_sent_to_the_cart():
    keeper = make_user(roles=(Role.SUPPLY_CHAIN,))
    variant = make_variant(stock=0)
    people = [make_user() for _ in range(10)]

    def one(number):
        try:
            if number == 5:
                return restock(keeper, variant)
            return stock_alerts.create(actor=people[number % 10], variant_id=variant.pk)
        except CatalogError as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(one, range(10)))

    accepted = sum(isinstance(answer, StockAlert) for answer in answers)
    assert {answer for answer in answers if isinstance(answer, str)} <= {"IN_STOCK"}
    assert waiting(variant) == []
    assert len(mail.outbox) == accepted
