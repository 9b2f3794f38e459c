"""Files that were bought: uploaded by those who keep the product, downloaded by the buyer, so often and so long."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from strawberry.relay.utils import from_base64, to_base64

from catalog.models import Vendor
from notifications.models import Event
from ordering import tasks
from ordering.models import DigitalFile, Download, Fulfillment, Order
from ordering.services import digital_files, downloading, fulfilling
from tests.conftest import Api, gid, make_user, make_variant
from tests.shopping import order_of
from workflows.models import ApprovalPolicy, ApprovalRequest
from workflows.services import approve

pytestmark = pytest.mark.django_db(transaction=True)

ADD = """mutation($variant: ID!, $file: Upload!, $name: String) {
  variantFileAdd(variantId: $variant, file: $file, name: $name) {
    file { id name size } userErrors { code field message } } }"""
REMOVE = "mutation($id: ID!) { variantFileRemove(id: $id) { file { name } userErrors { code field } } }"
FILES = "query($id: ID!) { variantFiles(variantId: $id) { edges { node { id name size } } totalCount } }"
DOWNLOADS = """query($id: ID!, $token: String) { order(id: $id, guestToken: $token) {
  status downloads { fileName size sku url downloadsLeft expiresAt }
  fulfillments { isDigital lines { quantity } } } }"""
LISTED = "{ orders { edges { node { downloads { fileName url } lines { sku } } } } }"
FULFIL = """mutation($id: ID!, $input: OrderFulfillInput) { orderFulfill(id: $id, input: $input) {
  fulfillment { isDigital lines { quantity } } order { status } userErrors { code field message } } }"""
RECEIVE = """mutation($id: ID!) {
  paymentReceive(orderId: $id, idempotencyKey: "1", input: { amount: "3.00" }) {
    order { status paymentStatus } } }"""
CANCEL = """mutation($id: ID!) { orderCancel(id: $id, reason: "No") { order { status } userErrors { code } } }"""
SONG = b"la la la, and so on"


@pytest.fixture(autouse=True)
def _private_files_of_their_own(settings, tmp_path):
    private = {**settings.STORAGES["private"], "OPTIONS": {"location": str(tmp_path / "private"), "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "private": private}


@pytest.fixture
def keeper(db):
    """Who keeps all products."""
    user = make_user("keeper@example.com")
    user.user_permissions.add(Permission.objects.get(codename="manage_products"))
    return user


@pytest.fixture
def song(shipping):
    return make_variant(is_digital=True, price="3.00")


@pytest.fixture
def buyer(customer):
    return Api(customer)


def upload(api, variant, content=SONG, called="song.mp3", **variables):
    form = {
        "operations": json.dumps({"query": ADD, "variables": {"variant": gid(variant), "file": None, **variables}}),
        "map": json.dumps({"0": ["variables.file"]}),
        "0": SimpleUploadedFile(called, content),
    }
    headers = {"Authorization": f"Bearer {api.token}"} if api.token else {}
    return api.http.post("/graphql", form, headers=headers).json()


def added(keeper, variant, content=SONG, called="song.mp3"):
    return digital_files.add(variant_id=variant.pk, file=SimpleUploadedFile(called, content), actor=keeper)


def stored():
    """What lies in the private storage."""
    try:
        return storages["private"].listdir("files")[1]
    except FileNotFoundError:
        return []


def shown(api, order):
    return api(DOWNLOADS, id=order["id"], token=order.get("guestToken"))["order"]


def path_of(api, order):
    (download,) = shown(api, order)["downloads"]
    return urlsplit(download["url"]).path


def got(path, method="get", **headers):
    response = getattr(Client(), method)(path, headers=headers)
    return response.status_code, b"".join(response.streaming_content) if response.streaming else response.content


# ── Uploading ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_keeper_adds_a_file_which_nobody_reads_by_its_address(keeper, song):
    payload = upload(Api(keeper), song)["data"]["variantFileAdd"]

    assert payload["userErrors"] == []
    file = DigitalFile.objects.get()
    assert payload["file"] == {"id": gid(file), "name": "song.mp3", "size": len(SONG)}
    with storages["private"].open(file.file) as kept:
        assert kept.read() == SONG
    assert Client().get(f"/media/{file.file}").status_code == 404
    event = Event.objects.get(type="product.file_added")
    assert (event.subject_id, event.actor) == (str(song.product_id), keeper)
    assert event.payload == {"sku": song.sku, "name": "song.mp3"}
    listed = Api(keeper)(FILES, id=gid(song))["variantFiles"]
    assert listed == {"edges": [{"node": payload["file"]}], "totalCount": 1}


def test_a_file_can_be_called_otherwise(keeper, song):
    payload = upload(Api(keeper), song, name=" Ein schönes Lied.mp3 ")["data"]["variantFileAdd"]

    assert payload["file"]["name"] == "Ein schönes Lied.mp3"


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "../song.mp3", "a/b", "a\\b", "a\nb", "..", "a\u202eb"])
def test_a_name_that_no_file_can_have_is_refused(keeper, song, name):
    payload = upload(Api(keeper), song, name=name)["data"]["variantFileAdd"]

    assert (payload["file"], payload["userErrors"][0]["code"]) == (None, "INVALID")
    assert (DigitalFile.objects.count(), stored(), Event.objects.count()) == (0, [], 0)


def test_an_empty_file_a_large_one_and_one_too_many_are_refused(keeper, song, monkeypatch):
    empty = upload(Api(keeper), song, b"")
    monkeypatch.setattr(digital_files, "MAX_BYTES", len(SONG) - 1)
    large = upload(Api(keeper), song)
    monkeypatch.setattr(digital_files, "MAX_BYTES", len(SONG))
    monkeypatch.setattr(digital_files, "MAX_FILES", 1)
    added(keeper, song)
    many = upload(Api(keeper), song)

    codes = [each["data"]["variantFileAdd"]["userErrors"][0]["code"] for each in (empty, large, many)]
    assert codes == ["FILE_INVALID"] * 3
    assert (DigitalFile.objects.count(), len(stored())) == (1, 1)


def test_a_product_that_is_sent_in_parcels_has_no_files(keeper, shipping):
    mug = make_variant()

    payload = upload(Api(keeper), mug)["data"]["variantFileAdd"]

    (error,) = payload["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["variantId"])
    assert error["message"] == "This product is sent in parcels. Make it a digital one with productUpdate first."
    assert (DigitalFile.objects.count(), stored()) == (0, [])


def test_a_seller_keeps_the_files_of_their_own_products_only(keeper, song):
    seller = make_user("seller@example.com")
    seller.user_permissions.add(Permission.objects.get(codename="sell"))
    own = Vendor.objects.create(name="Own", slug="own")
    own.members.add(seller)
    theirs = make_variant(is_digital=True, vendor=own)
    file = added(keeper, song)

    mine = upload(Api(seller), theirs)["data"]["variantFileAdd"]
    not_mine = upload(Api(seller), song)["data"]["variantFileAdd"]

    assert mine["userErrors"] == []
    assert [(error["code"], error["field"]) for error in not_mine["userErrors"]] == [("NOT_FOUND", ["variantId"])]
    assert Api(seller)(FILES, id=gid(song))["variantFiles"] == {"edges": [], "totalCount": 0}
    refused = Api(seller)(REMOVE, id=gid(file))["variantFileRemove"]
    assert refused == {"file": None, "userErrors": [{"code": "NOT_FOUND", "field": ["id"]}]}
    assert DigitalFile.objects.filter(variant=song).count() == 1


def test_strangers_neither_add_nor_list_nor_remove(keeper, song, customer):
    file = added(keeper, song)

    refused = upload(Api(customer), song)["data"]["variantFileAdd"]

    assert refused["userErrors"][0]["code"] == "NOT_FOUND"
    assert Api(customer)(FILES, id=gid(song))["variantFiles"]["totalCount"] == 0
    assert Api().code(FILES, id=gid(song)) == "UNAUTHENTICATED"
    assert Api().code(REMOVE, id=gid(file)) == "UNAUTHENTICATED"
    assert upload(Api(), song)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    unknown = to_base64("DigitalFile", "00000000-0000-4000-8000-000000000000")
    assert Api(keeper)(REMOVE, id=unknown)["variantFileRemove"]["userErrors"][0]["code"] == "NOT_FOUND"


# ── Delivered when paid ──────────────────────────────────────────────────────────────────────────────────────────────
def test_an_order_of_files_alone_has_arrived_when_it_is_paid(keeper, song, buyer):
    added(keeper, song)
    added(keeper, song, b"words", "words.txt")

    order = order_of(buyer, (gid(song), 2))

    seen = shown(buyer, order)
    assert seen["status"] == "DELIVERED"
    assert seen["fulfillments"] == [{"isDigital": True, "lines": [{"quantity": 2}]}]
    assert [(each["fileName"], each["size"], each["sku"], each["downloadsLeft"]) for each in seen["downloads"]] == [
        ("song.mp3", len(SONG), song.sku, 5),
        ("words.txt", 5, song.sku, 5),
    ]
    expires = Download.objects.first().expires_at
    assert timedelta(days=29, hours=23) < expires - timezone.now() <= timedelta(days=30)
    types = list(Event.objects.filter(type__startswith="order.").order_by("seq").values_list("type", flat=True))
    assert [each for each in types if each in ("order.paid", "order.downloads_ready", "order.delivered")] == [
        "order.paid",
        "order.downloads_ready",
        "order.delivered",
    ]


def test_the_buyer_is_told_by_one_mail_which_holds_no_key_to_the_files(keeper, song, buyer):
    added(keeper, song)

    order = order_of(buyer, (gid(song), 1))

    (message,) = [each for each in mail.outbox if "files" in each.subject]
    assert message.subject == f"The files of order {order['number']} are ready."
    assert message.to == ["buyer@example.com"]
    ((html, _),) = message.alternatives
    for text in (message.body, html):
        assert "song.mp3" in text
        assert "5 times within 30 days" in text
        assert "/downloads/" not in text
    assert not [each for each in mail.outbox if "delivered" in each.subject]


def test_what_travels_is_sent_later_and_without_the_files(keeper, song, buyer, staff):
    added(keeper, song)
    order = order_of(buyer, (gid(song), 1), (gid(make_variant()), 2))
    part = shown(buyer, order)

    payload = Api(staff)(FULFIL, id=order["id"])["orderFulfill"]

    assert (part["status"], len(part["downloads"])) == ("PARTIALLY_SHIPPED", 1)
    assert payload["userErrors"] == []
    assert payload["fulfillment"] == {"isDigital": False, "lines": [{"quantity": 2}]}
    assert payload["order"] == {"status": "SHIPPED"}


def test_being_told_twice_that_it_is_paid_delivers_once(keeper, song, buyer):
    added(keeper, song)
    order_of(buyer, (gid(song), 1))
    events = Event.objects.count()

    tasks.fulfill_digital(subject_id=Event.objects.get(type="order.paid").subject_id)
    tasks.fulfill_open_digital()

    assert (Fulfillment.objects.count(), Download.objects.count(), Event.objects.count()) == (1, 1, events)


def test_what_was_paid_before_its_file_came_is_delivered_when_it_comes(keeper, song, buyer):
    order = order_of(buyer, (gid(song), 1))
    waiting = shown(buyer, order)

    added(keeper, song)

    assert (waiting["status"], waiting["downloads"], waiting["fulfillments"]) == ("CONFIRMED", [], [])
    assert shown(buyer, order)["status"] == "DELIVERED"
    assert len(shown(buyer, order)["downloads"]) == 1


def test_what_was_paid_before_it_was_approved_is_delivered_with_the_approval(keeper, song, buyer, staff, approver):
    added(keeper, song)
    ApprovalPolicy.objects.update(threshold_amount=1)
    order = order_of(buyer, (gid(song), 1), payment={"gateway": "manual", "token": "bank_transfer"})
    paid = Api(staff)(RECEIVE, id=order["id"])["paymentReceive"]["order"]
    waiting = shown(buyer, order)

    approve(request_id=ApprovalRequest.objects.get().pk, actor=approver)

    assert paid == {"status": "AWAITING_APPROVAL", "paymentStatus": "PAID"}
    assert waiting["downloads"] == []
    assert (shown(buyer, order)["status"], len(shown(buyer, order)["downloads"])) == ("DELIVERED", 1)


def test_nothing_is_delivered_before_it_is_paid_or_while_it_is_held(keeper, song, buyer, staff):
    added(keeper, song)
    review = order_of(buyer, (gid(song), 1), payment={"token": "tok_review"})
    pk = from_base64(review["id"])[1]

    assert fulfilling.fulfill_digital(order_id=pk) is None
    assert shown(buyer, review)["downloads"] == []
    Api(staff)("mutation($id: ID!) { orderConfirm(id: $id) { userErrors { code } } }", id=review["id"])
    assert shown(buyer, review)["status"] == "DELIVERED"


def test_files_wait_for_the_cash_that_is_paid_at_the_door(keeper, song, buyer, staff):
    added(keeper, song)
    order = order_of(
        buyer,
        (gid(song), 1),
        (gid(make_variant()), 1),
        payment={"gateway": "manual", "token": "cash_on_delivery"},
    )
    desk = Api(staff)
    digital = [{"orderLineId": order["lines"][0]["id"], "quantity": 1}]

    by_name = desk(FULFIL, id=order["id"], input={"lines": digital})["orderFulfill"]
    parcel = desk(FULFIL, id=order["id"])["orderFulfill"]
    rest = desk(FULFIL, id=order["id"])["orderFulfill"]

    assert (parcel["order"], parcel["fulfillment"]["isDigital"]) == ({"status": "PARTIALLY_SHIPPED"}, False)
    for refused in (by_name, rest):
        assert refused["fulfillment"] is None
        assert [(each["code"], each["message"]) for each in refused["userErrors"]] == [
            ("ACTION_NOT_ALLOWED", "Its files are the buyer's once it is paid.")
        ]
    assert (shown(buyer, order)["downloads"], Fulfillment.objects.count(), Download.objects.count()) == ([], 1, 0)

    receive = """mutation($id: ID!, $amount: Decimal!) {
      paymentReceive(orderId: $id, idempotencyKey: "1", input: { amount: $amount }) { userErrors { code } } }"""
    assert desk(receive, id=order["id"], amount=order["total"]["amount"])["paymentReceive"] == {"userErrors": []}
    assert len(shown(buyer, order)["downloads"]) == 1
    assert shown(buyer, order)["status"] == "SHIPPED"


def test_an_order_that_was_held_is_delivered_on_its_release(keeper, song, buyer, staff):
    order = order_of(buyer, (gid(song), 1))  # it waits for its file
    hold = 'mutation($id: ID!) { orderHold(id: $id, reason: "Wait") { userErrors { code } } }'
    assert Api(staff)(hold, id=order["id"])["orderHold"] == {"userErrors": []}
    added(keeper, song)
    held = shown(buyer, order)

    Api(staff)("mutation($id: ID!) { orderRelease(id: $id) { userErrors { code } } }", id=order["id"])

    assert (held["status"], held["downloads"]) == ("ON_HOLD", [])
    assert shown(buyer, order)["status"] == "DELIVERED"


def test_staff_deliver_by_hand_what_has_no_file(song, buyer, staff):
    order = order_of(buyer, (gid(song), 1), (gid(make_variant()), 1))
    desk = Api(staff)
    digital, physical = ([{"orderLineId": line["id"], "quantity": 1}] for line in order["lines"])

    mixed = desk(FULFIL, id=order["id"], input={"lines": digital + physical})["orderFulfill"]
    carried = desk(FULFIL, id=order["id"], input={"lines": digital, "carrier": "DHL"})["orderFulfill"]
    by_hand = desk(FULFIL, id=order["id"], input={"lines": digital})["orderFulfill"]
    rest = desk(FULFIL, id=order["id"])["orderFulfill"]

    for refused in (mixed, carried):
        assert (refused["fulfillment"], refused["userErrors"][0]["code"]) == (None, "INVALID")
    assert by_hand["fulfillment"] == {"isDigital": True, "lines": [{"quantity": 1}]}
    assert by_hand["order"] == {"status": "PARTIALLY_SHIPPED"}
    assert rest["fulfillment"] == {"isDigital": False, "lines": [{"quantity": 1}]}
    assert rest["order"] == {"status": "SHIPPED"}


# ── Downloading ──────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def order(keeper, song, buyer):
    added(keeper, song, called="Größe & Lied.mp3")
    return order_of(buyer, (gid(song), 1))


def left():
    return Download.objects.get().downloads_left


def test_a_file_is_downloaded_whole_and_kept_by_no_cache(buyer, order):
    response = Client().get(path_of(buyer, order))

    assert (response.status_code, b"".join(response.streaming_content)) == (200, SONG)
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe%20%26%20Lied.mp3"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Length"] == str(len(SONG))
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert shown(buyer, order)["downloads"][0]["downloadsLeft"] == 4


def test_a_server_that_waits_for_no_answer_hands_out_the_same(buyer, order):
    path = path_of(buyer, order)

    async def fetched(**headers):
        response = await AsyncClient().get(path, headers=headers)
        return response.status_code, b"".join([piece async for piece in response.streaming_content])

    assert async_to_sync(fetched)() == (200, SONG)
    assert async_to_sync(fetched)(Range="bytes=4-9") == (206, SONG[4:10])
    assert left() == 4


def test_five_times_and_then_no_more(buyer, order):
    path = path_of(buyer, order)

    answers = [got(path) for _ in range(6)]

    assert [status for status, _ in answers] == [200] * 5 + [404]
    assert answers[-1][1] == b"This file was downloaded as often as it may be.\n"
    assert shown(buyer, order)["downloads"][0]["url"] is None
    assert left() == 0
    assert got(path, "head") == (404, b"")


def test_twenty_at_once_are_five(buyer, order):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one in at a time anyway.")
    path = path_of(buyer, order)

    def fetch(_):
        try:
            return got(path)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(pool.map(fetch, range(20)))

    assert statuses == [200] * 5 + [404] * 15
    assert left() == 0


def test_looking_counts_nothing(buyer, order):
    path = path_of(buyer, order)

    response = Client().head(path)

    assert (response.status_code, response["Content-Length"], response["Accept-Ranges"]) == (200, "19", "bytes")
    assert left() == 5


def test_a_broken_download_goes_on_without_being_counted_again(buyer, order):
    path = path_of(buyer, order)

    begun = got(path, Range="bytes=0-3")
    rest = Client().get(path, headers={"Range": "bytes=4-"})
    end = got(path, Range="bytes=-2")

    assert begun == (206, SONG[:4])
    assert (rest.status_code, b"".join(rest.streaming_content)) == (206, SONG[4:])
    assert (rest["Content-Range"], rest["Content-Length"]) == ("bytes 4-18/19", "15")
    assert end == (206, SONG[-2:])
    assert left() == 4


def test_going_on_holds_for_an_hour_and_without_a_beginning_it_counts(buyer, order):
    path = path_of(buyer, order)

    assert got(path, Range="bytes=4-") == (206, SONG[4:])
    assert left() == 4
    Download.objects.update(started_at=timezone.now() - timedelta(minutes=61))
    assert got(path, Range="bytes=4-")[0] == 206
    assert left() == 3


def test_a_part_behind_the_end_is_refused_and_counts_nothing(buyer, order):
    response = Client().get(path_of(buyer, order), headers={"Range": "bytes=19-"})

    assert (response.status_code, response["Content-Range"]) == (416, "bytes */19")
    assert left() == 5


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=5-2", "bytes=", f"bytes={'9' * 5000}-", "x"])
def test_a_part_nobody_understands_is_the_whole(buyer, order, asked):
    assert got(path_of(buyer, order), Range=asked) == (200, SONG)


def test_a_part_of_another_file_is_the_whole(buyer, order):
    path = path_of(buyer, order)
    etag = Client().head(path)["ETag"]

    assert got(path, Range="bytes=4-", **{"If-Range": '"another"'}) == (200, SONG)
    assert got(path, Range="bytes=4-", **{"If-Range": etag}) == (206, SONG[4:])


def test_a_link_is_worth_nothing_when_it_is_old_forged_or_for_something_else(buyer, order, monkeypatch):
    path = path_of(buyer, order)
    monkeypatch.setattr(downloading, "LINK_SECONDS", -1)
    assert got(path)[0] == 404
    monkeypatch.undo()

    token = path.rsplit("/", 1)[1]
    for forged in (token[:-1] + "x", "x", token.replace(token[:4], "0000", 1), "a:b:c", "%00"):
        assert got(f"/downloads/{forged}")[0] == 404
    assert got(f"/documents/{token}")[0] == 404
    assert left() == 5


def test_after_thirty_days_nothing_is_downloaded(buyer, order):
    path = path_of(buyer, order)
    Download.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert got(path)[0] == 404
    (download,) = shown(buyer, order)["downloads"]
    assert (download["url"], download["downloadsLeft"]) == (None, 5)
    assert left() == 5


def test_what_was_paid_back_as_a_whole_is_not_downloaded_and_what_was_in_part_is(buyer, order, staff):
    path = path_of(buyer, order)
    give_back = """mutation($id: ID!, $key: String!, $input: RefundCreateInput!) {
      refundCreate(orderId: $id, idempotencyKey: $key, input: $input) { userErrors { code } } }"""

    in_part = Api(staff)(give_back, id=order["id"], key="1", input={"amount": "1.00", "reason": "Sorry"})
    assert in_part["refundCreate"] == {"userErrors": []}
    assert got(path) == (200, SONG)
    Api(staff)(give_back, id=order["id"], key="2", input={"reason": "Sorry"})

    assert Order.objects.get().payment_status == "REFUNDED"
    assert got(path)[0] == 404
    assert shown(buyer, order)["downloads"][0]["url"] is None
    assert left() == 4


def test_a_file_that_the_storage_lost_counts_nothing(buyer, order):
    storages["private"].delete(DigitalFile.objects.get().file)

    assert got(path_of(buyer, order))[0] == 404
    assert left() == 5


def test_only_the_buyer_gets_a_link(keeper, song, guest, buyer, order, staff):
    theirs = order_of(guest, (gid(song), 1))

    assert shown(guest, theirs)["downloads"][0]["url"]
    for seen in (shown(Api(staff), order), shown(Api(staff), theirs)):
        assert (seen["downloads"][0]["url"], seen["downloads"][0]["downloadsLeft"]) == (None, 5)
    assert buyer.code(DOWNLOADS, id=theirs["id"]) == "NOT_FOUND"


def test_a_file_that_was_removed_stays_for_those_who_bought_it_until_nobody_may_have_it(keeper, song, buyer, order):
    path = path_of(buyer, order)
    file = DigitalFile.objects.get()

    removed = Api(keeper)(REMOVE, id=gid(file))["variantFileRemove"]
    again = Api(keeper)(REMOVE, id=gid(file))["variantFileRemove"]

    assert removed == {"file": {"name": "Größe & Lied.mp3"}, "userErrors": []}
    assert again["userErrors"][0]["code"] == "NOT_FOUND"
    assert shown(buyer, order_of(buyer, (gid(song), 1)))["downloads"] == []
    tasks.purge_digital_files()
    assert got(path) == (200, SONG)
    Download.objects.update(expires_at=timezone.now())
    assert tasks.purge_digital_files() == 1
    assert (DigitalFile.objects.count(), Download.objects.count(), stored()) == (0, 0, [])


def test_a_variant_that_is_deleted_leaves_its_buyers_their_files(song, buyer, order):
    path = path_of(buyer, order)

    song.delete()

    assert got(path) == (200, SONG)


def test_downloads_in_a_list_cost_the_same_for_one_order_and_for_three(
    keeper, song, buyer, order, django_assert_num_queries
):
    with CaptureQueriesContext(connection) as one:
        buyer(LISTED)
    statements = len(one)
    other = make_variant(is_digital=True, price="1.00")
    added(keeper, other)
    for _ in range(2):
        order_of(buyer, (gid(song), 1), (gid(other), 1))

    with django_assert_num_queries(statements):
        orders = buyer(LISTED)["orders"]["edges"]

    assert [len(edge["node"]["downloads"]) for edge in orders] == [2, 2, 1]
    assert all(download["url"] for edge in orders for download in edge["node"]["downloads"])
    assert Order.objects.filter(total_amount=Decimal("4.00")).count() == 2
