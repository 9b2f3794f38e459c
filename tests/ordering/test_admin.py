"""Orders in the admin: read by staff, moved by its buttons, edited by nobody."""

from html import unescape
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from catalog.models import StockLevel
from notifications.models import Event
from ordering.models import Fulfillment, Order, OrderNote, Payment
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import ADDRESS, cart_with, checkout, order_of

pytestmark = pytest.mark.django_db(transaction=True)

SENT = {"_form_submitted": "on"}
LIST = "admin:ordering_order_changelist"
ALL_BUTTONS = [
    *["confirm", "release", "process", "fulfill", "deliver", "hold", "cancel"],
    *["add_note", "refund", "receive_payment"],
]


@pytest.fixture
def variant(shipping):
    return make_variant(price="20.00", stock=10)


@pytest.fixture
def desk(staff):
    """The browser of staff who work with orders."""
    staff.user_permissions.add(*_views("order", "payment", "return", "fulfillment", "orderline"))
    return _browser(staff)


@pytest.fixture
def reader(db):
    """The browser of staff who may look at orders, and at nothing else."""
    person = make_user("reader@example.com", is_staff=True)
    person.user_permissions.add(*_views("order"))
    return _browser(person)


def test_a_confirmed_order_can_be_shipped_held_or_cancelled(desk, guest, variant):
    order = _placed(guest, variant)

    assert _buttons(desk, order) == ["process", "fulfill", "add_note", "hold", "refund", "cancel"]


def test_an_order_is_shipped_with_its_parcel_and_delivered(desk, staff, guest, variant):
    order = _placed(guest, variant)

    _press(desk, order, "fulfill", carrier="DHL", tracking_number="42", tracking_url="https://dhl.example/42")
    shipped = _buttons(desk, order)
    said = _press(desk, order, "deliver")

    order.refresh_from_db()
    assert shipped == ["deliver", "add_note", "refund"]
    assert order.status == "DELIVERED"
    assert said == ["The order was marked as delivered."]
    parcel = Fulfillment.objects.get()
    assert (parcel.carrier, parcel.tracking_number, parcel.tracking_url) == ("DHL", "42", "https://dhl.example/42")
    assert [(event.type, event.actor) for event in order.events.order_by("seq")][-2:] == [
        ("order.shipped", staff),
        ("order.delivered", staff),
    ]


def test_an_order_is_held_with_a_reason_and_released(desk, guest, variant):
    order = _placed(guest, variant)

    _press(desk, order, "hold", reason="The address is unclear.")
    held = _buttons(desk, order)
    _press(desk, order, "release")

    order.refresh_from_db()
    assert held == ["release", "add_note", "refund", "cancel"]
    assert order.status == "CONFIRMED"
    assert order.events.get(type="order.held").payload["reason"] == "The address is unclear."


def test_a_cancelled_order_gives_back_stock_and_money(desk, guest, variant):
    order = _placed(guest, variant)
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 8

    said = _press(desk, order, "cancel", reason="Out of fashion.")

    order.refresh_from_db()
    assert said == ["The order was cancelled."]
    assert (order.status, order.payment_status) == ("CANCELLED", "REFUNDED")
    assert StockLevel.objects.get(pk=variant.pk).on_hand == 10
    assert _buttons(desk, order) == ["add_note"]


def test_an_order_whose_payment_was_in_review_is_confirmed(desk, guest, variant):
    order = _placed(guest, variant, token="tok_review")
    offered = _buttons(desk, order)

    _press(desk, order, "confirm")

    order.refresh_from_db()
    assert offered == ["confirm", "add_note", "cancel"]
    assert (order.status, order.payment_status) == ("CONFIRMED", "PAID")


def test_an_order_is_taken_into_work(desk, staff, guest, variant):
    order = _placed(guest, variant)

    said = _press(desk, order, "process")

    order.refresh_from_db()
    assert said == ["The order was taken into work."]
    assert order.status == "PROCESSING"
    assert order.events.get(type="order.processing_started").actor == staff
    assert _buttons(desk, order) == ["fulfill", "add_note", "hold", "refund", "cancel"]


