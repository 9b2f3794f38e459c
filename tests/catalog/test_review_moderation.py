"""Moderating reviews: who decides, what the author hears of it, what then counts, and what is left of the erased."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from strawberry.relay.utils import to_base64

from catalog import tasks
from catalog.models import HelpfulVote, Review, ReviewStatus
from catalog.services import privacy, reviews
from notifications.models import Event, Notification
from tests.conftest import Api, gid, make_product, make_user
from tests.people import ERRORS, codes, everything_stored

pytestmark = pytest.mark.django_db

PUBLISH = (
    f"mutation($id: ID!) {{ reviewPublish(id: $id) {{ review {{ status product {{ ratingCount }} }} {ERRORS} }} }}"
)
REJECT = f"""
mutation($id: ID!, $reason: String!) {{
  reviewReject(id: $id, reason: $reason) {{ review {{ status product {{ ratingCount }} }} {ERRORS} }}
}}
"""
LIST = """
query($filters: ModeratedReviewFilters, $ordering: [ReviewOrdering!]) {
  reviews(filters: $filters, ordering: $ordering) {
    totalCount edges { node { title status authorName isFoundHelpful product { name } } }
  }
}
"""
INBOX = "{ notifications { edges { node { type title body subject { ... on Review { rating status } } } } } }"
NOWHERE = to_base64("Review", 999_999_999)


@pytest.fixture
def product():
    return make_product("Desk")


@pytest.fixture
def moderator():
    return Api(make_user(roles=("Support",), is_staff=True))


def written_by(user, product, **words):
    review = reviews.create(actor=user, product_id=product.pk, **{"rating": 4, "title": "Sturdy", **words})
    return Review.objects.get(pk=review.pk)


def publish(api, review):
    return api(PUBLISH, id=gid(review))["reviewPublish"]


def reject(api, review, reason="It is about the weather."):
    return api(REJECT, id=gid(review), reason=reason)["reviewReject"]


def listed(api, **variables):
    found = api(LIST, **variables)["reviews"]
    assert found["totalCount"] == len(found["edges"])
    return [edge["node"]["title"] for edge in found["edges"]]


def ratings(product):
    product.refresh_from_db()
    return product.rating_average, product.rating_count


def everything():
    return list(Review.objects.order_by("pk").values()), Event.objects.count(), Notification.objects.count()


# ── Deciding ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_published_review_counts_and_its_author_is_told(
    moderator, customer, product, django_capture_on_commit_callbacks
):
    review = written_by(customer, product)

    with django_capture_on_commit_callbacks(execute=True):
        payload = publish(moderator, review)

    assert payload == {"review": {"status": "PUBLISHED", "product": {"ratingCount": 1}}, "userErrors": []}
    assert ratings(product) == (Decimal("4.00"), 1)
    (news,) = Api(customer)(INBOX)["notifications"]["edges"]
    assert news["node"] == {
        "type": "review.published",
        "title": "The review of Desk was published.",
        "body": "Everybody can read it now, and its stars count.",
        "subject": {"rating": 4, "status": "PUBLISHED"},
    }


def test_a_rejected_review_stops_counting_and_its_author_hears_why(
    moderator, customer, product, django_capture_on_commit_callbacks
):
    review = written_by(customer, product)
    publish(moderator, review)

    with django_capture_on_commit_callbacks(execute=True):
        payload = reject(moderator, review, reason="  It names <b>somebody</b> else & more. ")

    assert payload == {"review": {"status": "REJECTED", "product": {"ratingCount": 0}}, "userErrors": []}
    assert ratings(product) == (0, 0)
    (news,) = Api(customer)(INBOX)["notifications"]["edges"]
    assert news["node"] == {
        "type": "review.rejected",
        "title": "The review of Desk was not published.",
        "body": "Reason: It names <b>somebody</b> else & more.",
        "subject": {"rating": 4, "status": "REJECTED"},
    }
    assert Event.objects.get(type="review.rejected").actor == moderator.user


def test_a_rejected_review_can_be_published_after_all(moderator, customer, product):
    review = written_by(customer, product)
    reject(moderator, review)

    assert publish(moderator, review)["review"]["status"] == "PUBLISHED"
    assert ratings(product) == (Decimal("4.00"), 1)


@pytest.mark.parametrize("decide", [publish, reject])
def test_what_is_decided_already_is_not_decided_again(moderator, customer, product, decide):
    review = written_by(customer, product)
    decide(moderator, review)
    before = everything()

    payload = decide(Api(make_user(roles=("Merchandiser",))), review)

    assert codes(payload) == ["STATUS_NOT_ALLOWED"]
    assert payload["review"] is None
    assert everything() == before


@pytest.mark.parametrize("decide", [publish, reject])
def test_nobody_decides_their_own(moderator, product, decide):
    review = written_by(moderator.user, product)
    before = everything()

    assert codes(decide(moderator, review)) == ["OWN_REVIEW"]
    assert everything() == before


@pytest.mark.parametrize(
    ("reason", "code"),
    [("", "REQUIRED"), (" \n ", "REQUIRED"), ("x" * 501, "INVALID"), ("a\nb", "INVALID"), ("a\0b", "INVALID")],
)
def test_without_a_reason_that_can_be_told_nothing_is_rejected(moderator, customer, product, reason, code):
    review = written_by(customer, product)
    before = everything()

    assert codes(reject(moderator, review, reason)) == [code]
    assert everything() == before


def test_a_review_that_is_not_there_is_not_found(moderator):
    assert codes(moderator(PUBLISH, id=NOWHERE)["reviewPublish"]) == ["NOT_FOUND"]
    assert codes(moderator(REJECT, id=NOWHERE, reason="x")["reviewReject"]) == ["NOT_FOUND"]


@pytest.mark.parametrize(
    ("roles", "code"),
    [(None, "UNAUTHENTICATED"), ((), "FORBIDDEN"), (("Seller",), "FORBIDDEN"), (("Approvers",), "FORBIDDEN")],
)
def test_only_moderators_decide_and_see_what_waits(customer, product, roles, code):
    review = written_by(customer, product)
    api = Api() if roles is None else Api(make_user(roles=roles))
    before = everything()

    assert api.code(PUBLISH, id=gid(review)) == code
    assert api.code(REJECT, id=gid(review), reason="x") == code
    assert api.code(LIST) == code
    assert Api(customer).code(PUBLISH, id=gid(review)) == "FORBIDDEN"
    assert everything() == before


# ── Finding ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def several(moderator, product):
    rows = [
        written_by(make_user(), product, title="a", rating=1),
        written_by(make_user(), product, title="b", rating=5, body="A broken hinge."),
        written_by(make_user(), make_product("Lamp"), title="c Broken", rating=5),
    ]
    reviews.publish(actor=moderator.user, review_id=rows[0].pk)
    reviews.vote(actor=make_user(), review_id=rows[0].pk, is_helpful=True)
    reviews.reject(actor=moderator.user, review_id=rows[2].pk, reason="No")
    return rows


def test_moderators_find_what_they_look_for(moderator, several, product):
    assert listed(moderator) == ["c Broken", "b", "a"]
    assert listed(moderator, ordering=[{"createdAt": "ASC"}]) == ["a", "b", "c Broken"]
    assert listed(moderator, ordering=[{"helpful": "DESC"}])[0] == "a"
    assert listed(moderator, ordering=[{"rating": "ASC"}])[0] == "a"
    assert listed(moderator, filters={"status": "PENDING"}) == ["b"]
    assert listed(moderator, filters={"rating": 5}) == ["c Broken", "b"]
    assert listed(moderator, filters={"rating": 5, "status": "REJECTED"}) == ["c Broken"]
    assert listed(moderator, filters={"product": product.slug}) == ["b", "a"]
    assert listed(moderator, filters={"product": "nowhere"}) == []
    assert listed(moderator, filters={"search": "broken"}) == ["c Broken", "b"]
    assert listed(moderator, filters={"search": "%"}) == []
    assert listed(moderator, filters={"isVerifiedPurchase": True}) == []


@pytest.mark.parametrize(
    "filters",
    [{"search": "x" * 101}, {"search": "a\0"}, {"product": "a\0"}, {"rating": 0}, {"rating": 6}, {"status": "X"}],
)
def test_what_cannot_be_looked_for_is_refused(moderator, filters):
    assert moderator.code(LIST, filters=filters) == "BAD_USER_INPUT"


def test_one_review_and_many_take_the_same_statements(moderator, product):
    counted = []
    for more in (1, 9):
        for _ in range(more):
            written_by(make_user(), product)
        with CaptureQueriesContext(connection) as statements:
            listed(moderator)
        counted.append(len(statements))

    assert counted[0] == counted[1]


# ── Forgetting ───────────────────────────────────────────────────────────────────────────────────────────────────────
def erased(user):
    """As `accounts` leaves somebody; what follows is the catalogue's part."""
    type(user).objects.filter(pk=user.pk).update(erased_at=timezone.now(), is_active=False)


