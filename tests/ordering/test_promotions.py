"""Keeping coupons, promotions and groups of customers: by whom, and what is refused."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog.models import Category
from notifications.models import Event
from ordering.models import CustomerGroup, Promotion
from ordering.services import promotions
from tests.conftest import Api, gid, make_product, make_user, make_variant
from tests.shopping import ERRORS, cart_with, checkout

pytestmark = pytest.mark.django_db

PROMOTION = """
  id name code kind percent amount { amount currency } minimumSubtotal { amount currency } currency
  buyQuantity getQuantity categories { name } products { name } customerGroups { name } isFirstOrderOnly
  startsAt endsAt isActive priority isExclusive usageLimit usageLimitPerCustomer timesUsed
"""
COUPON_CREATE = f"""
mutation($input: CouponCreateInput!) {{ couponCreate(input: $input) {{ promotion {{ {PROMOTION} }} {ERRORS} }} }}
"""
COUPON_UPDATE = f"""
mutation($id: ID!, $input: CouponUpdateInput!) {{
  couponUpdate(id: $id, input: $input) {{ promotion {{ {PROMOTION} }} {ERRORS} }}
}}
"""
COUPON_DEACTIVATE = f"""
mutation($id: ID!) {{ couponDeactivate(id: $id) {{ promotion {{ id isActive }} {ERRORS} }} }}
"""
PROMOTION_CREATE = f"""
mutation($input: PromotionCreateInput!) {{ promotionCreate(input: $input) {{ promotion {{ {PROMOTION} }} {ERRORS} }} }}
"""
PROMOTION_UPDATE = f"""
mutation($id: ID!, $input: PromotionUpdateInput!) {{
  promotionUpdate(id: $id, input: $input) {{ promotion {{ {PROMOTION} }} {ERRORS} }}
}}
"""
PROMOTION_DEACTIVATE = f"""
mutation($id: ID!) {{ promotionDeactivate(id: $id) {{ promotion {{ id isActive }} {ERRORS} }} }}
"""
LIST = f"""
query($filters: PromotionFilters) {{
  promotions(filters: $filters) {{ totalCount edges {{ node {{ {PROMOTION} }} }} }}
}}
"""
GROUP_CREATE = f"""
mutation($name: String!) {{
  customerGroupCreate(name: $name) {{ customerGroup {{ id name memberCount }} {ERRORS} }}
}}
"""
MEMBERS_SET = f"""
mutation($id: ID!, $userIds: [ID!]!) {{
  customerGroupMembersSet(id: $id, userIds: $userIds) {{ customerGroup {{ id name memberCount }} {ERRORS} }}
}}
"""
MOMENT = datetime(2027, 1, 1, tzinfo=UTC)
TEN = {"name": "Ten off", "kind": "PERCENTAGE", "percent": "10"}


@pytest.fixture
def keeper(db):
    """A merchandiser's client."""
    return Api(make_user("keeper@example.com", roles=("Merchandiser",), is_staff=True))


@pytest.fixture(autouse=True)
def _yen_as_well(settings):
    settings.SHOP_CURRENCIES = ["EUR", "JPY"]


def create(api, **input):
    return api(COUPON_CREATE, input={"code": "SAVE10", **TEN, **input})["couponCreate"]


def created(api, **input):
    payload = create(api, **input)
    assert payload["userErrors"] == [], payload
    return payload["promotion"]


def refusal(payload):
    """Code and last part of the field of the one refusal, which says something."""
    (error,) = payload["userErrors"]
    assert error["message"].endswith((".", "”"))
    assert payload.get("promotion", payload.get("customerGroup")) is None
    return error["code"], error["field"][-1]


def history():
    of_promotions = Event.objects.filter(type__startswith="promotion.").order_by("occurred_at", "seq")
    return [(event.type, event.actor.email) for event in of_promotions]


