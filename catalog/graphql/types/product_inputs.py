"""What clients send about products, their variants and prices."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry import UNSET, relay
from strawberry.scalars import JSON

from catalog.graphql.types.products import Category, ProductImage, Vendor
from catalog.services import prices
from schema import kit

# Where null says something: there is none from now on. Everywhere else it means the same as leaving it out.
_NULLABLE = {"category_id", "compare_at_price", "weight_grams", "image_id"}
# The columns of what has another name in the API.
_COLUMNS = {"price": "price_amount", "compare_at_price": "compare_at_amount"}
_NODES = {"vendor_id": Vendor, "category_id": Category, "image_id": ProductImage}

_PRICE = "In the shop's own currency, tax included, with at most its decimals."
_COMPARE_AT = "What it cost before: above the price."
_OPTIONS = "At most 5. No two active variants of a product have the same."
_SLUG = 'For its address: at most 100 of a to z, digits and hyphens, "desk-lamp".'
_TAX_CLASS = (
    'How it is taxed: one of the shop\'s classes, such as "standard" or "reduced"; a refusal says which there are. '
    "Which rate that is depends on where an order goes."
)
_HTML = "HTML, at most 100,000 characters. Scripts and what else could run is refused."


@strawberry.input
class VariantOptionInput:
    """What a variant is in one respect: `{ name: "Size", value: "M" }`."""

    name: str
    value: str


@strawberry.input
class VariantCreateInput:
    sku: str = strawberry.field(description="At most 100 characters; no other variant of the shop has it.")
    price: Decimal = strawberry.field(description=_PRICE)
    compare_at_price: Decimal | None = strawberry.field(default=UNSET, description=_COMPARE_AT)
    name: str | None = strawberry.field(default=UNSET, description='When absent the options\' values: "M / Red".')
    options: list[VariantOptionInput] | None = strawberry.field(default=UNSET, description=_OPTIONS)
    barcode: str | None = strawberry.field(default=UNSET, description="EAN, UPC or ISBN.")
    weight_grams: int | None = UNSET
    image_id: relay.GlobalID | None = strawberry.field(default=UNSET, description="One of the product's pictures.")


@strawberry.input(
    description="What is left out stays as it is. Null takes `compareAtPrice`, `weightGrams` and `imageId` away."
)
class VariantUpdateInput:
    sku: str | None = UNSET
    price: Decimal | None = strawberry.field(default=UNSET, description=_PRICE)
    compare_at_price: Decimal | None = strawberry.field(default=UNSET, description=_COMPARE_AT)
    name: str | None = UNSET
    options: list[VariantOptionInput] | None = strawberry.field(default=UNSET, description=_OPTIONS)
    barcode: str | None = UNSET
    weight_grams: int | None = UNSET
    image_id: relay.GlobalID | None = strawberry.field(default=UNSET, description="One of the product's pictures.")


@strawberry.input
class VariantPriceInput:
    currency: str = strawberry.field(description="One of `currencies`.")
    amount: Decimal | None = strawberry.field(
        default=None,
        description="With at most the currency's own decimals: nothing is rounded. Null takes the price away: the "
        "variant is not for sale in this currency then. In the shop's own there always is one.",
    )
    compare_at_amount: Decimal | None = strawberry.field(default=None, description=_COMPARE_AT)


@strawberry.input
class ProductCreateInput:
    name: str = strawberry.field(description="At most 255 characters.")
    vendor_id: relay.GlobalID = strawberry.field(description="Who sells it; as a seller one of your own vendors.")
    slug: str | None = strawberry.field(default=UNSET, description=_SLUG + " Made of the name when absent.")
    description: str | None = strawberry.field(default=UNSET, description=_HTML)
    category_id: relay.GlobalID | None = UNSET
    tags: list[str] | None = strawberry.field(default=UNSET, description="At most 50 of at most 50 characters.")
    attributes: JSON | None = strawberry.field(default=UNSET, description='An object such as `{ "material": "oak" }`.')
    seo_title: str | None = UNSET
    seo_description: str | None = UNSET
    is_featured: bool | None = strawberry.field(default=UNSET, description="For those who manage all products.")
    is_digital: bool | None = UNSET
    tax_class: str | None = strawberry.field(default=UNSET, description=_TAX_CLASS + ' "standard" when absent.')
    published_at: datetime | None = strawberry.field(
        default=UNSET, description="Not shown before this moment, even when it is active; now when absent."
    )
    variants: list[VariantCreateInput] | None = strawberry.field(
        default=None, description="At most 100; more are added with `variantCreate`."
    )


@strawberry.input(
    description="What is left out stays as it is. Null takes it out of its category. The status is changed by "
    "`productActivate`, `productArchive` and `productRestore`."
)
class ProductUpdateInput:
    name: str | None = UNSET
    vendor_id: relay.GlobalID | None = strawberry.field(
        default=UNSET, description="Who sells it; as a seller one of your own vendors."
    )
    slug: str | None = strawberry.field(default=UNSET, description=_SLUG + " The one before leads to it.")
    description: str | None = strawberry.field(default=UNSET, description=_HTML)
    category_id: relay.GlobalID | None = UNSET
    tags: list[str] | None = strawberry.field(default=UNSET, description="All of them, at most 50.")
    attributes: JSON | None = strawberry.field(default=UNSET, description="All of them.")
    seo_title: str | None = UNSET
    seo_description: str | None = UNSET
    is_featured: bool | None = strawberry.field(default=UNSET, description="For those who manage all products.")
    is_digital: bool | None = UNSET
    tax_class: str | None = strawberry.field(default=UNSET, description=_TAX_CLASS)
    published_at: datetime | None = UNSET


def given(input: Any) -> dict[str, Any]:
    """What the client said, as the services take it: columns and their values, keys for global ids."""
    return {
        _COLUMNS.get(name, name): _value(name, value)
        for name, value in vars(input).items()
        if name != "variants" and value is not UNSET and (value is not None or name in _NULLABLE)
    }


def _value(name: str, value: Any) -> Any:
    if name in _NODES and value is not None:
        return kit.pk(value, _NODES[name])
    if name == "options":
        return [(option.name, option.value) for option in value]
    return value


def listed(wanted: list[VariantPriceInput]) -> list[prices.ListedPrice]:
    """The prices as the service takes them."""
    return [
        prices.ListedPrice(currency=price.currency, amount=price.amount, compare_at=price.compare_at_amount)
        for price in wanted
    ]