def test_an_erased_persons_reviews_and_votes_are_gone_and_the_numbers_follow(moderator, customer, product):
    other = written_by(make_user(), product, rating=2)
    mine = written_by(customer, product, rating=5, body="I live in Paddington.")
    for review in (other, mine):
        reviews.publish(actor=moderator.user, review_id=review.pk)
    reviews.vote(actor=customer, review_id=other.pk, is_helpful=True)
    reviews.vote(actor=moderator.user, review_id=other.pk, is_helpful=True)
    reviews.vote(actor=moderator.user, review_id=mine.pk, is_helpful=True)
    erased(customer)

    privacy.forget_customer(user_id=customer.pk)
    once = everything()
    privacy.forget_customer(user_id=customer.pk)

    assert everything() == once
    assert list(Review.objects.all()) == [other]
    other.refresh_from_db()
    assert (other.helpful_count, HelpfulVote.objects.count()) == (1, 1)
    assert ratings(product) == (Decimal("2.00"), 1)
    assert "Paddington" not in everything_stored()


def test_what_a_moderator_answered_is_gone_too_even_if_the_review_was_deleted_before(moderator, customer, product):
    first, second = written_by(customer, product), written_by(customer, make_product())
    kept = written_by(make_user(), product)
    for review in (first, second):
        reviews.reject(actor=moderator.user, review_id=review.pk, reason="Mrs Lovelace, no.")
    reviews.reject(actor=moderator.user, review_id=kept.pk, reason="Another reason.")
    reviews.delete(actor=customer, review_id=first.pk)
    assert "Lovelace" in everything_stored()
    erased(customer)

    privacy.forget_customer(user_id=customer.pk)

    assert "Lovelace" not in everything_stored()
    assert "Another reason." in everything_stored()
    assert [event.details for event in Event.objects.filter(type="review.rejected").order_by("occurred_at")] == [
        "",
        "",
        "Reason: Another reason.",
    ]


