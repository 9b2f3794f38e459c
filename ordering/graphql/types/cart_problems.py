"""What keeps a cart from being checked out as it is, one type for each kind."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry
from strawberry_django.optimizer import optimize

from ordering import models
from ordering.graphql.types.errors import OrderErrorCode
from ordering.services import problems
from schema import kit

if TYPE_CHECKING:
    from ordering.graphql.types.carts import CartLine, ShippingMethod

_CARTS = strawberry.lazy("ordering.graphql.types.carts")


class _Lines:
    """The lines of a cart's problems, loaded together with what the client asked of them."""

    def __init__(self, cart: models.Cart, line_ids: list[UUID]):
        self._cart = cart
        self._line_ids = line_ids
        self._loaded: dict[object, dict[UUID, models.CartLine]] = {}

    def of(self, kind: type, line_id: UUID, info: kit.Info) -> models.CartLine | None:
        """One of them. Each kind of problem may be asked for other fields of its line, so each loads them anew."""
        asked = (kind, info.path.key)
        if asked not in self._loaded:
            lines = optimize(models.CartLine.objects.filter(pk__in=self._line_ids), info)
            self._loaded[asked] = {line.pk: line for line in lines}
            for line in self._loaded[asked].values():
                line.cart = self._cart
        return self._loaded[asked].get(line_id)


@strawberry.interface
class CartProblem:
    """Something to show the buyer before checkout, which would refuse the cart with `code`."""

    code: OrderErrorCode
    message: str = strawberry.field(description="For the buyer: what is wrong.")
    line_id: strawberry.Private[UUID | None]
    lines: strawberry.Private[_Lines]

    @strawberry.field(description="Null when it is about the whole cart.")
    def line(self, info: kit.Info) -> Annotated["CartLine", _CARTS] | None:
        return self.lines.of(type(self), self.line_id, info) if self.line_id else None


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


def problems_of(cart: models.Cart) -> list[CartProblem]:
    """The cart's problems as the API shows them."""
    found = problems.of_cart(cart)
    lines = _Lines(cart, [problem.line.pk for problem in found if problem.line])
    return [_shown(problem, lines) for problem in found]


def _shown(problem: problems.Problem, lines: _Lines) -> CartProblem:
    line_id = problem.line.pk if problem.line else None
    told = {"code": problem.code, "message": problem.message, "line_id": line_id, "lines": lines}
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
