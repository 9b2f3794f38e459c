"""Checkout: a cart becomes an order, exactly once, and its payment is asked for."""

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac

from accounts import throttling
from accounts.models import User, normalize_email
from accounts.postal import Address
from catalog.errors import OutOfStock
from catalog.services import stock
from ordering import gateways
from ordering.errors import OrderError, OrderErrorCode
from ordering.gateways import GatewayError
from ordering.models import Cart, Order, OrderLine, OrderStatus, Payment, PaymentState, guest_key_of
from ordering.pricing import Step
from ordering.services import addresses, buyers, carts, once, orderable, paying, promoting, quoting, reserving, starting
from ordering.services.quoting import Quote

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
    *, cart_id: UUID, idempotency_key: str, request: CheckoutRequest, actor: User | AnonymousUser
) -> once.Done[Order]:
    """The order of this cart, placed and paid as far as it can be now, and whether an earlier call made it.

    Where the buyer has to do something first, the order is not placed yet and its payment's `action` says what; the
    same call again goes on from there.

    The same key with the same request gives the same answer, also when both run at the same moment. Refused:
    whatever the buyer can mend, a card that was declined (the stock is back, the cart still open), and a gateway that
    does not answer (call again with the same key: the order then continues where it stopped). RateLimited, which is no
    OrderError, for too many orders that nobody has paid yet.
    """
    accepted = _accepted(cart_id, idempotency_key, request, actor)
    try:
        order = paying.settle_payment(order_id=accepted.row.pk)
    except GatewayError:
        order = Order.objects.get(pk=accepted.row.pk)
        if order.placed_at:  # only the capture is still due, and the reaction to the confirmation sees to it
            return once.Done(order, accepted.is_replay)
        raise OrderError(
            OrderErrorCode.GATEWAY_UNAVAILABLE,
            "The payment service does not answer. Call again with the same idempotencyKey; nothing is charged twice.",
            retryable=True,
        ) from None
    if order.placed_at is None and order.payment.state != PaymentState.ACTION_REQUIRED:
        raise OrderError(
            OrderErrorCode.PAYMENT_DECLINED,
            "The payment was declined. Try again with another card.",
            field=["input", "payment", "token"],
        )
    return once.Done(order, accepted.is_replay)


def guest_token_of(order: Order) -> str | None:
    """With what a guest follows the order; None when it belongs to an account. The same at every replay."""
    if order.customer_id:
        return None
    return salted_hmac("ordering.guest_token", str(order.pk), algorithm="sha256").hexdigest()


def _accepted(cart_id: UUID, key: str, request: CheckoutRequest, actor: User | AnonymousUser) -> once.Done[Order]:
    """The order this checkout makes, or made when it was first called."""
    once.check_key(key)

    def place() -> once.Done[Order]:
        return reserving.or_once_more(lambda: _numbered(lambda: _place(cart_id, key, request, actor)), cart_id=cart_id)

    try:
        try:
            return place()
        except OrderError as refused:
            if refused.code != OrderErrorCode.CHECKOUT_IN_PROGRESS or not _given_up(cart_id):
                raise
            return place()
    except OutOfStock as short:
        raise starting.out_of_stock(short) from None
    except IntegrityError as taken:
        if not _is_key_taken(taken):
            raise
        raise once.conflict() from None  # the customer's other cart took it at this very moment


def _numbered(place: Callable[[], once.Done[Order]]) -> once.Done[Order]:
    """What `place` gives, tried once more where another order has the number that was made for this one."""
    try:
        return place()
    except IntegrityError as taken:
        if not _is_number_taken(taken):
            raise
        return place()


def _is_number_taken(error: IntegrityError) -> bool:
    return any(name in _broken_rule(error) for name in ("ordering_order_number", "ordering_order.number"))


def _is_key_taken(error: IntegrityError) -> bool:
    return any(name in _broken_rule(error) for name in ("_and_key", "ordering_order.idempotency_key"))


def _broken_rule(error: IntegrityError) -> str:
    return str(error).splitlines()[0]  # the lines after it show values, which may say anything


@transaction.atomic
def _place(cart_id: UUID, key: str, request: CheckoutRequest, actor: User | AnonymousUser) -> once.Done[Order]:
    buyer = _buyer(cart_id, actor)
    buyers.hold(buyer, field=["cartId"])
    cart = carts.locked_cart(cart_id, actor)
    digest = once.digest_of(asdict(request))
    if earlier := _earlier(cart, key, buyer):
        if earlier.cart_id != cart.pk or earlier.request_digest != digest:
            raise once.conflict()
        return once.Done(earlier, is_replay=True)
    carts.check_open(cart)
    orderable.check_payment(gateway=request.gateway, token=request.payment_token)
    _complete(cart, request)
    email = orderable.checked_email(cart, request.email, buyer)
    customer = None if isinstance(buyer, AnonymousUser) else buyer
    quote = quoting.quote_to_order(cart, customer=customer, email=email)
    orderable.check(cart, quote, expected_total=request.expected_total)
    if cart.drafted_by_id is None and gateways.is_paid_later(request.gateway, request.payment_token):
        throttling.UNPAID_ORDER.count(normalize_email(email))

    drafted_by = actor if cart.drafted_by_id and not isinstance(actor, AnonymousUser) else None
    order = _write_order(cart, key, digest, email, quote, customer, drafted_by)
    _write_lines(order, quote)
    promoting.use(order=order, applied=quote.totals.applied, buyer=quote.buyer)
    Payment.objects.create(
        order=order,
        gateway=request.gateway,
        token=request.payment_token,
        amount=order.total_amount,
        currency=order.currency,
    )
    stock.take(
        quantities={line.variant_id: line.quantity for line in quote.priced},
        promised={line.variant_id: line.reserved for line in quote.priced},
    )
    reserving.used_up(quote.priced)
    return once.Done(order, is_replay=False)


@transaction.atomic
def _given_up(cart_id: UUID) -> bool:
    """Ends the attempt at this cart that waits for its buyer to do something: they have begun another one instead.

    In a transaction of its own, because it locks stock, and what comes next locks promotions before that.
    """
    Cart.objects.select_for_update(of=("self",)).get(pk=cart_id)
    waiting = Order.objects.filter(
        cart=cart_id, status=OrderStatus.PENDING, placed_at=None, payment__state=PaymentState.ACTION_REQUIRED
    )
    order = waiting.select_for_update(of=("self",)).first()
    if order is None:
        return False
    paying.end_checkout(order, "Another checkout was begun instead.")
    return True


def _buyer(cart_id: UUID, actor: User | AnonymousUser) -> User | AnonymousUser:
    """Whoever orders: the actor or, of a draft of the staff, the customer it is for; a guest where it has none."""
    draft = Cart.objects.filter(pk=cart_id, drafted_by__isnull=False).select_related("customer")
    cart = draft.visible_to(actor).first() if actor.is_staff else None
    return actor if cart is None else cart.customer or AnonymousUser()


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
    if request.shipping_method_id is not None:
        cart.shipping_method_id = request.shipping_method_id


def _write_order(
    cart: Cart,
    key: str,
    digest: str,
    email: str,
    quote: Quote,
    customer: User | None,
    drafted_by: User | None,
) -> Order:
    totals = quote.totals
    order = Order(
        number="".join(secrets.choice(NUMBER_ALPHABET) for _ in range(8)),
        customer=customer,
        drafted_by=drafted_by,
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
