"""Checkout: a cart becomes an order, exactly once, and its payment is asked for."""

import hashlib
import json
import re
import secrets
from dataclasses import asdict, dataclass
from uuid import UUID

from babel import Locale
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac
from moneyed import Money

from accounts.models import User
from accounts.services import checks
from catalog.errors import OutOfStock
from catalog.services import stock
from ordering.errors import OrderError, OrderErrorCode
from ordering.gateways import GatewayError
from ordering.models import (
    Cart,
    CartLine,
    Order,
    OrderLine,
    Payment,
    ShippingMethod,
    guest_key_of,
)
from ordering.pricing import Totals
from ordering.services import carts, paying

MAX_KEY = 128
MAX_TOKEN = 255
MAX_ADDRESS_LINE = 200
MAX_EMAIL = 254
# What the columns of an order can hold.
MAX_TOTAL = 10**11
# Read out on the telephone without mistakes: no vowels, so no words; no 0/O, 1/I/L, 2/Z, 5/S, 8/B.
NUMBER_ALPHABET = "34679CDFGHJKMNPQRTVWXY"
COUNTRIES = frozenset(filter(re.compile("[A-Z]{2}").fullmatch, map(str, Locale("en").territories))) - {
    "EU",
    "EZ",
    "QO",
    "UN",
    "XA",
    "XB",
    "ZZ",
}


@dataclass(frozen=True)
class Address:
    """A postal address. `country` is an ISO 3166 code of two letters."""

    full_name: str
    line1: str
    city: str
    country: str
    line2: str = ""
    region: str = ""
    postal_code: str = ""
    phone: str = ""


@dataclass(frozen=True)
class CheckoutRequest:
    """What a buyer sends to check out. `email` may be left out by who is signed in, the method of shipping by all."""

    shipping_address: Address
    payment_token: str
    gateway: str = "sandbox"
    billing_address: Address | None = None
    email: str | None = None
    shipping_method_id: int | None = None


def checkout(
    *, cart_id: UUID | str, idempotency_key: str, request: CheckoutRequest, actor: User | AnonymousUser
) -> Order:
    """The order of this cart, placed and paid as far as it can be now.

    The same key with the same request gives the same answer, also when both run at the same moment. Refused:
    whatever the buyer can mend, a card that was declined (the stock is back, the cart still open), and a gateway that
    does not answer (call again with the same key: the order then continues where it stopped).
    """
    order_id = _accepted(cart_id, idempotency_key, request, actor)
    try:
        order = paying.settle_payment(order_id=order_id)
    except GatewayError:
        order = Order.objects.get(pk=order_id)
        if order.placed_at:  # only the capture is still due, and the reaction to the confirmation sees to it
            return order
        raise OrderError(
            OrderErrorCode.GATEWAY_UNAVAILABLE,
            "The payment service does not answer. Call again with the same idempotencyKey; nothing is charged twice.",
            retryable=True,
        ) from None
    if order.placed_at is None:
        raise OrderError(
            OrderErrorCode.PAYMENT_DECLINED,
            "The payment was declined. Try again with another card.",
            field=["input", "payment", "token"],
        )
    return order


def guest_token_of(order: Order) -> str | None:
    """With what a guest follows the order; None when it belongs to an account. The same at every replay."""
    if order.customer_id:
        return None
    return salted_hmac("ordering.guest_token", str(order.pk), algorithm="sha256").hexdigest()


def _accepted(cart_id: UUID | str, key: str, request: CheckoutRequest, actor: User | AnonymousUser) -> UUID:
    """The id of the order this checkout makes, or made when it was first called."""
    if not key.strip() or len(key) > MAX_KEY or not checks.is_text(key):
        raise OrderError(
            OrderErrorCode.REQUIRED,
            f"Give an idempotencyKey of 1 to {MAX_KEY} printable characters, new for every checkout.",
            field=["idempotencyKey"],
        )
    try:
        with transaction.atomic():
            return _place(cart_id, key, request, actor).pk
    except IntegrityError:  # the customer's other cart took the key at this very moment
        raise _conflict() from None


