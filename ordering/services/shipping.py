"""Which ways there are to send a cart, and what each costs."""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass

from moneyed import Money

from catalog import money
from ordering.models import Cart, CartLine, ShippingMethod, ShippingTier, ShippingZone
from ordering.services import terms


@dataclass(frozen=True)
class Tier:
    """What sending costs from a weight and a subtotal on."""

    from_weight_grams: int
    from_subtotal: Money
    price: Money


def offered(
    *, cart: Cart, lines: Iterable[CartLine], subtotal: Money, country: str | None = None
) -> list[ShippingMethod]:
    """The methods that can send these lines, each with its `quoted` price, cheapest first; nothing for nothing, or
    where nothing travels. With a country, or once the cart has an address, those that ship there.

    A zone without countries is for those that no other zone names.
    """
    lines = [line for line in lines if not line.variant.product.is_digital]
    if not lines:
        return []
    weight = sum((line.variant.weight_grams or 0) * line.quantity for line in lines)
    where = (country or (cart.shipping_address or {}).get("country") or "").upper() or None
    # Copies, as every cart gets a price of its own.
    light = [
        copy(each)
        for each in _there(cart.currency, where)
        if each.max_weight_grams is None or weight <= each.max_weight_grams
    ]
    for method in light:
        method.quoted = shipping_price(
            method.price,
            free_above=method.free_from,
            subtotal=subtotal,
            weight_grams=weight,
            tiers=[_tier(tier, method) for tier in method.tiers.all()],
        )
    return sorted(light, key=lambda method: (method.quoted.amount, method.pk))


def _there(currency: str, country: str | None) -> list[ShippingMethod]:
    methods = terms.kept(("methods", currency), lambda: list(ShippingMethod.objects.on_offer(currency)))
    if country is None:
        return methods
    has_rest = any(method.zone and not method.zone.countries for method in methods)
    is_rest = has_rest and country not in terms.kept("named", _named)
    return [
        method
        for method in methods
        if method.zone is None or country in method.zone.countries or (is_rest and not method.zone.countries)
    ]


def _named() -> set[str]:
    """The countries that zones name, also such as nothing is sent to now: they are not everywhere else."""
    return {code for countries in ShippingZone.objects.values_list("countries", flat=True) for code in countries}


def _tier(tier: ShippingTier, method: ShippingMethod) -> Tier:
    return Tier(
        from_weight_grams=tier.from_weight_grams,
        from_subtotal=money.rounded(tier.from_subtotal_amount, method.currency),
        price=money.rounded(tier.price_amount, method.currency),
    )


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
