"""What a cart costs now: its lines, promotions, shipping and tax. The page of a cart and checkout ask the same."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string
from moneyed import Money

from catalog import money
from catalog.models import ProductVariant
from ordering import pricing
from ordering.models import Cart, CartLine, ShippingMethod
from ordering.services import promoting, shipping, terms

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Quote:
    """`lines` in their order, also those that cannot be bought now; `priced` are those in `totals`, one for one.

    `methods` are those on offer for this cart and its address, each with its `quoted` price, cheapest first; `method`
    is the chosen one, or the cheapest. `offers` are the promotions that were looked at, `version` that of the shop's
    terms; `before` is what it would have cost, had nobody used one up or changed one at the very moment it was to be
    ordered.
    """

    lines: list[CartLine]
    unit_prices: dict[UUID, Money | None]
    priced: list[CartLine]
    totals: pricing.Totals
    methods: list[ShippingMethod]
    method: ShippingMethod | None
    offers: promoting.Offers
    buyer: promoting.Buyer
    version: str
    before: Money | None = None

    def price_of(self, line: CartLine) -> Money:
        """What one of a line that is `priced` costs."""
        price = self.unit_prices[line.pk]
        if price is None:
            raise LookupError(line.pk)
        return price

    @property
    def needs_shipping(self) -> bool:
        """Whether anything in it travels."""
        return any(not line.variant.product.is_digital for line in self.priced)


@dataclass(frozen=True)
class Contents:
    """The lines of a cart in their order, and what one of each costs now; None where it has no price any more."""

    lines: list[CartLine]
    unit_prices: dict[UUID, Money | None]


def contents(cart: Cart) -> Contents:
    """What is in the cart, once for each cart object. One statement, and one more in another currency."""
    if not is_known(cart):
        cart._contents = _contents(cart)  # type: ignore[attr-defined]
    return cart._contents  # type: ignore[attr-defined]


def quote(cart: Cart, *, customer: "User | None" = None, email: str = "") -> Quote:
    """Everything about what the cart costs, once for each cart object. Three statements and a few more where promotions
    have conditions or limits, in another currency, or where the shop's terms have changed; the same for 100 lines.

    `customer` and `email` are who buys where the cart does not say so itself. After a change ask `quote_anew`.
    """
    if not hasattr(cart, "_quote"):
        cart._quote = _quote(cart, customer, email)  # type: ignore[attr-defined]
    return cart._quote  # type: ignore[attr-defined]


def quote_anew(cart: Cart, *, customer: "User | None" = None, email: str = "") -> Quote:
    """The same, read again."""
    forget(cart)
    return quote(cart, customer=customer, email=email)


def quote_to_order(cart: Cart, *, customer: "User | None", email: str) -> Quote:
    """The same, to be ordered for: its promotions are held until the transaction ends, so that it stays true."""
    found = quote(cart, customer=customer, email=email)
    is_counted = promoting.lock(offers=found.offers, buyer=found.buyer)
    if not is_counted and terms.version() == found.version:
        return found
    held = _quote(cart, customer, email, among=found.offers.keys)
    if held.totals.total > found.totals.total:
        held = replace(held, before=found.totals.total)
    cart._quote = held  # type: ignore[attr-defined]
    return held


def forget(cart: Cart) -> None:
    """The cart has changed: whoever asks next what it costs has it read again."""
    forget_price(cart)
    cart.__dict__.pop("_contents", None)


def forget_price(cart: Cart) -> None:
    """What is in the cart is as it was; what that costs has changed."""
    cart.__dict__.pop("_quote", None)


def is_known(cart: Cart) -> bool:
    """Whether it was read already what is in this cart object."""
    return hasattr(cart, "_contents")


def is_buyable(variant: ProductVariant) -> bool:
    """Whether the shop sells it at all, in stock or not."""
    return variant.is_active and variant.product.is_on_sale


def _contents(cart: Cart) -> Contents:
    # Not `cart.lines`: what the optimizer prefetched lacks the model's methods.
    related = ("variant__product__vendor", "variant__stock")
    lines = list(CartLine.objects.filter(cart=cart).select_related(*related).priced_in(cart.currency))
    for line in lines:
        line.cart = cart
    return Contents(lines, {line.pk: line.variant.price_in(cart.currency) for line in lines})


@terms.as_they_are()
def _quote(cart: Cart, customer: "User | None", email: str, among: Collection[UUID] | None = None) -> Quote:
    found = contents(cart)
    lines, unit_prices = found.lines, found.unit_prices
    priced = [line for line in lines if unit_prices[line.pk] is not None and is_buyable(line.variant)]
    goods = [_goods(line, unit_prices[line.pk]) for line in priced]
    subtotal = pricing.subtotal_of(goods, cart.currency)
    buyer = promoting.Buyer(customer=cart.customer or customer, email=email or cart.email)
    offers = promoting.offers_of(cart=cart, goods=goods, subtotal=subtotal, buyer=buyer, among=among)
    methods = shipping.offered(cart=cart, lines=priced, subtotal=subtotal)
    method = next((each for each in methods if each.pk == cart.shipping_method_id), methods[0] if methods else None)
    sent = pricing.Shipping(method.name, method.quoted, method.tax_class) if method else None
    address: dict[str, Any] = cart.shipping_address or cart.billing_address or {}
    return Quote(
        lines=lines,
        unit_prices=unit_prices,
        priced=priced,
        totals=pricing.totals(
            goods,
            currency=cart.currency,
            shipping=sent,
            rules=offers.rules,
            rates=_rates(goods, sent, address),
            prices_include_tax=settings.PRICES_INCLUDE_TAX,
        ),
        methods=methods,
        method=method,
        offers=offers,
        buyer=buyer,
        version=terms.version(),
    )


def _goods(line: CartLine, unit_price: Money | None) -> pricing.Goods:
    product = line.variant.product
    nothing = money.rounded(money.ZERO, line.cart.currency)
    return pricing.Goods(
        unit_price=nothing if unit_price is None else unit_price,
        quantity=line.quantity,
        product=product.pk,
        category=product.category_id,
        tax_class=product.tax_class,
    )


def _rates(
    goods: list[pricing.Goods], sent: pricing.Shipping | None, address: dict[str, Any]
) -> dict[str, pricing.Rate]:
    """What is taxed how where it goes; nothing is known before there is an address."""
    classes = {each.tax_class for each in goods} | ({sent.tax_class} if sent else set())
    if not address.get("country") or not goods:
        return {}
    strategy = import_string(settings.TAX_STRATEGY)
    return strategy(country=address["country"], region=address.get("region", ""), tax_classes=classes)
