"""Who may do what: every field of the API, asked by everybody. A field that is not in the matrix fails."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from strawberry.relay.utils import from_base64

from accounts import throttling
from accounts.events import AccountUpdated
from accounts.models import Address, Session, User
from accounts.permissions import STAFF_ROLES, Role
from catalog.models import (
    Category,
    Job,
    JobKind,
    Product,
    ProductStatus,
    ProductVariant,
    Review,
    ReviewStatus,
    Wishlist,
)
from catalog.services import versions
from notifications import outbox
from ordering.models import Cart, CustomerGroup, DigitalFile, Fulfillment, Promotion, PromotionKind
from schema import kit
from schema.root import schema
from tests.conftest import Api, gid, make_user, make_variant, socket
from tests.schema.matrix import MATRIX
from tests.schema.matrix.personas import (
    FORBIDDEN,
    NOT_FOUND,
    OK,
    ORDER_DESK,
    PEOPLE_DESK,
    PERSONAS,
    UNAUTHENTICATED,
    everybody,
    holders,
    owner_and,
    row,
)
from tests.shopping import ADDRESS, cart_with, order_of
from workflows.models import ApprovalRequest

# Long enough for a refusal; what a silence costs the run.
SILENCE = 1.5
# By then news has come that comes at all.
PATIENCE = 10

# The world is built once for so many fields: one after the other they leave it as it was.
PARTS = 12

ROOTS = (schema._schema.query_type, schema._schema.mutation_type, schema._schema.subscription_type)
FIELDS = {field: definition for type_ in ROOTS for field, definition in type_.fields.items()}
SUBSCRIPTIONS = set(schema._schema.subscription_type.fields)


@pytest.fixture
def people(db) -> dict[str, User | None]:
    """One of each; the owner's name and address are what nobody else may see."""
    found: dict[str, User | None] = {"anonymous": None, "other": make_user("other@example.com")}
    found["owner"] = make_user("owner@example.com", full_name="Olive Owner")
    found["approver"] = make_user("approver@example.com", roles=("Approvers",))
    for role in Role:
        name = role.value.lower().replace(" ", "-").replace("&", "n")
        found[role.value] = make_user(f"{name}@example.com", roles=(role.value,), is_staff=role in STAFF_ROLES)
    return found


@pytest.fixture
def world(people, policy, shipping) -> dict[str, Any]:
    """What there is to see and to change: the owner's, and a user for staff to work on."""
    owner, desk = Api(people["owner"]), Api(people[Role.SUPPORT.value])
    variant = make_variant(price="20.00")
    product = variant.product
    product.vendor.members.add(people[Role.SELLER.value])
    cart = cart_with(owner, (gid(variant), 1))
    placed = {name: order_of(owner, (gid(variant), 5)) for name in ("order", "shipped_order", "held_order")}
    orders = {name: order["id"] for name, order in placed.items()}
    assert desk(MATRIX["orderFulfill"][0], id=orders["shipped_order"])["orderFulfill"]["userErrors"] == []
    assert desk(MATRIX["orderHold"][0], id=orders["held_order"])["orderHold"]["userErrors"] == []
    order_of(owner, (gid(make_variant(price="600.00")), 1))
    address = Address.objects.create(
        user=people["owner"],
        full_name="Olive Owner",
        line1="1 Side Street",
        city="Berlin",
        postal_code="10115",
        country="DE",
    )
    return {
        **orders,
        **money_and_goods(owner, desk, variant, placed["shipped_order"]),
        "order_in_review": order_of(owner, (gid(variant), 1), token="tok_review")["id"],
        "approval_request": gid(ApprovalRequest.objects.get()),
        "product": gid(product),
        "slug": product.slug,
        "category": gid(product.category),
        "category_slug": product.category.slug,
        "vendor": gid(product.vendor),
        "vendor_slug": product.vendor.slug,
        **catalogue_of(people["owner"]),
        "image": gid(product.images.get()),
        "version": gid(versions.create(product_id=product.pk, given={}, actor=people[Role.ADMINISTRATOR.value])),
        "variant": gid(variant),
        "cart": cart["id"],
        "line": cart["lines"][0]["id"],
        "address": gid(address),
        "address_input": ADDRESS,
        "session": gid(Session.objects.filter(user=people["owner"]).first()),
        "user": gid(make_user("somebody@example.com")),
        "inactive_user": gid(make_user("gone@example.com", is_active=False)),
    }


