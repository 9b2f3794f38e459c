"""Promotions: which apply to a cart and why the others do not, and counting their use exactly."""

import hashlib
from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, F, Model, OuterRef, Q
from django.utils import timezone
from moneyed import Money

from accounts.models import User, normalize_email
from catalog.models import Category
from ordering.errors import OrderErrorCode
from ordering.models import ENDED, Cart, Order, Promotion, PromotionUse
from ordering.pricing import Goods, Rule, RuleKind
from ordering.services import terms

if TYPE_CHECKING:
    from django.db.models import QuerySet

# So many rules apply by themselves at most.
MAX_AUTOMATIC = 50


@dataclass(frozen=True)
class Refused:
    """A coupon of the cart that does not apply, and why not, in a sentence for the buyer."""

    coupon: Promotion
    code: OrderErrorCode
    reason: str


@dataclass(frozen=True)
class Offers:
    """What was looked at for a cart, in the order it is taken off: `rules` apply, the coupons in `refused` do not."""

    promotions: list[Promotion]
    rules: list[Rule] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def coupons(self) -> list[Promotion]:
        return [promotion for promotion in self.promotions if promotion.code]

    @property
    def keys(self) -> set[UUID]:
        """Of all that may be used."""
        return {rule.key for rule in self.rules} | {coupon.pk for coupon in self.coupons}


@dataclass(frozen=True)
class Buyer:
    """For whom conditions are looked at: an account, an e-mail address, or both. Neither is known of a new cart's.

    Whoever buys with an account is the same buyer as a guest with its address.
    """

    customer: User | None = None
    email: str = ""

    @property
    def email_key(self) -> str:
        return _digest(self.email)

    @cached_property
    def addresses(self) -> list[str]:
        known = [self.email, self.customer.email if self.customer else ""]
        return [address for address in dict.fromkeys(normalize_email(each) for each in known) if address]

    @cached_property
    def accounts(self) -> list[UUID]:
        """Those of this buyer. One statement for a guest who gave an address."""
        if self.customer:
            return [self.customer.pk]
        return list(User.objects.filter(email__in=self.addresses).values_list("pk", flat=True)) if self.email else []


def _digest(email: str) -> str:
    return hashlib.sha256(normalize_email(email).encode(errors="replace")).hexdigest() if email.strip() else ""


# ── Which apply ──────────────────────────────────────────────────────────────────────────────────────────────────────
def offers_of(
    *, cart: Cart, goods: Sequence[Goods], subtotal: Money, buyer: Buyer, among: Collection[UUID] | None = None
) -> Offers:
    """What makes a cart of these goods cheaper; of promotions that are locked, those `among` them only.

    However many promotions there are: a statement for the coupons of the cart, one to read them where it has any, one
    where a rule has a limit, one for each kind of condition that any of them has (two for categories), and those that
    read the shop's terms when these have changed.
    """
    found = _wanted(cart)
    if among is not None:
        found = [promotion for promotion in found if promotion.pk in among]
    facts = _facts(found, goods, subtotal, buyer)
    offers = Offers(promotions=found)
    for promotion in found:
        why = _why_not(promotion, cart.currency, facts)
        if why is None:
            offers.rules.append(_rule(promotion, facts))
        elif promotion.code:
            offers.refused.append(Refused(promotion, *why))
    return offers


def _wanted(cart: Cart) -> list[Promotion]:
    """The coupons on the cart and the rules of now, as they are taken off."""
    put_in = list(Cart.coupons.through.objects.filter(cart=cart).values_list("promotion", flat=True))
    coupons = list(_described(Promotion.objects.filter(pk__in=put_in))) if put_in else []
    return sorted([*_rules(cart.currency), *coupons], key=_turn)


def _rules(currency: str) -> list[Promotion]:
    """Those that apply by themselves now. One statement where any of them has a limit, to see how far it is used."""
    now = timezone.now()
    rules = [rule for rule in terms.kept(("rules", currency), lambda: _automatic(currency)) if rule.is_running(now)]
    counted = [rule.pk for rule in rules if rule.usage_limit is not None]
    if counted:
        used = dict(Promotion.objects.filter(pk__in=counted).values_list("pk", "times_used"))
        rules = [_counted(rule, used[rule.pk]) if rule.pk in used else rule for rule in rules]
    return rules[:MAX_AUTOMATIC]


def _automatic(currency: str) -> list[Promotion]:
    rules = Promotion.objects.automatic().unended().filter(currency__in=["", currency])
    return sorted(_described(rules), key=_turn)


def _counted(kept: Promotion, times_used: int) -> Promotion:
    """A copy of what others see, too."""
    rule = copy(kept)
    rule.times_used = times_used
    return rule