# ── Making ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_coupon_is_made_with_all_its_terms(keeper):
    room = Category.objects.create(name="Room", slug="room")
    product = make_product("Lamp")
    group = CustomerGroup.objects.create(name="Wholesale")

    found = created(
        keeper,
        code=" summer-10 ",
        minimumSubtotal="50",
        currency="eur",
        categoryIds=[gid(room)],
        productIds=[gid(product)],
        customerGroupIds=[gid(group)],
        isFirstOrderOnly=True,
        startsAt="2027-06-01T00:00:00Z",
        endsAt="2027-09-01T00:00:00+02:00",
        priority=5,
        isExclusive=True,
        usageLimit=100,
        usageLimitPerCustomer=1,
    )

    assert {name: value for name, value in found.items() if name != "id"} == {
        "name": "Ten off",
        "code": "SUMMER-10",
        "kind": "PERCENTAGE",
        "percent": "10.00",
        "amount": None,
        "minimumSubtotal": {"amount": "50.00", "currency": "EUR"},
        "currency": "EUR",
        "buyQuantity": None,
        "getQuantity": None,
        "categories": [{"name": "Room"}],
        "products": [{"name": "Lamp"}],
        "customerGroups": [{"name": "Wholesale"}],
        "isFirstOrderOnly": True,
        "startsAt": "2027-06-01T00:00:00+00:00",
        "endsAt": "2027-08-31T22:00:00+00:00",
        "isActive": True,
        "priority": 5,
        "isExclusive": True,
        "usageLimit": 100,
        "usageLimitPerCustomer": 1,
        "timesUsed": 0,
    }
    (event,) = Event.objects.filter(type="promotion.created")
    assert (event.payload, event.actor.email) == ({"name": "Ten off", "code": "SUMMER-10"}, "keeper@example.com")
    assert event.message == "The promotion Ten off was created."


@pytest.mark.parametrize(
    "input",
    [
        {"kind": "PERCENTAGE", "percent": "0.01"},
        {"kind": "PERCENTAGE", "percent": "100"},
        {"kind": "FIXED", "amount": "5.55", "currency": "EUR"},
        {"kind": "FIXED", "amount": "500", "currency": "JPY"},
        {"kind": "FREE_SHIPPING"},
        {"kind": "BUY_X_GET_Y", "buyQuantity": 2, "getQuantity": 1},
    ],
)
def test_each_kind_is_made_as_a_promotion_that_applies_by_itself(keeper, input):
    payload = keeper(PROMOTION_CREATE, input={"name": "Sale", **input})["promotionCreate"]

    assert payload["userErrors"] == []
    assert (payload["promotion"]["code"], payload["promotion"]["kind"]) == (None, input["kind"])
    assert Promotion.objects.automatic().count() == 1


