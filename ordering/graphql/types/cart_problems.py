"""What keeps a cart from being checked out as it is, one type for each kind."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from ordering.graphql.types.errors import OrderErrorCode
from ordering.services import problems
from schema import kit

if TYPE_CHECKING:
    from ordering.graphql.types.carts import CartLine, ShippingMethod

_CARTS = strawberry.lazy("ordering.graphql.types.carts")


@strawberry.interface
class CartProblem:
    """Something to show the buyer before checkout, which would refuse the cart with `code`."""

    code: OrderErrorCode
    message: str = strawberry.field(description="For the buyer: what is wrong.")
    line: Annotated["CartLine", _CARTS] | None = strawberry.field(description="Null when it is about the whole cart.")


@strawberry.type
class VariantUnavailable(CartProblem):
    """The shop does not sell it any more: remove the line."""


@strawberry.type
class NoPriceInCurrency(CartProblem):
    """It is not sold in the cart's currency any more: remove the line."""


@strawberry.type
class OnlySomeLeft(CartProblem):
    """There are fewer than are in the cart: set the quantity to `available`, or remove the line when it is 0."""

    available: int = strawberry.field(description="With what is reserved for this cart.")


@strawberry.type
class PriceChanged(CartProblem):
    """One costs something else than when the buyer last put it in or changed it.

    It goes away when `cartLinesUpdate` sets the quantity, the same one included. `checkoutComplete` takes the new price
    when `expectedTotal` names the new total.
    """

    from_price: kit.Money = strawberry.field(name="from")
    to_price: kit.Money = strawberry.field(name="to")


@strawberry.type
class BelowMinimum(CartProblem):
    """The goods, before discounts, are worth too little to be ordered."""

    minimum: kit.Money
    missing: kit.Money


@strawberry.type
class ShippingUnavailable(CartProblem):
    """The shop does not ship this, or not to the cart's address."""


@strawberry.type
class ShippingMethodUnavailable(CartProblem):
    """The chosen method does not send this there: choose one of `availableShippingMethods`."""

    shipping_method: Annotated["ShippingMethod", _CARTS]


@strawberry.type
class CouponRefused(CartProblem):
    """A coupon of the cart does not apply, and takes nothing off.

    Checkout refuses it until it is removed, or `expectedTotal` names the total without it.
    """

    coupon: str = strawberry.field(description="Its code.")


# For the schema: nothing else names them.
CART_PROBLEMS = [
    VariantUnavailable,
    NoPriceInCurrency,
    OnlySomeLeft,
    PriceChanged,
    BelowMinimum,
    ShippingUnavailable,
    ShippingMethodUnavailable,
    CouponRefused,
]


def problem_of(problem: problems.Problem) -> CartProblem:
    """The problem as the API shows it."""
    told = {"code": problem.code, "message": problem.message, "line": problem.line}
    match problem:
        case problems.OnlySomeLeft():
            return OnlySomeLeft(**told, available=problem.available)
        case problems.PriceChanged():
            return PriceChanged(**told, from_price=kit.Money.of(problem.before), to_price=kit.Money.of(problem.now))
        case problems.BelowMinimum():
            return BelowMinimum(**told, minimum=kit.Money.of(problem.minimum), missing=kit.Money.of(problem.missing))
        case problems.ShippingMethodUnavailable():
            return ShippingMethodUnavailable(**told, shipping_method=problem.method)
        case problems.CouponRefused():
            return CouponRefused(**told, coupon=problem.coupon)
        case _:
            return _WITHOUT_MORE[type(problem)](**told)


_WITHOUT_MORE: dict[type[problems.Problem], type[CartProblem]] = {
    problems.VariantUnavailable: VariantUnavailable,
    problems.NoPriceInCurrency: NoPriceInCurrency,
    problems.ShippingUnavailable: ShippingUnavailable,
}
