"""Totals add up, whatever the goods, the rules, the taxes and the currency; and exactly what each rule takes."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moneyed import Money

from catalog import money
from ordering import pricing
from ordering.pricing import Goods, Rate, Rule, RuleKind, Shipping, StepKind
from ordering.services import shipping

pytestmark = pytest.mark.embedded

CARTS = 100_000
CURRENCIES = ["JPY", "EUR", "KWD"]
CLASSES = ["standard", "reduced", "zero"]
PERCENTS = [Decimal(text) for text in ("0.01", "5", "10", "12.5", "33.33", "50", "99.99", "100")]
TAXES = [Decimal(text) for text in ("0", "2.6", "5.5", "7", "8.875", "19", "20", "25", "100")]


# ── Any cart at all ──────────────────────────────────────────────────────────────────────────────────────────────────
def random_cart(random):
    """The arguments of `totals`: few things or many, dear or nearly worthless, so that every cent is fought for."""
    currency = random.choice(CURRENCIES)
    most = random.choice([3, 100, 10_000, 10**9])

    def amount(least=0):
        return money.from_minor_units(random.randint(least, most), currency)

    goods = [
        Goods(
            unit_price=amount(),
            quantity=random.choice([1, 1, 2, 3, 7, 1000]),
            product=random.randrange(4),
            category=random.randrange(3),
            tax_class=random.choice(CLASSES),
        )
        for _ in range(random.choice([0, 1, 1, 2, 2, 3, 4, 6]))
    ]
    return {
        "goods": goods,
        "currency": currency,
        "shipping": Shipping("Standard", amount(), random.choice(CLASSES)) if random.random() < 0.6 else None,
        "rules": [random_rule(random, key, amount) for key in range(random.choice([0, 1, 1, 2, 3]))],
        "rates": {each: Rate("VAT", random.choice(TAXES)) for each in CLASSES if random.random() < 0.7},
        "prices_include_tax": random.random() < 0.5,
    }


def random_rule(random, key, amount):
    kind = random.choice(list(RuleKind))
    return Rule(
        key=key,
        label=f"Rule {key}",
        kind=kind,
        percent=random.choice(PERCENTS) if kind in (RuleKind.PERCENTAGE, RuleKind.BUY_X_GET_Y) else None,
        amount=amount(1) if kind is RuleKind.FIXED else None,
        buy=random.randint(1, 3),
        get=random.randint(1, 2),
        products=frozenset(random.sample(range(4), random.choice([0, 0, 1, 2]))),
        categories=frozenset(random.sample(range(3), random.choice([0, 0, 1]))),
        priority=random.choice([1, 100, 100]),
        is_exclusive=random.random() < 0.2,
    )


def priced(cart):
    return pricing.totals(cart["goods"], **{name: given for name, given in cart.items() if name != "goods"})


def check_sums(cart, totals):
    """Everything that must hold of any cart, counted in minor units, where nothing can be lost."""
    units = money.in_minor_units
    lines = totals.lines
    tax, included = units(totals.tax), units(totals.included_tax)
    subtotal, discount, shipping = units(totals.subtotal), units(totals.discount), units(totals.shipping)
    assert subtotal - discount + shipping + tax == units(totals.total) >= 0
    assert subtotal == sum(units(each.unit_price) * each.quantity for each in cart["goods"])
    assert [units(line.subtotal) for line in lines] == [
        units(each.unit_price) * each.quantity for each in cart["goods"]
    ]
    assert all(0 <= units(line.discount) <= units(line.subtotal) and units(line.tax) >= 0 for line in lines)
    assert 0 <= units(totals.shipping_discount) <= shipping
    assert sum(units(line.discount) for line in lines) + units(totals.shipping_discount) == discount
    assert sum(units(line.tax) for line in lines) + units(totals.shipping_tax) == tax + included
    assert (included if not cart["prices_include_tax"] else tax) == 0
    assert sum(units(step.amount) for step in totals.steps if step.kind is not StepKind.INCLUDED_TAX) == units(
        totals.total
    )
    assert sum(units(taken) for taken in totals.applied.values()) == discount
    assert all(units(taken) > 0 for taken in totals.applied.values())
    check_decimals(cart["currency"], totals)


def check_decimals(currency, totals):
    exponent = -money.exponent(currency)
    told = [totals.subtotal, totals.discount, totals.shipping, totals.shipping_discount, totals.shipping_tax]
    told += [totals.tax, totals.included_tax, totals.total, *totals.applied.values()]
    told += [amount for line in totals.lines for amount in (line.subtotal, line.discount, line.tax)]
    told += [step.amount for step in totals.steps]
    assert {(each.currency.code, each.amount.as_tuple().exponent) for each in told} == {(currency, exponent)}


def check_one_more_rule(cart, totals, rule):
    """A promotion more makes nothing dearer; where several taxes come on top, before tax."""
    more = priced({**cart, "rules": [*cart["rules"], rule]})
    if cart["prices_include_tax"] or is_taxed_alike(cart):
        assert more.total <= totals.total
    elif not any(each.is_exclusive for each in [*cart["rules"], rule]):
        assert more.total - more.tax <= totals.total - totals.tax


def is_taxed_alike(cart):
    taxed = [each.tax_class for each in cart["goods"]] + ([cart["shipping"].tax_class] if cart["shipping"] else [])
    return len({cart["rates"].get(each) for each in taxed}) <= 1


def check_another_order(cart, totals, random):
    shuffled = random.sample(cart["goods"], len(cart["goods"]))
    again = priced({**cart, "goods": shuffled})
    assert (again.total, again.steps, again.applied) == (totals.total, totals.steps, totals.applied)


def test_a_hundred_thousand_carts_add_up_to_the_cent():
    numbers = random.Random(20_261_121)

    for at in range(CARTS):
        cart = random_cart(numbers)
        totals = priced(cart)
        check_sums(cart, totals)
        if at % 5 == 0:
            check_one_more_rule(cart, totals, another_rule(numbers, cart))
            check_another_order(cart, totals, numbers)


def another_rule(random, cart):
    return random_rule(
        random, "more", lambda least=0: money.from_minor_units(random.choice([1, 7, 500]), cart["currency"])
    )


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_smallest_cart_that_would_not_add_up_is_looked_for(numbers):
    cart = random_cart(numbers)
    totals = priced(cart)

    check_sums(cart, totals)
    check_one_more_rule(cart, totals, another_rule(numbers, cart))
    check_another_order(cart, totals, numbers)


# ── One cart, to the cent ────────────────────────────────────────────────────────────────────────────────────────────
def eur(amount):
    return Money(amount, "EUR")


def goods(*prices, quantity=1, **of):
    return [Goods(eur(price), quantity, **of) for price in prices]


def percent(of, **options):
    return Rule(key="percent", label="Sale", kind=RuleKind.PERCENTAGE, percent=Decimal(of), **options)


def fixed(amount, **options):
    return Rule(key="fixed", label="Voucher", kind=RuleKind.FIXED, amount=eur(amount), **options)


def free_shipping(**options):
    return Rule(key="sent", label="Sent free", kind=RuleKind.FREE_SHIPPING, **options)


def buy(count, *, get, off=100, **options):
    return Rule(
        key="bundle",
        label="Bundle",
        kind=RuleKind.BUY_X_GET_Y,
        buy=count,
        get=get,
        percent=Decimal(off),
        **options,
    )


STANDARD = Shipping("Standard", eur("4.90"))
GERMANY = {"standard": Rate("VAT", Decimal(19)), "reduced": Rate("VAT", Decimal(7))}


def told(totals):
    return [(step.kind.value, step.label, step.reason, str(step.amount.amount), step.code) for step in totals.steps]


def off(totals):
    return [str(line.discount.amount) for line in totals.lines]


def test_nothing_costs_nothing():
    totals = pricing.totals([], currency="EUR")

    assert (totals.lines, totals.total, totals.discount) == ([], eur("0.00"), eur("0.00"))
    assert told(totals) == [("GOODS", "Goods", "0 items", "0.00", None)]


def test_an_ordinary_cart_and_its_receipt():
    things = [*goods("19.99", quantity=3), *goods("0.01")]

    totals = pricing.totals(
        things, currency="EUR", shipping=STANDARD, rules=[percent("10", code="SUMMER")], rates=GERMANY
    )

    assert totals.subtotal == eur("59.98")
    assert totals.discount == eur("6.00")
    assert totals.total == eur("58.88")
    assert told(totals) == [
        ("GOODS", "Goods", "4 items", "59.98", None),
        ("DISCOUNT", "Sale", "10 % off", "-6.00", "SUMMER"),
        ("SHIPPING", "Standard", "The method's price for this cart", "4.90", None),
        ("INCLUDED_TAX", "VAT", "19 % contained in 58.88 EUR", "9.40", None),
    ]


def test_the_cents_of_a_discount_go_to_the_largest_remainders():
    totals = pricing.totals(goods("1.00", "1.00", "2.00"), currency="EUR", rules=[fixed("1.50")])

    # 37.5 cents, 37.5 and 75: of two that have lost as much, the first gets the cent.
    assert off(totals) == ["0.38", "0.37", "0.75"]


def test_a_percentage_is_rounded_once_and_not_once_a_line():
    totals = pricing.totals(goods(*["0.05"] * 10), currency="EUR", rules=[percent("10")])

    assert totals.discount == eur("0.05")
    assert sorted(off(totals)) == ["0.00"] * 5 + ["0.01"] * 5


def test_a_fixed_amount_takes_no_more_than_there_is():
    totals = pricing.totals(goods("3.00", "4.00"), currency="EUR", shipping=STANDARD, rules=[fixed("50")])

    assert off(totals) == ["3.00", "4.00"]
    assert totals.total == eur("4.90"), "the shipping is not goods"


def test_a_rule_is_for_its_products_and_categories_only():
    things = [Goods(eur("10.00"), 1, product="mug", category="kitchen"), Goods(eur("10.00"), 1, product="pen")]

    by_product = pricing.totals(things, currency="EUR", rules=[percent("50", products=frozenset(["pen"]))])
    by_category = pricing.totals(things, currency="EUR", rules=[percent("50", categories=frozenset(["kitchen"]))])
    by_either = pricing.totals(
        things, currency="EUR", rules=[fixed("4", products=frozenset(["pen"]), categories=frozenset(["kitchen"]))]
    )
    by_neither = pricing.totals(things, currency="EUR", rules=[percent("50", products=frozenset(["cup"]))])

    assert off(by_product) == ["0.00", "5.00"]
    assert off(by_category) == ["5.00", "0.00"]
    assert off(by_either) == ["2.00", "2.00"]
    assert (off(by_neither), by_neither.applied) == (["0.00", "0.00"], {})


@pytest.mark.parametrize(
    ("quantity", "free"), [(1, "0.00"), (2, "0.00"), (3, "4.00"), (4, "4.00"), (5, "4.00"), (6, "8.00"), (9, "12.00")]
)
def test_of_every_three_things_one_is_free(quantity, free):
    totals = pricing.totals(goods("4.00", quantity=quantity), currency="EUR", rules=[buy(2, get=1)])

    assert totals.discount == eur(free)


def test_the_cheapest_are_free_and_a_second_may_be_half_price():
    things = goods("30.00", "10.00", "20.00")

    free = pricing.totals(things, currency="EUR", rules=[buy(2, get=1)])
    half = pricing.totals(things, currency="EUR", rules=[buy(1, get=1, off=50)])

    assert off(free) == ["0.00", "10.00", "0.00"]
    assert told(free)[1] == ("DISCOUNT", "Bundle", "Buy 2, get 1 free", "-10.00", None)
    assert off(half) == ["0.00", "5.00", "0.00"]
    assert told(half)[1] == ("DISCOUNT", "Bundle", "Buy 1, get 1 50 % off", "-5.00", None)


def test_what_one_bought_counts_before_what_one_gets():
    # Two rounds of 2 + 2 would need eight: six are one round, and two bought.
    totals = pricing.totals(goods("1.00", quantity=7), currency="EUR", rules=[buy(2, get=2)])

    assert totals.discount == eur("3.00")


def test_free_shipping_is_a_discount_and_its_tax_goes_too():
    totals = pricing.totals(
        goods("10.00"), currency="EUR", shipping=STANDARD, rules=[free_shipping(code="FREE")], rates=GERMANY
    )

    assert (totals.shipping, totals.shipping_discount, totals.discount) == (eur("4.90"), eur("4.90"), eur("4.90"))
    assert (totals.total, totals.shipping_tax, totals.included_tax) == (eur("10.00"), eur("0.00"), eur("1.60"))
    assert told(totals)[1] == ("DISCOUNT", "Sent free", "Free shipping", "-4.90", "FREE")


def test_free_shipping_where_shipping_is_free_anyway_is_not_used():
    totals = pricing.totals(
        goods("10.00"), currency="EUR", shipping=replace(STANDARD, price=eur("0.00")), rules=[free_shipping()]
    )

    assert totals.applied == {}
    assert told(totals)[1] == ("SHIPPING", "Standard", "Free", "0.00", None)


def test_rules_stack_by_priority_then_by_kind_then_as_they_were_made():
    things = goods("20.00", "10.00")
    rules = [fixed("5.00"), free_shipping(), percent("10"), buy(1, get=1)]

    by_kind = pricing.totals(things, currency="EUR", shipping=STANDARD, rules=rules)
    by_priority = pricing.totals(
        things, currency="EUR", shipping=STANDARD, rules=[percent("10"), replace(rules[0], priority=1)]
    )
    as_made = pricing.totals(things, currency="EUR", rules=[replace(percent("10"), key=key) for key in ("b", "a")])

    assert {key: str(taken.amount) for key, taken in by_kind.applied.items()} == {
        "bundle": "10.00",
        "percent": "2.00",
        "fixed": "5.00",
        "sent": "4.90",
    }
    assert [step.label for step in by_kind.steps] == ["Goods", "Bundle", "Sale", "Voucher", "Sent free", "Standard"]
    assert {key: str(taken.amount) for key, taken in by_priority.applied.items()} == {
        "fixed": "5.00",
        "percent": "2.50",
    }
    assert [(key, str(taken.amount)) for key, taken in as_made.applied.items()] == [("b", "3.00"), ("a", "2.70")]


def test_an_exclusive_rule_counts_alone_where_it_is_the_best_for_the_buyer():
    things = goods("100.00")
    half = percent("50", is_exclusive=True)

    alone = pricing.totals(things, currency="EUR", rules=[half, fixed("20")])
    not_alone = pricing.totals(things, currency="EUR", rules=[half, fixed("50.01")])
    as_good = pricing.totals(things, currency="EUR", rules=[half, fixed("50")])

    assert {key: str(taken.amount) for key, taken in alone.applied.items()} == {"percent": "50.00"}
    assert {key: str(taken.amount) for key, taken in not_alone.applied.items()} == {"fixed": "50.01"}
    assert set(as_good.applied) == {"fixed"}, "to combine is better than not to"


def test_of_two_rules_that_save_as_much_the_buyer_gets_the_one_that_saves_tax_as_well():
    things = [*goods("10.00", product="book", tax_class="zero"), *goods("10.00", product="lamp")]
    rules = [
        replace(percent("100", products=frozenset([name]), is_exclusive=True), key=name) for name in ("book", "lamp")
    ]

    totals = pricing.totals(things, currency="EUR", rules=rules, rates=GERMANY, prices_include_tax=False)

    assert set(totals.applied) == {"lamp"}
    assert totals.total == eur("10.00")


def test_tax_that_prices_include_is_told_and_not_added():
    things = [*goods("119.00"), *goods("10.70", tax_class="reduced"), *goods("5.00", tax_class="zero")]

    totals = pricing.totals(things, currency="EUR", shipping=STANDARD, rates=GERMANY)

    assert (totals.total, totals.tax, totals.included_tax) == (eur("139.60"), eur("0.00"), eur("20.48"))
    assert [str(line.tax.amount) for line in totals.lines] == ["19.00", "0.70", "0.00"]
    assert [line.rate for line in totals.lines] == [GERMANY["standard"], GERMANY["reduced"], None]
    assert (totals.shipping_tax, totals.shipping_rate) == (eur("0.78"), GERMANY["standard"])
    assert told(totals)[2:] == [
        ("INCLUDED_TAX", "VAT", "19 % contained in 123.90 EUR", "19.78", None),
        ("INCLUDED_TAX", "VAT", "7 % contained in 10.70 EUR", "0.70", None),
    ]


def test_tax_on_top_is_added_once_a_rate_after_the_discount():
    things = [*goods("100.00"), *goods("10.00", tax_class="reduced")]

    totals = pricing.totals(
        things, currency="EUR", shipping=STANDARD, rules=[percent("10")], rates=GERMANY, prices_include_tax=False
    )

    assert (totals.tax, totals.included_tax) == (eur("18.66"), eur("0.00"))
    assert totals.total == eur("122.56")
    assert told(totals)[3:] == [
        ("TAX", "VAT", "19 % on 94.90 EUR", "18.03", None),
        ("TAX", "VAT", "7 % on 9.00 EUR", "0.63", None),
    ]


def test_a_tax_is_rounded_once_and_its_cents_go_to_the_largest_remainders():
    totals = pricing.totals(
        goods("0.10", "0.10", "0.10"),
        currency="EUR",
        rates={"standard": Rate("Sales tax", Decimal("8.875"))},
        prices_include_tax=False,
    )

    assert totals.tax == eur("0.03")
    assert [str(line.tax.amount) for line in totals.lines] == ["0.01", "0.01", "0.01"]
    assert told(totals)[1] == ("TAX", "Sales tax", "8.875 % on 0.30 EUR", "0.03", None)


def test_two_classes_with_one_rate_are_one_line_of_the_receipt():
    things = [*goods("1.19"), *goods("1.19", tax_class="reduced")]

    totals = pricing.totals(things, currency="EUR", rates=dict.fromkeys(CLASSES, Rate("VAT", Decimal(19))))

    assert told(totals)[1:] == [("INCLUDED_TAX", "VAT", "19 % contained in 2.38 EUR", "0.38", None)]


@pytest.mark.parametrize(("currency", "price", "total"), [("JPY", "99", "89"), ("KWD", "0.999", "0.899")])
def test_a_currency_has_its_own_decimals(currency, price, total):
    totals = pricing.totals([Goods(Money(price, currency), 1)], currency=currency, rules=[percent("10")])

    assert str(totals.total.amount) == total


def test_currencies_are_never_mixed():
    dollars = Goods(Money(1, "USD"), 1)

    with pytest.raises(TypeError, match="USD is not counted in EUR"):
        pricing.totals([dollars], currency="EUR")
    with pytest.raises(TypeError, match="USD is not counted in EUR"):
        pricing.totals([], currency="EUR", shipping=Shipping("Standard", Money(1, "USD")))
    with pytest.raises(TypeError, match="USD is not counted in EUR"):
        pricing.totals(goods("1"), currency="EUR", rules=[replace(fixed("1"), amount=Money(1, "USD"))])


# ── What sending costs ───────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("free_above", "subtotal", "price"),
    [(None, "1000", "4.90"), ("100", "99.99", "4.90"), ("100", "100", "0"), ("100", "100.01", "0"), ("0", "0", "0")],
)
def test_shipping_is_free_from_a_subtotal_on(free_above, subtotal, price):
    threshold = None if free_above is None else eur(free_above)

    charged = shipping.shipping_price(eur("4.90"), free_above=threshold, subtotal=eur(subtotal))

    assert charged == eur(price)


TIERS = [
    shipping.Tier(0, eur("50.00"), eur("2.90")),
    shipping.Tier(5_000, eur("0.00"), eur("9.90")),
    shipping.Tier(5_000, eur("50.00"), eur("7.90")),
    shipping.Tier(20_000, eur("0.00"), eur("29.90")),
]


@pytest.mark.parametrize(
    ("weight", "subtotal", "price"),
    [
        (0, "49.99", "4.90"),
        (4_999, "50.00", "2.90"),
        (5_000, "49.99", "9.90"),
        (5_000, "50.00", "7.90"),
        (19_999, "1000.00", "7.90"),
        (20_000, "1000.00", "29.90"),
    ],
)
def test_of_the_tiers_a_cart_reaches_the_heaviest_counts_and_then_the_dearest(weight, subtotal, price):
    charged = shipping.shipping_price(
        eur("4.90"), free_above=None, subtotal=eur(subtotal), weight_grams=weight, tiers=TIERS
    )

    assert charged == eur(price)
