"""The admin as a whole: every model is in it, every page opens, and no list costs a statement a row."""

import itertools
from decimal import Decimal

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from accounts.models import DataExport, EmailLink, RefreshToken, Session, User
from accounts.services import sessions
from catalog.models import (
    Category,
    CategorySlug,
    HelpfulVote,
    Job,
    Product,
    ProductSlug,
    ProductVariant,
    ProductVersion,
    Review,
    StockAlert,
    StockLevel,
    StockMovement,
    VariantPrice,
    Vendor,
    VendorSlug,
    Wishlist,
)
from catalog.services import prices, reviews, stock, wishlists
from notifications.models import Event, Notification
from ordering import services as ordering
from ordering.models import (
    Cart,
    CustomerGroup,
    DigitalFile,
    Document,
    Download,
    Fulfillment,
    IdempotencyKey,
    NumberSeries,
    Order,
    Payment,
    Promotion,
    PromotionKind,
    RefundLine,
    Return,
    ReturnReason,
    ShippingMethod,
    ShippingZone,
    TaxRate,
    WebhookMessage,
)
from ordering.services import downloading, returning
from tests.conftest import PASSWORD, Api, gid, make_product, make_user, make_variant
from tests.shopping import cart_with, order_of
from workflows import services as workflows
from workflows.models import ApprovalPolicy, ApprovalRequest

pytestmark = pytest.mark.django_db(transaction=True)

OUR_APPS = ["accounts", "catalog", "ordering", "workflows", "notifications"]
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _two_currencies(settings):
    settings.SHOP_CURRENCIES = ["EUR", "USD"]


@pytest.fixture
def superuser(db):
    return User.objects.create_superuser("root@example.com", PASSWORD)


@pytest.fixture
def browser(superuser):
    client = Client()
    client.force_login(superuser)
    return client


def _order(price: str = "20.00") -> None:
    buyer = make_user()
    order_of(Api(buyer), (gid(make_variant(price=price)), 2))


def _parcel() -> None:
    _order()
    order = Order.objects.latest("placed_at")
    ordering.fulfill(order_id=order.pk, actor=User.objects.get(is_superuser=True))


def _return() -> None:
    _parcel()
    order = Order.objects.latest("placed_at")
    wanted = [returning.Wanted(line.pk, 1, ReturnReason.DAMAGED) for line in order.lines.all()]
    returning.request(order_id=order.pk, lines=wanted, note="", actor=order.customer, idempotency_key=None)


def _file() -> DigitalFile:
    variant = make_variant(is_digital=True)
    return DigitalFile.objects.create(variant=variant, name="song.mp3", file=f"files/{next(_numbers)}", size=3)


def _download() -> None:
    _order()
    downloading.allow({Order.objects.latest("placed_at").lines.get().pk: [_file()]})


def _group() -> CustomerGroup:
    group = CustomerGroup.objects.create(name=f"Friends {next(_numbers)}")
    group.members.add(make_user(), make_user())
    return group


def _promotion() -> None:
    promotion = Promotion.objects.create(
        name="Sale", code=f"SALE{next(_numbers)}", kind=PromotionKind.PERCENTAGE, percent=10
    )
    product = _product()
    promotion.products.add(product)
    promotion.categories.add(product.category)
    promotion.customer_groups.add(_group())


def _zone() -> ShippingZone:
    return ShippingZone.objects.create(name=f"Zone {next(_numbers)}", countries=["DE", "AT"])


def _decided_request() -> None:
    _order(price="300.00")
    request = ApprovalRequest.objects.latest("requested_at")
    approver = make_user(roles=("Approvers",))
    workflows.approve(request_id=request.pk, actor=approver, comment="Fine.")


def _session() -> None:
    sessions.sign_in(email=make_user().email, password=PASSWORD)


def _shelf() -> None:
    number = next(_numbers)
    parent = Category.objects.create(name=f"Room {number}", slug=f"room-{number}")
    shelf = Category.objects.create(name=f"Shelf {number}", slug=f"shelf-{number}", parent=parent)
    CategorySlug.objects.create(category=shelf, slug=f"former-shelf-{number}")


def _product() -> Product:
    """One with all that a product may have."""
    number = next(_numbers)
    vendor = Vendor.objects.create(name=f"Maker {number}", slug=f"maker-{number}")
    vendor.members.add(make_user(), make_user())
    VendorSlug.objects.create(vendor=vendor, slug=f"former-maker-{number}")
    category = Category.objects.create(name=f"Kind {number}", slug=f"kind-{number}")
    product = make_product(vendor=vendor, category=category, variants=2)
    ProductSlug.objects.create(product=product, slug=f"former-{number}")
    keeper = make_user(roles=("Merchandiser",))
    for variant in product.variants.all():
        dollars = prices.ListedPrice("USD", Decimal("21.00"))
        prices.set_listed(variant_id=variant.pk, prices=[dollars], actor=keeper)
        stock.adjust(variant_id=variant.pk, delta=2, reason=stock.AdjustmentReason.RECEIVED, actor=keeper)
        StockAlert.objects.create(variant=variant, email=f"waiting{number}@example.com")
    return product