RETURN = """
mutation($id: ID!, $line: ID!, $key: String!) {
  returnRequest(
    orderId: $id, idempotencyKey: $key, input: { lines: [{ orderLineId: $line, quantity: 1, reason: OTHER }] }
  ) { return { id } userErrors { code } }
}"""
RECEIVE = """
mutation($id: ID!) { returnReceive(id: $id, idempotencyKey: "receive") { userErrors { code } } }"""
DRAFT = """
mutation($variant: ID!, $address: PostalAddressInput!) {
  draftOrderCreate(idempotencyKey: "draft", input: {
    email: "a@example.com", lines: [{ variantId: $variant, quantity: 1 }], shippingAddress: $address
  }) { draftOrder { id } userErrors { code } }
}"""


def money_and_goods(owner: Api, desk: Api, variant: ProductVariant, shipped: dict[str, Any]) -> dict[str, Any]:
    """What is around orders: coupons, drafts, payments, parcels, files, and returns of a shipped order."""
    coupon = Promotion.objects.create(name="Welcome", code="WELCOME", kind=PromotionKind.FREE_SHIPPING)
    applied = Promotion.objects.create(name="Applied", code="APPLIED", kind=PromotionKind.FREE_SHIPPING)
    cart = cart_with(owner, (gid(variant), 1))["id"]
    Cart.objects.get(pk=from_base64(cart)[1]).coupons.add(applied)
    awaited = order_of(owner, (gid(variant), 1), payment={"gateway": "manual", "token": "bank_transfer"})
    line = shipped["lines"][0]["id"]
    asked = [
        owner(RETURN, id=shipped["id"], line=line, key=str(number))["returnRequest"]["return"]["id"]
        for number in range(3)
    ]
    for field, variables in (
        ("returnApprove", {"id": asked[1]}),
        ("returnApprove", {"id": asked[2]}),
    ):
        assert desk(MATRIX[field][0], **variables)[field]["userErrors"] == []
    assert desk(RECEIVE, id=asked[2])["returnReceive"]["userErrors"] == []
    digital = make_variant(is_digital=True)
    file = DigitalFile.objects.create(variant=digital, name="book.pdf", file="digital/book.pdf", size=3)
    draft = desk(DRAFT, variant=gid(variant), address=ADDRESS)["draftOrderCreate"]
    assert draft["userErrors"] == []
    return {
        "coupon": gid(coupon),
        "promotion": gid(Promotion.objects.create(name="Always", kind=PromotionKind.FREE_SHIPPING, is_active=False)),
        "customer_group": gid(CustomerGroup.objects.create(name="Wholesale")),
        "cart_with_coupon": cart,
        "guest_cart": cart_with(Api(), (gid(variant), 1))["id"],
        "guest_order_number": order_of(Api(), (gid(variant), 1))["number"],
        "awaited_order": awaited["id"],
        "draft_order": draft["draftOrder"]["id"],
        "shipped_line": line,
        "fulfillment": gid(Fulfillment.objects.get(order__pk=from_base64(shipped["id"])[1])),
        "requested_return": asked[0],
        "approved_return": asked[1],
        "received_return": asked[2],
        "digital_variant": gid(digital),
        "digital_file": gid(file),
    }


def catalogue_of(owner: User) -> dict[str, Any]:
    """Products in other states, and what the owner thinks of them and wishes."""
    sold_out, draft, archived = make_variant(stock=0), make_variant(), make_variant(status=ProductStatus.ARCHIVED)
    Product.objects.filter(pk=draft.product_id).update(status=ProductStatus.DRAFT)
    reviews = [
        Review.objects.create(product=variant.product, customer=owner, rating=5, status=status)
        for variant, status in ((sold_out, ReviewStatus.PUBLISHED), (draft, ReviewStatus.PENDING))
    ]
    wishlist = Wishlist.objects.create(owner=owner, name="Wishes", share_key="a-key-that-was-shared")
    return {
        "empty_category": gid(Category.objects.create(name="Empty", slug="empty")),
        "draft_product": gid(draft.product),
        "archived_product": gid(archived.product),
        "sold_out_variant": gid(sold_out),
        "published_review": gid(reviews[0]),
        "review": gid(reviews[1]),
        "wishlist": gid(wishlist),
        "job": gid(Job.objects.create(kind=JobKind.EXPORT, owner=owner, options={"format": "JSON_LINES"})),
        "file": b"Handle,Title,Vendor,Variant SKU,Variant Price\nnew,New,Maker,NEW,1.00\n",
        "share_key": wishlist.share_key,
    }


def variables_of(field: str, world: dict[str, Any]) -> dict[str, Any]:
    return {name: world[key] for name, _, key in (pair.partition("=") for pair in MATRIX[field][1].split())}


