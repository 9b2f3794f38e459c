"""Each field of each list of ordering costs as many statements for many rows as for one."""

import itertools
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from graphql import get_named_type, is_composite_type, is_required_argument

from catalog.models import Category
from ordering import services
from ordering.models import Cart, CustomerGroup, DigitalFile, Order, Promotion, PromotionKind, Return, ReturnReason
from ordering.services import downloading, drafting, returning, taking_back
from schema.root import schema
from tests.conftest import Api, gid, make_product, make_user, make_variant
from tests.shopping import ADDRESS, order_of

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 20
# What is asked for one row at a time, and says so.
ALONE = {("Order", "events"), ("DraftOrder", "cart")}
_numbers = itertools.count(1)


@pytest.fixture
def root():
    return make_user("root@example.com", is_staff=True, is_superuser=True)


def _order(root) -> Order:
    """One with all that an order may have."""
    number = next(_numbers)
    buyer = make_user()
    song = make_variant(price="3.00", is_digital=True)
    DigitalFile.objects.create(variant=song, name="song.mp3", file=f"files/{number}", size=3)
    placed = order_of(Api(buyer), (gid(make_variant(price="90.00")), 3), (gid(song), 1), billingAddress=ADDRESS)
    order = Order.objects.get(number=placed["number"])
    services.add_note(order_id=order.pk, note="Call back.", actor=make_user(is_superuser=True, is_staff=True))
    Order.objects.filter(pk=order.pk).update(drafted_by=make_user())
    chair = order.lines.get(is_digital=False)
    for _ in range(2):
        services.fulfill(order_id=order.pk, actor=root, quantities=[(chair.pk, 1)])
    downloading.allow(downloading.files_of(order.lines.all()))
    for reason in (ReturnReason.DAMAGED, ReturnReason.WRONG_ITEM):
        wanted = [returning.Wanted(chair.pk, 1, reason)]
        asked = returning.request(order_id=order.pk, lines=wanted, note="", actor=buyer, idempotency_key=None).row
        returning.approve(return_id=asked.pk, actor=root)
        taking_back.receive(return_id=asked.pk, actor=root, idempotency_key=None)
        taking_back.refund(return_id=asked.pk, actor=root, idempotency_key=None)
    return order


def _promotion(root) -> None:
    number = next(_numbers)
    made = Promotion.objects.create(name="Sale", code=f"SALE{number}", kind=PromotionKind.FREE_SHIPPING)
    for each in range(2):
        made.categories.add(Category.objects.create(name=f"{number}.{each}", slug=f"c-{number}-{each}"))
        made.products.add(make_product())
        group = CustomerGroup.objects.create(name=f"{number}.{each}")
        group.members.add(make_user())
        made.customer_groups.add(group)


def _draft(root) -> None:
    request = drafting.DraftRequest(customer_id=make_user().pk, lines=[(make_variant().pk, 2)])
    drafting.create_draft(
        request=request, idempotency_key=str(next(_numbers)), actor=make_user(is_superuser=True, is_staff=True)
    )


LISTS = {
    "orders": ("Order", Order, _order),
    "returns": ("Return", Return, _order),
    "promotions": ("Promotion", Promotion, _promotion),
    "customerGroups": ("CustomerGroup", CustomerGroup, _promotion),
    "draftOrders": ("DraftOrder", Cart, _draft),
}


@pytest.mark.parametrize("name", LISTS)
def test_no_field_of_a_list_costs_a_statement_a_row(name, root, shipping, policy):
    node, model, make = LISTS[name]
    documents = {
        field: f"{{ {name}(first: {ROWS}) {{ totalCount edges {{ node {{ {selection} }} }} }} }}"
        for field, selection in _selections(node)
    }
    ask = partial(_statements, Api(root))
    while model.objects.count() < 2:
        make(root)
    few = {field: ask(document) for field, document in documents.items()}

    while model.objects.count() < ROWS:
        make(root)
    many = {field: ask(document) for field, document in documents.items()}

    assert many == few
    assert len(documents) > 1


def _selections(node: str, path: tuple[str, ...] = ()):
    """Each field of a type that needs no argument, with everything of ordering in it that does not lead back."""
    for name, field in schema._schema.type_map[node].fields.items():
        inner = get_named_type(field.type)
        if (node, name) in ALONE or any(is_required_argument(arg) for arg in field.args.values()):
            continue
        if not is_composite_type(inner):
            yield name, name
        elif _is_ours(inner.name) and inner.name not in path and inner.name != node:
            selected = " ".join(selection for _, selection in _selections(inner.name, (*path, node)))
            yield name, f"{name} {{ __typename {selected} }}"
        elif not _is_ours(inner.name) and not inner.name.endswith("Connection"):
            yield name, f"{name} {{ __typename }}"


def _is_ours(name: str) -> bool:
    origin = schema.get_type_by_name(name).origin
    return origin.__module__.startswith(("ordering", "schema")) and not name.endswith("Connection")


def _statements(api: Api, document: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        api(document)
    return len(captured)