def _version() -> None:
    product = _product()
    for number in (1, 2):
        ProductVersion.objects.create(product=product, number=number, name=f"Name {number}", author=make_user())


def _review() -> None:
    review = reviews.create(actor=make_user(), product_id=_product().pk, rating=4, title="Fine")
    HelpfulVote.objects.create(review=review, user=make_user())


def _wishlist() -> None:
    owner = make_user()
    wishlist = wishlists.create(actor=owner, name="Birthday")
    for variant in _product().variants.all():
        wishlists.add(actor=owner, variant_id=variant.pk, wishlist_id=wishlist.pk)


def _policy() -> None:
    number = next(_numbers)
    group = Group.objects.create(name=f"Group {number}")
    ApprovalPolicy.objects.create(name=f"Policy {number}", group=group, currency="EUR", threshold_amount=10_000)


# How one more row of each model comes to be.
MAKERS = {
    User: lambda: make_user(roles=("Seller", "Support")),
    Session: _session,
    Group: lambda: Group.objects.create(name=f"Role {next(_numbers)}"),
    Category: _shelf,
    Vendor: _product,
    Product: _product,
    ProductVariant: _product,
    StockLevel: _product,
    StockMovement: _product,
    VariantPrice: _product,
    ProductVersion: _version,
    Review: _review,
    Wishlist: _wishlist,
    Job: lambda: Job.objects.create(kind="IMPORT", owner=make_user(), counts={"created": 3}),
    Cart: lambda: cart_with(Api(make_user()), (gid(make_variant()), 3)),
    ShippingMethod: lambda: ShippingMethod.objects.create(
        name=f"Way {next(_numbers)}", currency="EUR", price_amount=5, zone=_zone()
    ),
    ShippingZone: _zone,
    TaxRate: lambda: TaxRate.objects.create(country="US", region=f"Region {next(_numbers)}", percent=7),
    Promotion: _promotion,
    CustomerGroup: _group,
    Order: _order,
    Document: _order,
    Payment: _order,
    Fulfillment: _parcel,
    Return: _return,
    DigitalFile: _file,
    Download: _download,
    WebhookMessage: lambda: WebhookMessage.objects.create(
        gateway="stripe", message_id=f"evt_{next(_numbers)}", type="charge.refunded", body={"reference": "pi_1"}
    ),
    ApprovalPolicy: _policy,
    ApprovalRequest: _decided_request,
    Event: _order,
    Notification: _order,
}


# What is nobody's to look at: what a link or a token is made of, and the whole of what is held on a person. Who asked
# for them, and when, is in the history of the account. Nor is what only keeps count: the keys under which something was
# done once, and how far the numbers of documents are.
FOR_NOBODY = {DataExport, EmailLink, RefreshToken, IdempotencyKey, NumberSeries}
# What a column of the row it belongs to tells.
IN_A_COLUMN = {RefundLine}


def test_every_model_is_in_the_admin_by_itself_or_with_the_row_it_belongs_to():
    inlines = {inline.model for model_admin in admin.site._registry.values() for inline in model_admin.inlines}

    missing = [
        model._meta.label
        for app in OUR_APPS
        for model in apps.get_app_config(app).get_models()
        if model not in {*admin.site._registry, *inlines, *FOR_NOBODY, *IN_A_COLUMN}
    ]

    assert missing == []
    assert (FOR_NOBODY | IN_A_COLUMN).isdisjoint({*admin.site._registry, *inlines})


