"""Stock: moved by people and by orders, exact, with a line for every movement, and told once when it runs low."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.permissions import Role
from catalog.errors import CatalogError, OutOfStock
from catalog.models import MAX_STOCK, MovementReason, ProductStatus, StockLevel, StockMovement, Vendor
from catalog.services import stock
from notifications.models import Event, Notification
from tests.conftest import Api, gid, make_product, make_user, make_variant

pytestmark = pytest.mark.django_db

ERRORS = "userErrors { code message field retryable }"
ADJUST = f"""
mutation($id: ID!, $delta: Int!, $reason: StockAdjustmentReason! = RECEIVED, $note: String! = "") {{
  variantStockAdjust(id: $id, delta: $delta, reason: $reason, note: $note) {{
    variant {{ quantityAvailable stock {{ onHand reserved available lowBelow isLow }} }} {ERRORS}
  }}
}}
"""
SET = f"""
mutation($id: ID!, $quantity: Int!, $reason: StockAdjustmentReason! = COUNTED, $note: String! = "") {{
  variantStockSet(id: $id, quantity: $quantity, reason: $reason, note: $note) {{
    variant {{ stock {{ onHand }} }} {ERRORS}
  }}
}}
"""
THRESHOLD = f"""
mutation($id: ID!, $lowBelow: Int) {{
  variantStockThresholdSet(id: $id, lowBelow: $lowBelow) {{
    variant {{ stock {{ lowBelow isLow }} }} {ERRORS}
  }}
}}
"""
PRODUCTS = """
{ products { edges { node { variants {
  sku quantityAvailable stock { onHand reserved available lowBelow isLow }
} } } } }
"""
MOVEMENTS = """
query($id: ID!) {
  product(id: $id) { variants { stockMovements(first: 10) {
    totalCount edges { node { reason note before after delta movedBy { email } } }
  } } }
}
"""
LOW = "{ lowStockVariants { totalCount edges { node { sku stock { available lowBelow } } } } }"


@pytest.fixture
def vendor(db):
    return Vendor.objects.create(name="Maker", slug="maker")


@pytest.fixture
def seller(vendor):
    user = make_user("seller@example.com", roles=(Role.SELLER,))
    vendor.members.add(user)
    return user


@pytest.fixture
def keeper(db):
    return make_user("keeper@example.com", roles=(Role.SUPPLY_CHAIN,))


@pytest.fixture
def variant(vendor):
    return make_variant(stock=10, vendor=vendor)


def on_hand(variant):
    return StockLevel.objects.get(pk=variant.pk).on_hand


def movements(variant):
    rows = StockMovement.objects.filter(variant=variant).order_by("pk")
    return list(rows.values_list("reason", "before", "after", "actor__email", "note"))


def adjust(person, variant, delta, **more):
    return Api(person)(ADJUST, id=gid(variant), delta=delta, **more)["variantStockAdjust"]


def counted(person, variant, quantity, **more):
    return Api(person)(SET, id=gid(variant), quantity=quantity, **more)["variantStockSet"]


def low_below(person, variant, least):
    return Api(person)(THRESHOLD, id=gid(variant), lowBelow=least)["variantStockThresholdSet"]


def refusal(payload):
    assert payload["variant"] is None
    (error,) = payload["userErrors"]
    return error["code"], error["field"], error["message"]


def events():
    return list(Event.objects.filter(type="stock.low").order_by("occurred_at").values_list("payload", flat=True))


# ── Moving it ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_seller_receives_and_removes(seller, variant):
    payload = adjust(seller, variant, 5, note=" from the harbour ")
    adjust(seller, variant, -3, reason="DAMAGED")

    assert payload == {
        "variant": {
            "quantityAvailable": 15,
            "stock": {"onHand": 15, "reserved": 0, "available": 15, "lowBelow": None, "isLow": False},
        },
        "userErrors": [],
    }
    assert on_hand(variant) == 12
    assert movements(variant) == [
        ("RECEIVED", 10, 15, "seller@example.com", "from the harbour"),
        ("DAMAGED", 15, 12, "seller@example.com", ""),
    ]


def test_who_keeps_all_stock_counts_anybodys(keeper, variant):
    assert counted(keeper, variant, 4, note="inventory") == {"variant": {"stock": {"onHand": 4}}, "userErrors": []}

    assert movements(variant) == [("COUNTED", 10, 4, "keeper@example.com", "inventory")]


def test_who_keeps_all_products_moves_anybodys(variant):
    merchandiser = make_user(roles=(Role.MERCHANDISER,))

    assert adjust(merchandiser, variant, 1)["variant"]["stock"]["onHand"] == 11


def test_a_count_that_finds_what_was_known_moves_nothing(keeper, variant):
    assert counted(keeper, variant, 10)["userErrors"] == []

    assert movements(variant) == []


def test_a_variant_that_was_never_counted_begins_at_nothing(keeper, variant):
    variant.stock.delete()

    assert adjust(keeper, variant, 3)["variant"]["stock"]["onHand"] == 3

    assert movements(variant) == [("RECEIVED", 0, 3, "keeper@example.com", "")]


@pytest.mark.parametrize("change", [adjust, counted, low_below])
def test_only_who_keeps_a_product_moves_its_stock(change, vendor, customer, variant):
    elsewhere = make_user(roles=(Role.SELLER,))
    Vendor.objects.create(name="Other", slug="other").members.add(elsewhere)
    member_only = make_user()
    vendor.members.add(member_only)

    for person in (customer, elsewhere, member_only, make_user(roles=(Role.RND_MANAGER,))):
        payload = change(person, variant, 5)
        assert refusal(payload) == ("NOT_FOUND", ["id"], "There is no such variant, or you may not change it.")

    gone = type(variant)(pk=variant.pk + 1000)
    assert refusal(change(make_user(roles=(Role.SUPPLY_CHAIN,)), gone, 5))[0] == "NOT_FOUND"
    assert on_hand(variant) == 10
    assert movements(variant) == []


def test_nobody_moves_stock_without_signing_in(guest, variant):
    for query, given in ((ADJUST, {"delta": 1}), (SET, {"quantity": 1}), (THRESHOLD, {"lowBelow": 1})):
        assert guest.code(query, id=gid(variant), **given) == "UNAUTHENTICATED"

    assert on_hand(variant) == 10


@pytest.mark.parametrize("reason", ["SOLD", "CANCELLED", "IMPORTED", "BORED"])
def test_what_the_shop_says_itself_nobody_else_says(keeper, variant, reason):
    assert Api(keeper).code(ADJUST, id=gid(variant), delta=1, reason=reason) == "BAD_USER_INPUT"

    assert movements(variant) == []


def test_what_is_reserved_stays(keeper, variant):
    StockLevel.objects.filter(pk=variant.pk).update(reserved=4)
    said = "10 are on hand, of which 4 are reserved: at most 6 can go."

    assert refusal(adjust(keeper, variant, -7, reason="LOST")) == ("OUT_OF_STOCK", ["delta"], said)
    assert refusal(counted(keeper, variant, 3)) == ("OUT_OF_STOCK", ["quantity"], said)
    assert movements(variant) == []
    shown = adjust(keeper, variant, -6, reason="LOST")["variant"]

    assert shown["quantityAvailable"] == 0
    assert shown["stock"] == {"onHand": 4, "reserved": 4, "available": 0, "lowBelow": None, "isLow": False}


@pytest.mark.parametrize(
    ("delta", "code"),
    [
        (0, "INVALID"),
        (-11, "OUT_OF_STOCK"),
        (-(10**9), "OUT_OF_STOCK"),
        (-(2**31), "OUT_OF_STOCK"),
        (MAX_STOCK - 9, "INVALID"),
        (MAX_STOCK, "INVALID"),
    ],
)
def test_a_difference_out_of_bounds_is_refused(keeper, variant, delta, code):
    found = refusal(adjust(keeper, variant, delta))

    assert found[:2] == (code, ["delta"])
    assert on_hand(variant) == 10
    assert movements(variant) == []
    assert not Event.objects.filter(type__startswith="stock").exists()


def test_as_much_as_can_be_counted_fits(keeper, variant):
    assert adjust(keeper, variant, MAX_STOCK - 10)["userErrors"] == []
    assert on_hand(variant) == MAX_STOCK

    stock.put_back(quantities={variant.pk: 1})
    assert on_hand(variant) == MAX_STOCK


@pytest.mark.parametrize("quantity", [-1, -(10**9)])
def test_nothing_is_counted_below_zero(keeper, variant, quantity):
    assert refusal(counted(keeper, variant, quantity))[:2] == ("OUT_OF_STOCK", ["quantity"])

    assert on_hand(variant) == 10


@pytest.mark.parametrize("delta", [10**10, 1.5, "many", None])
def test_what_is_no_number_of_pieces_is_bad_input(keeper, variant, delta):
    assert Api(keeper).code(ADJUST, id=gid(variant), delta=delta) == "BAD_USER_INPUT"


@pytest.mark.parametrize("note", ["x" * 201, "a\0b", "two\nlines"])
def test_a_note_is_one_line(keeper, variant, note):
    for payload in (adjust(keeper, variant, 1, note=note), counted(keeper, variant, 1, note=note)):
        assert refusal(payload)[:2] == ("INVALID", ["note"])

    assert movements(variant) == []


def test_an_id_of_something_else_is_bad_input(keeper, variant):
    assert Api(keeper).code(ADJUST, id=gid(variant.product), delta=1) == "BAD_USER_INPUT"


# ── By orders and files ──────────────────────────────────────────────────────────────────────────────────────────────
def test_orders_leave_movements_too(variant):
    stock.take(quantities={variant.pk: 4})
    stock.put_back(quantities={variant.pk: 1})

    assert movements(variant) == [("SOLD", 10, 6, None, ""), ("CANCELLED", 6, 7, None, "")]


def test_what_is_reserved_is_not_sold(variant):
    StockLevel.objects.filter(pk=variant.pk).update(reserved=4)

    with pytest.raises(OutOfStock) as refused:
        stock.take(quantities={variant.pk: 7})

    assert refused.value.left == 6
    assert on_hand(variant) == 10
    assert movements(variant) == []


def test_a_promise_takes_from_what_is_available_and_not_from_the_shelf(variant):
    stock.reserve(quantities={variant.pk: 4})
    with pytest.raises(OutOfStock) as refused:
        stock.reserve(quantities={variant.pk: 7})

    level = StockLevel.objects.get(pk=variant.pk)
    assert (refused.value.left, level.on_hand, level.reserved) == (6, 10, 4)
    assert movements(variant) == []


def test_of_several_promises_all_are_given_or_none(variant):
    scarce = make_variant(stock=1)

    with pytest.raises(OutOfStock):
        stock.reserve(quantities={variant.pk: 1, scarce.pk: 2})

    assert not StockLevel.objects.filter(reserved__gt=0).exists()


def test_who_was_promised_some_takes_these_first(variant):
    stock.reserve(quantities={variant.pk: 8})

    stock.take(quantities={variant.pk: 5}, promised={variant.pk: 3})

    level = StockLevel.objects.get(pk=variant.pk)
    assert (level.on_hand, level.reserved) == (5, 5)
    with pytest.raises(OutOfStock) as refused:
        stock.take(quantities={variant.pk: 4}, promised={variant.pk: 3})
    assert refused.value.left == 3
    assert movements(variant) == [("SOLD", 10, 5, None, "")]


def test_a_promise_that_is_taken_back_is_available_again_and_never_more_than_it_was(variant):
    stock.reserve(quantities={variant.pk: 4})

    stock.release(quantities={variant.pk: 3})
    stock.release(quantities={variant.pk: 3})

    level = StockLevel.objects.get(pk=variant.pk)
    assert (level.on_hand, level.reserved) == (10, 0)


def test_an_import_leaves_movements_and_none_where_nothing_changed(variant):
    other = make_variant(stock=3)

    stock.set_imported(quantities={variant.pk: 25, other.pk: 3})
    stock.set_imported(quantities={variant.pk: 25, other.pk: 3})

    assert movements(variant) == [("IMPORTED", 10, 25, None, "")]
    assert movements(other) == []


def test_an_import_begins_to_count(variant):
    other = make_variant(stock=3)
    StockLevel.objects.all().delete()

    stock.begin_imported(quantities={variant.pk: 25, other.pk: 0})

    assert (on_hand(variant), on_hand(other)) == (25, 0)
    assert movements(variant) == [("IMPORTED", 0, 25, None, "")]
    assert movements(other) == []


def test_an_import_leaves_what_is_reserved(variant):
    StockLevel.objects.filter(pk=variant.pk).update(reserved=4)

    with pytest.raises(CatalogError) as refused:
        stock.set_imported(quantities={variant.pk: 3})

    assert refused.value.code == "OUT_OF_STOCK"
    assert on_hand(variant) == 10


@pytest.mark.parametrize("count", [1, 8])
def test_a_checkout_costs_one_statement_for_its_movements_however_many(django_assert_num_queries, count):
    variants = list(make_product(variants=count, stock=10).variants.all())

    # Savepoint; lock, write, movements; release.
    with django_assert_num_queries(5):
        stock.take(quantities={variant.pk: 1 for variant in variants})
    with django_assert_num_queries(5):
        stock.put_back(quantities={variant.pk: 1 for variant in variants[1:] or variants})

    assert StockMovement.objects.count() == count + max(count - 1, 1)


# ── Running low ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_running_low_is_told_once_until_there_are_enough_again(seller, variant):
    low_below(seller, variant, 5)
    told = []

    for delta in (-5, -1, -1, 1, 1, -1, 10):
        adjust(seller, variant, delta, reason="CORRECTED")
        told.append(len(events()))

    # 5 are not below 5; 4 are; 3, 4 were told; 5 are enough; 4 are low again.
    assert told == [0, 1, 1, 1, 1, 2, 2]
    name = f"{variant.product.name} (Variant 0)"
    assert events()[0] == {"name": name, "sku": variant.sku, "available": 4, "low_below": 5}
    assert not StockLevel.objects.get(pk=variant.pk).is_low


def sale(person, variant):
    stock.take(quantities={variant.pk: 8})


def loss(person, variant):
    adjust(person, variant, -8, reason="LOST")


def count(person, variant):
    counted(person, variant, 2)


def file(person, variant):
    stock.set_imported(quantities={variant.pk: 2})


@pytest.mark.parametrize("move", [sale, loss, count, file])
def test_whatever_makes_it_low_is_told(seller, variant, move, django_capture_on_commit_callbacks):
    low_below(seller, variant, 3)

    with django_capture_on_commit_callbacks(execute=True):
        move(seller, variant)

    event = Event.objects.get(type="stock.low")
    assert (event.subject, event.payload["available"]) == (variant, 2)
    assert StockLevel.objects.get(pk=variant.pk).is_low
    inbox = Api(seller)("{ notifications { edges { node { type title body subject { id } } } } }")["notifications"]
    name = f"{variant.product.name} (Variant 0)"
    assert [edge["node"] for edge in inbox["edges"] if edge["node"]["type"] == "stock.low"] == [
        {
            "type": "stock.low",
            "title": f"{name} is running low.",
            "body": f"2 of {name} (SKU {variant.sku}) can still be sold. You asked to be told below 3.",
            "subject": {"id": gid(variant)},
        }
    ]
    assert set(Notification.objects.filter(event=event).values_list("user", flat=True)) == {seller.pk}


def test_what_is_reserved_counts_as_gone(keeper, variant):
    StockLevel.objects.filter(pk=variant.pk).update(reserved=6, low_below=4)

    adjust(keeper, variant, -1, reason="LOST")

    assert [event["available"] for event in events()] == [3]


def test_a_threshold_above_what_there_is_marks_it_low_without_news(seller, variant):
    assert low_below(seller, variant, 11) == {"variant": {"stock": {"lowBelow": 11, "isLow": True}}, "userErrors": []}
    adjust(seller, variant, -1, reason="LOST")
    assert low_below(seller, variant, None)["variant"]["stock"] == {"lowBelow": None, "isLow": False}

    assert events() == []


@pytest.mark.parametrize("least", [0, -1, -(2**31)])
def test_a_threshold_is_at_least_one(seller, variant, least):
    assert refusal(low_below(seller, variant, least))[:2] == ("INVALID", ["lowBelow"])

    assert StockLevel.objects.get(pk=variant.pk).low_below is None


def test_several_that_run_low_at_once_are_each_told(vendor, seller):
    other = Vendor.objects.create(name="Other", slug="other")
    mine, theirs = make_variant(stock=5, vendor=vendor), make_variant(stock=5, vendor=other)
    StockLevel.objects.update(low_below=5)

    stock.take(quantities={theirs.pk: 1, mine.pk: 1})

    told = {event.subject_id: event.audience["users"] for event in Event.objects.filter(type="stock.low")}
    assert told == {str(mine.pk): [str(seller.pk)], str(theirs.pk): []}


def test_the_list_of_what_is_low(keeper, vendor, guest, customer, seller):
    variants = [make_variant(stock=n, vendor=vendor) for n in (1, 2, 9)]
    retired = make_variant(stock=1, vendor=vendor)
    for variant in (*variants, retired):
        stock.set_threshold(actor=keeper, variant_id=variant.pk, low_below=3)
    type(retired).objects.filter(pk=retired.pk).update(is_active=False)

    found = Api(keeper)(LOW)["lowStockVariants"]

    assert found == {
        "totalCount": 2,
        "edges": [
            {"node": {"sku": variants[0].sku, "stock": {"available": 1, "lowBelow": 3}}},
            {"node": {"sku": variants[1].sku, "stock": {"available": 2, "lowBelow": 3}}},
        ],
    }
    assert guest.code(LOW) == "UNAUTHENTICATED"
    assert [Api(person).code(LOW) for person in (customer, seller)] == ["FORBIDDEN", "FORBIDDEN"]


# ── Seeing it ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_stock_is_seen_by_those_who_keep_it(vendor, seller, keeper, customer, guest, variant):
    elsewhere = make_user(roles=(Role.SELLER,))
    whole = {"onHand": 10, "reserved": 0, "available": 10, "lowBelow": None, "isLow": False}

    def seen(api):
        ((shown,),) = (edge["node"]["variants"] for edge in api(PRODUCTS)["products"]["edges"])
        assert shown["quantityAvailable"] == 10
        return shown["stock"]

    managing = [seller, keeper, *(make_user(roles=(role,)) for role in (Role.MERCHANDISER, Role.RND_MANAGER))]
    assert [seen(Api(person)) for person in managing] == [whole] * 4
    assert [seen(api) for api in (guest, Api(customer), Api(elsewhere))] == [None] * 3


def test_movements_are_seen_by_those_who_keep_it_newest_first(seller, keeper, customer, guest, variant):
    adjust(seller, variant, 2, note="two")
    adjust(keeper, variant, -1, reason="LOST")
    stock.take(quantities={variant.pk: 1})

    def seen(api):
        return api(MOVEMENTS, id=gid(variant.product))["product"]["variants"][0]["stockMovements"]

    assert [seen(guest), seen(Api(customer))] == [None, None]
    found = seen(Api(keeper))
    sold = {"reason": "SOLD", "note": "", "before": 11, "after": 10, "delta": -1, "movedBy": None}
    lost = {"reason": "LOST", "note": "", "before": 12, "after": 11, "delta": -1}
    received = {"reason": "RECEIVED", "note": "two", "before": 10, "after": 12, "delta": 2}
    by_seller, by_keeper = ({"movedBy": {"email": person.email}} for person in (seller, keeper))
    assert found["totalCount"] == 3
    assert [edge["node"] for edge in found["edges"]] == [sold, lost | by_keeper, received | by_seller]
    # A seller does not learn who of the staff it was.
    nobody = {"movedBy": None}
    assert [edge["node"] for edge in seen(Api(seller))["edges"]] == [sold, lost | nobody, received | by_seller]


def test_seeing_stock_costs_the_same_for_one_variant_and_for_many(vendor, seller, guest):
    make_product(vendor=vendor)

    def statements(api):
        api(PRODUCTS)
        with CaptureQueriesContext(connection) as captured:
            api(PRODUCTS)
        return len(captured)

    without = PRODUCTS.replace("stock { onHand reserved available lowBelow isLow }", "")
    with CaptureQueriesContext(connection) as plain:
        guest(without)
    few = [statements(guest), statements(Api(seller))]
    for _ in range(3):
        make_product(vendor=vendor, variants=4)

    assert [statements(guest), statements(Api(seller))] == few
    assert few[0] == len(plain)


def test_the_list_of_what_is_low_costs_the_same_for_one_and_for_many(keeper, django_assert_num_queries):
    api = Api(keeper)
    make_variant(stock=1)
    StockLevel.objects.update(is_low=True, low_below=2)
    api(LOW)
    with CaptureQueriesContext(connection) as one:
        api(LOW)
    make_product(variants=9, stock=1)
    StockLevel.objects.update(is_low=True, low_below=2)

    with django_assert_num_queries(len(one)):
        assert api(LOW)["lowStockVariants"]["totalCount"] == 10


def test_a_hidden_products_stock_is_kept_all_the_same(seller, vendor):
    draft = make_variant(stock=1, vendor=vendor, status=ProductStatus.DRAFT)

    assert adjust(seller, draft, 1)["variant"]["stock"]["onHand"] == 2


# ── At once ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def in_threads(count, work):
    """What `work(number)` gives in so many threads at once, each with a connection of its own."""

    def one(number):
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no locks of rows.")
def test_twenty_changes_at_once_sum_exactly_and_leave_no_gap():
    vendor = Vendor.objects.create(name="Maker", slug="maker")
    keeper = make_user(roles=(Role.SUPPLY_CHAIN,))
    variant = make_variant(stock=100, vendor=vendor)
    stock.set_threshold(actor=keeper, variant_id=variant.pk, low_below=100)

    def change(number):
        if number % 4 == 0:
            return stock.take(quantities={variant.pk: 3})
        if number % 4 == 1:
            return stock.put_back(quantities={variant.pk: 2})
        delta = -number if number % 4 == 2 else number
        return stock.adjust(actor=keeper, variant_id=variant.pk, delta=delta, reason=stock.AdjustmentReason.CORRECTED)

    in_threads(20, change)

    expected = 100 + 5 * (2 - 3) + sum(n if n % 4 == 3 else -n for n in range(20) if n % 4 > 1)
    assert on_hand(variant) == expected
    chain = list(StockMovement.objects.filter(variant=variant).order_by("pk").values_list("before", "after"))
    assert len(chain) == 20
    assert [before for before, _ in chain] == [100, *(after for _, after in chain[:-1])]
    assert chain[-1][1] == expected
    crossings = sum(before >= 100 > after for before, after in chain)
    seqs = list(Event.objects.filter(type="stock.low").order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, crossings + 1))


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no locks of rows.")
def test_more_is_never_removed_than_there_is_however_many_try():
    keeper = make_user(roles=(Role.SUPPLY_CHAIN,))
    variant = make_variant(stock=10)

    def remove(_):
        try:
            stock.adjust(actor=keeper, variant_id=variant.pk, delta=-1, reason=stock.AdjustmentReason.LOST)
        except CatalogError as refused:
            return refused.code
        return "done"

    answers = in_threads(20, remove)

    assert sorted(answers) == ["OUT_OF_STOCK"] * 10 + ["done"] * 10
    assert on_hand(variant) == 0
    assert StockMovement.objects.filter(reason=MovementReason.LOST).count() == 10
