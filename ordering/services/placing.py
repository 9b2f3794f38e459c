"""Checkout: a cart becomes an order, exactly once, and its payment is asked for."""

import secrets
from dataclasses import asdict, dataclass
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac

from accounts.models import User
from accounts.postal import Address
from accounts.services import checks
from catalog.errors import OutOfStock
from catalog.services import stock
from ordering.errors import OrderError, OrderErrorCode
from ordering.gateways import GatewayError
from ordering.models import Cart, CartLine, Order, OrderLine, Payment, guest_key_of
from ordering.pricing import Step
from ordering.services import addresses, carts, once, paying, promoting, quoting
from ordering.services.quoting import Quote

MAX_TOKEN = 255
MAX_EMAIL = 254
# What the columns of an order can hold.
MAX_TOTAL = 10**11
# Read out on the telephone without mistakes: no vowels, so no words; no 0/O, 1/I/L, 2/Z, 5/S, 8/B.
NUMBER_ALPHABET = "34679CDFGHJKMNPQRTVWXY"


@dataclass(frozen=True)
class CheckoutRequest:
    """What a buyer sends to check out. Addresses, e-mail and method may stand in the cart already.

    `expected_total` is what the buyer was shown: another total is refused.
    """

    payment_token: str
    gateway: str = "sandbox"
    shipping_address: Address | None = None
    billing_address: Address | None = None
    email: str | None = None
    shipping_method_id: int | None = None
    expected_total: Decimal | None = None


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
    once.check_key(key)
    try:
        with transaction.atomic():
            return _place(cart_id, key, request, actor).pk
    except IntegrityError:  # the customer's other cart took the key at this very moment
        raise once.conflict() from None


def _place(cart_id: UUID | str, key: str, request: CheckoutRequest, actor: User | AnonymousUser) -> Order:
    _check_account(actor)
    cart = carts.locked_cart(cart_id, actor)
    digest = once.digest_of(asdict(request))
    if earlier := _earlier(cart, key, actor):
        if earlier.cart_id != cart.pk or earlier.request_digest != digest:
            raise once.conflict()
        return earlier
    carts.check_open(cart)
    _check_payment(request)
    _complete(cart, request)
    email = _checked_email(cart, request, actor)
    customer = None if isinstance(actor, AnonymousUser) else actor
    quote = quoting.quote(cart, customer=customer, email=email)
    if quote.totals.applied:
        # Locked, they are looked at again: somebody else may have used them up meanwhile.
        promoting.lock(promotion_ids=quote.totals.applied)
        quote = quoting.quote_anew(cart, customer=customer, email=email)
    _check(cart, quote, request)

    order = _write_order(cart, key, digest, email, quote, customer)
    _write_lines(order, quote)
    promoting.use(order=order, applied=quote.totals.applied, buyer=quote.buyer)
    Payment.objects.create(
        order=order,
        gateway=request.gateway,
        token=request.payment_token,
        amount=order.total_amount,
        currency=order.currency,
    )
    _take_stock(quote.priced)
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


def _complete(cart: Cart, request: CheckoutRequest) -> None:
    """The cart with what the checkout says of its addresses and the way to send it. Not saved: the order has it."""
    if request.shipping_address:
        cart.shipping_address = addresses.checked(request.shipping_address, path=["input", "shippingAddress"])
    if request.billing_address:
        cart.billing_address = addresses.checked(request.billing_address, path=["input", "billingAddress"])
    if request.shipping_method_id:
        cart.shipping_method_id = request.shipping_method_id


def _check(cart: Cart, quote: Quote, request: CheckoutRequest) -> None:
    """Refuses what cannot be ordered as it is, the first reason first."""
    _check_lines(cart, quote)
    _check_shipping(cart, quote)
    _check_price(cart, quote, request)
    if quote.totals.total.amount >= MAX_TOTAL:
        raise OrderError(
            OrderErrorCode.INVALID, "This order is larger than the shop can take at once. Split it.", field=["cartId"]
        )


def _check_lines(cart: Cart, quote: Quote) -> None:
    if not quote.lines:
        raise OrderError(OrderErrorCode.CART_EMPTY, "The cart is empty. Add something first.", field=["cartId"])
    for line in quote.lines:
        if not quoting.is_buyable(line):
            raise OrderError(
                OrderErrorCode.VARIANT_UNAVAILABLE,
                f"{line.variant.sku} is not on sale any more. Remove it from the cart.",
                field=["cartId"],
            )
        if quote.unit_prices[line.pk] is None:
            raise OrderError(OrderErrorCode.VARIANT_UNAVAILABLE, carts.unpriced(line.variant, cart), field=["cartId"])