def test_what_one_gets_is_free_unless_said_otherwise(keeper):
    payload = keeper(
        PROMOTION_CREATE, input={"name": "3 for 2", "kind": "BUY_X_GET_Y", "buyQuantity": 2, "getQuantity": 1}
    )["promotionCreate"]

    assert payload["promotion"]["percent"] == "100.00"


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"name": " "}, "REQUIRED", "name"),
        ({"name": "x" * 101}, "REQUIRED", "name"),
        ({"name": "a\0b"}, "REQUIRED", "name"),
        ({"code": "AB"}, "INVALID", "code"),
        ({"code": "X" * 41}, "INVALID", "code"),
        ({"code": "TEN OFF"}, "INVALID", "code"),
        ({"code": "-TEN"}, "INVALID", "code"),
        ({"code": "ÄPFEL"}, "INVALID", "code"),
        ({"code": "TEN\0"}, "INVALID", "code"),
        ({"percent": "0"}, "AMOUNT_INVALID", "percent"),
        ({"percent": "-1"}, "AMOUNT_INVALID", "percent"),
        ({"percent": "100.01"}, "AMOUNT_INVALID", "percent"),
        ({"percent": "10.001"}, "AMOUNT_INVALID", "percent"),
        ({"percent": "1e-999999"}, "AMOUNT_INVALID", "percent"),
        ({"percent": None}, "REQUIRED", "percent"),
        ({"amount": "5", "currency": "EUR"}, "INVALID", "amount"),
        ({"buyQuantity": 1}, "INVALID", "buyQuantity"),
        ({"kind": "FIXED", "percent": None, "currency": "EUR"}, "REQUIRED", "amount"),
        ({"kind": "FIXED", "percent": None, "amount": "5"}, "REQUIRED", "currency"),
        ({"kind": "FIXED", "percent": None, "amount": "0", "currency": "EUR"}, "AMOUNT_INVALID", "amount"),
        ({"kind": "FIXED", "percent": None, "amount": "1.001", "currency": "EUR"}, "AMOUNT_INVALID", "amount"),
        ({"kind": "FIXED", "percent": None, "amount": "1.5", "currency": "JPY"}, "AMOUNT_INVALID", "amount"),
        ({"kind": "FIXED", "percent": None, "amount": "1e12", "currency": "EUR"}, "AMOUNT_INVALID", "amount"),
        ({"kind": "FIXED", "amount": "5", "currency": "EUR"}, "INVALID", "percent"),
        ({"kind": "FREE_SHIPPING"}, "INVALID", "percent"),
        ({"kind": "BUY_X_GET_Y", "buyQuantity": 2}, "REQUIRED", "getQuantity"),
        ({"kind": "BUY_X_GET_Y", "buyQuantity": 0, "getQuantity": 1}, "INVALID", "buyQuantity"),
        ({"kind": "BUY_X_GET_Y", "buyQuantity": 1, "getQuantity": 1001}, "INVALID", "getQuantity"),
        ({"minimumSubtotal": "50"}, "REQUIRED", "currency"),
        ({"minimumSubtotal": "-50", "currency": "EUR"}, "AMOUNT_INVALID", "minimumSubtotal"),
        ({"currency": "USD"}, "CURRENCY_NOT_SUPPORTED", "currency"),
        ({"currency": "nonsense"}, "CURRENCY_NOT_SUPPORTED", "currency"),
        ({"startsAt": "2027-01-02T00:00:00Z", "endsAt": "2027-01-02T00:00:00Z"}, "INVALID", "endsAt"),
        ({"startsAt": "0001-01-01T00:00:00+14:00"}, "INVALID", "startsAt"),
        ({"priority": -1}, "INVALID", "priority"),
        ({"usageLimit": 0}, "INVALID", "usageLimit"),
        ({"usageLimitPerCustomer": -5}, "INVALID", "usageLimitPerCustomer"),
        ({"categoryIds": ["Q2F0ZWdvcnk6OTk5OTk5"]}, "NOT_FOUND", "categoryIds"),
        ({"productIds": ["UHJvZHVjdDo5OTk5OTk="]}, "NOT_FOUND", "productIds"),
        ({"customerGroupIds": ["Q3VzdG9tZXJHcm91cDo5OTk5OTk="]}, "NOT_FOUND", "customerGroupIds"),
    ],
)
def test_what_can_be_no_coupon_is_refused_by_name_and_nothing_is_written(keeper, input, code, field):
    payload = create(keeper, **input)

    assert refusal(payload) == (code, field)
    assert Promotion.objects.count() == 0
    assert not Event.objects.filter(type__startswith="promotion.").exists()


def test_a_code_is_taken_in_any_case_also_by_one_that_has_ended(keeper):
    first = created(keeper)
    keeper(COUPON_DEACTIVATE, id=first["id"])

    assert refusal(create(keeper, code="save10")) == ("CODE_TAKEN", "code")
    assert Promotion.objects.count() == 1