def _described(promotions: "QuerySet[Promotion]") -> "QuerySet[Promotion]":
    """With which kinds of conditions each has."""

    def has(through: type[Model]) -> Exists:
        return Exists(through._default_manager.filter(promotion=OuterRef("pk")))

    return promotions.order_by().annotate(
        has_products=has(Promotion.products.through),
        has_categories=has(Promotion.categories.through),
        has_groups=has(Promotion.customer_groups.through),
    )


def _turn(promotion: Promotion) -> tuple[object, ...]:
    return promotion.priority, promotion.created_at, promotion.pk


@dataclass(frozen=True)
class _Facts:
    """What the conditions of these promotions are about, read at once for all of them."""

    subtotal: Money
    products: dict[UUID, frozenset[int]]
    categories: dict[UUID, set[int]]
    for_groups_of_buyer: set[UUID]
    has_ordered: bool
    used_by_buyer: dict[UUID, int]


def _facts(promotions: list[Promotion], goods: Sequence[Goods], subtotal: Money, buyer: Buyer) -> _Facts:
    return _Facts(
        subtotal=subtotal,
        products=_products([each for each in promotions if each.has_products], goods),  # type: ignore[attr-defined]
        categories=_categories([each.pk for each in promotions if each.has_categories], goods),  # type: ignore[attr-defined]
        for_groups_of_buyer=_groups([each.pk for each in promotions if each.has_groups], buyer),  # type: ignore[attr-defined]
        has_ordered=any(each.is_first_order_only for each in promotions) and _has_ordered(buyer),
        used_by_buyer=_used([each.pk for each in promotions if each.usage_limit_per_customer is not None], buyer),
    )


def _products(promotions: list[Promotion], goods: Sequence[Goods]) -> dict[UUID, frozenset[int]]:
    """Of the products in the cart those that each of these promotions is for."""
    wanted = frozenset(cast(int, each.product) for each in goods)
    coupons = [each.pk for each in promotions if each.code]
    found = _named(promotion__in=coupons, product__in=wanted) if coupons else {}
    if len(coupons) < len(promotions):
        rules = terms.kept("products of rules", lambda: _named(promotion__code=None, promotion__is_active=True))
        found |= {pk: rules[pk] & wanted for pk in (each.pk for each in promotions) if pk in rules}
    return found


def _named(**which: object) -> dict[UUID, frozenset[int]]:
    found: dict[UUID, set[int]] = {}
    named = Promotion.products.through.objects.filter(**which)
    for promotion_id, product_id in named.values_list("promotion", "product"):
        found.setdefault(promotion_id, set()).add(product_id)
    return {promotion_id: frozenset(products) for promotion_id, products in found.items()}


def _categories(promotion_ids: list[UUID], goods: Sequence[Goods]) -> dict[UUID, set[int]]:
    """Of the categories of what is in the cart those that each promotion is for, or is for one above them."""
    found: dict[UUID, set[int]] = {}
    if not promotion_ids:
        return found
    paths = Category.objects.paths({cast(int, each.category) for each in goods if each.category is not None})
    named = Promotion.categories.through.objects.filter(
        promotion__in=promotion_ids, category__in=set().union(*paths.values())
    )
    for promotion_id, category_id in named.values_list("promotion", "category"):
        below = {leaf for leaf, path in paths.items() if category_id in path}
        found.setdefault(promotion_id, set()).update(below)
    return found


def _groups(promotion_ids: list[UUID], buyer: Buyer) -> set[UUID]:
    """Those that are for a group of this buyer's."""
    if not promotion_ids or buyer.customer is None:
        return set()
    named = Promotion.customer_groups.through.objects.filter(
        promotion__in=promotion_ids, customergroup__members=buyer.customer
    )
    return set(named.values_list("promotion", flat=True))


def _has_ordered(buyer: Buyer) -> bool:
    """Whether there is an order of this buyer's that has not ended, also one whose payment is still being asked for."""
    if not buyer.addresses:
        return False
    theirs = Q(customer__in=buyer.accounts)
    for address in buyer.addresses:
        theirs |= Q(email__iexact=address)
    return Order.objects.filter(theirs).exclude(status__in=ENDED).exists()


def _used(promotion_ids: list[UUID], buyer: Buyer) -> dict[UUID, int]:
    """How often this buyer has used each, signed in or not."""
    if not promotion_ids or not buyer.addresses:
        return {}
    theirs = Q(customer__in=buyer.accounts) | Q(email_key__in=[_digest(address) for address in buyer.addresses])
    uses = PromotionUse.objects.filter(theirs, promotion__in=promotion_ids).order_by()
    return dict(uses.values_list("promotion").annotate(count=Count("pk")))


