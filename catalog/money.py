"""Rounding amounts: `moneyed.Money` in Python, `DecimalField` and an ISO code in tables, never a float."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from django.db import models
from moneyed import CurrencyDoesNotExist, Money, get_currency

ZERO = Decimal(0)


def column(**options: Any) -> "models.DecimalField[Any, Any]":
    """An amount in the currency of its row, with room for currencies of three decimals."""
    return models.DecimalField(**{"max_digits": 14, "decimal_places": 3, **options})


@cache
def exponent(currency: str) -> int:
    """How many decimals the currency has: JPY 0, EUR 2, KWD 3 (the minor unit of ISO 4217)."""
    return len(str(get_currency(currency).sub_unit)) - 1


def is_currency(code: str) -> bool:
    """Whether this is an ISO 4217 code."""
    try:
        get_currency(code)
    except CurrencyDoesNotExist:
        return False
    return True


def rounded(amount: Decimal, currency: str) -> Money:
    """The amount with exactly the currency's own number of decimals, halves away from zero."""
    return Money(amount.quantize(Decimal(1).scaleb(-exponent(currency)), ROUND_HALF_UP), currency)


def in_minor_units(amount: Money) -> int:
    """The amount as a whole number of the currency's smallest unit: 12.34 EUR is 1234. It is rounded first."""
    return int(amount.amount.scaleb(exponent(amount.currency.code)).to_integral_value(ROUND_HALF_UP))


def from_minor_units(units: int, currency: str) -> Money:
    """1234 in EUR is 12.34 EUR."""
    return Money(Decimal(units).scaleb(-exponent(currency)), get_currency(currency))


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in shares like `weights` that add up to it exactly, by the largest remainder; ties go to the first.

    All are whole numbers, none negative. No share is above its weight unless `total` is above their sum; nothing can
    be spread over weights that are all 0.
    """
    whole = sum(weights)
    if whole == 0:
        if total:
            raise ValueError("An amount cannot be spread over nothing.")
        return [0] * len(weights)
    shares, remainders = zip(*(divmod(total * weight, whole) for weight in weights), strict=True)
    result = list(shares)
    neediest = sorted(range(len(weights)), key=lambda at: -remainders[at])
    for at in neediest[: total - sum(shares)]:
        result[at] += 1
    return result
