"""Writing reviews, voting on them, and deciding which are shown."""

import strawberry
from strawberry import relay

from catalog.graphql import types
from catalog.permissions import CatalogPermission
from catalog.services import reviews
from schema import kit


@strawberry.input(description="Title and body are plain text, and shown as such: tags are not read as HTML.")
class ReviewInput:
    rating: int = strawberry.field(description="Stars, from 1 to 5.")
    title: str = strawberry.field(default="", description="One line of at most 150 characters.")
    body: str = strawberry.field(default="", description="At most 5000 characters; line breaks are kept.")


@strawberry.input(description="What is left out or null stays as it is.")
class ReviewUpdateInput:
    rating: int | None = strawberry.field(default=None, description="Stars, from 1 to 5.")
    title: str | None = strawberry.field(default=None, description="One line of at most 150 characters.")
    body: str | None = strawberry.field(default=None, description="At most 5000 characters; line breaks are kept.")


@strawberry.type
class ReviewCreatePayload:
    review: types.Review | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ReviewUpdatePayload:
    review: types.Review | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ReviewDeletePayload:
    review: types.Review | None = strawberry.field(default=None, description="As it was.")
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ReviewVoteHelpfulPayload:
    review: types.Review | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ReviewPublishPayload:
    review: types.Review | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ReviewRejectPayload:
    review: types.Review | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="""Your review of a product that is on sale: one for each, REVIEW_EXISTS for a second.

Whoever bought the product here is `isVerifiedPurchase`, and is PUBLISHED at once. Others wait as PENDING for a
moderator. OWN_PRODUCT for what your own shop sells. The error RATE_LIMITED after five in an hour, or twenty in a day,
changes included; `retryAfter` says in how many seconds there is room again.""",
    )
    def review_create(
        self, info: kit.Info, product_id: relay.GlobalID, input: ReviewInput
    ) -> ReviewCreatePayload | None:
        viewer = kit.signed_in(info)
        review = reviews.create(
            actor=viewer,
            product_id=kit.pk(product_id, types.Product),
            rating=input.rating,
            title=input.title,
            body=input.body,
        )
        return ReviewCreatePayload(review=review)

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Changes parts of your review. It waits as PENDING for a moderator again, unless you bought the "
        "product here and it was not rejected. RATE_LIMITED as with reviewCreate.",
    )
    def review_update(self, info: kit.Info, id: relay.GlobalID, input: ReviewUpdateInput) -> ReviewUpdatePayload | None:
        viewer = kit.signed_in(info)
        changes = {part: value for part, value in vars(input).items() if value is not None}
        return ReviewUpdatePayload(
            review=reviews.update(actor=viewer, review_id=kit.pk(id, types.Review), changes=changes)
        )

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Removes your review, and its stars from the product's average.",
    )
    def review_delete(self, info: kit.Info, id: relay.GlobalID) -> ReviewDeletePayload | None:
        viewer = kit.signed_in(info)
        return ReviewDeletePayload(review=reviews.delete(actor=viewer, review_id=kit.pk(id, types.Review)))

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Says with `isHelpful: true` that you found a published review helpful, and takes that back with "
        "`false`. Counted once a person, however often it is said. OWN_REVIEW for your own.",
    )
    def review_vote_helpful(
        self, info: kit.Info, id: relay.GlobalID, is_helpful: bool
    ) -> ReviewVoteHelpfulPayload | None:
        viewer = kit.signed_in(info)
        return ReviewVoteHelpfulPayload(
            review=reviews.vote(actor=viewer, review_id=kit.pk(id, types.Review), is_helpful=is_helpful)
        )

    @strawberry.mutation(
        extensions=[types.refusals, *kit.needs(CatalogPermission.MODERATE_REVIEWS)],
        description="Shows a review to everybody and counts its stars; its author finds word of it in the inbox. "
        "STATUS_NOT_ALLOWED when it is published already, OWN_REVIEW for your own.",
    )
    def review_publish(self, info: kit.Info, id: relay.GlobalID) -> ReviewPublishPayload | None:
        viewer = kit.signed_in(info)
        return ReviewPublishPayload(review=reviews.publish(actor=viewer, review_id=kit.pk(id, types.Review)))

    @strawberry.mutation(
        extensions=[types.refusals, *kit.needs(CatalogPermission.MODERATE_REVIEWS)],
        description="Hides a review from everybody but its author, who finds the reason, of at most 500 characters, in "
        "the inbox. STATUS_NOT_ALLOWED when it is rejected already, OWN_REVIEW for your own.",
    )
    def review_reject(self, info: kit.Info, id: relay.GlobalID, reason: str) -> ReviewRejectPayload | None:
        viewer = kit.signed_in(info)
        return ReviewRejectPayload(
            review=reviews.reject(actor=viewer, review_id=kit.pk(id, types.Review), reason=reason)
        )
