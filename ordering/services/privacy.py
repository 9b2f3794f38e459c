"""What carts and orders hold on a person: handing it out, and keeping of an erased customer's what accounting needs."""

import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from notifications import services as notifications
from notifications.models import Event
from ordering import events
from ordering.models import (
    RETURN_TRANSITIONS,
    TRANSITIONS,
    Cart,
    Fulfillment,
    Order,
    OrderNote,
    OrderStatus,
    Payment,
    PromotionUse,
    Refund,
    RefundState,
    Return,
)
from ordering.services import once, reserving

logger = logging.getLogger(__name__)

# So many orders are read, or written, at once.
BATCH = 200
# Where the goods went decides which tax was due; whose door it was does not.
_KEPT_OF_ADDRESS = frozenset({"country", "region", "postal_code"})
# What a buyer sends a key with. Staff may still repeat what they did, so that no money goes back twice.
_BUYERS_OPERATIONS = frozenset({"order_cancel", "return_request"})
_DONE = frozenset(status for status, further in TRANSITIONS.items() if not further)
_RETURNS_UNDER_WAY = frozenset(status for status, further in RETURN_TRANSITIONS.items() if further)


def has_open_orders(*, user: User) -> bool:
    """Whether something is still to come: goods, a decision, a payment. Named by `settings.ACCOUNT_ERASURE_GATE`."""
    to_pay = Q(status=OrderStatus.DELIVERED, is_payment_awaited=True)
    orders = Order.objects.filter(~Q(status__in=_DONE) | to_pay, customer=user)
    coming_back = Return.objects.filter(order__customer=user, status__in=_RETURNS_UNDER_WAY)
    to_be_refunded = Refund.objects.filter(payment__order__customer=user, state=RefundState.REQUESTED)
    return orders.exists() or coming_back.exists() or to_be_refunded.exists()


# ── Handing it out ───────────────────────────────────────────────────────────────────────────────────────────────────
def personal_data(*, user: User) -> dict[str, Any]:
    """The carts and orders of somebody's account, whole. Named by `settings.PERSONAL_DATA`."""
    carts = Cart.objects.filter(_carts_of(user)).distinct().prefetch_related("lines__variant", "coupons")
    history = models.Prefetch("events", Event.objects.order_by("seq"))
    related: list[Any] = ["payment", "lines__downloads__file", "fulfillments", "promotion_uses__promotion", history]
    related += ["returns__lines__order_line", "payment__refunds", "notes", "documents"]
    orders = Order.objects.filter(customer=user).prefetch_related(*related)
    return {
        "carts": [_told_cart(cart) for cart in carts.order_by("created_at", "pk").iterator(BATCH)],
        "customer_groups": list(user.customer_groups.order_by("name").values_list("name", flat=True)),
        "orders": [_told_order(order, user) for order in orders.order_by("created_at", "pk").iterator(BATCH)],
    }


def _told_cart(cart: Cart) -> dict[str, Any]:
    return {
        **_columns(cart, ["currency", "email", "note", "shipping_address", "billing_address"]),
        **_columns(cart, ["created_at", "updated_at", "reminded_at", "completed_at"]),
        "lines": [{"sku": line.variant.sku, **_columns(line, ["quantity", "created_at"])} for line in cart.lines.all()],
        "coupons": [coupon.code for coupon in cart.coupons.all()],
    }


def _told_order(order: Order, user: User) -> dict[str, Any]:
    what = ["number", "status", "payment_status", "email", "created_at", "placed_at", "idempotency_key"]
    amounts = ["subtotal", "discount", "shipping", "tax", "included_tax", "total"]
    line = ["sku", "product_name", "variant_name", "quantity", "quantity_fulfilled", "currency", "unit_amount"]
    line += ["discount_amount", "tax_amount"]
    parcel = ["carrier", "tracking_number", "tracking_url", "created_at"]
    paid = ["gateway", "state", "amount", "captured_amount", "refunded_amount", "currency", "reference"]
    paid += ["review_reason", "created_at", "updated_at"]
    refund = ["state", "amount", "currency", "reason", "created_at", "settled_at"]
    return {
        **_columns(order, what),
        "currency": order.currency,
        **_columns(order, [f"{amount}_amount" for amount in amounts]),
        **_columns(order, ["shipping_method", "shipping_address", "billing_address", "note", "price_breakdown"]),
        # What the staff wrote of the buyer is about the buyer; who wrote it is not.
        "notes": [_columns(row, ["text", "created_at"]) for row in order.notes.all()],
        "lines": [_columns(row, line) for row in order.lines.all()],
        "promotions": [
            {"name": use.promotion.name, "code": use.promotion.code, "amount": use.amount}
            for use in order.promotion_uses.all()
        ],
        "parcels": [_columns(row, parcel) for row in order.fulfillments.all()],
        "documents": [_columns(row, ["kind", "number", "issued_at", "data"]) for row in order.documents.all()],
        "downloads": [
            {"name": row.file.name, **_columns(row, ["downloads_left", "expires_at", "started_at"])}
            for bought in order.lines.all()
            for row in bought.downloads.all()
        ],
        "returns": [
            {
                **_columns(row, ["status", "note", "decision_note", "requested_at", "decided_at", "received_at"]),
                "lines": [
                    {"sku": line.order_line.sku, **_columns(line, ["quantity", "reason"])} for line in row.lines.all()
                ],
            }
            for row in order.returns.all()
        ],
        "payment": _columns(order.payment, paid),
        "refunds": [_columns(row, refund) for row in order.payment.refunds.all()],
        "history": [notifications.told(event=event, user=user) for event in order.events.all()],
    }


