"""What a cart or an order costs, and why. Pure: goods, rules and rates in, totals out; no database, no clock.

Everything is counted in whole minor units (cents), so nothing is ever lost: what promotions take is rounded once and
taken off the lines by the largest remainder, a tax is computed once a rate and spread the same way.

Promotions are taken off in this order: by `priority`, smaller first; then buy X get Y, percentages, fixed amounts, free
shipping; then as they were made. Each is computed on what those before it have left. One that is exclusive is never
combined: of all that combine, and each exclusive one alone, the buyer gets what costs least, tax and all.

One promotion more never makes a cart dearer. (Where taxes of several rates come on top, that is so before tax: each
rate is rounded by itself, and a cent of discount may fall on goods of another rate.)
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from moneyed import Money

from catalog import money


class RuleKind(StrEnum):
    """In the order in which they are taken off."""

    BUY_X_GET_Y = "BUY_X_GET_Y"
    PERCENTAGE = "PERCENTAGE"
    FIXED = "FIXED"
    FREE_SHIPPING = "FREE_SHIPPING"


_TURN = {kind: turn for turn, kind in enumerate(RuleKind)}
# Between two rules what is left is counted in such parts of a minor unit.
_FINE = 10**18


class StepKind(StrEnum):
    GOODS = "GOODS"
    DISCOUNT = "DISCOUNT"
    SHIPPING = "SHIPPING"
    TAX = "TAX"
    INCLUDED_TAX = "INCLUDED_TAX"


@dataclass(frozen=True)
class Goods:
    """So many of one thing. `product` and `category` are what rules look at."""

    unit_price: Money
    quantity: int
    product: Hashable = None
    category: Hashable = None
    tax_class: str = "standard"


@dataclass(frozen=True)
class Shipping:
    """How it is sent, and what that costs before promotions."""

    label: str
    price: Money
    tax_class: str = "standard"


@dataclass(frozen=True)
class Rule:
    """A promotion that applies: its conditions hold. Without products and categories it is for all goods."""

    key: Any
    label: str
    kind: RuleKind
    code: str | None = None
    percent: Decimal | None = None
    amount: Money | None = None
    buy: int = 0
    get: int = 0
    products: frozenset[Hashable] = frozenset()
    categories: frozenset[Hashable] = frozenset()
    priority: int = 100
    is_exclusive: bool = False

    def covers(self, goods: Goods) -> bool:
        """Whether it is for these goods."""
        if not self.products and not self.categories:
            return True
        return goods.product in self.products or goods.category in self.categories


@dataclass(frozen=True)
class Rate:
    """A tax, as invoices call it, in percent."""

    name: str
    percent: Decimal


@dataclass(frozen=True)
class PricedLine:
    """One line: subtotal − discount (+ tax, where prices do not include it) is what is paid for it."""

    subtotal: Money
    discount: Money
    tax: Money
    rate: Rate | None


@dataclass(frozen=True)
class Step:
    """One step on the way to the total. `amount` is negative for a discount; INCLUDED_TAX is not added, only told."""

    kind: StepKind
    label: str
    reason: str
    amount: Money
    code: str | None = None


@dataclass(frozen=True)
class Totals:
    """subtotal − discount + shipping + tax = total, all in one currency.

    `discount` has `shipping_discount` in it. Where prices include tax, `tax` is nothing and `included_tax` says how
    much of the total is tax; else it is the other way round. `applied` is what each rule took off, by its key.
    """

    lines: list[PricedLine]
    subtotal: Money
    discount: Money
    shipping: Money
    shipping_discount: Money
    shipping_tax: Money
    shipping_rate: Rate | None
    tax: Money
    included_tax: Money
    total: Money
    steps: list[Step] = field(default_factory=list)
    applied: dict[Any, Money] = field(default_factory=dict)


def totals(
    goods: Sequence[Goods],
    *,
    currency: str,
    shipping: Shipping | None = None,
    rules: Iterable[Rule] = (),
    rates: Mapping[str, Rate] | None = None,
    prices_include_tax: bool = True,
) -> Totals:
    """Adds everything up; in which order the goods come makes no difference to the total. `rates` by tax class; a
    class without a rate is not taxed. An amount in another currency is a TypeError."""
    basket = _basket(goods, currency, shipping)
    ordered = sorted(rules, key=lambda rule: (rule.priority, _TURN[rule.kind]))
    choices = [[rule for rule in ordered if not rule.is_exclusive]]
    choices += ([rule] for rule in ordered if rule.is_exclusive)
    # Of what costs the same, the first: to combine is better than not to.
    bills = [_bill(basket, _discounted(basket, choice), rates or {}, prices_include_tax) for choice in choices]
    return _totals(basket, min(bills, key=lambda bill: bill.total), prices_include_tax)


def subtotal_of(goods: Iterable[Goods], currency: str) -> Money:
    """What goods cost before everything else."""
    return money.from_minor_units(sum(_units(each.unit_price, currency) * each.quantity for each in goods), currency)


# ── What is counted ──────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class _Basket:
    """Goods, cheapest first, and what they and their shipping cost in minor units. `places` is where each of them
    stood: what is decided by an order must not be decided by that one."""

    currency: str
    goods: list[Goods]
    places: list[int]
    unit: list[int]
    full: list[int]
    shipping: Shipping | None
    sent: int


def _basket(goods: Sequence[Goods], currency: str, shipping: Shipping | None) -> _Basket:
    ranked = sorted(
        (_units(each.unit_price, currency), each.quantity, each.tax_class, str(each.product), str(each.category), at)
        for at, each in enumerate(goods)
    )
    places = [rank[-1] for rank in ranked]
    return _Basket(
        currency=currency,
        goods=[goods[at] for at in places],
        places=places,
        unit=[rank[0] for rank in ranked],
        full=[rank[0] * rank[1] for rank in ranked],
        shipping=shipping,
        sent=_units(shipping.price, currency) if shipping else 0,
    )


def _units(amount: Money, currency: str) -> int:
    if amount.currency.code != currency:
        raise TypeError(f"{amount.currency.code} is not counted in {currency}.")
    return money.in_minor_units(amount)


def _nearest(numerator: int, denominator: int) -> int:
    """The quotient as a whole number, halves up. Neither is negative."""
    return (2 * numerator + denominator) // (2 * denominator)


# ── Promotions ───────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class _Discounts:
    """In minor units: what was taken off each line and off the shipping, and by which rule how much."""

    lines: list[int]
    shipping: int
    applied: list[tuple[Rule, int]]


def _discounted(basket: _Basket, rules: Sequence[Rule]) -> _Discounts:
    """Each rule leaves a line no more where it finds less, and what is left is rounded once, after the last: so one
    rule more never makes the goods dearer, not by a cent."""
    if not rules:
        return _Discounts(lines=[0] * len(basket.full), shipping=0, applied=[])
    full = [whole * _FINE for whole in basket.full]
    left = full
    whole, off, sent_off = sum(full), 0, 0
    applied: list[tuple[Rule, int]] = []
    for rule in rules:
        if rule.kind is RuleKind.FREE_SHIPPING:
            taken, sent_off = basket.sent - sent_off, basket.sent
        else:
            left = _left_by(rule, basket, left)
            taken = _nearest(whole - sum(left), _FINE) - off
            off += taken
        if taken:
            applied.append((rule, taken))
    lines = _whole_parts([before - after for before, after in zip(full, left, strict=True)], off)
    return _Discounts(lines=lines, shipping=sent_off, applied=applied)


def _left_by(rule: Rule, basket: _Basket, left: list[int]) -> list[int]:
    """What a rule leaves of each line."""
    covered = [rule.covers(each) for each in basket.goods]
    match rule.kind:
        case RuleKind.PERCENTAGE:
            percent, hundred = _ratio(rule.percent)
            keep, of = hundred - percent, hundred
        case RuleKind.FIXED:
            of = sum(units for units, mine in zip(left, covered, strict=True) if mine)
            keep = max(0, of - (_units(rule.amount, basket.currency) * _FINE if rule.amount else 0))
        case _:
            return _cheapest(rule, basket, left, covered)
    if not of:
        return left
    return [units * keep // of if mine else units for units, mine in zip(left, covered, strict=True)]


def _cheapest(rule: Rule, basket: _Basket, left: list[int], covered: list[bool]) -> list[int]:
    """Buy X get Y: of every X + Y the Y cheapest are cheaper; what is over counts once X are bought."""
    bought = sum(each.quantity for each, mine in zip(basket.goods, covered, strict=True) if mine)
    rounds, over = divmod(bought, rule.buy + rule.get)
    given = rounds * rule.get + max(0, over - rule.buy)
    percent, hundred = _ratio(rule.percent)
    result = list(left)
    for at, each in enumerate(basket.goods):
        if given and covered[at]:
            count = min(given, each.quantity)
            given -= count
            result[at] = max(0, left[at] - basket.unit[at] * count * _FINE * percent // hundred)
    return result


def _whole_parts(parts: list[int], total: int) -> list[int]:
    """Parts counted finely, as minor units that add up to `total`, by the largest remainder; ties go to the first."""
    result = [part // _FINE for part in parts]
    missing = total - sum(result)
    if missing:
        for at in sorted(range(len(parts)), key=lambda at: -(parts[at] % _FINE))[:missing]:
            result[at] += 1
    return result


def _ratio(percent: Decimal | None) -> tuple[int, int]:
    """12.5 % as (125, 1000): whole numbers of which the second stands for all of it."""
    share, parts = (percent or money.ZERO).as_integer_ratio()
    return share, 100 * parts


# ── Tax ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class _Bill:
    """In minor units: the taxes of each line and of the shipping, the last; each rate with its base and tax."""

    discounts: _Discounts
    rates: list[Rate | None]
    taxes: list[int]
    told: list[tuple[Rate, int, int]]
    total: int


def _bill(basket: _Basket, discounts: _Discounts, rates: Mapping[str, Rate], is_included: bool) -> _Bill:
    # The shipping is taxed like one more line, the last.
    net = [whole - off for whole, off in zip(basket.full, discounts.lines, strict=True)]
    net.append(basket.sent - discounts.shipping)
    of_each = [rates.get(each.tax_class) for each in basket.goods]
    of_each.append(rates.get(basket.shipping.tax_class) if basket.shipping else None)
    taxes = [0] * len(net)
    told: list[tuple[Rate, int, int]] = []
    for rate in sorted({rate for rate in of_each if rate}, key=lambda rate: (-rate.percent, rate.name)):
        taxed = [at for at, own in enumerate(of_each) if own is rate or own == rate]
        bases = [net[at] for at in taxed]
        base = sum(bases)
        percent, hundred = _ratio(rate.percent)
        tax = _nearest(base * percent, hundred + percent if is_included else hundred)
        for at, part in zip(taxed, money.spread(tax, bases), strict=True):
            taxes[at] = part
        if base:
            told.append((rate, base, tax))
    total = sum(net) + (0 if is_included else sum(taxes))
    return _Bill(discounts=discounts, rates=of_each, taxes=taxes, told=told, total=total)


def _totals(basket: _Basket, bill: _Bill, is_included: bool) -> Totals:
    def amount(units: int) -> Money:
        return money.from_minor_units(units, basket.currency)

    discounts, tax = bill.discounts, sum(bill.taxes)
    lines = zip(basket.places, basket.full, discounts.lines, bill.taxes, bill.rates, strict=False)
    priced = {
        place: PricedLine(subtotal=amount(whole), discount=amount(off), tax=amount(taxed), rate=rate)
        for place, whole, off, taxed, rate in lines
    }
    return Totals(
        lines=[priced[place] for place in range(len(priced))],
        subtotal=amount(sum(basket.full)),
        discount=amount(sum(discounts.lines) + discounts.shipping),
        shipping=amount(basket.sent),
        shipping_discount=amount(discounts.shipping),
        shipping_tax=amount(bill.taxes[-1]),
        shipping_rate=bill.rates[-1],
        tax=amount(0 if is_included else tax),
        included_tax=amount(tax if is_included else 0),
        total=amount(bill.total),
        steps=_steps(basket, bill, is_included),
        applied={rule.key: amount(taken) for rule, taken in discounts.applied},
    )


# ── Why ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _steps(basket: _Basket, bill: _Bill, is_included: bool) -> list[Step]:
    def amount(units: int) -> Money:
        return money.from_minor_units(units, basket.currency)

    count = sum(each.quantity for each in basket.goods)
    steps = [Step(StepKind.GOODS, "Goods", f"{count} item{'' if count == 1 else 's'}", amount(sum(basket.full)))]
    for rule, taken in bill.discounts.applied:
        steps.append(Step(StepKind.DISCOUNT, rule.label, _why(rule), amount(-taken), rule.code))
    if basket.shipping:
        reason = "The method's price for this cart" if basket.sent else "Free"
        steps.append(Step(StepKind.SHIPPING, basket.shipping.label, reason, amount(basket.sent)))
    kind = StepKind.INCLUDED_TAX if is_included else StepKind.TAX
    for rate, base, tax in bill.told:
        reason = f"{_plain(rate.percent)} % {'contained in' if is_included else 'on'} {_told(amount(base))}"
        steps.append(Step(kind, rate.name, reason, amount(tax)))
    return steps


def _why(rule: Rule) -> str:
    off = f"{_plain(rule.percent)} % off" if rule.percent is not None else ""
    match rule.kind:
        case RuleKind.PERCENTAGE:
            return off
        case RuleKind.FIXED:
            return f"{_told(rule.amount)} off" if rule.amount else ""
        case RuleKind.BUY_X_GET_Y:
            return f"Buy {rule.buy}, get {rule.get} {'free' if rule.percent == 100 else f'{off}'}"
        case RuleKind.FREE_SHIPPING:
            return "Free shipping"


def _told(amount: Money) -> str:
    return f"{amount.amount} {amount.currency.code}"


def _plain(percent: Decimal | None) -> str:
    return f"{(percent or Decimal(0)).normalize():f}"
