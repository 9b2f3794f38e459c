"""Reviews: what customers write, what moderators decide, who found it helpful, and what products make of it."""

from collections.abc import Callable, Collection, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils.module_loading import import_string

from accounts.services import checks
from accounts.throttling import Throttle
from catalog import events, models
from catalog.errors import CatalogError, CatalogErrorCode, not_found
from catalog.models import ReviewStatus
from catalog.services import access, content
from notifications import outbox
from notifications import services as notifications
from notifications.models import Event

if TYPE_CHECKING:
    from accounts.models import User

MAX_TITLE = 150
MAX_BODY = 5000
MAX_REASON = 500
# Against spam: of one person, and of everybody behind one address.
WRITE = Throttle("review", "5/hour;20/day", "60/hour;200/day")
# So many products, or reviews, are locked at once.
BATCH = 200


# ── Written by customers ─────────────────────────────────────────────────────────────────────────────────────────────
def create(*, actor: "User", product_id: int, rating: int, title: str = "", body: str = "") -> models.Review:
    """One's own review of a product, published at once for whoever bought it there, else once a moderator says so.

    REVIEW_EXISTS for the second of one product; RateLimited, which is no CatalogError, for too many in a while.
    """
    words = _checked({"rating": rating, "title": title, "body": body})
    WRITE.count(str(actor.pk))
    return _create(actor, product_id, words)


@transaction.atomic
def _create(actor: "User", product_id: int, words: dict[str, Any]) -> models.Review:
    access.person(actor)
    product = _locked(models.Product.objects.visible_to(actor), product_id)
    if product is None:
        raise CatalogError(
            CatalogErrorCode.NOT_FOUND, "There is no such product, or it is not on sale.", field=["productId"]
        )
    if models.Vendor.keys_of(actor).filter(vendor=product.vendor_id).exists():
        raise CatalogError(
            CatalogErrorCode.OWN_PRODUCT, "Nobody reviews what their own shop sells.", field=["productId"]
        )
    if product.reviews.filter(customer=actor).exists():  # under the product's lock: there cannot be two at once
        raise CatalogError(
            CatalogErrorCode.REVIEW_EXISTS,
            "You have reviewed this product already. Change your review with reviewUpdate.",
            field=["productId"],
        )

    review = models.Review(product=product, customer=actor, **words)
    review.is_verified_purchase = _has_bought(actor, product)
    review.status = ReviewStatus.PUBLISHED if review.is_verified_purchase else ReviewStatus.PENDING
    review.save()
    refresh_ratings([product])
    outbox.record(events.ReviewCreated(product=product.name, rating=review.rating), about=review, actor=actor)
    if review.status == ReviewStatus.PUBLISHED:
        outbox.record(events.ReviewPublished(product=product.name), about=review, actor=actor)
    return review


def update(*, actor: "User", review_id: int, changes: Mapping[str, Any]) -> models.Review:
    """Changes parts of one's own review: `rating`, `title`, `body`. Without news nothing changes.

    What is not of a verified purchase, or was rejected, waits for a moderator again. RateLimited like `create`.
    """
    words = _checked(changes)
    WRITE.count(str(actor.pk))
    return _update(actor, review_id, words)


@transaction.atomic
def _update(actor: "User", review_id: int, words: dict[str, Any]) -> models.Review:
    access.person(actor)
    review = _own(actor, review_id)
    fields = sorted(name for name, value in words.items() if getattr(review, name) != value)
    if not fields:
        return review

    before = review.status
    for name in fields:
        setattr(review, name, words[name])
    review.is_verified_purchase = _has_bought(actor, review.product)
    is_trusted = review.is_verified_purchase and before != ReviewStatus.REJECTED
    review.status = ReviewStatus.PUBLISHED if is_trusted else ReviewStatus.PENDING
    review.save(update_fields=[*fields, "is_verified_purchase", "status", "updated_at"])
    refresh_ratings([review.product])
    changed = events.ReviewUpdated(product=review.product.name, fields=fields)
    outbox.record(changed, about=review, actor=actor)
    if is_trusted and before != ReviewStatus.PUBLISHED:
        outbox.record(events.ReviewPublished(product=review.product.name), about=review, actor=actor)
    return review


