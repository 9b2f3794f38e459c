"""Carts that nobody touches any more: one reminder for whoever filled it, and their end."""

import base64
from collections.abc import Callable, Collection
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from catalog.services import stock
from notifications import outbox
from notifications.models import Notification
from ordering import events
from ordering.models import CART_LIFETIME, Cart, CartLine
from ordering.services import carts, reserving

# A reminder is sent when nobody touched a cart for so long, but not of one that was forgotten long ago.
REMINDED_AFTER = timedelta(hours=24)
REMINDED_UNTIL = timedelta(days=3)
# So many carts are read, or written, in one transaction.
BATCH = 100
# So many lines an e-mail names; of the others it says how many there are.
MAX_NAMED = 10


# ── The end ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def delete_expired() -> int:
    """Deletes the carts that nobody touched for 60 days, with what happened to them; what they hold back is free again.
    Those that were ordered stay, and drafts of staff. Returns how many went."""
    return _all_of(_delete_some)


@transaction.atomic
def _delete_some() -> int:
    old = Cart.objects.filter(completed_at=None, drafted_by=None, updated_at__lt=timezone.now() - CART_LIFETIME)
    cart_ids = _locked_ids(old.exclude(_is_being_paid()))
    reserving.delete_carts(cart_ids=cart_ids)
    return len(cart_ids)


# ── The reminder ─────────────────────────────────────────────────────────────────────────────────────────────────────
def remind() -> int:
    """Writes once to whoever left something in a cart for a day: to the customer, or to the address a guest gave.

    Nobody is written to of several carts within three days. Returns how many carts were looked after; again changes
    nothing.
    """
    return _all_of(_remind_some)


@transaction.atomic
def _remind_some() -> int:
    now = timezone.now()
    left = Cart.objects.open().filter(reminded_at=None, updated_at__range=(now - REMINDED_UNTIL, now - REMINDED_AFTER))
    to_write_to = Q(customer__is_active=True) | (Q(customer=None) & ~Q(email=""))
    filled = left.filter(to_write_to, Exists(CartLine.objects.filter(cart=OuterRef("pk"))))
    cart_ids = _locked_ids(filled.exclude(_is_being_paid()))
    found = Cart.objects.select_related("customer").prefetch_related("lines__variant__product")
    newest_first = list(found.filter(pk__in=cart_ids).order_by("-updated_at", "pk"))
    addresses = {cart.pk: cart.customer.email if cart.customer else cart.email for cart in newest_first}
    told = _told_lately(addresses.values())
    for cart in newest_first:
        address = addresses[cart.pk]
        if address.lower() not in told:
            outbox.record(
                _abandoned(cart),
                about=cart,
                users=[cart.customer_id] if cart.customer_id else [],
                emails=[address],
            )
            told.add(address.lower())
    # Not `save`: to be reminded of is not to be touched.
    Cart.objects.filter(pk__in=cart_ids).update(reminded_at=now)
    return len(cart_ids)


def _told_lately(addresses: Collection[str]) -> set[str]:
    lately = Notification.objects.filter(
        event__type=events.CartAbandoned.type, created_at__gt=timezone.now() - REMINDED_UNTIL
    )
    written = lately.annotate(address=Lower("email")).filter(address__in=[address.lower() for address in addresses])
    return set(written.values_list("address", flat=True))


def _abandoned(cart: Cart) -> events.CartAbandoned:
    lines = list(cart.lines.all())
    return events.CartAbandoned(
        lines=[events.LeftLine(quantity=line.quantity, name=stock.name_of(line.variant)) for line in lines[:MAX_NAMED]],
        more=max(0, len(lines) - MAX_NAMED),
        url=_page_of(cart),
    )


def _page_of(cart: Cart) -> str:
    """The frontend's page of it. Behind the # the id reaches no server's log: for a guest it is the key."""
    global_id = base64.b64encode(f"Cart:{cart.pk}".encode()).decode()
    return f"{settings.FRONTEND_URL.rstrip('/')}/cart#id={global_id}"


# ── Both ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _is_being_paid() -> Exists:
    """A checkout of it waits for its payment: it is somebody's to decide."""
    return Exists(carts.waiting_payments().filter(order__cart=OuterRef("pk")))


def _locked_ids(wanted: QuerySet[Cart]) -> list[UUID]:
    """The keys of some of these, for update, in their order. Whoever touched one meanwhile has taken it out of them."""
    some = list(wanted.order_by("updated_at").values_list("pk", flat=True)[:BATCH])
    return list(wanted.filter(pk__in=some).select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))


def _all_of(work: Callable[[], int]) -> int:
    total = 0
    while done := work():
        total += done
    return total