def test_a_note_is_added_and_shown_to_those_who_work_with_orders(desk, staff, reader, guest, variant):
    order = _placed(guest, variant)

    said = _press(desk, order, "add_note", note="Rang at noon.")

    assert said == ["The note was added."]
    assert [(note.text, note.author) for note in order.notes.all()] == [("Rang at noon.", staff)]
    assert "Rang at noon." in desk.get(_page(order)).text
    assert "Rang at noon." not in reader.get(_page(order)).text


@pytest.mark.parametrize("note", [" ", "x" * 2001])
def test_what_is_no_note_is_not_added(note, desk, guest, variant):
    order = _placed(guest, variant)

    desk.post(_address(order, "add_note"), SENT | {"note": note})

    assert OrderNote.objects.count() == 0


def test_a_part_of_the_money_is_given_back_once(desk, guest, variant):
    order = _placed(guest, variant)
    form = {"amount": "5.00", "reason": "A scratch.", "key": "once"}

    said = [_press(desk, order, "refund", **form) for _ in range(2)]

    order.refresh_from_db()
    assert said == [["The payment service is asked to give it back."]] * 2
    assert order.payment_status == "PARTIALLY_REFUNDED"
    assert Payment.objects.get().refunded_amount == 5
    assert order.money(Payment.objects.get().refunded_amount).amount == 5


def test_a_transfer_is_noted_and_its_order_goes_on(desk, guest, variant):
    order = _placed(guest, variant, payment={"gateway": "manual", "token": "bank_transfer"})
    offered = _buttons(desk, order)

    refused = _press(desk, order, "receive_payment", amount="1.00")
    said = _press(desk, order, "receive_payment", amount="44.90", reference="Statement 7")

    order.refresh_from_db()
    assert offered == ["receive_payment", "add_note", "cancel"]
    assert refused != said == ["The money was noted."]
    assert (order.status, order.payment_status) == ("CONFIRMED", "PAID")


def test_the_page_says_how_the_total_came_to_be(desk, guest, variant):
    order = _placed(guest, variant)

    page = unescape(desk.get(_page(order)).text)

    for step in order.price_breakdown:
        assert step["label"] in page
        assert step["reason"] in page


def test_the_page_has_the_address_as_on_an_envelope(desk, guest, variant):
    page = desk.get(_page(_placed(guest, variant))).text

    lines = ["Ada Lovelace", "12 High Street", "10115", "Berlin", "DE"]
    assert "\n".join(f"<div>{line}</div>" for line in lines) in page


@pytest.mark.parametrize("button", ["hold", "cancel"])
def test_without_a_reason_the_form_asks_again_and_nothing_happens(button, desk, guest, variant):
    order = _placed(guest, variant)
    events = Event.objects.count()

    answer = desk.post(_address(order, button), SENT | {"reason": "  "})

    assert answer.status_code == 200
    assert "This field is required." in answer.text
    order.refresh_from_db()
    assert order.status == "CONFIRMED"
    assert Event.objects.count() == events


def test_opening_a_buttons_form_changes_nothing(desk, guest, variant):
    order = _placed(guest, variant)
    events = Event.objects.count()

    answers = [desk.get(_address(order, button)).status_code for button in ("fulfill", "hold", "cancel", "deliver")]

    assert answers == [200, 200, 200, 200]
    order.refresh_from_db()
    assert order.status == "CONFIRMED"
    assert Event.objects.count() == events


@pytest.mark.parametrize(
    ("button", "fields", "refusal"),
    [
        ("confirm", {}, "An order that is confirmed cannot be confirmed."),
        ("release", {}, "An order that is confirmed cannot be released."),
        ("deliver", {}, "An order that is confirmed cannot be marked as delivered."),
        ("hold", {"reason": "x" * 501}, "Give a reason of at most 500 printable characters."),
        ("fulfill", {"carrier": "x" * 101}, "Carrier and tracking number have at most 100 characters."),
    ],
)
def test_what_the_service_refuses_is_said_in_its_words(button, fields, refusal, desk, guest, variant):
    order = _placed(guest, variant)
    events = Event.objects.count()

    said = _press(desk, order, button, **fields)

    assert said == [refusal]
    order.refresh_from_db()
    assert order.status == "CONFIRMED"
    assert Event.objects.count() == events
    assert Fulfillment.objects.count() == 0