def test_of_two_with_one_code_at_the_same_moment_the_second_is_told(keeper):
    created(keeper)

    with pytest.raises(promotions.OrderError) as refused, promotions._unique("save10"), transaction.atomic():
        Promotion.objects.create(name="Second", kind="FREE_SHIPPING", code="SAVE10")

    assert (refused.value.code, refused.value.field) == ("CODE_TAKEN", ["input", "code"])


def test_fifty_promotions_apply_by_themselves_and_no_more(keeper):
    Promotion.objects.bulk_create(Promotion(name=f"Sale {n}", kind="FREE_SHIPPING") for n in range(50))
    sale = {"name": "One more", "kind": "FREE_SHIPPING"}

    payload = keeper(PROMOTION_CREATE, input=sale)["promotionCreate"]

    assert refusal(payload) == ("INVALID", "isActive")
    assert keeper(PROMOTION_CREATE, input={**sale, "isActive": False})["promotionCreate"]["userErrors"] == []
    created(keeper)


# ── Changing ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_update_changes_what_it_names_and_null_takes_a_limit_away(keeper):
    room = Category.objects.create(name="Room", slug="room")
    made = created(keeper, usageLimit=5, endsAt="2027-09-01T00:00:00Z", categoryIds=[gid(room)])

    input = {"percent": "15", "usageLimit": None, "name": None, "isExclusive": None, "code": "save15"}
    payload = keeper(COUPON_UPDATE, id=made["id"], input=input)["couponUpdate"]

    assert payload["userErrors"] == []
    assert payload["promotion"] == made | {"percent": "15.00", "usageLimit": None, "code": "SAVE15"}
    (event,) = Event.objects.filter(type="promotion.updated")
    assert event.payload == {"name": "Ten off", "code": "SAVE15", "fields": ["code", "percent", "usage_limit"]}


def test_an_update_that_changes_nothing_is_no_news(keeper):
    made = created(keeper, usageLimit=5)

    payload = keeper(COUPON_UPDATE, id=made["id"], input={"percent": "10.0", "usageLimit": 5})["couponUpdate"]

    assert payload["promotion"] == made
    assert history() == [("promotion.created", "keeper@example.com")]


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"usageLimit": 1}, "INVALID", "usageLimit"),
        ({"amount": "5"}, "INVALID", "amount"),
        ({"percent": None}, "REQUIRED", "percent"),
        ({"code": "OTHER"}, "CODE_TAKEN", "code"),
        ({"endsAt": "2020-01-01T00:00:00Z", "startsAt": "2021-01-01T00:00:00Z"}, "INVALID", "endsAt"),
    ],
)
def test_an_update_is_checked_like_a_new_one(keeper, input, code, field):
    made = created(keeper)
    created(keeper, code="OTHER")
    Promotion.objects.filter(code="SAVE10").update(times_used=2)
    before = list(Promotion.objects.order_by("pk").values())

    payload = keeper(COUPON_UPDATE, id=made["id"], input=input)["couponUpdate"]

    assert refusal(payload) == (code, field)
    assert list(Promotion.objects.order_by("pk").values()) == before


def test_a_limit_may_be_what_was_used(keeper, guest, shipping):
    made = created(keeper)
    Promotion.objects.update(times_used=2)

    payload = keeper(COUPON_UPDATE, id=made["id"], input={"usageLimit": 2})["couponUpdate"]

    assert payload["userErrors"] == []


def test_a_deactivated_coupon_has_ended_and_comes_back(keeper, guest, shipping):
    made = created(keeper)
    cart = cart_with(guest, (gid(make_variant()), 1))
    apply = 'mutation($c: ID!) { cartCouponApply(cartId: $c, code: "SAVE10") { userErrors { code } } }'

    ended = keeper(COUPON_DEACTIVATE, id=made["id"])["couponDeactivate"]
    again = keeper(COUPON_DEACTIVATE, id=made["id"])["couponDeactivate"]
    refused = guest(apply, c=cart["id"])["cartCouponApply"]
    keeper(COUPON_UPDATE, id=made["id"], input={"isActive": True})
    back = guest(apply, c=cart["id"])["cartCouponApply"]

    assert ended == again == {"promotion": {"id": made["id"], "isActive": False}, "userErrors": []}
    assert refused == {"userErrors": [{"code": "COUPON_EXPIRED"}]}
    assert back == {"userErrors": []}
    assert [type_ for type_, _ in history()] == ["promotion.created", "promotion.deactivated", "promotion.updated"]


