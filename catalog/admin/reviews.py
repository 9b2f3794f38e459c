"""Reviews, which moderators publish or reject; what they say is their authors'."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.admin.kit import actor
from catalog.admin.kit import DetailInline
from catalog.models import HelpfulVote, Review, ReviewStatus
from catalog.permissions import CatalogPermission
from catalog.services import reviews
from notifications.admin import Buttons, HistoryInline, ReadOnly, RowFilter

STATUS_COLOURS = {
    ReviewStatus.PENDING: "warning",
    ReviewStatus.PUBLISHED: "success",
    ReviewStatus.REJECTED: "danger",
}


class RejectionForm(BaseDialogForm):
    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        max_length=reviews.MAX_REASON,
        help_text="Its author can read it.",
    )


class HelpfulVoteInline(DetailInline):
    model = HelpfulVote
    fields = ["user"]
    readonly_fields = fields
    verbose_name_plural = "who found it helpful"
    per_page = 50

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("user").order_by("pk")


@admin.register(Review)
class ReviewAdmin(Buttons, ReadOnly, ModelAdmin):
    list_display = ["heading", "stars", "status_label", "product", "is_verified", "helpful_count", "created_at"]
    list_select_related = ["product", "customer"]
    list_filter = ["status", "rating", "is_verified_purchase", ("product", RowFilter), ("customer", RowFilter)]
    list_filter_submit = True
    search_fields = ["title", "body", "product__name", "=customer__email"]
    search_help_text = "Words of a review, a product's name, or its author's e-mail address."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fieldsets = [
        (None, {"fields": [("product", "customer"), ("stars", "status"), "is_verified"]}),
        ("What it says", {"fields": ["title", "body"]}),
        ("Since then", {"fields": ["helpful_count", ("created_at", "updated_at")]}),
    ]
    readonly_fields = [
        *("product", "customer", "stars", "status", "is_verified"),
        *("title", "body", "helpful_count", "created_at", "updated_at"),
    ]
    inlines = [HelpfulVoteInline, HistoryInline]
    actions_detail = ["publish", "reject"]

    def has_moderate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """What the buttons ask, before they show their form and before the service is called."""
        return request.user.has_perm(CatalogPermission.MODERATE_REVIEWS)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The buttons that would change something."""
        review = self.get_object(request, str(object_id))
        if review is None:
            return []
        useful = {
            "publish": review.status != ReviewStatus.PUBLISHED,
            "reject": review.status != ReviewStatus.REJECTED,
        }
        return [button for button in super().get_actions_detail(request, object_id) if useful[button.path]]

    @action(
        description="Publish",
        icon="visibility",
        variant=ActionVariant.SUCCESS,
        permissions=["moderate"],
        dialog={
            "title": "Publish this review?",
            "description": "Everybody can read it, and it counts in the product's rating.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Publish",
        },
    )
    def publish(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        done = "The review was published."
        return self.press(request, object_id, reviews.publish, done, actor=actor(request), review_id=int(object_id))

    @action(
        description="Reject",
        icon="visibility_off",
        variant=ActionVariant.DANGER,
        permissions=["moderate"],
        dialog={
            "title": "Reject this review?",
            "description": "Nobody but its author can read it, and it counts in no rating.",
            "form_class": RejectionForm,
            "form_submit_text": "Reject",
        },
    )
    def reject(self, request: HttpRequest, form: RejectionForm, object_id: str) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        done = "The review was rejected."
        return self.press(
            request, object_id, reviews.reject, done, actor=actor(request), review_id=int(object_id), reason=reason
        )

    @display(description="review", ordering="title", header=True)
    def heading(self, review: Review) -> list[str]:
        return [review.title or "Without a title", str(review.customer)]

    @display(description="bought it", ordering="is_verified_purchase", boolean=True)
    def is_verified(self, review: Review) -> bool:
        return review.is_verified_purchase

    @display(description="stars", ordering="rating")
    def stars(self, review: Review) -> str:
        return "★" * review.rating + "☆" * (5 - review.rating)

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def status_label(self, review: Review) -> tuple[str, str]:
        return review.status, review.get_status_display()