def sent(client: Api, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The response; a file goes by multipart."""
    content = variables.get("file")
    if content is None:
        return client.send(document, **variables)
    operations = {"query": document, "variables": {**variables, "file": None}}
    form = {
        "operations": json.dumps(operations),
        "map": json.dumps({"0": ["variables.file"]}),
        "0": SimpleUploadedFile("products.csv", content),
    }
    headers = {"Authorization": f"Bearer {client.token}"} if client.token else {}
    return client.http.post("/graphql", form, headers=headers).json()


def answer_in(response: dict[str, Any], field: str) -> str:
    """OK, or the code of the refusal."""
    if errors := response.get("errors"):
        return errors[0]["extensions"]["code"]
    payload = response["data"][field]
    refusals = payload.get("userErrors") if isinstance(payload, dict) else None
    return refusals[0]["code"] if refusals else OK


def is_write(statement: dict[str, str]) -> bool:
    return statement["sql"].startswith(("INSERT", "UPDATE", "DELETE"))


def everything() -> dict[str, list[Any]]:
    """All rows there are."""
    return {model._meta.label: list(model._default_manager.order_by("pk").values_list()) for model in apps.get_models()}


def test_the_matrix_names_every_field_and_no_other():
    assert set(MATRIX) == set(FIELDS)


@pytest.mark.parametrize("part", range(PARTS))
def test_each_field_answers_those_it_is_for_and_nothing_is_written_for_others(part, people, world):
    fields = sorted(set(FIELDS) - SUBSCRIPTIONS)[part::PARTS]
    clients = {persona: Api(people[persona]) for persona in PERSONAS}
    before = everything()

    answers = {field: answers_to(field, clients, world, before) for field in fields}

    assert answers == {field: MATRIX[field][2] for field in fields}


def answers_to(
    field: str, clients: dict[str, Api], world: dict[str, Any], before: dict[str, list[Any]]
) -> dict[str, str]:
    """What each persona is answered. Whatever they do is undone, and of a refusal nothing may be written at all."""
    answers = {}
    for persona, client in clients.items():
        throttling._local_limiter().storage.reset()
        with transaction.atomic():
            with CaptureQueriesContext(connection) as statements:
                answers[persona] = answer_in(sent(client, MATRIX[field][0], variables_of(field, world)), field)
            # What was written may have been rolled back; without a write there is nothing to compare.
            if answers[persona] != OK and any(map(is_write, statements.captured_queries)):
                assert everything() == before, (field, persona)
            transaction.set_rollback(True)
    return answers


# ── What is asked of a user ──────────────────────────────────────────────────────────────────────────────────────────
# Of somebody else it is for those who may look at users; of anybody but oneself, `dataExport` for nobody.
PRIVATE = {
    "permissions": "permissions",
    "lastLogin": "lastLogin",
    "requestsPerHour": "requestsPerHour",
    "addresses": "addresses { city }",
    "sessions": "sessions { totalCount }",
    "events": "events { totalCount }",
    "dataExport": "dataExport { url }",
}
# Whoever may see the user at all may see these.
SHOWN = {"id", "email", "fullName", "isStaff", "isActive", "rateTier", "dateJoined", "roles"}
USER_BY_ID = "query($id: ID!) {{ user(id: $id) {{ {} }} }}"
CUSTOMER_OF_ORDER = "query($id: ID!) {{ order(id: $id) {{ customer {{ {} }} }} }}"
MYSELF = "{{ me {{ {} }} }}"


def asked(document: str, field: str, people: dict[str, User | None], **variables: Any) -> dict[str, str]:
    """What each persona gets for one field of a user."""
    query = document.format(PRIVATE.get(field, field))
    return {persona: refusal_in(Api(people[persona]).send(query, **variables)) for persona in PERSONAS}


def refusal_in(response: dict[str, Any]) -> str:
    """OK, or the code of the first error."""
    return response["errors"][0]["extensions"]["code"] if response.get("errors") else OK


def test_every_field_of_a_user_is_private_or_shown():
    assert set(PRIVATE) | SHOWN == set(schema._schema.type_map["User"].fields)


@pytest.mark.parametrize("field", sorted(PRIVATE))
def test_what_is_private_is_answered_about_oneself(field, people):
    answers = asked(MYSELF, field, people)

    assert answers == everybody()


@pytest.mark.parametrize("field", sorted(PRIVATE))
def test_what_is_private_is_shown_by_id_to_those_who_may_look_at_users(field, people):
    answers = asked(USER_BY_ID, field, people, id=gid(people["owner"]))

    assert answers == holders(*PEOPLE_DESK, code=FORBIDDEN if field == "dataExport" else OK)


@pytest.mark.parametrize("field", sorted(PRIVATE))
def test_what_is_private_of_an_orders_customer_is_not_for_whoever_sees_the_order(field, people, shipping):
    order = order_of(Api(people["owner"]), (gid(make_variant()), 1))

    answers = asked(CUSTOMER_OF_ORDER, field, people, id=order["id"])

    seen_by_the_desk = {role.value: FORBIDDEN for role in ORDER_DESK}
    if field != "dataExport":
        seen_by_the_desk |= {role.value: OK for role in PEOPLE_DESK}
    assert answers == row(NOT_FOUND, owner=OK) | seen_by_the_desk


@pytest.mark.parametrize("field", sorted(SHOWN))
def test_what_is_shown_of_an_orders_customer_is_for_whoever_sees_the_order(field, people, shipping):
    order = order_of(Api(people["owner"]), (gid(make_variant()), 1))

    assert asked(CUSTOMER_OF_ORDER, field, people, id=order["id"]) == owner_and(*ORDER_DESK)


# ── Live ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("field", sorted(SUBSCRIPTIONS))
async def test_each_subscription_is_open_to_those_it_is_for(field, transactional_db, people, world):
    variables = variables_of(field, world)
    answers = await asyncio.gather(*(heard_by(people[persona], field, variables) for persona in PERSONAS))

    assert dict(zip(PERSONAS, answers, strict=True)) == MATRIX[field][2]


async def heard_by(user: User | None, field: str, variables: dict[str, Any]) -> str:
    """OK when there is an answer, or silence because nothing happens; else the code of the refusal."""
    async with socket(user) as client:
        results = client.subscribe(MATRIX[field][0], variables)
        try:
            first = await asyncio.wait_for(anext(results), SILENCE)
        except TimeoutError:
            return OK
    return first.errors[0].extensions["code"] if first.errors else OK


@pytest.mark.django_db(transaction=True)
async def test_everybody_hears_of_a_notification_of_theirs(transactional_db, people):
    listeners = {persona: user for persona, user in people.items() if user}

    heard = await heard_when(
        lambda: tell(people["owner"], [user.pk for user in listeners.values()]), "notificationReceived", listeners
    )

    assert heard == {persona: {"title": "The profile was changed."} for persona in listeners}


@pytest.mark.django_db(transaction=True)
async def test_only_members_of_the_group_hear_of_a_request_to_it(transactional_db, people, world):
    listeners = {persona: people[persona] for persona in ("approver", "owner", "other", Role.ADMINISTRATOR.value)}

    heard = await heard_when(lambda: ask_for_approval(people["other"]), "approvalRequestAdded", listeners)

    assert heard["approver"]["summary"]
    assert [persona for persona, news in heard.items() if news] == ["approver"]


def tell(about: User, users: list[Any]) -> None:
    """Something happens to somebody, of which these are told."""
    with transaction.atomic():
        outbox.record(AccountUpdated(fields=["full_name"]), about=about, users=users)


def ask_for_approval(user: User) -> None:
    order_of(Api(user), (gid(make_variant(price="600.00")), 1))


async def heard_when(
    act: Callable[[], None], field: str, listeners: dict[str, User]
) -> dict[str, dict[str, Any] | None]:
    """What each of them hears first after it happened, all of them listening before; None is silence."""
    async with AsyncExitStack() as open_sockets:
        clients = {persona: await open_sockets.enter_async_context(socket(user)) for persona, user in listeners.items()}
        first = {
            persona: asyncio.ensure_future(anext(client.subscribe(MATRIX[field][0])))
            for persona, client in clients.items()
        }
        _, silent = await asyncio.wait(first.values(), timeout=SILENCE)
        assert len(silent) == len(listeners), "nothing has happened yet"
        await database_sync_to_async(act)()
        await asyncio.wait(first.values(), timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(first.values(), timeout=SILENCE)
        heard = {persona: news.result().data[field] if news.done() else None for persona, news in first.items()}
        for news in first.values():
            news.cancel()
        await asyncio.gather(*first.values(), return_exceptions=True)
    return heard


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_the_schema_says_what_a_field_asks_for(field):
    definition = FIELDS[field].extensions["strawberry-definition"]
    has_permission = any(isinstance(directive, kit.Needs) for directive in definition.directives)
    is_for_signed_in = any(isinstance(directive, kit.SignedIn) for directive in definition.directives)

    answers = MATRIX[field][2]

    assert has_permission == (answers["other"] == FORBIDDEN)
    assert is_for_signed_in == (answers["anonymous"] == UNAUTHENTICATED and not has_permission)
