"""What customers think of a product."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from catalog.models.products import Product
from catalog.permissions import CatalogPermission

if TYPE_CHECKING:
    from accounts.models import User


class ReviewStatus(models.TextChoices):
    PENDING = "PENDING"
    PUBLISHED = "PUBLISHED"
    REJECTED = "REJECTED"


class ReviewQuerySet(models.QuerySet["Review"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """What is published, and one's own; for moderators everything."""
        if user.is_staff and user.has_perm(CatalogPermission.MODERATE_REVIEWS):
            return self
        published = models.Q(status=ReviewStatus.PUBLISHED)
        return self.filter(published if user.pk is None else published | models.Q(customer_id=user.pk))


class Review(models.Model):
    """One customer's opinion of one product."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="reviews")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reviews")
    rating = models.PositiveSmallIntegerField(help_text="Stars, from 1 to 5.")
    title = models.CharField(max_length=150, blank=True)
    body = models.TextField(max_length=5000, blank=True, help_text="Plain text.")
    status = models.CharField(max_length=10, choices=ReviewStatus, default=ReviewStatus.PENDING)
    is_verified_purchase = models.BooleanField(default=False)
    helpful_count = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        permissions = [(CatalogPermission.MODERATE_REVIEWS.split(".")[1], "Can publish and reject reviews")]
        constraints = [
            models.UniqueConstraint(fields=["product", "customer"], name="review_once_per_customer"),
            models.CheckConstraint(
                condition=models.Q(rating__gte=1, rating__lte=5), name="review_has_one_to_five_stars"
            ),
            models.CheckConstraint(condition=models.Q(status__in=ReviewStatus.values), name="review_status_is_known"),
        ]
        # One for each ordering of a list; read backwards for the other direction.
        indexes = [
            models.Index(fields=["product", "status", "created_at", "id"], name="review_by_newest"),
            models.Index(fields=["product", "status", "helpful_count", "id"], name="review_by_helpful"),
            models.Index(fields=["product", "status", "rating", "id"], name="review_by_rating"),
            models.Index(fields=["status", "created_at", "id"], name="review_by_status"),
            models.Index(fields=["created_at", "id"], name="review_by_age"),
            models.Index(fields=["customer", "created_at", "id"], name="review_by_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.rating} of 5: {self.title}"


class HelpfulVote(models.Model):
    """Somebody found a review helpful."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="votes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["review", "user"], name="helpful_vote_once_per_user")]

    def __str__(self) -> str:
        return f"{self.review_id} by {self.user_id}"
