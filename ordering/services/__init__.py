"""What ordering can do. Carts, checkout, payment, and every move of an order, one module a verb."""

from accounts.postal import Address
from ordering.services.approving import approve, reject
from ordering.services.carts import add_lines, create_cart, remove_lines, shipping_methods, update_lines
from ordering.services.fulfilling import Parcel, deliver, fulfill
from ordering.services.moving import allowed_actions, cancel, confirm, hold, release
from ordering.services.paying import settle_open_payments, settle_payment
from ordering.services.placing import CheckoutRequest, checkout, guest_token_of
from ordering.services.quoting import quote

__all__ = [
    "Address",
    "CheckoutRequest",
    "Parcel",
    "add_lines",
    "allowed_actions",
    "approve",
    "cancel",
    "checkout",
    "confirm",
    "create_cart",
    "deliver",
    "fulfill",
    "guest_token_of",
    "hold",
    "quote",
    "reject",
    "release",
    "remove_lines",
    "settle_open_payments",
    "settle_payment",
    "shipping_methods",
    "update_lines",
]
