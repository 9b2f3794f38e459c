"""Promotions: which apply to a cart and why the others do not, and counting their use exactly."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from moneyed import Money

from catalog import money
from catalog.models import Category
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import Cart, Order, Promotion, PromotionUse
from ordering.pricing import Rule, RuleKind

if TYPE_CHECKING:
    from accounts.models import User

# So many rules apply by themselves at most; the others are not looked at.
MAX_AUTOMATIC = 50


@dataclass(frozen=True)
class Refused:
    """A coupon of the cart that does not apply, and why not, in a sentence for the buyer."""

    coupon: Promotion
    code: OrderErrorCode
    reason: str


@dataclass(frozen=True)
class Buyer:
    """For whom conditions are looked at. A guest is known by the e-mail address, once there is one."""

    customer: "User | None" = None
    email: str = ""

    @property
    def email_key(self) -> str:
        return hashlib.sha256(self.email.strip().lower().encode()).hexdigest() if self.email.strip() else ""


def rules_of(*, cart: Cart, subtotal: Money, buyer: Buyer) -> tuple[list[Rule], list[Refused]]:
    """The promotions that apply to a cart whose goods cost so much, and its coupons that do not.

    One statement where there are no promotions; with them a few more, however many there are.
    """
    wanted = Promotion.objects.filter(Q(code=None, is_active=True) | Q(pk__in=cart.coupons.values("pk")))
    found = list(wanted.prefetch_related("categories", "products", "customer_groups")[:MAX_AUTOMATIC])
    rules: list[Rule] = []
    refused: list[Refused] = []
    for promotion in found:
        why = why_not(promotion, currency=cart.currency, subtotal=subtotal, buyer=buyer)
        if why is None:
            rules.append(_rule(promotion))
        elif promotion.code:
            refused.append(Refused(promotion, *why))
    return rules, refused


def why_not(promotion: Promotion, *, currency: str, subtotal: Money, buyer: Buyer) -> tuple[OrderErrorCode, str] | None:
    """Why a promotion does not apply, as a code and a sentence for the buyer; None where it does."""
    now = timezone.now()
    if not promotion.is_active or (promotion.ends_at and promotion.ends_at <= now):
        return OrderErrorCode.COUPON_EXPIRED, f"{promotion} has ended."
    if promotion.starts_at and promotion.starts_at > now:
        return OrderErrorCode.COUPON_NOT_APPLICABLE, f"{promotion} has not begun yet."
    if promotion.currency and promotion.currency != currency:
        return OrderErrorCode.COUPON_NOT_APPLICABLE, f"{promotion} is for carts in {promotion.currency}."
    if promotion.minimum_amount is not None and subtotal.amount < promotion.minimum_amount:
        least = money.rounded(promotion.minimum_amount, promotion.currency)
        return (
            OrderErrorCode.COUPON_NOT_APPLICABLE,
            f"{promotion} is for orders from {least.amount} {promotion.currency} on.",
        )
    if promotion.usage_limit is not None and promotion.times_used >= promotion.usage_limit:
        return OrderErrorCode.COUPON_EXHAUSTED, f"{promotion} was used as often as it can be."
    return _why_not_for(promotion, buyer)


def _why_not_for(promotion: Promotion, buyer: Buyer) -> tuple[OrderErrorCode, str] | None:
    groups = {group.pk for group in promotion.customer_groups.all()}
    if groups:
        mine = buyer.customer.customer_groups.values_list("pk", flat=True) if buyer.customer else []
        if groups.isdisjoint(mine):
            return OrderErrorCode.COUPON_NOT_APPLICABLE, f"{promotion} is not for this customer."
    if promotion.is_first_order_only and _has_ordered(buyer):
        return OrderErrorCode.COUPON_NOT_APPLICABLE, f"{promotion} is for a first order."
    if promotion.usage_limit_per_customer is not None:
        used = promotion.uses.filter(_by(buyer)).count() if buyer.customer or buyer.email_key else 0
        if used >= promotion.usage_limit_per_customer:
            return OrderErrorCode.COUPON_EXHAUSTED, f"{promotion} was used by this customer as often as it can be."
    return None


def _has_ordered(buyer: Buyer) -> bool:
    placed = Order.objects.filter(placed_at__isnull=False)
    if buyer.customer and placed.filter(customer=buyer.customer).exists():
        return True
    return bool(buyer.email.strip()) and placed.filter(email__iexact=buyer.email.strip()).exists()


def _by(buyer: Buyer) -> Q:
    """A use of this buyer's, signed in or not."""
    by = Q(pk__in=[])
    if buyer.customer:
        by |= Q(customer=buyer.customer)
    if buyer.email_key:
        by |= Q(email_key=buyer.email_key)
    return by


def _rule(promotion: Promotion) -> Rule:
    shelves = [category.pk for category in promotion.categories.all()]
    below = {pk for shelf in shelves for pk in Category.objects.below(shelf).values_list("pk", flat=True)}
    return Rule(
        key=promotion.pk,
        label=promotion.name,
        kind=RuleKind(promotion.kind),
        code=promotion.code,
        percent=promotion.percent,
        amount=None if promotion.amount is None else money.rounded(promotion.amount, promotion.currency),
        buy=promotion.buy_quantity or 0,
        get=promotion.get_quantity or 0,
        products=frozenset(product.pk for product in promotion.products.all()),
        categories=frozenset(below),
        priority=promotion.priority,
        is_exclusive=promotion.is_exclusive,
    )


# ── Counting ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def lock(*, promotion_ids: Iterable[UUID]) -> None:
    """Holds promotions that are about to be used, in key order, until the transaction ends. Call it before pricing
    for good: what was counted before may have been used up since."""
    list(Promotion.objects.select_for_update(of=("self",)).filter(pk__in=promotion_ids).order_by("pk"))


def use(*, order: Order, applied: dict[UUID, Money], buyer: Buyer) -> None:
    """Counts that an order used these promotions, for so much each. They are locked, and were found to apply."""
    for promotion in Promotion.objects.filter(pk__in=applied):
        promotion.times_used += 1
        promotion.save(update_fields=["times_used"])
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
    for promotion in Promotion.objects.select_for_update(of=("self",)).filter(pk__in=used).order_by("pk"):
        promotion.times_used -= 1
        promotion.save(update_fields=["times_used"])
    order.promotion_uses.all().delete()


def by_code(code: str) -> Promotion:
    """The coupon with this code, however it is typed; COUPON_UNKNOWN."""
    coupon = Promotion.objects.filter(code=code.strip().upper()).first() if "\0" not in code else None
    if coupon is None:
        raise OrderError(OrderErrorCode.COUPON_UNKNOWN, "There is no such coupon. Check its spelling.", field=["code"])
    return coupon