def _place(cart_id: UUID | str, key: str, request: CheckoutRequest, actor: User | AnonymousUser) -> Order:
    _check_account(actor)
    cart = carts.locked_cart(cart_id, actor)
    digest = _digest(request)
    if earlier := _earlier(cart, key, actor):
        if earlier.cart_id != cart.pk or earlier.request_digest != digest:
            raise _conflict()
        return earlier
    carts.check_open(cart)
    lines = list(cart.lines.select_related("variant__product__vendor").priced_in(cart.currency))
    unit_prices = _checked_lines(cart, lines)
    email = _checked_email(request, actor)
    _check_addresses(request)
    _check_payment(request)
    method = _method(cart, request)
    priced = [(unit_price, line.quantity) for unit_price, line in zip(unit_prices, lines, strict=True)]
    totals = carts.price(priced, method=method, currency=cart.currency)
    if totals.total.amount >= MAX_TOTAL:
        raise OrderError(
            OrderErrorCode.INVALID, "This order is larger than the shop can take at once. Split it.", field=["cartId"]
        )

    order = _write_order(cart, key, digest, request, email, method, totals, actor)
    _write_lines(order, lines, unit_prices)
    Payment.objects.create(
        order=order,
        gateway=request.gateway,
        token=request.payment_token,
        amount=totals.total.amount,
        currency=order.currency,
    )
    _take_stock(lines)
    return order


def _check_account(actor: User | AnonymousUser) -> None:
    """Nothing is ordered for an account that ends this very moment: it is erased before, or after and then refused."""
    if isinstance(actor, AnonymousUser):
        return
    active = User.objects.select_for_update(no_key=True).filter(pk=actor.pk, is_active=True)
    if active.values_list("pk").first() is None:
        raise OrderError(OrderErrorCode.NOT_FOUND, "Your account has just ended.", field=["cartId"])


def _earlier(cart: Cart, key: str, actor: User | AnonymousUser) -> Order | None:
    """What this key made before: on this cart, or on any cart of this customer."""
    of_this = Q(cart=cart, customer=None)
    if not isinstance(actor, AnonymousUser):
        of_this |= Q(customer=actor)
    return Order.objects.filter(of_this, idempotency_key=key).first()


def _conflict() -> OrderError:
    return OrderError(
        OrderErrorCode.IDEMPOTENCY_CONFLICT,
        "This idempotencyKey was used with other input. Use a new key for a new checkout.",
        field=["idempotencyKey"],
    )


def _checked_lines(cart: Cart, lines: list[CartLine]) -> list[Money]:
    """What one of each line costs; refused where the shop does not sell it, or not in this currency."""
    if not lines:
        raise OrderError(OrderErrorCode.CART_EMPTY, "The cart is empty. Add something first.", field=["cartId"])
    unit_prices: list[Money] = []
    for line in lines:
        if not carts.is_buyable(line.variant):
            raise OrderError(
                OrderErrorCode.VARIANT_UNAVAILABLE,
                f"{line.variant.sku} is not on sale any more. Remove it from the cart.",
                field=["cartId"],
            )
        unit_price = line.variant.price_in(cart.currency)
        if unit_price is None:
            raise OrderError(OrderErrorCode.VARIANT_UNAVAILABLE, carts.unpriced(line.variant, cart), field=["cartId"])
        unit_prices.append(unit_price)
    return unit_prices


def _checked_email(request: CheckoutRequest, actor: User | AnonymousUser) -> str:
    email = (request.email or "").strip() or getattr(actor, "email", "")
    try:
        validate_email(email)
        if len(email) > MAX_EMAIL or email.startswith('"') or not checks.is_text(email):
            raise ValidationError("too long")
    except ValidationError:
        raise OrderError(
            OrderErrorCode.REQUIRED,
            "Give the e-mail address the confirmation goes to, such as name@example.com.",
            field=["input", "email"],
        ) from None
    return email


def _check_addresses(request: CheckoutRequest) -> None:
    _check_address(request.shipping_address, "shippingAddress")
    if request.billing_address:
        _check_address(request.billing_address, "billingAddress")


