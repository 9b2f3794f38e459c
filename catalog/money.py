"""Rounding amounts: `moneyed.Money` in Python, `DecimalField` and an ISO code in tables, never a float."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import models
from moneyed import CurrencyDoesNotExist, Money, get_currency

ZERO = Decimal(0)


def column(**options: Any) -> "models.DecimalField[Any, Any]":
    """An amount in the currency of its row, with room for currencies of three decimals."""
    return models.DecimalField(**{"max_digits": 14, "decimal_places": 3, **options})


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
