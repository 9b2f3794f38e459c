"""Deciding."""

import strawberry
from strawberry import relay

from schema import kit
from workflows import errors, services
from workflows.graphql import types

_refusals = kit.refusals(errors.WorkflowError, types.WorkflowUserError)


@strawberry.type
class ApprovalRequestApprovePayload:
    approval_request: types.ApprovalRequest | None = None
    user_errors: list[types.WorkflowUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ApprovalRequestRejectPayload:
    approval_request: types.ApprovalRequest | None = None
    user_errors: list[types.WorkflowUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[_refusals],
        directives=[kit.SignedIn()],
        description="Says yes, as a member of the group. Nobody approves their own.",
    )
    def approval_request_approve(
        self, info: kit.Info, id: relay.GlobalID, comment: str = ""
    ) -> ApprovalRequestApprovePayload | None:
        viewer = kit.signed_in(info)
        request = services.approve(request_id=kit.pk(id, types.ApprovalRequest), actor=viewer, comment=comment)
        return ApprovalRequestApprovePayload(approval_request=request)

    @strawberry.mutation(
        extensions=[_refusals],
        directives=[kit.SignedIn()],
        description="Says no: the order ends, its stock goes back, what was charged is given back.",
    )
    def approval_request_reject(
        self, info: kit.Info, id: relay.GlobalID, reason: str
    ) -> ApprovalRequestRejectPayload | None:
        viewer = kit.signed_in(info)
        request = services.reject(request_id=kit.pk(id, types.ApprovalRequest), actor=viewer, reason=reason)
        return ApprovalRequestRejectPayload(approval_request=request)