def _why_not(promotion: Promotion, currency: str, facts: _Facts) -> tuple[OrderErrorCode, str] | None:
    """Why a promotion does not apply, as a code and a sentence for the buyer; None where it does."""
    now = timezone.now()
    if not promotion.is_active or (promotion.ends_at and promotion.ends_at <= now):
        return OrderErrorCode.COUPON_EXPIRED, f"{promotion} has ended."
    if promotion.starts_at and promotion.starts_at > now:
        return OrderErrorCode.COUPON_NOT_APPLICABLE, f"{promotion} has not begun yet."
    if promotion.usage_limit is not None and promotion.times_used >= promotion.usage_limit:
        return OrderErrorCode.COUPON_EXHAUSTED, f"{promotion} was used as often as it can be."
    if reason := _why_not_this_buyer(promotion, facts):
        return OrderErrorCode.COUPON_NOT_APPLICABLE, reason
    limit = promotion.usage_limit_per_customer
    if limit is not None and facts.used_by_buyer.get(promotion.pk, 0) >= limit:
        return OrderErrorCode.COUPON_EXHAUSTED, f"{promotion} was used by this customer as often as it can be."
    if reason := _why_not_this_cart(promotion, currency, facts):
        return OrderErrorCode.COUPON_NOT_APPLICABLE, reason
    return None


def _why_not_this_buyer(promotion: Promotion, facts: _Facts) -> str | None:
    if promotion.has_groups and promotion.pk not in facts.for_groups_of_buyer:  # type: ignore[attr-defined]
        return f"{promotion} is not for this customer."
    if promotion.is_first_order_only and facts.has_ordered:
        return f"{promotion} is for a first order."
    return None


def _why_not_this_cart(promotion: Promotion, currency: str, facts: _Facts) -> str | None:
    if promotion.currency and promotion.currency != currency:
        return f"{promotion} is for carts in {promotion.currency}."
    is_for_some = promotion.has_products or promotion.has_categories  # type: ignore[attr-defined]
    if is_for_some and not facts.products.get(promotion.pk) and not facts.categories.get(promotion.pk):
        return f"{promotion} is for other products than those in the cart."
    if promotion.minimum_amount is not None and facts.subtotal.amount < promotion.minimum_amount:
        least = promotion.money(promotion.minimum_amount)
        return f"{promotion} is for orders from {least.amount} {promotion.currency} on."
    return None


def _rule(promotion: Promotion, facts: _Facts) -> Rule:
    """The promotion as pricing takes it. What it is for is named as far as it is in the cart."""
    return Rule(
        key=promotion.pk,
        label=promotion.name,
        kind=RuleKind(promotion.kind),
        code=promotion.code,
        percent=promotion.percent,
        amount=None if promotion.amount is None else promotion.money(promotion.amount),
        buy=promotion.buy_quantity or 0,
        get=promotion.get_quantity or 0,
        products=frozenset(facts.products.get(promotion.pk, ())),
        categories=frozenset(facts.categories.get(promotion.pk, ())),
        priority=promotion.priority,
        is_exclusive=promotion.is_exclusive,
    )


# ── Counting ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def lock(*, offers: Offers, buyer: Buyer) -> bool:
    """Holds what is about to be used, in key order, until the transaction ends.

    Returns whether any of it is counted: then somebody else may have used it up since it was looked at, so that the
    cart must be priced again, among these.
    """
    if not offers.keys:
        return False
    if any(promotion.is_first_order_only for promotion in offers.promotions):
        _hold(buyer)
    # Not the key: carts may take the coupon meanwhile.
    held = Promotion.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=offers.keys).order_by("pk")
    return any(promotion.is_counted for promotion in held)


def _hold(buyer: Buyer) -> None:
    """One checkout after the other for each address: of two with different promotions only one is the first order.

    A guest has no row to lock. SQLite has one writer at a time anyway.
    """
    if connection.vendor == "postgresql":
        keys = sorted(int(_digest(address)[:15], 16) for address in buyer.addresses)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [keys])


def use(*, order: Order, applied: dict[UUID, Money], buyer: Buyer) -> None:
    """Counts that an order used these promotions, for so much each. They are locked, and were found to apply."""
    if not applied:
        return
    Promotion.objects.filter(pk__in=applied).update(times_used=F("times_used") + 1)
    PromotionUse.objects.bulk_create(
        PromotionUse(
            promotion_id=pk, order=order, customer=buyer.customer, email_key=buyer.email_key, amount=taken.amount
        )
        for pk, taken in applied.items()
    )


def give_back(*, order: Order) -> None:
    """The order ended: what it used can be used again. The order is locked. Again changes nothing."""
    used = list(order.promotion_uses.values_list("promotion", flat=True))
    if not used:
        return
    held = Promotion.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=used).order_by("pk")
    Promotion.objects.filter(pk__in=[promotion.pk for promotion in held]).update(times_used=F("times_used") - 1)
    order.promotion_uses.all().delete()
