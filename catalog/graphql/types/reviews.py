"""Reviews, as the API shows them."""

from typing import Annotated, Any

import strawberry
import strawberry_django
from django.db.models import Exists, OuterRef, QuerySet
from strawberry import auto, relay

from catalog import filters, models
from catalog.graphql.types import seen
from catalog.services import names
from schema import kit

ReviewStatus = strawberry.enum(
    models.ReviewStatus,
    description="Whether a review is shown: PENDING until a moderator has read it, PUBLISHED to everybody, REJECTED to "
    "its author alone.",
)


def _own_vote(info: kit.Info) -> Exists:
    return Exists(models.HelpfulVote.objects.filter(review=OuterRef("pk"), user=kit.viewer(info).pk))


@strawberry_django.type(models.Review)
class Review(kit.Keyed, relay.Node):
    """One customer's opinion of one product."""

    rating: int = strawberry_django.field(description="Stars, from 1 to 5.")
    title: str = strawberry_django.field(description="Plain text of one line; may be empty.")
    body: str = strawberry_django.field(
        description="Plain text with line breaks; may be empty. Not HTML: insert it as text, so that tags show as they "
        "were typed."
    )
    status: ReviewStatus
    is_verified_purchase: bool = strawberry_django.field(
        description="Whether the author had bought the product here when this was written."
    )
    helpful_count: int = strawberry_django.field(description="How many people found it helpful.")
    created_at: auto
    updated_at: auto
    product: Annotated["Product", strawberry.lazy("catalog.graphql.types.products")] | None = (  # noqa: F821
        strawberry_django.field(**seen.PRODUCT, description="Null while it is not on sale.")
    )

    @strawberry_django.field(
        select_related=["customer"],
        only=["customer__full_name"],
        description='First name and initial, for example "Cleo C."; null of whoever gave no name.',
    )
    def author_name(root: strawberry.Parent[models.Review]) -> str | None:
        return names.short_name(root.customer)

    @strawberry_django.field(only=["customer_id"], description="Whether you wrote it.")
    def is_own(root: strawberry.Parent[models.Review], info: kit.Info) -> bool:
        return root.customer_id == kit.viewer(info).pk

    @strawberry_django.field(annotate={"has_own_vote": _own_vote}, description="Whether you found it helpful.")
    def is_found_helpful(root: strawberry.Parent[models.Review], info: kit.Info) -> bool:
        if hasattr(root, "has_own_vote"):
            return root.has_own_vote
        return root.votes.filter(user=kit.viewer(info).pk).exists()


ReviewFilters = kit.filter_input(filters.ReviewFilterSet, "ReviewFilters", {"rating": int})
ModeratedReviewFilters = kit.filter_input(
    filters.ModeratedReviewFilterSet, "ModeratedReviewFilters", {"rating": int, "status": ReviewStatus}
)


@strawberry.input(one_of=True, description="Exactly one of these.")
class ReviewOrdering:
    created_at: kit.Ordering | None = strawberry.UNSET
    helpful: kit.Ordering | None = strawberry.field(
        default=strawberry.UNSET, description="By `helpfulCount`; DESC has the most helpful first."
    )
    rating: kit.Ordering | None = strawberry.field(
        default=strawberry.UNSET, description="By stars; DESC has the best first."
    )


def ordered(reviews: "QuerySet[models.Review]", ordering: Any) -> "QuerySet[models.Review]":
    """The reviews by what a client asked for; newest first if it did not."""
    columns = {"created_at": "created_at", "helpful": "helpful_count", "rating": "rating"}
    return kit.ordered(reviews.order_by("-created_at", "-pk"), ordering, columns)


def of_product(product: models.Product, info: kit.Info, filters_: Any, ordering: Any) -> "QuerySet[models.Review]":
    """What is published on one product. Refused for a list of products: it costs statements for each."""
    kit.refuse_in_lists(
        info, "Ask for `reviews` of one product at a time. For lists there are `ratingAverage` and `ratingCount`."
    )
    published = product.reviews.filter(status=models.ReviewStatus.PUBLISHED)
    return ordered(kit.filtered(filters.ReviewFilterSet, filters_, published), ordering)
