"""Finding an order again without an account: by its number and the e-mail address it was placed with."""

from django.utils.crypto import constant_time_compare

from accounts import throttling
from accounts.models import normalize_email
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import MAX_NUMBER, Order, normalised_number


def track(*, number: str, email: str) -> Order:
    """The order that a guest placed with this address; NOT_FOUND, always in the same words, for any other pair.

    `RateLimited`, which is no OrderError, for who asks too often: counted for the address and for the client, whether
    or not there is such an order.
    """
    email = normalize_email(email)
    throttling.ORDER_LOOKUP.count(email.casefold())
    placed = Order.objects.filter(number=normalised_number(number)[:MAX_NUMBER], placed_at__isnull=False)
    order = placed.first()
    known = order.email if order and not order.customer_id else ""
    is_theirs = constant_time_compare(_plain(known), _plain(email))
    if order is None or not known or not is_theirs:
        raise OrderError(
            OrderErrorCode.NOT_FOUND,
            "There is no order with this number and e-mail address. Both stand in its confirmation; who ordered with "
            "an account signs in.",
            field=["number"],
        )
    return order


def _plain(email: str) -> bytes:
    return email.casefold().encode(errors="replace")
