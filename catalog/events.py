"""What happens in the catalogue."""

from dataclasses import dataclass

# What of the payloads is free text about a person, and goes when they are erased.
PERSONAL = frozenset({"reason"})


# ── Products ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class ProductCreated:
    """With so many variants."""

    type = "product.created"
    name: str
    variants: int


@dataclass(frozen=True)
class ProductUpdated:
    """`fields` are the names of what was changed."""

    type = "product.updated"
    name: str
    fields: list[str]


@dataclass(frozen=True)
class ProductActivated:
    type = "product.activated"
    name: str


@dataclass(frozen=True)
class ProductArchived:
    type = "product.archived"
    name: str


@dataclass(frozen=True)
class ProductRestored:
    type = "product.restored"
    name: str


@dataclass(frozen=True)
class VariantCreated:
    """About its product, as all that happens to variants."""

    type = "variant.created"
    variant_id: int
    sku: str


@dataclass(frozen=True)
class VariantUpdated:
    """`fields` are the names of what was changed; "prices.USD" is its price in that currency."""

    type = "variant.updated"
    variant_id: int
    sku: str
    fields: list[str]


@dataclass(frozen=True)
class VariantsReordered:
    type = "product.variants_reordered"
    count: int


# ── Pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class ProductImagesAdded:
    """Files of ours, which have no thumbnails yet."""

    type = "product.images_added"
    image_ids: list[int]


@dataclass(frozen=True)
class ProductImagesReordered:
    type = "product.images_reordered"
    count: int


@dataclass(frozen=True)
class ProductImageUpdated:
    type = "product.image_updated"
    image_id: int


@dataclass(frozen=True)
class ProductImageRemoved:
    type = "product.image_removed"
    image_id: int


# ── Stock ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class StockLow:
    """Fewer are available than somebody set as the least. Told once until there are enough again."""

    type = "stock.low"
    name: str
    sku: str
    available: int
    low_below: int


@dataclass(frozen=True)
class BackInStock:
    """What was sold out can be bought again, and somebody waits for it."""

    type = "variant.back_in_stock"
    name: str
    sku: str


@dataclass(frozen=True)
class StockAlertCreated:
    type = "stock_alert.created"
    alert_id: str
    name: str


@dataclass(frozen=True)
class StockAlertAnswered:
    """Whoever waited for it is told. The alert is gone with it."""

    type = "stock_alert.answered"
    name: str
    sku: str


# ── Reviews ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class ReviewCreated:
    type = "review.created"
    product: str
    rating: int


@dataclass(frozen=True)
class ReviewUpdated:
    """`fields` are the names of what was changed."""

    type = "review.updated"
    product: str
    fields: list[str]


@dataclass(frozen=True)
class ReviewDeleted:
    type = "review.deleted"
    product: str


@dataclass(frozen=True)
class ReviewPublished:
    """Everybody can read it now. A moderator's decision is told to the author."""

    type = "review.published"
    product: str


@dataclass(frozen=True)
class ReviewRejected:
    """The author is told why."""

    type = "review.rejected"
    product: str
    reason: str


# ── Wishlists ────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class WishlistShared:
    """Whoever has the link can read it."""

    type = "wishlist.shared"


@dataclass(frozen=True)
class WishlistUnshared:
    """The link opens nothing any more."""

    type = "wishlist.unshared"


# ── Categories and vendors ───────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class CategoryCreated:
    type = "category.created"
    name: str


@dataclass(frozen=True)
class CategoryUpdated:
    type = "category.updated"
    name: str


@dataclass(frozen=True)
class CategoryMoved:
    type = "category.moved"
    name: str


@dataclass(frozen=True)
class CategoryDeleted:
    type = "category.deleted"
    name: str


@dataclass(frozen=True)
class VendorCreated:
    type = "vendor.created"
    name: str


@dataclass(frozen=True)
class VendorUpdated:
    """`fields` are the names of what was changed."""

    type = "vendor.updated"
    name: str
    fields: list[str]


@dataclass(frozen=True)
class VendorStatusChanged:
    type = "vendor.status_changed"
    name: str
    before: str
    after: str


@dataclass(frozen=True)
class VendorMembersChanged:
    """Ids of the people who came and of those who went."""

    type = "vendor.members_changed"
    name: str
    added: list[str]
    removed: list[str]


# ── Versions ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class ProductVersionCreated:
    type = "product_version.created"
    product_id: int
    number: int
    name: str


@dataclass(frozen=True)
class ProductVersionPublished:
    """It is the product's content now. `replaced` is the number of the one that was published before, if any."""

    type = "product_version.published"
    product_id: int
    number: int
    name: str
    replaced: int | None


# ── Imports and exports ──────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class JobStarted:
    """Somebody asked for an import or an export; how far it is, the job itself says."""

    type = "job.started"
    job_id: str
    kind: str
