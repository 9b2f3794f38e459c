"""Approvals, as the API shows them."""

import strawberry
import strawberry_django
from strawberry import auto, relay

from accounts.graphql.types import User
from schema import kit
from workflows import errors, filters, models

WorkflowErrorCode = strawberry.enum(errors.WorkflowErrorCode, description="Why an approval mutation was refused.")
ApprovalStatus = strawberry.enum(models.ApprovalStatus)


@strawberry.type
class WorkflowUserError(kit.UserError):
    code: WorkflowErrorCode


@strawberry_django.type(models.ApprovalDecision)
class ApprovalDecision:
    """What one member of the group decided."""

    decided_by: User
    status: ApprovalStatus
    comment: auto
    decided_at: auto


@strawberry_django.type(models.ApprovalRequest)
class ApprovalRequest(kit.Keyed, relay.Node):
    """A question to a group of people: may this go ahead?"""

    status: ApprovalStatus
    summary: str = strawberry_django.field(description="What is asked and why, in one sentence.")
    requested_by: User | None
    requested_at: auto
    decisions: list[ApprovalDecision] = strawberry_django.field(
        field_cls=kit.narrowed(
            lambda decisions, info: decisions.filter(request__group__in=kit.viewer(info).groups.values("pk"))
        ),
        description="Who decided and what they said, for members of the group; others see the status.",
    )

    @strawberry_django.field(select_related=["group"], description="Whose members may decide.")
    def group(root: strawberry.Parent[models.ApprovalRequest]) -> str:
        return root.group.name

    @strawberry_django.field(select_related=["order"], description="What the decision is about: an Order.")
    def subject(root: strawberry.Parent[models.ApprovalRequest]) -> relay.Node:
        return root.subject


ApprovalRequestFilters = kit.filter_input(
    filters.ApprovalRequestFilterSet, "ApprovalRequestFilters", types={"status": ApprovalStatus}
)
