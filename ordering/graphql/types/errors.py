"""Refusals of ordering, as the API shows them."""

import strawberry

from ordering import errors
from ordering.permissions import OrderPermission
from schema import kit

OrderErrorCode = strawberry.enum(errors.OrderErrorCode, description="Why a cart or order mutation was refused.")


@strawberry.type
class OrderUserError(kit.UserError):
    code: OrderErrorCode


# `extensions=[refusals]`: what ordering refuses becomes the payload's `userErrors`.
refusals = kit.refusals(errors.OrderError, OrderUserError)
# The same, for who may work on orders.
refusals_for_staff = [*kit.needs(OrderPermission.MANAGE_ORDERS), refusals]
