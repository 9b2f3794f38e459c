"""What the catalogue holds on a person: handing it out, and forgetting it."""

import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import models

from accounts.models import User
from catalog.models import HelpfulVote, ProductVersion, Review, StockAlert, StockMovement, Wishlist
from catalog.services import reviews, stock_alerts, vendors, wishlists

logger = logging.getLogger(__name__)

# So many rows are read at once, and so many people forgotten by one sweep.
BATCH = 200


# ── Handing it out ───────────────────────────────────────────────────────────────────────────────────────────────────
def personal_data(*, user: User) -> dict[str, Any]:
    """What somebody asked for and did in the catalogue. Named by `settings.PERSONAL_DATA`."""
    alerts = StockAlert.objects.filter(user=user).select_related("variant").order_by("created_at", "pk")
    movements = StockMovement.objects.filter(actor=user).select_related("variant").order_by("created_at", "pk")
    written = Review.objects.filter(customer=user).select_related("product").order_by("created_at", "pk")
    votes = HelpfulVote.objects.filter(user=user).select_related("review__product").order_by("pk")
    proposed = ProductVersion.objects.filter(author=user).order_by("created_at", "pk")
    lists = Wishlist.objects.filter(owner=user).prefetch_related("items__variant").order_by("created_at", "pk")
    moved = ["reason", "note", "before", "after", "created_at"]
    reviewed = [
        "rating",
        "title",
        "body",
        "status",
        "is_verified_purchase",
        "helpful_count",
        "created_at",
        "updated_at",
    ]
    return {
        "reviews": [{"product": row.product.name, **_columns(row, reviewed)} for row in written.iterator(BATCH)],
        "found_helpful": [
            {"product": row.review.product.name, "title": row.review.title} for row in votes.iterator(BATCH)
        ],
        "wishlists": [_told_list(row) for row in lists.iterator(BATCH)],
        "stock_alerts": [
            {"sku": alert.variant.sku, **_columns(alert, ["email", "created_at"])} for alert in alerts.iterator(BATCH)
        ],
        "stock_movements": [
            {"sku": movement.variant.sku, **_columns(movement, moved)} for movement in movements.iterator(BATCH)
        ],
        "vendors": [vendor.name for vendor in user.vendors.order_by("name", "pk").iterator(BATCH)],
        "product_versions": [
            _columns(version, ["name", "number", "note", "created_at"]) for version in proposed.iterator(BATCH)
        ],
    }


def _told_list(wishlist: Wishlist) -> dict[str, Any]:
    items = [{"sku": item.variant.sku, "added_at": item.added_at} for item in wishlist.items.all()]
    is_shared = wishlist.share_key is not None
    return {**_columns(wishlist, ["name", "created_at"]), "is_shared": is_shared, "items": items}


def _columns(row: models.Model, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


# ── Forgetting ───────────────────────────────────────────────────────────────────────────────────────────────────────
def forget_customer(*, user_id: UUID | str) -> None:
    """Deletes what only the erased person had use for. Which stock they moved and which versions they proposed stays,
    as business records do. Again changes nothing."""
    user = User.objects.get(pk=user_id, erased_at__isnull=False)
    stock_alerts.forget(user=user)
    reviews.forget(user=user)
    vendors.forget(user=user)
    wishlists.forget(user=user)


def forget_erased_customers() -> int:
    """Forgets whom the news of their erasure did not reach here. Returns how many there were."""
    known = stock_alerts.remembered() | reviews.remembered() | vendors.remembered() | wishlists.remembered()
    left = User.objects.filter(known, erased_at__isnull=False)
    user_ids = list(left.order_by("-erased_at").values_list("pk", flat=True)[:BATCH])
    for user_id in user_ids:
        try:
            forget_customer(user_id=user_id)
        except Exception:  # one that cannot be forgotten must not hold up the others
            logger.exception("The catalogue still knows of the erased account %s.", user_id)
    return len(user_ids)
