"""What a cart or an order costs, and why. Pure: goods, rules and rates in, totals out; no database, no clock.

Everything is counted in whole minor units (cents), so nothing is ever lost: a discount is taken off the goods it is
for by the largest remainder, a tax is computed once a rate and spread the same way.

Promotions are taken off in this order: by `priority`, smaller first; then buy X get Y, percentages, fixed amounts, free
shipping; then as they were made. Each is computed on what those before it have left. One that is exclusive is never
combined: of all that combine, and each exclusive one alone, the buyer gets what costs least.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
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
    """Adds everything up. `rates` by tax class; a class without a rate is not taxed."""
    ordered = sorted(rules, key=lambda rule: (rule.priority, list(RuleKind).index(rule.kind)))
    together = [rule for rule in ordered if not rule.is_exclusive]
    choices = [together, *([rule] for rule in ordered if rule.is_exclusive)]
    discounted = [_discounted(goods, currency, shipping, choice) for choice in choices]
    best = max(discounted, key=lambda each: each.total)
    return _taxed(goods, currency, shipping, best, rates or {}, prices_include_tax)


# ── Promotions ───────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class _Discounts:
    """In minor units: what was taken off each line and off the shipping, and by which rule how much."""

    lines: list[int]
    shipping: int
    applied: list[tuple[Rule, int]]

    @property
    def total(self) -> int:
        return sum(self.lines) + self.shipping


def _discounted(goods: Sequence[Goods], currency: str, shipping: Shipping | None, rules: Iterable[Rule]) -> _Discounts:
    full = [money.in_minor_units(each.unit_price) * each.quantity for each in goods]
    off = [0] * len(goods)
    sent = money.in_minor_units(shipping.price) if shipping else 0
    sent_off = 0
    applied: list[tuple[Rule, int]] = []
    for rule in rules:
        if rule.kind is RuleKind.FREE_SHIPPING:
            taken, sent_off = sent - sent_off, sent
        else:
            left = [
                whole - gone if rule.covers(each) else 0 for each, whole, gone in zip(goods, full, off, strict=True)
            ]
            parts = _taken(rule, goods, left)
            off = [gone + part for gone, part in zip(off, parts, strict=True)]
            taken = sum(parts)
        if taken:
            applied.append((rule, taken))
    return _Discounts(lines=off, shipping=sent_off, applied=applied)


def _taken(rule: Rule, goods: Sequence[Goods], left: list[int]) -> list[int]:
    """What a rule takes off each line, of which so much is left for it."""
    match rule.kind:
        case RuleKind.PERCENTAGE:
            return money.spread(_percent_of(sum(left), rule.percent or Decimal(0)), left)
        case RuleKind.FIXED:
            worth = money.in_minor_units(rule.amount) if rule.amount else 0
            return money.spread(min(worth, sum(left)), left)
        case _:
            return _cheapest(rule, goods, left)


def _cheapest(rule: Rule, goods: Sequence[Goods], left: list[int]) -> list[int]:
    """Buy X get Y: of every X + Y the Y cheapest are cheaper; what is over counts once X are bought."""
    covered = [at for at, each in enumerate(goods) if rule.covers(each)]
    bought = sum(goods[at].quantity for at in covered)
    rounds, over = divmod(bought, rule.buy + rule.get)
    given = rounds * rule.get + max(0, over - rule.buy)
    parts = [0] * len(goods)
    for at in sorted(covered, key=lambda at: (goods[at].unit_price.amount, at)):
        count = min(given, goods[at].quantity)
        given -= count
        worth = money.in_minor_units(goods[at].unit_price) * count
        parts[at] = min(_percent_of(worth, rule.percent or Decimal(0)), left[at])
    return parts


def _percent_of(units: int, percent: Decimal) -> int:
    return int((Decimal(units) * percent / 100).quantize(Decimal(1), ROUND_HALF_UP))


# ── Tax ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _taxed(
    goods: Sequence[Goods],
    currency: str,
    shipping: Shipping | None,
    discounts: _Discounts,
    rates: Mapping[str, Rate],
    is_included: bool,
) -> Totals:
    full = [money.in_minor_units(each.unit_price) * each.quantity for each in goods]
    sent = money.in_minor_units(shipping.price) if shipping else 0
    # The shipping is taxed like one more line, the last.
    net = [whole - off for whole, off in zip(full, discounts.lines, strict=True)] + [sent - discounts.shipping]
    of_each = [rates.get(each.tax_class) for each in goods] + [rates.get(shipping.tax_class) if shipping else None]
    taxes = [0] * len(net)
    told: list[tuple[Rate, int, int]] = []
    for rate in dict.fromkeys(rate for rate in of_each if rate is not None):
        bases = [base if own == rate else 0 for base, own in zip(net, of_each, strict=True)]
        tax = _tax_of(sum(bases), rate.percent, is_included)
        for at, part in enumerate(money.spread(tax, bases)):
            taxes[at] += part
        if sum(bases):
            told.append((rate, sum(bases), tax))

    def amount(units: int) -> Money:
        return money.from_minor_units(units, currency)

    on_top = 0 if is_included else sum(taxes)
    return Totals(
        lines=[
            PricedLine(subtotal=amount(whole), discount=amount(off), tax=amount(tax), rate=rate)
            for whole, off, tax, rate in zip(full, discounts.lines, taxes[:-1], of_each[:-1], strict=True)
        ],
        subtotal=amount(sum(full)),
        discount=amount(discounts.total),
        shipping=amount(sent),
        shipping_discount=amount(discounts.shipping),
        shipping_tax=amount(taxes[-1]),
        shipping_rate=of_each[-1],
        tax=amount(on_top),
        included_tax=amount(sum(taxes) - on_top),
        total=amount(sum(net) + on_top),
        steps=_steps(goods, currency, shipping, discounts, told, is_included),
        applied={rule.key: amount(taken) for rule, taken in discounts.applied},
    )


def _tax_of(base: int, percent: Decimal, is_included: bool) -> int:
    whole = 100 + percent if is_included else Decimal(100)
    return int((Decimal(base) * percent / whole).quantize(Decimal(1), ROUND_HALF_UP))


# ── Why ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _steps(
    goods: Sequence[Goods],
    currency: str,
    shipping: Shipping | None,
    discounts: _Discounts,
    taxes: Iterable[tuple[Rate, int, int]],
    is_included: bool,
) -> list[Step]:
    def amount(units: int) -> Money:
        return money.from_minor_units(units, currency)

    count = sum(each.quantity for each in goods)
    whole = sum(money.in_minor_units(each.unit_price) * each.quantity for each in goods)
    steps = [Step(StepKind.GOODS, "Goods", f"{count} item{'' if count == 1 else 's'}", amount(whole))]
    for rule, taken in discounts.applied:
        steps.append(Step(StepKind.DISCOUNT, rule.label, _why(rule), amount(-taken), rule.code))
    if shipping:
        reason = "Free" if not shipping.price.amount else "The method's price for this cart"
        steps.append(Step(StepKind.SHIPPING, shipping.label, reason, shipping.price))
    kind = StepKind.INCLUDED_TAX if is_included else StepKind.TAX
    for rate, base, tax in taxes:
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


# ── Shipping ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Tier:
    """What sending costs from a weight and a subtotal on."""

    from_weight_grams: int
    from_subtotal: Money
    price: Money


def shipping_price(
    price: Money, *, free_above: Money | None, subtotal: Money, weight_grams: int = 0, tiers: Iterable[Tier] = ()
) -> Money:
    """Nothing once the goods cost enough; else that of the tier the cart reaches with both its weight and its
    subtotal, of several the heaviest and then the dearest; else the method's own price."""
    if free_above is not None and subtotal >= free_above:
        return money.rounded(money.ZERO, price.currency.code)
    reached = [tier for tier in tiers if tier.from_weight_grams <= weight_grams and tier.from_subtotal <= subtotal]
    best = max(reached, key=lambda tier: (tier.from_weight_grams, tier.from_subtotal.amount), default=None)
    return price if best is None else best.price