def test_coupons_and_promotions_are_kept_each_by_their_own(keeper):
    coupon = created(keeper)
    sale = keeper(PROMOTION_CREATE, input={"name": "Sale", "kind": "FREE_SHIPPING"})["promotionCreate"]["promotion"]

    refused = [
        keeper(PROMOTION_UPDATE, id=coupon["id"], input={"name": "No"})["promotionUpdate"],
        keeper(PROMOTION_DEACTIVATE, id=coupon["id"])["promotionDeactivate"],
        keeper(COUPON_UPDATE, id=sale["id"], input={"name": "No"})["couponUpdate"],
        keeper(COUPON_DEACTIVATE, id=sale["id"])["couponDeactivate"],
    ]

    assert [refusal(payload) for payload in refused] == [("NOT_FOUND", "id")] * 4
    renamed = keeper(PROMOTION_UPDATE, id=sale["id"], input={"name": "Sent free"})["promotionUpdate"]
    ended = keeper(PROMOTION_DEACTIVATE, id=sale["id"])["promotionDeactivate"]
    assert (renamed["promotion"]["name"], ended["promotion"]["isActive"]) == ("Sent free", False)


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (None, ["OTHER", "SAVE10", None]),
        ({"isCoupon": True}, ["OTHER", "SAVE10"]),
        ({"isCoupon": False}, [None]),
        ({"isActive": False}, ["OTHER"]),
        ({"kind": "PERCENTAGE", "isActive": True}, ["SAVE10"]),
        ({"code": " save"}, ["SAVE10"]),
    ],
)
def test_the_list_is_newest_first_and_narrowed(keeper, filters, found):
    keeper(PROMOTION_CREATE, input={"name": "Sale", "kind": "FREE_SHIPPING"})
    created(keeper)
    created(keeper, code="OTHER", isActive=False)

    listed = keeper(LIST, filters=filters)["promotions"]

    assert [edge["node"]["code"] for edge in listed["edges"]] == found
    assert listed["totalCount"] == len(found)


def test_a_list_of_ten_costs_as_many_statements_as_one_of_one(keeper):
    def statements(count):
        for _ in range(count):
            made = Promotion.objects.create(name="Sale", kind="FREE_SHIPPING")
            made.categories.add(Category.objects.create(name=f"{made.pk}", slug=f"c-{made.pk}"))
            made.products.add(make_product())
            made.customer_groups.add(CustomerGroup.objects.create(name=f"{made.pk}"))
        with CaptureQueriesContext(connection) as captured:
            keeper(LIST)
        return len(captured)

    statements(1)
    assert statements(1) == statements(8)


@pytest.mark.parametrize("role", [None, "Customer", "Seller", "Support", "Supply chain"])
def test_nobody_else_keeps_or_lists_promotions(keeper, role):
    made = created(keeper)
    person = Api(make_user(roles=(role,), is_staff=True)) if role else Api()
    expected = "FORBIDDEN" if role else "UNAUTHENTICATED"

    requests = [
        (COUPON_CREATE, {"input": {"code": "MINE", **TEN}}),
        (COUPON_UPDATE, {"id": made["id"], "input": {"percent": "99"}}),
        (COUPON_DEACTIVATE, {"id": made["id"]}),
        (PROMOTION_CREATE, {"input": TEN}),
        (PROMOTION_UPDATE, {"id": made["id"], "input": {"percent": "99"}}),
        (PROMOTION_DEACTIVATE, {"id": made["id"]}),
        (GROUP_CREATE, {"name": "Mine"}),
        (MEMBERS_SET, {"id": gid(CustomerGroup.objects.create(name="Theirs")), "userIds": []}),
        (LIST, {}),
        ("query($id: ID!) { promotion(id: $id) { code } }", {"id": made["id"]}),
        ("{ customerGroups { totalCount } }", {}),
    ]
    assert [person.code(request, **variables) for request, variables in requests] == [expected] * len(requests)
    assert (Promotion.objects.get().percent, CustomerGroup.objects.count()) == (Decimal("10.00"), 1)