def test_whom_the_news_of_an_erasure_did_not_reach_is_forgotten_later(moderator, product):
    author, voter, gone = make_user(), make_user(), make_user()
    review = written_by(author, product)
    reviews.publish(actor=moderator.user, review_id=review.pk)
    others = written_by(make_user(), product)
    reviews.publish(actor=moderator.user, review_id=others.pk)
    reviews.vote(actor=voter, review_id=others.pk, is_helpful=True)
    deleted = written_by(gone, product)
    reviews.reject(actor=moderator.user, review_id=deleted.pk, reason="No")
    reviews.delete(actor=gone, review_id=deleted.pk)
    assert tasks.forget_erased_customers() == 0
    for user in (author, voter, gone):
        erased(user)

    assert tasks.forget_erased_customers() == 3

    assert tasks.forget_erased_customers() == 0
    assert list(Review.objects.all()) == [others]
    assert ratings(product) == (Decimal("4.00"), 1)
    assert not HelpfulVote.objects.exists()


def statements_of_forgetting(moderator, count):
    user = make_user()
    for _ in range(count):
        product = make_product()
        other = written_by(make_user(), product)
        reviews.publish(actor=moderator.user, review_id=other.pk)
        reviews.publish(actor=moderator.user, review_id=written_by(user, product).pk)
        reviews.vote(actor=user, review_id=other.pk, is_helpful=True)
    erased(user)
    with CaptureQueriesContext(connection) as captured:
        privacy.forget_customer(user_id=user.pk)
    return len(captured)


def test_forgetting_costs_the_same_for_one_review_and_for_five(moderator):
    statements_of_forgetting(moderator, 1)  # content types are read once a process

    assert statements_of_forgetting(moderator, 1) == statements_of_forgetting(moderator, 5)


def test_the_copy_of_a_persons_data_holds_what_they_wrote_and_liked(moderator, customer, product):
    other = written_by(make_user(), product, title="Others' words")
    reviews.publish(actor=moderator.user, review_id=other.pk)
    reviews.vote(actor=customer, review_id=other.pk, is_helpful=True)
    written_by(customer, make_product("Lamp"), title="Bright", body="Very.")

    held = privacy.personal_data(user=customer)

    (review,) = held["reviews"]
    moments = review.pop("created_at"), review.pop("updated_at")
    assert all(moment > timezone.now() - timedelta(minutes=1) for moment in moments)
    assert review == {
        "product": "Lamp",
        "rating": 4,
        "title": "Bright",
        "body": "Very.",
        "status": ReviewStatus.PENDING,
        "is_verified_purchase": False,
        "helpful_count": 0,
    }
    assert held["found_helpful"] == [{"product": "Desk", "title": "Others' words"}]