@transaction.atomic
def delete(*, actor: "User", review_id: int) -> models.Review:
    """Removes one's own review, with its votes, and returns it as it was."""
    access.person(actor)
    review = _own(actor, review_id)
    outbox.record(events.ReviewDeleted(product=review.product.name), about=review, actor=actor)
    models.Review.objects.filter(pk=review.pk).delete()
    refresh_ratings([review.product])
    return review


@transaction.atomic
def vote(*, actor: "User", review_id: int, is_helpful: bool) -> models.Review:
    """Says that one found a published review helpful, or takes that back. Again changes nothing."""
    access.person(actor)
    seen = models.Review.objects.filter(
        status=ReviewStatus.PUBLISHED, product__in=models.Product.objects.reachable_by(actor)
    )
    review = seen.select_for_update(of=("self",), no_key=True).filter(pk=review_id).first()
    if review is None:
        raise _no_review()
    if review.customer_id == actor.pk:
        raise CatalogError(CatalogErrorCode.OWN_REVIEW, "Nobody votes on their own review.", field=["id"])

    if is_helpful:
        models.HelpfulVote.objects.get_or_create(review=review, user=actor)
    else:
        models.HelpfulVote.objects.filter(review=review, user=actor).delete()
    review.helpful_count = review.votes.count()
    review.save(update_fields=["helpful_count"])
    return review


# ── Moderated ────────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def publish(*, actor: "User", review_id: int) -> models.Review:
    """Shows a review to everybody, whatever was decided of it before, and tells its author."""
    review = _moderated(actor, review_id, ReviewStatus.PUBLISHED)
    told = events.ReviewPublished(product=review.product.name)
    outbox.record(told, about=review, actor=actor, users=[review.customer_id])
    return review


@transaction.atomic
def reject(*, actor: "User", review_id: int, reason: str) -> models.Review:
    """Hides a review from everybody but its author, who is told why in the inbox."""
    reason = content.checked_name(reason, field=["reason"], longest=MAX_REASON)
    review = _moderated(actor, review_id, ReviewStatus.REJECTED)
    told = events.ReviewRejected(product=review.product.name, reason=reason)
    outbox.record(told, about=review, actor=actor, users=[review.customer_id])
    return review


def _moderated(actor: "User", review_id: int, status: ReviewStatus) -> models.Review:
    """The review with the decision written, and the product's ratings with it."""
    review = _review(models.Review.objects.all(), review_id)
    if review.customer_id == actor.pk:
        raise CatalogError(CatalogErrorCode.OWN_REVIEW, "Nobody moderates their own review.", field=["id"])
    if review.status == status:
        raise CatalogError(
            CatalogErrorCode.STATUS_NOT_ALLOWED, f"This review is {status.lower()} already.", field=["id"]
        )
    review.status = status
    review.save(update_fields=["status"])  # its text is as old as it was
    refresh_ratings([review.product])
    return review


# ── What products make of it ─────────────────────────────────────────────────────────────────────────────────────────
def refresh_ratings(products: Collection[models.Product]) -> None:
    """The mean and number of the published reviews of these products, which are locked. Two statements."""
    published = models.Review.objects.filter(product__in=products, status=ReviewStatus.PUBLISHED).order_by()
    totals = {
        row["product"]: (row["stars"], row["count"])
        for row in published.values("product").annotate(stars=Sum("rating"), count=Count("pk"))
    }
    for product in products:
        stars, count = totals.get(product.pk, (0, 0))
        mean = Decimal(stars) / count if count else Decimal(0)
        product.rating_average = mean.quantize(Decimal("0.01"), ROUND_HALF_UP)
        product.rating_count = count
    models.Product.objects.bulk_update(products, ["rating_average", "rating_count"])


