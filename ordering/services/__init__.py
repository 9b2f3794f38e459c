"""What ordering can do. Carts, checkout, payment, and every move of an order, one module a verb."""

from accounts.postal import Address
from ordering.services.approving import approve, reject
from ordering.services.cart_details import set_addresses, set_note, set_shipping_method
from ordering.services.carts import add_lines, create_cart, remove_lines, shipping_methods, update_lines
from ordering.services.fulfilling import Parcel, deliver, fulfill
from ordering.services.merging import merge as merge_carts
from ordering.services.moving import allowed_actions, cancel, confirm, hold, process, release
from ordering.services.noting import add_note
from ordering.services.paying import settle_payment
from ordering.services.placing import CheckoutRequest, checkout, guest_token_of
from ordering.services.receiving import Receipt, payment_receive
from ordering.services.reconciling import reconcile_payments
from ordering.services.recovering import settle_open_payments
from ordering.services.refunding import RefundRequest, refund_create, settle_open_refunds, settle_refunds
from ordering.services.reserving import release_expired, tell_expiring
from ordering.services.reviewing import payment_accept
from ordering.services.starting import start_checkout
from ordering.services.states import may_manage
from ordering.services.tracking import track

__all__ = [
    "Address",
    "CheckoutRequest",
    "Parcel",
    "Receipt",
    "RefundRequest",
    "add_lines",
    "add_note",
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
    "may_manage",
    "merge_carts",
    "payment_accept",
    "payment_receive",
    "process",
    "reconcile_payments",
    "refund_create",
    "reject",
    "release",
    "release_expired",
    "remove_lines",
    "set_addresses",
    "set_note",
    "set_shipping_method",
    "settle_open_payments",
    "settle_open_refunds",
    "settle_payment",
    "settle_refunds",
    "shipping_methods",
    "start_checkout",
    "tell_expiring",
    "track",
    "update_lines",
]
