"""Carts and orders, as the API shows them."""

from ordering.graphql.types.addresses import PostalAddress
from ordering.graphql.types.cart_problems import CART_PROBLEMS, CartProblem
from ordering.graphql.types.carts import Cart, CartEvent, CartLine, CartMergeOutcome, ShippingMethod
from ordering.graphql.types.documents import Document
from ordering.graphql.types.downloads import DigitalFile, Download
from ordering.graphql.types.drafts import DraftOrder
from ordering.graphql.types.errors import OrderUserError, refusals, refusals_for_staff
from ordering.graphql.types.fulfillments import Fulfillment, FulfillmentLine
from ordering.graphql.types.history import OrderEvent, OrderNote
from ordering.graphql.types.orders import (
    Order,
    OrderAllowedAction,
    OrderFilters,
    OrderLine,
    OrderOrdering,
)
from ordering.graphql.types.payments import Payment, PaymentGateway, Refund, RefundLine
from ordering.graphql.types.prices import PriceStep
from ordering.graphql.types.promotions import CartCoupon, CustomerGroup, OrderPromotion, Promotion, PromotionFilters
from ordering.graphql.types.returns import Return, ReturnFilters, ReturnLine, ReturnReason

__all__ = [
    "CART_PROBLEMS",
    "Cart",
    "CartCoupon",
    "CartEvent",
    "CartLine",
    "CartMergeOutcome",
    "CartProblem",
    "CustomerGroup",
    "DigitalFile",
    "Document",
    "Download",
    "DraftOrder",
    "Fulfillment",
    "FulfillmentLine",
    "Order",
    "OrderAllowedAction",
    "OrderEvent",
    "OrderFilters",
    "OrderLine",
    "OrderNote",
    "OrderOrdering",
    "OrderPromotion",
    "OrderUserError",
    "Payment",
    "PaymentGateway",
    "PostalAddress",
    "PriceStep",
    "Promotion",
    "PromotionFilters",
    "Refund",
    "RefundLine",
    "Return",
    "ReturnFilters",
    "ReturnLine",
    "ReturnReason",
    "ShippingMethod",
    "refusals",
    "refusals_for_staff",
]