# ── Forgetting ───────────────────────────────────────────────────────────────────────────────────────────────────────
def forget(*, user: "User") -> None:
    """Deletes the reviews of somebody erased and takes back their votes; averages and counts follow. Again changes
    nothing. What moderators answered is blanked, also to reviews that are gone already."""
    written = _written_by(user.pk)
    reviews = models.Review.objects.filter(customer=user)
    keys = {*written, *map(str, reviews.values_list("pk", flat=True))}
    notifications.forget_history(model=models.Review, keys=keys, user=user, texts=events.PERSONAL)
    product_ids = list(reviews.order_by("product_id").values_list("product_id", flat=True))
    for start in range(0, len(product_ids), BATCH):
        _forget_reviews(user, product_ids[start : start + BATCH])
    votes = models.HelpfulVote.objects.filter(user=user)
    review_ids = list(votes.order_by("review_id").values_list("review_id", flat=True))
    for start in range(0, len(review_ids), BATCH):
        _forget_votes(user, review_ids[start : start + BATCH])


def remembered() -> Q:
    """Of a user, for a filter: whether anything is known that `forget` would delete."""
    answers = Event.objects.filter(
        type=events.ReviewRejected.type, subject_id__in=_written_by(OuterRef(OuterRef("pk")))
    ).exclude(payload__reason="")
    reviews = models.Review.objects.filter(customer=OuterRef("pk"))
    votes = models.HelpfulVote.objects.filter(user=OuterRef("pk"))
    return Q(Exists(answers)) | Q(Exists(reviews)) | Q(Exists(votes))


def _written_by(user: Any) -> "QuerySet[Event, str]":
    """The keys of all reviews somebody ever wrote."""
    return Event.objects.filter(actor=user, type=events.ReviewCreated.type).values_list("subject_id", flat=True)


@transaction.atomic
def _forget_reviews(user: "User", product_ids: list[int]) -> None:
    locked = models.Product.objects.select_for_update(no_key=True).filter(pk__in=product_ids)
    products = list(locked.order_by("pk"))
    models.Review.objects.filter(customer=user, product__in=products).delete()
    refresh_ratings(products)


@transaction.atomic
def _forget_votes(user: "User", review_ids: list[int]) -> None:
    locked = models.Review.objects.select_for_update(no_key=True).filter(pk__in=review_ids)
    reviews = list(locked.order_by("pk"))
    models.HelpfulVote.objects.filter(user=user, review__in=reviews).delete()
    left = models.HelpfulVote.objects.filter(review__in=reviews).order_by().values_list("review")
    counts = dict(left.annotate(Count("pk")))
    for review in reviews:
        review.helpful_count = counts.get(review.pk, 0)
    models.Review.objects.bulk_update(reviews, ["helpful_count"])


# ── Loading ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _own(actor: "User", review_id: int) -> models.Review:
    return _review(models.Review.objects.filter(customer=actor), review_id)


def _review(among: "models.ReviewQuerySet", review_id: int) -> models.Review:
    """The review and its product, both for update, the product first: whatever is counted is counted under its lock."""
    product_id = among.filter(pk=review_id).values_list("product_id", flat=True).first()
    product = product_id and _locked(models.Product.objects.all(), product_id)
    review = among.select_for_update(of=("self",)).filter(pk=review_id).first() if product else None
    if not product or review is None:
        raise _no_review()
    review.product = product
    return review


def _locked(among: "models.ProductQuerySet", product_id: int) -> models.Product | None:
    return among.select_for_update(of=("self",), no_key=True).filter(pk=product_id).first()


def _no_review() -> CatalogError:
    return not_found("review", field=["id"])


def _has_bought(actor: "User", product: models.Product) -> bool:
    has_bought: Callable[..., bool] = import_string(settings.PURCHASE_CHECK)
    return has_bought(user=actor, product_id=product.pk)


# ── Checking ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _checked(words: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody wrote, as it is kept."""
    checked = dict(words)
    if "rating" in words and words["rating"] not in range(1, 6):
        raise CatalogError(CatalogErrorCode.INVALID, "A rating is 1 to 5 stars.", field=["input", "rating"])
    if "title" in words:
        checked["title"] = content.checked_line(words["title"], field=["input", "title"], longest=MAX_TITLE)
    if "body" in words:
        checked["body"] = _checked_body(words["body"])
    return checked


def _checked_body(value: str) -> str:
    body = value.replace("\r\n", "\n").strip()
    if len(body) > MAX_BODY or not all(checks.is_text(line) for line in body.split("\n")):
        raise CatalogError(
            CatalogErrorCode.INVALID,
            f"This has at most {MAX_BODY} characters, and none but line breaks is a control character.",
            field=["input", "body"],
        )
    return body
