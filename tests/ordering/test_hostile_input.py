"""What nobody sends by accident: one value of an input at a time is one that no database can hold."""

import pytest
from django.db import transaction
from graphql import (
    GraphQLEnumType,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
)

from ordering import services
from ordering.models import CustomerGroup, DigitalFile, Fulfillment, Order, Promotion, PromotionKind, Return
from ordering.services import drafting, returning
from schema.root import schema
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import cart_with, order_of

pytestmark = pytest.mark.django_db

HOSTILE = {
    "String": ["\0", "", "x" * 5000],
    "Int": [2**31 - 1, -1],
    "Decimal": ["1e30", "NaN", "0.0001", "-1"],
    "DateTime": ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"],
}
PLAIN = {"String": "x", "Int": 1, "Decimal": "1.00", "DateTime": "2030-01-01T00:00:00Z", "Boolean": True}
ROOT = schema._schema.mutation_type.fields
OURS = sorted(
    name
    for name, field in ROOT.items()
    if schema.get_type_by_name(get_named_type(field.type).name).origin.__module__.startswith("ordering")
    and not any(get_named_type(arg.type).name == "Upload" for arg in field.args.values())
)


@pytest.fixture
def ids(shipping):
    """The ids that arguments of these names want, for a person who may do everything."""
    root = make_user("root@example.com", is_staff=True, is_superuser=True)
    api = Api(root)
    variant = make_variant(price="20.00")
    placed = order_of(api, (gid(variant), 4))
    order = Order.objects.get(number=placed["number"])
    line = order.lines.get()
    services.fulfill(order_id=order.pk, actor=root, quantities=[(line.pk, 2)])
    wanted = [returning.Wanted(line.pk, 1, "DAMAGED")]
    returning.request(order_id=order.pk, lines=wanted, note="", actor=root, idempotency_key=None)
    cart = cart_with(api, (gid(variant), 1))
    guests = cart_with(Api(), (gid(variant), 1))
    request = drafting.DraftRequest(customer_id=root.pk, lines=[(variant.pk, 1)])
    draft = drafting.create_draft(request=request, idempotency_key="d", actor=root).row
    coupon = Promotion.objects.create(name="Sale", code="SALE", kind=PromotionKind.PERCENTAGE, percent=10)
    rule = Promotion.objects.create(name="Sale", kind=PromotionKind.PERCENTAGE, percent=10)
    file = DigitalFile.objects.create(variant=variant, name="song.mp3", file="files/1", size=3)
    back = Return.objects.get()
    by_mutation = {
        "order": gid(order),
        "fulfillment": gid(Fulfillment.objects.get()),
        "return": gid(back),
        "draftOrder": gid(draft, "DraftOrder"),
        "coupon": gid(coupon),
        "promotion": gid(rule),
        "customerGroup": gid(CustomerGroup.objects.create(name="Friends")),
        "variantFile": gid(file),
    }
    by_name = {
        "cartId": cart["id"],
        "guestCartId": guests["id"],
        "orderId": gid(order),
        "orderLineId": gid(line),
        "returnLineId": gid(back.lines.get()),
        "variantId": gid(variant),
        "lineId": cart["lines"][0]["id"],
        "lineIds": cart["lines"][0]["id"],
        "shippingMethodId": gid(shipping),
        "customerId": gid(root),
        "userIds": gid(root),
        "productIds": gid(variant.product),
        "categoryIds": gid(variant.product.category),
        "customerGroupIds": by_mutation["customerGroup"],
    }
    return api, by_mutation, by_name


@pytest.mark.parametrize("mutation", OURS)
def test_no_value_breaks_the_server(mutation, ids):
    api, by_mutation, by_name = ids
    field = ROOT[mutation]
    own = next(
        (by_mutation[name] for name in sorted(by_mutation, key=len, reverse=True) if mutation.startswith(name)), None
    )
    known = {**by_name, "id": own}
    declared = ", ".join(f"${name}: {arg.type}" for name, arg in field.args.items())
    passed = ", ".join(f"{name}: ${name}" for name in field.args)
    document = f"mutation({declared}) {{ {mutation}({passed}) {{ userErrors {{ code message field }} }} }}"
    plain = {name: _plain(name, arg.type, known) for name, arg in field.args.items()}
    broken = []

    for path, type_ in _leaves(plain, field.args):
        for value in HOSTILE.get(type_, []):
            variables = _with(_needed_of(plain, field.args, path), path, value)
            with transaction.atomic():
                answer = api.send(document, **variables)
                transaction.set_rollback(True)
            if "INTERNAL" in [error["extensions"]["code"] for error in answer.get("errors", [])]:
                broken.append((path, value[:20] if isinstance(value, str) else value))

    assert broken == []


def _plain(name, type_, known):
    """Something right of a type, with everything in it that may be left out."""
    nullable = get_nullable_type(type_)
    if is_list_type(nullable):
        return [_plain(name, nullable.of_type, known)]
    if is_input_object_type(nullable):
        return {each: _plain(each, field.type, known) for each, field in nullable.fields.items()}
    if isinstance(nullable, GraphQLEnumType):
        return next(iter(nullable.values))
    if nullable.name == "ID":
        return known.get(name)
    return {"currency": "EUR", "gateway": "sandbox", "token": "tok_ok", "country": "DE"}.get(name, PLAIN[nullable.name])


def _leaves(plain, args):
    for name, arg in args.items():
        yield from _inside((name,), plain[name], arg.type)


def _inside(path, value, type_):
    nullable = get_nullable_type(type_)
    if is_list_type(nullable):
        yield from _inside((*path, 0), value[0], nullable.of_type)
    elif is_input_object_type(nullable):
        for name, field in nullable.fields.items():
            yield from _inside((*path, name), value[name], field.type)
    else:
        yield path, nullable.name


def _needed_of(plain, args, kept):
    """Only what must be there, and what leads to the value that is tried."""
    return {
        name: _needed(plain[name], arg.type, (name,), kept)
        for name, arg in args.items()
        if str(arg.type).endswith("!") or kept[0] == name
    }


def _needed(value, type_, path, kept):
    nullable = get_nullable_type(type_)
    if is_list_type(nullable):
        return [_needed(value[0], nullable.of_type, (*path, 0), kept)]
    if is_input_object_type(nullable):
        return {
            name: _needed(value[name], field.type, (*path, name), kept)
            for name, field in nullable.fields.items()
            if (str(field.type).endswith("!") and field.default_value is not None)
            or kept[: len(path) + 1] == (*path, name)
        }
    return value


def _with(variables, path, value):
    if not path:
        return value
    key, *rest = path
    if isinstance(variables, list):
        return [_with(variables[0], rest, value)]
    return {**variables, key: _with(variables.get(key), rest, value)}