def test_every_registered_model_is_in_the_sidebar():
    links = [str(item["link"]) for group in settings.UNFOLD["SIDEBAR"]["navigation"] for item in group["items"]]
    linked = {link.partition("?")[0] for link in links}

    assert linked == {_address(model, "changelist") for model in REGISTERED}


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label_lower)
def test_a_list_costs_the_same_statements_for_one_row_and_for_twenty(model, browser, shipping, policy):
    make = MAKERS[model]
    make()
    browser.get(_address(model, "changelist"))  # what is read once a process is read now
    few = _statements(browser, _address(model, "changelist"))
    rows = model.objects.count()

    for _ in range(19):
        make()
    many = _statements(browser, _address(model, "changelist"))

    assert model.objects.count() >= rows + 19
    assert many == few


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label_lower)
def test_every_page_opens_for_a_superuser(model, browser, superuser, shipping, policy):
    MAKERS[model]()
    row = model.objects.order_by("pk").last()
    pages = [_address(model, "changelist"), _address(model, "change", row.pk), _address(model, "history", row.pk)]
    if admin.site._registry[model].has_add_permission(_request(superuser)):
        pages.append(_address(model, "add"))

    answers = {page: browser.get(page).status_code for page in pages}

    assert set(answers.values()) == {200}, answers


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label_lower)
def test_every_page_opens_for_staff_who_may_only_look_and_saves_nothing(model, superuser, shipping, policy):
    MAKERS[model]()
    row = model.objects.order_by("pk").last()
    reader = make_user("reader@example.com", is_staff=True)
    reader.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(reader)
    before = list(model.objects.order_by("pk").values())

    looks = [client.get(_address(model, "changelist")), client.get(_address(model, "change", row.pk))]
    writes = [
        client.post(_address(model, "add"), {}),
        client.post(_address(model, "change", row.pk), {}),
        client.post(_address(model, "delete", row.pk), {"post": "yes"}),
    ]

    assert [answer.status_code for answer in looks] == [200, 200]
    assert [answer.status_code for answer in writes] == [403, 403, 403]
    assert list(model.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label_lower)
def test_every_list_can_be_searched_and_every_filter_opens(model, browser, shipping, policy):
    MAKERS[model]()
    shown = browser.get(_address(model, "changelist"))
    changelist = shown.context_data["cl"]
    queries = [f"?{spec.parameter_name}={value}" for spec in changelist.filter_specs for value in _choices(spec)]

    answers = {query: browser.get(_address(model, "changelist") + query).status_code for query in ["?q=a", *queries]}

    assert set(answers.values()) == {200}, answers


def test_a_person_without_the_staff_flag_is_sent_to_sign_in(customer):
    client = Client()
    client.force_login(customer)

    answers = {client.get(_address(model, "changelist")).status_code for model in REGISTERED}

    assert answers == {302}


def test_staff_without_a_permission_sees_nothing(shipping):
    nobody = make_user("nobody@example.com", is_staff=True)
    client = Client()
    client.force_login(nobody)

    answers = {client.get(_address(model, "changelist")).status_code for model in REGISTERED}

    assert answers == {403}


@pytest.mark.parametrize(
    "model",
    [
        *(Return, Download, DigitalFile, Document),
        *(Order, Payment, WebhookMessage, Fulfillment, Cart, ApprovalRequest, Event, Notification, Session),
        *(StockLevel, StockMovement, VariantPrice, ProductVersion, Review, Wishlist, Job),
    ],
    ids=lambda model: model._meta.label_lower,
)
def test_what_services_write_is_not_edited_by_hand_even_by_a_superuser(model, browser, shipping, policy):
    MAKERS[model]()
    row = model.objects.order_by("pk").last()
    before = list(model.objects.order_by("pk").values())
    values = {field.name: "1" for field in model._meta.fields}

    answers = [
        browser.post(_address(model, "add"), values).status_code,
        browser.post(_address(model, "change", row.pk), values).status_code,
        browser.post(_address(model, "delete", row.pk), {"post": "yes"}).status_code,
    ]

    assert answers == [403, 403, 403]
    browser.post(
        _address(model, "changelist"), {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    )
    assert list(model.objects.order_by("pk").values()) == before


def test_the_index_opens_and_names_the_shop(browser):
    page = browser.get(reverse("admin:index"))

    assert page.status_code == 200
    assert "<title>" in page.text
    assert "Nexus" in page.text


def _address(model, page, *args) -> str:
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)
    except NoReverseMatch:
        raise AssertionError(f"{model._meta.label} has no page {page}") from None


def _statements(client, address) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return [query["sql"].split(" ", 1)[0] for query in captured.captured_queries]


def _choices(spec) -> list[str]:
    if isinstance(spec, admin.SimpleListFilter):
        return [value for value, _ in spec.lookup_choices]
    return []


def _request(user):
    class Request:
        pass

    request = Request()
    request.user = user
    return request


def test_a_long_history_does_not_slow_an_order_page(browser, shipping):
    _order()
    order = Order.objects.get()
    browser.get(_address(Order, "change", order.pk))
    few = _statements(browser, _address(Order, "change", order.pk))

    root = User.objects.get(is_superuser=True)
    for _ in range(5):
        ordering.hold(order_id=order.pk, reason="Wait.", actor=root)
        ordering.release(order_id=order.pk, actor=root)
    many = _statements(browser, _address(Order, "change", order.pk))

    assert order.events.count() == 14
    assert many == few
