"""Keeping promotions, and coupons in carts."""

import strawberry
from strawberry import relay

from accounts.graphql.types import User
from ordering.graphql import types
from ordering.graphql.inputs import promotions as inputs
from ordering.permissions import OrderPermission
from ordering.services import coupons, groups, promotions
from schema import kit

_for_keepers = [*kit.needs(OrderPermission.MANAGE_PROMOTIONS), types.refusals]


@strawberry.type
class CartCouponApplyPayload:
    cart: types.Cart | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CartCouponRemovePayload:
    cart: types.Cart | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CouponCreatePayload:
    promotion: types.Promotion | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CouponUpdatePayload:
    promotion: types.Promotion | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CouponDeactivatePayload:
    promotion: types.Promotion | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class PromotionCreatePayload:
    promotion: types.Promotion | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class PromotionUpdatePayload:
    promotion: types.Promotion | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class PromotionDeactivatePayload:
    promotion: types.Promotion | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CustomerGroupCreatePayload:
    customer_group: types.CustomerGroup | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CustomerGroupMembersSetPayload:
    customer_group: types.CustomerGroup | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        description="""Puts a coupon on the cart, in any case and with spaces around it; at most 5.

COUPON_UNKNOWN, COUPON_EXPIRED, COUPON_EXHAUSTED, COUPON_NOT_APPLICABLE (what is in the cart, who buys, or how much it
costs does not fit: `message` says what) and COUPON_ALREADY_APPLIED. Whoever tries many codes that do not exist is
RATE_LIMITED. Conditions are looked at again whenever the cart is shown, and at checkout, which refuses with these codes
rather than charge more than was shown.

```graphql
mutation {
  cartCouponApply(cartId: "…", code: "SUMMER10") {
    cart { coupons { code discount { amount } isApplied reason } discountTotal { amount } total { amount currency } }
    userErrors { code message }
  }
}
```""",
    )
    def cart_coupon_apply(self, info: kit.Info, cart_id: relay.GlobalID, code: str) -> CartCouponApplyPayload | None:
        cart = coupons.apply(cart_id=kit.pk(cart_id, types.Cart), code=code, actor=kit.viewer(info))
        return CartCouponApplyPayload(cart=cart)

    @strawberry.mutation(
        extensions=[types.refusals],
        description="Takes a coupon off the cart; COUPON_UNKNOWN when it is not on it.",
    )
    def cart_coupon_remove(self, info: kit.Info, cart_id: relay.GlobalID, code: str) -> CartCouponRemovePayload | None:
        cart = coupons.remove(cart_id=kit.pk(cart_id, types.Cart), code=code, actor=kit.viewer(info))
        return CartCouponRemovePayload(cart=cart)

    @strawberry.mutation(
        extensions=_for_keepers,
        description="""A new coupon: a promotion that buyers ask for by its code.

CODE_TAKEN when another coupon has the code. How several are taken off together is told at `Promotion`.

```graphql
mutation {
  couponCreate(input: {
    code: "SUMMER10", name: "Summer sale", kind: PERCENTAGE, percent: "10"
    endsAt: "2027-09-01T00:00:00Z", usageLimit: 1000, usageLimitPerCustomer: 1
  }) {
    promotion { id code timesUsed }
    userErrors { code field message }
  }
}
```""",
    )
    def coupon_create(self, info: kit.Info, input: inputs.CouponCreateInput) -> CouponCreatePayload | None:
        promotion = promotions.create(actor=kit.signed_in(info), terms=inputs.terms_of(input))
        return CouponCreatePayload(promotion=promotion)

    @strawberry.mutation(
        extensions=_for_keepers,
        description="Changes a coupon, for carts at once; orders stay as they are. Its kind stays: make another one.",
    )
    def coupon_update(
        self, info: kit.Info, id: relay.GlobalID, input: inputs.CouponUpdateInput
    ) -> CouponUpdatePayload | None:
        promotion = promotions.update(
            actor=kit.signed_in(info),
            promotion_id=kit.pk(id, types.Promotion),
            is_coupon=True,
            changes=inputs.changes_of(input),
        )
        return CouponUpdatePayload(promotion=promotion)

    @strawberry.mutation(
        extensions=_for_keepers,
        description="Ends a coupon: it is COUPON_EXPIRED now. `couponUpdate` with `isActive: true` brings it back.",
    )
    def coupon_deactivate(self, info: kit.Info, id: relay.GlobalID) -> CouponDeactivatePayload | None:
        promotion = promotions.deactivate(
            actor=kit.signed_in(info), promotion_id=kit.pk(id, types.Promotion), is_coupon=True
        )
        return CouponDeactivatePayload(promotion=promotion)

    @strawberry.mutation(
        extensions=_for_keepers,
        description="""A new promotion that applies by itself to every cart its conditions fit; at most 50 at a time.

```graphql
mutation {
  promotionCreate(input: { name: "3 for 2", kind: BUY_X_GET_Y, buyQuantity: 2, getQuantity: 1, categoryIds: ["…"] }) {
    promotion { id }
    userErrors { code field message }
  }
}
```""",
    )
    def promotion_create(self, info: kit.Info, input: inputs.PromotionCreateInput) -> PromotionCreatePayload | None:
        promotion = promotions.create(actor=kit.signed_in(info), terms=inputs.terms_of(input))
        return PromotionCreatePayload(promotion=promotion)

    @strawberry.mutation(
        extensions=_for_keepers,
        description="Changes a promotion that applies by itself, like `couponUpdate` a coupon.",
    )
    def promotion_update(
        self, info: kit.Info, id: relay.GlobalID, input: inputs.PromotionUpdateInput
    ) -> PromotionUpdatePayload | None:
        promotion = promotions.update(
            actor=kit.signed_in(info),
            promotion_id=kit.pk(id, types.Promotion),
            is_coupon=False,
            changes=inputs.changes_of(input),
        )
        return PromotionUpdatePayload(promotion=promotion)

    @strawberry.mutation(extensions=_for_keepers, description="Ends a promotion that applies by itself.")
    def promotion_deactivate(self, info: kit.Info, id: relay.GlobalID) -> PromotionDeactivatePayload | None:
        promotion = promotions.deactivate(
            actor=kit.signed_in(info), promotion_id=kit.pk(id, types.Promotion), is_coupon=False
        )
        return PromotionDeactivatePayload(promotion=promotion)

    @strawberry.mutation(
        extensions=_for_keepers,
        description="A new group of customers whom promotions can be for. NAME_TAKEN when there is one of this name.",
    )
    def customer_group_create(self, info: kit.Info, name: str) -> CustomerGroupCreatePayload | None:
        return CustomerGroupCreatePayload(customer_group=groups.create(actor=kit.signed_in(info), name=name))

    @strawberry.mutation(
        extensions=_for_keepers,
        description="Makes these users, at most 1000, the members of a group, and nobody else. NOT_FOUND when one of "
        "them does not exist.",
    )
    def customer_group_members_set(
        self, info: kit.Info, id: relay.GlobalID, user_ids: list[relay.GlobalID]
    ) -> CustomerGroupMembersSetPayload | None:
        group = groups.set_members(
            actor=kit.signed_in(info),
            group_id=kit.pk(id, types.CustomerGroup),
            user_ids=[kit.pk(user_id, User) for user_id in user_ids],
        )
        return CustomerGroupMembersSetPayload(customer_group=group)
