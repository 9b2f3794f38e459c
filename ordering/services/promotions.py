"""Keeping promotions: coupons, and rules that apply by themselves. Whoever may is decided at the door."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils import timezone

from accounts.services import checks
from catalog import money
from catalog.models import Category, Product
from notifications import outbox
from ordering import events
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import CustomerGroup, Promotion, PromotionKind
from ordering.services import coupons
from ordering.services.promoting import MAX_AUTOMATIC

if TYPE_CHECKING:
    from accounts.models import User

MAX_NAME = 100
MAX_AMOUNT = Decimal(10) ** 9
MAX_QUANTITY = 1000
MAX_LIMIT = 10**9
MAX_PRIORITY = 1000
# So many categories, products or groups can be named.
MAX_NAMED = 200
_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,39}")
# What only some kinds have, and what those must have.
_OF_KIND: dict[str, frozenset[str]] = {
    PromotionKind.PERCENTAGE: frozenset({"percent"}),
    PromotionKind.FIXED: frozenset({"amount"}),
    PromotionKind.FREE_SHIPPING: frozenset(),
    PromotionKind.BUY_X_GET_Y: frozenset({"percent", "buy_quantity", "get_quantity"}),
}
_RELATIONS: dict[str, tuple[str, type[Model]]] = {
    "category_ids": ("categories", Category),
    "product_ids": ("products", Product),
    "customer_group_ids": ("customer_groups", CustomerGroup),
}


@dataclass(frozen=True)
class Terms:
    """What a promotion is to be. With a `code` it is a coupon. Amounts are in `currency`."""

    name: str
    kind: str
    code: str | None = None
    percent: Decimal | None = None
    amount: Decimal | None = None
    minimum_amount: Decimal | None = None
    currency: str = ""
    buy_quantity: int | None = None
    get_quantity: int | None = None
    category_ids: Collection[int] = frozenset()
    product_ids: Collection[int] = frozenset()
    customer_group_ids: Collection[int] = frozenset()
    is_first_order_only: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_active: bool = True
    priority: int = 100
    is_exclusive: bool = False
    usage_limit: int | None = None
    usage_limit_per_customer: int | None = None


def create(*, actor: "User", terms: Terms) -> Promotion:
    """A new coupon, or without a code a new rule that applies by itself from now on.

    CODE_TAKEN; NOT_FOUND for what it is to be for; CURRENCY_NOT_SUPPORTED, AMOUNT_INVALID, REQUIRED, INVALID.
    """
    with _unique(terms.code), transaction.atomic():
        terms = _checked(terms, Promotion())
        promotion = Promotion.objects.create(**_columns(terms))
        _relate(promotion, terms)
        created = events.PromotionCreated(name=promotion.name, code=promotion.code)
        outbox.record(created, about=promotion, actor=actor)
        return promotion


def update(*, actor: "User", promotion_id: UUID | str, is_coupon: bool, changes: Mapping[str, Any]) -> Promotion:
    """The promotion with these of its terms changed. Its kind stays. What is ordered already stays as it was.

    NOT_FOUND for a rule where a coupon is meant, and the other way round; refused like `create`.
    """
    with _unique(changes.get("code"), promotion_id), transaction.atomic():
        promotion = _locked(promotion_id, is_coupon)
        before = terms_of(promotion)
        terms = _checked(replace(before, **changes), promotion)
        if is_coupon and terms.code is None:
            raise OrderError(OrderErrorCode.REQUIRED, "A coupon has a code.", field=["input", "code"])
        changed = [each.name for each in fields(Terms) if getattr(terms, each.name) != getattr(before, each.name)]
        if changed:
            for name, value in _columns(terms).items():
                setattr(promotion, name, value)
            promotion.save(update_fields=list(_columns(terms)))
            _relate(promotion, terms)
            updated = events.PromotionUpdated(name=promotion.name, code=promotion.code, fields=changed)
            outbox.record(updated, about=promotion, actor=actor)
        return promotion


@transaction.atomic
def deactivate(*, actor: "User", promotion_id: UUID | str, is_coupon: bool) -> Promotion:
    """Ends a promotion for everybody; orders keep what they were given. Again changes nothing."""
    promotion = _locked(promotion_id, is_coupon)
    if promotion.is_active:
        promotion.is_active = False
        promotion.save(update_fields=["is_active"])
        ended = events.PromotionDeactivated(name=promotion.name, code=promotion.code)
        outbox.record(ended, about=promotion, actor=actor)
    return promotion


def terms_of(promotion: Promotion) -> Terms:
    """What it is now. Three statements."""
    values: dict[str, Any] = {
        name: frozenset(getattr(promotion, relation).values_list("pk", flat=True))
        for name, (relation, _) in _RELATIONS.items()
    }
    for each in fields(Terms):
        values.setdefault(each.name, getattr(promotion, each.name, None))
    return Terms(**values)


def _columns(terms: Terms) -> dict[str, Any]:
    return {each.name: getattr(terms, each.name) for each in fields(Terms) if each.name not in _RELATIONS}


def _relate(promotion: Promotion, terms: Terms) -> None:
    for name, (relation, _) in _RELATIONS.items():
        getattr(promotion, relation).set(getattr(terms, name))


def _locked(promotion_id: UUID | str, is_coupon: bool) -> Promotion:
    found = Promotion.objects.coupons() if is_coupon else Promotion.objects.automatic()
    promotion = found.select_for_update(of=("self",)).filter(pk=promotion_id).first()
    if promotion is None:
        raise OrderError(
            OrderErrorCode.NOT_FOUND, f"There is no such {'coupon' if is_coupon else 'promotion'}.", field=["id"]
        )
    return promotion


@contextmanager
def _unique(code: str | None, promotion_id: UUID | str | None = None) -> Iterator[None]:
    """Outside of the transaction: of two with one code at the same moment a constraint stops the second."""
    try:
        yield
    except IntegrityError as error:
        wanted = coupons.normalised(code or "")
        others = Promotion.objects.exclude(pk=promotion_id) if promotion_id else Promotion.objects.all()
        if wanted and others.filter(code=wanted).exists():
            raise _taken(wanted) from error
        raise OrderError(
            OrderErrorCode.INVALID, "Somebody else changed the same at this moment. Try again.", retryable=True
        ) from error


def _taken(code: str) -> OrderError:
    return OrderError(
        OrderErrorCode.CODE_TAKEN, f"There is a coupon with the code {code} already.", field=["input", "code"]
    )


# ── What can be a promotion ──────────────────────────────────────────────────────────────────────────────────────────
def _checked(terms: Terms, promotion: Promotion) -> Terms:
    """The terms as they are kept. `promotion` is what they are for, new or as it was; it is locked."""
    terms = replace(
        terms,
        name=_checked_name(terms.name),
        code=None if terms.code is None else _checked_code(terms.code, promotion),
        starts_at=_checked_moment(terms.starts_at, "startsAt"),
        ends_at=_checked_moment(terms.ends_at, "endsAt"),
        percent=_checked_percent(terms),
    )
    _check_kind(terms)
    terms = _checked_amounts(terms)
    _check_quantities(terms, promotion)
    if terms.starts_at and terms.ends_at and terms.ends_at <= terms.starts_at:
        raise _invalid("It ends after it starts: give a later moment.", "endsAt")
    _check_automatic(terms, promotion)
    named: dict[str, Any] = {name: _checked_named(terms, name) for name in _RELATIONS}
    return replace(terms, **named)


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not checks.is_text(name):
        message = f"Give a name of at most {MAX_NAME} characters: buyers read it beside the discount."
        raise OrderError(OrderErrorCode.REQUIRED, message, field=["input", "name"])
    return name


def _checked_code(code: str, promotion: Promotion) -> str:
    code = coupons.normalised(code)
    if not _CODE.fullmatch(code):
        raise _invalid("A code has 3 to 40 of A to Z, digits, - and _, and begins with a letter or a digit.", "code")
    if Promotion.objects.filter(code=code).exclude(pk=promotion.pk).exists():
        raise _taken(code)
    return code


def _checked_moment(moment: datetime | None, field: str) -> datetime | None:
    """The moment in UTC; one without a time zone is meant so."""
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if timezone.is_naive(moment) else moment.astimezone(UTC)
    except (OverflowError, ValueError):
        raise _invalid("There is no such moment.", field) from None


def _checked_percent(terms: Terms) -> Decimal | None:
    if terms.percent is None:
        return Decimal("100.00") if terms.kind == PromotionKind.BUY_X_GET_Y else None
    percent = terms.percent
    if not (percent.is_finite() and 0 < percent <= 100) or percent != round(percent, 2):
        raise OrderError(
            OrderErrorCode.AMOUNT_INVALID,
            "A percentage is above 0, at most 100, and has at most 2 decimals.",
            field=["input", "percent"],
        )
    return round(percent, 2)


def _check_kind(terms: Terms) -> None:
    needed = _OF_KIND[terms.kind]
    names = {"percent": "percent", "amount": "amount", "buy_quantity": "buyQuantity", "get_quantity": "getQuantity"}
    for name, told in names.items():
        is_given = getattr(terms, name) is not None
        if name in needed and not is_given:
            raise OrderError(OrderErrorCode.REQUIRED, f"{terms.kind} needs `{told}`.", field=["input", told])
        if is_given and name not in needed:
            raise _invalid(f"{terms.kind} has no `{told}`. Leave it out.", told)


def _checked_amounts(terms: Terms) -> Terms:
    currency = (terms.currency or "").strip().upper()
    if currency and currency not in settings.SHOP_CURRENCIES:
        raise OrderError(
            OrderErrorCode.CURRENCY_NOT_SUPPORTED,
            f"This shop sells in {', '.join(settings.SHOP_CURRENCIES)}. Choose one of these.",
            field=["input", "currency"],
        )
    if not currency and (terms.amount is not None or terms.minimum_amount is not None):
        raise OrderError(OrderErrorCode.REQUIRED, "Say in which currency the amounts are.", field=["input", "currency"])
    return replace(
        terms,
        currency=currency,
        amount=_checked_amount(terms.amount, currency, "amount"),
        minimum_amount=_checked_amount(terms.minimum_amount, currency, "minimumSubtotal"),
    )


def _checked_amount(amount: Decimal | None, currency: str, field: str) -> Decimal | None:
    if amount is None:
        return None
    is_amount = amount.is_finite() and 0 < amount <= MAX_AMOUNT
    if not is_amount or money.rounded(amount, currency).amount != amount:
        raise OrderError(
            OrderErrorCode.AMOUNT_INVALID,
            f"An amount in {currency} is above 0, at most {MAX_AMOUNT:,}, with at most {money.exponent(currency)} "
            "decimals.",
            field=["input", field],
        )
    return money.rounded(amount, currency).amount


def _check_quantities(terms: Terms, promotion: Promotion) -> None:
    bounds = [
        (terms.buy_quantity, 1, MAX_QUANTITY, "buyQuantity"),
        (terms.get_quantity, 1, MAX_QUANTITY, "getQuantity"),
        (terms.priority, 0, MAX_PRIORITY, "priority"),
        (terms.usage_limit, 1, MAX_LIMIT, "usageLimit"),
        (terms.usage_limit_per_customer, 1, MAX_LIMIT, "usageLimitPerCustomer"),
    ]
    for value, least, most, field in bounds:
        if value is not None and not least <= value <= most:
            raise _invalid(f"This is a whole number from {least} to {most:,}.", field)
    if terms.usage_limit is not None and terms.usage_limit < promotion.times_used:
        raise _invalid(f"It was used {promotion.times_used} times already: give at least that many.", "usageLimit")


def _check_automatic(terms: Terms, promotion: Promotion) -> None:
    """Each rule without a code is looked at with every cart."""
    if terms.code is not None or not terms.is_active:
        return
    others = Promotion.objects.automatic().unended().exclude(pk=promotion.pk)
    if others.count() >= MAX_AUTOMATIC:
        raise _invalid(f"At most {MAX_AUTOMATIC} promotions apply by themselves. Deactivate one first.", "isActive")


def _checked_named(terms: Terms, name: str) -> frozenset[int]:
    wanted = frozenset(getattr(terms, name))
    relation, model = _RELATIONS[name]
    field = {"categories": "categoryIds", "products": "productIds", "customer_groups": "customerGroupIds"}[relation]
    if len(wanted) > MAX_NAMED:
        raise _invalid(f"Name at most {MAX_NAMED} here.", field)
    # Locked before the version of the terms, which whoever deletes one of them locks after it, too.
    there = model._default_manager.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    if len(there.values_list("pk")) != len(wanted):
        what = model._meta.verbose_name
        raise OrderError(
            OrderErrorCode.NOT_FOUND, f"At least one {what} of these does not exist.", field=["input", field]
        )
    return wanted


def _invalid(message: str, field: str) -> OrderError:
    return OrderError(OrderErrorCode.INVALID, message, field=["input", field])