def _columns(row: models.Model, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


# ── Forgetting ───────────────────────────────────────────────────────────────────────────────────────────────────────
def forget_customer(*, user_id: UUID | str) -> None:
    """Leaves of an erased person's orders what accounting needs: number, status, dates, lines, amounts, the gateway's
    reference, where to as far as the postal code, and invoices and credit notes as they were issued, which the law
    wants kept unchanged. Their carts go. Again changes nothing.

    Orders that were placed without signing in are nobody's account's, whatever e-mail address they were given.
    """
    user = User.objects.get(pk=user_id, erased_at__isnull=False)
    user.customer_groups.clear()
    order_ids = list(Order.objects.filter(customer=user).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(order_ids), BATCH):
        _forget_orders(order_ids[start : start + BATCH], user)
    reserving.delete_carts(cart_ids=list(Cart.objects.filter(_carts_of(user)).values_list("pk", flat=True)))


def forget_erased_customers() -> int:
    """Forgets whom the news of their erasure did not reach here. Returns how many there were."""
    known = Order.objects.filter(~Q(email="") | Q(cart__isnull=False, cart__customer=None), customer=OuterRef("pk"))
    erased = User.objects.filter(erased_at__isnull=False)
    left = erased.filter(Exists(known) | Exists(Cart.objects.filter(customer=OuterRef("pk"))))
    user_ids = list(left.order_by("-erased_at").values_list("pk", flat=True)[:BATCH])
    for user_id in user_ids:
        try:
            forget_customer(user_id=user_id)
        except Exception:  # one that cannot be forgotten must not hold up the others
            logger.exception("The orders of the erased account %s still hold what was personal.", user_id)
    return len(user_ids)


def _carts_of(user: User) -> Q:
    """Also one that was filled by a guest, who then signed in to check out, or had it merged."""
    return Q(customer=user) | Q(customer=None, orders__customer=user) | Q(merged_into__customer=user)


@transaction.atomic
def _forget_orders(order_ids: list[UUID], user: User) -> None:
    orders = list(Order.objects.select_for_update(of=("self",)).filter(pk__in=order_ids).order_by("pk"))
    for order in orders:
        order.email = ""
        order.note = ""
        order.shipping_address = _anonymised(order.shipping_address)
        order.billing_address = _anonymised(order.billing_address)
        # What the client chose may say anything, and the digest can be guessed back to the address. Stays unique.
        order.idempotency_key = str(order.pk)
        order.request_digest = ""
    Order.objects.bulk_update(
        orders, ["email", "note", "shipping_address", "billing_address", "idempotency_key", "request_digest"]
    )
    once.forget(orders=orders, operations=_BUYERS_OPERATIONS)
    OrderNote.objects.filter(order__in=order_ids).update(text="")
    Payment.objects.filter(order__in=order_ids).update(token="", action={})
    Refund.objects.filter(payment__order__in=order_ids).update(reason="")
    PromotionUse.objects.filter(order__in=order_ids).update(customer=None, email_key="")
    # A carrier's page shows whose parcel it is.
    Fulfillment.objects.filter(order__in=order_ids).update(tracking_number="", tracking_url="")
    Return.objects.filter(order__in=order_ids).update(note="", decision_note="")
    notifications.forget_history(model=Order, keys=order_ids, user=user, texts=events.PERSONAL)


def _anonymised(address: dict[str, str]) -> dict[str, str]:
    return {part: value if part in _KEPT_OF_ADDRESS else "" for part, value in address.items()}