def _check_shipping(cart: Cart, quote: Quote) -> None:
    if not quote.needs_shipping:
        if not (cart.shipping_address or cart.billing_address):
            raise OrderError(
                OrderErrorCode.REQUIRED, "Give the address for the invoice.", field=["input", "billingAddress"]
            )
        return
    if not cart.shipping_address:
        raise OrderError(
            OrderErrorCode.REQUIRED,
            "Give the address to send it to, here or with cartAddressesSet.",
            field=["input", "shippingAddress"],
        )
    wanted = cart.shipping_method_id
    if quote.method is None or (wanted and quote.method.pk != wanted):
        raise OrderError(
            OrderErrorCode.SHIPPING_UNAVAILABLE,
            f"{'This method' if wanted else 'The shop'} does not ship orders like this in {cart.currency} to that "
            "country.",
            field=["input", "shippingMethodId"] if wanted else ["input", "shippingAddress", "country"],
        )


def _check_price(cart: Cart, quote: Quote, request: CheckoutRequest) -> None:
    """The buyer pays what they agreed to: the total they name or, naming none, the prices they saw last."""
    total = quote.totals.total
    if request.expected_total is not None:
        if request.expected_total != total.amount:
            raise OrderError(
                OrderErrorCode.PRICE_CHANGED,
                f"The total is {total.amount} {cart.currency} now, not {request.expected_total}. Show the cart again.",
                field=["input", "expectedTotal"],
            )
        return
    for line in quote.priced:
        now = quote.unit_prices[line.pk]
        if now is not None and line.agreed_price not in (None, now):
            raise OrderError(
                OrderErrorCode.PRICE_CHANGED,
                f"{line.variant.sku} costs {now.amount} {cart.currency} now. Show the cart again and send its total "
                "as expectedTotal.",
                field=["input", "expectedTotal"],
            )


def _checked_email(cart: Cart, request: CheckoutRequest, actor: User | AnonymousUser) -> str:
    email = (request.email or "").strip() or cart.email or getattr(actor, "email", "")
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


def _write_order(cart: Cart, key: str, digest: str, email: str, quote: Quote, customer: User | None) -> Order:
    totals = quote.totals
    order = Order(
        number="".join(secrets.choice(NUMBER_ALPHABET) for _ in range(8)),
        customer=customer,
        email=email,
        currency=cart.currency,
        note=cart.note,
        subtotal_amount=totals.subtotal.amount,
        discount_amount=totals.discount.amount,
        shipping_amount=totals.shipping.amount,
        shipping_discount_amount=totals.shipping_discount.amount,
        shipping_tax_amount=totals.shipping_tax.amount,
        shipping_tax_percent=totals.shipping_rate.percent if totals.shipping_rate else 0,
        prices_include_tax=settings.PRICES_INCLUDE_TAX,
        tax_amount=totals.tax.amount,
        included_tax_amount=totals.included_tax.amount,
        total_amount=totals.total.amount,
        price_breakdown=[_told(step) for step in totals.steps],
        shipping_method=quote.method.name if quote.method else "",
        shipping_address=cart.shipping_address or cart.billing_address,
        billing_address=cart.billing_address or cart.shipping_address,
        cart=cart,
        idempotency_key=key,
        request_digest=digest,
    )
    if guest_token := guest_token_of(order):
        order.guest_key = guest_key_of(guest_token)
    order.save(force_insert=True)
    return order


def _told(step: Step) -> dict[str, str | None]:
    return {
        "kind": step.kind,
        "label": step.label,
        "reason": step.reason,
        "amount": str(step.amount.amount),
        "code": step.code,
    }


def _write_lines(order: Order, quote: Quote) -> None:
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            variant=line.variant,
            position=position,
            product_name=line.variant.product.name,
            variant_name=line.variant.name,
            sku=line.variant.sku,
            quantity=line.quantity,
            is_digital=line.variant.product.is_digital,
            currency=order.currency,
            unit_amount=quote.price_of(line).amount,
            discount_amount=priced.discount.amount,
            tax_amount=priced.tax.amount,
            tax_percent=priced.rate.percent if priced.rate else 0,
            tax_name=priced.rate.name if priced.rate else "",
        )
        for position, (line, priced) in enumerate(zip(quote.priced, quote.totals.lines, strict=True), start=1)
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