def test_the_small_form_is_answered_with_the_address_to_go_to(desk, guest, variant):
    order = _placed(guest, variant)

    answer = desk.post(_address(order, "hold"), SENT | {"reason": "Wait."}, headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"] == _page(order)


@pytest.mark.parametrize("button", ALL_BUTTONS)
def test_staff_who_may_only_look_sees_no_button_and_presses_none(button, reader, guest, variant):
    order = _placed(guest, variant)
    events = Event.objects.count()

    answers = [
        reader.get(_address(order, button)).status_code,
        reader.post(_address(order, button), SENT | {"reason": "Because."}).status_code,
    ]

    assert _buttons(reader, order) == []
    assert answers == [403, 403]
    order.refresh_from_db()
    assert order.status == "CONFIRMED"
    assert Event.objects.count() == events


def test_the_right_to_manage_orders_opens_nothing_without_the_staff_flag(customer, guest, variant):
    order = _placed(guest, variant)
    customer.user_permissions.add(*Permission.objects.filter(codename__in=["manage_orders", "view_all_orders"]))

    answer = _browser(customer).post(_address(order, "cancel"), SENT | {"reason": "Because."})

    assert answer.status_code == 302
    assert answer.url.startswith(reverse("admin:login"))
    order.refresh_from_db()
    assert order.status == "CONFIRMED"


def test_a_button_needs_the_forms_secret(desk, staff, guest, variant):
    order = _placed(guest, variant)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(staff)

    answer = strict.post(_address(order, "cancel"), SENT | {"reason": "Forged."})

    assert answer.status_code == 403
    order.refresh_from_db()
    assert order.status == "CONFIRMED"


@pytest.mark.parametrize("object_id", ["nonsense", "00000000-0000-0000-0000-000000000000"])
@pytest.mark.parametrize("model", ["order", "payment", "return"])
def test_the_page_of_what_is_not_there_leads_back(model, object_id, desk):
    answer = desk.get(reverse(f"admin:ordering_{model}_change", args=[object_id]))

    assert answer.status_code == 302
    assert answer.url == reverse("admin:index")


@pytest.mark.parametrize("object_id", ["nonsense", "00000000-0000-0000-0000-000000000000"])
@pytest.mark.parametrize(
    ("button", "fields"),
    [
        ("order_cancel", {"reason": "Because."}),
        ("payment_refund", {"reason": "Because."}),
        ("return_receive", {"restock": "on"}),
    ],
)
def test_a_button_of_what_is_not_there_leads_back(button, fields, object_id, desk):
    answer = desk.post(reverse(f"admin:ordering_{button}", args=[object_id]), SENT | fields)

    assert answer.status_code == 302
    assert answer.url == reverse("admin:index")


def test_a_checkout_that_was_never_placed_is_found_by_its_filter_and_has_no_button(desk, guest, variant):
    placed = _placed(guest, variant)
    assert checkout(guest, cart_with(guest, (gid(variant), 1))["id"], token="tok_no")["order"] is None
    declined = Order.objects.get(placed_at=None)

    lists = {query: _numbers(desk, query) for query in ("", "?placed=never", "?placed=all")}

    assert lists == {
        "": {placed.number},
        "?placed=never": {declined.number},
        "?placed=all": {placed.number, declined.number},
    }
    assert desk.get(_page(declined)).status_code == 200
    assert _buttons(desk, declined) == []


def test_a_checkout_whose_payment_is_not_decided_yet_has_no_button_and_is_not_moved(bank, desk, guest, variant):
    bank.silent.add("authorize")
    payment = {"gateway": "bank", "token": "tok_ok"}
    assert checkout(guest, cart_with(guest, (gid(variant), 1))["id"], payment=payment)["order"] is None
    undecided = Order.objects.get(status="PENDING", placed_at=None)

    said = [_press(desk, undecided, "confirm"), _press(desk, undecided, "cancel", reason="Stuck.")]

    assert _buttons(desk, undecided) == []
    assert said == [["There is no such order, or you may not see it."]] * 2
    undecided.refresh_from_db()
    assert undecided.status == "PENDING"
    assert undecided.events.count() == 0


def test_an_order_is_found_by_number_buyer_name_and_sku(desk, guest, variant):
    order = _placed(guest, variant)
    other = _placed(
        guest,
        make_variant(price="5.00"),
        email="other@example.com",
        shippingAddress=ADDRESS | {"fullName": "Grace Hopper"},
    )
    number = f"{order.number[:4]}-{order.number[4:]}".lower()
    terms = [order.number, number, "OTHER@example", "hopper", variant.sku.lower(), "nothing of it", " ", "a\0b"]

    found = [_numbers(desk, f"?{urlencode({'q': term})}") for term in terms]

    both = {order.number, other.number}
    assert found == [{order.number}, {order.number}, {other.number}, {other.number}, {order.number}, set(), both, both]


def test_orders_are_narrowed_by_date_total_and_currency(desk, guest, variant):
    order = _placed(guest, variant)
    queries = [
        "?total_amount_from=44.90&total_amount_to=44.90",
        "?total_amount_from=45",
        "?currency=EUR",
        "?currency=USD",
        "?is_payment_awaited__exact=0",
    ]

    assert [_numbers(desk, query) for query in queries] == [
        {order.number},
        set(),
        {order.number},
        set(),
        {order.number},
    ]


def test_filtering_by_customer_is_for_those_who_may_look_customers_up(desk, staff, guest, variant):
    order = _placed(guest, variant)
    filters = [_filters(desk)]

    staff.user_permissions.add(*_views("user"))
    filters.append(_filters(desk))

    assert ["customer__id__exact" in names for names in filters] == [False, True]
    assert _numbers(desk, "?customer__isempty=1") == {order.number}
    assert _numbers(desk, f"?customer__id__exact={staff.pk}") == set()


def test_neither_payment_tokens_nor_guest_keys_are_shown(desk, guest, variant):
    order = _placed(guest, variant)
    payment = Payment.objects.get()

    pages = [desk.get(_page(order)).text, desk.get(reverse("admin:ordering_payment_change", args=[payment.pk])).text]

    assert order.guest_key
    for page in pages:
        assert order.number in page
        assert order.guest_key not in page
        assert payment.token not in page


def _views(*models):
    return Permission.objects.filter(codename__in=[f"view_{model}" for model in models])


def _browser(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def _placed(api: Api, variant, **fields) -> Order:
    token = fields.pop("token", "tok_ok")
    number = order_of(api, (gid(variant), 2), token=token, **fields)["number"]
    return Order.objects.get(number=number)


def _page(order) -> str:
    return reverse("admin:ordering_order_change", args=[order.pk])


def _address(order, button) -> str:
    return reverse(f"admin:ordering_order_{button}", args=[order.pk])


def _buttons(client, order) -> list[str]:
    buttons = client.get(_page(order)).context_data["actions_detail"]
    return [button["path"].rstrip("/").rsplit("/", 1)[-1] for button in buttons]


def _press(client, order, button, **fields) -> list[str]:
    answer = client.post(_address(order, button), SENT | fields)
    assert answer.status_code == 302, answer.text
    assert answer.url == _page(order)
    return [str(message) for message in client.get(answer.url).context["messages"]]


def _filters(client) -> set[str]:
    specs = client.get(reverse(LIST)).context_data["cl"].filter_specs
    return {name for spec in specs for name in spec.expected_parameters()}


def _numbers(client, query) -> set[str]:
    return {order.number for order in client.get(reverse(LIST) + query).context_data["cl"].result_list}