def _check_address(address: Address, name: str) -> None:
    for part, value in asdict(address).items():
        if len(value) > MAX_ADDRESS_LINE or not checks.is_text(value):
            raise OrderError(
                OrderErrorCode.INVALID,
                f"Each part of an address has at most {MAX_ADDRESS_LINE} printable characters.",
                field=["input", name, _camel(part)],
            )
    for part in ("full_name", "line1", "city"):
        if not getattr(address, part).strip():
            raise OrderError(
                OrderErrorCode.REQUIRED,
                "An address needs a name, a line and a city.",
                field=["input", name, _camel(part)],
            )
    if address.country not in COUNTRIES:
        raise OrderError(
            OrderErrorCode.INVALID,
            'The country must be an ISO 3166 code of two letters, such as "DE".',
            field=["input", name, "country"],
        )


def _check_payment(request: CheckoutRequest) -> None:
    if request.gateway not in settings.PAYMENT_GATEWAYS:
        known = ", ".join(settings.PAYMENT_GATEWAYS) or "none"
        raise OrderError(
            OrderErrorCode.GATEWAY_UNKNOWN,
            f"There is no such payment gateway here; the shop has: {known}.",
            field=["input", "payment", "gateway"],
        )
    if not 1 <= len(request.payment_token) <= MAX_TOKEN or not checks.is_text(request.payment_token):
        raise OrderError(
            OrderErrorCode.REQUIRED,
            "Give the payment token that the gateway made for this buyer.",
            field=["input", "payment", "token"],
        )


def _method(cart: Cart, request: CheckoutRequest) -> ShippingMethod:
    methods = carts.shipping_methods(currency=cart.currency, country=request.shipping_address.country)
    wanted = request.shipping_method_id
    method = next((method for method in methods if wanted in (None, method.pk)), None)
    if method is None:
        raise OrderError(
            OrderErrorCode.SHIPPING_UNAVAILABLE,
            f"{'This method' if wanted else 'The shop'} does not ship orders in {cart.currency} to that country.",
            field=["input", "shippingMethodId"] if wanted else ["input", "shippingAddress", "country"],
        )
    return method


def _write_order(
    cart: Cart,
    key: str,
    digest: str,
    request: CheckoutRequest,
    email: str,
    method: ShippingMethod,
    totals: Totals,
    actor: User | AnonymousUser,
) -> Order:
    order = Order(
        number="".join(secrets.choice(NUMBER_ALPHABET) for _ in range(8)),
        customer=None if isinstance(actor, AnonymousUser) else actor,
        email=email,
        currency=cart.currency,
        subtotal_amount=totals.subtotal.amount,
        discount_amount=totals.discount.amount,
        shipping_amount=totals.shipping.amount,
        tax_amount=totals.tax.amount,
        total_amount=totals.total.amount,
        shipping_method=method.name,
        shipping_address=asdict(request.shipping_address),
        billing_address=asdict(request.billing_address or request.shipping_address),
        cart=cart,
        idempotency_key=key,
        request_digest=digest,
    )
    if guest_token := guest_token_of(order):
        order.guest_key = guest_key_of(guest_token)
    order.save(force_insert=True)
    return order


def _write_lines(order: Order, lines: list[CartLine], unit_prices: list[Money]) -> None:
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            variant=line.variant,
            position=position,
            product_name=line.variant.product.name,
            variant_name=line.variant.name,
            sku=line.variant.sku,
            quantity=line.quantity,
            currency=order.currency,
            unit_amount=unit_price.amount,
        )
        for position, (line, unit_price) in enumerate(zip(lines, unit_prices, strict=True), start=1)
    )


def _take_stock(lines: list[CartLine]) -> None:
    try:
        stock.take(quantities={line.variant_id: line.quantity for line in lines})
    except OutOfStock as short:
        variant = next(line.variant for line in lines if line.variant_id == short.variant_id)
        raise OrderError(
            OrderErrorCode.OUT_OF_STOCK,
            f"{carts.only_left(variant, short.left)} Change the quantity or remove it from the cart.",
            field=["cartId"],
        ) from None


def _digest(request: CheckoutRequest) -> str:
    return hashlib.sha256(json.dumps(asdict(request), sort_keys=True).encode()).hexdigest()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
