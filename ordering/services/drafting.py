"""Draft orders: carts that the shop's staff fill and order for somebody."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from accounts.postal import Address
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import Cart, Order
from ordering.services import cart_details, carts, once, placing, reserving


@dataclass(frozen=True)
class DraftRequest:
    """For whom: an account, an e-mail address, or an account with another address to write to. And what.

    Lines are (variant id, quantity). All but for whom can be said later, as of any cart.
    """

    customer_id: UUID | None = None
    email: str = ""
    currency: str | None = None
    lines: Sequence[tuple[int, int]] = ()
    shipping_address: Address | None = None
    billing_address: Address | None = None
    shipping_method_id: int | None = None
    note: str = ""


@transaction.atomic
def create_draft(*, request: DraftRequest, idempotency_key: str, actor: User) -> once.Done[Cart]:
    """A cart of the staff's for somebody, who does not see it. The same key gives the same one.

    NOT_FOUND for an account that is not there or has ended; REQUIRED for neither account nor e-mail address; and
    whatever a cart refuses.
    """
    customer = _customer(request.customer_id)
    claim = once.claim(
        scope=once.of_person(actor),
        key=idempotency_key,
        operation="draft_order_create",
        asked=asdict(request),
        actor=actor,
    )
    if claim.answer:
        return once.Done(_drafts(actor).get(pk=claim.answer), is_replay=True)
    if customer is None and not request.email.strip():
        raise OrderError(
            OrderErrorCode.REQUIRED, "Say for whom: a customerId or an email.", field=["input", "customerId"]
        )

    cart = carts.create_cart(actor=AnonymousUser(), lines=request.lines, currency=request.currency)
    cart.customer, cart.drafted_by = customer, actor
    cart.email = cart_details.checked_email(request.email)
    cart.save(update_fields=["customer", "drafted_by", "email"])
    _fill(cart, request, actor)
    claim.keep(cart)
    cart.refresh_from_db()
    return once.Done(cart, is_replay=False)


def complete_draft(
    *,
    draft_id: UUID,
    idempotency_key: str,
    gateway: str,
    payment_token: str,
    expected_total: Decimal | None,
    actor: User,
) -> once.Done[Order]:
    """Orders a draft for whom it is: through the same checkout, with the same refusals, as of that customer's cart.

    The order names who placed it. Not to be called within a transaction.
    """
    if not _drafts(actor).filter(pk=draft_id).exists():
        raise _not_found()
    checkout = placing.CheckoutRequest(gateway=gateway, payment_token=payment_token, expected_total=expected_total)
    done = placing.checkout(cart_id=draft_id, idempotency_key=idempotency_key, request=checkout, actor=actor)
    if done.row.placed_at is None:
        raise OrderError(
            OrderErrorCode.PAYMENT_ACTION_REQUIRED,
            "The bank wants the buyer to confirm this payment in their own browser. Choose another way to pay.",
            field=["input", "payment", "token"],
        )
    return done


@transaction.atomic
def delete_draft(*, draft_id: UUID, actor: User) -> Cart:
    """Removes a draft that was not ordered, and returns it as it was. What it holds of the stock is given back."""
    draft = _drafts(actor).select_for_update(of=("self",)).filter(pk=draft_id).first()
    if draft is None:
        raise _not_found()
    carts.check_open(draft, field="id")

    reserving.delete_carts(cart_ids=[draft.pk])
    return draft


def _drafts(actor: User) -> QuerySet[Cart]:
    return Cart.objects.visible_to(actor).filter(drafted_by__isnull=False)


def _customer(customer_id: UUID | None) -> User | None:
    """The account it is for, which does not end meanwhile."""
    if customer_id is None:
        return None
    active = User.objects.select_for_update(no_key=True).filter(pk=customer_id, is_active=True)
    customer = active.first()
    if customer is None:
        raise OrderError(
            OrderErrorCode.NOT_FOUND,
            "There is no such customer, or their account has ended.",
            field=["input", "customerId"],
        )
    return customer


def _fill(cart: Cart, request: DraftRequest, actor: User) -> None:
    """What the request says besides the lines, as each is said of any cart."""
    try:
        if request.shipping_address or request.billing_address:
            cart_details.set_addresses(
                cart_id=cart.pk,
                actor=actor,
                shipping_address=request.shipping_address,
                billing_address=request.billing_address,
            )
        if request.shipping_method_id is not None:
            cart_details.set_shipping_method(cart_id=cart.pk, method_id=request.shipping_method_id, actor=actor)
        if request.note:
            cart_details.set_note(cart_id=cart.pk, note=request.note, actor=actor)
    except OrderError as refused:
        if refused.field and refused.field[0] != "input":
            refused.field = ["input", *refused.field]
        raise


def _not_found() -> OrderError:
    return OrderError(OrderErrorCode.NOT_FOUND, "There is no such draft order.", field=["id"])
