"""What the shop offers every cart is read once, and again after any change of it, whoever makes it and however."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog.models import Category
from ordering.models import Cart, CustomerGroup, Promotion, ShippingMethod, ShippingTier, ShippingZone, TaxRate
from ordering.services import quoting, terms
from tests.conftest import gid, make_variant
from tests.shopping import cart_with, order_of

TOTALS = "query($id: ID!) { cart(id: $id) { discountTotal { amount } shippingTotal { amount } } }"
TERMS = ("ordering_promotion", "ordering_shipping", "ordering_taxrate")
ADDRESSES = """mutation($id: ID!, $input: CartAddressesSetInput!) {
  cartAddressesSet(cartId: $id, input: $input) { cart { total { amount } } userErrors { code message } } }"""
RELATIONS = ["products", "categories", "customer_groups"]


def version():
    with connection.cursor() as cursor:
        cursor.execute("SELECT version FROM ordering_terms")
        return cursor.fetchone()[0]


def is_raised(change):
    before = version()
    change()
    return version() != before


@pytest.fixture
def everything(db):
    """A row of each table that terms are in."""
    zone = ShippingZone.objects.create(name="Europe", countries=["DE"])
    method = ShippingMethod.objects.create(name="Parcel", currency="EUR", price_amount=Decimal("4.90"), zone=zone)
    promotion = Promotion.objects.create(name="Sale", kind="PERCENTAGE", percent=Decimal(10))
    promotion.products.add(make_variant().product)
    promotion.categories.add(Category.objects.create(name="Room", slug="room"))
    promotion.customer_groups.add(CustomerGroup.objects.create(name="Wholesale"))
    tier = ShippingTier.objects.create(method=method, price_amount=Decimal("1.00"))
    rate = TaxRate.objects.create(country="DE", percent=Decimal(19))
    relations = [getattr(promotion, name).through.objects.get() for name in RELATIONS]
    return [zone, method, promotion, tier, rate, *relations]


def columns():
    models = [ShippingZone, ShippingMethod, Promotion, ShippingTier, TaxRate]
    models += [getattr(Promotion, name).through for name in RELATIONS]
    for at, model in enumerate(models):
        for field in model._meta.local_concrete_fields:
            if field.name != "times_used":
                yield pytest.param(at, field.name, id=f"{model.__name__}.{field.name}")


@pytest.mark.parametrize(("row", "column"), list(columns()))
def test_a_change_of_any_column_is_noticed(everything, row, column):
    changed = everything[row]
    manager = type(changed)._default_manager

    assert is_raised(lambda: manager.filter(pk=changed.pk).update(**{column: getattr(changed, column)}))


def test_a_row_that_comes_or_goes_is_noticed(everything):
    for row in reversed(everything):
        manager = type(row)._default_manager
        assert is_raised(lambda m=manager, r=row: m.filter(pk=r.pk).delete()), row
    for row in everything:
        manager = type(row)._default_manager
        assert is_raised(lambda m=manager, r=row: m.bulk_create([r])), row


def test_using_a_promotion_is_no_change_of_terms(guest, everything):
    variant = make_variant(price="20.00", stock=5)

    assert not is_raised(lambda: order_of(guest, (gid(variant), 1)))
    assert Promotion.objects.get().times_used == 0  # it is for another product
    Promotion.objects.get().products.clear()
    Promotion.objects.get().categories.clear()
    Promotion.objects.get().customer_groups.clear()
    assert not is_raised(lambda: order_of(guest, (gid(variant), 1)))
    assert Promotion.objects.get().times_used == 1


def test_a_cart_that_is_read_again_reads_no_terms_and_after_a_change_it_does(guest, shipping):
    cart = cart_with(guest, (gid(make_variant(price="20.00")), 1))

    def read():
        with CaptureQueriesContext(connection) as captured:
            found = guest(TOTALS, id=cart["id"])["cart"]
        tables = {name for name in TERMS for query in captured if f'FROM "{name}' in query["sql"]}
        return found["shippingTotal"]["amount"], tables

    read()
    assert read() == ("4.90", set())
    ShippingMethod.objects.update(price_amount=Decimal("5.90"))
    assert read() == ("5.90", {"ordering_promotion", "ordering_shipping"})
    assert read() == ("5.90", set())


def test_a_change_that_was_taken_back_leaves_nothing_behind(guest, shipping):
    cart = cart_with(guest, (gid(make_variant(price="20.00")), 1))

    def shown():
        return guest(TOTALS, id=cart["id"])["cart"]["shippingTotal"]["amount"]

    with transaction.atomic():
        ShippingMethod.objects.update(price_amount=Decimal("5.90"))
        assert shown() == "5.90"
        transaction.set_rollback(True)

    assert shown() == "4.90"
    ShippingMethod.objects.update(price_amount=Decimal("6.90"))
    assert shown() == "6.90"


def test_a_promotion_begins_and_ends_by_the_clock_though_nobody_changes_it(guest, shipping, monkeypatch):
    begins, ends = datetime(2030, 1, 2, tzinfo=UTC), datetime(2030, 1, 3, tzinfo=UTC)
    Promotion.objects.create(name="One day", kind="PERCENTAGE", percent=Decimal(10), starts_at=begins, ends_at=ends)
    cart = cart_with(guest, (gid(make_variant(price="20.00")), 1))
    discounts = []
    for now in (datetime(2030, 1, 1, 23, 59, 59, tzinfo=UTC), begins, datetime(2030, 1, 2, 23, 59, tzinfo=UTC), ends):
        monkeypatch.setattr("django.utils.timezone.now", lambda now=now: now)
        discounts.append(guest(TOTALS, id=cart["id"])["cart"]["discountTotal"]["amount"])

    assert discounts == ["0.00", "2.00", "2.00", "0.00"]


def test_each_cart_gets_a_shipping_price_of_its_own(guest, shipping):
    ShippingMethod.objects.update(free_above=Decimal("50.00"))
    variant = make_variant(price="20.00")
    small, large = (cart_with(guest, (gid(variant), count)) for count in (1, 3))

    found = [guest(TOTALS, id=cart["id"])["cart"]["shippingTotal"]["amount"] for cart in (small, large, small)]

    assert found == ["4.90", "0.00", "4.90"]


def test_a_promotion_that_is_stopped_while_somebody_checks_out_is_not_given_any_more(guest, shipping):
    promotion = Promotion.objects.create(name="Sale", kind="PERCENTAGE", percent=Decimal(100))
    cart_with(guest, (gid(make_variant(price="20.00")), 1))
    cart = Cart.objects.get()
    before = quoting.quote(cart)

    Promotion.objects.filter(pk=promotion.pk).update(is_active=False)
    with transaction.atomic():
        ordered = quoting.quote_to_order(cart, customer=None, email="buyer@example.com")

    assert (str(before.totals.total.amount), str(ordered.totals.total.amount)) == ("4.90", "24.90")
    assert ordered.before == before.totals.total


def test_nothing_that_buyers_write_makes_a_process_larger(guest, shipping):
    Promotion.objects.create(name="Sale", kind="PERCENTAGE", percent=Decimal(10)).products.add(make_variant().product)

    def kept_after(regions):
        for region in regions:
            cart = cart_with(guest, (gid(make_variant(price="20.00")), 1))
            address = {"fullName": "Ada", "line1": "1 High Street", "city": "Riga", "postalCode": "LV-1050"}
            sent = {"shippingAddress": address | {"country": "LV", "region": region}}
            assert guest(ADDRESSES, id=cart["id"], input=sent)["cartAddressesSet"]["userErrors"] == []
        with terms.as_they_are():
            return set(terms._asked.get().kept)

    first = kept_after(["", "One"])
    assert kept_after([f"Region {number}" for number in range(20)]) == first != set()
