"""Moving stock, and waiting for more of it."""

import strawberry
from strawberry import relay

from catalog.errors import CatalogError, CatalogErrorCode
from catalog.graphql import types
from catalog.services import stock, stock_alerts
from schema import kit

StockAdjustmentReason = strawberry.enum(
    stock.AdjustmentReason,
    name="StockAdjustmentReason",
    description="Why a person changes what is on hand.",
)


@strawberry.type
class VariantStockAdjustPayload:
    variant: types.ProductVariant | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class VariantStockSetPayload:
    variant: types.ProductVariant | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class VariantStockThresholdSetPayload:
    variant: types.ProductVariant | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class StockAlertCreatePayload:
    is_accepted: bool = strawberry.field(
        default=False, description="True for every address: it does not tell whether that had asked before."
    )
    stock_alert: types.StockAlert | None = strawberry.field(
        default=None, description="Yours, when you are signed in and asked for your own address."
    )
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class StockAlertDeletePayload:
    is_deleted: bool = strawberry.field(default=False, description="Nobody is written to because of it any more.")
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="""Adds to what is on hand of a variant, or takes away: `delta: 12` when twelve arrived, `-2` when
two broke. Exact, whatever is sold at the same moment. For whoever keeps the product, or holds `catalog.manage_stock`.

OUT_OF_STOCK when less would be left than is reserved for somebody.""",
    )
    def variant_stock_adjust(
        self, info: kit.Info, id: relay.GlobalID, delta: int, reason: StockAdjustmentReason, note: str = ""
    ) -> VariantStockAdjustPayload | None:
        actor = kit.signed_in(info)
        variant = stock.adjust(
            actor=actor, variant_id=kit.pk(id, types.ProductVariant), delta=delta, reason=reason, note=note
        )
        return VariantStockAdjustPayload(variant=variant)

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Makes what is on hand of a variant the number that was counted. What is sold between counting "
        "and this call is not known here: prefer variantStockAdjust while the shop is open. For whoever keeps the "
        "product, or holds `catalog.manage_stock`.",
    )
    def variant_stock_set(
        self, info: kit.Info, id: relay.GlobalID, quantity: int, reason: StockAdjustmentReason, note: str = ""
    ) -> VariantStockSetPayload | None:
        actor = kit.signed_in(info)
        variant = stock.set_quantity(
            actor=actor, variant_id=kit.pk(id, types.ProductVariant), quantity=quantity, reason=reason, note=note
        )
        return VariantStockSetPayload(variant=variant)

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="From when on a variant runs low: as soon as fewer than `lowBelow` are available, its vendor's "
        "members are told, once until there are enough again. Null: never. For whoever keeps the product, or holds "
        "`catalog.manage_stock`.",
    )
    def variant_stock_threshold_set(
        self, info: kit.Info, id: relay.GlobalID, low_below: int | None = None
    ) -> VariantStockThresholdSetPayload | None:
        actor = kit.signed_in(info)
        variant = stock.set_threshold(actor=actor, variant_id=kit.pk(id, types.ProductVariant), low_below=low_below)
        return VariantStockThresholdSetPayload(variant=variant)

    @strawberry.mutation(
        extensions=[types.refusals],
        description="""Writes to an address, once, as soon as a sold-out variant can be bought again. Signed in, leave
`email` out to be told at your account's address, and in your inbox.

Any other address first gets an e-mail with a link to take this back. IN_STOCK when it can be bought now.""",
    )
    def stock_alert_create(
        self, info: kit.Info, variant_id: relay.GlobalID, email: str | None = None
    ) -> StockAlertCreatePayload | None:
        alert = stock_alerts.create(
            actor=kit.viewer(info), variant_id=kit.pk(variant_id, types.ProductVariant), email=email
        )
        return StockAlertCreatePayload(is_accepted=True, stock_alert=alert)

    @strawberry.mutation(
        extensions=[types.refusals],
        description="Takes an alert back: one of your own by `id`, or any by the `token` of the link in its e-mail, "
        "for which nobody has to be signed in. A token can be used again, and then changes nothing.",
    )
    def stock_alert_delete(
        self, info: kit.Info, id: relay.GlobalID | None = None, token: str | None = None
    ) -> StockAlertDeletePayload | None:
        if (id is None) == (token is None):
            raise CatalogError(CatalogErrorCode.REQUIRED, "Give either `id` or `token`.", field=["id"])
        if token is not None:
            stock_alerts.delete_by_link(token=token)
        elif id is not None:
            stock_alerts.delete(actor=kit.signed_in(info), alert_id=kit.pk(id, types.StockAlert))
        return StockAlertDeletePayload(is_deleted=True)