# ── Groups ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_group_has_the_members_it_was_given_and_no_others(keeper):
    one, two = make_user(), make_user()
    group = keeper(GROUP_CREATE, name=" Wholesale ")["customerGroupCreate"]["customerGroup"]
    assert {**group, "id": None} == {"id": None, "name": "Wholesale", "memberCount": 0}

    keeper(MEMBERS_SET, id=group["id"], userIds=[gid(one), gid(two), gid(one)])
    payload = keeper(MEMBERS_SET, id=group["id"], userIds=[gid(two)])["customerGroupMembersSet"]

    assert payload["customerGroup"] == {**group, "memberCount": 1}
    assert list(CustomerGroup.objects.get().members.all()) == [two]
    assert keeper("{ customerGroups { edges { node { name memberCount } } } }")["customerGroups"]["edges"] == [
        {"node": {"name": "Wholesale", "memberCount": 1}}
    ]
    changed = Event.objects.filter(type="customer_group.changed").order_by("seq")
    assert [(event.payload["added"], event.payload["removed"]) for event in changed] == [(2, 0), (0, 1)]


def test_bad_groups_are_refused(keeper):
    group = keeper(GROUP_CREATE, name="Wholesale")["customerGroupCreate"]["customerGroup"]
    gone = make_user()
    id_of_gone = gid(gone)
    gone.delete()

    assert refusal(keeper(GROUP_CREATE, name="Wholesale")["customerGroupCreate"]) == ("NAME_TAKEN", "name")
    assert refusal(keeper(GROUP_CREATE, name=" ")["customerGroupCreate"]) == ("REQUIRED", "name")
    refused = keeper(MEMBERS_SET, id=group["id"], userIds=[id_of_gone])["customerGroupMembersSet"]
    assert refusal(refused) == ("NOT_FOUND", "userIds")
    assert CustomerGroup.objects.get().members.count() == 0


# ── What the database itself refuses ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "columns",
    [
        {"kind": "PERCENTAGE"},
        {"kind": "PERCENTAGE", "percent": Decimal("100.01")},
        {"kind": "FIXED", "currency": "EUR"},
        {"kind": "FIXED", "amount": Decimal(5)},
        {"kind": "FIXED", "amount": Decimal(0), "currency": "EUR"},
        {"kind": "BUY_X_GET_Y", "percent": Decimal(100), "buy_quantity": 1},
        {"kind": "GIFT"},
        {"kind": "FREE_SHIPPING", "usage_limit": 1, "times_used": 2},
        {"kind": "FREE_SHIPPING", "code": ""},
        {"kind": "FREE_SHIPPING", "starts_at": MOMENT, "ends_at": MOMENT},
    ],
)
def test_the_table_holds_no_promotion_that_cannot_be(columns):
    with pytest.raises(IntegrityError), transaction.atomic():
        Promotion.objects.create(name="Wrong", **columns)


def test_a_use_beyond_the_limit_cannot_be_written(keeper, guest, shipping):
    created(keeper, usageLimit=1)
    cart = cart_with(guest, (gid(make_variant()), 1))
    guest('mutation($c: ID!) { cartCouponApply(cartId: $c, code: "SAVE10") { userErrors { code } } }', c=cart["id"])
    assert checkout(guest, cart["id"])["userErrors"] == []

    with pytest.raises(IntegrityError), transaction.atomic():
        Promotion.objects.update(times_used=2)
